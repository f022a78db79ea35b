package train

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"textgan/discriminator"
	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/internal/nn"
	"textgan/network"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Phase is a part of a run: what its steps do, and what it remembers of them.
type Phase interface {
	Name() string
	// Steps is the length of the phase. One that fits real sentences may end
	// earlier.
	Steps() int
	// Step takes one step, the at-th of the phase from 0. After an error nothing
	// of it counts; after ErrInterrupted everything that is saved is as it was before.
	Step(at int) (Record, error)
	// Saved is all that the phase remembers. A checkpoint, a warm start and a
	// comparison copy this list and nothing else.
	Saved() Saved
}

// Names of the phases. Done is that of a run which is at its end.
const (
	Likelihood    = "likelihood"    // teacher forcing on real sentences
	ELBO          = "elbo"          // the same for a VAE, by its bound
	Discriminator = "discriminator" // the discriminator catches up with a fixed generator
	Adversarial   = "adversarial"   // both move
	Done          = "done"
)

// StepSizeOption is the option, as it is typed, that sets the step size of a phase's updates.
func StepSizeOption(phase string) string {
	switch phase {
	case Discriminator:
		return "--d-lr"
	case Adversarial:
		return "--g-lr"
	case BackwardsPhase:
		return "--back-lr"
	case Cooperative:
		return "--coop-lr"
	}
	return "--lr"
}

// PhaseOptions are those of all phases; each has its struct in the file of its
// phase.
type PhaseOptions struct {
	MLEOptions
	ELBOOptions
	PretrainOptions
	GANOptions
	CooperativeOptions
	BackwardsOptions
}

// checkPhases reports the first setting of a phase that does not fit.
func (c Config) checkPhases() error {
	return cmp.Or(c.checkGAN(), c.checkELBO(), c.checkCooperative())
}

// newPhases makes the phases of a run, in their order.
func newPhases(c *common, d *model.Data) (fit fitting, list []Phase, err error) {
	var dis discriminator.Discriminator
	if c.Model == "gan" {
		if dis, err = discriminator.New(c.Options.Config(d.Vocab.Size()), c.Seed); err != nil {
			return nil, nil, err
		}
		c.T = max(c.T, dis.MinT())
	}
	if fit, err = newFitting(c, d.Vocab.Size()); err != nil {
		return nil, nil, err
	}
	list = []Phase{fit}
	var back *backwards
	if c.HasBackwards() {
		if back, err = newBackwards(c, d); err != nil {
			return nil, nil, err
		}
	}
	if dis != nil {
		if reader, ok := dis.(discriminator.Reader); ok {
			list, back.tuned = append(list, back), c.DTune
			gen, ok := fit.LanguageModel().(*generator.Generator)
			if !ok {
				return nil, nil, fmt.Errorf("train: --discriminator %s needs a generator with a likelihood of its own, not %T", c.DKind, fit.LanguageModel())
			}
			if err := reader.Read(gen, back.gen, vocab.Bos, vocab.Eos); err != nil {
				return nil, nil, err
			}
		}
		pre, err := newPretraining(c, fit.LanguageModel(), dis)
		if err != nil {
			return nil, nil, err
		}
		list = append(list, pre, newGAN(c, fit, pre))
	}
	if c.CoopRounds == 0 {
		return fit, list, nil
	}
	switch {
	case !c.criticAsks(ratio.Ratio):
		back = nil
	case !slices.Contains(list, Phase(back)):
		list = append(list, back)
	}
	rounds, err := newCooperative(c, fit, back, d)
	return fit, append(list, rounds), err
}

// newFitting makes the phase that fits real sentences, over v ids.
func newFitting(c *common, v int) (fitting, error) {
	model, err := c.Architecture(v).New(c.Seed)
	if err != nil {
		return nil, err
	}
	if vae, ok := model.(*generator.VAE); ok {
		return newELBO(c, vae)
	}
	return newMLE(c, model.(*generator.Generator)), nil
}

// common is what the phases of a run share.
type common struct {
	Config
	T       int // longest sentence that graphs have room for, its end included
	batches *vocab.Batches
	batch   vocab.Batch
	cut     *cut
	stop    func() bool // has this process been asked to stop? nil: it never is
}

// stopped reports whether a process of the run has been asked to stop.
func (c *common) stopped() bool { return c.cut.any(c.stop != nil && c.stop()) }

// place is where the run stands in its text.
func (c *common) place() Number {
	return Number{"batches", &kept[int]{c.batches.Position, c.batches.Seek}}
}

// newBatches is the stream of batches of real sentences.
func (c Config) newBatches(sentences [][]int32, seed uint64) (*vocab.Batches, error) {
	return vocab.NewBatches(sentences, vocab.BatchOptions{Size: c.Batch, Seed: seed, Bucket: c.Bucket, Average: c.Normalize == "corpus"})
}

// perToken is a loss that was divided by a batch's Divisor in nats per token of it.
func perToken(loss float64, batch *vocab.Batch) float64 {
	return loss * (batch.Divisor() / float64(batch.Tokens()))
}

// next is the next batch of real sentences.
func (c *common) next() *vocab.Batch {
	c.batches.Next(&c.batch)
	return &c.batch
}

func (c *common) adam(lr float64, params nn.Params) *Adam {
	return NewAdam(AdamConfig{LR: lr, Beta1: c.Beta1, Beta2: c.Beta2, Eps: 1e-8, Clip: c.Clip}, params)
}

// update lets the optimiser of a phase use the gradients of a program that has just run. A
// loss or a gradient that is not finite is a *Diverged.
func update(opt *Adam, phase, what string, loss float64, grad func(int) []float32) (norm float64, err error) {
	if !finite(loss) {
		return 0, &Diverged{Phase: phase, What: fmt.Sprintf("the %s is %v", what, loss)}
	}
	if norm, err = opt.Update(grad); err != nil {
		return norm, &Diverged{Phase: phase, What: fmt.Sprintf("the norm of the %s's gradient is %v", what, norm)}
	}
	return norm, nil
}

// Record is what a step leaves behind.
type Record struct {
	Tokens int            // real tokens that it learned from
	Loss   float64        // nats, or squared score units (LSGAN)
	Fields []rundir.Field // of metrics.jsonl
	Still  bool           // did the generator stay as it was, so that there is nothing to evaluate?
}

// newRecord takes names and values in turns.
func newRecord(tokens int, loss float64, fields ...any) Record {
	r := Record{Tokens: tokens, Loss: loss}
	for i := 0; i < len(fields); i += 2 {
		r.Fields = append(r.Fields, rundir.Field{Name: fields[i].(string), Value: fields[i+1]})
	}
	return r
}

// add makes a step of several updates: tokens are added up; the loss, and a field
// that several updates have, are those of the last.
func (r *Record) add(x Record, err error) error {
	if err != nil {
		return err
	}
	r.Tokens += x.Tokens
	r.Loss = x.Loss
next:
	for _, f := range x.Fields {
		for i := range r.Fields {
			if r.Fields[i].Name == f.Name {
				r.Fields[i] = f
				continue next
			}
		}
		r.Fields = append(r.Fields, f)
	}
	return nil
}

// Saved is what a part of a run remembers: tensors, by the file of a checkpoint
// that holds them, and numbers of state.json.
type Saved struct {
	Weights network.Params // of networks, and their state
	Best    network.Params // the weights of the lowest validation NLL
	Moments network.Params // of optimisers
	Numbers []Number
	Checks  []func() error // run after all values are read: an error for one that no run can have
}

// Number is a value of state.json. Value is a pointer to it, or encodes and
// decodes itself.
type Number struct {
	Name  string
	Value any
}

func (s *Saved) add(x Saved) {
	s.Weights, s.Best, s.Moments = append(s.Weights, x.Weights...), append(s.Best, x.Best...), append(s.Moments, x.Moments...)
	s.Numbers, s.Checks = append(s.Numbers, x.Numbers...), append(s.Checks, x.Checks...)
}

// check adds a rule of a number: wrong says when it is broken.
func (s *Saved) check(name string, wrong func() string) {
	s.Checks = append(s.Checks, func() error {
		if why := wrong(); why != "" {
			return fmt.Errorf("%s: %s", name, why)
		}
		return nil
	})
}

// within is a rule of a count that lies in [0, most].
func within(n, most int) string {
	if n < 0 || n > most {
		return fmt.Sprintf("%d, and not between 0 and %d", n, most)
	}
	return ""
}

// kept is a number that has its owner's functions to read and to set it.
type kept[T any] struct {
	get func() T
	set func(T) error
}

func (k kept[T]) MarshalJSON() ([]byte, error) { return json.Marshal(k.get()) }

func (k kept[T]) UnmarshalJSON(b []byte) error {
	var v T
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	return k.set(v)
}

// savedAdam is what an optimiser remembers; its updates are the number of that
// name.
func savedAdam(opt *Adam, updates string) Saved {
	s := Saved{Moments: opt.State(), Numbers: []Number{{updates, &kept[int]{opt.Steps, func(n int) error { opt.Restore(n); return nil }}}}}
	s.check(updates, func() string { return within(opt.Steps(), math.MaxUint32) }) // random draws are keyed by it
	s.Checks = append(s.Checks, opt.Check)
	return s
}
