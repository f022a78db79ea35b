package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Weights that are held give the products that Gemm and GemmBF16 do, of all of their
// columns or of some.
func TestWeights(t *testing.T) {
	defer SetThreads(0)
	eachBF16(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(9, 10))
		var w Weights // used again, for larger and for smaller matrices
		for range 80 {
			m, n, k := 1+r.IntN(40), 1+r.IntN(700), r.IntN(80)
			if r.IntN(4) == 0 {
				m, n, k = 1+r.IntN(9), 1+r.IntN(60), 1+r.IntN(2*packKBF16)
			}
			if ISA() == "generic" {
				m, n = m%8+1, n%150+1
			}
			lda, ldb, ldc := k+r.IntN(3), n+r.IntN(3), n+r.IntN(3)
			a, b, c, bias := random(m*lda), random(k*ldb), random(m*ldc), random(n)
			alpha, beta := float32(1+r.IntN(2)), float32(r.IntN(2))
			from := r.IntN((n+PanelGrain-1)/PanelGrain) * PanelGrain
			some := 1 + r.IntN(n-from)
			want, got := slices.Clone(c), slices.Clone(c)
			SetThreads(1 + r.IntN(3))
			rounded, gemm, gemmBias := r.IntN(4) > 0, GemmBF16, GemmBiasBF16
			if !rounded {
				gemm, gemmBias = Gemm, GemmBias
			}
			w.Hold(rounded, k, n, b, ldb)
			gemm(false, false, m, some, k, alpha, a, lda, b[min(from, len(b)):], ldb, beta, want[from:], ldc)
			w.Gemm(from, some, m, alpha, a, lda, beta, got[from:], ldc)
			requireSameBits(t, want, got)
			gemmBias(false, false, m, n, k, a, lda, b, ldb, bias, want, ldc)
			w.GemmBias(m, a, lda, bias, got, ldc)
			requireSameBits(t, want, got)
		}
		require.Panics(t, func() { w.Gemm(1, 1, 1, 1, nil, 0, 0, nil, 0) })
		require.Panics(t, func() { w.Gemm(0, 1000, 1, 1, nil, 0, 0, nil, 0) })
		require.Panics(t, func() { w.Hold(true, 3, 3, make([]float32, 8), 3) })
	})
}
