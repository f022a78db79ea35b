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

func BenchmarkGemm(b *testing.B)     { benchmarkGemm(b, Gemm) }
func BenchmarkGemmBF16(b *testing.B) { benchmarkGemm(b, GemmBF16) }

func benchmarkGemm(b *testing.B, gemm func(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)) {
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
					gemm(s.transA, s.transB, s.m, s.n, s.k, 1, x, lda, y, ldb, 0, c, s.n)
				}
				b.ReportMetric(2*float64(s.m)*float64(s.n)*float64(s.k)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
			})
		}
	}
}

// BenchmarkParallel is the cost of a call whose parts do nothing.
func BenchmarkParallel(b *testing.B) {
	defer SetThreads(0)
	for threads := 1; threads <= 2; threads++ {
		b.Run(fmt.Sprintf("threads=%d", threads), func(b *testing.B) {
			SetThreads(threads)
			f := func(lo, hi int) {}
			for b.Loop() {
				Parallel(1000, 1, f)
			}
		})
	}
}

// BenchmarkRow is a row of logits as long as a vocabulary. The time is by
// value; two threads would do two rows.
func BenchmarkRow(b *testing.B) {
	const n = 4700
	x, y, z := random(n), random(n + 1)[:n], make([]float32, n)
	Scale(5, x)
	positive, scratch := make([]float32, n), make([]float32, SampleScratch(n))
	Exp(positive, x)
	key := testKey
	chosen := ISA()
	defer Use(chosen)
	for _, f := range []struct {
		name string
		f    func()
	}{
		{"exp", func() { Exp(z, x) }},
		{"log", func() { Log(z, positive) }},
		{"tanh", func() { Tanh(z, x) }},
		{"sigmoid", func() { Sigmoid(z, x) }},
		{"softmax", func() { Softmax(z, x) }},
		{"log_sum_exp", func() { LogSumExp(x) }},
		{"softmax_backward", func() { SoftmaxBackward(z, y, x, 2) }},
		{"uniform", func() { Uniform(z, key) }},
		{"gumbel", func() { Gumbel(z, key) }},
		{"gumbel_softmax", func() { GumbelSoftmax(z, x, 1.5, key) }},
		{"gumbel_argmax", func() { GumbelArgmax(x, key) }},
		{"sample_row", func() { SampleRow(scratch, x, 1, 0.5) }},
		{"normal", func() { Normal(z, key) }},
		{"dot", func() { Dot(x, y) }},
		{"sum", func() { Sum(x) }},
		{"sum_squares", func() { SumSquares(x) }},
		{"max", func() { Max(x) }},
		{"axpy", func() { Axpy(0.5, x, z) }},
		{"add", func() { Add(z, x) }},
	} {
		for _, s := range available {
			b.Run(f.name+"/"+s.name, func(b *testing.B) {
				Use(s.name)
				for b.Loop() {
					f.f()
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/value")
			})
		}
	}
}

// BenchmarkMatrix is the remaining work on matrices, by value.
func BenchmarkMatrix(b *testing.B) {
	const rows, cols = 2368, 64
	n := rows * cols
	x, y := random(n), random(n)
	m, v := make([]float32, n), make([]float32, n)
	arg := make([]int32, cols)
	for _, f := range []struct {
		name string
		f    func()
	}{
		{"transpose", func() { Transpose(y, x, rows, cols) }},
		{"column_sums", func() { AddColumnSums(y[:cols], x, rows, cols, cols) }},
		{"max_rows", func() { MaxRows(y[:cols], arg, x, rows, cols, cols) }},
		{"adam", func() { Adam(y, m, v, x, 1e-3, 0.9, 0.999, 1e-8, 0.5, 0.5, 1, 0) }},
	} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				f.f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/value")
		})
	}
}
