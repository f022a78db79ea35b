package train

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

// maxLenLimit is the longest sentence that is taken without being asked for:
// time and memory of a step grow with the longest line of the corpus.
const maxLenLimit = 200

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

// readText opens the corpus, and the held-out text if it is one of its own.
func readText(c Config, stdin io.Reader) (*Data, error) {
	opt := corpora.Options{Field: c.Field, Stdin: stdin, Seed: c.SplitSeed, Lines: c.CorpusLines, MaxLineBytes: c.MaxLineBytes, MaxBytes: int64(c.MaxBytes)}
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

// holdsOutAs reports whether c holds lines of the corpus out, the same as other.
func (c Config) holdsOutAs(other Config) bool {
	return c.Valid == "" && other.Valid == "" && c.SplitSeed == other.SplitSeed && c.ValidFraction == other.ValidFraction
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
		limit = maxLenLimit
	}
	ids, err := v.EncodeAll(corpus.Lines, vocab.EncodeOptions{MaxLen: limit, Truncate: c.Truncate})
	var long *vocab.LengthError
	if errors.As(err, &long) {
		return nil, fmt.Errorf("%s: sentence of %d tokens, longer than %d; raise --max-len, or give --truncate to cut it", corpus.Where(long.Index), long.Tokens, long.Max)
	}
	return ids, err
}
