package memory

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

func TestFloats(t *testing.T) {
	for _, sizes := range [][]int{{}, {0}, {1, 0, 17}, {page / 4, page / 4}, {3*page/4 - 5, 7}} {
		parts := Floats(sizes...)
		require.Len(t, parts, len(sizes))
		total := 0
		for i, x := range parts {
			require.Len(t, x, sizes[i])
			require.Equal(t, sizes[i], cap(x), "no part reaches into the next")
			for k, v := range x {
				if v != 0 {
					t.Fatalf("value %d of part %d is %v", k, i, v)
				}
				x[k] = 1
			}
			total += sizes[i]
		}
		if 4*total >= 2*page {
			require.Zero(t, uintptr(unsafe.Pointer(&parts[0][0]))%page, "several huge pages begin with one")
		}
	}
}
