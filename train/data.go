package train

import (
	"errors"
	"fmt"
	"io"

	"textgan/corpora"
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
