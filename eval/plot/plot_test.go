package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"textgan/eval"

	"github.com/stretchr/testify/require"
)

func TestFrontier(t *testing.T) {
	f, err := eval.NewFrontier(eval.BLEUAxes(5), []eval.Point{
		{Temperature: 1, X: 0.3, Y: 0.17, ErrX: 0.01, ErrY: 0.01}, {Temperature: 0.8, X: 0.5, Y: 0.25}, {Temperature: 0.6, X: 0.8, Y: 0.32},
	})
	require.NoError(t, err)
	points := []eval.Point{{Name: "a & b", X: 0.4, Y: 0.3, ErrY: 0.02}, {Name: "gan", X: 0.6, Y: 0.2}, {Name: "a & b", X: 0.5, Y: 0.35}}
	draw := func() []byte {
		var b bytes.Buffer
		require.NoError(t, Frontier(&b, f, "MLE", points))
		return b.Bytes()
	}
	svg := draw()
	require.Equal(t, svg, draw(), "the same figure twice")

	text, circles := "", 0
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.CharData:
			text += string(token) + "\n"
		case xml.StartElement:
			for _, a := range token.Attr {
				require.False(t, a.Name.Local == "href" || token.Name.Local == "image" || token.Name.Local == "script", "nothing from elsewhere")
			}
			if token.Name.Local == "path" {
				circles++
			}
		}
	}
	for _, want := range []string{"MLE", "a & b", "gan", "self-BLEU-5 (less is more diverse)", "BLEU-5 (more is better)"} {
		require.Contains(t, text, want)
	}
	require.Greater(t, circles, 6)

	require.ErrorContains(t, Frontier(io.Discard, f, "MLE", []eval.Point{{Name: "x", X: math.NaN()}}), "not finite")
}

func TestCurves(t *testing.T) {
	x := []float64{1, 2, 3, 4}
	level := 2.12
	phases := []Phase{{Name: "first", To: 2}, {Name: "a name too long for its part", From: 2, To: 4, First: 2}}
	draw := func(log bool, curves ...Curve) Drawing {
		d, err := Curves{Title: "curves", Curves: curves, Phases: phases, Log: log}.Render()
		require.NoError(t, err)
		return d
	}
	two := []Curve{{Name: "a<b", X: x, Y: []float64{2.05, 2.1, math.NaN(), 2.15}, Level: &level}, {Name: "c", Colour: 1, X: x, Y: []float64{0, math.Inf(1), 100, 1}}}
	for _, log := range []bool{false, true} {
		d := draw(log, two...)
		require.Equal(t, d.SVG, draw(log, two...).SVG, "the same figure twice")
		require.NoError(t, xml.Unmarshal([]byte(d.SVG), new(struct{})))
		require.Contains(t, d.SVG, "a&lt;b from 2.05 at first 1 to 2.15 at a name too long for its part 4, to be compared with 2.12")
		require.Contains(t, d.SVG, ">first<")
		require.Contains(t, d.SVG, "rotate(90)\">a name too long for its part<")
		require.NotContains(t, d.SVG, "NaN")
		require.NotContains(t, d.SVG, "Inf")
		for i := range 4 { // phases alike give axes alike, whatever the values
			require.Equal(t, d.At(x[i]), draw(false, Curve{X: x, Y: []float64{1e-3, 4, 5, 6}}).At(x[i]))
		}
		require.Less(t, d.At(0), d.At(1))
		require.Equal(t, d.At(4), d.At(5), "the end")
	}
	require.Contains(t, draw(false, two[0]).SVG, ">2.15<", "ticks that can be told apart")
	steps, err := Curves{Curves: []Curve{{Name: "a", X: []float64{250, 1400}, Y: []float64{1, 2}}}}.Render()
	require.NoError(t, err)
	require.Contains(t, steps.SVG, ">1000<", "not 1000.00")
	draw(false, Curve{X: x[:1], Y: x[:1]})
	draw(true, Curve{X: x[:1], Y: x[:1]})
	_, err = Curves{Curves: []Curve{{X: x[:1], Y: []float64{math.NaN()}}}}.Render()
	require.ErrorIs(t, err, ErrNothing)
	_, err = Curves{Curves: []Curve{{X: x[:1], Y: []float64{-1}}}, Log: true}.Render()
	require.ErrorIs(t, err, ErrNothing)
}

// Steps below the axis stand apart, in a wide font too.
func TestStepsDoNotTouch(t *testing.T) {
	phases := []Phase{{To: 1500}, {From: 1500, To: 1600, First: 1500}, {From: 1600, To: 2200, First: 1600}}
	d, err := Curves{Phases: phases, Curves: []Curve{{X: []float64{0, 2200}, Y: []float64{1, 2}}}}.Render()
	require.NoError(t, err)
	end, n := math.Inf(-1), 0
	for _, m := range regexp.MustCompile(`<text class="tg" x="([0-9.]+)" y="[0-9.]+" text-anchor="middle">([0-9]+)<`).FindAllStringSubmatch(d.SVG, -1) {
		x, err := strconv.ParseFloat(m[1], 64)
		require.NoError(t, err)
		half := 7 * float64(len(m[2])) / 2 // digits of DejaVu Sans
		require.Greater(t, x-half, end+5, m[2])
		end = x + half
		n++
	}
	require.Greater(t, n, 4)
}

// Each part of an axis of steps has room, and the longer one more of it.
func TestParts(t *testing.T) {
	p := parts([]Phase{{Name: "long", To: 4000}, {Name: "empty", From: 4000, To: 4000}, {Name: "short", From: 4000, To: 4001}}, 50, 410)
	require.Len(t, p, 2)
	require.Equal(t, 50., p[0].x0)
	require.Equal(t, p[0].x1, p[1].x0)
	require.InDelta(t, 410, p[1].x1, 1e-9)
	require.GreaterOrEqual(t, p[1].x1-p[1].x0, float64(leastPhase))
	require.Greater(t, p[0].x1-p[0].x0, 300.)
}

// A share that is 0 all the time is drawn between 0 and 1, not between -1 and 1.
func TestScaleOfZero(t *testing.T) {
	s, err := newScale([]float64{0, 0}, false, 0, 0)
	require.NoError(t, err)
	require.Equal(t, scale{lo: 0, hi: 1}, s)
}

// Series that leave a drawing no range, or one at the end of what numbers can hold,
// are drawn or refused; no coordinate is NaN or infinite.
func TestSeriesWithoutRange(t *testing.T) {
	big := math.MaxFloat64
	for name, y := range map[string][]float64{
		"constant": {2, 2, 2}, "zero": {0, 0, 0}, "negative": {-3, -3, -3}, "almost constant": {1, 1 + 1e-16, 1 - 1e-16},
		"tiny": {5e-324, 5e-324, 1e-323}, "far": {1e17, 1e17 + 16, 1e17}, "huge": {-big, big, 0}, "one": {7},
		"steps apart": {1e-12, 1, 1e12}, "close": {1e6, 1e6 + 1e-3, 1e6 - 1e-3}, "none": {}, "NaN": {math.NaN(), math.NaN(), math.Inf(1)},
	} {
		for _, log := range []bool{false, true} {
			d, err := Curves{Title: name, Curves: []Curve{{Name: name, X: []float64{1, 2, 3}[:len(y)], Y: y}}, Log: log}.Render()
			if err != nil {
				require.True(t, errors.Is(err, ErrNothing) || errors.Is(err, ErrRange), "%s: %v", name, err)
				continue
			}
			require.NoError(t, xml.Unmarshal([]byte(d.SVG), new(struct{})))
			require.NotContains(t, strings.ReplaceAll(d.SVG, name, ""), "NaN", name)
			require.NotContains(t, d.SVG, "Inf", name)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		s    scale
		n    int
		want []float64
	}{
		{scale{0, 10, false}, 5, []float64{0, 2, 4, 6, 8, 10}},
		{scale{-0.3, 1.2, false}, 4, []float64{0, 0.5, 1}},
		{scale{0.09, 11, true}, 5, []float64{0.1, 0.2, 0.5, 1, 2, 5, 10}},
		{scale{1e-6, 1e6, true}, 4, []float64{1e-6, 1e-3, 1, 1e3, 1e6}},
		{scale{2, 3, true}, 2, []float64{2, 2.5, 3}},
	} {
		require.InDeltaSlice(t, c.want, c.s.ticks(c.n), 1e-12)
	}
	require.Equal(t, "0", label(math.Copysign(0, -1)))
	require.Equal(t, "1e-17", label(1e-17))
	require.Equal(t, "0.3", label(3*0.1))
	require.Equal(t, "1250000", label(1.25e6))
	require.Equal(t, "2e12", label(2e12))
	for _, s := range []scale{{1e6 - 1e-3, 1e6 + 1e-3, false}, {1e-14, 3e-14, false}, {0, 123456, false}, {1, 1 + 2e-9, false}} {
		seen := map[string]bool{}
		for _, v := range s.ticks(5) {
			require.False(t, seen[label(v)], "%v: two ticks are called %s", s, label(v))
			seen[label(v)] = true
		}
		require.GreaterOrEqual(t, len(seen), 3)
	}
	require.Equal(t, "1e-6", label(1e-6))
	require.Equal(t, "2.15", label(2.15))
}
