package main

import (
	"slices"
	"strings"

	"textgan/corpora"
	"textgan/eval"
	"textgan/vocab"
)

// textInput is part of the options of every command that reads text.
type textInput struct {
	Field        string `opt:"field" default:"text" doc:"field of JSON lines that holds the sentence" meta:"NAME" group:"input"`
	MaxLineBytes int    `opt:"max-line-bytes" default:"65536" check:"min=1" doc:"longest line" group:"input"`
	MaxBytes     int    `opt:"max-bytes" default:"1073741824" check:"min=1" doc:"longest text, after decompression" group:"input"`
}

// open opens a corpus with the limits of in. Of a built-in corpus it takes
// lines sentences of the given seed.
func (p *process) open(name string, in textInput, lines int, seed uint64) (*corpora.Corpus, error) {
	opt := corpora.Options{MaxLineBytes: in.MaxLineBytes, MaxBytes: int64(in.MaxBytes), Stdin: p.in, Lines: lines, Seed: seed}
	if in.Field != "text" { // said explicitly, it makes JSON lines of any file
		opt.Field = in.Field
	}
	if err := knownBuiltin(name); err != nil {
		return nil, err
	}
	return corpora.Open(name, opt)
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

// tokenizer is part of the options of every command that counts tokens.
type tokenizer struct {
	Tokenizer string `opt:"tokenizer" default:"word" check:"oneof=word|whitespace|char|ptb" doc:"what a token is; ptb: the Penn Treebank rules of NLTK"`
}

// function returns the tokeniser's function, and what it does to the case of
// letters, as a signature says it.
func (t tokenizer) function() (tokenize func(string) []string, letters string, err error) {
	if t.Tokenizer == "ptb" {
		return eval.PTB, "mixed", nil
	}
	tok, err := vocab.NewTokenizer(t.Tokenizer)
	if err != nil {
		return nil, "", err
	}
	if tok.Tokenize("A")[0] == "a" {
		return tok.Tokenize, "lc", nil
	}
	return tok.Tokenize, "mixed", nil
}
