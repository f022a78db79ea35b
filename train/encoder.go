package train

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"runtime"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/cache"
	"textgan/internal/kernel"
	"textgan/train/model"
)

// encoderVersion changes when equal lines and settings come to another encoder than
// before: TestEncoderVersion.
const encoderVersion = 3

// EncoderDims is the number of features that an Encoder gives a sentence.
const EncoderDims = 128

// An Encoder is a small language model of a text, for the features of texts that are
// compared with it. Words seen once are its <unk>, so it has an idea of words that the
// text does not hold. Equal lines and seed give an equal model.
type Encoder struct {
	config Config
	data   *model.Data
	key    cache.Key
}

// NewEncoder prepares one for lines. The seed is that of its weights and batches (rng
// streams of a run).
func NewEncoder(lines []string, seed uint64) (*Encoder, error) {
	c := Options.Defaults()
	c.Model, c.Seed, c.SplitSeed, c.MinCount = "mle", seed, seed, 2
	c.Hidden, c.Dropout, c.LR, c.LRSchedule = EncoderDims, 0.2, 0.015, "constant" // Train lets it fall
	c.MLESteps, c.EvalEvery, c.EvalSamples, c.Patience = 1000, 100, 1, 2
	c.MaxLen, c.Truncate = model.LongestLine, true
	corpus, err := corpora.New("encoder", lines)
	if err != nil {
		return nil, err
	}
	d, err := model.PrepareCorpus(c.Config, corpus, nil)
	if err != nil {
		return nil, err
	}
	return &Encoder{c, d, encoderKey(c, d.SHA256)}, nil
}

// encoderKey names what an encoder depends on: text, settings, and whatever else can
// change a bit of its weights.
func encoderKey(c Config, text string) (k cache.Key) {
	h := sha256.New()
	fmt.Fprintf(h, "encoder %d, %s %s %s, text %s\n%s", encoderVersion, runtime.Version(), runtime.GOARCH, kernel.ISA(), text, Options.TOML(c))
	h.Sum(k[:0])
	return k
}

// Train trains it, which takes some seconds, or minutes for a large text.
func (e *Encoder) Train(ctx context.Context) (*model.Model, error) {
	t, err := New(e.config, e.data)
	if err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	// A large step size that falls to 0 comes to the likelihood of a constant one in
	// half of the steps. One step after every cut is as large as that cut says.
	cuts := 0
	t.rate = func(at int) float64 {
		if t.best.Decays > cuts {
			cuts = t.best.Decays
			return e.config.rate(at, cuts)
		}
		return e.config.LR * (1 - float64(at)/float64(e.config.MLESteps))
	}
	if err := t.Run(ctx, Watcher{}); err != nil {
		return nil, fmt.Errorf("encoder: %w", err)
	}
	return e.model(t.LanguageModel().(*generator.Generator), t.Step), nil
}

func (e *Encoder) model(g *generator.Generator, step int) *model.Model {
	return &model.Model{Config: e.config.Config, Vocab: e.data.Vocab, Generator: g, Step: step}
}

// Kept returns the encoder that Keep has put into dir, bit for bit that of Train; nil
// if there is none.
func (e *Encoder) Kept(dir cache.Dir) *model.Model {
	content, ok := dir.Get(e.key)
	if !ok || len(content) < 8 {
		return nil
	}
	g, err := generator.New(e.config.Generator(e.data.Vocab.Size()), e.config.Seed)
	if err != nil {
		return nil
	}
	step, weights := binary.LittleEndian.Uint64(content), content[8:]
	if err := g.Params().Read("encoder", bytes.NewReader(weights), int64(len(weights))); err != nil {
		return nil
	}
	return e.model(g, int(step))
}

// Keep puts m, which Train has returned, into dir.
func (e *Encoder) Keep(dir cache.Dir, m *model.Model) error {
	var content bytes.Buffer
	content.Write(binary.LittleEndian.AppendUint64(nil, uint64(m.Step)))
	if err := m.Generator.Params().Write(&content); err != nil {
		return err
	}
	return dir.Put(e.key, content.Bytes())
}
