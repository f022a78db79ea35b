package train

import (
	"context"
	"errors"
	"fmt"
)

// Comparison is what the same start comes to when every estimator trains on.
type Comparison struct {
	Steps    int // adversarial, of each
	Start    Evaluation
	Gradient *ProbeReport // at the start
	Ends     []End        // in the order of Gradient.Estimators
}

// End is what one estimator came to.
type End struct {
	Evaluation           // of the last sound weights
	Millis     float64   // of an adversarial step, without the first, which makes the graphs
	Diverged   *Diverged // nil if all steps were taken
}

// Compare lets every estimator that opt chooses take adversarial steps from
// where the run stands: the same weights, optimisers, batches and evaluation.
// A run that has not come to its adversarial phase first finishes its
// discriminator's. Taus gives the temperature of the gradients at the start,
// by default that of the run's schedule; training follows the schedule.
func (p *Probe) Compare(ctx context.Context, opt ProbeOptions, steps int, progress func(done, total int, name string)) (*Comparison, error) {
	if steps < 2 {
		return nil, fmt.Errorf("train: %d steps; give at least 2, of which the first is not timed", steps)
	}
	t := p.t
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	if opt.Taus == nil {
		opt.Taus = []float64{t.tau.At(0)}
	}
	if len(opt.Taus) != 1 {
		return nil, fmt.Errorf("train: %d temperatures; a comparison takes one", len(opt.Taus))
	}
	if err := opt.complete(); err != nil {
		return nil, err
	}
	list, err := p.contenders(opt)
	if err != nil {
		return nil, err
	}
	told := func(done, _ int, name string) {
		if progress != nil {
			progress(done, 2*len(list)+1, name)
		}
	}
	c := &Comparison{Steps: steps}
	if c.Gradient, err = p.Measure(ctx, opt, told); err != nil {
		return nil, err
	}
	if c.Start, _, err = t.judge.evaluate(t.Step); err != nil {
		return nil, err
	}
	for i, each := range list {
		told(len(list)+1+i, 0, each.title())
		end, err := p.compete(ctx, each, opt, steps)
		if err != nil {
			return nil, err
		}
		c.Ends = append(c.Ends, end)
	}
	told(2*len(list)+1, 0, "")
	return c, nil
}

// ready takes the run to the first adversarial step, if it is not beyond it.
func (p *Probe) ready(ctx context.Context) error {
	t := p.t
	if t.Phase.byLikelihood() {
		t.Phase, t.Since = Discriminator, 0
	}
	for t.Phase == Discriminator && t.Since < t.DPre {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := t.step(); err != nil {
			return err
		}
		t.Step++
		t.Since++
	}
	t.Phase, t.Since = Adversarial, 0
	return nil
}

// compete trains a copy of the run with one estimator.
func (p *Probe) compete(ctx context.Context, c contender, opt ProbeOptions, steps int) (x End, err error) {
	config := p.t.Config
	config.Estimator, config.AdvSteps = c.name, steps
	if c.feedback != "" {
		config.Feedback = c.feedback
	}
	t, err := New(config, p.t.Data)
	if err != nil {
		return x, err
	}
	if err := t.startFrom(p.t); err != nil {
		return x, err
	}
	begin := opt.Now()
	for i := range steps {
		if err := ctx.Err(); err != nil {
			return x, err
		}
		if i == 1 {
			begin = opt.Now()
		}
		if _, err := t.step(); errors.As(err, &x.Diverged) {
			break
		} else if err != nil {
			return x, err
		}
		t.Step++
		t.Since++
	}
	x.Millis = float64(opt.Now().Sub(begin).Microseconds()) / 1000 / float64(max(t.Since-1, 1))
	x.Evaluation, _, err = t.judge.evaluate(p.t.Step) // the same samples for equal weights
	return x, err
}

// startFrom takes over weights, optimisers and the place in the corpus.
func (t *Trainer) startFrom(from *Trainer) error {
	files := from.tensors()
	for name, ps := range t.tensors() {
		if err := ps.Set(files[name]); err != nil {
			return err
		}
	}
	t.State = from.State
	t.optMLE.Restore(t.MLE)
	if t.vae != nil {
		t.vae.opt.Restore(t.Encoder)
	}
	t.setLR()
	t.optG.Restore(t.G)
	t.optD.Restore(t.D)
	return t.batches.Seek(from.batches.Position())
}
