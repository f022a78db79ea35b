package main

import (
	"fmt"
	"math"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/internal/machine"
)

func evalDiversityCommand(p *process) *cli.Command {
	type options struct {
		Hyp   string `opt:"hyp" check:"required" doc:"text to measure, one sentence per line; blank lines are empty sentences" meta:"FILE"`
		Train string `opt:"train" doc:"text that the generator was trained on, to compare with" meta:"FILE"`
		MaxN  int    `opt:"max-n" default:"4" check:"min=1,max=9" doc:"longest n-gram"`
		tokenizer
		textInput
		jsonOption
	}
	type report struct {
		eval.Diversity
		*eval.Likeness        // of --train
		Tokenizer      string `json:"tokenizer"`
		Case           string `json:"case"` // lc or mixed
	}
	return command(p, cli.Command{
		Name: "diversity", Usage: "how varied and how new text is: distinct-n, novelty, copies, MS-Jaccard",
	}, func(c call[options]) error {
		k, err := c.opt.tokenizer.tokens(nil)
		if err != nil {
			return err
		}
		if err := oneStdin(c.opt.Hyp, c.opt.Train); err != nil {
			return err
		}
		hyp, err := c.openAs(asJudged, nil, c.opt.Hyp, c.opt.textInput)
		if err != nil {
			return err
		}
		var train []string
		if c.opt.Train != "" {
			text, err := c.openAs(asLearnt, nil, c.opt.Train, c.opt.textInput)
			if err != nil {
				return err
			}
			train = text.Lines
		}
		if err := foresee(k.tokenize, c.opt.MaxN, func(of func([]string) eval.Forecast) machine.Need {
			if train == nil {
				return eval.DiversityNeeds(of(hyp.Lines))
			}
			return eval.DiversityNeeds(of(hyp.Lines), of(train))
		}); err != nil {
			return err
		}
		words := eval.NewLexicon()
		lines := words.Add(hyp.WithBlanks(), k.tokenize)
		r := report{Tokenizer: k.name, Case: k.letters}
		if r.Diversity, err = eval.Diverse(lines, c.opt.MaxN); err != nil {
			return err
		}
		if train != nil {
			likeness, err := eval.Compare(lines, words.Add(train, k.tokenize), c.opt.MaxN)
			if err != nil {
				return err
			}
			r.Likeness = &likeness
		}
		if c.opt.JSON {
			return c.printJSON(r)
		}
		t := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
		row := func(name, format string, values ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", values...) }
		row("tokens", "%v", k)
		row("lines", "%d", r.Lines)
		row("different lines", "%.2f %%", 100*r.Different)
		row(orders("distinct", r.Distinct), "%s of the n-grams", byOrder(r.Distinct))
		row(orders("distinct", r.OfTokens), "%s of the tokens (Li et al. 2016)", byOrder(r.OfTokens))
		l := r.Lengths
		row("length", "%.2f ± %.2f tokens", l.Mean, l.SD)
		row("length min/5%%/25%%/50%%/75%%/95%%/99%%/max", "%d/%d/%d/%d/%d/%d/%d/%d", l.Min, l.P5, l.P25, l.P50, l.P75, l.P95, l.P99, l.Max)
		if like := r.Likeness; like != nil {
			row("not in the training text", "%.2f %% of the lines", 100*like.Novelty)
			row("longest copy of a line", "%.2f ± %.2f tokens, %.2f %% of the line", like.Copies.Mean, like.Copies.StdErr, 100*like.Copies.Share)
			row("longest copy of all", "%d tokens", like.Copies.Max)
			row(orders("MS-Jaccard", like.MSJaccard), "%s", byOrder(like.MSJaccard))
			row(orders("n-gram Jensen-Shannon", like.JensenShannon), "%s nats", byOrder(like.JensenShannon))
			row("distance of the lengths", "%.3f tokens", like.LengthDistance)
		}
		return t.Flush()
	})
}

// orders names a metric that has a value per order.
func orders(name string, values eval.ByOrder) string {
	return fmt.Sprintf("%s 1-%d", name, len(values))
}

func byOrder(values eval.ByOrder) string {
	parts := make([]string, len(values))
	for i, v := range values {
		parts[i] = "-"
		if !math.IsNaN(v) {
			parts[i] = fmt.Sprintf("%.4f", v)
		}
	}
	return strings.Join(parts, "  ")
}
