package train

import (
	"context"
	"fmt"

	"textgan/corpora"
	"textgan/generator"
	"textgan/train/model"
)

// Encoder trains a small language model on lines, for the features of texts
// that are compared with them. Words seen once are its <unk>, so it has an
// idea of words that lines do not hold. Equal lines and seed give an equal
// model. It takes some seconds.
func Encoder(ctx context.Context, lines []string, seed uint64) (*model.Model, error) {
	c := Options.Defaults()
	c.Model, c.Seed, c.SplitSeed, c.MinCount = "mle", seed, seed, 2
	c.Hidden, c.Dropout = 128, 0.2
	c.MLESteps, c.EvalEvery, c.EvalSamples, c.Patience = 2000, 100, 1, 2
	c.MaxLen, c.Truncate = model.LongestLine, true
	corpus, err := corpora.New("encoder", lines)
	if err != nil {
		return nil, err
	}
	d, err := model.PrepareCorpus(c.Config, corpus, nil)
	if err != nil {
		return nil, err
	}
	t, err := New(c, d)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	if err := t.Run(ctx, Watcher{}); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return &model.Model{Config: c.Config, Vocab: d.Vocab, Generator: t.LanguageModel().(*generator.Generator), Step: t.Step}, nil
}
