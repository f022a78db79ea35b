package plot

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Chart is a plot that a page may move: its layers have frames, one of which is
// drawn. What changes from frame to frame is the data of one path a layer, so that
// many frames are small and showing another needs no more than setting them.
type Chart struct {
	Title, Text   string  // its name, and what it shows, to those who cannot see it
	Width, Height float64 // pixels of the plot, without the legend; 0: 360 by 250
	X, Y          Axis
	Layers        []Layer
	Notes         []Note
	Bare          bool // without axes: what is drawn says where things are
	Start         int  // the frame that is drawn
}

// Note is a text at a point, which its middle touches.
type Note struct {
	X, Y float64
	Text string
}

// Axis of a chart.
type Axis struct {
	Label  string
	Log    bool
	Lo, Hi float64   // the ends; both 0: what holds the values of all frames
	Ticks  []float64 // nil: round values
	Names  []string  // of the ticks, instead of their values
}

// Layer is a series of one colour.
type Layer struct {
	Name   string // in the legend; empty: it is not there
	Colour int    // from 0 on, wraps round: blue, orange, green, purple, yellow, light blue, grey
	Kind   Kind
	Size   float64  // of dots and lines in pixels, of bars in units of their axis; 0: the kind's own
	Frames []Points // one: the layer does not move
}

// Points of a layer. Those that are not finite are left out.
type Points struct {
	X, Y []float64
	Base []float64 // of a Bar, Area or Span, where it begins; nil: 0, or the end of a logarithmic axis
}

// Add appends a point.
func (p *Points) Add(x, y float64) { p.X, p.Y = append(p.X, x), append(p.Y, y) }

// Kind is how the points of a layer are drawn.
type Kind int

// The kinds.
const (
	Line    Kind = iota // joined
	Dots                // round
	Bars                // upright, from Base to Y
	Lying               // bars from Base to X
	Area                // between Base and Y, half transparent
	Span                // a thin upright line from Base to Y, such as an interval
	Segment             // a thin lying line from Base to X
)

// chartStyle are the layers' colours: Okabe and Ito's, moved until each has a
// contrast of 3 to a light and to a dark page.
const chartStyle = `<style>.tg-chart{--tg0:#0072b2;--tg1:#c75200;--tg2:#00805d;--tg3:#b05590;--tg4:#9c6c00;--tg5:#2a83b5;--tg6:#767676}` +
	`@media(prefers-color-scheme:dark){.tg-chart{--tg0:#4da3e0;--tg1:#ff8a45;--tg2:#2cc496;--tg3:#e39ac7;--tg4:#f0b63c;--tg5:#8fd0f5;--tg6:#a0a0a0}}</style>`

// Colours is how many there are.
const Colours = 7

// Render returns the chart as SVG and, for every frame, the data of the paths that
// move, in the order of their attributes data-move. A chart without layers that move
// has no frames.
func (c Chart) Render() (image string, frames [][]string, err error) {
	c.Width, c.Height = cmp.Or(c.Width, 360), cmp.Or(c.Height, 250)
	n := 1
	for _, l := range c.Layers {
		if len(l.Frames) > 1 && n > 1 && len(l.Frames) != n {
			return "", nil, fmt.Errorf("plot: chart %q: layers of %d and %d frames", c.Title, n, len(l.Frames))
		}
		n = max(n, len(l.Frames))
		for _, p := range l.Frames {
			if len(p.X) != len(p.Y) || p.Base != nil && len(p.Base) != len(p.X) {
				return "", nil, fmt.Errorf("plot: chart %q: layer %q has coordinates of different lengths", c.Title, l.Name)
			}
		}
	}
	if c.Start < 0 || c.Start >= n {
		return "", nil, errors.New("plot: the frame to start with is none of the chart's")
	}
	a := axes{xLabel: c.X.Label, yLabel: c.Y.Label, xTicks: c.X.Ticks, yTicks: c.Y.Ticks, xNames: c.X.Names, yNames: c.Y.Names}
	if a.x, err = c.scale(c.X, false); err != nil {
		return "", nil, err
	}
	if a.y, err = c.scale(c.Y, true); err != nil {
		return "", nil, err
	}
	var legend []trace
	for _, l := range c.Layers {
		if l.Name != "" {
			legend = append(legend, trace{name: l.Name, colour: colourOf(l), line: l.Kind == Line || l.Kind == Span || l.Kind == Segment, mark: map[bool]mark{true: square}[l.Kind == Bars || l.Kind == Lying || l.Kind == Area]})
		}
	}
	var s svg
	below := s.legend(legend, 0, 0, c.Width-20, false)
	s.begin(c.Width, c.Height+below, c.Title, c.Text)
	s.printf(`%s<g class="tg-chart">`, chartStyle)
	b := box{a.x, a.y, 10, c.Width - 10, c.Height - 10, 10}
	if !c.Bare {
		b = s.axes(a, 0, 0, c.Width, c.Height)
	}
	frames = make([][]string, n)
	moving := 0
	for _, l := range c.Layers {
		if len(l.Frames) == 0 {
			continue
		}
		at, move := 0, ""
		if len(l.Frames) > 1 {
			at, move = c.Start, fmt.Sprintf(` data-move="%d"`, moving)
			moving++
			for i, p := range l.Frames {
				frames[i] = append(frames[i], b.path(l, p))
			}
		}
		s.printf(`<path%s %s d="%s"/>`, move, styleOf(l), b.path(l, l.Frames[at]))
	}
	for _, n := range c.Notes {
		s.text(b.px(n.X), b.py(n.Y)+textSize/3., "middle", n.Text)
	}
	s.legend(legend, 10, c.Height+2, c.Width-20, true)
	s.printf(`</g>`)
	s.printf(`</svg>`)
	if moving == 0 {
		frames = nil
	}
	return s.String(), frames, nil
}

// scale is that of an axis; upright says which.
func (c Chart) scale(a Axis, upright bool) (scale, error) {
	if a.Lo != a.Hi {
		if a.Log && a.Lo <= 0 {
			return scale{}, fmt.Errorf("plot: chart %q: a logarithmic axis from %g", c.Title, a.Lo)
		}
		return scale{a.Lo, a.Hi, a.Log}, nil
	}
	var values []float64
	below := 0.04
	for _, l := range c.Layers {
		for _, p := range l.Frames {
			along := p.X
			if upright {
				along = p.Y
			}
			values = append(values, along...)
			if from := l.Kind == Bars || l.Kind == Area || l.Kind == Span; from == upright && (from || l.Kind == Lying || l.Kind == Segment) {
				values = append(values, p.Base...)
				if p.Base == nil && !a.Log {
					values = append(values, 0)
				}
			}
		}
	}
	if !a.Log && slices.ContainsFunc(values, func(v float64) bool { return v == 0 }) && !slices.ContainsFunc(values, func(v float64) bool { return v < 0 }) {
		below = 0
	}
	return newScale(values, a.Log, below, 0.04)
}

func colourOf(l Layer) string { return fmt.Sprintf("var(--tg%d)", l.Colour%Colours) }

func styleOf(l Layer) string {
	colour := colourOf(l)
	size := func(otherwise float64) float64 { return cmp.Or(l.Size, otherwise) }
	switch l.Kind {
	case Dots:
		return fmt.Sprintf(`fill="none" stroke="%s" stroke-linecap="round" stroke-width="%g"`, colour, size(4))
	case Bars, Lying:
		return fmt.Sprintf(`fill="%s"`, colour)
	case Area:
		return fmt.Sprintf(`fill="%s" fill-opacity=".3" stroke="%s" stroke-width="%g"`, colour, colour, size(1.2))
	case Span, Segment:
		return fmt.Sprintf(`fill="none" stroke="%s" stroke-width="%g"`, colour, size(1.2))
	}
	return fmt.Sprintf(`fill="none" stroke="%s" stroke-linejoin="round" stroke-width="%g"`, colour, size(1.8))
}

// path is the data of a layer's path. Values outside the axes are drawn at their
// ends, dots there are not.
func (b box) path(l Layer, p Points) string {
	w := writer{}
	X := func(v float64) float64 { return min(max(b.px(v), b.x0), b.x1) }
	Y := func(v float64) float64 { return min(max(b.py(v), b.y1), b.y0) }
	base := func(i int, s scale) float64 {
		switch {
		case p.Base != nil:
			return p.Base[i]
		case s.log:
			return s.lo
		}
		return 0
	}
	finite := func(i int) bool {
		ok := func(v float64, s scale) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) && (v > 0 || !s.log) }
		return ok(p.X[i], b.x) && ok(p.Y[i], b.y)
	}
	half := cmp.Or(l.Size, .8) / 2
	broken := true
	for i, x := range p.X {
		if !finite(i) {
			broken = true
			continue
		}
		y := p.Y[i]
		switch l.Kind {
		case Dots:
			if at := [2]float64{b.x.at(x), b.y.at(y)}; at[0] >= 0 && at[0] <= 1 && at[1] >= 0 && at[1] <= 1 {
				w.move(X(x), Y(y))
				w.WriteString("h0")
			}
		case Bars:
			w.rectangle(X(x-half), Y(base(i, b.y)), X(x+half), Y(y))
		case Lying:
			w.rectangle(X(base(i, b.x)), Y(y-half), X(x), Y(y+half))
		case Span:
			w.move(X(x), Y(base(i, b.y)))
			w.to(X(x), Y(y))
		case Segment:
			w.move(X(base(i, b.x)), Y(y))
			w.to(X(x), Y(y))
		default:
			if broken {
				w.move(X(x), Y(y))
			} else {
				w.to(X(x), Y(y))
			}
			broken = false
		}
	}
	if l.Kind == Area {
		for i := len(p.X) - 1; i >= 0; i-- {
			if finite(i) {
				w.to(X(p.X[i]), Y(base(i, b.y)))
			}
		}
		if w.Len() > 0 {
			w.WriteByte('z')
		}
	}
	return w.String()
}

// writer writes the data of a path in tenths of a pixel, each step from where the
// one before ended.
type writer struct {
	strings.Builder
	x, y int
}

func (w *writer) move(x, y float64) { w.step('m', x, y) }
func (w *writer) to(x, y float64)   { w.step('l', x, y) }

func (w *writer) step(command byte, x, y float64) {
	i, j := int(math.Round(10*x)), int(math.Round(10*y))
	w.WriteByte(command)
	w.number(i - w.x)
	if j >= w.y {
		w.WriteByte(' ')
	}
	w.number(j - w.y)
	w.x, w.y = i, j
}

func (w *writer) number(tenths int) {
	if tenths%10 == 0 {
		w.WriteString(strconv.Itoa(tenths / 10))
		return
	}
	w.WriteString(strconv.FormatFloat(float64(tenths)/10, 'f', 1, 64))
}

func (w *writer) rectangle(x0, y0, x1, y1 float64) {
	w.move(x0, y0)
	w.to(x1, y0)
	w.to(x1, y1)
	w.to(x0, y1)
	w.WriteByte('z')
	w.x, w.y = int(math.Round(10*x0)), int(math.Round(10*y0)) // where z ends
}
