package kernel

import (
	"fmt"
	"testing"
)

// gemmShapes are the products of the models and three square ones, named by
// their use; testdata/peer_gemm.py has the same table.
var gemmShapes = []struct {
	name           string
	transA, transB bool
	m, n, k        int
}{
	{"gates_64x32x128", false, false, 64, 128, 32},
	{"row_1x64x5000", false, false, 1, 5000, 64},
	{"out_64x32x4683", false, false, 64, 4683, 32},
	{"out_64x64x5000", false, false, 64, 5000, 64},
	{"dW_64x64T_64x5000", true, false, 64, 5000, 64},
	{"dX_64x5000_5000x64T", false, true, 64, 64, 5000},
	{"gates_64x128x128", false, false, 64, 128, 128},
	{"out_64x512x5000", false, false, 64, 5000, 512},
	{"seq_2368x32x4683", false, false, 2368, 4683, 32},
	{"dW_2368x32T_2368x4683", true, false, 32, 4683, 2368},
	{"square_256", false, false, 256, 256, 256},
	{"square_1024", false, false, 1024, 1024, 1024},
	{"wide_4096x1200x1200", false, false, 4096, 1200, 1200},
}

func BenchmarkGemm(b *testing.B) {
	defer SetThreads(0)
	for _, s := range gemmShapes {
		lda, ldb := s.k, s.n
		if s.transA {
			lda = s.m
		}
		if s.transB {
			ldb = s.k
		}
		x, y, c := random(s.m*s.k), random(s.k*s.n), make([]float32, s.m*s.n)
		for threads := 1; threads <= 2; threads++ {
			b.Run(fmt.Sprintf("%s/threads=%d", s.name, threads), func(b *testing.B) {
				SetThreads(threads)
				for b.Loop() {
					Gemm(s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, c, s.n)
				}
				b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}
