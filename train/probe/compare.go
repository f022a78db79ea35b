package probe

import (
	"context"
	"errors"
	"fmt"

	"textgan/train"
)

// Comparison is the result of training on from the same start with every estimator.
type Comparison struct {
	Steps    int // adversarial, of each
	Start    train.Evaluation
	Gradient *Report // at the start
	Ends     []End   // in the order of Gradient.Estimators
}

// End is what one estimator came to.
type End struct {
	train.Evaluation                 // of the last sound weights
	Millis           float64         // of an adversarial step, without the first, which makes the graphs
	Diverged         *train.Diverged // nil if all steps were taken
}

// Compare lets every estimator that opt chooses take adversarial steps from
// where the run stands: the same weights, optimisers, batches and evaluation.
// A run that has not come to its adversarial phase first finishes its
// discriminator's. Taus gives the temperature of the gradients at the start,
// by default that of the run's schedule; training follows the schedule.
func (p *Probe) Compare(ctx context.Context, opt Options, steps int, progress func(done, total int, name string)) (*Comparison, error) {
	if steps < 2 {
		return nil, fmt.Errorf("probe: %d steps; give at least 2, of which the first is not timed", steps)
	}
	t := p.t
	if err := p.ready(ctx); err != nil {
		return nil, err
	}
	if opt.Taus == nil {
		opt.Taus = []float64{t.Tau(0)}
	}
	if len(opt.Taus) != 1 {
		return nil, fmt.Errorf("probe: %d temperatures; a comparison takes one", len(opt.Taus))
	}
	if err := opt.complete(); err != nil {
		return nil, err
	}
	list, err := p.candidates(opt)
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
	if c.Start, _, err = t.Evaluate(t.Step); err != nil {
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
	if phase := t.Phase(); phase != train.Adversarial && phase != train.Done {
		if phase != train.Discriminator {
			if err := t.Enter(train.Discriminator); err != nil {
				return err
			}
		}
		for t.Left() > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			if _, err := t.Take(); err != nil {
				return err
			}
		}
	}
	return t.Enter(train.Adversarial)
}

// compete trains a copy of the run with one estimator.
func (p *Probe) compete(ctx context.Context, c candidate, opt Options, steps int) (x End, err error) {
	config := p.t.Config
	config.Estimator, config.AdvSteps = c.Name, steps
	if c.feedback != "" {
		config.Feedback = c.feedback
	}
	t, err := train.New(config, p.t.Data)
	if err != nil {
		return x, err
	}
	if err := t.CopyFrom(p.t); err != nil {
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
		if _, err := t.Take(); errors.As(err, &x.Diverged) {
			break
		} else if err != nil {
			return x, err
		}
	}
	x.Millis = float64(opt.Now().Sub(begin).Microseconds()) / 1000 / float64(max(t.Step-p.t.Step-1, 1))
	x.Evaluation, _, err = t.Evaluate(p.t.Step) // the same samples for equal weights
	return x, err
}
