package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// However small tau and large the logits, a softmax is that of float64: in the
// limit the one-hot row of the maximum, never NaN.
func TestSoftmaxAtTheExtremes(t *testing.T) {
	inf := float32(math.Inf(1))
	rows := [][]float32{
		{1, 2, 3, 2.5}, {-1e30, 1e30, 0, 1e29}, {1e30, 1e30, -1e30, 0}, {-20, -20.0001, -30, -inf},
		{1e9, 1e9 + 64, 1e9 - 64, 0}, {3e38, -3e38, 0, 1},
	}
	for _, scale := range []float32{0, 1e-3, 1, 1e3, 1e6, 1e8, 1e12, 1e30, math.MaxFloat32, inf} {
		for _, row := range rows {
			got := make([]float32, len(row))
			SoftmaxScaled(got, row, scale)
			top := float64(row[0])
			for _, x := range row {
				top = max(top, float64(x))
			}
			want, sum := make([]float64, len(row)), 0.0
			for i, x := range row {
				want[i] = 1
				if float64(x) != top {
					want[i] = math.Exp(float64(scale) * (float64(x) - top))
				}
				if scale == 0 {
					want[i] = 1
				}
				sum += want[i]
			}
			for i := range want {
				if scale == 0 && math.IsInf(float64(row[i]), 0) {
					continue // 0 times infinity
				}
				tolerance := 2e-6 + 3e-7*math.Abs(float64(scale)*top)
				if tolerance > 0.07 { // the form with a difference is exact
					tolerance = 2e-6
				}
				if scale == 0 && math.IsInf(float64(row[3]), 0) {
					continue
				}
				require.InDelta(t, want[i]/sum, got[i], tolerance, "scale %v, row %v", scale, row)
			}
		}
	}
}

// With noise the one-hot row is that of the argmax, and a draw by inverse CDF is
// the maximum.
func TestNoiseAtTheExtremes(t *testing.T) {
	logits := []float32{0, 1, 2, 3, 5}
	for _, beta := range []float32{1e9, 1e12, 1e30, float32(math.Inf(1))} {
		for row := range uint32(50) {
			y := make([]float32, len(logits))
			arg := GumbelSoftmax(y, logits, beta, rng.Key{Seed: 1, Stream: rng.Noise, Row: row})
			for i, v := range y {
				want := float32(0)
				if i == arg {
					want = 1
				}
				require.InDelta(t, want, v, 1e-6)
			}
			require.Equal(t, 4, SampleRow(make([]float32, SampleScratch(5)), logits, beta, float64(row)/50))
		}
	}
	require.Equal(t, 0, SampleRow(make([]float32, SampleScratch(3)), []float32{1e30, -1e30, 0}, 1e3, 0.99))
}
