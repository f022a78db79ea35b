package plot

import (
	"fmt"
	"image/color"
	"io"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Panel is a plot with logarithmic axes.
type Panel struct {
	X, Y   string    // labels of the axes
	Ticks  []float64 // places to mark on the axis of x; none for powers of ten
	Lines  bool      // join the points of a series
	Series []Series
}

// Series is points (x, y) of one name. Points that a logarithm has no place for
// are left out. Colour and Shape number the looks of the dots, so that series
// that have something in common can show it.
type Series struct {
	Name          string
	Colour, Shape int
	Points        [][2]float64
}

// Sizes in points.
const (
	panelWidth  = font.Length(480)
	panelHeight = font.Length(440)
	legendWidth = font.Length(260)
)

var shapes = []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.CrossGlyph{}}

var black = color.RGBA{0, 0, 0, 0xff}

// Panels writes plots side by side as one SVG, with one legend for all that
// lists each name once.
func Panels(w io.Writer, panels ...Panel) error {
	width := panelWidth*font.Length(len(panels)) + legendWidth
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, panelHeight))
	whole := draw.New(canvas)
	legend := plot.NewLegend()
	legend.Top, legend.Left = true, true
	legend.TextStyle.Font.Variant = "Sans"
	named := map[string]bool{}
	palette := append(colours[:len(colours):len(colours)], blue, black)
	for i, panel := range panels {
		p := plot.New()
		p.X.Label.Text, p.Y.Label.Text = panel.X, panel.Y
		for _, f := range []*font.Font{&p.X.Label.TextStyle.Font, &p.Y.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font} {
			f.Variant = "Sans"
		}
		p.Add(plotter.NewGrid())
		drawn := 0
		for _, s := range panel.Series {
			var points plotter.XYs
			for _, v := range s.Points {
				if v[0] > 0 && v[1] > 0 {
					points = append(points, plotter.XY{X: v[0], Y: v[1]})
				}
			}
			if len(points) == 0 {
				continue
			}
			drawn += len(points)
			line, dots, err := plotter.NewLinePoints(points)
			if err != nil {
				return fmt.Errorf("plot: %s: %w", s.Name, err)
			}
			line.Color = palette[s.Colour%len(palette)]
			line.Width = vg.Points(1)
			dots.GlyphStyle = draw.GlyphStyle{Color: line.Color, Radius: font.Length(3), Shape: shapes[s.Shape%len(shapes)]}
			if panel.Lines {
				p.Add(line)
			}
			p.Add(dots)
			if !named[s.Name] {
				named[s.Name] = true
				legend.Add(s.Name, dots)
			}
		}
		if drawn == 0 {
			p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 1, 10, 1, 10
		}
		for _, a := range []*plot.Axis{&p.X, &p.Y} {
			a.Scale, a.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
			a.Min, a.Max = a.Min/1.2, a.Max*1.2 // no dot on the edge
		}
		if panel.Ticks != nil {
			var ticks plot.ConstantTicks
			for _, x := range panel.Ticks {
				ticks = append(ticks, plot.Tick{Value: x, Label: strconv.FormatFloat(x, 'g', 4, 64)})
			}
			p.X.Tick.Marker = ticks
		}
		left := panelWidth * font.Length(i)
		p.Draw(draw.Crop(whole, left+margin, left+panelWidth-margin-width, margin, -margin))
	}
	legend.Draw(draw.Crop(whole, width-legendWidth, -margin, margin, -margin))
	_, err := canvas.WriteTo(w)
	return err
}
