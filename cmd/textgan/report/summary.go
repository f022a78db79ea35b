package report

import (
	"fmt"
	"math"
	"slices"

	"textgan/corpora"
	"textgan/train/rundir"
)

// evaluation is what the record says of the weights at a step, by column.
type evaluation struct {
	Phase  string
	Step   int
	values map[string]float64
}

// columns of the summary, as far as the record has them.
var columns = []struct {
	name, title string
	digits      int
	percent     bool
}{
	{"nll/valid", "NLL", 4, false},
	{"bleu/2", "BLEU-2", 3, false}, {"bleu/3", "BLEU-3", 3, false}, {"bleu/4", "BLEU-4", 3, false}, {"bleu/5", "BLEU-5", 3, false},
	{"self_bleu/4", "self-BLEU-4", 3, false},
	{"different", "different", 1, true},
	{"valid", "valid", 1, true}, {"nll_oracle", "NLL_oracle", 3, false},
}

// table is the summary that the console prints: a row for the weights that each phase
// has ended with.
type table struct {
	Head []string
	Rows []tableRow
}

type tableRow struct {
	Phase string
	Step  int
	Cells []string
}

// evaluate adds a record to the evaluations, if it is one. It does not say its phase.
func (d *document) evaluate(rec rundir.Record) {
	if _, ok := rec.Float("nll/valid"); !ok {
		return
	}
	e := evaluation{Step: rec.Step, values: map[string]float64{}}
	for _, f := range rec.Fields {
		if v, ok := rec.Float(f.Name); ok {
			e.values[f.Name] = v
		}
	}
	d.evaluations = append(d.evaluations, e)
}

// endsBest are the phases that end with the weights of their lowest NLL.
var endsBest = []string{"likelihood", "backwards", "elbo"}

// ends are the evaluations of the weights that each phase has ended with.
func (d *document) ends() (ends []evaluation) {
	for _, e := range d.evaluations {
		i := slices.IndexFunc(d.Phases, func(p phase) bool { return e.Step <= p.End })
		if i < 0 {
			continue
		}
		e.Phase = d.Phases[i].Name
		switch n := len(ends); {
		case n == 0 || ends[n-1].Phase != e.Phase:
			ends = append(ends, e)
		case !slices.Contains(endsBest, e.Phase) || !(ends[n-1].values["nll/valid"] <= e.values["nll/valid"]):
			ends[n-1] = e
		}
	}
	return ends
}

// summarise fills the table and the verdict.
func (d *document) summarise(language corpora.Language) {
	ends := d.ends()
	if len(ends) == 0 {
		return
	}
	var shown []int
	for i, c := range columns {
		if slices.ContainsFunc(ends, func(e evaluation) bool { _, ok := e.values[c.name]; return ok }) {
			shown = append(shown, i)
			d.Table.Head = append(d.Table.Head, c.title)
		}
	}
	for _, e := range ends {
		row := tableRow{Phase: e.Phase, Step: e.Step}
		for _, i := range shown {
			row.Cells = append(row.Cells, e.cell(i))
		}
		d.Table.Rows = append(d.Table.Rows, row)
	}
	d.verdict(ends, language)
}

func (e evaluation) cell(i int) string {
	c := columns[i]
	v, ok := e.values[c.name]
	switch {
	case !ok || c.name == "nll_oracle" && e.values["valid"] == 0:
		return "-"
	case c.percent:
		return fmt.Sprintf("%.*f %%", c.digits, 100*v)
	}
	return fmt.Sprintf("%.*f", c.digits, v)
}

// verdict says what the numbers come to. Every sentence has its numbers in it.
func (d *document) verdict(ends []evaluation, language corpora.Language) {
	say := func(format string, args ...any) { d.Verdict = append(d.Verdict, fmt.Sprintf(format, args...)) }
	warn := func(format string, args ...any) { d.Warnings = append(d.Warnings, fmt.Sprintf(format, args...)) }
	first, last := ends[0], ends[len(ends)-1]
	nll := last.values["nll/valid"]
	if last.Phase != first.Phase {
		before := first.values["nll/valid"]
		word := "better"
		if nll > before {
			word = "worse"
		}
		say("Held-out text is predicted %s after the %s phase than after the %s phase: %.4f against %.4f nats a token (%+.4f).", word, last.Phase, first.Phase, nll, before, nll-before)
		quality, isQuality := change(first, last, "bleu/4")
		variety, isVariety := change(first, last, "self_bleu/4")
		if isQuality && isVariety {
			text := fmt.Sprintf("BLEU-4 went %s (%+.3f) and self-BLEU-4 %s (%+.3f): ", direction(quality), quality, direction(variety), variety)
			switch {
			case math.Abs(quality) < .01 && math.Abs(variety) < .01:
				text += "both by less than 0.01, no change to speak of."
			case quality > 0 && variety <= 0:
				text += "closer to real text, and no less varied."
			case quality > 0:
				text += "closer to real text at the price of variety; eval frontier tells whether a lower temperature of the first would have done the same."
			case variety < 0:
				text += "more varied, and farther from real text."
			default:
				text += "neither closer to real text nor more varied."
			}
			say("%s", text)
		}
		if v, ok := change(first, last, "valid"); ok {
			say("Valid sentences: %.1f %% after %s, %.1f %% after %s (%+.1f points).", 100*first.values["valid"], first.Phase, 100*last.values["valid"], last.Phase, 100*v)
		}
	} else {
		say("After %d steps of %s, held-out text costs %.4f nats a token.", last.Step, last.Phase, nll)
		if v, ok := last.values["valid"]; ok {
			say("Valid sentences: %.1f %%.", 100*v)
		}
	}
	if language != nil {
		h := language.Entropy().Token
		say("The language itself has an entropy of %.4f nats a token, the least that any model can reach: %.4f are left.", h, nll-h)
	}

	if v, ok := last.values["different"]; ok && v < 0.2 {
		warn("The samples have collapsed: %.1f %% of them are different sentences. Go back to an earlier checkpoint; a smaller --g-lr or a higher tau may help.", 100*v)
	}
	if p := d.series["accuracy/d"]; p != nil && last.Phase == "adversarial" {
		const window = 50
		tail := p.y[max(0, len(p.y)-window):]
		sum := 0.0
		for _, v := range tail {
			sum += v
		}
		if mean := sum / float64(len(tail)); mean >= .99 {
			warn("The discriminator tells %.1f %% of the pairs right over the last %d records: it leaves the generator little to learn from. Try a smaller --d-lr or fewer --d-pretrain.", 100*mean, len(tail))
		}
	}
	newest := d.evaluations[len(d.evaluations)-1]
	if now := newest.values["nll/valid"]; math.IsNaN(now) || math.IsInf(now, 0) {
		warn("The last likelihood of held-out text is no finite number.")
	}
	if v, ok := d.final["kl/valid"]; ok && v < .1 {
		warn("The code is hardly used: its divergence is %.3f nats a sentence. Try a smaller --beta or --free-bits.", v)
	}
}

// change is how much a column has risen from one evaluation to another.
func change(from, to evaluation, name string) (by float64, ok bool) {
	a, hasA := from.values[name]
	b, hasB := to.values[name]
	return b - a, hasA && hasB
}

func direction(by float64) string {
	switch {
	case by > 0:
		return "up"
	case by < 0:
		return "down"
	}
	return "nowhere"
}
