package train

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

	"textgan/corpora"
	"textgan/generator/relax"
	"textgan/internal/config"
	"textgan/train/model"
	"textgan/train/rundir"
)

// length is an option that says how long a phase is.
type length struct {
	option string
	of     func(Config) (value, steps int)
	phases []string // that can have it
}

// lengths are in the order of the phases.
var lengths = []length{
	{"mle-steps", func(c Config) (int, int) { return c.MLESteps, c.MLESteps }, []string{Likelihood, ELBO}},
	{"adv-steps", func(c Config) (int, int) { return c.AdvSteps, c.AdvSteps }, []string{Adversarial}},
	{"coop-rounds", func(c Config) (int, int) { return c.CoopRounds, c.CoopRounds * c.CoopSteps }, []string{Cooperative}},
}

// Extend makes the run in dir longer, as the options say that were given, the
// strongest layer first: --mle-steps, --adv-steps or --coop-rounds, the whole length
// each. The run goes on from a checkpoint before its end, of which the evaluation and
// the choice of weights are taken back, and comes to what one long run would have
// come to, bit for bit (but for the field tau of the record of a score function, which
// reads none). Where that cannot be, it is refused and left as it is: a
// schedule that depends on the length has been followed already, a later phase has
// begun, the phase has ended early, or there is no such checkpoint any more. Other
// options than lengths must be those of the run, but for those that did nothing in it and
// do with the new lengths: rounds that it never had may be of any kind.
//
// A run that is as long already and has not ended is resumed.
func Extend(dir string, layers []config.Layer, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := r.CheckWhole(); err != nil {
		return nil, nil, err
	}
	was, v, err := describe(r)
	if err != nil {
		return nil, nil, err
	}
	c, changed, err := was.longer(r, layers)
	if err != nil {
		return nil, nil, &config.Error{Msg: err.Error()}
	}
	done, err := Finished(dir)
	if errors.Is(err, rundir.ErrNoCheckpoint) {
		err = fmt.Errorf("train: run %s has no checkpoint to go on from; start a new one", dir)
	}
	if err != nil {
		return nil, nil, err
	}
	if changed == nil {
		if !done {
			return Resume(dir, stdin, start)
		}
		return nil, nil, &config.Error{Msg: fmt.Sprintf("train: run %s is as long already, and done; name a greater length", dir)}
	}
	t, err := reopenAs(r, c, v, stdin)
	if err != nil {
		return nil, nil, err
	}
	if c = t.Config; c.CoopRounds > 0 && len(t.Data.Held) < leastHeld {
		return nil, nil, refuse("train: --coop-rounds: the run holds out %d line, on which no critic can be judged; start a new one that holds out more", len(t.Data.Held))
	}
	x := &extension{run: r, was: was, now: c, t: t, changed: changed}
	ck, err := x.from()
	if err != nil {
		return nil, nil, err
	}
	if state, err := model.ReadState(ck, v); err != nil {
		return nil, nil, err
	} else if _, owed := state[owedEvaluation]; owed {
		return nil, nil, refuse("train: run %s was stopped in the evaluation of step %d; go on with --resume first", dir, ck.Step)
	}
	if err := c.absolute(); err != nil {
		return nil, nil, err
	}
	w, ck, err := rundir.Extend(dir, rundir.Extension{Step: ck.Step, Was: r.Manifest.Config, Config: c.toml(), Options: changed}, start, rundir.Options{Keep: c.Keep},
		func(ck *rundir.Checkpoint) error { return t.restore(r, ck) })
	if err != nil {
		return nil, nil, err
	}
	if err := w.MendBest(bestOf(&w.Run, ck)); err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	t.run = w
	return t, w, nil
}

// longer is the configuration with the lengths that were given, and the options that it
// has anew: lengths that are greater, and what was given of phases that the run did not have.
func (c Config) longer(r *rundir.Run, layers []config.Layer) (Config, map[string]string, error) {
	settings, err := model.Settings(r)
	if err != nil {
		return c, nil, err
	}
	was := c
	given := config.Layer{}
	for _, layer := range slices.Backward(layers) {
		maps.Copy(given, Options.Own(layer))
	}
	if c, err = Options.Resolve(given, settings); err != nil {
		return c, nil, err
	}
	idle, still := was.idle(), c.idle()
	added := func(name string) bool { // is it of a phase that the run did not have?
		o, _ := Options.Find(name)
		return idle[o.Group] != "" && still[o.Group] == "" && name != "back-run" // which the checkpoints of before know nothing of
	}
	maps.DeleteFunc(settings, func(name string, _ config.Given) bool { return added(name) }) // what followed from others
	named, changed := false, map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.ContainsFunc(lengths, func(l length) bool { return l.option == name }) {
			named = true
			continue
		}
		if added(name) {
			changed[name] = given[name].Text
			continue
		}
		o, _ := Options.Find(name)
		is, ok := settings[name]
		if !ok {
			is = config.Given{Text: o.Default}
		}
		value := given[name]
		if o.Meta == "FILE" || o.Meta == "DIR" {
			if value.Text, err = corpora.Absolute(value.Text); err != nil {
				return c, nil, err
			}
		}
		if !same(name, value, is) {
			return c, nil, fmt.Errorf("%s: a run that is made longer keeps its other settings, and %s is %q; drop this, or start a new run", given[name].Quote, name, is.Text)
		}
		delete(given, name)
	}
	if !named {
		return c, nil, errors.New("train: --extend needs the new length: --mle-steps, --adv-steps or --coop-rounds")
	}
	if c, err = Options.Resolve(given, settings); err != nil {
		return c, nil, err
	}
	grows := false
	for _, l := range lengths {
		before, _ := l.of(was)
		after, _ := l.of(c)
		switch {
		case after < before:
			return c, nil, fmt.Errorf("train: --%s %d: the run has %d, and --extend makes it longer", l.option, after, before)
		case after > before:
			grows, changed[l.option] = true, strconv.Itoa(after)
		}
	}
	if !grows {
		changed = nil
	}
	return c, changed, c.Check()
}

// extension finds where a run that is made longer goes on from.
type extension struct {
	run      *rundir.Run
	was, now Config
	t        *Trainer // under the new settings
	changed  map[string]string
}

// index is the place of a phase among those of the run; that of Done is behind all.
func (x *extension) index(name string) int {
	if i := slices.IndexFunc(x.t.phases, func(p Phase) bool { return p.Name() == name }); i >= 0 {
		return i
	}
	return len(x.t.phases)
}

// from is the newest checkpoint that one long run would have passed through.
func (x *extension) from() (*rundir.Checkpoint, error) {
	newest, _, err := x.run.ResumePoint()
	if err != nil {
		return nil, err
	}
	end, _, err := standOf(newest, x.t.Data.Vocab)
	if err != nil {
		return nil, err
	}
	first := len(x.t.phases) // of the phases that become longer
	option, steps := "", 0
	for _, l := range slices.Backward(lengths) {
		for _, phase := range l.phases {
			if i := x.index(phase); x.changed[l.option] != "" && i < len(x.t.phases) {
				first, option = i, l.option
				_, steps = l.of(x.was)
			}
		}
	}
	if first == len(x.t.phases) {
		return nil, refuse("train: run %s has no such phase to make longer: drop --%s", x.run.Dir, slices.Sorted(maps.Keys(x.changed))[0])
	}
	at := x.index(end.Phase)
	if name := x.begun(first, at, end); name != "" {
		return nil, refuse("train: --%s: phase %s has begun, and stands on what the phase before it came to; start a new run", option, name)
	}
	aligned := due(steps, x.was.evalEvery(x.t.phases[first] == Phase(x.t.fit))) // would a long run have been evaluated where this one ended?
	if at > first {
		switch {
		case x.t.phases[first] == Phase(x.t.fit) && x.was.Patience > 0 && end.Worse >= x.was.Patience && (newest.Step < steps || aligned):
			return nil, refuse("train: likelihood training was ended at step %d by --patience %d; more steps would not be taken", newest.Step, x.was.Patience)
		case end.Ended > 0 && option == "coop-rounds":
			return nil, refuse("train: the cooperative rounds ended early, at step %d: the critic told nothing, or held-out text got worse; more would not be taken", newest.Step)
		}
	}
	have, err := x.run.Checkpoints()
	if err != nil {
		return nil, err
	}
	for _, step := range slices.Backward(have) {
		if step > newest.Step {
			continue
		}
		ck, err := x.run.LoadCheckpoint(strconv.Itoa(step))
		if err != nil {
			continue
		}
		s, _, err := standOf(ck, x.t.Data.Vocab)
		if err != nil {
			return nil, err
		}
		if x.index(s.Phase) > first {
			continue
		}
		if err := x.schedules(s); err != nil {
			return nil, err
		}
		return ck, x.keepsBest(ck, newest, aligned)
	}
	return nil, refuse("train: run %s has no checkpoint left from before its end to go on from; a run keeps one with --keep 2 or more", x.run.Dir)
}

func refuse(format string, args ...any) error {
	return &config.Error{Msg: fmt.Sprintf(format, args...)}
}

// begun names a phase behind the one that becomes longer of which steps were taken.
func (x *extension) begun(first, at int, end stand) string {
	for i := first + 1; i < len(x.t.phases); i++ {
		steps := x.t.phases[i].Steps()
		switch p := x.t.phases[i].(type) { // as long as it was
		case *gan:
			steps = x.was.AdvSteps
		case *pretraining:
			if x.was.AdvSteps == 0 {
				steps = 0
			}
		case *backwards:
			if x.was.AdvSteps == 0 && x.was.CoopRounds == 0 {
				steps = 0
			}
		case *cooperative:
			steps = x.was.CoopRounds * p.CoopSteps
		}
		if at > i && steps > 0 || at == i && end.Since > 0 {
			return x.t.phases[i].Name()
		}
	}
	return ""
}

// schedules is an error if something that depends on the length has not been what it
// would have been in one long run.
func (x *extension) schedules(s stand) error {
	if x.changed["mle-steps"] != "" && s.Since > 0 {
		was, now := x.was.evalEvery(true), x.now.evalEvery(true)
		if x.now.LRSchedule != "constant" {
			with := "--lr-schedule constant"
			if was != now {
				with += " and an --eval-every of its own"
			}
			return refuse("train: --lr-schedule %s follows --mle-steps: the step size of step %d would have been larger in one long run; start a new run, with %s if it is to be made longer", x.now.LRSchedule, s.Since, with)
		}
		if was != now {
			return refuse("train: --eval-every -1 follows --mle-steps: one long run would have been evaluated every %d steps, and this one was every %d; start a new run, with an --eval-every of its own if it is to be made longer", now, was)
		}
	}
	if x.changed["mle-steps"] != "" && x.now.HasVAE() {
		for n := range s.Since + 1 {
			if was, now := x.was.beta(n), x.now.beta(n); was != now {
				return refuse("train: --kl-anneal %s follows --mle-steps: beta of step %d was %.4g, and would have been %.4g in one long run; start a new run", x.now.KLAnneal, n, was, now)
			}
			if x.was.settled(n) != x.now.settled(n) {
				return refuse("train: --kl-anneal %s follows --mle-steps: it had ended at step %d, and would not have in one long run; start a new run", x.now.KLAnneal, n)
			}
		}
		if err := sameTau("latent-tau", x.now.LatentTau, "mle-steps", x.was.MLESteps, x.now.MLESteps, s.Since); err != nil && x.t.fit.(*elbo).vae.Categorical() {
			return err
		}
	}
	if x.changed["adv-steps"] == "" || x.now.ScoreFunction() { // which reads no tau
		return nil
	}
	switch s.Phase {
	case Discriminator: // reads that of the first adversarial step
		return sameTau("tau-schedule", x.now.TauSchedule, "adv-steps", x.was.AdvSteps, x.now.AdvSteps, min(s.Since, 1)-1)
	case Adversarial:
		return sameTau("tau-schedule", x.now.TauSchedule, "adv-steps", x.was.AdvSteps, x.now.AdvSteps, s.Since)
	}
	return nil
}

// sameTau is an error if a schedule over so many steps was another one than over more, up
// to and with step last.
func sameTau(option, spec, length string, before, after, last int) error {
	a, err := relax.ParseSchedule(spec, before)
	if err != nil {
		return err
	}
	b, err := relax.ParseSchedule(spec, after)
	if err != nil {
		return err
	}
	if _, adaptive := a.(*relax.Adaptive); adaptive { // which knows no length
		return nil
	}
	for n := range last + 1 {
		if was, now := a.At(n), b.At(n); was != now {
			return refuse("train: --%s %s follows --%s: tau of step %d was %.4g, and would have been %.4g in one long run; start a new run", option, spec, length, n, was, now)
		}
	}
	return nil
}

// keepsBest is an error if going back to a checkpoint loses the one that best must name.
func (x *extension) keepsBest(ck, newest *rundir.Checkpoint, aligned bool) error {
	best, err := x.run.LoadCheckpoint(rundir.Best)
	if err != nil || best.Step <= ck.Step || best.Step < newest.Step || aligned {
		return nil // it stays, or will come again
	}
	if value, _ := bestValueOf(x.run, ck); value == nil {
		return nil // there was none
	}
	if _, known := bestOf(x.run, ck); !known {
		return refuse("train: run %s was at its best at its end, where one long run would not have been evaluated, and the best checkpoint before that is no longer kept", x.run.Dir)
	}
	return nil
}
