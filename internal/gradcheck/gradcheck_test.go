package gradcheck

import (
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCentral(t *testing.T) {
	x := []float32{0.3, -1.2, 2}
	loss := func() (float64, error) {
		return math.Sin(float64(x[0])) * math.Exp(float64(x[1])) * float64(x[2]), nil
	}
	s, c, e := math.Sin(0.3), math.Cos(0.3), math.Exp(-1.2)
	d, err := Central(loss, x, 1e-3)
	require.NoError(t, err)
	require.Equal(t, []float32{0.3, -1.2, 2}, x)
	require.Less(t, Distance(d, []float64{2 * c * e, 2 * s * e, s * e}), 1e-6) // h^2
	require.Greater(t, Distance(d, []float64{2 * c * e, 2 * s * e, 0}), 0.01)

	broken := errors.New("no loss")
	for failAt := range 2 {
		calls := 0
		_, err = Central(func() (float64, error) {
			if calls++; calls > failAt {
				return 0, broken
			}
			return 1, nil
		}, x, 1e-3)
		require.ErrorIs(t, err, broken)
		require.Equal(t, []float32{0.3, -1.2, 2}, x)
	}
}

func TestDistance(t *testing.T) {
	require.Zero(t, Distance([]float32{0, 0}, []float64{0, 0}))
	require.InDelta(t, 0.2, Distance([]float64{3, 5}, []float32{3, 4}), 1e-12)
	require.True(t, math.IsInf(Distance([]float32{1}, []float32{0}), 1))
	require.True(t, math.IsInf(Distance([]float32{1}, []float32{1, 2}), 1))
	require.True(t, math.IsNaN(Distance([]float64{math.NaN()}, []float64{1})))
}

// A float32 loss far from zero: its differences are as rough as Rounding says,
// and not a hundred times better.
func TestRounding(t *testing.T) {
	x := make([]float32, 200)
	for i := range x {
		x[i] = float32(i) / 100
	}
	loss := func() (float64, error) {
		var s float32 = 37
		for _, v := range x {
			s += v * v / 100
		}
		return float64(s), nil
	}
	const h = 1e-3
	d, err := Central(loss, x, h)
	require.NoError(t, err)
	for i := range d {
		d[i] -= float64(x[i]) / 50
	}
	require.Less(t, Norm(d), Rounding(38, h, len(d)))
	require.Greater(t, Norm(d), Rounding(38, h, len(d))/100)
}
