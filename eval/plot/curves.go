package plot

import (
	"fmt"
	"html"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Curves is a chart of one quantity over the steps of runs.
type Curves struct {
	Title   string
	Curves  []Curve
	Phases  []Phase  // parts of the axis of steps; none: one that holds all curves
	Log     bool     // values that are not above 0 are left out
	Highest *float64 // what is above is drawn as this; nil: everything is drawn where it is
	Level   *float64 // what all are to be compared with: a dotted line; nil: none
}

// Curve is what one name has for values; X ascends. Points that are not finite are
// left out.
type Curve struct {
	Name   string
	Colour int // as that of a Layer; curves beyond the last colour are dashed
	X, Y   []float64
	Level  *float64 // what this one is to be compared with: a dotted line of its colour; nil: none
}

// Phase is a part of the axis of steps. Phases follow each other; each has a scale of
// its own, so that a short one beside a long one can be read.
type Phase struct {
	Name     string
	From, To float64
	First    float64 // what a tick at From says
}

// Drawing is a chart that has been drawn.
type Drawing struct {
	SVG string // text that needs nothing else
	Cut bool   // is something above Highest?
	at  func(x float64) float64
}

// At is the place of a step, as a share of the picture's width.
func (d Drawing) At(x float64) float64 { return d.at(x) }

// Sizes of Curves in pixels: those of charts with equal phases are alike, and so are
// the places of their axes.
const (
	curvesWidth  = 420
	curvesHeight = 230
	curvesLeft   = 52 // of the axis, unless a tick needs more
	curvesRight  = 12
	leastPhase   = 16 // room for a name that is written downwards
)

// ColourName is the CSS value of a colour of Curves, within elements of class tg-chart
// of a page that holds one of them.
func ColourName(i int) string { return fmt.Sprintf("var(--tg%d)", max(i, 0)%Colours) }

// Dash is the pattern of a curve's line: solid until the colours are used up.
func dash(colour int) string {
	return []string{"", ` stroke-dasharray="7 2"`, ` stroke-dasharray="2 2"`}[max(colour, 0)/Colours%3]
}

// segment of the axis of steps, in pixels.
type part struct {
	Phase
	x0, x1 float64
}

// parts divide the width among phases by the square root of their steps.
func parts(phases []Phase, x0, x1 float64) (out []part) {
	total := 0.0
	for _, p := range phases {
		if p.To > p.From {
			total += math.Sqrt(p.To - p.From)
			out = append(out, part{Phase: p})
		}
	}
	spare := (x1 - x0) - leastPhase*float64(len(out))
	for i := range out {
		out[i].x0 = x0
		x0 += leastPhase + spare*math.Sqrt(out[i].To-out[i].From)/total
		out[i].x1 = x0
	}
	return out
}

// Render draws the chart without a legend: the page around it names the colours. It
// returns ErrNothing or ErrRange where there is nothing that can be drawn.
func (c Curves) Render() (Drawing, error) {
	cut := false
	var ys, xs []float64
	var drawn []Curve
	for _, curve := range c.Curves {
		kept := Curve{Name: curve.Name, Colour: curve.Colour}
		for i, y := range curve.Y {
			if !math.IsNaN(y) && !math.IsInf(y, 0) && (y > 0 || !c.Log) {
				if c.Highest != nil && y > *c.Highest {
					y, cut = *c.Highest, true
				}
				kept.X, kept.Y = append(kept.X, curve.X[i]), append(kept.Y, y)
			}
		}
		if len(kept.X) == 0 {
			continue
		}
		xs, ys = append(xs, kept.X...), append(ys, kept.Y...)
		if kept.Level = c.drawn(curve.Level); kept.Level != nil {
			ys = append(ys, *kept.Level)
		}
		drawn = append(drawn, kept)
	}
	level := c.drawn(c.Level)
	if level != nil && len(ys) > 0 {
		ys = append(ys, *level)
	}
	y, err := newScale(ys, c.Log, 0.04, 0.04)
	if err != nil {
		return Drawing{}, err
	}
	phases := c.Phases
	if len(phases) == 0 {
		x, err := newScale(xs, false, 0, 0)
		if err != nil {
			return Drawing{}, err
		}
		phases = []Phase{{From: x.lo, To: x.hi, First: x.lo}}
	}
	yTicks := y.ticks(curvesHeight / 45)
	left := float64(curvesLeft)
	for _, v := range yTicks {
		left = max(left, charWidth*float64(utf8.RuneCountInString(label(v)))+tickLength+6)
	}
	segments := parts(phases, left, curvesWidth-curvesRight)
	if len(segments) == 0 {
		segments = []part{{Phase{From: phases[0].From, To: phases[0].From + 1, First: phases[0].First}, left, curvesWidth - curvesRight}}
	}
	px := func(v float64) float64 {
		i := slices.IndexFunc(segments, func(s part) bool { return v <= s.To })
		if i < 0 {
			return segments[len(segments)-1].x1
		}
		s := segments[i]
		return s.x0 + (s.x1-s.x0)*max(0, (v-s.From)/(s.To-s.From))
	}
	y0, y1 := float64(curvesHeight-2*lineHeight-tickLength-4), float64(lineHeight+4)
	py := func(v float64) float64 { return y0 - (y0-y1)*y.at(v) }

	var s svg
	s.begin(curvesWidth, curvesHeight, c.Title, describeCurves(drawn, level, segments))
	s.printf(`%s<g class="tg-chart">`, chartStyle)
	for _, v := range yTicks {
		s.segment("tg-grid", left, py(v), curvesWidth-curvesRight, py(v))
		s.text(left-tickLength, py(v)+textSize/3., "end", label(v))
	}
	end := math.Inf(-1) // of the last label
	for i, seg := range segments {
		wide := seg.x1 - seg.x0
		for _, v := range (scale{seg.First, seg.First + seg.To - seg.From, false}).ticks(max(2, int(wide/45))) {
			x, half := px(seg.From+v-seg.First), charWidth*float64(utf8.RuneCountInString(label(v)))/2
			if i > 0 && v == seg.First || x-half < end+textSize || x+half > curvesWidth {
				continue
			}
			s.segment("tg-grid", x, y0, x, y1)
			s.text(x, y0+tickLength+textSize, "middle", label(v))
			end = x + half
		}
		if i > 0 {
			s.segment("tg-mark", seg.x0, y0, seg.x0, 2)
		}
	}
	s.text((left+curvesWidth-curvesRight)/2, curvesHeight-4, "middle", "step")
	s.segment("tg-axis", left, y0, curvesWidth-curvesRight, y0)
	s.segment("tg-axis", left, y0, left, y1)
	dotted := func(colour string, v float64) {
		s.printf(`<path fill="none" stroke="%s" stroke-width="1.4" stroke-dasharray="1.5 3.5" stroke-linecap="round" d="M%.1f %.1fH%d"/>`, colour, left, py(v), curvesWidth-curvesRight)
	}
	if level != nil {
		dotted(ColourName(Colours-1), *level) // grey
	}
	for _, curve := range drawn {
		colour := ColourName(curve.Colour)
		if curve.Level != nil {
			dotted(colour, *curve.Level)
		}
		var line writer
		for i, x := range curve.X {
			if i == 0 {
				line.move(px(x), py(curve.Y[i]))
			} else {
				line.to(px(x), py(curve.Y[i]))
			}
		}
		s.printf(`<path fill="none" stroke="%s" stroke-width="1.7" stroke-linejoin="round"%s d="%s"/>`, colour, dash(curve.Colour), line.String())
		if len(curve.X) <= 40 {
			var dots writer
			for i, x := range curve.X {
				dots.move(px(x), py(curve.Y[i]))
				dots.WriteString("h0")
			}
			s.printf(`<path fill="none" stroke="%s" stroke-width="5" stroke-linecap="round" d="%s"/>`, colour, dots.String())
		}
	}
	for _, seg := range segments { // above the curves, and clear of them by an edge of the page's colour
		wide := seg.x1 - seg.x0
		if seg.Name == "" {
			continue
		}
		if charWidth*float64(utf8.RuneCountInString(seg.Name))+6 <= wide {
			s.text(seg.x0+3, textSize+1, "start", seg.Name)
		} else {
			s.printf(`<text class="tg" stroke="var(--paper,Canvas)" stroke-width="3" paint-order="stroke" transform="translate(%.1f %d) rotate(90)">%s</text>`, seg.x0+(wide-textSize)/2+2, lineHeight, html.EscapeString(seg.Name))
		}
	}
	s.printf(`</g></svg>`)
	return Drawing{s.String(), cut, func(x float64) float64 { return px(x) / curvesWidth }}, nil
}

// drawn is a level that can be drawn, or nil.
func (c Curves) drawn(level *float64) *float64 {
	if level == nil || math.IsNaN(*level) || math.IsInf(*level, 0) || c.Log && *level <= 0 {
		return nil
	}
	return level
}

// describeCurves says in words what the chart shows.
func describeCurves(curves []Curve, level *float64, segments []part) string {
	step := func(x float64) string {
		for _, s := range segments {
			if x <= s.To {
				return strings.TrimSpace(s.Name + " " + label(x-s.From+s.First))
			}
		}
		return label(x)
	}
	var parts []string
	for _, c := range curves {
		n := len(c.X) - 1
		text := fmt.Sprintf("%s from %.4g at %s to %.4g at %s", c.Name, c.Y[0], step(c.X[0]), c.Y[n], step(c.X[n]))
		if c.Level != nil {
			text += fmt.Sprintf(", to be compared with %.4g", *c.Level)
		}
		parts = append(parts, text)
	}
	if level != nil {
		parts = append(parts, fmt.Sprintf("all to be compared with %.4g", *level))
	}
	return strings.Join(parts, "; ") + "."
}
