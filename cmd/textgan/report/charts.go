package report

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"textgan/eval/plot"
)

// points are one column of the record.
type points struct{ x, y []float64 }

// chart is a drawing of the columns that belong together: those that share the
// part of their names before the slash.
type chart struct {
	Title, Note string
	SVG         template.HTML // of package plot
}

// subjects are the known groups in the order of the page; others follow.
var subjects = []struct{ group, title, note string }{
	{"nll", "Negative log-likelihood", "nats per token, ends of sentences included; valid is held-out text"},
	{"loss", "Adversarial losses", "d: discriminator, g: generator"},
	{"accuracy", "Accuracy of the discriminator", "share of pairs of a real and a generated sentence in which the real one scores higher; near 1 it teaches the generator little"},
	{"score", "Scores of the discriminator", "means over a batch"},
	{"elbo", "Evidence lower bound", "nats per sentence"},
	{"rec", "Reconstruction", "nats per sentence"},
	{"kl", "KL divergence of the code", "nats per sentence; near 0 the code is not used"},
	{"active_units", "Active units", "parts of the code that vary over the held-out text"},
	{"mi", "Mutual information", "of sentence and code, nats; an estimate, which may fall below 0 where the code says nothing"},
	{"nll_weighted", "NLL by importance weighting", "nats per sentence"},
	{"beta", "beta", "weight of the KL divergence"},
	{"norm", "Gradient norms", "before clipping, logarithmic"},
	{"tau", "tau", "temperature of the relaxed choice; it divides the logits"},
	{"bleu", "BLEU against held-out text", "by order, sentence level, method1"},
	{"self_bleu", "self-BLEU of the samples", "by order; more is less diverse"},
	{"different", "Different sentences", "share of a sample"},
	{"valid", "Valid sentences", "share of a sample that the built-in language holds"},
	{"nll_oracle", "NLL_oracle", "nats per token of the valid samples under the language itself"},
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
var drawCurves = plot.Curves

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

// draw makes a chart of every group of names, which come sorted by group.
func (d *document) draw(names []string, columns map[string]*points) error {
	var marks []float64
	for _, p := range d.Phases[:max(0, len(d.Phases)-1)] {
		marks = append(marks, float64(p.End))
	}
	for len(names) > 0 {
		group := groupOf(names[0])
		n := slices.IndexFunc(names, func(name string) bool { return groupOf(name) != group })
		if n < 0 {
			n = len(names)
		}
		c := chart{Title: group}
		if i := rank(group); i < len(subjects) {
			c.Title, c.Note = subjects[i].title, subjects[i].note
		}
		var series []plot.Curve
		for _, name := range names[:n] {
			short := strings.TrimPrefix(name, group+"/")
			if label(name) != name {
				short = label(name)
			}
			series = append(series, plot.Curve{Name: short, X: columns[name].x, Y: columns[name].y})
		}
		var svg bytes.Buffer
		err := attempt(func() error { return drawCurves(&svg, c.Title, series, marks, group == "norm") })
		if err != nil {
			c.Note = "This chart cannot be drawn: " + err.Error() + "."
		} else {
			c.SVG = inline(svg.String())
		}
		d.Charts = append(d.Charts, c)
		names = names[n:]
	}
	return nil
}

// inline takes the XML declaration off, which has no place inside HTML.
func inline(svg string) template.HTML {
	return template.HTML(svg[max(0, strings.Index(svg, "<svg")):])
}

// figure is a picture that somebody else has drawn. As an image, unlike as a
// part of the page, it can neither run scripts nor load anything.
type figure struct {
	Title  string
	Source template.URL
}

func newFigure(title string, svg []byte) figure {
	return figure{title, template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg))}
}
