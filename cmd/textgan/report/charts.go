package report

import (
	"encoding/base64"
	"fmt"
	"html/template"
	"math"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"textgan/corpora"
	"textgan/eval/plot"
)

// points are one column of the record.
type points struct{ x, y []float64 }

// section is the charts of the same phases, which share their axis of steps.
type section struct {
	Title, Note string
	Charts      []chart
	Folded      bool
}

// chart is a drawing of the columns that belong together, and what it says at some
// steps.
type chart struct {
	ID          int // within the page
	Title, Note string
	SVG         template.HTML // of package plot
	Stops       []stop
}

// stop is a place on the axis of steps with the values there. Places are shares of the
// picture in percent.
type stop struct {
	Label           string
	At, Left, Width float64
	Checked         bool
	Readings        []reading
}

// reading is what a curve says at a stop.
type reading struct {
	Colour, Dash     int
	Name, Text, Note string
}

// subjects are the known groups in the order of the page; others follow.
var subjects = []struct{ group, title, note string }{
	{"nll", "Negative log-likelihood", "nats per token; valid is held-out text"},
	{"bleu", "BLEU against held-out text", "sentence level, method1"},
	{"self_bleu", "self-BLEU of the samples", "more is less diverse"},
	{"valid", "Valid sentences", "share of a sample that the built-in language holds"},
	{"different", "Different sentences", "share of a sample"},
	{"nll_oracle", "NLL_oracle", "nats per token of the valid samples under the language itself"},
	{"elbo", "Evidence lower bound", "nats per sentence"},
	{"rec", "Reconstruction", "nats per sentence"},
	{"kl", "KL divergence of the code", "nats per sentence; near 0 the code is not used"},
	{"active_units", "Active units", "parts of the code that vary over the held-out text"},
	{"mi", "Mutual information", "of sentence and code, nats; an estimate, which may fall below 0 where the code says nothing"},
	{"nll_weighted", "NLL by importance weighting", "nats per sentence"},
	{"beta", "beta", "weight of the KL divergence"},
	{"norm", "Gradient norms", "before clipping, logarithmic"},
	{"loss", "Adversarial losses", "d: discriminator, g: generator"},
	{"accuracy", "Accuracy of the discriminator", "share of pairs of a real and a generated sentence in which the real one scores higher; near 1 it teaches the generator little"},
	{"score", "Scores of the discriminator", "means over a batch"},
	{"tau", "tau", "temperature of the relaxed choice; it divides the logits"},
	{"critic", "The critic", "loss: log-loss in nats, ln 2 tells nothing; gain: nats per sentence by which its weights predict real text better than the generator"},
	{"cooperative", "Cooperative rounds", "effective: share of the own sentences that the weights leave"},
}

func groupOf(name string) string {
	group, _, _ := strings.Cut(name, "/")
	return group
}

// rank is the place of a column's group on the page.
func rank(name string) int {
	for i, s := range subjects {
		if s.group == groupOf(name) {
			return i
		}
	}
	return len(subjects)
}

// label is how a column is called in a table.
func label(name string) string {
	if n, ok := strings.CutPrefix(name, "self_bleu/"); ok {
		return "self-BLEU-" + n
	}
	if n, ok := strings.CutPrefix(name, "bleu/"); ok {
		return "BLEU-" + n
	}
	return name
}

// drawCurves draws a chart; tests put another function in its place.
var drawCurves = plot.Curves.Render

// attempt turns a panic of f into its error: no chart may end a report, or the run
// that writes it.
func attempt(f func() error) (err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("a fault of the drawing code, %v", fault)
		}
	}()
	return f()
}

// timeline is an axis of steps that several runs share, phase by phase. A phase is as
// long as that of the run which spent most steps in it.
type timeline struct {
	phases []plot.Phase
	kinds  []string // of the phases
	steps  bool     // do all runs begin each phase at the same step, so that ticks say steps?
}

func newTimeline(runs []*document) *timeline {
	t := &timeline{steps: true}
	var kinds []string
	length, first, names := map[string]int{}, map[string]int{}, map[string][]string{}
	for _, d := range runs {
		at := 0 // behind the phases of this run that are there
		for _, p := range d.Phases {
			kind := kindOf(p.Name)
			i := slices.Index(kinds, kind)
			if i < 0 {
				kinds = slices.Insert(kinds, at, kind)
				i, first[kind] = at, p.From
			} else if first[kind] != p.From {
				t.steps = false
			}
			at = i + 1
			length[kind] = max(length[kind], p.End-p.From)
			if !slices.Contains(names[kind], p.Name) {
				names[kind] = append(names[kind], p.Name)
			}
		}
	}
	at := 0
	for _, kind := range kinds {
		t.steps = t.steps && first[kind] == at
		t.phases = append(t.phases, plot.Phase{Name: strings.Join(names[kind], ", "), From: float64(at), To: float64(at + length[kind])})
		at += length[kind]
	}
	t.kinds = kinds
	for i := range t.phases {
		if t.steps {
			t.phases[i].First = t.phases[i].From
		}
	}
	return t
}

// kindOf is the place of a phase on the axis: a run has one phase that fits real
// sentences, whatever it is called.
func kindOf(phase string) string {
	if phase == "elbo" {
		return "likelihood"
	}
	return phase
}

// at is the place of a run's step on the timeline.
func (t *timeline) at(d *document, step float64) float64 {
	for i, p := range d.Phases {
		if step > float64(p.End) && i < len(d.Phases)-1 {
			continue
		}
		j := slices.Index(t.kinds, kindOf(p.Name))
		return min(t.phases[j].From+step-float64(p.From), t.phases[j].To)
	}
	return step // no phase is known
}

// in is the index of the phase that holds a place.
func (t *timeline) in(x float64) int {
	for i, p := range t.phases {
		if x <= p.To {
			return i
		}
	}
	return max(0, len(t.phases)-1)
}

// label is what a place is called.
func (t *timeline) label(x float64) string {
	if len(t.phases) == 0 {
		return fmt.Sprintf("step %g", x)
	}
	p := t.phases[t.in(x)]
	step := x - p.From + p.First
	if t.steps {
		return fmt.Sprintf("step %g", step)
	}
	return fmt.Sprintf("%s step %g", p.Name, step)
}

// curves are what a chart is made of: by name a colour and one or more curves of it,
// of which a reading is the mean.
type curves struct {
	title, note, levelNote string
	log                    bool
	keys                   []key
	level                  *float64 // of all keys
	highest                *float64 // value that is drawn as such
}

type key struct {
	name   string
	colour int
	runs   []plot.Curve
	level  *float64
}

// sections draws the charts and puts those together that span the same phases: all, the
// first alone, or later ones. The charts are numbered from id on.
func (t *timeline) sections(all []curves, id int) (out []section) {
	type span struct{ from, to int }
	spanOf := func(c curves) span {
		s := span{len(t.phases), 0}
		for _, k := range c.keys {
			for _, r := range k.runs {
				for i, x := range r.X {
					if y := r.Y[i]; !math.IsNaN(y) && !math.IsInf(y, 0) {
						s.from, s.to = min(s.from, t.in(x)), max(s.to, t.in(x))
					}
				}
			}
		}
		return s
	}
	const whole, early, late = 0, 1, 2
	parts := [3][]curves{}
	spans := [3]span{}
	for _, c := range all {
		s, kind := spanOf(c), whole
		switch {
		case len(t.phases) < 2 || s.from > s.to: // nothing can be drawn
		case s.from > 0 && s.from < len(t.phases):
			kind = late
		case s.to == 0:
			kind = early
		}
		if len(parts[kind]) == 0 {
			spans[kind] = s
		}
		spans[kind] = span{min(spans[kind].from, s.from), max(spans[kind].to, s.to)}
		parts[kind] = append(parts[kind], c)
	}
	for _, kind := range []int{whole, late, early} {
		if len(parts[kind]) == 0 {
			continue
		}
		sec := section{Title: "Curves"}
		phases := t.phases
		if kind != whole {
			s := spans[kind]
			phases = phases[min(s.from, len(phases)-1) : s.to+1]
			var names []string
			for _, p := range phases {
				names = append(names, p.Name)
			}
			sec.Title = "Curves of " + strings.Join(names, " and ")
		}
		for _, c := range parts[kind] {
			sec.Charts = append(sec.Charts, t.draw(id, c, phases))
			id++
		}
		out = append(out, sec)
	}
	return out
}

// draw makes a chart.
func (t *timeline) draw(id int, c curves, phases []plot.Phase) chart {
	p := plot.Curves{Title: c.title, Phases: phases, Log: c.log, Level: c.level, Highest: c.highest}
	for _, k := range c.keys {
		for i, r := range k.runs {
			r.Colour = k.colour
			if i == 0 {
				r.Level = k.level
			}
			p.Curves = append(p.Curves, r)
		}
	}
	out := chart{ID: id, Title: c.title, Note: c.note}
	var d plot.Drawing
	err := attempt(func() (err error) { d, err = drawCurves(p); return err })
	if err != nil {
		out.Note = "This chart cannot be drawn: " + err.Error() + "."
		return out
	}
	if d.Cut {
		out.Note += "; cut off at " + number(*c.highest)
	}
	if c.levelNote != "" {
		out.Note = strings.TrimPrefix(out.Note+"; dotted: "+c.levelNote, "; ")
	}
	out.SVG = template.HTML(d.SVG)
	places := places(p.Curves)
	for i, x := range places {
		left, right := 0., 100.
		if i > 0 {
			left = 50 * (d.At(places[i-1]) + d.At(x))
		}
		if i < len(places)-1 {
			right = 50 * (d.At(x) + d.At(places[i+1]))
		}
		s := stop{Label: t.label(x), At: round(100 * d.At(x)), Left: round(left), Width: round(right - left), Checked: i == len(places)-1}
		for _, k := range c.keys {
			s.Readings = append(s.Readings, t.reading(k, x))
		}
		out.Stops = append(out.Stops, s)
	}
	return out
}

func round(v float64) float64 { return math.Round(100*v) / 100 }

// reading is what a key has at a place: there or, with a note, the last before.
func (t *timeline) reading(k key, x float64) reading {
	r := reading{Colour: k.colour % plot.Colours, Dash: k.colour / plot.Colours % 3, Name: k.name, Text: "–"}
	sum, n, latest := 0.0, 0, math.Inf(-1)
	for _, c := range k.runs {
		i := sort.SearchFloat64s(c.X, math.Nextafter(x, math.Inf(1))) - 1
		for i >= 0 && (math.IsNaN(c.Y[i]) || math.IsInf(c.Y[i], 0)) {
			i--
		}
		if i >= 0 {
			sum, n, latest = sum+c.Y[i], n+1, max(latest, c.X[i])
		}
	}
	if n == 0 {
		return r
	}
	r.Text = number(sum / float64(n))
	if latest < x {
		r.Note = "at " + strings.TrimPrefix(t.label(latest), "step ")
	}
	return r
}

// mostStops is how many places of a chart have their values on the page.
const mostStops = 48

// places are where curves have finite values: all of them or, of many, those of sparse
// curves and some of the others.
func places(all []plot.Curve) []float64 {
	sparse, rest := map[float64]bool{}, map[float64]bool{}
	for _, c := range all {
		into := rest
		if len(c.X) <= mostStops/2 {
			into = sparse
		}
		for i, x := range c.X {
			if y := c.Y[i]; !math.IsNaN(y) && !math.IsInf(y, 0) {
				into[x] = true
			}
		}
	}
	keys := func(m map[float64]bool) (out []float64) {
		for x := range m {
			out = append(out, x)
		}
		slices.Sort(out)
		return out
	}
	thin := func(xs []float64, n int) (out []float64) {
		n = min(n, len(xs))
		for i := range n {
			out = append(out, xs[(i+1)*len(xs)/n-1]) // the last is among them
		}
		return out
	}
	kept := thin(keys(sparse), mostStops)
	for x := range sparse {
		delete(rest, x)
	}
	kept = append(kept, thin(keys(rest), max(1, mostStops-len(kept)))...)
	slices.Sort(kept)
	return kept
}

// charts are those of one run: a chart of every group of columns.
func (d *document) charts(language corpora.Language) []section {
	t := newTimeline([]*document{d})
	var all []curves
	for _, name := range d.names {
		group := groupOf(name)
		if len(all) == 0 || groupOf(d.names[slices.Index(d.names, name)-1]) != group {
			all = append(all, curvesOf(group))
		}
		c := &all[len(all)-1]
		k := key{name: strings.ReplaceAll(strings.TrimPrefix(name, group+"/"), "_", " "), colour: len(c.keys), level: d.reference.level(name)}
		if label(name) != name {
			k.name = label(name)
		}
		if k.level != nil {
			c.levelNote = "real text"
		}
		if name == "nll/valid" && language != nil {
			h := language.Entropy().Token
			c.level, c.levelNote = &h, "entropy of the language"
		}
		s := d.series[name]
		if name == "nll/valid" {
			c.highest = highest(s.y)
		}
		k.runs = []plot.Curve{t.curve(k.name, d, s)}
		c.keys = append(c.keys, k)
	}
	return t.sections(all, 0)
}

// curve is a column of a run on the timeline.
func (t *timeline) curve(name string, d *document, s *points) plot.Curve {
	at := plot.Curve{Name: name, Y: s.y}
	for _, x := range s.x {
		at.X = append(at.X, t.at(d, x))
	}
	return at
}

// highest is the largest of the values, nil if there are fewer than two: the first steps
// of training would leave later ones no room.
func highest(values []float64) *float64 {
	if len(values) < 2 {
		return nil
	}
	top := slices.Max(values)
	return &top
}

// curvesOf are the empty curves of a group.
func curvesOf(group string) curves {
	c := curves{title: group, log: group == "norm"}
	if i := rank(group); i < len(subjects) {
		c.title, c.note = subjects[i].title, subjects[i].note
	}
	return c
}

// figure is a picture that somebody else has drawn. As an image, unlike as a
// part of the page, it can neither run scripts nor load anything.
type figure struct {
	Title  string
	Source template.URL
	Wide   bool // is it too wide for a column of the page?
}

// columnWidth is the widest picture, in its own units, whose letters can be read in a column
// of the page.
const columnWidth = 640

var viewBox = regexp.MustCompile(`<svg\b[^>]*\sviewBox="[^" ]+ [^" ]+ ([0-9.]+) `)

func newFigure(title string, svg []byte) figure {
	f := figure{Title: title, Source: template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg))}
	if m := viewBox.FindSubmatch(svg); m != nil {
		width, err := strconv.ParseFloat(string(m[1]), 64)
		f.Wide = err == nil && width > columnWidth
	}
	return f
}
