package ratio

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"textgan/internal/nn"
	"textgan/internal/rng"
)

// FitOptions of a critic's training; zero values stand for the defaults.
type FitOptions struct {
	Steps int     // updates at most, default 900
	Batch int     // real sentences of a step, and as many generated; default 256
	LR    float64 // Adam's step size, default 0.005
	Every int     // steps between looks at the held-out loss, default 50
	Seed  uint64  // of the Critic stream
	// Folds, if any, lets the critic learn the held-out real sentences, in so many parts for
	// cross-validation: a model behind the features may know the training lines better
	// than any other text, and what it says of those is then no measure of what it says.
	Folds int
	// Stop, if any, is asked before every update: once it says true, Fit returns ErrStopped.
	Stop func() bool
}

// Folds of the critics that learn held-out lines. They are two because equal options come to
// equal critics and runs: another number would change those that were measured and recorded.
const (
	FoldsOfRun   = 5  // of a critic that is kept beside its run
	FoldsOfRound = 10 // of one that a round trains and drops
)

// ErrStopped is the error of a critic whose training was stopped.
var ErrStopped = errors.New("critic: stopped")

func (o *FitOptions) complete() {
	if o.Steps == 0 {
		o.Steps = 900
	}
	if o.Batch == 0 {
		o.Batch = 256
	}
	if o.LR == 0 {
		o.LR = 0.005
	}
	if o.Every == 0 {
		o.Every = 50
	}
}

// Texts are what a critic is trained and judged on, sentences with their ends.
type Texts struct {
	Real, Fake         [][]int32 // learnt: training lines, and the generator's own sentences
	HeldReal, HeldFake [][]int32 // held out of training

	KnownFake, KnownHeldFake Known // log p of those, as far as they are known
}

// Fit trains a critic by logistic loss, half real and half generated, and keeps
// the weights with the lowest loss on the held-out sentences. With Folds each part of the
// held-out real sentences is judged by a critic of the others, the number of updates is
// that of the lowest loss over all parts, and the critic learns them all in the end; the
// training lines are not looked at. The result is a
// function of the sentences, the options and the first weights; whatever was
// learnt before is forgotten.
func (c *Critic) Fit(t Texts, o FitOptions) (Report, error) {
	o.complete()
	if o.Folds > 0 {
		t.Real = t.HeldReal
	}
	if len(t.Real) == 0 || len(t.Fake) == 0 || len(t.HeldReal) < 2 || len(t.HeldFake) < 2 {
		return Report{}, fmt.Errorf("critic: %d real and %d generated sentences, %d and %d held out; at least 1, 1, 2 and 2 are needed", len(t.Real), len(t.Fake), len(t.HeldReal), len(t.HeldFake))
	}
	if o.Folds == 1 || o.Folds > len(t.HeldReal) {
		return Report{}, fmt.Errorf("critic: %d held-out sentences do not divide into %d parts; at least 2 parts of one are needed", len(t.HeldReal), o.Folds)
	}
	var f [4][][]float32
	known := [...]Known{1: t.KnownFake, 3: t.KnownHeldFake}
	for i, s := range [...][][]int32{t.Real, t.Fake, t.HeldReal, t.HeldFake} {
		if i == 0 && o.Folds > 0 {
			continue
		}
		var err error
		if f[i], err = c.featuresKnown(s, known[i]); err != nil {
			return Report{}, err
		}
	}
	real, fake, heldReal, heldFake := f[0], f[1], f[2], f[3]
	r := Report{HeldReal: len(heldReal), HeldFake: len(heldFake)}
	var err error
	if o.Folds > 0 {
		real = heldReal
		err = c.crossFit(&r, heldReal, fake, heldFake, o)
	} else {
		var best nn.Params
		err = c.learn(real, fake, o, func(at int) {
			c.keepLimit(fake)
			if loss := LogLoss(c.scoreAll(heldReal), c.scoreAll(heldFake)); best == nil || loss < r.Loss {
				r.Loss, r.Step, best = loss, at, c.params.Clone()
			}
		})
		if err == nil {
			err = c.params.Set(best)
		}
		if err == nil {
			c.keepLimit(fake)
			r.judge(c.scoreAll(heldReal), c.scoreAll(heldFake))
		}
	}
	if err != nil {
		return r, err
	}
	r.TrainLoss = LogLoss(c.scoreAll(real), c.scoreAll(fake))
	r.Bound = math.Exp(slices.Max(c.scoreAll(heldFake)))
	return r, nil
}

// crossFit learns real sentences and judges them by critics that have not learnt them:
// sentence i, real or generated, by the one of part i mod Folds.
func (c *Critic) crossFit(r *Report, real, fake, heldFake [][]float32, o FitOptions) error {
	var reals, fakes [][]float64 // at each look, scores
	for part := range o.Folds {
		judged, others := split(real, part, o.Folds)
		judgedFake, _ := split(heldFake, part, o.Folds)
		look := 0
		err := c.learn(others, fake, o, func(int) {
			c.keepLimit(fake)
			if part == 0 {
				reals, fakes = append(reals, make([]float64, len(real))), append(fakes, make([]float64, len(heldFake)))
			}
			for i, s := range c.scoreAll(judged) {
				reals[look][part+i*o.Folds] = s
			}
			for i, s := range c.scoreAll(judgedFake) {
				fakes[look][part+i*o.Folds] = s
			}
			look++
		})
		if err != nil {
			return err
		}
	}
	best, least := 0, math.Inf(1)
	for i := range reals {
		if loss := LogLoss(reals[i], fakes[i]); loss < least {
			best, least = i, loss
		}
	}
	r.judge(reals[best], fakes[best])
	r.Step = min(best*o.Every, o.Steps)
	o.Steps = r.Step
	err := c.learn(real, fake, o, func(int) {})
	c.keepLimit(fake)
	return err
}

// split parts the rows whose number leaves the rest part when divided by folds from the others.
func split(rows [][]float32, part, folds int) (some, others [][]float32) {
	for i, f := range rows {
		if i%folds == part {
			some = append(some, f)
		} else {
			others = append(others, f)
		}
	}
	return some, others
}

// learn trains the critic anew on features of real and generated sentences, for o.Steps
// updates, and calls look before the first, after the last, and every o.Every between.
func (c *Critic) learn(real, fake [][]float32, o FitOptions, look func(at int)) error {
	c.standardise(real, o.Seed)
	step, err := c.graph(2 * o.Batch)
	if err != nil {
		return err
	}
	defer step.Close()
	adam := nn.NewAdam(nn.AdamConfig{LR: o.LR, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Clip: 5}, c.params)
	for at := 0; ; at++ {
		if at%o.Every == 0 || at == o.Steps {
			look(at)
		}
		if at == o.Steps {
			return nil
		}
		if o.Stop != nil && o.Stop() {
			return ErrStopped
		}
		draws := rng.Key{Seed: o.Seed, Stream: rng.Critic, Step: uint32(at)}.Rand()
		for i := range 2 * o.Batch {
			from, label := real, float32(1)
			if i >= o.Batch {
				from, label = fake, -1
			}
			for j, v := range from[draws.IntN(len(from))][:c.learnt] {
				step.x[i*c.learnt+j] = (v - c.mean[j]) / c.sd[j]
			}
			step.labels[i] = label
		}
		if _, err := step.Run(); err != nil {
			return fmt.Errorf("critic: step %d: %w", at+1, err)
		}
		if _, err := adam.Update(step.Grad); err != nil {
			return fmt.Errorf("critic: step %d: %w", at+1, err)
		}
	}
}

// Report says what a critic can tell of sentences that it has not learnt. The
// errors are standard errors over these sentences. The step was chosen by the
// same sentences, so that the loss is a little too good.
type Report struct {
	Step      int     `json:"step"` // of the lowest held-out loss
	HeldReal  int     `json:"held_real"`
	HeldFake  int     `json:"held_generated"`
	Loss      float64 `json:"loss"`       // mean log-loss in nats, half real, half generated; ln 2 tells nothing
	LossErr   float64 `json:"loss_error"` //
	TrainLoss float64 `json:"train_loss"` // on what was learnt
	Accuracy  float64 `json:"accuracy"`   // share of sentences on the right side of 0, half and half
	AccErr    float64 `json:"accuracy_error"`
	// Gain is E_real s - log E_gen exp(s): the nats a sentence by which the
	// residual model p_gen exp(s)/Z predicts real sentences better than the
	// generator does.
	Gain    float64 `json:"gain"`
	GainErr float64 `json:"gain_error"`
	// Bound is the largest weight exp(s) among the held-out generated sentences:
	// that by which rejection sampling divides.
	Bound float64 `json:"bound"`
}

// Leak reports whether the critic tells the lines that it has learnt from the
// generator's far better than held-out ones: a model behind its features knows
// the training lines by heart, better than the generator does.
func (r Report) Leak() bool {
	gap := r.Loss - r.TrainLoss
	return gap > 0.06 && gap > 3*r.LossErr
}

func (r *Report) judge(real, fake []float64) {
	r.Loss, r.LossErr, r.Accuracy, r.AccErr = Judge(real, fake)
	m, v := meanVar(real)
	top := slices.Max(fake)
	weights := make([]float64, len(fake))
	for i, s := range fake {
		weights[i] = math.Exp(s - top)
	}
	w, wv := meanVar(weights)
	r.Gain = m - top - math.Log(w)
	r.GainErr = math.Sqrt(v/float64(len(real)) + wv/(w*w)/float64(len(fake)))
}

// Judge is the log-loss in nats and the accuracy of scores, each side counted half,
// and their standard errors over sentences. A score of 0 is half right. Either side
// needs two scores.
func Judge(real, fake []float64) (loss, lossErr, accuracy, accuracyErr float64) {
	for i, scores := range [2][]float64{real, fake} {
		sign, n := 1-2*float64(i), float64(len(scores))
		nats, right := make([]float64, len(scores)), make([]float64, len(scores))
		for j, s := range scores {
			nats[j] = softplus(-sign * s)
			switch {
			case s == 0:
				right[j] = 0.5
			case sign*s > 0:
				right[j] = 1
			}
		}
		m, v := meanVar(nats)
		loss, lossErr = loss+m/2, lossErr+v/n/4
		m, v = meanVar(right)
		accuracy, accuracyErr = accuracy+m/2, accuracyErr+v/n/4
	}
	return loss, math.Sqrt(lossErr), accuracy, math.Sqrt(accuracyErr)
}

// LogLoss is the mean of -log sigmoid(s) over real and of -log sigmoid(-s)
// over generated sentences, each side counted half.
func LogLoss(real, fake []float64) float64 {
	a, b := 0.0, 0.0
	for _, s := range real {
		a += softplus(-s)
	}
	for _, s := range fake {
		b += softplus(s)
	}
	return (a/float64(len(real)) + b/float64(len(fake))) / 2
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// meanVar returns mean and unbiased variance.
func meanVar(x []float64) (m, v float64) {
	for _, a := range x {
		m += a
	}
	m /= float64(len(x))
	for _, a := range x {
		v += (a - m) * (a - m)
	}
	return m, v / float64(len(x)-1)
}
