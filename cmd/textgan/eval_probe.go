package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"textgan/eval/plot"
	"textgan/internal/atomicfile"
	"textgan/internal/config"
	"textgan/internal/progress"
	"textgan/train/probe"
)

// probeOptions are those of eval variance that only --run reads.
type probeOptions struct {
	Checkpoint string   `opt:"checkpoint" default:"last" doc:"last, best (by the metric of train --best; NLL of held-out text if none was given) or the number of a step" meta:"NAME" group:"with --run"`
	Feedback   []string `opt:"feedback" check:"oneof=soft|straight-through|detached" doc:"what the next step reads of a relaxed token; default all three" meta:"NAME,..." group:"with --run"`
	Reference  int      `opt:"reference" default:"1000" check:"min=32,max=1000000000" doc:"draws of the unbiased reference" group:"with --run"`
	Batch      int      `opt:"batch" default:"0" check:"min=0,max=1048576" doc:"sentences of the batch; 0: as in training" group:"with --run"`
	SVG        string   `opt:"svg" doc:"draw error against tau and variance against cost into this file" meta:"FILE" group:"with --run"`
}

// refuseProbeOptions points out options that a problem would ignore.
func refuseProbeOptions(given []config.Layer) error {
	for _, o := range config.New[probeOptions]().Options {
		for _, layer := range given {
			if v, ok := layer[o.Name]; ok {
				return usage("textgan eval variance", "%s: this option goes with --run", v.Quote)
			}
		}
	}
	return nil
}

// refuseUnread refuses --feedback and --tau if no estimator among those that opt chooses
// reads them.
func refuseUnread(command string, flags config.Layer, opt probe.Options) error {
	feedback, taus := opt.Unread()
	for _, x := range []struct {
		name, what string
		unread     bool
	}{
		{"feedback", "feeds back a relaxed word", feedback},
		{"tau", "has a temperature to set", taus},
	} {
		if flag, ok := flags[x.name]; ok && x.unread {
			return usage(command, "%s does nothing: none of these estimators %s; drop it", flag.Quote, x.what)
		}
	}
	return nil
}

func evalProbe(c call[varianceOptions]) error {
	o := c.opt
	if err := fileToWrite("textgan eval variance", "svg", o.SVG); err != nil {
		return err
	}
	if o.Samples > 0 && o.Samples < probe.MinDraws {
		return usage("textgan eval variance", "--samples %d: a run needs at least %d", o.Samples, probe.MinDraws)
	}
	opt := probe.Options{
		Estimators: o.Estimators, Feedback: o.Feedback, Taus: o.Tau, Samples: o.Samples, Reference: o.Reference, Seed: o.Seed, Now: c.now,
	}
	if err := refuseUnread("textgan eval variance", c.given[0], opt); err != nil {
		return err
	}
	p, err := probe.Open(o.Run, o.Checkpoint, o.Batch, o.Seed, c.in)
	if err != nil {
		return err
	}
	if o.SVG != "" {
		if err := makeRoom(o.SVG); err != nil {
			return err
		}
	}
	line := c.newLine()
	line.Start("gradients", 0, 1)
	r, err := p.Measure(c.ctx, opt, progressOf(line, "gradients"))
	line.End()
	if err != nil {
		return err
	}
	err = c.show(o.JSON, r, func(w io.Writer) error { return writeProbe(w, r) })
	if err == nil && o.SVG != "" { // last: no picture costs a number
		err = atomicfile.Write(o.SVG, func(w io.Writer) error { return drawProbe(w, r) })
	}
	return err
}

// progressOf starts the line with the first report, which brings the total.
func progressOf(line *progress.Line, label string) func(done, total int, name string) {
	begun := false
	return func(done, total int, name string) {
		if !begun {
			line.Start(label, 0, total)
			begun = true
		}
		line.Step(done, 0, name)
	}
}

// writeProbe prints the tables for people.
func writeProbe(w io.Writer, r *probe.Report) error {
	writeReference(w, r)
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "estimator\tfeedback\ttau\tms\tlength\ttrace variance\t± SE\tSNR\tcosine\t± SE\tbias\t95 % CI\tMSE\t")
	for _, s := range r.Seconds {
		fmt.Fprintf(tab, "MSE in %g s\t", s)
	}
	fmt.Fprintln(tab, "RLOO wins from\t")
	for _, x := range r.Estimators {
		y := x.Parts[0]
		fmt.Fprintf(tab, "%s\t%.2f\t%.3g\t%.3g\t%.1g\t%s\t%s\t%s\t%.3g\t%.2g to %.2g\t%.3g\t", probeColumns(x), x.Millis, y.Norm, y.Trace, y.TraceSE,
			orNone(y.SNR, "%.3g", "-"), orNone(y.Cosine, "%.3f", "-"), orNone(y.CosineSE, "%.3f", "-"), y.Bias, y.BiasCI[0], y.BiasCI[1], y.MSE)
		for _, v := range x.EqualTime {
			fmt.Fprintf(tab, "%s\t", orNone(v, "%.3g", "-"))
		}
		never := "never"
		if x.Estimator == r.Reference.Estimator {
			never = "-"
		}
		fmt.Fprintf(tab, "%s\t\n", orNone(x.BreakEven, "%.3g s", never))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(w, "\nlength, bias, variance and MSE are of one draw, with the noise of finitely many draws taken out of length, bias\nand cosine; MSE in 1 s is that of the mean of as many draws as fit into it.")
	for _, part := range []struct {
		title string
		value func(probe.PartMoments) string
	}{
		{"variance per weight", func(m probe.PartMoments) string { return fmt.Sprintf("%.3g", m.PerWeight) }},
		{"signal-to-noise ratio", func(m probe.PartMoments) string { return orNone(m.SNR, "%.3g", "-") }},
		{"cosine with the reference", func(m probe.PartMoments) string { return orNone(m.Cosine, "%.3f", "-") }},
	} {
		fmt.Fprintf(tab, "\n%s\t\t\t", part.title)
		for _, p := range r.Parts {
			fmt.Fprintf(tab, "%s\t", p.Name)
		}
		fmt.Fprintln(tab)
		for _, x := range r.Estimators {
			fmt.Fprintf(tab, "%s\t", probeColumns(x))
			for _, m := range x.Parts {
				fmt.Fprintf(tab, "%s\t", part.value(m))
			}
			fmt.Fprintln(tab)
		}
		if err := tab.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// writeReference says where the gradients are taken and what they are held
// against.
func writeReference(w io.Writer, r *probe.Report) {
	x := r.Reference.Parts[0]
	fmt.Fprintf(w, "step %d (%s), objective %s, %d sentences of at most %d tokens, %d weights\n", r.Step, r.Phase, r.Objective, r.Batch, r.MaxLen, r.Parts[0].Weights)
	fmt.Fprintf(w, "reference: mean of %d draws of %s, length %.3g with %.2g of noise, cosine with the truth about %s; %.2f ms a draw\n\n",
		r.Reference.Samples, r.Reference.Estimator, x.Norm, math.Sqrt(x.Trace/float64(r.Reference.Samples)), orNone(x.Cosine, "%.3f", "unknown"), r.Reference.Millis)
}

// probeColumns name an estimator in a table.
func probeColumns(x probe.Result) string {
	if x.Feedback == "" {
		return x.Estimator + "\t-\t-"
	}
	return fmt.Sprintf("%s\t%s\t%g", x.Estimator, x.Feedback, x.Tau)
}

// orNone is a number that there may not be.
func orNone(v *float64, format, none string) string {
	if v == nil {
		return none
	}
	return fmt.Sprintf(format, *v)
}

// drawProbe writes the two plots of a report: a colour for every estimator, a
// shape for every feedback, another one for score functions.
func drawProbe(w io.Writer, r *probe.Report) error {
	tau := plot.Panel{X: "tau", Y: "MSE of one draw", Lines: true}
	cost := plot.Panel{X: "milliseconds of one draw", Y: "trace of its variance"}
	shapes := []string{"soft", "straight-through", "detached", ""}
	colours := map[string]int{}
	for _, x := range r.Estimators {
		s := plot.Series{Name: x.Estimator, Shape: slices.Index(shapes, x.Feedback)}
		var ok bool
		if s.Colour, ok = colours[x.Estimator]; !ok {
			s.Colour = len(colours)
			colours[x.Estimator] = s.Colour
		}
		if x.Feedback != "" {
			s.Name += ", " + x.Feedback
			addPoint(&tau, s, x.Tau, x.Parts[0].MSE)
			if !slices.Contains(tau.Ticks, x.Tau) {
				tau.Ticks = append(tau.Ticks, x.Tau)
			}
		}
		addPoint(&cost, s, x.Millis, x.Parts[0].Trace)
	}
	return plot.Panels(w, "Error over tau, and variance over cost, of gradient estimators", tau, cost)
}

// addPoint puts a point into the series of that name.
func addPoint(p *plot.Panel, s plot.Series, x, y float64) {
	i := slices.IndexFunc(p.Series, func(old plot.Series) bool { return old.Name == s.Name })
	if i < 0 {
		i = len(p.Series)
		p.Series = append(p.Series, s)
	}
	p.Series[i].Points = append(p.Series[i].Points, [2]float64{x, y})
}
