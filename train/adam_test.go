package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/nn"
)

func TestAdamAgainstFloat64(t *testing.T) {
	var ps nn.Params
	w := ps.New("w", 2, 3)
	u := ps.New("u", 4)
	want := make([]float64, 10)
	for i := range want {
		want[i] = math.Sin(float64(i))
		if i < 6 {
			w.Data[i] = float32(want[i])
		} else {
			u.Data[i-6] = float32(want[i])
		}
	}
	c := AdamConfig{LR: .02, Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 2}
	a := NewAdam(c, ps)
	m, v := make([]float64, 10), make([]float64, 10)
	for step := 1; step <= 50; step++ {
		g32, g, norm := make([]float32, 10), make([]float64, 10), 0.0
		for i := range g {
			g32[i] = float32(math.Cos(float64(step*(i+1)))) * float32(step%7)
			g[i] = float64(g32[i])
			norm += g[i] * g[i]
		}
		norm = math.Sqrt(norm)
		got, err := a.Update(func(i int) []float32 { return [][]float32{g32[:6], g32[6:]}[i] })
		require.NoError(t, err)
		require.InDelta(t, norm, got, 1e-6*(1+norm))
		for i := range g {
			g[i] *= math.Min(1, c.Clip/math.Max(norm, 1e-300))
			m[i] = c.Beta1*m[i] + (1-c.Beta1)*g[i]
			v[i] = c.Beta2*v[i] + (1-c.Beta2)*g[i]*g[i]
			want[i] -= c.LR * m[i] / (1 - math.Pow(c.Beta1, float64(step))) / (math.Sqrt(v[i]/(1-math.Pow(c.Beta2, float64(step)))) + c.Eps)
		}
	}
	for i, x := range append(append([]float32{}, w.Data...), u.Data...) {
		require.InDelta(t, want[i], x, 2e-6)
	}
	before := ps.Hash()
	_, err := a.Update(func(i int) []float32 { return []float32{float32(math.NaN())} })
	require.Error(t, err)
	require.Equal(t, before, ps.Hash(), "a gradient that is not finite must not touch the weights")
}
