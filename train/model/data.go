package model

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"textgan/corpora"
	"textgan/eval"
	"textgan/train/rundir"
	"textgan/vocab"
)

// LongestLine is the longest sentence that is taken without being asked for:
// time and memory of a step grow with the longest line of the corpus.
const LongestLine = 200

// Data is a text made ready for training. The lines to learn are kept as ids
// alone; their text is read again where it is needed.
type Data struct {
	Learnt      Text
	Valid       *corpora.Corpus // lines held out
	Vocab       *vocab.Vocab
	Train, Held [][]int32 // what is learnt and what is held out as ids
	MaxT        int       // longest sentence of either in tokens, its end included
	SHA256      string    // of the text before lines were held out

	source source
	survey *corpora.Survey // until lines are held out
	drop   map[string]bool // lines of the source that are held out
}

// Text is what is known of the lines to learn.
type Text struct {
	Name             string
	Lines, Different int
	Bytes            int64            // of the whole text
	Language         corpora.Language // of a built-in corpus
}

// source is a text that can be gone through more than once.
type source struct {
	name     string
	language corpora.Language
	scan     func(visit func(line []byte, file string, number int) error) error
}

// Prepare opens the corpus of a configuration, holds lines out, and encodes
// both parts with v, or with a vocabulary made of the training lines if v is
// nil. stdin serves a corpus named "-".
func Prepare(c Config, v *vocab.Vocab, stdin io.Reader) (*Data, error) {
	d, err := look(c, stdin)
	if err != nil {
		return nil, err
	}
	if err := d.holdOut(c, nil, corpora.HeldOut); err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// PrepareCorpus is Prepare for a corpus that is open already, without a held-out
// text of its own.
func PrepareCorpus(c Config, corpus *corpora.Corpus, v *vocab.Vocab) (*Data, error) {
	d := &Data{source: source{corpus.Name, corpus.Language, corpus.Scan}}
	if err := d.look(); err != nil {
		return nil, err
	}
	if err := d.holdOut(c, nil, corpora.HeldOut); err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// PrepareLike is Prepare for a text that may be that of a run, made with the
// settings was: then it holds out what the run has. With extend set, the words that v
// lacks are put behind it.
func PrepareLike(r *rundir.Run, was, c Config, v *vocab.Vocab, extend bool, stdin io.Reader) (*Data, error) {
	d, err := look(c, stdin)
	if err == nil && d.IsTextOf(r, was, c) {
		err = d.holdOutAs(r, c)
	} else if err == nil {
		err = d.holdOut(c, nil, corpora.HeldOut)
	}
	if err == nil && extend {
		counts := vocab.NewCounts(v.Tokenizer())
		if err = d.tell(counts.Add); err == nil {
			v, err = counts.Extend(v, vocab.Options{MinCount: c.MinCount, MaxSize: c.VocabSize})
		}
	}
	if err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// Unknown is the share of the tokens to learn that the vocabulary lacks.
func (d *Data) Unknown() (float64, error) {
	unknown, tokens := 0, 0
	err := d.tell(func(line string) {
		u, n := d.Vocab.Unknown(line)
		unknown, tokens = unknown+u, tokens+n
	})
	return float64(unknown) / float64(max(tokens, 1)), err
}

// IsTextOf reports whether d is the text of a run, made with the settings was,
// of which c holds out what the run has.
func (d *Data) IsTextOf(r *rundir.Run, was, c Config) bool {
	return c.HoldsOutAs(was) && d.SHA256 == r.Manifest.Corpus.SHA256
}

// Reopen is Prepare for the text of a run, of which it holds out what the run
// has. It is an error if the text has changed since the run was started.
func Reopen(r *rundir.Run, c Config, v *vocab.Vocab, stdin io.Reader) (*Data, error) {
	d, err := textOf(r, c, stdin)
	if err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// textOf opens the text of a run and holds out what the run has. It is an error
// if the text has changed since.
func textOf(r *rundir.Run, c Config, stdin io.Reader) (*Data, error) {
	needed := c
	if r.Manifest.HeldOut != nil {
		needed.Valid = "" // it is in the run
	}
	d, err := look(needed, stdin)
	if err != nil {
		return nil, err
	}
	changed := func(name string) error {
		return fmt.Errorf("model: %s is not the text that run %s was started with (its checksum differs); put the old text back, or start a new run", name, r.Dir)
	}
	if d.SHA256 != r.Manifest.Corpus.SHA256 {
		return nil, changed(c.Corpus)
	}
	if v := r.Manifest.Valid; v != nil && d.Valid != nil && d.Valid.SHA256 != v.SHA256 {
		return nil, changed(c.Valid)
	}
	return d, d.holdOutAs(r, c)
}

// look opens the corpus and goes through it once; it opens the held-out text if
// it is one of its own.
func look(c Config, stdin io.Reader) (*Data, error) {
	opt := corpora.Options{Format: c.Format, Field: c.Field, Stdin: stdin, Seed: c.SplitSeed, Lines: c.CorpusLines, MaxLineBytes: c.MaxLineBytes, MaxBytes: int64(c.MaxBytes)}
	opt.Oracle.File = c.Oracle
	d := &Data{}
	if c.Corpus == "-" || strings.HasPrefix(c.Corpus, "builtin:") { // comes once, so it is kept
		corpus, err := corpora.Open(c.Corpus, opt)
		if err != nil {
			return nil, err
		}
		d.source = source{corpus.Name, corpus.Language, corpus.Scan}
	} else {
		files := opt
		d.source = source{c.Corpus, nil, func(visit func([]byte, string, int) error) error {
			return corpora.Scan(c.Corpus, files, visit)
		}}
	}
	if err := d.look(); err != nil {
		return nil, err
	}
	if c.Valid != "" {
		opt.Seed++ // a built-in language gives other sentences
		var err error
		if d.Valid, err = corpora.Open(c.Valid, opt); err != nil {
			return nil, err
		}
	}
	return d, nil
}

func (d *Data) look() error {
	s, err := corpora.Look(d.source.name, d.source.scan)
	if err != nil {
		return err
	}
	d.survey, d.SHA256 = s, s.SHA256
	return nil
}

// holdOutAs holds out what a run has: the lines that it keeps or, of a run that
// keeps none, what the rule of its time gives.
func (d *Data) holdOutAs(r *rundir.Run, c Config) error {
	kept, err := keptLines(r)
	if err != nil {
		return err
	}
	return d.holdOut(c, kept, corpora.HeldOutByLines)
}

// holdOut holds out kept or, if that is nil and there is no held-out text, what a
// rule gives.
func (d *Data) holdOut(c Config, kept *corpora.Corpus, rule func(copies []int, fraction float64, seed uint64) ([]bool, error)) error {
	s := d.survey
	d.survey = nil
	switch {
	case kept != nil:
		d.Valid = kept
	case c.Valid == "":
		held, err := rule(s.Copies, c.ValidFraction, c.SplitSeed)
		if err != nil {
			return fmt.Errorf("corpora: %s: %w", d.source.name, err)
		}
		d.Valid = &corpora.Corpus{Name: d.source.name, Language: d.source.language}
		at := 0
		err = d.source.scan(func(line []byte, file string, number int) error {
			if len(line) == 0 {
				return nil
			}
			if at == len(s.Line) {
				return d.changed()
			}
			if held[s.Line[at]] {
				d.Valid.Keep(line, file, number)
			}
			at++
			return nil
		})
		if err == nil && at < len(s.Line) {
			err = d.changed()
		}
		if err != nil {
			return err
		}
		d.Valid.Close()
	}
	d.Learnt = Text{Name: d.source.name, Lines: s.Lines, Different: len(s.Copies), Bytes: s.Bytes, Language: d.source.language}
	if c.Valid == "" {
		d.drop = make(map[string]bool, len(d.Valid.Lines))
		for _, line := range d.Valid.Lines {
			d.drop[line] = true
		}
		d.Learnt.Lines -= len(d.Valid.Lines)
		d.Learnt.Different -= len(d.drop)
	}
	return nil
}

func (d *Data) changed() error {
	return fmt.Errorf("model: %s has changed while it was read; start again", d.source.name)
}

// each goes through the lines to learn.
func (d *Data) each(visit func(line []byte, file string, number int) error) error {
	seen := 0
	err := d.source.scan(func(line []byte, file string, number int) error {
		if len(line) == 0 || d.drop[string(line)] {
			return nil
		}
		seen++
		return visit(line, file, number)
	})
	if err == nil && seen != d.Learnt.Lines {
		err = d.changed()
	}
	return err
}

// tell goes through the lines to learn as text.
func (d *Data) tell(visit func(line string)) error {
	return d.each(func(line []byte, _ string, _ int) error {
		visit(string(line))
		return nil
	})
}

// ErrStopped is the error of a text whose reading was stopped.
var ErrStopped = errors.New("model: stopped")

// LearntCorpus reads the lines to learn into memory. It is ErrStopped once stop, if any,
// says true.
func (d *Data) LearntCorpus(stop func() bool) (*corpora.Corpus, error) {
	learnt := &corpora.Corpus{Name: d.source.name, Language: d.source.language}
	err := d.each(func(line []byte, file string, number int) error {
		if stop != nil && stop() {
			return ErrStopped
		}
		learnt.Keep(line, file, number)
		return nil
	})
	if err != nil {
		return nil, err
	}
	learnt.Close()
	return learnt, nil
}

// HeldOutUnknown is the share of the tokens of the held-out lines that a run keeps which
// its vocabulary v lacks; 0 if it keeps none.
func HeldOutUnknown(r *rundir.Run, v *vocab.Vocab) (float64, error) {
	held, err := keptLines(r)
	if err != nil || held == nil {
		return 0, err
	}
	unknown, tokens := 0, 0
	for _, line := range held.Lines {
		u, n := v.Unknown(line)
		unknown, tokens = unknown+u, tokens+n
	}
	return float64(unknown) / float64(max(tokens, 1)), nil
}

// CheckHeldOut is an error if the held-out lines that a run keeps are not those of its
// start.
func CheckHeldOut(r *rundir.Run) error {
	_, err := keptLines(r)
	return err
}

// keptLines are the held-out lines in the directory of a run, nil if it keeps
// none. They are read as they were written, whatever characters are in them.
func keptLines(r *rundir.Run) (*corpora.Corpus, error) {
	if r.Manifest.HeldOut == nil {
		return nil, nil
	}
	path := r.Path(rundir.HeldOutFile)
	if err := r.CheckWhole(); err != nil {
		return nil, err
	}
	content, err := r.ReadFile(rundir.HeldOutFile)
	if err != nil {
		return nil, err
	}
	held, err := corpora.New(path, strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"))
	if err != nil || held.SHA256 != r.Manifest.HeldOut.SHA256 {
		return nil, fmt.Errorf("model: %s: its checksum differs from that in the run's manifest; put the file back", path)
	}
	return held, nil
}

// encode makes ids of both parts, with v, or with a vocabulary made of the
// training lines if v is nil.
func (d *Data) encode(c Config, v *vocab.Vocab) error {
	if v == nil {
		var err error
		if v, err = d.vocabulary(c); err != nil {
			return err
		}
	}
	if c.Backwards {
		v = v.Backwards()
	}
	d.Vocab = v
	var err error
	if d.Train, err = d.ids(c, d.Learnt.Lines, d.each); err != nil {
		return err
	}
	d.Held, err = d.ids(c, len(d.Valid.Lines), d.Valid.Scan)
	return err
}

// vocabulary makes one of the lines to learn.
func (d *Data) vocabulary(c Config) (*vocab.Vocab, error) {
	if c.Tokenizer == "bpe" && c.TokenizerFile == "" {
		trainer, err := vocab.NewBPETrainer(c.Case)
		if err != nil {
			return nil, err
		}
		if err := d.tell(trainer.Add); err != nil {
			return nil, err
		}
		tok, err := trainer.Tokenizer(c.VocabSize, c.MinCount)
		if err != nil {
			return nil, err
		}
		return vocab.Whole(tok)
	}
	tok, err := tokenizerOf(c)
	if err != nil {
		return nil, err
	}
	counts := vocab.NewCounts(tok)
	if err := d.tell(counts.Add); err != nil {
		return nil, err
	}
	return counts.Vocab(vocab.Options{MinCount: c.MinCount, MaxSize: c.VocabSize})
}

// tokenizerOf is the tokeniser that options name.
func tokenizerOf(c Config) (vocab.Tokenizer, error) {
	if c.TokenizerFile == "" {
		return vocab.NewTokenizer(c.Tokenizer, c.Case)
	}
	return vocab.OpenTokenizer(c.TokenizerFile, c.Case)
}

// ids encodes n lines, many in one piece of memory each.
func (d *Data) ids(c Config, n int, each func(func(line []byte, file string, number int) error) error) ([][]int32, error) {
	opt := vocab.EncodeOptions{MaxLen: c.MaxLen, Truncate: c.Truncate}
	if opt.MaxLen == 0 {
		opt.MaxLen = LongestLine
	}
	all, piece := make([][]int32, 0, n), []int32(nil)
	line := make([]string, 1)
	err := each(func(text []byte, file string, number int) error {
		line[0] = string(text)
		ids, err := d.Vocab.EncodeAll(line, opt)
		var long *vocab.LengthError
		if errors.As(err, &long) {
			return fmt.Errorf("%s:%d: sentence of %d tokens, longer than %d; raise --max-len, or give --truncate to cut it", file, number, long.Tokens, long.Max)
		}
		if err != nil {
			return err
		}
		if len(piece)+len(ids[0]) > cap(piece) {
			const values = 1 << 16
			piece = make([]int32, 0, max(values, len(ids[0])))
		}
		first := len(piece)
		piece = append(piece, ids[0]...)
		all = append(all, piece[first:len(piece):len(piece)])
		d.MaxT = max(d.MaxT, len(ids[0])+1)
		return nil
	})
	return all, err
}

// HeldOutLearnt is the number of held-out sentences that are learnt too, token by token,
// and the share of all their tokens that the vocabulary lacks. Sentences with such a token
// are not counted: <unk> may stand for different words.
func (d *Data) HeldOutLearnt() (learnt int, unknown float64) {
	lacking, tokens := 0, 0
	var known [][]int32
	for _, ids := range d.Held {
		before := lacking
		for _, id := range ids {
			if id == vocab.Unk {
				lacking++
			}
		}
		tokens += len(ids)
		if lacking == before {
			known = append(known, ids)
		}
	}
	return eval.Shared(known, d.Train), float64(lacking) / float64(max(tokens, 1))
}

// Hint says what speaks against the tokeniser on the lines to learn; see vocab.Hint.
func (d *Data) Hint() string {
	counts, tokens := make([]int, d.Vocab.Size()), 0
	for _, s := range d.Train {
		for _, id := range s {
			counts[id]++
		}
		tokens += len(s)
	}
	different, once := 0, 0
	for id, n := range counts {
		if int32(id) == vocab.Unk {
			continue
		}
		if n > 0 {
			different++
		}
		if n == 1 {
			once++
		}
	}
	return vocab.Hint(d.Vocab.Tokenizer(), len(d.Train), tokens, different, once)
}
