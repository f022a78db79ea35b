package tour

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"
	"text/tabwriter"

	"textgan/eval/plot"
	"textgan/internal/config"
)

// Lesson is an entry of the tour.
type Lesson struct {
	Name      string   // on the command line, and the anchor on the page
	Title     string   // of the heading
	Sentences []string // two or three, plain
	Formula   string
	Next      string   // the command that goes on from here
	Sources   []Source // what computes it
	Images    bool     // it reads those of Options

	compute func(ctx context.Context, o Options, r *Results) error
}

// Source is where something is computed.
type Source struct{ Package, Function string }

func (s Source) String() string { return s.Package + "." + s.Function }

// Options of the lessons.
type Options struct {
	Seed   uint64 // of all draws
	Images string // an IDX file for the lesson on images; empty: digits are drawn

	small bool // the lessons that train are shorter, for tests
}

// Results are what a lesson computes.
type Results struct {
	Numbers  []Number
	Pictures []Picture

	err error // of the first picture that could not be drawn
}

// Number is a named value.
type Number struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	Text  string  `json:"text"` // what it is, with its unit
}

// Add appends a number.
func (r *Results) Add(name string, value float64, format string, args ...any) {
	r.Numbers = append(r.Numbers, Number{name, value, fmt.Sprintf(format, args...)})
}

// Picture is a picture of a lesson, and what moves it.
type Picture struct {
	Title string
	Alt   string        // the text alternative
	SVG   template.HTML // inline; where the frames' texts go, it has the attributes data-move="0", "1", ...
	// Controls choose among the frames: the last control runs fastest. None: the
	// picture stands still.
	Controls []Control
	Frames   []Frame
}

// Control is a slider, or a list of names to choose from.
type Control struct {
	Label  string
	Values []string
	Start  int  // index of the value at the beginning
	Names  bool // a list to choose from
}

// Frame is one state of a picture.
type Frame struct {
	Text string // a line that says its numbers
	// Move is what the picture's elements with an attribute data-move become: the
	// attribute d of a path, the href of an image, the text of anything else.
	Move []string
}

// Draw appends a chart. Its frames are those of the chart, each with a text. An error is
// that of the lesson.
func (r *Results) Draw(c plot.Chart, controls []Control, texts []string) {
	start := 0
	for _, k := range controls {
		start = start*len(k.Values) + k.Start
	}
	c.Start = start
	svg, frames, err := c.Render()
	if err == nil && len(controls) > 0 && len(frames) != len(texts) {
		err = fmt.Errorf("tour: picture %q has %d frames and %d texts", c.Title, len(frames), len(texts))
	}
	if err != nil {
		r.err = cmp.Or(r.err, err)
		return
	}
	p := Picture{Title: c.Title, Alt: c.Text, SVG: template.HTML(svg), Controls: controls}
	for i, f := range frames {
		p.Frames = append(p.Frames, Frame{texts[i], f})
	}
	r.Pictures = append(r.Pictures, p)
}

// Done is a lesson with its results.
type Done struct {
	Lesson
	Results
}

// Find returns the lesson of that name.
func Find(name string) (Lesson, error) {
	var names []string
	for _, l := range Lessons {
		if l.Name == name {
			return l, nil
		}
		names = append(names, l.Name)
	}
	hint := config.DidYouMean(name, names)
	if hint == "" {
		hint = "; choose one of " + strings.Join(names, ", ")
	}
	return Lesson{}, &config.Error{Msg: fmt.Sprintf("tour: no lesson is called %q%s", name, hint)}
}

// Run computes lessons one after the other. progress, if not nil, is called with the
// place of a lesson before it begins.
func Run(ctx context.Context, lessons []Lesson, o Options, progress func(i int)) ([]Done, error) {
	var all []Done
	for i, l := range lessons {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		if progress != nil {
			progress(i)
		}
		var r Results
		err := l.compute(ctx, o, &r)
		if err = cmp.Or(err, r.err); err != nil {
			return nil, fmt.Errorf("tour: lesson %s: %w", l.Name, err)
		}
		all = append(all, Done{l, r})
	}
	return all, nil
}

// take lets a trainer take n steps, or ends with the context.
func take(ctx context.Context, n int, step func() error) error {
	for range n {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// MarshalJSON leaves the pictures out.
func (d Done) MarshalJSON() ([]byte, error) {
	type number struct {
		Name  string   `json:"name"`
		Value *float64 `json:"value"` // null: it does not exist
		Text  string   `json:"text"`
	}
	var numbers []number
	for _, n := range d.Numbers {
		x := number{Name: n.Name, Text: n.Text}
		if !math.IsNaN(n.Value) && !math.IsInf(n.Value, 0) {
			x.Value = &n.Value
		}
		numbers = append(numbers, x)
	}
	var sources []string
	for _, s := range d.Sources {
		sources = append(sources, s.String())
	}
	return json.Marshal(struct {
		Name      string   `json:"lesson"`
		Title     string   `json:"title"`
		Sentences []string `json:"sentences"`
		Formula   string   `json:"formula"`
		Numbers   []number `json:"numbers"`
		Sources   []string `json:"computed_by"`
		Next      string   `json:"next"`
	}{d.Name, d.Title, d.Sentences, d.Formula, numbers, sources, d.Next})
}

// WriteText writes a lesson's text and numbers.
func (d Done) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%s\n\n", d.Title)
	for _, s := range d.Sentences {
		fmt.Fprintln(w, s)
	}
	fmt.Fprintf(w, "\n  %s\n\n", strings.ReplaceAll(d.Formula, "\n", "\n  "))
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, n := range d.Numbers {
		fmt.Fprintf(tab, "%s\t%s\t%s\n", n.Name, figure(n.Value), n.Text)
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nTry: %s\n", d.Next)
	return err
}

// figure is a number for people, of five digits.
func figure(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.5g", v)
}
