package main

import (
	"cmp"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/train"
	"textgan/train/probe"
)

type estimatorsOptions struct {
	modelOptions
	Steps      int      `opt:"steps" default:"50" check:"min=2,max=1000000000" doc:"adversarial steps of every estimator"`
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
		p, err := probe.Open(o.Run, o.Checkpoint, 0, o.Seed, c.in)
		if err != nil {
			return err
		}
		opt := probe.Options{Estimators: o.Estimators, Feedback: o.Feedback, Samples: o.Samples, Reference: o.Reference, Seed: o.Seed, Now: c.now}
		if o.Tau > 0 {
			opt.Taus = []float64{o.Tau}
		}
		line := c.newLine()
		r, err := p.Compare(c.ctx, opt, o.Steps, progressOf(line, "estimators"))
		line.End()
		if err != nil {
			return err
		}
		if o.JSON {
			return c.printJSON(jsonComparison(r))
		}
		return writeComparison(c.out, r)
	})
}

// comparisonRow is an estimator of a comparison as JSON.
type comparisonRow struct {
	probe.Result
	Millis   float64        `json:"ms_per_step"`
	Diverged string         `json:"diverged,omitempty"`
	End      evaluationLine `json:"end"`
}

func jsonComparison(c *probe.Comparison) any {
	g := c.Gradient
	rows := make([]comparisonRow, len(c.Ends))
	for i, e := range c.Ends {
		rows[i] = comparisonRow{Result: g.Estimators[i], Millis: e.Millis, End: jsonEvaluation(e.Evaluation)}
		if e.Diverged != nil {
			rows[i].Diverged = e.Diverged.Error()
		}
	}
	return struct {
		Step       int             `json:"step"`
		Steps      int             `json:"steps"`
		Objective  string          `json:"objective"`
		Batch      int             `json:"batch"`
		Parts      []probe.Part    `json:"parts"`
		Reference  probe.Result    `json:"reference"`
		Start      evaluationLine  `json:"start"`
		Estimators []comparisonRow `json:"estimators"`
	}{g.Step, c.Steps, g.Objective, g.Batch, g.Parts, g.Reference, jsonEvaluation(c.Start), rows}
}

// writeComparison prints the table for people.
func writeComparison(w io.Writer, c *probe.Comparison) error {
	writeReference(w, c.Gradient)
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "estimator\tfeedback\ttau\tms/step\tms/draw\ttrace variance\t± SE\tSNR\tcosine\t± SE\tNLL\tBLEU-4\tself-BLEU-4\tdifferent\t")
	if c.Start.Language != nil {
		fmt.Fprint(tab, "valid\tNLL_oracle\t")
	}
	fmt.Fprint(tab, "\nat the start\t-\t-\t-\t-\t-\t-\t-\t-\t-\t", scoreColumns(c.Start), "\n")
	for i, e := range c.Ends {
		x := c.Gradient.Estimators[i]
		y := x.Parts[0]
		fmt.Fprintf(tab, "%s\t%.1f\t%.2f\t%.3g\t%.1g\t%s\t%s\t%s\t%s\n", probeColumns(x), e.Millis, x.Millis, y.Trace, y.TraceSE,
			orNone(y.SNR, "%.3g", "-"), orNone(y.Cosine, "%.3f", "-"), orNone(y.CosineSE, "%.3f", "-"), scoreColumns(e.Evaluation))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%d adversarial steps each; variance, SNR and cosine are of the gradients before the first.\n", c.Steps)
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
