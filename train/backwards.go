package train

import (
	"textgan/generator"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/vocab"
)

// BackwardsOptions are those of the language model that reads from right to left
// and tells cooperative rounds what the generator's sentences lack.
type BackwardsOptions struct {
	BackSteps   int     `opt:"back-steps" default:"2500" check:"min=1,max=1000000000" doc:"likelihood steps of the backwards model of --critic ratio" group:"cooperative"`
	BackHidden  int     `opt:"back-hidden" default:"0" check:"min=0,max=65536" doc:"units of the backwards model; 0: as many as the generator's" group:"cooperative"`
	BackDropout float64 `opt:"back-dropout" default:"0.3" check:"min=0,max=0.95" doc:"dropout of the backwards model: more than the generator's, or it knows the training lines by heart" group:"cooperative"`
	BackLR      float64 `opt:"back-lr" default:"0.004" check:"min=0,max=1e38" doc:"Adam's step size of the backwards model, falling to a tenth" group:"cooperative"`
}

// BackwardsPhase is the name of the phase.
const BackwardsPhase = "backwards"

// backwards is maximum likelihood on lines from right to left. It leaves the
// generator as it is.
type backwards struct {
	*common
	BackwardsOptions
	gen        *generator.Generator
	batches    *vocab.Batches // of reversed lines
	batch      vocab.Batch
	likelihood *generator.Likelihood // made when it is first needed
	opt        *Adam
}

func newBackwards(c *common, d *model.Data) (*backwards, error) {
	b := &backwards{common: c, BackwardsOptions: c.BackwardsOptions}
	arch := c.Generator(d.Vocab.Size())
	arch.Dropout = c.BackDropout
	if c.BackHidden > 0 {
		arch.Hidden, arch.Tie = c.BackHidden, false
	}
	var err error
	if b.gen, err = generator.New(arch, rng.Apart(c.Seed, "back")); err != nil {
		return nil, err
	}
	turned := make([][]int32, len(d.Train))
	for i, s := range d.Train {
		turned[i] = make([]int32, len(s))
		for j, id := range s {
			turned[i][len(s)-1-j] = id
		}
	}
	if b.batches, err = vocab.NewBatches(turned, vocab.BatchOptions{Size: c.Batch, Seed: rng.Apart(c.Seed, "back"), Bucket: c.Bucket}); err != nil {
		return nil, err
	}
	b.opt = c.adam(c.BackLR, b.gen.Params())
	return b, nil
}

func (b *backwards) Name() string { return BackwardsPhase }

func (b *backwards) Steps() int { return b.BackSteps }

func (b *backwards) Step(at int) (Record, error) {
	if b.likelihood == nil {
		var err error
		if b.likelihood, err = b.gen.Likelihood(generator.LikelihoodOptions{B: b.Batch, T: b.T, Train: true, Dropout: true, BF16: b.bf16()}); err != nil {
			return Record{}, err
		}
	}
	b.batches.Next(&b.batch)
	loss, err := b.likelihood.Mean(&b.batch, rng.Apart(b.Seed, "back"), uint32(at))
	if err != nil {
		return Record{}, err
	}
	b.opt.LR = falling(b.BackLR, at, b.BackSteps)
	norm, err := update(b.opt, "nll", loss, b.likelihood.Grad)
	if err != nil {
		return Record{}, err
	}
	r := newRecord(b.batch.Tokens(), loss, "nll/backwards", loss, "norm/backwards", norm)
	r.Still = true
	return r, nil
}

// falling goes from lr to a tenth of it in a straight line.
func falling(lr float64, step, steps int) float64 {
	return lr * (1 - 0.9*float64(step)/float64(steps))
}

func (b *backwards) Saved() Saved {
	s := savedAdam(b.opt, "backwards_updates")
	s.Weights, s.Moments = named("backwards.", b.gen.Params()), named("backwards.", s.Moments)
	s.Numbers = append(s.Numbers, Number{"backwards_batches", &kept[int]{b.batches.Position, b.batches.Seek}})
	return s
}

// named is a list of tensors under longer names, the memory shared.
func named(prefix string, params nn.Params) (ps nn.Params) {
	for _, p := range params {
		ps = append(ps, &nn.Param{Name: prefix + p.Name, Shape: p.Shape, Data: p.Data})
	}
	return ps
}
