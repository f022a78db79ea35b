package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAbove(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			x := random(n)
			for i := 0; i < n; i += 7 {
				x[i] = float32(math.NaN())
			}
			if n > 3 {
				x[3] = 0.25
			}
			for _, bound := range []float32{-10, 0.25, 10} {
				var want []int32
				for i, v := range x {
					if v >= bound {
						want = append(want, int32(i))
					}
				}
				places := make([]int32, len(want))
				require.Equal(t, len(want), Above(places, x, bound))
				require.Equal(t, append([]int32{}, want...), places)
				if len(want) > 0 {
					require.Equal(t, -1, Above(places[1:], x, bound))
				}
			}
		}
	})
}
