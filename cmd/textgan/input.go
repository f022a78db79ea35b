package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"textgan/cmd/textgan/report"
	"textgan/corpora"
	"textgan/eval"
	"textgan/train"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// textInput is part of the options of every command that reads text.
type textInput struct {
	Format       corpora.Format `opt:"format" default:"auto" doc:"of texts; auto: what content and ending say" group:"input"`
	Field        string         `opt:"field" doc:"field or column that holds the sentence; default text" meta:"NAME" group:"input"`
	MaxLineBytes int            `opt:"max-line-bytes" default:"65536" check:"min=1,max=1099511627776" doc:"longest line" group:"input"`
	MaxBytes     int            `opt:"max-bytes" default:"1073741824" check:"min=1,max=1099511627776" doc:"longest text, after decompression" group:"input"`
	Oracle       string         `opt:"oracle" doc:"weights of builtin:oracle; docs/metrics.md" meta:"FILE" group:"input"`

	ofRun    string // the field that a run says, of files that have fields
	tolerant bool   // leave out sentences that are refused, and count them
	lines    int    // sentences of a built-in corpus; 0: its default
}

// part is what a text is for. A built-in corpus is other sentences in each.
type part uint64

const (
	asLearnt    part = iota // what a model has learnt
	asReference             // what texts are held against, and what a model is asked about
	asJudged
)

// openAs opens a corpus for that part beside m, with what its run says of its text where in
// does not; m may be nil. Of a built-in corpus the part asLearnt is what the model has learnt,
// or a model of the default --split-seed has, and no other part is.
func (p *process) openAs(as part, m *model.Model, name string, in textInput) (*corpora.Corpus, error) {
	learnt := train.Options.Defaults().SplitSeed
	if m != nil {
		learnt = m.Config.SplitSeed
		in.ofRun, in.Oracle = m.Config.Field, cmp.Or(in.Oracle, m.Config.Oracle)
	}
	return p.open(name, in, learnt+uint64(as))
}

// open opens a corpus with the limits of in. Of a built-in corpus it takes sentences of the
// given seed.
func (p *process) open(name string, in textInput, seed uint64) (*corpora.Corpus, error) {
	opt := corpora.Options{Tolerant: in.tolerant, Format: in.Format, Field: in.Field, MaxLineBytes: in.MaxLineBytes, MaxBytes: int64(in.MaxBytes), Stdin: p.in, Lines: in.lines, Seed: seed}
	if opt.Field == "" && corpora.HasFields(name) {
		opt.Field = in.ofRun
	}
	opt.Oracle.File = in.Oracle
	if err := knownBuiltin(name); err != nil {
		return nil, err
	}
	text, err := corpora.Open(name, opt)
	if err != nil {
		if _, not := rundir.Open(name); not == nil {
			err = fmt.Errorf("%s is a run and no text; a run is given as --run, where there is that", name)
		}
	}
	return text, err
}

// knownBuiltin returns a usage error if name is builtin:NAME of no NAME there
// is.
func knownBuiltin(name string) error {
	name, ok := strings.CutPrefix(name, "builtin:")
	var known []string
	for _, b := range corpora.List() {
		known = append(known, b.Name)
	}
	if !ok || slices.Contains(known, name) {
		return nil
	}
	return usage("textgan", "unknown built-in corpus %q%s", name, didYouMean(name, known, "there are "+strings.Join(known, ", ")))
}

// oneStdin refuses to read standard input twice.
func oneStdin(names ...string) error {
	n := 0
	for _, name := range names {
		if name == "-" {
			n++
		}
	}
	if n > 1 {
		return usage("textgan", "standard input (-) can be read once only; put the rest into files")
	}
	return nil
}

// noneTwice refuses a list of files or directories that names one of them twice.
func noneTwice(command, flag string, names []string) error {
	for i, name := range names {
		info, err := os.Stat(name)
		for _, first := range names[:i] {
			same := filepath.Clean(first) == filepath.Clean(name)
			if other, otherErr := os.Stat(first); err == nil && otherErr == nil {
				same = os.SameFile(info, other)
			}
			if same && first == name {
				return usage(command, "--%s: %s stands there twice; give it once", flag, name)
			}
			if same {
				return usage(command, "--%s: %s and %s are the same; give it once", flag, first, name)
			}
		}
	}
	return nil
}

// fileToWrite refuses a file to write that is one of a run, and what is no file: files are written
// aside and renamed, so that - would be the name of one, and /dev/null and /dev/stdout would be
// gone from the machine, for whoever may do that. An empty path is none.
func fileToWrite(command, flag, path string) error {
	if path == "" {
		return nil
	}
	if path == "-" {
		return usage(command, "--%s - would be a file of that name; give another, or ./- if it is meant", flag)
	}
	there, err := os.Stat(path)
	if device := err == nil && !there.Mode().IsRegular() && !there.IsDir(); device || filepath.Dir(filepath.Clean(path)) == "/dev" {
		return usage(command, "--%s %s is a device or a pipe, which a file would take the place of; give the name of a file", flag, path)
	}
	if dir := rundir.Owner(path, critic.Dir, report.HTMLFile, report.CardFile); dir != "" {
		return usage(command, "--%s %s belongs to the run %s, which writes it itself; give another name", flag, path, dir)
	}
	return nil
}

// tokenizer is part of the options of every command that counts tokens.
type tokenizer struct {
	Tokenizer string `opt:"tokenizer" check:"oneof=word|whitespace|char|smiles|code|ptb" doc:"what a token is; ptb: the Penn Treebank rules of NLTK; default that of the run, without one word"`
	File      string `opt:"tokenizer-file" doc:"a tokenizer.json of Hugging Face to count the tokens of" meta:"FILE"`
	Case      string `opt:"case" check:"oneof=keep|lower" doc:"what becomes of capitals; default that of the run, without one lower for word and whitespace, keep for the others"`
}

// tokens is how texts are cut into what metrics count.
type tokens struct {
	tokenize      func(string) []string
	name, letters string // for signatures; letters is lc or mixed
}

// String is what a table says of them.
func (k tokens) String() string {
	if k.letters == "lc" {
		return k.name + ", lower case"
	}
	return k.name + ", capitals kept"
}

// tokens are those of the options, where these say nothing those of a run's
// model, and where there is none (nil) words.
func (t tokenizer) tokens(m *model.Model) (tokens, error) {
	name, letters := t.Tokenizer, t.Case
	if name != "" && t.File != "" {
		return tokens{}, usage("textgan", "--tokenizer and --tokenizer-file both say what a token is; drop one of them")
	}
	if name == "ptb" {
		if letters == vocab.Lower {
			return tokens{func(line string) []string { return eval.PTB(vocab.ToLower(line)) }, name, "lc"}, nil
		}
		return tokens{eval.PTB, name, "mixed"}, nil
	}
	var tok vocab.Tokenizer
	var err error
	switch {
	case t.File != "":
		tok, err = vocab.OpenTokenizer(t.File, letters)
	case name == "" && m != nil:
		tok, err = m.Vocab.Tokenizer().InCase(letters)
	default:
		tok, err = vocab.NewTokenizer(cmp.Or(name, "word"), letters)
	}
	if err != nil {
		return tokens{}, err
	}
	k := tokens{tok.Tokenize, tok.Signature(), "mixed"}
	if tok.Case() == vocab.Lower {
		k.letters = "lc"
	}
	return k, nil
}
