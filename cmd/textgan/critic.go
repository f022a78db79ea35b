package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/urfave/cli/v2"

	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/train"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/train/rundir"
)

func criticCommand(p *process) *cli.Command {
	type options struct {
		Run        string   `opt:"run" check:"required" doc:"run directory of the generator" meta:"DIR"`
		Checkpoint string   `opt:"checkpoint" doc:"last, best or the number of a step; default best of a likelihood model, last of others" meta:"NAME"`
		Backwards  []string `opt:"backwards" doc:"runs of train --model mle --backwards on the same text: the critic weighs what they say of a sentence; default the model that the run has trained itself, if any" meta:"DIR,..."`
		Features   []string `opt:"features" doc:"what the critic looks at: stat (seven numbers of a sentence), ratio (a backwards model's log likelihood less the generator's, one of each model), ngram (that of an n-gram model of the training lines, which the run then keeps); default stat, and ratio with a backwards model" meta:"NAME,..."`
		LearnFrom  string   `opt:"learn-from" default:"" check:"oneof=train|held-out" doc:"real lines that the critic learns: train, judged by the held-out ones; held-out, judged by five-fold cross-validation: for models that know their training lines too well; default held-out with ngram, else train"`
		NgramOrder int      `opt:"ngram-order" default:"3" check:"min=1,max=9" doc:"longest n-grams of the feature ngram"`
		CopyLimit  float64  `opt:"copy-limit" default:"0" check:"min=0,max=100" doc:"percentage points of a line by which the longest copy from the training text may rise when one of four of the generator's sentences is taken at temperature 1; the run then keeps the training lines; without it no limit"`
		Sentences  int      `opt:"sentences" default:"20000" check:"min=2,max=10000000" doc:"of the generator's own, to learn from"`
		Steps      int      `opt:"steps" default:"900" check:"min=1,max=1000000" doc:"updates of the critic, at most"`
		Seed       uint64   `opt:"seed" default:"1" doc:"of the sentences and the updates"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "critic", Usage: "train a critic that tells a run's sentences from real ones, to sample by",
		Description: "The critic estimates log p_real(x)/p_gen(x) of a sentence; textgan sample --critic weighs by it.\n" +
			"It is kept in the run. docs/beyond.md says what it does and what it does not.",
	}, func(c call[options]) error {
		if c.has("ngram-order") && !slices.Contains(c.opt.Features, "ngram") {
			return usage("textgan critic", "--ngram-order %d does nothing without ngram among --features; add that, or drop it", c.opt.NgramOrder)
		}
		m, err := loadToCompare(c.opt.Run, c.opt.Checkpoint)
		if err != nil {
			return err
		}
		if err := critic.CanSave(c.opt.Run); err != nil { // before it is trained
			return err
		}
		var back []*model.Model
		for _, dir := range c.opt.Backwards {
			b, err := model.Load(dir, rundir.Best)
			if err != nil {
				return err
			}
			back = append(back, b)
			if done, err := train.Finished(dir); err == nil && !done {
				c.warn("the training of %s is not finished; go on with it first: %s", dir, c.commandLine("train", "--run", dir, "--resume"))
			}
		}
		var own *generator.Generator
		if len(back) == 0 {
			if own, err = ownBackwards(c.opt.Run, m); err != nil {
				return err
			}
		}
		var limit *float64
		if c.has("copy-limit") {
			share := c.opt.CopyLimit / 100
			limit = &share
		}
		begun := c.now()
		k, err := critic.Train(m, critic.Options{CopyLimit: limit, Features: c.opt.Features, Backwards: back, Own: own, LearnFrom: critic.LearnFrom(c.opt.LearnFrom), Order: c.opt.NgramOrder, Sentences: c.opt.Sentences, Fit: ratio.FitOptions{Steps: c.opt.Steps, Seed: c.opt.Seed}})
		var option *critic.OptionError
		if errors.As(err, &option) {
			return usage("textgan critic", "%w", err)
		}
		if err != nil {
			return err
		}
		if err := k.Save(c.opt.Run); err != nil {
			return err
		}
		switch harm := harms(k); {
		case harm != "":
			c.warn("%s", harm)
		case k.Leak():
			why := "the backwards model has memorised more of them than the generator; train it with more --dropout, or let"
			if slices.Contains(k.Features, "ngram") {
				why = "the n-grams are those of these lines; let"
			}
			c.warn("the critic knows its training lines by heart (loss %.3f there, %.3f on held-out lines): %s the critic learn from held-out lines: --learn-from held-out", k.TrainLoss, k.Loss, why)
		}
		if c.opt.JSON {
			return c.printJSON(struct {
				Features []string `json:"features"`
				ratio.Report
				Leak bool `json:"leak"`
			}{k.Features, k.Report, k.Leak()})
		}
		if err := c.printCritic(k, c.opt.Run, c.now().Sub(begun)); err != nil || c.opt.Features != nil || k.HasBackwards() {
			return err
		}
		c.sayBackwards(c.opt.Run, m)
		return nil
	})
}

// sayBackwards says how a run gets a backwards model, which tells a critic far more than
// statistics do, where the run's own options train one.
func (p *process) sayBackwards(run string, m *model.Model) {
	c, err := train.Options.Resolve(train.Options.Own(m.Settings()))
	if _, ok := m.Generator.(*generator.Generator); err != nil || !ok || c.WarmStart != "" || c.Corpus == "-" {
		return
	}
	back := filepath.Clean(run) + "-backwards"
	args := []string{"train", "--config", filepath.Join(run, "config.toml"), "--model", "mle", "--backwards"}
	if c.CoopRounds > 0 { // which a backwards model has not
		args = append(args, "--coop-rounds", "0")
	}
	fmt.Fprintf(p.talk, "a backwards model would tell it more: %s, then %s\n", p.commandLine(append(args, "--run", back)...), p.commandLine("critic", "--run", run, "--backwards", back))
}

// ownBackwards is the backwards model that a run had trained at the step of m; nil for none.
func ownBackwards(dir string, m *model.Model) (*generator.Generator, error) {
	if c, err := train.Options.Resolve(train.Options.Own(m.Settings())); err != nil || !c.HasBackwards() || c.Corpus == "-" {
		return nil, nil // a critic without one
	}
	t, err := train.Open(dir, strconv.Itoa(m.Step), nil)
	if err != nil {
		return nil, err
	}
	return t.Backwards(), nil
}

// keepsCritic reports whether train leaves a critic in the directory of such a run, at its end.
func keepsCritic(c train.Config) bool {
	return c.CoopRounds > 0 && c.Critic != "none" && c.Corpus != "-"
}

// keepCritic trains a critic of the generator that cooperative rounds have ended with, on
// the lines that theirs have learnt, and keeps it in the run, unless ctx is cancelled before that.
func (p *process) keepCritic(ctx context.Context, t *train.Trainer, dir string) (*critic.Critic, error) {
	c := t.Config
	if !keepsCritic(c) {
		return nil, nil
	}
	m, err := loadToCompare(dir, "")
	if err != nil {
		return nil, err
	}
	if step, ok := critic.Step(dir); ok && step == m.Step {
		return critic.Load(dir, m)
	}
	fmt.Fprintln(p.talk, "critic     of the generator that the rounds have ended with: it is being trained")
	asked := c.CriticFeatures()
	features := slices.DeleteFunc(slices.Clone(ratio.FeatureNames), func(name string) bool { return !slices.Contains(asked, name) })
	k, err := critic.Train(m, critic.Options{Features: features, Own: t.Backwards(), Order: c.CoopNgram, LearnFrom: critic.LearnFrom(c.CoopLearnFrom), Fit: ratio.FitOptions{Seed: c.Seed, Stop: func() bool { return ctx.Err() != nil }}})
	if err != nil {
		return nil, err
	}
	return k, k.Save(dir)
}

const z95 = 1.96 // of an interval of 95 %

// harms warns of a critic by which held-out sentences are less likely than without it,
// beyond chance; "" of another.
func harms(k *critic.Critic) string {
	if k.Gain+z95*k.GainErr >= 0 {
		return ""
	}
	return fmt.Sprintf("the critic is worse than none: a held-out sentence loses %.3f nats by it, so that sampling by it makes the text worse", -k.Gain)
}

// printCritic says what a critic can tell.
func (p *process) printCritic(k *critic.Critic, run string, took time.Duration) error {
	fmt.Fprintf(p.out, "features         %v\n", k.Features)
	if k.CopyLimit != nil {
		fmt.Fprintf(p.out, "copy limit       %g points of a line more than the generator\n", 100**k.CopyLimit)
	}
	fmt.Fprintf(p.out, "held-out loss    %.4f ± %.4f nats (ln 2 = 0.6931 tells nothing; %.4f on what it has learnt, best at step %d)\n", k.Loss, z95*k.LossErr, k.TrainLoss, k.Step)
	fmt.Fprintf(p.out, "accuracy         %.1f ± %.1f %%\n", 100*k.Accuracy, 100*z95*k.AccErr)
	fmt.Fprintf(p.out, "gain             %.3f ± %.3f nats a sentence\n", k.Gain, z95*k.GainErr)
	fmt.Fprintf(p.out, "on %d held-out lines and %d sentences of the generator; intervals of 95 %%\n", k.HeldReal, k.HeldFake)
	_, err := fmt.Fprintf(p.talk, "trained in %.1f s; next: %s\n", took.Seconds(), p.commandLine("sample", "--run", run, "--critic"))
	return err
}

// criticOptions are part of the options of every command that samples by a
// critic.
type criticOptions struct {
	Critic     bool         `opt:"critic" doc:"sample by the run's critic (textgan critic): every sentence is chosen among several"`
	Candidates int          `opt:"candidates" default:"0" check:"min=0,max=4096" doc:"proposals of a sentence with --critic; 0: 8 from both sides, 4 from one" group:"critic"`
	Proposals  string       `opt:"proposals" default:"" check:"oneof=forward|both" doc:"forward: from the generator; both: every other one from the backwards models in turn; default both where the critic has one" group:"critic"`
	Method     ratio.Method `opt:"method" default:"resample" doc:"resample: one of the candidates, by weight; reject: rejection sampling by the largest weight on held-out sentences; mh: a Metropolis-Hastings chain of the candidates" group:"critic"`
}

// check refuses flags of how to sample by a critic where none is asked for.
func (o criticOptions) check(command string, given []config.Layer) error {
	if len(given) == 0 {
		return nil
	}
	if o.Critic {
		if flag, ok := given[0]["candidates"]; ok && o.Method == ratio.Reject {
			return usage(command, "%s does nothing: --method reject looks at one proposal after the other; drop it", flag.Quote)
		}
		return nil
	}
	for _, name := range []string{"candidates", "proposals", "method"} {
		if flag, ok := given[0][name]; ok {
			return usage(command, "%s does nothing without --critic; add that, or drop it", flag.Quote)
		}
	}
	return nil
}

// checkpoint is the one that is named or, with --critic and without a name, that
// of the run's critic.
func (o criticOptions) checkpoint(dir, named string, given bool) string {
	if o.Critic && !given {
		if step, ok := critic.Step(dir); ok {
			return strconv.Itoa(step)
		}
	}
	return named
}

// sampler returns what draws sentences by a critic.
func (o criticOptions) sampler(k *critic.Critic, opt generator.SampleOptions, seed uint64) (*ratio.Sampler, error) {
	both := o.Proposals == "both" || o.Proposals == "" && k.HasBackwards() && len(opt.Prompt) == 0 && o.Method != ratio.Reject
	s, err := k.NewSampler(critic.SampleOptions{SampleOptions: opt, Method: o.Method, Candidates: o.Candidates, Both: both, Seed: seed})
	if err != nil {
		return nil, usage("textgan", "%w", err)
	}
	return s, nil
}

// sample draws n lines by the critic of a model.
func (o criticOptions) sample(k *critic.Critic, m *model.Model, n int, opt generator.SampleOptions, seed uint64) ([]string, error) {
	s, err := o.sampler(k, opt, seed)
	if err != nil {
		return nil, err
	}
	ids, err := s.Draw(n)
	return m.Vocab.DecodeAll(ids), err
}

// tellStats says how hard a critic's sampler has worked.
func (p *process) tellStats(s *ratio.Sampler, method ratio.Method) {
	t := s.Stats
	switch method {
	case ratio.Reject:
		fmt.Fprintf(p.talk, "critic: %.1f %% of %d proposals accepted; %.2f %% of the weights exceed the bound\n", 100*t.Acceptance, t.Proposals, 100*t.Violations)
	case ratio.Metropolis:
		fmt.Fprintf(p.talk, "critic: %.1f %% of the proposals of a chain accepted\n", 100*t.Acceptance)
	default:
		fmt.Fprintf(p.talk, "critic: %.2f proposals drawn of a sentence, %.2f effective candidates of %d\n", float64(t.Proposals)/float64(max(1, t.Sentences)), t.Effective, t.Candidates)
	}
}
