package train

import (
	"math"

	"textgan/generator"
	"textgan/vocab"
)

// MLEOptions are those of likelihood training, by teacher forcing or by the
// bound of a VAE.
type MLEOptions struct {
	MLESteps   int     `opt:"mle-steps" default:"-1" check:"min=-1,max=1000000000" doc:"steps of likelihood training, at most; -1: 25 passes over the text, no fewer than 200 steps and no more than 2000; of a VAE twice as many"`
	LR         float64 `opt:"lr" default:"0" check:"min=0,max=1e38" doc:"Adam's step size in likelihood training; 0: 0.016, of a relational memory or a VAE 0.004 and of a transformer 0.002" group:"optimisation"`
	LRSchedule string  `opt:"lr-schedule" check:"oneof=linear|constant" doc:"linear: lr falls in a straight line over mle-steps, to a fiftieth; constant: it does not; lr-decay cuts either; default linear, of a VAE constant" group:"optimisation"`
	LRDecay    float64 `opt:"lr-decay" default:"0.5" check:"above=0,max=1" doc:"factor on lr after each evaluation without a better validation NLL" group:"optimisation"`
	Patience   int     `opt:"patience" default:"3" check:"min=0,max=1000000000" doc:"end likelihood training after so many evaluations without a better validation NLL; 0: never" group:"optimisation"`
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
	// SetRate sets the step size of the steps to come.
	SetRate(lr float64)
	// Validate sets the NLL of held-out sentences, and what more there is to say
	// of them.
	Validate(e *Evaluation, held [][]int32) error
	// Observe is told of every evaluation of the run. It reports whether the
	// validation NLL is already that of the loss which training will end with.
	Observe(e Evaluation) bool
}

// recipe is how a kind of network is fitted where MLEOptions, whose docs tell it, leave that open.
type recipe struct {
	lr       float64
	schedule string
	times    int // as many steps as 25 passes over the text have, within bounds
}

var (
	ofRecurrent   = recipe{0.016, "linear", 1}
	ofMemory      = recipe{0.004, "linear", 1} // relational
	ofTransformer = recipe{0.002, "linear", 1}
	ofVAE         = recipe{0.004, "constant", 2}
)

func recipeOf(cell string, vae bool) recipe {
	switch {
	case vae:
		return ofVAE
	case cell == "transformer":
		return ofTransformer
	case cell == "relational":
		return ofMemory
	}
	return ofRecurrent
}

func (r recipe) steps(lines, batch int) int { return r.times * min(max(25*lines/batch, 200), 2000) }

// rate is the step size of step at of likelihood training after so many cuts by LRDecay; that
// of MLESteps is the one that it ends with.
func (o MLEOptions) rate(at, cuts int) float64 {
	lr := o.LR * math.Pow(o.LRDecay, float64(cuts))
	if o.LRSchedule == "linear" {
		return falling(lr, at, max(o.MLESteps, 1))
	}
	return lr
}

// teaching is teacher forcing of a language model, which several phases have.
type teaching struct {
	gen        *generator.Generator
	opt        *Adam
	options    generator.LikelihoodOptions
	likelihood *generator.Likelihood // with gradients; made when it is first needed
	sum        gradients
}

func newTeaching(c *common, gen *generator.Generator, lr float64) teaching {
	return teaching{gen: gen, opt: c.adam(lr, gen.Params()), options: generator.LikelihoodOptions{T: c.T, Train: true, Dropout: true, BF16: c.bf16(), Parts: c.Accumulate > 1}}
}

// lossOf is the sum of the losses of a piece of a batch, whose gradients it leaves in l.
type lossOf func(l *generator.Likelihood, piece *vocab.Batch) (float64, error)

// teacherForced is the negative log-likelihood. seed and step name the draws of dropout.
func teacherForced(seed uint64, step uint32) lossOf {
	return func(l *generator.Likelihood, piece *vocab.Batch) (float64, error) { return l.Mean(piece, seed, step) }
}

// gradient is that of the loss of a batch, which is in nats per token of it.
func (s *teaching) gradient(c *common, batch *vocab.Batch, of lossOf) (loss float64, grad func(i int) []float32, err error) {
	if s.likelihood == nil {
		s.options.B = batch.B / c.Accumulate
		if s.likelihood, err = s.gen.Likelihood(s.options); err != nil {
			return 0, nil, err
		}
	}
	loss, grad, err = s.sum.of(c.cut, batch, s.likelihood, s.gen.Params(), func(piece *vocab.Batch) (float64, error) {
		return of(s.likelihood, piece)
	})
	return perToken(loss, batch), grad, err
}

// teach moves the weights by the gradient, of which it returns the norm before clipping, in
// an update of a phase.
func (s *teaching) teach(c *common, phase string, batch *vocab.Batch, of lossOf) (loss, norm float64, err error) {
	loss, grad, err := s.gradient(c, batch, of)
	if err == nil {
		norm, err = update(s.opt, phase, "nll", loss, grad)
	}
	return loss, norm, err
}

// mle is maximum likelihood: teacher forcing on real sentences.
type mle struct {
	*common
	teaching
	held *generator.Scorer // of held-out sentences
}

func newMLE(c *common, gen *generator.Generator) *mle {
	return &mle{common: c, teaching: newTeaching(c, gen, c.LR), held: gen.NewScorer()}
}

func (m *mle) Name() string { return Likelihood }

func (m *mle) Steps() int { return m.MLESteps }

func (m *mle) LanguageModel() generator.LanguageModel { return m.gen }

func (m *mle) Step(int) (Record, error) {
	batch := m.next()
	loss, norm, err := m.teach(m.common, m.Name(), batch, teacherForced(m.Seed, uint32(m.opt.Steps())))
	if err != nil {
		return Record{}, err
	}
	return newRecord(batch.Tokens(), loss, "nll/train", loss, "norm/mle", norm), nil
}

func (m *mle) Between() (Record, error) { return m.Step(m.MLESteps) }

func (m *mle) Code() string { return "" }

func (m *mle) SetRate(lr float64) { m.opt.LR = lr }

func (m *mle) Validate(e *Evaluation, held [][]int32) error {
	t, err := generator.NLL(m.held, held, m.part())
	e.NLL = t.PerToken()
	return err
}

func (m *mle) Observe(Evaluation) bool { return true }

func (m *mle) Saved() Saved {
	s := savedAdam(m.opt, "mle_updates")
	s.Weights = m.gen.Params()
	return s
}
