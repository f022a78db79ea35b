package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/report"
	"textgan/discriminator"
	"textgan/generator/relax"
	"textgan/internal/config"
	"textgan/internal/kernel"
	"textgan/train"
	"textgan/train/rundir"
)

type trainOptions struct {
	Run        string `opt:"run" file:"no" doc:"directory of the run, new or empty; default the next free runs/NNN" meta:"DIR"`
	Resume     bool   `opt:"resume" file:"no" doc:"go on with --run from its last checkpoint, under its own settings"`
	Extend     bool   `opt:"extend" file:"no" doc:"make --run longer, finished or not: --mle-steps, --adv-steps or --coop-rounds say how long it is then; bit for bit one long run, or refused"`
	ConfigFile string `opt:"config" file:"no" doc:"settings in TOML, such as the config.toml of a run" meta:"FILE"`
	train.Config
	Threads int `opt:"threads" default:"0" file:"no" check:"min=0,max=4096" doc:"cores to use; 0: all; results do not depend on it" group:"record"`
	jsonOption
}

func trainCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "train", Usage: "teach a generator, first by likelihood, then against a discriminator",
		Description: "Without options: the default GAN on a built-in corpus, in a minute and a half.\n" +
			"Ctrl-C finishes the step, or undoes one of many updates, and saves; --resume goes on, bit for bit\n" +
			"as if never stopped.\n" +
			"Samples go to standard output at the end; with --json, one object per evaluation.",
	}, runTrain)
}

func runTrain(c call[trainOptions]) (err error) {
	kernel.SetThreads(c.opt.Threads)
	if os.Getenv("GOGC") == "" {
		// The ids of a large text are most of the memory and never garbage: the
		// default would let as much garbage gather beside them.
		debug.SetGCPercent(25)
	}
	if c.team.Rank() > 0 {
		return follow(c)
	}
	t, w, err := startOrResume(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.Close()) }()
	if c.team != nil {
		c.team.Broadcast(begun)
		if err := t.Join(c.team); err != nil {
			return err
		}
	}
	c.saved = "go on from the last checkpoint with: " + c.commandLine("train", "--run", w.Dir, "--resume")
	if w.Note != "" {
		fmt.Fprintf(c.talk, "textgan: %s\n", w.Note)
	}
	out := newTrainOutput(c.process, t, w, c.opt.JSON)
	out.begin()
	ctx, stop := c.untilInterrupted(c.ctx, t.SaveSoon)
	defer stop()
	stale := false // memory that an evaluation and its checkpoint have used, and training does not
	err = t.Run(ctx, train.Watcher{
		Step: func(p train.Progress) {
			if stale {
				debug.FreeOSMemory()
				stale = false
			}
			out.step(p)
		},
		Eval: func(e train.Evaluation) {
			out.eval(e)
			stale = true
		},
	})
	out.line.End()
	var diverged *train.Diverged
	switch {
	case errors.Is(err, train.ErrInterrupted):
		err = fmt.Errorf("%w at step %d; go on with: %s", why(ctx), t.Step, c.commandLine("train", "--run", w.Dir, "--resume"))
	case errors.As(err, &diverged):
		err = errors.Join(fmt.Errorf("%w (%s)", err, lastCheckpoint(w)), c.reportOf(ctx, w, t))
	case err == nil:
		if out.critic, err = c.keepCritic(ctx, t, w.Dir); err == nil {
			err = c.reportOf(ctx, w, t)
		}
		switch {
		case err == nil:
			err = out.end()
		case ctx.Err() != nil:
			err = fmt.Errorf("%w before the report was written; go on with: %s", why(ctx), c.commandLine("train", "--run", w.Dir, "--resume"))
		}
	}
	return err
}

// lookUpBytes is the largest text in which train looks up the nearest lines of
// samples for its report: they need the text in memory, and an index of it.
const lookUpBytes = 64 << 20

// reportOf writes the report of a run that has just ended; it is report.ErrStopped if ctx
// is cancelled before that.
func (p *process) reportOf(ctx context.Context, w *rundir.Writer, t *train.Trainer) error {
	stop := func() bool { return ctx.Err() != nil }
	var lines []string
	if t.Data.Learnt.Bytes > lookUpBytes {
		fmt.Fprintf(p.talk, "textgan: a report without the nearest training lines, for which a large text would be read into memory; they come with: %s\n", p.commandLine("report", "--run", w.Dir))
	} else if learnt, err := t.Data.LearntCorpus(stop); stop() {
		return report.ErrStopped
	} else if err != nil {
		fmt.Fprintf(p.talk, "textgan: a report without nearest training lines: %v\n", err)
	} else {
		lines = learnt.Lines
	}
	return writeReport(&w.Run, t.Data.Vocab, lines, t.Data.Learnt.Language, stop)
}

// complete takes the options of a warm start over, and gives a run of which nobody has said
// how long its phases are the round that a run of all phases ends with. The backwards model
// of that is of another kind than the generator, and has learnt other things; in a game against
// --discriminator reverse-lm it is the game's too, whose two models are of one kind.
func complete(c *call[trainOptions]) error {
	if c.opt.WarmStart == "" {
		if c.opt.Model == "gan" && c.opt.GeneratorModel == "lm" && !c.opt.Backwards && !slices.ContainsFunc([]string{"mle-steps", "adv-steps", "coop-rounds", "preset"}, c.has) {
			c.opt.CoopRounds = 1
			asks := c.opt.HasBackwards() && c.opt.DKind != discriminator.ReverseLM
			if heads := cmp.Or(c.opt.BackHeads, c.opt.Heads); asks && !c.has("back-cell") && !c.has("back-run") && cmp.Or(c.opt.BackHidden, c.opt.Hidden)%heads == 0 {
				c.opt.BackCell = "relational"
			}
		}
		return nil
	}
	var given []config.Layer
	for _, layer := range c.given {
		given = append(given, train.Options.Own(layer))
	}
	var err error
	c.opt.Config, err = train.Inherit(c.opt.WarmStart, given...)
	return err
}

// startOrResume is the run that the options mean, from where it stands.
func startOrResume(c call[trainOptions]) (*train.Trainer, *rundir.Writer, error) {
	start := build()
	start.Command = c.process.args
	if n := c.team.Size(); n > 1 {
		start.Processes = n
	}
	switch {
	case c.opt.Extend && c.opt.Resume:
		return nil, nil, usage("textgan train", "--extend goes on as --resume does; drop one of them")
	case c.opt.Extend && c.opt.Run == "":
		return nil, nil, usage("textgan train", "--extend needs --run DIR")
	case c.opt.Resume && c.opt.Run == "":
		return nil, nil, usage("textgan train", "--resume needs --run DIR")
	case c.opt.Extend:
		return train.Extend(c.opt.Run, c.given, c.in, start)
	case c.opt.Resume:
		return resumeRun(c, start)
	}
	return startRun(c, start)
}

// startRun begins a run, in the next free directory if none is named.
func startRun(c call[trainOptions], start rundir.Start) (*train.Trainer, *rundir.Writer, error) {
	if err := complete(&c); err != nil {
		return nil, nil, err
	}
	if err := divide(&c); err != nil {
		return nil, nil, err
	}
	flags := c.given[0]
	for _, name := range slices.Sorted(maps.Keys(flags)) {
		switch why, otherModel := c.opt.Idle(name); {
		case otherModel: // one set of options for runs of several models is common
			c.warn("%s does nothing: %s", flags[name].Quote, why)
		case why != "":
			return nil, nil, usage("textgan train", "%s does nothing: %s; drop it", flags[name].Quote, why)
		}
	}
	if e, err := relax.Lookup(c.opt.Estimator); err == nil && e.Warning != "" && c.opt.Model == "gan" {
		c.warn("--estimator %s: %s", e.Name, e.Warning)
	}
	for _, err := range []error{knownBuiltin(c.opt.Corpus), knownBuiltin(c.opt.Valid), oneStdin(c.opt.Corpus, c.opt.Valid)} {
		if err != nil {
			return nil, nil, err
		}
	}
	dir := c.opt.Run
	if dir == "" {
		dir = nextRun()
	}
	t, w, err := train.Start(c.opt.Config, dir, c.in, start)
	for c.opt.Run == "" && c.opt.Corpus != "-" && errors.Is(err, rundir.ErrExists) { // another process was quicker
		t, w, err = train.Start(c.opt.Config, nextRun(), c.in, start)
	}
	return t, w, err
}

// resumeRun goes on with a run. An option that it would ignore is refused.
func resumeRun(c call[trainOptions], start rundir.Start) (*train.Trainer, *rundir.Writer, error) {
	for _, layer := range c.given {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			if _, ok := train.Options.Find(name); ok || name == "config" {
				return nil, nil, usage("textgan train", "%s: a resumed run keeps its settings; drop this, or start a new run", layer[name].Quote)
			}
		}
	}
	t, w, err := train.Resume(c.opt.Run, c.in, start)
	if run := rundir.RunIn(err); run != "" {
		err = fmt.Errorf("%w; go on with: %s", err, c.commandLine("train", "--run", run, "--resume"))
	}
	return t, w, err
}

// nextRun is the first free one of runs/001, runs/002, ...
func nextRun() string {
	for i := 1; ; i++ {
		dir := filepath.Join("runs", fmt.Sprintf("%03d", i))
		if _, err := os.Lstat(dir); err != nil {
			return dir
		}
	}
}

// grace is for how long after the first signal to stop another is taken for the same
// wish: a terminal and a supervisor may both pass it on.
const grace = time.Second / 2

// stopping counts signals to stop.
type stopping struct{ first time.Time }

// heard is told of a signal: the first stops after the step, one that comes grace after
// it or later quits at once, and any other says nothing new.
func (s *stopping) heard(at time.Time) (stop, quit bool) {
	if s.first.IsZero() {
		s.first = at
		return true, false
	}
	return false, at.Sub(s.first) >= grace
}

// untilInterrupted returns a context that SIGINT, SIGTERM or SIGHUP cancels, once.
// Another such signal ends the process, unless it comes within grace of the first.
// SIGUSR1 calls save, if that is not nil.
func (p *process) untilInterrupted(ctx context.Context, save func()) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	if save != nil && saveSignal != nil {
		signal.Notify(signals, saveSignal)
	}
	done := make(chan struct{})
	go func() {
		for stops := new(stopping); ; {
			select {
			case s := <-signals:
				if s == saveSignal {
					fmt.Fprintln(p.talk, "\ntextgan: saving after this step, and going on")
					save()
					continue
				}
				switch stop, quit := stops.heard(p.now()); {
				case quit:
					code, _ := exitCode(&interrupted{s})
					os.Exit(code)
				case stop:
					cancel(&interrupted{s})
					fmt.Fprintln(p.talk, "\ntextgan: finishing the step to save it; once more to quit without")
				}
			case <-done:
				return
			}
		}
	}()
	return ctx, func() {
		signal.Stop(signals)
		close(done)
		cancel(nil)
	}
}

// lastCheckpoint says which checkpoint of a run is the last one.
func lastCheckpoint(w *rundir.Writer) string {
	ck, err := w.LoadCheckpoint(rundir.Last)
	if err != nil {
		return "there is no checkpoint yet"
	}
	return "the last checkpoint is " + ck.Dir
}
