package kernel

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// Tiles of the heights that there are make up any number of rows, and where there is
// every height no two differ by more than a row.
func TestTilesOfRows(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		g := &isa.gemm
		if g.tiles == nil {
			t.Skip("no tiles")
		}
		require.Len(t, g.tiles, len(g.heights))
		for rows := 1; rows <= 200; rows++ {
			tiles, least, most := 0, rows, 0
			for left := rows; left > 0; {
				count, h := g.next(left)
				require.Positive(t, count)
				least, most = min(least, g.heights[h]), max(most, g.heights[h])
				left -= count * g.heights[h]
				tiles += count
				require.GreaterOrEqual(t, left, 0, "%d rows", rows)
			}
			if g.even {
				require.LessOrEqual(t, most-least, 1, "%d rows", rows)
				require.Equal(t, (rows+g.heights[0]-1)/g.heights[0], tiles, "%d rows", rows)
			}
		}
	})
}

// Every value of a product is the same whatever tile it falls into, with whole and
// with part vectors at the end: that of plain Go but for rounding, and that of the
// product of its row alone.
func TestTilesOfEverySize(t *testing.T) {
	const steps, most = 5, 13
	a, b := random(most*steps), random(steps*60)
	eachISA(t, func(t *testing.T) {
		for m := 1; m <= most; m++ {
			for n := 1; n <= 60; n++ {
				c := make([]float32, m*n+1)
				c[m*n] = 7
				Gemm(false, false, m, n, steps, 1, a, steps, b, 60, 0, c, n)
				require.Equal(t, float32(7), c[m*n], "[%d,%d]: written beyond the end", m, n)
				for i := range m {
					row := make([]float32, n)
					Gemm(false, false, 1, n, steps, 1, a[i*steps:], steps, b, 60, 0, row, n)
					require.Equal(t, row, c[i*n:][:n], "[%d,%d], row %d", m, n, i)
					for j, got := range row {
						want := 0.0
						for l := range steps {
							want += float64(a[i*steps+l]) * float64(b[l*60+j])
						}
						require.InDelta(t, want, got, 1e-5)
					}
				}
			}
		}
	})
}
