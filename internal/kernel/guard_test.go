//go:build unix

package kernel

import (
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// guarded returns n values between two pages that must not be touched: as
// close as can be to the end of the memory, or to its beginning.
func guarded(t *testing.T, n int, atEnd bool) []float32 {
	page := syscall.Getpagesize()
	size := (4*n + page - 1) / page * page
	memory, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Munmap(memory)) })
	require.NoError(t, syscall.Mprotect(memory[:page], syscall.PROT_NONE))
	require.NoError(t, syscall.Mprotect(memory[page+size:], syscall.PROT_NONE))
	start := page
	if atEnd {
		start += size - 4*n
	}
	s := unsafe.Slice((*float32)(unsafe.Pointer(&memory[start])), n)
	copy(s, random(n))
	return s
}

// No function reads or writes beyond its slices. If one does, this test does
// not fail but the program crashes.
func TestNothingBeyondTheSlices(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, atEnd := range []bool{true, false} {
			for n := 1; n <= 70; n++ {
				t.Run("", func(t *testing.T) { // frees the memory of every n
					x, y, z, w := guarded(t, n, atEnd), guarded(t, n, atEnd), guarded(t, n, atEnd), guarded(t, n, atEnd)
					scratch := make([]float32, SampleScratch(n))
					arg := unsafe.Slice((*int32)(unsafe.Pointer(&guarded(t, n, atEnd)[0])), n)
					for _, m := range mappings {
						m.f(y, x)
					}
					Softmax(y, x)
					LogSumExp(x)
					SoftmaxBackward(z, y, x, 1)
					Gumbel(y, testKey)
					Uniform(y, testKey)
					Normal(y, testKey)
					GumbelSoftmax(y, x, 1, testKey)
					GumbelArgmax(x, testKey)
					SampleRow(scratch, x, 1, 0.5)
					Axpy(2, x, y)
					ReLU(y, x)
					ReLUBackward(y, x, z)
					Highway(y, x, z, w)
					HighwayBackward(x, y, y, z, w, w, w)
					Normalise(y, x, x, z, w)
					NormaliseBackward(y, z, x, w, 1)
					SampleRowNext(scratch, x, 1, 1, 0.5, z)
					ExpLSE(y, 1, x)
					AxpyGather(y, []float32{1}, x, []int32{0})
					AxpyRows([]float32{1}, x, n, y, []int32{0}, 1)
					Dot(x, y)
					Scale(2, x)
					Add(x, y)
					Sum(x)
					SumSquares(x)
					Max(x)
					Adam(x, y, z, w, 0.1, 0.9, 0.9, 1e-8, 1, 1, 1, 0)
					AddColumnSums(x, y, 1, n, n)
					MaxRows(x, arg, y, 1, n, n)
					Transpose(x, y, n, 1)
					gates, dgates := guarded(t, 4*n, atEnd), guarded(t, 4*n, atEnd)
					LSTM(1, n, gates, x, y, z, w)
					LSTMBackward(1, n, gates, x, y, z, w, dgates)
				})
			}
			for _, size := range [][3]int{{1, 1, 1}, {3, 5, 7}, {8, 48, 16}, {9, 47, 33}, {17, 23, 130}, {5, 100, 520}, {200, 33, 10}, {70, 70, 200}} {
				t.Run("", func(t *testing.T) {
					m, n, k := size[0], size[1], size[2]
					a, b, c, bias := guarded(t, m*k, atEnd), guarded(t, k*n, atEnd), guarded(t, m*n, atEnd), guarded(t, n, atEnd)
					for _, transA := range []bool{false, true} {
						for _, transB := range []bool{false, true} {
							lda, ldb := k, n
							if transA {
								lda = m
							}
							if transB {
								ldb = k
							}
							Gemm(transA, transB, m, n, k, 1, a, lda, b, ldb, 0.5, c, n)
							GemmBias(transA, transB, m, n, k, a, lda, b, ldb, bias, c, n)
						}
					}
					Transpose(c, append([]float32(nil), c...), m, n)
					Transpose(append([]float32(nil), c...), c, m, n)
					MaxRows(guarded(t, n, atEnd), make([]int32, n), c, m, n, n)
					AddColumnSums(bias, c, m, n, n)
				})
			}
		}
	})
}
