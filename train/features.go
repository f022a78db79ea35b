package train

import (
	"context"
	"errors"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"textgan/corpora"
	"textgan/vocab"
)

// Features turns lines into vectors [N,H], see generator.Features. Lines are
// cut after 200 tokens. The decoder of a VAE has none: it needs a code.
func (m *Model) Features(lines []string) (*mat.Dense, error) {
	if m.VAE != nil {
		return nil, errors.New("train: features come from a language model, not from a VAE; name another run")
	}
	ids, err := m.Vocab.EncodeAll(lines, vocab.EncodeOptions{MaxLen: maxLenLimit, Truncate: true})
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("train: no lines to take features of")
	}
	longest := 1
	for _, s := range ids {
		longest = max(longest, len(s)+1)
	}
	f, err := m.Generator.Features(min(64, len(ids)), longest)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	values, err := f.Of(ids)
	if err != nil {
		return nil, err
	}
	return mat.NewDense(len(ids), m.Generator.Hidden, values), nil
}

// Encoder trains a small language model on lines, for the features of texts
// that are compared with them. Words seen once are its <unk>, so it has an
// idea of words that lines do not hold. Equal lines and seed give an equal
// model. It takes some seconds.
func Encoder(ctx context.Context, lines []string, seed uint64) (*Model, error) {
	c := Options.Defaults()
	c.Model, c.Seed, c.SplitSeed, c.MinCount = "mle", seed, seed, 2
	c.Hidden, c.Dropout = 128, 0.2
	c.MLESteps, c.EvalEvery, c.EvalSamples, c.Patience = 2000, 100, 1, 2
	c.MaxLen, c.Truncate = maxLenLimit, true
	corpus, err := corpora.New("encoder", lines)
	if err != nil {
		return nil, err
	}
	d := &Data{Corpus: corpus, SHA256: corpus.SHA256}
	if err := d.divide(c); err != nil {
		return nil, err
	}
	if err := d.encode(c, nil); err != nil {
		return nil, err
	}
	t, err := New(c, d)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	if err := t.Run(ctx, Watcher{}); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return &Model{Config: c, Vocab: d.Vocab, Generator: t.gen, Step: t.Step}, nil
}

// EncoderName says where the features of m come from, for signatures.
func (m *Model) EncoderName() string {
	g := m.Generator
	return fmt.Sprintf("encoder:%s-%dx%d|state:mean|weights:%.12s", g.Cell, g.Layers, g.Hidden, g.Params().Hash())
}
