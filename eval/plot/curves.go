package plot

import (
	"io"
	"math"
)

// Curve is what one name has for values; X ascends. Points that are not finite are left out.
type Curve struct {
	Name string
	X, Y []float64
}

// Curves writes the curves of one quantity over the steps of a run, with a
// vertical line at each mark. On a logarithmic axis values that are not above 0
// are left out. The SVG is self-contained text, small enough to be read on a
// telephone. It returns ErrNothing or ErrRange where there is nothing that can be
// drawn.
func Curves(w io.Writer, title string, curves []Curve, marks []float64, logarithmic bool) error {
	a := axes{xLabel: "step", marks: marks}
	palette := append([]string{blue}, colours...)
	xs, ys := marks, []float64(nil)
	for i, c := range curves {
		t := trace{name: c.Name, colour: palette[i%len(palette)], line: true}
		for j, y := range c.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) && (y > 0 || !logarithmic) {
				t.x, t.y = append(t.x, c.X[j]), append(t.y, y)
			}
		}
		if len(t.x) == 0 {
			continue
		}
		t.dots = len(t.x) <= 40
		xs, ys = append(xs[:len(xs):len(xs)], t.x...), append(ys, t.y...)
		a.traces = append(a.traces, t)
	}
	var err error
	if a.y, err = newScale(ys, logarithmic, 0.04, 0.06); err != nil {
		return err
	}
	if a.x, err = newScale(xs, false, 0, 0.02); err != nil {
		return err
	}
	legend := a.traces
	if len(curves) == 1 {
		legend = nil
	}
	return single(w, a, 420, 240, title, legend)
}
