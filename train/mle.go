package train

import (
	"textgan/generator"
	"textgan/internal/nn"
	"textgan/vocab"
)

// MLEOptions are those of likelihood training, by teacher forcing or by the
// bound of a VAE.
type MLEOptions struct {
	MLESteps int     `opt:"mle-steps" default:"4000" check:"min=0,max=1000000000" doc:"steps of likelihood training, at most"`
	LR       float64 `opt:"lr" default:"0.004" check:"min=0,max=1e38" doc:"Adam's step size in likelihood training" group:"optimisation"`
	LRDecay  float64 `opt:"lr-decay" default:"0.5" check:"above=0,max=1" doc:"factor on lr after each evaluation without a better validation NLL" group:"optimisation"`
	Patience int     `opt:"patience" default:"3" check:"min=0,max=1000000000" doc:"end likelihood training after so many evaluations without a better validation NLL; 0: never" group:"optimisation"`
}

// fitting is the phase that fits real sentences. A run has one; it makes the
// generator that the phases behind it train on, and knows how likely held-out
// sentences are under it at any time. It ends with the weights of the lowest
// validation NLL.
type fitting interface {
	Phase
	// Between is a step like those of the phase, between steps of another one.
	Between() (Record, error)
	// LanguageModel is the generator.
	LanguageModel() generator.LanguageModel
	// Code describes the code of a sentence, if there is one.
	Code() string
	// SetRate sets the step size.
	SetRate(lr float64)
	// Validate sets the NLL of held-out sentences, and what more there is to say
	// of them.
	Validate(e *Evaluation, held [][]int32) error
	// Observe is told of every evaluation of the run. It reports whether the
	// validation NLL is already that of the loss which training will end with.
	Observe(e Evaluation) bool
}

// mle is maximum likelihood: teacher forcing on real sentences.
type mle struct {
	*common
	gen        *generator.Generator
	likelihood *generator.Likelihood // with gradients
	held       *generator.Likelihood // without
	opt        *Adam
	sum        gradients
}

func newMLE(c *common, gen *generator.Generator) (*mle, error) {
	m := &mle{common: c, gen: gen}
	var err error
	if m.likelihood, err = m.gen.Likelihood(generator.LikelihoodOptions{B: c.part(), T: c.T, Train: true, Dropout: true, BF16: c.bf16(), Parts: c.Accumulate > 1}); err != nil {
		return nil, err
	}
	if m.held, err = m.gen.Likelihood(generator.LikelihoodOptions{B: c.part(), T: c.T}); err != nil {
		return nil, err
	}
	m.opt = c.adam(c.LR, m.gen.Params())
	return m, nil
}

func (m *mle) Name() string { return Likelihood }

func (m *mle) Steps() int { return m.MLESteps }

func (m *mle) LanguageModel() generator.LanguageModel { return m.gen }

func (m *mle) Step(int) (Record, error) {
	batch := m.next()
	loss, grad, err := m.sum.mean(m.cut, batch, m.likelihood, m.gen.Params(), m.Seed, uint32(m.opt.Steps()))
	if err != nil {
		return Record{}, err
	}
	norm, err := update(m.opt, "nll", loss, grad)
	if err != nil {
		return Record{}, err
	}
	return newRecord(batch.Tokens(), loss, "nll/train", loss, "norm/mle", norm), nil
}

// mean is the loss of a batch in parts, in nats per token of it, and the gradient along
// params of Likelihood.Mean.
func (s *gradients) mean(c *cut, batch *vocab.Batch, l *generator.Likelihood, params nn.Params, seed uint64, step uint32) (float64, func(i int) []float32, error) {
	loss, grad, err := s.of(c, batch, l, params, func(piece *vocab.Batch) (float64, error) { return l.Mean(piece, seed, step) })
	return perToken(loss, batch), grad, err
}

func (m *mle) Between() (Record, error) { return m.Step(0) }

func (m *mle) Code() string { return "" }

func (m *mle) SetRate(lr float64) { m.opt.LR = lr }

func (m *mle) Validate(e *Evaluation, held [][]int32) error {
	t, err := m.held.NLL(held)
	e.NLL = t.PerToken()
	return err
}

func (m *mle) Observe(Evaluation) bool { return true }

func (m *mle) Saved() Saved {
	s := savedAdam(m.opt, "mle_updates")
	s.Weights = m.gen.Params()
	return s
}
