package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestStream(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range append([]int{0}, lengths...) {
			for offset := range 17 {
				src := random(n + 3)[3:]
				all := make([]float32, n+40)
				for i := range all {
					all[i] = -1
				}
				dst := all[offset:][:n]
				Prefetch(src)
				Stream(dst, src)
				require.Equal(t, src, dst)
				for i, v := range all {
					if i < offset || i >= offset+n {
						require.EqualValues(t, -1, v, "%d values at %d: %d is outside", n, offset, i)
					}
				}
			}
		}
	})
}
