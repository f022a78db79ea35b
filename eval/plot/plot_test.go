package plot

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
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
	draw := func(logarithmic bool, curves ...Curve) string {
		var b bytes.Buffer
		require.NoError(t, Curves(&b, curves, []float64{2}, logarithmic))
		return b.String()
	}
	two := []Curve{{"a<b", x, []float64{2.05, 2.1, math.NaN(), 2.15}}, {"c", x, []float64{0, math.Inf(1), 100, 1}}}
	for _, logarithmic := range []bool{false, true} {
		svg := draw(logarithmic, two...)
		require.Equal(t, svg, draw(logarithmic, two...), "the same figure twice")
		require.NoError(t, xml.Unmarshal([]byte(svg), new(struct{})))
		require.Contains(t, svg, "a&lt;b")
		require.NotContains(t, svg, "NaN")
		require.NotContains(t, svg, "Inf")
	}
	require.Contains(t, draw(false, two[0]), ">2.15<", "ticks that can be told apart")
	var steps bytes.Buffer
	require.NoError(t, Curves(&steps, []Curve{{"a", []float64{250, 1400}, []float64{1, 2}}}, nil, false))
	require.Contains(t, steps.String(), ">1250<", "not 1250.00")
	draw(false, Curve{"constant", x[:1], x[:1]})
	draw(true, Curve{"constant", x[:1], x[:1]})
	require.ErrorIs(t, Curves(io.Discard, []Curve{{"a", x[:1], []float64{math.NaN()}}}, nil, false), ErrNothing)
	require.ErrorIs(t, Curves(io.Discard, []Curve{{"a", x[:1], []float64{-1}}}, nil, true), ErrNothing)
}
