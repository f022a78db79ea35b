package model

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"textgan/corpora"
	"textgan/train/rundir"
	"textgan/vocab"
)

// LongestLine is the longest sentence that is taken without being asked for:
// time and memory of a step grow with the longest line of the corpus.
const LongestLine = 200

// Data is a corpus made ready for training.
type Data struct {
	Corpus, Valid *corpora.Corpus // lines to learn, lines held out
	Vocab         *vocab.Vocab
	Train, Held   [][]int32 // the same as ids
	MaxT          int       // longest sentence of either in tokens, its end included
	SHA256        string    // of the corpus before lines were held out
}

// Prepare opens the corpus of a configuration, holds lines out, and encodes
// both parts with v, or with a vocabulary made of the training lines if v is
// nil. stdin serves a corpus named "-".
func Prepare(c Config, v *vocab.Vocab, stdin io.Reader) (*Data, error) {
	d, err := readText(c, stdin)
	if err != nil {
		return nil, err
	}
	if err := d.divide(c); err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// PrepareCorpus is Prepare for a corpus that is open already, without a held-out
// text of its own.
func PrepareCorpus(c Config, corpus *corpora.Corpus, v *vocab.Vocab) (*Data, error) {
	d := &Data{Corpus: corpus, SHA256: corpus.SHA256}
	if err := d.divide(c); err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
}

// PrepareLike is Prepare for a text that may be that of a run, made with the
// settings was: then it holds out what the run has.
func PrepareLike(r *rundir.Run, was, c Config, v *vocab.Vocab, stdin io.Reader) (*Data, error) {
	d, err := readText(c, stdin)
	if err == nil && d.IsTextOf(r, was, c) {
		err = d.divideAs(r, c)
	} else if err == nil {
		err = d.divide(c)
	}
	if err != nil {
		return nil, err
	}
	return d, d.encode(c, v)
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
	d, err := readText(needed, stdin)
	if err != nil {
		return nil, err
	}
	changed := func(name string) error {
		return fmt.Errorf("train: %s is not the text that run %s was started with (its checksum differs); put the old text back, or start a new run", name, r.Dir)
	}
	if d.SHA256 != r.Manifest.Corpus.SHA256 {
		return nil, changed(c.Corpus)
	}
	if v := r.Manifest.Valid; v != nil && d.Valid != nil && d.Valid.SHA256 != v.SHA256 {
		return nil, changed(c.Valid)
	}
	return d, d.divideAs(r, c)
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

// readText opens the corpus, and the held-out text if it is one of its own.
func readText(c Config, stdin io.Reader) (*Data, error) {
	opt := corpora.Options{Format: c.Format, Field: c.Field, Stdin: stdin, Seed: c.SplitSeed, Lines: c.CorpusLines, MaxLineBytes: c.MaxLineBytes, MaxBytes: int64(c.MaxBytes)}
	opt.Oracle.File = c.Oracle
	corpus, err := corpora.Open(c.Corpus, opt)
	if err != nil {
		return nil, err
	}
	d := &Data{Corpus: corpus, SHA256: corpus.SHA256}
	if c.Valid != "" {
		opt.Seed++ // a built-in language gives other sentences
		if d.Valid, err = corpora.Open(c.Valid, opt); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// divideAs holds out what a run has: the lines that it keeps or, of a run that
// keeps none, what the rule of its time gives.
func (d *Data) divideAs(r *rundir.Run, c Config) error {
	held, err := keptLines(r)
	switch {
	case err != nil:
		return err
	case held == nil && c.Valid == "":
		d.Corpus, d.Valid, err = d.Corpus.SplitByLines(c.ValidFraction, c.SplitSeed)
		return err
	case held != nil && c.Valid == "":
		d.Corpus = d.Corpus.Without(held)
	}
	if held != nil {
		d.Valid = held
	}
	return nil
}

// keptLines are the held-out lines in the directory of a run, nil if it keeps
// none. They are read as they were written, whatever characters are in them.
func keptLines(r *rundir.Run) (*corpora.Corpus, error) {
	if r.Manifest.HeldOut == nil {
		return nil, nil
	}
	path := r.Path(rundir.HeldOutFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	held, err := corpora.New(path, strings.Split(strings.TrimSuffix(string(content), "\n"), "\n"))
	if err != nil || held.SHA256 != r.Manifest.HeldOut.SHA256 {
		return nil, fmt.Errorf("train: %s: its checksum differs from that in the run's manifest; put the file back", path)
	}
	return held, nil
}

// divide holds lines out unless there is a held-out text.
func (d *Data) divide(c Config) (err error) {
	if c.Valid == "" {
		d.Corpus, d.Valid, err = d.Corpus.Split(c.ValidFraction, c.SplitSeed)
	}
	return err
}

// encode makes ids of both parts, with v, or with a vocabulary made of the
// training lines if v is nil.
func (d *Data) encode(c Config, v *vocab.Vocab) error {
	if v == nil {
		tok, err := vocab.NewTokenizer(c.Tokenizer, c.Case)
		if err != nil {
			return err
		}
		if v, err = vocab.Build(d.Corpus.Lines, tok, vocab.Options{MinCount: c.MinCount, MaxSize: c.VocabSize}); err != nil {
			return err
		}
	}
	if c.Backwards {
		v = v.Backwards()
	}
	d.Vocab = v
	var err error
	if d.Train, err = encode(c, v, d.Corpus); err != nil {
		return err
	}
	if d.Held, err = encode(c, v, d.Valid); err != nil {
		return err
	}
	for _, part := range [][][]int32{d.Train, d.Held} {
		for _, s := range part {
			d.MaxT = max(d.MaxT, len(s)+1)
		}
	}
	return nil
}

func encode(c Config, v *vocab.Vocab, corpus *corpora.Corpus) ([][]int32, error) {
	limit := c.MaxLen
	if limit == 0 {
		limit = LongestLine
	}
	ids, err := v.EncodeAll(corpus.Lines, vocab.EncodeOptions{MaxLen: limit, Truncate: c.Truncate})
	var long *vocab.LengthError
	if errors.As(err, &long) {
		return nil, fmt.Errorf("%s: sentence of %d tokens, longer than %d; raise --max-len, or give --truncate to cut it", corpus.Where(long.Index), long.Tokens, long.Max)
	}
	return ids, err
}
