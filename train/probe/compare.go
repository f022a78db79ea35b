package probe

import (
	"context"
	"errors"
	"fmt"

	"textgan/eval"
	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train"
)

// Comparison is the result of training on from the same start with every estimator.
type Comparison struct {
	Steps    int     // adversarial, of each; 0: as many as Seconds hold
	Seconds  float64 // of wall clock for the steps of each; 0: all take Steps
	Start    train.Evaluation
	Gradient *Report // at the start
	Unjudged string  // why there are no verdicts; empty if there are
	Ends     []End   // in the order of Gradient.Estimators
}

// End is what one estimator came to.
type End struct {
	train.Evaluation                 // of the last sound weights
	Steps            int             // that were taken
	Millis           float64         // of an adversarial step, without the first, which makes the graphs
	Verdict          *eval.Verdict   // of its samples, against the curve of the start over its temperature; nil: see Unjudged
	Diverged         *train.Diverged // nil if all steps were taken
}

// Compare lets every estimator that opt chooses take adversarial steps from
// where the run stands: the same weights, optimisers, batches and evaluation.
// A run that has not come to its adversarial phase first finishes its
// discriminator's. Taus gives the temperature of the gradients at the start,
// by default that of the run's schedule; training follows the schedule.
//
// With seconds, steps is not read: every estimator takes as many steps as fit into
// so many seconds of wall clock, by the mean time of some steps of a copy that is
// thrown away. Graphs are made, and samples judged, outside of that time. The
// number of steps is the machine's, so such a comparison does not come out the
// same twice.
func (p *Probe) Compare(ctx context.Context, opt Options, steps int, seconds float64, progress func(done, total int, name string)) (*Comparison, error) {
	if seconds > 0 {
		steps = 0
	} else if steps < 2 {
		return nil, fmt.Errorf("probe: %d steps; give at least 2, of which the first is not timed", steps)
	}
	t := p.t
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
	if err := p.ready(ctx, func(left int) { told(0, 0, fmt.Sprintf("first the discriminator, %d steps to go", left)) }); err != nil {
		return nil, err
	}
	c := &Comparison{Steps: steps, Seconds: seconds}
	if c.Gradient, err = p.Measure(ctx, opt, told); err != nil {
		return nil, err
	}
	if c.Start, _, err = t.Evaluate(t.Step); err != nil {
		return nil, err
	}
	curve, err := newCurve(t)
	if err != nil {
		return nil, err
	}
	c.Unjudged = curve.why
	for i, each := range list {
		told(len(list)+1+i, 0, each.title())
		n := steps
		if seconds > 0 {
			if n, err = p.affordable(ctx, each, opt, seconds); err != nil {
				return nil, err
			}
		}
		end, err := p.compete(ctx, each, opt, n, curve)
		if err != nil {
			return nil, err
		}
		c.Ends = append(c.Ends, end)
	}
	told(2*len(list)+1, 0, "")
	return c, nil
}

// ready takes the run to the first adversarial step, if it is not beyond it. told hears of
// every step before it how many are left.
func (p *Probe) ready(ctx context.Context, told func(left int)) error {
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
			told(t.Left())
			if _, err := t.Take(); err != nil {
				return err
			}
		}
	}
	return t.Enter(train.Adversarial)
}

// rival is a copy of the run with one estimator, for so many steps.
func (p *Probe) rival(c candidate, steps int) (*train.Trainer, error) {
	config := p.t.Config
	config.Estimator, config.AdvSteps = c.Name, steps
	if c.feedback != "" {
		config.Feedback = c.feedback
	}
	t, err := train.New(config, p.t.Data)
	if err != nil {
		return nil, err
	}
	return t, t.CopyFrom(p.t)
}

// trial is how many steps of a copy, at most, tell what one takes, in at most
// that share of the time that there is.
const trial, trialShare = 10, 0.1

// affordable is how many adversarial steps fit into the seconds, at least 2.
func (p *Probe) affordable(ctx context.Context, c candidate, opt Options, seconds float64) (int, error) {
	t, err := p.rival(c, trial)
	if err != nil {
		return 0, err
	}
	begin, done := opt.Now(), 0
	for i := range trial {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		if i == 1 {
			begin = opt.Now()
		}
		if _, err := t.Take(); errors.As(err, new(*train.Diverged)) {
			break
		} else if err != nil {
			return 0, err
		}
		if done = i; i > 0 && opt.Now().Sub(begin).Seconds() > trialShare*seconds {
			break
		}
	}
	each := opt.Now().Sub(begin).Seconds() / float64(max(done, 1))
	return int(min(max(seconds/max(each, 1e-6), 2), 1e9)), nil
}

// compete trains a copy of the run with one estimator.
func (p *Probe) compete(ctx context.Context, c candidate, opt Options, steps int, curve *curve) (x End, err error) {
	t, err := p.rival(c, steps)
	if err != nil {
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
	x.Steps = t.Step - p.t.Step
	x.Millis = float64(opt.Now().Sub(begin).Microseconds()) / 1000 / float64(max(x.Steps-1, 1))
	if x.Evaluation, _, err = t.Evaluate(p.t.Step); err != nil { // the same samples for equal weights
		return x, err
	}
	x.Verdict, err = curve.judge(t)
	return x, err
}

// curve is the start over its temperature: BLEU-4 against self-BLEU-4, from as
// many samples as an evaluation of the run takes.
type curve struct {
	refs     *eval.References
	lexicon  *eval.Lexicon
	frontier *eval.Frontier
	why      string // there is none
}

// curveOrder is the n of its BLEU; curveLeast the fewest samples that say anything.
const curveOrder, curveLeast = 4, 20

var curveTemperatures = []float64{0.7, 0.85, 1, 1.15, 1.3}

func newCurve(t *train.Trainer) (*curve, error) {
	c := &curve{lexicon: eval.NewLexicon()}
	if t.Config.EvalSamples < curveLeast {
		c.why = fmt.Sprintf("a verdict takes %d samples, and --eval-samples of the run is %d", curveLeast, t.Config.EvalSamples)
		return c, nil
	}
	var err error
	tokenize := t.Data.Vocab.Tokenizer().Tokenize
	if c.refs, err = eval.NewReferences(c.lexicon.Add(t.Data.Valid.Lines, tokenize), curveOrder); err != nil {
		return nil, err
	}
	var points []eval.Point
	for i, tau := range curveTemperatures {
		p, err := c.point(t, tau, uint32(i))
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	if c.frontier, err = eval.NewFrontier(eval.BLEUAxes(curveOrder), points); err != nil {
		c.why = err.Error() // one temperature beats all others
	}
	return c, nil
}

// point places samples of a run's generator; draw names their randomness.
func (c *curve) point(t *train.Trainer, tau float64, draw uint32) (p eval.Point, err error) {
	s, err := t.LanguageModel().NewSampler(generator.SampleOptions{MaxLen: t.Data.MaxT, NoUnk: true, Temperature: tau})
	if err != nil {
		return p, err
	}
	lines := t.Data.Vocab.DecodeAll(s.Sample(t.Config.EvalSamples, rng.Key{Seed: t.Config.Seed, Stream: rng.Eval, Step: 1<<31 + draw}))
	tokenize, opt := t.Data.Vocab.Tokenizer().Tokenize, eval.Options{MaxN: curveOrder}
	bleu, err := eval.BLEU(c.refs, c.lexicon.Find(lines, tokenize), opt)
	if err != nil {
		return p, err
	}
	self, err := eval.SelfBLEU(eval.NewLexicon().Add(lines, tokenize), opt)
	if err != nil {
		return p, err
	}
	n := curveOrder - 1
	return eval.Point{Temperature: tau, X: self.ByOrder[n], Y: bleu.ByOrder[n], ErrX: self.StdErr[n], ErrY: bleu.StdErr[n],
		Signatures: [2]string{self.Signature, bleu.Signature}}, nil
}

// judge holds samples of a run's generator at temperature 1 against the curve. All
// rivals share their random numbers, and no point of the curve has them.
func (c *curve) judge(t *train.Trainer) (*eval.Verdict, error) {
	if c.frontier == nil {
		return nil, nil
	}
	p, err := c.point(t, 1, 1000)
	if err != nil {
		return nil, err
	}
	v, err := c.frontier.Judge(p, 0.95)
	return &v, err
}
