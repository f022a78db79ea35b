// Package plot draws the figures of an evaluation as SVG.
//
// It stands at the end of the flow: numbers from eval in, a picture out.
package plot

import (
	"errors"
	"image/color"
	"io"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"textgan/eval"
)

// Okabe and Ito's colours, which the colour-blind can tell apart.
var colours = []color.RGBA{
	{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	{0x00, 0x9e, 0x73, 0xff}, // green
	{0xcc, 0x79, 0xa7, 0xff}, // purple
	{0xe6, 0x9f, 0x00, 0xff}, // orange
	{0x56, 0xb4, 0xe9, 0xff}, // sky
}

var (
	blue = color.RGBA{0x00, 0x72, 0xb2, 0xff}
	grey = color.RGBA{0x99, 0x99, 0x99, 0xff}
)

// errorPoints are points with their errors, in the form that gonum wants.
type errorPoints struct {
	plotter.XYs
	plotter.XErrors
	plotter.YErrors
}

// width is the half length of an error bar in standard errors: 95 %.
const width = 1.96

func withErrors(points []eval.Point) (e errorPoints) {
	for _, p := range points {
		e.XYs = append(e.XYs, plotter.XY{X: p.X, Y: p.Y})
		e.XErrors = append(e.XErrors, struct{ Low, High float64 }{-width * p.ErrX, width * p.ErrX})
		e.YErrors = append(e.YErrors, struct{ Low, High float64 }{-width * p.ErrY, width * p.ErrY})
	}
	return e
}

// margin around the figure, and between the lines of a legend.
const (
	margin    = font.Length(10)
	legendGap = font.Length(2)
)

// Frontier writes the curve named name, each temperature with its 95 % error
// bars, whether it is a corner or not, and the points that are to be compared
// with it, coloured by Point.Name in order of appearance. The SVG is
// self-contained text of 400 x 300 points, small
// enough to be read on a telephone.
func Frontier(w io.Writer, f *eval.Frontier, name string, points []eval.Point) error {
	p, err := frontier(f, name, points)
	if err != nil {
		return err
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(400, 300))
	p.Draw(draw.Crop(draw.New(canvas), margin, -margin, margin, -margin))
	_, err = canvas.WriteTo(w)
	return err
}

func frontier(f *eval.Frontier, name string, points []eval.Point) (*plot.Plot, error) {
	for _, p := range points {
		for _, v := range [4]float64{p.X, p.Y, p.ErrX, p.ErrY} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return nil, errors.New("plot: point " + p.Name + " is not finite")
			}
		}
	}
	p := plot.New()
	axes := f.Axes()
	p.X.Label.Text, p.Y.Label.Text = axes.X+" (less is more diverse)", axes.Y+" (more is better)"
	if axes.LowerYBetter {
		p.Y.Label.Text = axes.Y + " (less is better)"
	}
	p.Legend.Left, p.Legend.Top, p.Legend.Padding = true, !axes.LowerYBetter, legendGap
	for _, f := range []*font.Font{&p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font} {
		f.Variant = "Sans"
	}
	p.Add(plotter.NewGrid())

	corners := withErrors(f.Points())
	line, err := plotter.NewLine(corners)
	if err != nil {
		return nil, err
	}
	line.Color, line.Width = blue, vg.Points(1.5)
	p.Add(line)
	if err := scatter(p, withErrors(append(f.Points(), f.Dominated()...)), blue, name); err != nil {
		return nil, err
	}
	for i, group := range byName(points) {
		if err := scatter(p, withErrors(group), colours[i%len(colours)], group[0].Name); err != nil {
			return nil, err
		}
	}
	for _, a := range []*plot.Axis{&p.X, &p.Y} { // no dot on the edge
		room := 0.04 * (a.Max - a.Min)
		a.Min, a.Max = a.Min-room, a.Max+room
	}
	return p, nil
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

// scatter adds dots with error bars and a line in the legend.
func scatter(p *plot.Plot, points errorPoints, c color.Color, name string) error {
	dots, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	xbars, err := plotter.NewXErrorBars(points)
	if err != nil {
		return err
	}
	ybars, err := plotter.NewYErrorBars(points)
	if err != nil {
		return err
	}
	dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: font.Length(3), Shape: draw.CircleGlyph{}}
	xbars.Color, ybars.Color = c, c
	p.Add(xbars, ybars, dots)
	p.Legend.Add(name, dots)
	return nil
}
