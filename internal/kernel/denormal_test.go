package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// TestDenormalsAreZero: assembly takes denormal operands and results for zero
// where a softmax goes through it, on every tile, and leaves the processor as it
// was.
func TestDenormalsAreZero(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		if isa == &genericSet {
			t.Skip("plain Go has denormals")
		}
		fill := func(n int, v float32) []float32 {
			x := make([]float32, n)
			for i := range x {
				x[i] = v
			}
			return x
		}
		const k = 3
		tiny, small, half := float32(0x1p-127), float32(0x1p-125), float32(0.25)
		for m := 1; m <= 15; m++ {
			for _, n := range []int{1, 17, 33, 100} {
				for _, c := range []struct{ a, b, want float32 }{{tiny, 4, 0}, {4, tiny, 0}, {small, half, 0}, {small, 1, k * small}} {
					got := fill(m*n, 1)
					Gemm(false, false, m, n, k, 1, fill(m*k, c.a), k, fill(k*n, c.b), n, 0, got, n)
					require.Equal(t, fill(m*n, c.want), got, "%d x %d: %v times %v", m, n, c.a, c.b)
				}
			}
		}
		for _, n := range []int{1, 16, 100} {
			x := fill(n, small)
			Scale(half, x)
			require.Equal(t, make([]float32, n), x)
			isa.softmaxBackward(x, fill(n, small), fill(n, half), 1, 0)
			require.Equal(t, make([]float32, n), x)
			Add(x, fill(n, tiny))
			require.Equal(t, fill(n, tiny), x, "denormals of other functions are numbers")
		}
	})
}
