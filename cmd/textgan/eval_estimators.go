package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/train"
	"textgan/train/probe"
)

type estimatorsOptions struct {
	modelOptions
	Steps      int      `opt:"steps" default:"50" check:"min=2,max=1000000000" doc:"adversarial steps of every estimator"`
	Seconds    float64  `opt:"seconds" default:"0" check:"min=0,max=1e9" doc:"wall-clock time for the steps of every estimator, in the place of --steps; 0: equal steps" meta:"S"`
	Estimators []string `opt:"estimators" doc:"names, or shell patterns over names; default all" meta:"NAME,..."`
	Feedback   []string `opt:"feedback" check:"oneof=soft|straight-through|detached" doc:"what the next step reads of a relaxed token; default all three" meta:"NAME,..."`
	Tau        float64  `opt:"tau" default:"0" check:"min=0,max=1e6" doc:"temperature of the gradients at the start; 0: where the run's schedule begins"`
	Samples    int      `opt:"samples" default:"100" check:"min=32,max=1000000000" doc:"gradients drawn at the start with every estimator"`
	Reference  int      `opt:"reference" default:"1000" check:"min=32,max=1000000000" doc:"draws of the unbiased reference"`
	Seed       uint64   `opt:"seed" default:"1" doc:"of the gradients at the start"`
	jsonOption
}

func evalEstimatorsCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "estimators", Usage: "one trained start, every estimator: scores, time and variance",
		Description: "Every estimator of training goes on from the same checkpoint with the same batches, under the run's\n" +
			"own settings otherwise. A run whose adversarial part has not begun trains its discriminator first.",
	}, func(c call[estimatorsOptions]) error {
		o := c.opt
		if o.Seconds > 0 && c.has("steps") {
			return usage("textgan eval estimators", "--steps %d does nothing with --seconds %g, which says how many there are; drop one of them", o.Steps, o.Seconds)
		}
		opt := probe.Options{Estimators: o.Estimators, Feedback: o.Feedback, Samples: o.Samples, Reference: o.Reference, Seed: o.Seed, Now: c.now}
		if o.Tau > 0 {
			opt.Taus = []float64{o.Tau}
		}
		if err := refuseUnread("textgan eval estimators", c.given[0], opt); err != nil {
			return err
		}
		p, err := probe.Open(o.Run, o.Checkpoint, 0, o.Seed, c.in)
		if err != nil {
			return err
		}
		line := c.newLine()
		r, err := p.Compare(c.ctx, opt, o.Steps, o.Seconds, progressOf(line, "estimators"))
		line.End()
		if err != nil {
			return err
		}
		return c.show(o.JSON, jsonComparison(r), func(w io.Writer) error { return writeComparison(w, r) })
	})
}

// comparisonRow is an estimator of a comparison as JSON.
type comparisonRow struct {
	probe.Result
	Steps    int            `json:"steps"`
	Millis   float64        `json:"ms_per_step"`
	Verdict  *eval.Verdict  `json:"verdict,omitempty"`
	Diverged string         `json:"diverged,omitempty"`
	End      evaluationLine `json:"end"`
}

func jsonComparison(c *probe.Comparison) any {
	g := c.Gradient
	rows := make([]comparisonRow, len(c.Ends))
	for i, e := range c.Ends {
		rows[i] = comparisonRow{Result: g.Estimators[i], Steps: e.Steps, Millis: e.Millis, Verdict: e.Verdict, End: jsonEvaluation(e.Evaluation)}
		if e.Diverged != nil {
			rows[i].Diverged = e.Diverged.Error()
		}
	}
	return struct {
		Step       int             `json:"step"`
		Steps      int             `json:"steps,omitempty"`
		Seconds    float64         `json:"seconds,omitempty"`
		Unjudged   string          `json:"unjudged,omitempty"`
		Objective  string          `json:"objective"`
		Batch      int             `json:"batch"`
		Parts      []probe.Part    `json:"parts"`
		Reference  probe.Result    `json:"reference"`
		Start      evaluationLine  `json:"start"`
		Estimators []comparisonRow `json:"estimators"`
	}{g.Step, c.Steps, c.Seconds, c.Unjudged, g.Objective, g.Batch, g.Parts, g.Reference, jsonEvaluation(c.Start), rows}
}

// writeComparison prints the table for people.
func writeComparison(w io.Writer, c *probe.Comparison) error {
	writeReference(w, c.Gradient)
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "estimator\tfeedback\ttau\tsteps\tms/step\tms/draw\ttrace variance\t± SE\tSNR\tcosine\t± SE\tMSE in 1 s\tfrontier\tNLL\tBLEU-4\tself-BLEU-4\tdifferent\t")
	if c.Start.Language != nil {
		fmt.Fprint(tab, "valid\tNLL_oracle\t")
	}
	fmt.Fprint(tab, "\nat the start\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t-\t", scoreColumns(c.Start), "\n")
	for i, e := range c.Ends {
		x := c.Gradient.Estimators[i]
		y := x.Parts[0]
		place := "-"
		if e.Verdict != nil {
			place = fmt.Sprintf("%s (%+.3f ± %.3f)", e.Verdict.Place, e.Verdict.Gap, e.Verdict.ErrGap)
		}
		fmt.Fprintf(tab, "%s\t%d\t%.1f\t%.2f\t%.3g\t%.1g\t%s\t%s\t%s\t%s\t%s\t%s\n", probeColumns(x), e.Steps, e.Millis, x.Millis, y.Trace, y.TraceSE,
			orNone(y.SNR, "%.3g", "-"), orNone(y.Cosine, "%.3f", "-"), orNone(y.CosineSE, "%.3f", "-"), orNone(x.EqualTime[1], "%.3g", "-"), place, scoreColumns(e.Evaluation))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	each := fmt.Sprintf("%d adversarial steps each", c.Steps)
	if c.Seconds > 0 {
		each = fmt.Sprintf("%g seconds of adversarial steps each, by the wall clock", c.Seconds)
	}
	_, err := fmt.Fprintf(w, "\n%s; variance, SNR, cosine and MSE (of the average of the draws of a second) are of the gradients before the first.\n", each)
	if err == nil && c.Unjudged == "" {
		_, err = fmt.Fprintln(w, "frontier: samples at temperature 1 against BLEU-4 and self-BLEU-4 of the start over its temperature; the gap is in BLEU-4.")
	} else if err == nil {
		_, err = fmt.Fprintf(w, "No frontier: %s.\n", c.Unjudged)
	}
	for i, e := range c.Ends {
		if e.Diverged != nil && err == nil {
			x := c.Gradient.Estimators[i]
			_, err = fmt.Fprintf(w, "%s, feedback %s, diverged: %v\n", x.Estimator, cmp.Or(x.Feedback, "none"), e.Diverged)
		}
	}
	return err
}

func scoreColumns(e train.Evaluation) string {
	s := fmt.Sprintf("%.4f\t%.4f\t%s\t%.1f %%\t", e.NLL, e.BLEU[3], orderOf(e.SelfBLEU, 4), 100*e.Different)
	if l := e.Language; l != nil {
		s += fmt.Sprintf("%.1f %%\t%s\t", 100*validShare(l), oracleNLL(l))
	}
	return s
}
