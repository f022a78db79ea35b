package distance

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// The interval of a squared distance holds it as often as it says, whether the noise is of
// one direction, equal in all, or of one that is louder than the rest, and the distance
// along it or across.
func TestIntervalHoldsDistance(t *testing.T) {
	for blocks, repeats := range map[int]int{16: 300, 100: 200} {
		holds(t, blocks, repeats)
	}
}

func holds(t *testing.T, blocks, repeats int) {
	t.Helper()
	spike := func(P int, sd float64) []float64 {
		s := slices.Repeat([]float64{1}, P)
		s[0] = sd
		return s
	}
	for name, x := range map[string]struct {
		sd    []float64 // of the noise
		along int       // the direction of the distance
	}{
		"one direction": {[]float64{1}, 0}, "one dominates": {spike(50, 30), 0}, "one is loud": {spike(200, 10), 0}, "across the loud one": {spike(200, 10), 3},
		"isotropic": {spike(60, 1), 0}, "many": {spike(200, 1), 0},
	} {
		noise := 0. // of the mean, squared
		for _, s := range x.sd {
			noise += s * s / float64(blocks)
		}
		for _, lengths := range []float64{0, 1, 2, 4} { // of that noise
			if (testing.Short() || blocks > 16) && (lengths != 2 || len(x.sd) > 60) {
				continue
			}
			d := lengths * math.Sqrt(noise)
			inside, width := 0, 0.
			for i := range uint32(repeats) {
				r := rng.Key{Seed: 1, Row: i}.Rand()
				means := make([][]float64, blocks)
				for k := range means {
					for j, s := range x.sd {
						means[k] = append(means[k], s*r.NormFloat64())
						if j == x.along {
							means[k][j] += d
						}
					}
				}
				lo, hi := NewGram(blocks, func(k, i int) float64 { return means[k][i] }, 0, len(x.sd)).SquaredLength(len(x.sd)).Interval(.95)
				if lo <= d*d && d*d <= hi {
					inside++
				}
				width += (math.Sqrt(hi) - math.Sqrt(lo)) / math.Sqrt(noise) / float64(repeats)
			}
			t.Logf("%d blocks, %s, %g: %.3f, mean width %.2f", blocks, name, lengths, float64(inside)/float64(repeats), width)
			require.GreaterOrEqual(t, inside, repeats*91/100, "%s, %g", name, lengths)
			require.Less(t, width, 4.5)
			if name == "isotropic" && lengths == 2 { // where a normal interval is right, 0.57 wide
				require.InDelta(t, .57, width, .06)
			}
		}
	}
}
