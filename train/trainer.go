package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync/atomic"
	"time"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
)

// ErrInterrupted is the error of a run that was asked to stop: the step was
// finished, or undone if it is a long one, or its evaluation put off; see Trainer.Run.
var ErrInterrupted = errors.New("train: interrupted")

// Diverged is the error of a run whose loss or gradient is no longer a number.
type Diverged struct {
	Step  int     // the step that failed
	Phase string  // whose step size is too large: an adversarial step takes updates of other phases too
	What  string  // the value that was not finite
	Last  float64 // loss of the step before
}

func (d *Diverged) Error() string {
	return fmt.Sprintf("train: step %d: %s; the last finite loss was %.4g; a resumed run comes to the same, so start one with a smaller %s", d.Step, d.What, d.Last, StepSizeOption(d.Phase))
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Watcher is told what a run does, on the run's own goroutine. Either function
// may be nil.
type Watcher struct {
	Step func(Progress)
	Eval func(Evaluation)
}

// Progress is a step just taken.
type Progress struct {
	Phase        string
	Step         int // over all phases, from 1
	Since, Total int // steps in this phase, and its length (likelihood may end earlier)
	Tokens       int // real tokens that the step learned from
	Loss         float64
	Fields       []rundir.Field // what the record says of the step
}

// Trainer runs a configuration on data: phase after phase, step after step.
type Trainer struct {
	Config Config
	Data   *model.Data
	Step   int // steps taken, over all phases

	common *common
	phases []Phase
	fit    fitting // one of the phases
	phase  int     // the present one
	since  int     // steps taken in it
	owed   bool    // has the evaluation of the last step still to be made?
	loss   float64 // of the last step
	best   best
	by     metric // of the checkpoint best
	judge  *judge
	rate   func(at int) float64 // step size of step at of the phase fit

	saveSoon atomic.Bool // somebody has asked for a checkpoint

	run   *rundir.Writer // nil: nothing is written
	note  string         // of what is not as the configuration says
	watch Watcher
}

// best is what a run remembers of its validation NLL, and of the metric of the
// checkpoint best if that is another one.
type best struct {
	weights nn.Params // of the lowest NLL
	Scored  bool      // has one been found?
	NLL     float64
	Worse   int      // evaluations since
	Decays  int      // times that the step size of likelihood training was cut
	Value   *float64 // of the other metric; nil before there was one
}

// New returns a trainer at step 0, its weights a function of the configuration.
func New(c Config, d *model.Data) (*Trainer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	return newTrainer(c.forText(len(d.Train)), d)
}

// newTrainer is New for a configuration that has been checked, and is complete.
func newTrainer(c Config, d *model.Data) (*Trainer, error) {
	if err := c.checkMemory(d); err != nil {
		return nil, err
	}
	t := &Trainer{Config: c, Data: d, common: &common{Config: c, T: d.MaxT, cut: &cut{parts: c.Accumulate, fast: c.Reduce == "fast"}}}
	var err error
	if t.by, err = c.Best.find(); err != nil {
		return nil, err
	}
	if err := t.by.fits(c, d.Learnt.Language); err != nil {
		return nil, &config.Error{Msg: err.Error()}
	}
	if t.common.batches, err = c.newBatches(d.Train, c.Seed); err != nil {
		return nil, err
	}
	if t.fit, t.phases, err = newPhases(t.common, d); err != nil {
		return nil, err
	}
	t.rate = func(at int) float64 { return c.rate(at, t.best.Decays) }
	t.best.weights = t.fit.Saved().Weights.Clone()
	t.judge, err = newJudge(t)
	return t, err
}

// Phase is the name of the present phase.
func (t *Trainer) Phase() string {
	if t.phase == len(t.phases) {
		return Done
	}
	return t.phases[t.phase].Name()
}

// LanguageModel is the generator as it stands.
func (t *Trainer) LanguageModel() generator.LanguageModel { return t.fit.LanguageModel() }

// Code describes the code that a VAE gives a sentence, and is empty without one.
func (t *Trainer) Code() string { return t.fit.Code() }

// MaxT is the longest sentence that the graphs have room for, its end included.
func (t *Trainer) MaxT() int { return t.common.T }

// Weights is the number of weights of the generator, or of the whole VAE.
func (t *Trainer) Weights() int { return t.fit.Saved().Weights.Size() }

// TooLarge is what no weight should come to, without its sign: the offset of what is never
// written is as far below zero.
const TooLarge = 1e9

// LargestWeight is the weight of all networks that is farthest from zero, by the phase that
// made its network and the name of its tensor in a checkpoint, without its sign; or one that
// is no number.
func (t *Trainer) LargestWeight() (phase, name string, size float64) {
	for _, p := range t.phases {
		for _, tensor := range p.Saved().Weights {
			for _, w := range tensor.Data {
				if x := math.Abs(float64(w)); x > size || math.IsNaN(x) {
					phase, name, size = p.Name(), tensor.Name, x
				}
			}
		}
	}
	return phase, name, size
}

// Hash names the present weights of all networks.
func (t *Trainer) Hash() string { return t.saved().Weights.Hash() }

// SaveSoon asks for a checkpoint after the step that is under way. It may be called
// from any goroutine.
func (t *Trainer) SaveSoon() { t.saveSoon.Store(true) }

// Run takes steps until the run is done or ctx is cancelled, which lets the
// step finish, or undoes an adversarial one of many updates or the beginning of a
// cooperative round, saves, and returns ErrInterrupted. An evaluation that it breaks off is the first thing that a
// resumed run does.
func (t *Trainer) Run(ctx context.Context, watch Watcher) error {
	t.watch = watch
	t.common.stop = func() bool { return ctx.Err() != nil }
	defer func() { t.common.stop = nil }()
	if err := t.begin(); err != nil {
		return err
	}
	for t.phase < len(t.phases) {
		improved := false
		err := ErrInterrupted
		if !t.common.stopped() {
			err = t.advance()
		}
		if err == nil && t.owed {
			improved, err = t.evaluate()
		}
		if errors.Is(err, ErrInterrupted) {
			return cmp.Or(t.save(false), err)
		}
		if err != nil {
			return err
		}
		t.owed = false
		ended := t.enter() // before saving: the last checkpoint of a phase has the weights that it ends with
		if due(t.Step, t.Config.SaveEvery) || improved || ended || t.beforeEnd() || t.saveSoon.Swap(false) {
			if err := t.save(improved); err != nil {
				return err
			}
		}
	}
	return nil
}

// advance takes a step and records it, unless the evaluation of the last one is owed.
func (t *Trainer) advance() error {
	if t.owed {
		return nil
	}
	r, err := t.Take()
	if err != nil {
		return err
	}
	p := t.phases[t.phase]
	last := t.since == p.Steps()
	if t.watch.Step != nil {
		t.watch.Step(Progress{p.Name(), t.Step, t.since, p.Steps(), r.Tokens, r.Loss, r.Fields})
	}
	t.owed = !r.Still && (due(t.since, t.Config.evalEvery(p == Phase(t.fit))) || last)
	if due(t.Step, t.Config.LogEvery) || last {
		return t.log(r)
	}
	return nil
}

// beforeEnd reports whether one step is left of the run, at most. A run that is made
// longer goes on from there, because its end changes weights and what is remembered.
func (t *Trainer) beforeEnd() bool {
	return t.Left() == 1 && !slices.ContainsFunc(t.phases[t.phase+1:], func(p Phase) bool { return p.Steps() > 0 })
}

func due(step, every int) bool { return every > 0 && step%every == 0 }

// Take takes one step of the present phase, and neither records nor evaluates it.
func (t *Trainer) Take() (Record, error) {
	start := time.Now()
	p := t.phases[t.phase]
	at := t.Config.MLESteps // later phases take likelihood steps as the first one ended
	if p == Phase(t.fit) {
		at = t.since
	}
	t.fit.SetRate(t.rate(at))
	r, err := p.Step(t.since)
	t.common.cut.work.Took += time.Since(start)
	t.common.cut.work.Steps++
	var diverged *Diverged
	if errors.As(err, &diverged) {
		diverged.Step, diverged.Last = t.Step+1, t.loss
		if phase, _, size := t.LargestWeight(); !(size <= TooLarge) { // of a network that spoils what others compute of it
			if now := p.Name(); phase == t.fit.Name() && (now == Adversarial || now == Cooperative) { // which move it too
				phase = now
			}
			diverged.Phase = phase
		}
	}
	if err != nil {
		return r, err
	}
	t.Step++
	t.since++
	t.loss = r.Loss
	return r, nil
}

// enter moves on to the next phase when the present one is over, and reports
// whether it was. The phase that fits real sentences ends with its best weights.
func (t *Trainer) enter() (ended bool) {
	for t.phase < len(t.phases) {
		p := t.phases[t.phase]
		fits := p == Phase(t.fit)
		tired := fits && t.Config.Patience > 0 && t.best.Worse >= t.Config.Patience
		if t.since < p.Steps() && !tired {
			break
		}
		if fits && t.best.Scored {
			_ = p.Saved().Weights.Set(t.best.weights) // a clone of itself always fits
		}
		t.phase, t.since, ended = t.phase+1, 0, true
	}
	return ended
}

// Enter goes to the beginning of a phase of the run, whatever the present one.
func (t *Trainer) Enter(phase string) error {
	for i, p := range t.phases {
		if p.Name() == phase {
			t.phase, t.since = i, 0
			return nil
		}
	}
	return fmt.Errorf("train: the run has no phase %s", phase)
}

// Left is the number of steps that the present phase has left, at most.
func (t *Trainer) Left() int {
	if t.phase == len(t.phases) {
		return 0
	}
	return max(t.phases[t.phase].Steps()-t.since, 0)
}

func (t *Trainer) log(r Record) error {
	if t.run == nil {
		return nil
	}
	return t.run.Log(t.Step, append([]rundir.Field{{Name: "phase", Value: t.Phase()}}, r.Fields...)...)
}

// evaluate judges the generator, records what is found, and says whether it is the
// best of the run by the metric that was chosen.
func (t *Trainer) evaluate() (improved bool, err error) {
	e, samples, err := t.Evaluate(t.Step)
	if err != nil {
		return false, err
	}
	p := t.phases[t.phase]
	fits := p == Phase(t.fit)
	e.Phase, e.EndsBest = p.Name(), fits
	if !finite(e.NLL) {
		return false, &Diverged{t.Step, p.Name(), fmt.Sprintf("the validation NLL is %v", e.NLL), t.loss}
	}
	counts := t.fit.Observe(e) || !fits || t.since == p.Steps()
	if e.Best = counts && (!t.best.Scored || e.NLL < t.best.NLL); e.Best {
		t.best.NLL, t.best.Worse, t.best.Scored = e.NLL, 0, true
		if err := t.best.weights.Set(t.fit.Saved().Weights); err != nil {
			return false, err
		}
	} else if counts && fits {
		t.best.Worse++
		t.best.Decays++
	}
	improved = e.Best
	if t.by.name != metrics[0].name {
		value, ok := t.by.of(e)
		if improved = counts && ok && (t.best.Value == nil || t.by.better(value, *t.best.Value)); improved {
			t.best.Value = &value
		}
	}
	if t.watch.Eval != nil {
		t.watch.Eval(e)
	}
	if t.run == nil {
		return improved, nil
	}
	if err := t.run.Log(t.Step, e.fields()...); err != nil {
		return false, err
	}
	return improved, t.run.SaveSamples(t.Step, samples)
}

// Discriminator is the network that the generator is trained against; nil without one.
func (t *Trainer) Discriminator() discriminator.Discriminator {
	if p, ok := phaseOf[*pretraining](t); ok {
		return p.dis
	}
	return nil
}

// Backwards is the model of the run that reads from right to left, as it stands; nil
// without one.
func (t *Trainer) Backwards() *generator.Generator {
	if p, ok := phaseOf[*backwards](t); ok {
		return p.gen
	}
	return nil
}

// phaseOf is the phase of that type, if the run has one.
func phaseOf[P Phase](t *Trainer) (p P, ok bool) {
	for _, x := range t.phases {
		if p, ok = x.(P); ok {
			break
		}
	}
	return p, ok
}
