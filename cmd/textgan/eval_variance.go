package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/eval/variance"
	"textgan/generator/relax"
)

type varianceOptions struct {
	Problem    string    `opt:"problem" file:"no" doc:"problem with a known gradient: FILE.json, - or builtin:NAME" meta:"FILE"`
	Run        string    `opt:"run" file:"no" doc:"run directory of a trained generator and discriminator" meta:"DIR"`
	Estimators []string  `opt:"estimators" doc:"names, or shell patterns over names; default all that apply" meta:"NAME,..."`
	Tau        []float64 `opt:"tau" check:"above=0,max=1e6" doc:"temperatures; default those of each family, or 0.25,0.5,1,2 with --run" meta:"X,..."`
	Samples    int       `opt:"samples" default:"0" check:"min=0,max=1000000000" doc:"draws of an estimator; 0: 100000, or 100 with --run"`
	Seed       uint64    `opt:"seed" default:"1" doc:"of the draws"`
	probeOptions
	jsonOption
}

func evalVarianceCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "variance", Usage: "bias and variance of gradients through a word choice",
		Description: "With --problem against the exact gradient of a small problem; with --run on a trained model,\n" +
			"against the long-run mean of an unbiased estimator. Without either: a list of what there is.\n" +
			"docs/estimators.md explains the columns and the format of problems.",
	}, func(c call[varianceOptions]) error {
		switch {
		case c.opt.Problem != "" && c.opt.Run != "":
			return usage("textgan eval variance", "--problem and --run are two experiments; give one")
		case c.opt.Problem != "":
			return evalProblem(c)
		case c.opt.Run != "":
			return evalProbe(c)
		}
		return c.listLaboratory(c.opt.JSON)
	})
}

// evalProblem measures estimators on a problem whose gradient is known.
func evalProblem(c call[varianceOptions]) error {
	if err := refuseProbeOptions(c.given); err != nil {
		return err
	}
	p, err := c.problem(c.opt.Problem)
	if err != nil {
		return err
	}
	opt := variance.Options{Estimators: c.opt.Estimators, Taus: c.opt.Tau, Samples: c.opt.Samples, Seed: c.opt.Seed}
	if n := opt.Samples; n > 0 && n < variance.MinSamples {
		return usage("textgan eval variance", "--samples %d: a problem needs at least %d", n, variance.MinSamples)
	}
	r, err := measureProblem(c.ctx, c.process, p, opt)
	if err != nil {
		return err
	}
	return c.show(c.opt.JSON, r, r.WriteText)
}

// measureProblem shows how far it is if all that applies is measured, which takes a
// while.
func measureProblem(ctx context.Context, p *process, problem *variance.Problem, opt variance.Options) (*variance.Report, error) {
	if len(opt.Estimators) > 0 {
		return variance.Run(ctx, problem, opt, nil)
	}
	all, err := variance.Names(problem, opt)
	if err != nil {
		return nil, err
	}
	line := p.newLine()
	line.Start(problem.ID, 0, len(all))
	defer line.End()
	done := 0
	r, err := variance.Run(ctx, problem, opt, func(name string) {
		line.Step(done, 0, name)
		done++
	})
	line.Step(done, 0, "")
	return r, err
}

// problem reads a problem by the name it has on the command line.
func (p *process) problem(name string) (*variance.Problem, error) {
	if builtin, ok := strings.CutPrefix(name, "builtin:"); ok {
		return variance.Builtin(builtin)
	}
	if name == "-" {
		return variance.Read(p.in, "standard input")
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return variance.Read(f, name)
}

// listLaboratory says what eval variance can measure, and on what.
func (p *process) listLaboratory(asJSON bool) error {
	type entry struct {
		Name    string `json:"name"`
		Summary string `json:"summary"`
	}
	var problems, estimators []entry
	for _, i := range variance.Builtins() {
		problems = append(problems, entry{"builtin:" + i.Name, i.Summary})
	}
	for _, e := range relax.Estimators() {
		estimators = append(estimators, entry{e.Spec(), e.Summary})
	}
	if asJSON {
		return p.printJSON(struct {
			Problems   []entry `json:"problems"`
			Estimators []entry `json:"run_estimators"`
		}{problems, estimators})
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, list := range []struct {
		title   string
		entries []entry
	}{
		{"Problems with a known gradient, for --problem; or a file in the format of docs/estimators.md:", problems},
		{"\nEstimators of training, for --run; those through a relaxed word with every feedback:", estimators},
	} {
		fmt.Fprintln(w, list.title)
		for _, e := range list.entries {
			fmt.Fprintf(w, "  %s\t%s\n", e.Name, e.Summary)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintln(p.out, "\nTry: textgan eval variance --problem "+problems[0].Name)
	return err
}
