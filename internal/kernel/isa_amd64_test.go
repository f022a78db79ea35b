//go:build amd64 && !noasm

package kernel

import (
	"math"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

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
