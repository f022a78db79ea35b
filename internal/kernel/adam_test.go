package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdam(t *testing.T) {
	defer SetThreads(0)
	eachISA(t, func(t *testing.T) {
		for _, n := range append([]int{3*adamGrain + 5}, lengths...) {
			var first []float32
			for threads := 1; threads <= 3; threads++ {
				SetThreads(threads)
				w, m, v, grad := random(n), random(n + 1)[:n], random(n + 2)[:n], random(n + 3)[:n]
				for i := range v {
					v[i] *= v[i]
				}
				old := [3][]float32{append([]float32(nil), w...), append([]float32(nil), m...), append([]float32(nil), v...)}
				const lr, b1, b2, eps, c1, c2, gscale, wd = 0.01, 0.9, 0.99, 1e-6, 0.3, 0.2, 0.5, 0.1
				Adam(w, m, v, grad, lr, b1, b2, eps, c1, c2, gscale, wd)
				for i := range w {
					g := gscale * float64(grad[i])
					wantM := b1*float64(old[1][i]) + (1-b1)*g
					wantV := b2*float64(old[2][i]) + (1-b2)*g*g
					step := wantM/c1/(math.Sqrt(wantV/c2)+eps) + wd*float64(old[0][i])
					require.InDelta(t, wantM, float64(m[i]), 2e-7)
					require.InDelta(t, wantV, float64(v[i]), 2e-7)
					require.InDelta(t, float64(old[0][i])-lr*step, float64(w[i]), 1e-7+1e-6*lr*math.Abs(step))
				}
				if first == nil {
					first = w
				}
				requireSameBits(t, first, w)
			}
		}
	})
}

func TestAdamAllocatesNothing(t *testing.T) {
	defer SetThreads(0)
	SetThreads(2)
	w, m, v, grad := random(10000), random(10000), make([]float32, 10000), random(10000)
	require.Zero(t, testing.AllocsPerRun(20, func() { Adam(w, m, v, grad, 0.01, 0.9, 0.99, 1e-6, 0.3, 0.2, 1, 0) }))
}
