package plot

import (
	"fmt"
	"io"
	"math"

	"textgan/eval"
)

// Okabe and Ito's colours, which the colour-blind can tell apart, moved until each has a
// contrast of 3 to a light and to a dark page, in the order in which series get them. Blue
// is that of the curve of a frontier.
var colours = []string{"#d55e00", "#00805d", "#b05590", "#9c6c00", "#2a83b5"}

const (
	blue = "#0072b2"
	grey = "#767676"
)

// width is the half length of an error bar in standard errors: 95 %.
const width = 1.96

// Frontier writes the curve named name, each temperature with its 95 % error
// bars, whether it is a corner or not, and the points that are to be compared
// with it, coloured by Point.Name in order of appearance. The SVG is
// self-contained text, small enough to be read on a telephone.
func Frontier(w io.Writer, f *eval.Frontier, name string, points []eval.Point) error {
	names := f.Axes()
	a := axes{xLabel: names.X + " (less is more diverse)", yLabel: names.Y + " (more is better)"}
	if names.LowerYBetter {
		a.yLabel = names.Y + " (less is better)"
	}
	corners := traceOf(f.Points(), name, blue)
	corners.line, corners.dots, corners.errX, corners.errY = true, false, nil, nil
	all := append(f.Points(), f.Dominated()...)
	a.traces = []trace{corners, traceOf(all, name, blue)}
	for i, group := range byName(points) {
		a.traces = append(a.traces, traceOf(group, group[0].Name, colours[i%len(colours)]))
	}
	var xs, ys []float64
	for _, t := range a.traces {
		for i := range t.x {
			for _, v := range [2]float64{t.x[i], t.y[i]} {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("plot: a point of %s is not finite", t.name)
				}
			}
			ex, ey := 0.0, 0.0
			if t.errX != nil {
				ex, ey = t.errX[i], t.errY[i]
			}
			xs, ys = append(xs, t.x[i]-ex, t.x[i]+ex), append(ys, t.y[i]-ey, t.y[i]+ey)
		}
	}
	var err error
	if a.x, err = newScale(xs, false, 0.04, 0.04); err != nil {
		return err
	}
	if a.y, err = newScale(ys, false, 0.04, 0.04); err != nil {
		return err
	}
	return single(w, a, 420, 300, fmt.Sprintf("%s against %s", names.Y, names.X), a.traces[1:])
}

// single writes a figure of one plot with a legend below it.
func single(w io.Writer, a axes, wide, high float64, title string, legend []trace) error {
	var s svg
	below := s.legend(legend, 0, 0, wide-20, false)
	s.begin(wide, high+below, title, describe(a))
	s.plot(a, 0, 0, wide, high)
	s.legend(legend, 10, high+2, wide-20, true)
	return s.end(w)
}

// describe says in words what a plot shows.
func describe(a axes) string {
	text := fmt.Sprintf("x from %s to %s, y from %s to %s.", label(a.x.lo), label(a.x.hi), label(a.y.lo), label(a.y.hi))
	for _, t := range a.traces {
		if n := len(t.x); n > 0 && (t.dots || len(a.traces) < 3) {
			text += fmt.Sprintf(" %s: from (%s, %s) to (%s, %s).", t.name, label(t.x[0]), label(t.y[0]), label(t.x[n-1]), label(t.y[n-1]))
		}
	}
	return text
}

func traceOf(points []eval.Point, name, colour string) trace {
	t := trace{name: name, colour: colour, dots: true, errX: []float64{}, errY: []float64{}}
	for _, p := range points {
		t.x, t.y = append(t.x, p.X), append(t.y, p.Y)
		t.errX, t.errY = append(t.errX, width*p.ErrX), append(t.errY, width*p.ErrY)
	}
	return t
}

// byName groups points, both in order of appearance.
func byName(points []eval.Point) (groups [][]eval.Point) {
	index := map[string]int{}
	for _, p := range points {
		i, ok := index[p.Name]
		if !ok {
			i = len(groups)
			index[p.Name] = i
			groups = append(groups, nil)
		}
		groups[i] = append(groups[i], p)
	}
	return groups
}
