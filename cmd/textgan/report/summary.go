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
	Phase     string
	Step      int
	values    map[string]float64
	sentences int                // of the sample that is kept; 0: none is
	stdErr    map[string]float64 // over these sentences
	nats      []float64          // of each held-out line; nil: not known
	tokens    []int
}

// column of the summary. Better is 1 if more is better, -1 if less is, 0 where it
// depends on the others.
type column struct {
	name, title string
	digits      int
	percent     bool
	better      int
}

var columns = []column{
	{"nll/valid", "NLL", 4, false, -1},
	{"bleu/2", "BLEU-2", 3, false, 1}, {"bleu/3", "BLEU-3", 3, false, 1}, {"bleu/4", "BLEU-4", 3, false, 1}, {"bleu/5", "BLEU-5", 3, false, 1},
	{"self_bleu/4", "self-BLEU-4", 3, false, -1},
	{"different", "different", 1, true, 1},
	{"valid", "valid", 1, true, 1}, {"nll_oracle", "NLL_oracle", 3, false, 0},
}

func columnOf(name string) column {
	return columns[slices.IndexFunc(columns, func(c column) bool { return c.name == name })]
}

// columnsOf are those that some evaluation has.
func columnsOf(all []evaluation) (shown []column) {
	for _, c := range columns {
		if slices.ContainsFunc(all, func(e evaluation) bool { _, ok := e.values[c.name]; return ok }) {
			shown = append(shown, c)
		}
	}
	return shown
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

const tableLegend = "NLL: nats per token of held-out text, less is better. BLEU against held-out text, more is better; self-BLEU-4, less is more varied."

// overSentences says what the intervals of single runs are.
var overSentences = fmt.Sprintf("In small print its 95 %% interval, bold where that leaves out 0: of NLL over the held-out lines, in pairs; of BLEU over the sentences of the two evaluations, the held-out lines given; of self-BLEU by the jackknife over %d groups of them; of valid after Agresti and Caffo. Where there is none, it is a single evaluation.", groups)

// summarise fills the table that the console prints too, and the verdict.
func (d *document) summarise(p *page, language corpora.Language) {
	ends := d.ends()
	if len(ends) == 0 {
		return
	}
	for i := range ends {
		if i == 0 || i == len(ends)-1 {
			d.reference.measure(&ends[i])
		}
	}
	first, last := ends[0], ends[len(ends)-1]
	shown := columnsOf(ends)
	t := table{Title: "Summary by phase", Head: []string{"step"}, Notes: []string{tableLegend}}
	for _, c := range shown {
		t.Head = append(t.Head, c.title)
	}
	for _, e := range ends {
		row := tableRow{Name: "after " + e.Phase, Cells: cells(fmt.Sprint(e.Step))}
		for _, c := range shown {
			row.Cells = append(row.Cells, cell{Text: e.cell(c)})
		}
		t.Rows = append(t.Rows, row)
	}
	if len(ends) > 1 {
		row := tableRow{Name: "change", Cells: cells("")}
		withIntervals := false
		for _, c := range shown {
			by, i, ok := change(first, last, c)
			row.Cells = append(row.Cells, changeCell(by, i, ok, c))
			withIntervals = withIntervals || i != nil
		}
		t.Rows = append(t.Rows, row)
		if withIntervals {
			t.Notes = append(t.Notes, "Change from the first row to the last. "+overSentences+" How far another seed of training would move the numbers is not in one run.")
		} else {
			t.Notes = append(t.Notes, "Change from the first row to the last, of a single evaluation each: the run keeps nothing to compute an interval from.")
		}
	}
	d.reference.tell(&t, shown)
	p.Tables = append(p.Tables, t)
	d.verdict(p, first, last, language)
}

// changeCell is a change in a table, with its interval.
func changeCell(by float64, i *interval, ok bool, c column) cell {
	switch {
	case !ok:
		return cell{Text: "-"}
	case i == nil:
		return cell{Text: signed(by, c)}
	}
	return cell{signed(by, c), i.small(by, c), i.told()}
}

func (e evaluation) cell(c column) string {
	v, ok := e.values[c.name]
	if !ok || c.name == "nll_oracle" && e.values["valid"] == 0 {
		return "-"
	}
	return c.format(v)
}

func (c column) format(v float64) string {
	if c.percent {
		return fmt.Sprintf("%.*f %%", c.digits, 100*v)
	}
	return Fixed(v, c.digits)
}

// Fixed is v with so many digits behind the point; with four digits in all where it has
// more than six before.
func Fixed(v float64, digits int) string {
	if math.Abs(v) >= 1e6 {
		return fmt.Sprintf("%.4g", v)
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// change is how much a column has risen from one evaluation to another, with its
// interval over the sentences where these are known.
func change(from, to evaluation, c column) (by float64, i *interval, ok bool) {
	a, hasA := from.values[c.name]
	b, hasB := to.values[c.name]
	if !hasA || !hasB || c.name == "nll_oracle" && (from.values["valid"] == 0 || to.values["valid"] == 0) {
		return 0, nil, false
	}
	seA, errA := from.stdErr[c.name]
	seB, errB := to.stdErr[c.name]
	switch {
	case c.name == "nll/valid" && len(from.nats) > 1 && slices.Equal(from.tokens, to.tokens):
		i = paired(from.nats, to.nats, from.tokens)
	case errA && errB:
		i = normal(b-a, math.Hypot(seA, seB))
	case c.name == "valid" && from.sentences > 0 && to.sentences > 0:
		i = proportions(a, float64(from.sentences), b, float64(to.sentences))
	}
	return b - a, i, true
}

// direction of a change: 1, -1, or 0 where an interval holds 0.
func direction(by float64, i *interval) int {
	switch {
	case i != nil && !i.told():
		return 0
	case by > 0:
		return 1
	case by < 0:
		return -1
	}
	return 0
}

// qualityAndVariety says what the directions of BLEU and self-BLEU come to.
var qualityAndVariety = map[[2]int]string{
	{1, 1}:   "closer to real text at the price of variety; eval frontier tells whether a lower temperature of the first would have done the same",
	{1, 0}:   "closer to real text, and no loss of variety that can be told from chance",
	{1, -1}:  "closer to real text, and more varied",
	{0, 1}:   "less varied, and no closer to real text as far as can be told",
	{0, 0}:   "neither change can be told from chance",
	{0, -1}:  "more varied, and as close to real text as before as far as can be told",
	{-1, 1}:  "farther from real text, and less varied",
	{-1, 0}:  "farther from real text, and no more varied as far as can be told",
	{-1, -1}: "more varied, and farther from real text",
}

// Collapsed reports whether samples, of which a share is different lines, are too much
// alike for a text of whose lines another share is: NaN where that is not known.
func Collapsed(different, real float64) bool {
	const few, manyReal = .2, .5
	return different < few && !(real < manyReal)
}

// varietyAlone says what the direction of self-BLEU comes to.
var varietyAlone = map[int]string{
	1:  "less varied",
	0:  "no more varied as far as can be told",
	-1: "more varied",
}

// verdict says what the numbers come to. Every sentence has its numbers in it.
func (d *document) verdict(p *page, first, last evaluation, language corpora.Language) {
	say := func(format string, args ...any) { p.Verdict = append(p.Verdict, fmt.Sprintf(format, args...)) }
	warn := func(format string, args ...any) { p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...)) }
	nll := last.values["nll/valid"]
	if last.Phase != first.Phase {
		before := first.values["nll/valid"]
		word := "better"
		if nll > before {
			word = "worse"
		}
		on := ""
		if h := d.Manifest.HeldOut; h != nil {
			on = fmt.Sprintf(", on the same %d held-out lines", h.Lines)
		}
		c := columnOf("nll/valid")
		by, i, _ := change(first, last, c)
		interval := "a single evaluation each"
		if i != nil {
			interval = "95 % interval " + i.between(c)
			if !i.told() {
				word = "no better or worse, as far as can be told,"
			}
		}
		say("Held-out text is predicted %s after the %s phase than after the %s phase: %.4f against %.4f nats a token (%s, %s)%s.", word, last.Phase, first.Phase, nll, before, signed(by, c), interval, on)
		d.tellBLEU(p, first, last)
		valid := columnOf("valid")
		if by, i, ok := change(first, last, valid); ok {
			text := signed(by, valid) + " points"
			if i != nil {
				text += ", 95 % interval " + i.between(valid)
			}
			say("Valid sentences: %.1f %% after %s, %.1f %% after %s (%s).", 100*first.values["valid"], first.Phase, 100*last.values["valid"], last.Phase, text)
		}
	} else {
		say("After %d steps of %s, held-out text costs %.4f nats a token.", last.Step, last.Phase, nll)
		if v, ok := last.values["valid"]; ok {
			say("Valid sentences: %.1f %%.", 100*v)
		}
		if r := d.reference.level("bleu/4"); r != nil {
			say("BLEU-4 is %.3f, where real text has %.3f; self-BLEU-4 is %.3f, where real text has %.3f.", last.values["bleu/4"], *r, last.values["self_bleu/4"], d.reference.real["self_bleu/4"])
		}
	}
	if language != nil {
		h := language.Entropy().Token
		say("The language itself has an entropy of %.4f nats a token, the least that any model can reach: %.4f are left.", h, nll-h)
	}

	if v, ok := last.values["different"]; ok && Collapsed(v, d.reference.different) {
		advice := ""
		if last.Phase == "adversarial" {
			advice = " Go back to an earlier checkpoint; a smaller --g-lr or a higher tau may help."
		}
		warn("The samples have collapsed: %.1f %% of them are different sentences.%s", 100*v, advice)
	}
	if s := d.series["accuracy/d"]; s != nil && last.Phase == "adversarial" {
		const window = 50
		tail := s.y[max(0, len(s.y)-window):]
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
		warn("The code is hardly used: its divergence is %.3f nats a sentence. Try a smaller --kl-weight, more --free-bits or --word-dropout.", v)
	}
}

// tellBLEU says what BLEU and self-BLEU come to.
func (d *document) tellBLEU(p *page, first, last evaluation) {
	bleu, self := columnOf("bleu/4"), columnOf("self_bleu/4")
	quality, i, isQuality := change(first, last, bleu)
	variety, j, isVariety := change(first, last, self)
	if !isQuality || !isVariety {
		return
	}
	moves := [2]int{direction(quality, i), direction(variety, j)}
	meaning, real := qualityAndVariety[moves], ""
	if r := d.reference.level(bleu.name); r != nil {
		real = fmt.Sprintf("; real text has %.3f and %.3f", *r, d.reference.real[self.name])
		beyond := normal(last.values[bleu.name]-*r, math.Hypot(last.stdErr[bleu.name], d.reference.realErr))
		switch {
		case moves[0] > 0 && beyond.lo > 0:
			meaning = "more BLEU than real text is a sign of safe sentences rather than of better ones"
		case moves[0] < 0 && beyond.hi >= 0:
			meaning = "no less BLEU than real text as far as can be told, and " + varietyAlone[moves[1]]
		}
	}
	p.Verdict = append(p.Verdict, fmt.Sprintf("BLEU-4 %s and self-BLEU-4 %s%s: %s.", moved(quality, i, bleu, last), moved(variety, j, self, last), real, meaning))
}

// moved tells a change with its interval.
func moved(by float64, i *interval, c column, to evaluation) string {
	word := "went nowhere"
	switch {
	case by > 0:
		word = "went up"
	case by < 0:
		word = "went down"
	}
	text := fmt.Sprintf("%s by %.*f to %s", word, c.digits, math.Abs(by), c.format(to.values[c.name]))
	if i == nil {
		return text + " (a single evaluation each)"
	}
	return fmt.Sprintf("%s (95 %% interval of the change %s)", text, i.between(c))
}
