//go:build amd64 && !noasm

package kernel

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// otherBF16 is the way to multiply bf16 that the CPU has and does not use, and the set
// that has it, or nil.
func otherBF16() (gemmKernels, *instructionSet) {
	switch {
	case named("avx512") == nil || !hasPairs():
		return gemmKernels{}, nil
	case avx512Set.pairs.tiles == nil:
		return pairs512, &avx512Set
	}
	return gemmKernels{}, &avx512Set
}

// A tile of pairs is used only if it does as genericBF16 says. Stand-ins for it,
// in Go: one that does, and ones with the liberties that a CPU might take.
func TestPairsAgree(t *testing.T) {
	value := func(x float32, upper bool) float32 {
		bits := math.Float32bits(x)
		if !upper {
			bits <<= 16
		}
		return math.Float32frombits(bits & 0xffff0000)
	}
	tile := func(add func(x, y, sum float32) float32, order [2]bool) tileFunc {
		return func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int) {
			row, panel, sums := unsafe.Slice(a, k), unsafe.Slice(b, k*last), unsafe.Slice(c, last)
			for j := range sums {
				for l := range row {
					for _, upper := range order {
						sums[j] = add(value(row[l], upper), value(panel[l*last+j], upper), sums[j])
					}
				}
			}
		}
	}
	require.True(t, pairsAgree(tile(fusedFlushed, [2]bool{true, false})))
	require.False(t, pairsAgree(tile(fusedFlushed, [2]bool{false, true})), "the lower halves first")
	require.False(t, pairsAgree(tile(func(x, y, sum float32) float32 { return float32(float64(x)*float64(y) + float64(sum)) }, [2]bool{true, false})), "denormal sums")
	require.False(t, pairsAgree(tile(func(x, y, sum float32) float32 { return fusedFlushed(fusedFlushed(x, y, 0), 1, sum) }, [2]bool{true, false})), "products flushed before they are added")
}

// Pairs are used where they take less time; a stand-in that does the work of a tile
// often enough is slower than any instruction.
func TestPairsFaster(t *testing.T) {
	if named("avx512") == nil {
		t.Skip("no AVX-512")
	}
	single := avx512Set.gemm.tiles[0][2]
	repeated := func(times int) tileFunc {
		return func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int) {
			for range times {
				single(count, k, a, ars, aks, b, bks, last, c, ldc, alpha, beta, x, ldx)
			}
		}
	}
	require.True(t, pairsFaster(repeated(1), repeated(4)))
	require.False(t, pairsFaster(repeated(8), repeated(1)))
}

// BenchmarkPairs is a tile of 8 x 3 vectors whose operands lie in the first cache, as
// float32 and as pairs of bf16, whether or not the CPU is faster with these.
func BenchmarkPairs(b *testing.B) {
	if named("avx512") == nil || !hasPairs() {
		b.Skip("no AVX512_BF16")
	}
	const rows, columns, steps = 8, 48, 128
	x, y, z := make([]float32, rows*steps), make([]float32, steps*columns), make([]float32, rows*columns)
	for _, c := range []struct {
		name string
		tile tileFunc
		each int
	}{{"float32", avx512Set.gemm.tiles[0][2], 1}, {"bf16", pairs512.tiles[0][2], 2}} {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				c.tile(1, steps, &x[0], 4*steps, 4, &y[0], 4*columns, columns/3, &z[0], 4*columns, 1, 0, &z[0], 4*columns)
			}
			b.ReportMetric(2*rows*columns*steps*float64(c.each)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GFLOP/s")
		})
	}
}
