package plot_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval/plot"
)

func TestPanels(t *testing.T) {
	both := plot.Series{Name: "both", Points: [][2]float64{{.1, 3}, {1, .02}}}
	other := plot.Series{Name: "other", Colour: 9, Shape: 9, Points: [][2]float64{{0, 3}, {5, -1}, {math.NaN(), 1}, {2, 2}}}
	render := func(panels ...plot.Panel) string {
		var b bytes.Buffer
		require.NoError(t, plot.Panels(&b, "panels", panels...))
		return b.String()
	}
	svg := render(plot.Panel{X: "tau", Y: "error", Ticks: []float64{.1, .25, 1}, Lines: true, Series: []plot.Series{both}}, plot.Panel{X: "cost", Y: "variance", Series: []plot.Series{both, other}})
	for _, text := range []string{">tau<", ">error<", ">cost<", ">variance<", ">both<", ">other<", ">0.25<"} {
		require.Equal(t, 1, strings.Count(svg, text), text)
	}
	require.NotContains(t, svg, "NaN")
	require.Equal(t, svg, render(plot.Panel{X: "tau", Y: "error", Ticks: []float64{.1, .25, 1}, Lines: true, Series: []plot.Series{both}}, plot.Panel{X: "cost", Y: "variance", Series: []plot.Series{both, other}}))

	other.Points = other.Points[:3] // nothing is left to draw
	require.NotContains(t, render(plot.Panel{Series: []plot.Series{other}}), "NaN")
	other.Points = [][2]float64{{math.Inf(1), 1}}
	require.NotContains(t, render(plot.Panel{Series: []plot.Series{other}}), "Inf")
}
