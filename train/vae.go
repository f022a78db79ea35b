package train

import (
	"fmt"
	"math"

	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/op"
	"textgan/train/rundir"
)

// checkVAE is Check for what a VAE adds.
func (c Config) checkVAE() error {
	if _, err := relax.Parse[float32](c.LatentEstimator); err != nil {
		return fmt.Errorf("train: --latent-estimator: %w", err)
	}
	s, err := relax.ParseSchedule(c.LatentTau, c.MLESteps)
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

// Beta is the weight of the divergence at a step, from 0. Logistic and linear
// annealing are those of Bowman et al. 2016, section 3.1; the cyclical one is
// that of Fu et al. 2019, equation 6, with a linear rise.
func (c Config) Beta(step int) float64 {
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

// settled reports whether beta has come to stay where it is. Before that, a
// validation score says little of what training is heading for.
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

// autoencoder is the part of a trainer that only a VAE has.
type autoencoder struct {
	c            Config
	vae          *generator.VAE
	bound        *generator.Bound // with all gradients
	encoderBound *generator.Bound // with those of the encoder; nil unless it takes steps of its own
	opt          *Adam            // of the encoder
	tau          relax.Schedule
	scorer       *generator.VAEScorer
}

// newAutoencoder builds the graphs around a VAE for sentences of up to T tokens.
func newAutoencoder(c Config, v *generator.VAE, T int, opt *Adam) (*autoencoder, error) {
	a := &autoencoder{c: c, vae: v, opt: opt}
	var relaxation op.Relaxation
	var err error
	if v.Categorical() {
		if relaxation, err = relax.Parse[float32](c.LatentEstimator); err != nil {
			return nil, err
		}
	}
	if a.tau, err = relax.ParseSchedule(c.LatentTau, c.MLESteps); err != nil {
		return nil, err
	}
	o := generator.BoundOptions{B: c.Batch, T: T, Encoder: true, Decoder: true, FreeBits: c.FreeBits, FreeBitsTotal: c.FreeBitsTotal, Relaxation: relaxation}
	if a.bound, err = v.Bound(o); err != nil {
		return nil, err
	}
	if o.Decoder = false; c.Aggressive > 0 {
		if a.encoderBound, err = v.Bound(o); err != nil {
			return nil, err
		}
	}
	a.scorer, err = v.NewScorer(c.Batch, T)
	return a, err
}

// at is what a run of the graphs reads at a step. The noise is named by the
// number of batches drawn, which no two runs share; between adversarial steps,
// which draw noise too, it stands in the upper half of the steps. There beta and
// tau are what they have come to.
func (t *Trainer) at() generator.BoundStep {
	s := generator.BoundStep{Seed: t.Seed, Step: uint32(t.batches.Position()), Beta: t.Beta(t.MLE), Tau: t.vae.tau.At(t.MLE), WordDropout: t.WordDropout}
	if t.Phase == Adversarial {
		s.Step |= 1 << 31
		s.Beta, s.Tau = t.KLWeight, t.vae.tau.At(max(t.MLE, t.MLESteps))
	}
	return s
}

// takeELBO moves encoder and decoder by the bound. While the encoder lags
// behind (see Config.Aggressive), it first catches up with the decoder, which
// then moves alone.
func (t *Trainer) takeELBO() (taken, error) {
	a := t.vae
	behind := a.encoderBound != nil && !t.CaughtUp && t.Phase == ELBO
	tokens := 0
	if behind {
		n, err := t.catchUp()
		if err != nil {
			return taken{}, err
		}
		tokens = n
	}
	t.batches.Next(&t.batch)
	step := t.at()
	loss, err := a.bound.Step(&t.batch, step)
	encoders := len(a.vae.EncoderParams())
	norm, err := t.update(t.optMLE, "bound", loss, err, func(i int) []float32 { return a.bound.Grad(encoders + i) })
	normE := 0.0
	if err == nil && !behind {
		normE, err = t.update(a.opt, "bound", loss, nil, a.bound.Grad)
		t.Encoder++
	}
	t.MLE++
	rec, kl := a.bound.Parts()
	k := t.took(loss, "elbo/train", -(rec + kl), "rec/train", rec, "kl/train", kl, "beta", step.Beta, "norm/decoder", norm, "norm/encoder", normE)
	if a.vae.Categorical() {
		k.fields = append(k.fields, rundir.Field{Name: "tau/code", Value: step.Tau})
	}
	if a.encoderBound != nil {
		k.fields = append(k.fields, rundir.Field{Name: "encoder_updates", Value: t.Encoder})
	}
	k.Tokens += tokens
	return k, err
}

// patienceOfEncoder is how many updates are averaged when it is asked whether
// the encoder still gets better.
const patienceOfEncoder = 10

// catchUp moves the encoder alone until its loss, averaged over ten batches,
// no longer falls, at most Aggressive times: He et al. 2019, algorithm 1. It
// returns the tokens read.
func (t *Trainer) catchUp() (tokens int, err error) {
	a, sum, before := t.vae, 0.0, math.Inf(1)
	for i := 1; i <= t.Aggressive; i++ {
		t.batches.Next(&t.batch)
		tokens += t.batch.Tokens()
		loss, err := a.encoderBound.Step(&t.batch, t.at())
		if _, err := t.update(a.opt, "bound", loss, err, a.encoderBound.Grad); err != nil {
			return tokens, err
		}
		t.Encoder++
		if sum += loss / patienceOfEncoder; i%patienceOfEncoder == 0 {
			if sum >= before {
				return tokens, nil
			}
			sum, before = 0, sum
		}
	}
	return tokens, nil
}

// noteMI ends the encoder's steps of its own once the mutual information of
// held-out sentences and codes no longer rises.
func (t *Trainer) noteMI(mi float64) {
	t.CaughtUp = t.CaughtUp || mi < t.LastMI
	t.LastMI = mi
}

// fieldsOf is the record of a VAE's evaluation; nats are per sentence.
func fieldsOf(v generator.VAETally) []rundir.Field {
	return []rundir.Field{
		{Name: "elbo/valid", Value: -v.Bound()}, {Name: "rec/valid", Value: v.Rec}, {Name: "kl/valid", Value: v.KL},
		{Name: "nll_weighted/valid", Value: v.Weighted}, {Name: "active_units", Value: v.Active}, {Name: "mi", Value: v.MI},
	}
}
