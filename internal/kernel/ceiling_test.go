package kernel

import "testing"

// BenchmarkCeiling measures the two limits of a roofline on all threads: the
// best product, and the bandwidth of a sum over arrays that no cache holds.
func BenchmarkCeiling(b *testing.B) {
	b.Run("flops", func(b *testing.B) {
		const n = 384
		x, y, z := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
		for b.Loop() {
			Gemm(false, false, n, n, n, 1, x, n, y, n, 0, z, n)
		}
		b.ReportMetric(2*n*n*n/float64(b.Elapsed().Nanoseconds())*float64(b.N), "GFLOP/s")
	})
	b.Run("bytes", func(b *testing.B) {
		const n = 32 << 20
		x, y := make([]float32, n), make([]float32, n)
		add := func(lo, hi int) { Add(x[lo:hi], y[lo:hi]) }
		Parallel(n, 1<<14, add) // first touch
		for b.Loop() {
			Parallel(n, 1<<14, add)
		}
		b.ReportMetric(3*4*n/float64(b.Elapsed().Nanoseconds())*float64(b.N), "GB/s")
	})
}
