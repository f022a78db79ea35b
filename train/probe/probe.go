package probe

import (
	"context"
	"fmt"
	"io"
	"math"
	"path"
	"slices"
	"time"

	"textgan/generator/relax"
	"textgan/internal/config"
	"textgan/internal/feedback"
	"textgan/train"
	"textgan/vocab"
)

// Probe measures the generator's adversarial gradient where a run stands: the
// weights of both networks stay as they are, and so do the real sentences, so
// every estimator estimates the gradient of one and the same expected loss.
type Probe struct {
	t     *train.Trainer
	step  int
	batch vocab.Batch
}

// Options choose what is measured. The zero value measures everything.
type Options struct {
	Estimators []string  // of relax.Estimators: names or shell patterns; none for all
	Feedback   []string  // of relaxed estimators; none for all three
	Taus       []float64 // temperatures of relaxed estimators; default 0.25, 0.5, 1, 2
	Samples    int       // draws of every estimator, at least MinDraws; default 100
	Reference  int       // draws of the unbiased reference, at least MinDraws; default 1000
	Seed       uint64    // of the draws
	Now        func() time.Time
}

// MinDraws is the least number of draws that gives standard errors; maxDraws
// keeps the draws of estimators, reference and warm-up apart.
const (
	MinDraws = 2 * blocks
	maxDraws = 1 << 24
)

// First steps of the noise keys.
const (
	drawsFirst     = 0
	referenceFirst = maxDraws
	warmUpFirst    = 2 * maxDraws
)

// reference is the unbiased estimator that the others are held against.
const reference = "rloo"

// Open opens a checkpoint of the run in dir, "last", "best" or the number
// of a step. size is the number of real sentences (0: the run's batch), drawn
// from its corpus by seed; stdin serves the corpus "-".
func Open(dir, which string, size int, seed uint64, stdin io.Reader) (*Probe, error) {
	t, err := train.Open(dir, which, stdin)
	if err != nil {
		return nil, err
	}
	if t.Config.Model != "gan" {
		return nil, fmt.Errorf("probe: run %s has no discriminator whose gradient could be measured; train one with --model gan", dir)
	}
	if t.Config.Objective.Couples() {
		return nil, fmt.Errorf("probe: %s couples the sentences of a batch, so no score function gives an unbiased reference; probe a run with another objective than run %s", t.Config.Objective, dir)
	}
	if size == 0 {
		size = t.Config.Batch
	}
	p := &Probe{t: t, step: t.Step}
	batches, err := vocab.NewBatches(t.Data.Train, vocab.BatchOptions{Size: size, Seed: seed})
	if err != nil {
		return nil, err
	}
	batches.Next(&p.batch)
	return p, nil
}

// candidate is an estimator as it takes part in a comparison.
type candidate struct {
	train.Estimator
	feedback string  // empty for score functions
	tau      float64 // 0 for score functions
}

// candidates are the estimators that opt names, each with every feedback and
// every tau that makes a difference.
func (p *Probe) candidates(opt Options) (list []candidate, err error) {
	defer func() {
		if err != nil { // of an option, whichever it was
			err = &config.Error{Msg: err.Error()}
		}
	}()
	names, err := chooseEstimators(opt.Estimators)
	if err != nil {
		return nil, err
	}
	feedbacks := opt.Feedback
	if len(feedbacks) == 0 {
		for _, f := range feedback.All {
			feedbacks = append(feedbacks, string(f))
		}
	}
	for _, tau := range opt.Taus {
		if !(tau > 0) || math.IsInf(tau, 0) {
			return nil, fmt.Errorf("probe: tau is %g; it must be positive", tau)
		}
	}
	for _, name := range names {
		var c candidate
		if c.Estimator, err = train.ParseEstimator(name); err != nil {
			return nil, err
		}
		if err := c.Suits(p.t.Config.Objective); err != nil {
			if slices.Contains(opt.Estimators, name) {
				return nil, err
			}
			continue
		}
		if !c.Relaxed() {
			list = append(list, c)
			continue
		}
		var seen []string
		for _, f := range feedbacks {
			if _, err := feedback.Parse(f); err != nil {
				return nil, fmt.Errorf("probe: %w", err)
			}
			// A one-hot token fed back softly is fed back straight through.
			if c.Hard() && f == string(feedback.Soft) {
				f = string(feedback.StraightThrough)
			}
			if slices.Contains(seen, f) {
				continue
			}
			seen = append(seen, f)
			taus := opt.Taus
			if e, err := relax.Lookup(name); err == nil && e.IgnoresTau {
				taus = []float64{1}
			}
			for _, tau := range taus {
				c.feedback, c.tau = f, tau
				list = append(list, c)
			}
		}
	}
	return list, nil
}

// Unread tells which of Feedback and Taus none of the chosen estimators reads, whatever
// they are set to. Where a name is wrong it is neither.
func (o Options) Unread() (feedback, taus bool) {
	names, err := chooseEstimators(o.Estimators)
	if err != nil {
		return false, false
	}
	feedback, taus = true, true
	for _, name := range names {
		e, err := train.ParseEstimator(name)
		if err != nil {
			return false, false
		}
		if !e.Relaxed() {
			continue
		}
		feedback = false
		if row, err := relax.Lookup(name); err != nil || !row.IgnoresTau {
			taus = false
		}
	}
	return feedback, taus
}

// chooseEstimators finds estimators of training by name, with options or
// without, or by shell pattern over names. None chooses all.
func chooseEstimators(wanted []string) (names []string, err error) {
	if len(wanted) == 0 {
		wanted = []string{"*"}
	}
	add := func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, want := range wanted {
		found := false
		for _, e := range relax.Estimators() {
			ok, err := path.Match(want, e.Name)
			if err != nil {
				return nil, fmt.Errorf("probe: estimator pattern %q: %w", want, err)
			}
			if ok {
				found = true
				add(e.Spec())
			}
		}
		if found {
			continue
		}
		if _, err := train.ParseEstimator(want); err != nil {
			return nil, err
		}
		add(want)
	}
	return names, nil
}

// gather draws n gradients. ms is what one took, in milliseconds.
func (p *Probe) gather(ctx context.Context, c candidate, first uint32, n int, opt Options) (m *gradientMoments, ms float64, err error) {
	s, err := p.t.NewGeneratorStep(train.StepOptions{B: p.batch.B, Estimator: c.Name, Feedback: c.feedback})
	if err != nil {
		return nil, 0, err
	}
	defer s.Close()
	ends, P := []int{}, 0
	for _, w := range p.t.LanguageModel().Params() {
		P += len(w.Data)
		ends = append(ends, P)
	}
	for i := range uint32(c.WarmUp()) {
		if _, err := s.Run(&p.batch, opt.Seed, warmUpFirst+i, c.tau); err != nil {
			return nil, 0, err
		}
	}
	m = newGradientMoments(ends, n)
	var spent time.Duration
	for i := range uint32(n) {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		start := opt.Now()
		if _, err := s.Run(&p.batch, opt.Seed, first+i, c.tau); err != nil {
			return nil, 0, err
		}
		spent += opt.Now().Sub(start)
		m.add(s.Grad)
	}
	if size := m.spread[0].mean; math.IsNaN(size) || math.IsInf(size, 0) {
		return nil, 0, fmt.Errorf("probe: %s: its gradient is not finite; try a larger tau", c.title())
	}
	return m, float64(spent.Microseconds()) / 1000 / float64(n), nil
}

func (c candidate) title() string {
	if !c.Relaxed() {
		return c.Name
	}
	return fmt.Sprintf("%s, %s, tau %g", c.Name, c.feedback, c.tau)
}

// Measure draws gradients with every estimator that opt chooses and compares
// them with the long-run mean of an unbiased one, leave-one-out REINFORCE. All
// relaxed estimators see the same Gumbel noise, and all score functions the
// same sentences; the reference sees others. progress, if not nil, is told of
// every estimator before it is measured.
func (p *Probe) Measure(ctx context.Context, opt Options, progress func(done, total int, name string)) (*Report, error) {
	if err := opt.complete(); err != nil {
		return nil, err
	}
	list, err := p.candidates(opt)
	if err != nil {
		return nil, err
	}
	tell := func(done int, name string) {
		if progress != nil {
			progress(done, len(list)+1, name)
		}
	}
	tell(0, "reference")
	r, err := p.newReport(ctx, opt)
	if err != nil {
		return nil, err
	}
	for i, c := range list {
		tell(i+1, c.title())
		m, ms, err := p.gather(ctx, c, drawsFirst, opt.Samples, opt)
		if err != nil {
			return nil, err
		}
		r.Estimators = append(r.Estimators, r.result(c, m, ms))
	}
	tell(len(list)+1, "")
	return r, nil
}

func (o *Options) complete() error {
	if o.Samples == 0 {
		o.Samples = 100
	}
	if o.Reference == 0 {
		o.Reference = 1000
	}
	if o.Taus == nil {
		o.Taus = []float64{0.25, 0.5, 1, 2}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, n := range []int{o.Samples, o.Reference} {
		if n < MinDraws || n > maxDraws {
			return fmt.Errorf("probe: %d draws; give from %d to %d", n, MinDraws, maxDraws)
		}
	}
	return nil
}
