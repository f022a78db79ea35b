package train

import (
	"cmp"
	"fmt"
	"strings"

	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// BackwardsOptions are those of the language model that reads from right to left
// and tells what the generator's sentences lack: cooperative rounds, and a game against
// the log ratio of the two.
type BackwardsOptions struct {
	BackRun     string  `opt:"back-run" doc:"take the backwards model of this run of --backwards, trained on the same lines, instead of training one" group:"backwards" meta:"DIR"`
	BackSteps   int     `opt:"back-steps" default:"-1" check:"min=-1,max=1000000000" doc:"likelihood steps of the backwards model that --critic ratio or reverse-lm and --discriminator reverse-lm ask; -1: as many as --mle-steps takes by default" group:"backwards"`
	BackCell    string  `opt:"back-cell" check:"oneof=lstm|gru|relational|transformer" doc:"recurrence of the backwards model, or a transformer; default the generator's --cell, and relational for the round that is there if nobody has said how long the phases are, unless --discriminator reverse-lm plays against the same model" group:"backwards"`
	BackEmb     int     `opt:"back-emb" default:"0" check:"min=0,max=65536" doc:"size of the backwards model's embeddings; 0: as the generator's" group:"backwards"`
	BackHidden  int     `opt:"back-hidden" default:"0" check:"min=0,max=65536" doc:"units of the backwards model; 0: as many as the generator's" group:"backwards"`
	BackLayers  int     `opt:"back-layers" default:"0" check:"min=0,max=256" doc:"layers or blocks of the backwards model; 0: as many as the generator's" group:"backwards"`
	BackSlots   int     `opt:"back-slots" default:"0" check:"min=0,max=4096" doc:"slots of the backwards model, a relational memory; 0: --slots" group:"backwards"`
	BackHeads   int     `opt:"back-heads" default:"0" check:"min=0,max=4096" doc:"heads of the backwards model; 0: --heads" group:"backwards"`
	BackDropout float64 `opt:"back-dropout" default:"0.4" check:"min=0,max=0.95" doc:"dropout of the backwards model: no less than the generator's, or it knows the training lines by heart" group:"backwards"`
	BackLR      float64 `opt:"back-lr" default:"0" check:"min=0,max=1e38" doc:"Adam's step size of the backwards model, falling to a fiftieth; 0: 0.016, of a relational memory 0.004 and of a transformer 0.002" group:"backwards"`
}

// HasBackwards reports whether the run trains, or takes, a backwards model.
func (c Config) HasBackwards() bool {
	return c.Model == "gan" && c.Options.Config(1).Reads() || c.CoopRounds > 0 && c.criticAsks(ratio.Ratio)
}

// BackwardsPhase is the name of the phase.
const BackwardsPhase = "backwards"

// backwards is maximum likelihood on lines from right to left. It leaves the
// generator as it is.
type backwards struct {
	*common
	BackwardsOptions
	teaching
	batches *vocab.Batches // of reversed lines
	batch   vocab.Batch
	tuned   bool // does a discriminator train the weights afterwards, and save them?
}

func newBackwards(c *common, d *model.Data) (*backwards, error) {
	gen, err := generator.New(c.backwardsModel(d.Vocab.Size()), rng.Apart(c.Seed, "back"))
	if err != nil {
		return nil, err
	}
	b := &backwards{common: c, BackwardsOptions: c.BackwardsOptions, teaching: newTeaching(c, gen, c.BackLR)}
	turned := make([][]int32, len(d.Train))
	for i, s := range d.Train {
		turned[i] = make([]int32, len(s))
		for j, id := range s {
			turned[i][len(s)-1-j] = id
		}
	}
	if b.batches, err = c.newBatches(turned, rng.Apart(c.Seed, "back")); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *backwards) Name() string { return BackwardsPhase }

func (b *backwards) Steps() int {
	if b.BackRun != "" || b.CoopRounds == 0 && b.AdvSteps == 0 {
		return 0
	}
	return b.BackSteps
}

func (b *backwards) Step(at int) (Record, error) {
	b.batches.Next(&b.batch)
	b.opt.LR = falling(b.BackLR, at, b.BackSteps)
	loss, norm, err := b.teach(b.common, b.Name(), &b.batch, teacherForced(rng.Apart(b.Seed, "back"), uint32(at)))
	if err != nil {
		return Record{}, err
	}
	r := newRecord(b.batch.Tokens(), loss, "nll/backwards", loss, "norm/backwards", norm)
	r.Still = true
	return r, nil
}

// falling goes from lr to model.LastRate of it in a straight line.
func falling(lr float64, step, steps int) float64 {
	return lr * (1 - (1-model.LastRate)*float64(step)/float64(steps))
}

func (b *backwards) Saved() Saved {
	s := savedAdam(b.opt, "backwards_updates")
	s.Moments = named("backwards.", s.Moments)
	if !b.tuned {
		s.Weights = named("backwards.", b.gen.Params())
	}
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

// openBackwards opens the run of --back-run for a run of c on d, and makes c record the
// size of its model.
func openBackwards(c *Config, d *model.Data) (*generator.Generator, error) {
	refuse := func(why string) error {
		return &config.Error{Msg: fmt.Sprintf("train: --back-run %s: %s", c.BackRun, why)}
	}
	m, err := model.Load(c.BackRun, rundir.Last)
	switch {
	case err != nil && strings.Contains(c.BackRun, ","):
		return nil, fmt.Errorf("train: --back-run: %w; it takes one run, where textgan critic --backwards takes several", err)
	case err != nil:
		return nil, fmt.Errorf("train: --back-run: %w", err)
	}
	was := m.Config
	gen, ok := m.Generator.(*generator.Generator)
	switch {
	case !was.Backwards || !ok:
		return nil, refuse("the run does not read backwards; train it with --model mle --backwards")
	case m.Vocab.Hash() != d.Vocab.Hash():
		return nil, refuse("the run has another vocabulary; train it on the same text with the same --tokenizer, --min-count, --vocab-size and split")
	case c.Valid == "" && m.Manifest.Corpus.SHA256 == d.SHA256 && !was.HoldsOutAs(c.Config):
		return nil, refuse("it has learnt lines that this run holds out; train it with the same --split-seed and --valid-fraction")
	}
	c.BackCell, c.BackEmb, c.BackHidden, c.BackLayers, c.BackSlots, c.BackHeads = "", gen.Emb, gen.Hidden, gen.Layers, gen.Slots, gen.Heads
	if gen.Cell != c.Cell {
		c.BackCell = gen.Cell
	}
	now := c.backwardsModel(d.Vocab.Size())
	switch {
	case gen.Context != now.Context:
		return nil, refuse(fmt.Sprintf("its model has --max-len=%d, where this run's has %d", gen.Context-1, now.Context-1))
	case gen.Tie != now.Tie:
		return nil, refuse(fmt.Sprintf("its model has --tie=%v, where this run's has %v", gen.Tie, now.Tie))
	}
	return gen, nil
}

// backwardsModel is the architecture of the backwards model over v ids: the generator's
// but for what BackwardsOptions say. It has no tied weights where it is of another kind or
// size.
func (c Config) backwardsModel(v int) generator.Config {
	own := c.Generator(v)
	c.Cell = cmp.Or(c.BackCell, c.Cell)
	c.Emb, c.Hidden, c.Layers = cmp.Or(c.BackEmb, c.Emb), cmp.Or(c.BackHidden, c.Hidden), cmp.Or(c.BackLayers, c.Layers)
	c.Slots, c.Heads = cmp.Or(c.BackSlots, c.Slots), cmp.Or(c.BackHeads, c.Heads)
	c.Dropout = c.BackDropout
	arch := c.Generator(v)
	arch.Tie = arch.Tie && arch.Cell == own.Cell && arch.Emb == own.Emb && arch.Hidden == own.Hidden && arch.Slots == own.Slots
	return arch
}

// take gives the run the backwards model of another.
func (t *Trainer) take(gen *generator.Generator) error {
	if p, ok := phaseOf[*backwards](t); ok {
		return p.gen.Params().Set(gen.Params())
	}
	return nil
}
