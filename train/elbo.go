package train

import (
	"fmt"
	"math"

	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/train/rundir"
	"textgan/vocab"
)

// ELBOOptions are those of training a VAE besides MLEOptions.
type ELBOOptions struct {
	LatentEstimator string  `opt:"latent-estimator" default:"gumbel-softmax" doc:"gradient through a categorical code; see docs/estimators.md" group:"vae"`
	LatentTau       string  `opt:"latent-tau" default:"exponential:from=1,to=0.5" doc:"temperature of a categorical code over the steps" group:"vae"`
	KLWeight        float64 `opt:"kl-weight" default:"1" check:"min=0,max=1e6" doc:"weight beta of the divergence in the loss, at the end of its annealing" group:"vae"`
	KLAnneal        string  `opt:"kl-anneal" default:"linear" check:"oneof=none|linear|logistic|cyclical" doc:"how beta rises" group:"vae"`
	KLFrom          float64 `opt:"kl-from" default:"0" check:"min=0,max=1e6" doc:"beta at the beginning of a rise" group:"vae"`
	KLSteps         int     `opt:"kl-steps" default:"0" check:"min=0,max=1000000000" doc:"steps of a linear rise, midpoint of a logistic one; 0: a quarter of mle-steps" group:"vae"`
	KLSlope         float64 `opt:"kl-slope" default:"0.0025" check:"above=0,max=1e6" doc:"slope of a logistic rise, per step" group:"vae"`
	KLCycles        int     `opt:"kl-cycles" default:"4" check:"min=1,max=1000000000" doc:"rises of a cyclical annealing" group:"vae"`
	KLRise          float64 `opt:"kl-rise" default:"0.5" check:"above=0,max=1" doc:"share of a cycle in which beta rises" group:"vae"`
	WordDropout     float64 `opt:"word-dropout" default:"0" check:"min=0,max=1" doc:"probability that the decoder reads <unk> for a word in training; 1: it reads no words" group:"vae"`
	FreeBits        float64 `opt:"free-bits" default:"0.3" check:"min=0,max=1e6" doc:"nats that each unit of a code has for free, against codes that say nothing; 0: none" group:"vae"`
	FreeBitsTotal   float64 `opt:"free-bits-total" default:"0" check:"min=0,max=1e6" doc:"nats that a whole code has for free; 0: none" group:"vae"`
	Aggressive      int     `opt:"aggressive" default:"0" check:"min=0,max=1000000000" doc:"updates of the encoder alone before each step, at most, until it no longer lags behind; 0: none" group:"vae"`
	VAESamples      int     `opt:"vae-samples" default:"5" check:"min=1,max=100000" doc:"draws of a code per held-out sentence in an evaluation" group:"vae"`
}

// checkELBO is Check for what a VAE adds.
func (c Config) checkELBO() error {
	if _, err := relax.Parse[float32](c.LatentEstimator); err != nil {
		return fmt.Errorf("train: --latent-estimator: %w", err)
	}
	s, err := relax.ParseSchedule(c.LatentTau, max(c.MLESteps, 1))
	if err != nil {
		return fmt.Errorf("train: --latent-tau: %w", err)
	}
	if _, adaptive := s.(*relax.Adaptive); adaptive {
		return fmt.Errorf("train: an adaptive --latent-tau has nothing to observe; choose another schedule")
	}
	return nil
}

// klSteps is the length of the rise of beta, and the midpoint of a logistic one.
func (c Config) klSteps() float64 {
	if c.KLSteps == 0 {
		return float64(c.MLESteps) / 4
	}
	return float64(c.KLSteps)
}

// beta is the weight of the divergence at a step, from 0. Logistic and linear
// annealing are those of Bowman et al. 2016, section 3.1; the cyclical one is
// that of Fu et al. 2019, equation 6, with a linear rise.
func (c Config) beta(step int) float64 {
	t, rise := float64(step), 1.0
	switch c.KLAnneal {
	case "linear":
		rise = min(1, t/c.klSteps())
	case "logistic":
		rise = 1 / (1 + math.Exp(-c.KLSlope*(t-c.klSteps())))
	case "cyclical":
		if period := float64(c.MLESteps) / float64(c.KLCycles); step < c.MLESteps {
			rise = min(1, math.Mod(t, period)/(period*c.KLRise))
		}
	}
	return c.KLFrom + (c.KLWeight-c.KLFrom)*rise
}

// settled reports whether beta has reached its final value. Before that, validation
// scores are not those of the loss that training ends with.
func (c Config) settled(step int) bool {
	t := float64(step)
	switch c.KLAnneal {
	case "linear":
		return t >= c.klSteps()
	case "logistic":
		return c.KLSlope*(t-c.klSteps()) >= logisticEnd
	case "cyclical":
		return t >= float64(c.MLESteps)*(1-(1-c.KLRise)/float64(c.KLCycles))
	}
	return true
}

// logisticEnd is where the logistic function has risen to .99.
const logisticEnd = 4.6

// elbo fits a VAE by its bound on the likelihood.
type elbo struct {
	*common
	vae          *generator.VAE
	bound        *generator.ELBO // with all gradients
	encoderBound *generator.ELBO // with those of the encoder; nil unless it takes steps of its own
	held         *generator.Evaluator
	tau          relax.Schedule // of a categorical code
	decoder      *Adam
	encoder      *Adam
	sum          gradients
	encoderSum   gradients // of steps of its own

	CaughtUp bool    // does the encoder no longer take steps of its own?
	LastMI   float64 // mutual information of the last evaluation
}

func newELBO(c *common, vae *generator.VAE) (*elbo, error) {
	p := &elbo{common: c, vae: vae}
	var err error
	var relaxation op.Relaxation
	if p.vae.Categorical() {
		if relaxation, err = relax.Parse[float32](c.LatentEstimator); err != nil {
			return nil, err
		}
	}
	if p.tau, err = relax.ParseSchedule(c.LatentTau, c.MLESteps); err != nil {
		return nil, err
	}
	o := generator.ELBOOptions{B: c.part(), T: c.T, Parts: c.Accumulate > 1, Encoder: true, Decoder: true, FreeBits: c.FreeBits, FreeBitsTotal: c.FreeBitsTotal, Relaxation: relaxation, BF16: c.bf16()}
	if p.bound, err = p.vae.ELBO(o); err != nil {
		return nil, err
	}
	if o.Decoder = false; c.Aggressive > 0 {
		if p.encoderBound, err = p.vae.ELBO(o); err != nil {
			return nil, err
		}
	}
	if p.held, err = p.vae.NewEvaluator(c.part(), c.T); err != nil {
		return nil, err
	}
	p.decoder, p.encoder = c.adam(c.LR, p.vae.DecoderParams()), c.adam(c.LR, p.vae.EncoderParams())
	return p, nil
}

func (p *elbo) Name() string { return ELBO }

func (p *elbo) Steps() int { return p.MLESteps }

func (p *elbo) LanguageModel() generator.LanguageModel { return p.vae.LanguageModel() }

// Step moves encoder and decoder by the bound. While the encoder lags behind
// (see Config.Aggressive), it first catches up with the decoder, which then
// moves alone.
func (p *elbo) Step(int) (Record, error) {
	if p.encoderBound == nil || p.CaughtUp {
		return p.step(p.annealed, true)
	}
	tokens, err := p.catchUp()
	if err != nil {
		return Record{}, err
	}
	r, err := p.step(p.annealed, false)
	r.Tokens += tokens
	return r, err
}

// Between is a step with beta and tau as they are at the end.
func (p *elbo) Between() (Record, error) { return p.step(p.settledAt, true) }

// annealed is what a run of the graphs reads at a step of the phase. The noise is
// named by the number of batches drawn, which no two runs share.
func (p *elbo) annealed() generator.ELBOStep {
	n := p.decoder.Steps()
	return generator.ELBOStep{Seed: p.Seed, Step: uint32(p.batches.Position()), Beta: p.beta(n), Tau: p.tau.At(n), WordDropout: p.WordDropout}
}

// settledAt is the same between adversarial steps.
func (p *elbo) settledAt() generator.ELBOStep {
	s := p.annealed()
	s.Step = rng.BetweenStep(s.Step)
	s.Beta, s.Tau = p.KLWeight, p.tau.At(max(p.decoder.Steps(), p.MLESteps))
	return s
}

// step draws a batch, and moves the decoder and, with both set, the encoder.
func (p *elbo) step(at func() generator.ELBOStep, both bool) (Record, error) {
	batch := p.next()
	step := at()
	encoders := len(p.vae.EncoderParams())
	loss, grad, parts, err := p.run(p.bound, &p.sum, batch, step, p.vae.Params())
	if err != nil {
		return Record{}, err
	}
	norm, err := update(p.decoder, p.Name(), "bound", loss, func(i int) []float32 { return grad(encoders + i) })
	if err != nil {
		return Record{}, err
	}
	normE := 0.0
	if both {
		if normE, err = update(p.encoder, p.Name(), "bound", loss, grad); err != nil {
			return Record{}, err
		}
	}
	rec, kl := parts[0], parts[1]
	r := newRecord(batch.Tokens(), loss, "elbo/train", -(rec + kl), "rec/train", rec, "kl/train", kl, "beta", step.Beta, "norm/decoder", norm, "norm/encoder", normE)
	if p.vae.Categorical() {
		r.Fields = append(r.Fields, rundir.Field{Name: "tau/code", Value: step.Tau})
	}
	if p.encoderBound != nil {
		r.Fields = append(r.Fields, rundir.Field{Name: "encoder_updates", Value: p.encoder.Steps()})
	}
	return r, nil
}

// run takes a batch through a bound, and returns the loss in nats per token of the batch, the
// gradient of ELBO.Step along params, and the two sides of the bound.
func (p *elbo) run(bound *generator.ELBO, sum *gradients, batch *vocab.Batch, step generator.ELBOStep, params nn.Params) (loss float64, grad func(i int) []float32, parts []float64, err error) {
	if p.cut.parts > 1 { // what free bits compare with their thresholds are means over the batch
		var shares []float64
		units := 0
		err = p.cut.each(batch, func(_ int, piece *vocab.Batch) error {
			share, err := bound.Divergences(piece, step)
			shares, units = append(shares, share...), len(share)
			return err
		})
		if err != nil {
			return 0, nil, nil, err
		}
		if units > 0 {
			step.Mean = p.cut.total(shares, units)
		}
	}
	loss, grad, err = sum.of(p.cut, batch, bound, params, func(piece *vocab.Batch) (float64, error) {
		loss, err := bound.Step(piece, step)
		rec, kl := 0.0, 0.0
		if err == nil {
			rec, kl = bound.Parts()
		}
		parts = append(parts, rec, kl)
		return loss, err
	})
	if err != nil {
		return 0, nil, nil, err
	}
	return perToken(loss, batch), grad, p.cut.total(parts, 2), nil
}

// patienceOfEncoder is how many updates are averaged when it is asked whether
// the encoder still gets better.
const patienceOfEncoder = 10

// catchUp moves the encoder alone until its loss, averaged over ten batches,
// no longer falls, at most Aggressive times: He et al. 2019, algorithm 1. It
// returns the tokens read.
func (p *elbo) catchUp() (tokens int, err error) {
	sum, before := 0.0, math.Inf(1)
	for i := 1; i <= p.Aggressive; i++ {
		batch := p.next()
		tokens += batch.Tokens()
		loss, grad, _, err := p.run(p.encoderBound, &p.encoderSum, batch, p.annealed(), p.vae.EncoderParams())
		if err != nil {
			return tokens, err
		}
		if _, err := update(p.encoder, p.Name(), "bound", loss, grad); err != nil {
			return tokens, err
		}
		if sum += loss / patienceOfEncoder; i%patienceOfEncoder == 0 {
			if sum >= before {
				return tokens, nil
			}
			sum, before = 0, sum
		}
	}
	return tokens, nil
}

// Code says what the code of a sentence is, and what its divergence weighs.
func (p *elbo) Code() string {
	unit, beta := "1 number", fmt.Sprintf("%s to %g", p.KLAnneal, p.KLWeight)
	if p.vae.Categorical() {
		unit = fmt.Sprintf("%d categories", p.Categories)
	}
	if p.WarmStart != "" {
		beta = fmt.Sprint(p.KLWeight)
	}
	return fmt.Sprintf("%s, %d x %s, beta %s", p.Latent, p.LatentDim, unit, beta)
}

func (p *elbo) SetRate(lr float64) { p.decoder.LR, p.encoder.LR = lr, lr }

// Validate sets the bound in the place of the NLL.
func (p *elbo) Validate(e *Evaluation, held [][]int32) error {
	t, err := p.held.Evaluate(held, p.VAESamples, p.Seed)
	e.VAE, e.NLL, e.more = &t, t.PerToken(-t.ELBO()), fieldsOf(t)
	e.More = fmt.Sprintf("KL %.2f  active %d", t.KL, t.Active)
	return err
}

// Observe ends the encoder's steps of its own once the mutual information of
// held-out sentences and codes no longer rises.
func (p *elbo) Observe(e Evaluation) bool {
	p.CaughtUp = p.CaughtUp || e.VAE.MI < p.LastMI
	p.LastMI = e.VAE.MI
	return p.settled(p.decoder.Steps())
}

func (p *elbo) Saved() Saved {
	s := savedAdam(p.decoder, "mle_updates")
	s.add(savedAdam(p.encoder, "encoder_updates"))
	s.Weights = append(nn.Params{}, p.vae.Params()...)
	s.Numbers = append(s.Numbers, Number{"caught_up", &p.CaughtUp}, Number{"last_mi", &p.LastMI})
	return s
}

// fieldsOf is the record of a VAE's evaluation; nats are per sentence.
func fieldsOf(v generator.VAETally) []rundir.Field {
	return []rundir.Field{
		{Name: "elbo/valid", Value: v.ELBO()}, {Name: "rec/valid", Value: v.Rec}, {Name: "kl/valid", Value: v.KL},
		{Name: "nll_weighted/valid", Value: v.Weighted}, {Name: "active_units", Value: v.Active}, {Name: "mi", Value: v.MI},
	}
}
