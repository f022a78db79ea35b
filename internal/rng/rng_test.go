package rng

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// The known answers of the Random123 distribution.
func TestPhiloxKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		x, want [4]uint32
		seed    uint64
	}{
		{[4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}, 0},
		{[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}, 0x299f31d0a4093822},
	} {
		keys := RoundKeys(c.seed)
		require.Equal(t, c.want, Philox(c.x, &keys))
	}
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[[4]uint32]Key{}
	for s := Init; s <= Eval; s++ {
		for step := range uint32(20) {
			for row := range uint32(20) {
				k := Key{Seed: 1, Stream: s, Step: step, Row: row}
				b := k.Block(0)
				other, dup := seen[b]
				require.False(t, dup, "%v and %v draw the same", k, other)
				seen[b] = k
			}
		}
	}
}

// Neighbouring seeds are no multiples of one another, as those of a linear
// congruential generator are, and their first numbers neither keep to one place
// nor fill the interval too evenly. All 64 bits of a seed count.
func TestSeedsAreStrangers(t *testing.T) {
	const n, bins = 20_000, 10
	seeds := []uint64{0, 1, 2, 3, 4, 1 << 32, 1<<32 + 1, 1 << 63}
	for j, a := range seeds {
		for _, b := range seeds[j+1:] {
			for multiple := 1.0; multiple < 6; multiple++ {
				var sum float64
				for i := range uint32(n) {
					_, x := math.Modf(multiple * Key{Seed: a, Stream: Noise}.Float64(i))
					sum += (x - 0.5) * (Key{Seed: b, Stream: Noise}.Float64(i) - 0.5)
				}
				// Five standard errors of a correlation.
				require.InDelta(t, 0, 12*sum/n, 5/math.Sqrt(n), "seeds %d times %v and %d", a, multiple, b)
			}
		}
	}
	var counts [bins]float64
	for seed := range uint64(n) {
		counts[int(bins*Key{Seed: seed, Stream: Noise}.Float64(0))]++
	}
	var chi2 float64
	for _, c := range counts {
		chi2 += (c - n/bins) * (c - n/bins) / (n / bins)
	}
	// Bounds of a chance of 1e-4 at either side, 9 degrees of freedom.
	require.Greater(t, chi2, 0.67)
	require.Less(t, chi2, 33.7)
}

func TestSourceIsTheRow(t *testing.T) {
	k := Key{Seed: 7, Stream: Data, Step: 3, Row: 9}
	s := k.Source()
	for i := range uint32(10) {
		b := k.Block(i)
		require.Equal(t, uint64(b[0])<<32|uint64(b[1]), s.Uint64())
		require.Equal(t, uint64(b[2])<<32|uint64(b[3]), s.Uint64())
	}
}

func TestFloat64Moments(t *testing.T) {
	const n = 200_000
	k := Key{Seed: 42, Stream: Eval}
	var sum, sq float64
	for i := range uint32(n) {
		u := k.Float64(i)
		require.True(t, u > 0 && u < 1)
		sum += u
		sq += u * u
	}
	// Five standard errors of the mean of u (variance 1/12) and of u^2 (4/45).
	require.InDelta(t, 0.5, sum/n, 5*math.Sqrt(1.0/12/n))
	require.InDelta(t, 1.0/3, sq/n, 5*math.Sqrt(4.0/45/n))
}

// Places of one stream do not meet, and stay where runs have had them.
func TestPlaces(t *testing.T) {
	seen := map[uint32]bool{}
	for n := range uint32(1000) {
		for _, step := range []uint32{GeneratorStep(n), DiscriminatorStep(n), BetweenStep(n), CodeRow(int(n))} {
			require.False(t, seen[step], "%d is handed out twice", step)
			seen[step] = true
		}
	}
	require.EqualValues(t, 5^0x636f6f70, Apart(5, "coop"))
	require.NotEqual(t, Apart(1, "back"), Apart(1, "coop"))
}
