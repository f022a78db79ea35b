package plot

import (
	"errors"
	"fmt"
	"html"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// The figures are written as SVG text without a font or script, in the colours of
// the page around them: light or dark. A drawing library would bring fonts, PDF
// and LaTeX into every program that trains.

// Errors of a figure that cannot be drawn.
var (
	// ErrNothing: no value is finite, or none can stand on a logarithmic axis.
	ErrNothing = errors.New("no finite value to draw")
	// ErrRange: the values are so large that their differences overflow.
	ErrRange = errors.New("values too large to draw")
)

// scale maps values to 0..1 along an axis.
type scale struct {
	lo, hi float64
	log    bool
}

// newScale returns a scale that holds all values with room at both ends, a share
// of its length. Where they are all alike, to nine digits, it is widened, so that
// its length is never 0.
func newScale(values []float64, log bool, below, above float64) (scale, error) {
	s := scale{math.Inf(1), math.Inf(-1), log}
	for _, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) || log && v <= 0 {
			continue
		}
		s.lo, s.hi = min(s.lo, v), max(s.hi, v)
	}
	switch {
	case s.lo > s.hi:
		return s, ErrNothing
	case max(-s.lo, s.hi) > 1e300 || log && s.lo < 1e-300:
		return s, ErrRange
	}
	if log {
		if s.hi/s.lo < 1+1e-9 {
			s.lo, s.hi = s.lo/2, s.hi*2
		}
		length := math.Log(s.hi / s.lo)
		s.lo, s.hi = s.lo/math.Exp(below*length), s.hi*math.Exp(above*length)
		return s, nil
	}
	if size := max(math.Abs(s.lo), math.Abs(s.hi)); s.hi-s.lo <= 1e-9*size {
		wide := 0.05 * size
		s.lo, s.hi = s.lo-wide, s.hi+wide
		if size == 0 { // most often a share
			s.hi = 1
		}
	}
	length := s.hi - s.lo
	s.lo, s.hi = s.lo-below*length, s.hi+above*length
	return s, nil
}

// at is the place of v.
func (s scale) at(v float64) float64 {
	if s.log {
		return math.Log(v/s.lo) / math.Log(s.hi/s.lo)
	}
	return (v - s.lo) / (s.hi - s.lo)
}

// ticks are round values on the scale, about n of them.
func (s scale) ticks(n int) []float64 {
	var out []float64
	if s.log && s.hi/s.lo >= 4 {
		factors := []float64{1, 2, 5}
		if decades := math.Log10(s.hi / s.lo); decades > 2.5 {
			factors = []float64{1}
		}
		every := max(1, int(math.Ceil(math.Log10(s.hi/s.lo)/float64(n))))
		for e := int(math.Floor(math.Log10(s.lo))); e <= int(math.Ceil(math.Log10(s.hi))); e++ {
			if e%every != 0 {
				continue
			}
			for _, f := range factors {
				if v := f * math.Pow10(e); v >= s.lo && v <= s.hi {
					out = append(out, v)
				}
			}
		}
		return out
	}
	step := (s.hi - s.lo) / float64(n)
	power := math.Pow10(int(math.Floor(math.Log10(step))))
	for _, f := range []float64{1, 2, 5, 10} {
		if f*power >= step {
			step = f * power
			break
		}
	}
	for i := math.Ceil(s.lo / step); i*step <= s.hi; i++ {
		out = append(out, i*step)
	}
	return out
}

// label is a tick's value with as many digits as tell it from its neighbours, whose
// distance is more than 1e-11 of it (newScale), and without the noise of i*step.
func label(v float64) string {
	if v == 0 { // -0 too
		return "0"
	}
	text := strconv.FormatFloat(v, 'g', 12, 64)
	return strings.Replace(strings.Replace(strings.Replace(text, "e-0", "e-", 1), "e+0", "e", 1), "e+", "e", 1)
}

// mark is the symbol of a point.
type mark int

const (
	circle mark = iota
	square
	triangle
	cross
)

// trace is a series of one colour and name.
type trace struct {
	name       string
	colour     string
	mark       mark
	x, y       []float64
	errX, errY []float64 // half lengths of error bars; nil: none
	line, dots bool
}

// axes is one plot of a figure.
type axes struct {
	xLabel, yLabel string
	x, y           scale
	traces         []trace
	xTicks         []float64 // nil: round values
	yTicks         []float64
	xNames, yNames []string // of the ticks, instead of their values
}

// Sizes in pixels.
const (
	textSize   = 11
	charWidth  = 6.2 // of an average character
	lineHeight = 15
	tickLength = 4
)

// svg writes a figure.
type svg struct {
	strings.Builder
}

func (s *svg) printf(format string, args ...any) { fmt.Fprintf(&s.Builder, format+"\n", args...) }

// begin opens the picture. title and text describe it to those who cannot see it.
func (s *svg) begin(width, height float64, title, text string) {
	s.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" width="%g" height="%g" role="img" aria-label="%s">`, width, height, width, height, html.EscapeString(title))
	s.printf(`<title>%s</title><desc>%s</desc>`, html.EscapeString(title), html.EscapeString(text))
	s.printf(`<style>.tg{font:%dpx system-ui,sans-serif;fill:#333}.tg-grid{stroke:#ccc;stroke-width:.5}.tg-axis{stroke:#777}.tg-mark{stroke:#767676}@media(prefers-color-scheme:dark){.tg{fill:#ddd}.tg-grid{stroke:#444}}</style>`, textSize)
}

func (s *svg) end(w io.Writer) error {
	s.printf(`</svg>`)
	_, err := io.WriteString(w, s.String())
	return err
}

func (s *svg) text(x, y float64, anchor, text string) {
	s.printf(`<text class="tg" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (s *svg) segment(class string, x1, y1, x2, y2 float64) {
	s.printf(`<path class="%s" d="M%.1f %.1fL%.1f %.1f"/>`, class, x1, y1, x2, y2)
}

// dot draws a mark.
func (s *svg) dot(m mark, x, y float64, colour string) {
	switch m {
	case square:
		s.printf(`<path fill="%s" d="M%.1f %.1fh5v5h-5z"/>`, colour, x-2.5, y-2.5)
	case triangle:
		s.printf(`<path fill="%s" d="M%.1f %.1fl3.4 6h-6.8z"/>`, colour, x, y-3.6)
	case cross:
		s.printf(`<path stroke="%s" stroke-width="1.6" d="M%.1f %.1fl5 5m0-5l-5 5"/>`, colour, x-2.5, y-2.5)
	default:
		s.printf(`<circle fill="%s" cx="%.1f" cy="%.1f" r="2.6"/>`, colour, x, y)
	}
}

// plot draws axes and traces into the rectangle.
func (s *svg) plot(a axes, left, top, width, height float64) {
	b := s.axes(a, left, top, width, height)
	for _, t := range a.traces {
		s.trace(t, b.px, b.py)
	}
}

// box is where a plot's values lie: the scales, and the pixels of their ends, y1
// above y0.
type box struct {
	x, y           scale
	x0, x1, y0, y1 float64
}

func (b box) px(v float64) float64 { return b.x0 + (b.x1-b.x0)*b.x.at(v) }
func (b box) py(v float64) float64 { return b.y0 - (b.y0-b.y1)*b.y.at(v) }

// names are the texts of ticks: given ones, or their values.
func names(ticks []float64, given []string) []string {
	if given != nil {
		return given
	}
	out := make([]string, len(ticks))
	for i, v := range ticks {
		out[i] = label(v)
	}
	return out
}

// axes draws grid, ticks and labels into the rectangle.
func (s *svg) axes(a axes, left, top, width, height float64) box {
	yTicks := a.yTicks
	if yTicks == nil {
		yTicks = a.y.ticks(max(2, int(height/45)))
	}
	yNames := names(yTicks, a.yNames)
	wide := 0.0
	for _, n := range yNames {
		wide = max(wide, charWidth*float64(utf8.RuneCountInString(n)))
	}
	x0, x1 := left+wide+tickLength+6, left+width-18
	y0, y1 := top+height-lineHeight-tickLength-2, top+8
	if a.xLabel != "" {
		y0 -= lineHeight
		s.text((x0+x1)/2, top+height-3, "middle", a.xLabel)
	}
	if a.yLabel != "" {
		x0 += lineHeight
		x, y := left+textSize, (y0+y1)/2
		s.printf(`<text class="tg" text-anchor="middle" transform="translate(%.1f %.1f) rotate(-90)">%s</text>`, x, y, html.EscapeString(a.yLabel))
	}
	b := box{a.x, a.y, x0, x1, y0, y1}
	px, py := b.px, b.py
	xTicks := a.xTicks
	if xTicks == nil {
		xTicks = a.x.ticks(max(2, int(width/80)))
	}
	end := math.Inf(-1) // of the last label
	for i, name := range names(xTicks, a.xNames) {
		x := px(xTicks[i])
		s.segment("tg-grid", x, y0, x, y1)
		if half := charWidth * float64(utf8.RuneCountInString(name)) / 2; x-half > end+3 {
			s.text(x, y0+tickLength+textSize, "middle", name)
			end = x + half
		}
	}
	for i, name := range yNames {
		y := py(yTicks[i])
		s.segment("tg-grid", x0, y, x1, y)
		s.text(x0-tickLength, y+textSize/3., "end", name)
	}
	s.segment("tg-axis", x0, y0, x1, y0)
	s.segment("tg-axis", x0, y0, x0, y1)
	return b
}

func (s *svg) trace(t trace, px, py func(float64) float64) {
	if t.line {
		var d strings.Builder
		for i, x := range t.x {
			fmt.Fprintf(&d, "%c%.1f %.1f", "ML"[min(i, 1)], px(x), py(t.y[i]))
		}
		s.printf(`<path fill="none" stroke="%s" stroke-width="1.6" d="%s"/>`, t.colour, d.String())
	}
	for i, x := range t.x {
		y := t.y[i]
		if t.errX != nil && t.errX[i] > 0 {
			s.printf(`<path stroke="%s" d="M%.1f %.1fL%.1f %.1f"/>`, t.colour, px(x-t.errX[i]), py(y), px(x+t.errX[i]), py(y))
		}
		if t.errY != nil && t.errY[i] > 0 {
			s.printf(`<path stroke="%s" d="M%.1f %.1fL%.1f %.1f"/>`, t.colour, px(x), py(y-t.errY[i]), px(x), py(y+t.errY[i]))
		}
	}
	if t.dots {
		for i, x := range t.x {
			s.printf(`<g><title>%s: %s at %s</title>`, html.EscapeString(t.name), label(t.y[i]), label(x))
			s.dot(t.mark, px(x), py(t.y[i]), t.colour)
			s.printf(`</g>`)
		}
	}
}

// legend lists traces in rows below a plot, clear of its curves. It returns the
// height that it needs; with draw unset it only measures.
func (s *svg) legend(traces []trace, left, top, width float64, draw bool) float64 {
	x, y := left, top
	for _, t := range traces {
		w := 16 + charWidth*float64(utf8.RuneCountInString(t.name)) + 12
		if x+w > left+width && x > left {
			x, y = left, y+lineHeight
		}
		if draw {
			if t.line {
				s.printf(`<path stroke="%s" stroke-width="1.6" d="M%.1f %.1fh10"/>`, t.colour, x, y+textSize/2.)
			}
			if t.dots || !t.line {
				s.dot(t.mark, x+5, y+textSize/2., t.colour)
			}
			s.text(x+16, y+textSize-1, "start", t.name)
		}
		x += w
	}
	if len(traces) == 0 {
		return 0
	}
	return y - top + lineHeight + 4
}
