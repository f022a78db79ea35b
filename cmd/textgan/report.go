package main

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/report"
	"textgan/corpora"
	"textgan/train"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/train/sweep"
	"textgan/vocab"
)

type reportOptions struct {
	Run   []string `opt:"run" check:"paths" doc:"run directory; several: one page that compares them with the first" meta:"DIR,..."`
	Sweep string   `opt:"sweep" doc:"file of a sweep: one page about its runs" meta:"FILE"`
	Out   string   `opt:"out" doc:"the page about several runs; default report.html here, or in the directory of the sweep" meta:"FILE"`
	Train string   `opt:"train" doc:"text that the model was trained on, if it is no longer where it was" meta:"FILE"`
	sweepOptions
	textInput
	jsonOption
}

func reportCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "report", Usage: "what runs did, as one HTML page; of one run, a model card too",
		Description: "Writes report.html, which needs no network, and model-card.md into the run directory; train does\n" +
			"so by itself. SVG files in its directory figures, such as those of eval frontier --svg, become part of it.\n" +
			"Of several runs, --run A,B or --sweep FILE, one page: what they came to with the differences from the\n" +
			"first and their intervals, curves on shared axes, and the settings that differ.",
	}, func(c call[reportOptions]) error {
		o := c.opt
		many := o.Sweep != "" || len(o.Run) > 1
		switch {
		case o.Sweep == "" && len(o.Run) == 0:
			return usage("textgan report", "which run? give --run DIR, several with commas, or --sweep FILE")
		case o.Sweep != "" && len(o.Run) > 0:
			return usage("textgan report", "--run and --sweep contradict each other; give one")
		case o.Dir != "" && o.Sweep == "":
			return usage("textgan report", "--dir goes with --sweep")
		case o.Out != "" && !many:
			return usage("textgan report", "--out goes with several runs; the report of one is in its directory")
		}
		if err := fileToWrite("textgan report", "out", o.Out); err != nil {
			return err
		}
		if err := noneTwice("textgan report", "run", o.Run); err != nil {
			return err
		}
		if many {
			return reportMany(c)
		}
		return reportOne(c, o.Run[0])
	})
}

// reportOne writes the report of a run into its directory.
func reportOne(c call[reportOptions], dir string) error {
	r, err := rundir.Open(dir)
	if err != nil {
		return err
	}
	if err := r.CheckWhole(); err != nil {
		return err
	}
	m, err := model.Load(dir, rundir.Last)
	if err != nil {
		return err
	}
	lines, language, err := c.learnt(m, c.opt)
	if err != nil {
		return err
	}
	if err := writeReport(r, m.Vocab, lines, language, nil); err != nil {
		return err
	}
	if c.opt.JSON {
		return c.printJSON(map[string]string{"report": r.Path(report.HTMLFile), "model_card": r.Path(report.CardFile)})
	}
	_, err = fmt.Fprintf(c.out, "%s\n%s\n", r.Path(report.HTMLFile), r.Path(report.CardFile))
	return err
}

// learnt is the text that a model has learnt: what --train gives, or what is where it
// was, or nothing, with a warning.
func (p *process) learnt(m *model.Model, o reportOptions) ([]string, corpora.Language, error) {
	if o.Train != "" {
		text, err := p.openAs(asLearnt, m, o.Train, o.textInput)
		if err != nil {
			return nil, nil, err
		}
		return text.Lines, nil, nil
	}
	text, _, err := m.Text()
	if err != nil {
		p.warn("without nearest training lines: %v", err)
		return nil, nil, nil
	}
	return text.Lines, text.Language, nil
}

// reportMany writes one page about several runs.
func reportMany(c call[reportOptions]) error {
	o := c.opt
	out, title := o.Out, strings.Join(o.Run, ", ")
	var members []report.Member
	if o.Sweep != "" {
		plan, err := c.plan(o.Sweep, o.sweepOptions)
		if err != nil {
			return err
		}
		table, err := plan.Sum()
		if errors.Is(err, sweep.ErrChanged) {
			return usage("textgan report", "%w", err)
		}
		if err != nil {
			return err
		}
		c.sayStates(table)
		title, members = o.Sweep, membersOf(table)
		if !slices.ContainsFunc(members, func(m report.Member) bool { return m.Run != nil }) {
			return fmt.Errorf("no run of %s has begun; begin with: %s", o.Sweep, c.onSweep(o.sweepOptions, "sweep", "run", o.Sweep, "--all"))
		}
		out = cmp.Or(out, filepath.Join(plan.Dir, report.HTMLFile))
	}
	for _, dir := range o.Run {
		r, err := rundir.Open(dir)
		if err != nil {
			return err
		}
		m := report.Member{Run: r}
		if done, err := train.Finished(dir); err == nil && !done {
			m.Why = "the run has not come to its end"
		}
		members = append(members, m)
	}
	out = cmp.Or(out, report.HTMLFile)
	if err := c.compare(out, title, members, o); err != nil {
		return err
	}
	if o.JSON {
		return c.printJSON(map[string]string{"report": out})
	}
	_, err := fmt.Fprintln(c.out, out)
	return err
}

// compare writes a page about several runs.
func (p *process) compare(path, title string, members []report.Member, o reportOptions) error {
	var first *model.Model
	var language corpora.Language
	for i := range members {
		member := &members[i]
		if member.Run == nil {
			continue
		}
		m, err := model.Load(member.Run.Dir, rundir.Last)
		if err != nil && member.State != "" { // it may not have got far enough
			continue
		}
		if err != nil {
			return err
		}
		member.Options.Tokenize, member.Options.NLL = m.Vocab.Tokenizer().Tokenize, heldOutNLL(member.Run.Dir, nil)
		if first == nil {
			first = m
			if member.Options.Train, language, err = p.learnt(m, o); err != nil {
				return err
			}
		}
		if m.Manifest.Corpus == first.Manifest.Corpus {
			member.Options.Language = language
		}
	}
	return report.Compare(path, title, members)
}

// writeReport writes the report of a run that has learnt lines, of a language if they
// were generated, unless stop says true before that: see report.Options.
func writeReport(r *rundir.Run, v *vocab.Vocab, lines []string, language corpora.Language, stop func() bool) error {
	unfinished := ""
	if done, err := train.Finished(r.Dir); err == nil && !done {
		unfinished = "The run has not come to its end; train --resume goes on with it."
	}
	return report.Write(r, report.Options{Unfinished: unfinished, Train: lines, Tokenize: v.Tokenizer().Tokenize, Language: language, NLL: heldOutNLL(r.Dir, stop), Stop: stop})
}

// heldOutNLL tells the likelihoods of a run's held-out lines under the weights of a step,
// unless stop, if any, says true before that.
func heldOutNLL(dir string, stop func() bool) func(step int) ([]float64, []int, error) {
	return func(step int) ([]float64, []int, error) {
		m, err := model.Load(dir, strconv.Itoa(step))
		if err != nil {
			return nil, nil, err
		}
		held, err := m.HeldOut()
		if err != nil {
			return nil, nil, err
		}
		if g, ok := m.Generator.(interface{ SetStop(func() bool) }); ok {
			g.SetStop(stop)
		}
		return m.PerLine(held.Lines)
	}
}
