package plot

import (
	"errors"
	"image/color"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Curve is what one name has for values; X ascends. Points that are not finite are left out.
type Curve struct {
	Name string
	X, Y []float64
}

// ErrNothing is the error of Curves for curves without a finite value.
var ErrNothing = errors.New("plot: no finite value to draw")

// Curves writes the curves of one quantity over the steps of a run, with a
// vertical line at each mark. On a logarithmic axis values that are not above 0
// are left out. The SVG is self-contained text of 400 x 260 points, small
// enough to be read on a telephone.
func Curves(w io.Writer, curves []Curve, marks []float64, logarithmic bool) error {
	p := plot.New()
	p.X.Label.Text = "step"
	for _, f := range []*font.Font{&p.X.Label.TextStyle.Font, &p.X.Tick.Label.Font, &p.Y.Tick.Label.Font, &p.Legend.TextStyle.Font} {
		f.Variant = "Sans"
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = shortTicks{}, shortTicks{}
	if logarithmic {
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	}
	p.Legend.Top, p.Legend.Padding = true, legendGap
	p.Add(plotter.NewGrid())
	palette := append([]color.RGBA{blue}, colours...)
	drawn := 0
	for i, s := range curves {
		points := drawable(s, logarithmic)
		if len(points) == 0 {
			continue
		}
		drawn++
		c := palette[i%len(palette)]
		line, err := plotter.NewLine(points)
		if err != nil {
			return err
		}
		line.Color, line.Width = c, vg.Points(1.5)
		p.Add(line)
		if len(curves) > 1 {
			p.Legend.Add(s.Name, line)
		}
		if len(points) <= 40 {
			dots, err := plotter.NewScatter(points)
			if err != nil {
				return err
			}
			dots.GlyphStyle = draw.GlyphStyle{Color: c, Radius: font.Length(2), Shape: draw.CircleGlyph{}}
			p.Add(dots)
		}
	}
	if drawn == 0 {
		return ErrNothing
	}
	top := p.Y.Max // marks end here, below the legend
	above := 0.04  // room, as a share of the height, for the legend too
	if drawn > 1 {
		above += 0.09 * float64(drawn)
	}
	if logarithmic {
		if p.Y.Min == p.Y.Max { // the library would go down by 1
			p.Y.Min, p.Y.Max = p.Y.Min/2, p.Y.Max*2
			top = p.Y.Max
		}
		height := p.Y.Max / p.Y.Min
		p.Y.Max *= math.Pow(height, above)
	} else {
		height := p.Y.Max - p.Y.Min
		p.Y.Min, p.Y.Max = p.Y.Min-0.04*height, p.Y.Max+above*height
	}
	for _, x := range marks {
		line, err := plotter.NewLine(plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: top}})
		if err != nil {
			return err
		}
		line.Color, line.Width = grey, vg.Points(1)
		p.Add(line)
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(400, 260))
	const edge = font.Length(6)
	p.Draw(draw.Crop(draw.New(canvas), edge, -edge, edge, -edge))
	_, err := canvas.WriteTo(w)
	return err
}

func drawable(s Curve, logarithmic bool) (points plotter.XYs) {
	for i, y := range s.Y {
		if !math.IsNaN(y) && !math.IsInf(y, 0) && (y > 0 || !logarithmic) {
			points = append(points, plotter.XY{X: s.X[i], Y: y})
		}
	}
	return points
}

// shortTicks are the library's ticks with as many digits as tell them apart.
type shortTicks struct{}

func (shortTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(lo, hi)
	for i, t := range ticks {
		if t.Label != "" {
			ticks[i].Label = strconv.FormatFloat(t.Value, 'g', 7, 64)
		}
	}
	return ticks
}
