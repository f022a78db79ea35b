package plot

import (
	"io"
	"math"
)

// Panel is a plot with logarithmic axes.
type Panel struct {
	X, Y   string    // labels of the axes
	Ticks  []float64 // places to mark on the axis of x; none for round values
	Lines  bool      // join the points of a series
	Series []Series
}

// Series is a set of points of one colour and one shape; both are numbers from
// 0 on, which wrap round. Points that are not above 0 are left out.
type Series struct {
	Name          string
	Colour, Shape int
	Points        [][2]float64
}

// Sizes in pixels.
const (
	panelWidth  = 480
	panelHeight = 400
)

// Panels writes plots side by side as one SVG, with one legend for all below them
// that lists each name once. A panel without a point that can be drawn stays empty.
func Panels(w io.Writer, title string, panels ...Panel) error {
	palette := append(colours[:len(colours):len(colours)], blue, grey)
	var s svg
	var all []axes
	var legend []trace
	named := map[string]bool{}
	text := ""
	for _, panel := range panels {
		a := axes{xLabel: panel.X, yLabel: panel.Y, xTicks: panel.Ticks}
		var xs, ys []float64
		for _, series := range panel.Series {
			t := trace{name: series.Name, colour: palette[series.Colour%len(palette)], mark: mark(max(series.Shape, 0) % 4), dots: true, line: panel.Lines}
			for _, v := range series.Points {
				if v[0] > 0 && v[1] > 0 && !math.IsInf(v[0], 1) && !math.IsInf(v[1], 1) {
					t.x, t.y = append(t.x, v[0]), append(t.y, v[1])
				}
			}
			if len(t.x) == 0 {
				continue
			}
			xs, ys = append(xs, t.x...), append(ys, t.y...)
			a.traces = append(a.traces, t)
			if !named[t.name] {
				named[t.name] = true
				legend = append(legend, t)
			}
		}
		if len(xs) == 0 {
			xs, ys = []float64{1, 10}, []float64{1, 10}
		}
		var err error
		if a.x, err = newScale(append(xs, panel.Ticks...), true, 0.04, 0.04); err != nil {
			return err
		}
		if a.y, err = newScale(ys, true, 0.04, 0.04); err != nil {
			return err
		}
		all = append(all, a)
		text += describe(a) + " "
	}
	width := float64(panelWidth * len(panels))
	below := s.legend(legend, 0, 0, width-20, false)
	s.begin(width, panelHeight+below, title, text)
	for i, a := range all {
		s.plot(a, float64(panelWidth*i), 0, panelWidth, panelHeight)
	}
	s.legend(legend, 10, panelHeight+2, width-20, true)
	return s.end(w)
}
