package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// A number that is too large for its column is written in four digits.
func TestFixed(t *testing.T) {
	nll := columnOf("nll/valid")
	require.Equal(t, "5.4086", nll.format(5.40861))
	require.Equal(t, "5.97e+30", nll.format(5.9698e30))
	require.Equal(t, "+5.97e+30", signed(5.9698e30, nll))
	require.Equal(t, "−5.97e+30", signed(-5.9698e30, nll))
	require.Equal(t, "+0.0020", signed(.002, nll))
	require.Equal(t, "0.0000", signed(-.00002, nll))
	require.Equal(t, "5.97e+30 ± 7.586e+31", meanOf([]float64{0, 2 * 5.97e30}, nll)) // t of 1 degree of freedom is 12.7062
}

func near2(t *testing.T, lo, hi float64, i *interval) {
	t.Helper()
	require.InDelta(t, lo, i.lo, 1e-5)
	require.InDelta(t, hi, i.hi, 1e-5)
}

// Tables of the quantiles: t of 2 degrees of freedom 4.302653, normal 1.959964.
func TestIntervals(t *testing.T) {
	near2(t, 4-4.302653*2/math.Sqrt(3), 4+4.302653*2/math.Sqrt(3), student([]float64{2, 4, 6}))
	near2(t, 1-1.959964*.5, 1+1.959964*.5, normal(1, .5))

	// Equal variances and numbers: Welch's degrees of freedom are 2(n-1), and t of 4
	// is 2.776445.
	half := 2.776445 * math.Sqrt(4./3+4./3)
	near2(t, 10-half, 10+half, welch([]float64{2, 4, 6}, []float64{12, 14, 16}))
	// One variance is 0: those of the other alone.
	half = 4.302653 * 2 / math.Sqrt(3)
	near2(t, -1-half, -1+half, welch([]float64{5, 5, 5}, []float64{2, 4, 6}))
	near2(t, 3, 3, welch([]float64{1, 1}, []float64{4, 4}))

	// 56 of 70 against 38 of 80, with one more of either kind: 57/72 and 39/82.
	p, q := 57./72, 39./82
	half = 1.959964 * math.Sqrt(p*(1-p)/72+q*(1-q)/82)
	near2(t, q-p-half, q-p+half, proportions(56./70, 70, 38./80, 80))
	require.Less(t, proportions(0, 10, 0, 10).lo, 0., "no interval is a point")
}

// The jackknife of a mean by single values is its standard error.
func TestJackknife(t *testing.T) {
	values := []float64{1, 4, 9, 16, 25}
	mean, variance := moments(values)
	got, err := jackknife(5, func(i int) (float64, error) { return (5*mean - values[i]) / 4, nil })
	require.NoError(t, err)
	require.InDelta(t, math.Sqrt(variance/5), got, 1e-12)
}
