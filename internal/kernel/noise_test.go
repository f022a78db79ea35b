package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

var testKey = rng.Key{Seed: 0x123456789abcdef, Stream: rng.Noise, Step: 8, Row: 9}

// gumbelTolerance is the greatest absolute error of the assembly's Gumbel
// noise, relative beyond 1.
const gumbelTolerance = 4e-7

// Value i depends on the key and i alone, and is the same on every set.
func TestNoiseIsTheRow(t *testing.T) {
	const n = 5000
	keys := rng.RoundKeys(testKey.Seed)
	word := func(i int) uint32 { // as documented at wordsOf
		block, j := i/32, i%32
		words := rng.Philox([4]uint32{uint32(8*block + j%16/2), uint32(testKey.Stream), testKey.Step, testKey.Row}, &keys)
		return words[j/16*2+j%2]
	}
	eachISA(t, func(t *testing.T) {
		for _, length := range append([]int{n}, lengths...) {
			u, g := make([]float32, length), make([]float32, length)
			Uniform(u, testKey)
			Gumbel(g, testKey)
			for i := range u {
				require.Equal(t, float32((float64(word(i)>>9)+0.5)/(1<<23)), u[i])
				want := float64(gumbelOf(word(i)))
				require.InDelta(t, want, float64(g[i]), gumbelTolerance*max(1, math.Abs(want)))
			}
		}
		a, b := make([]float32, 64), make([]float32, 64)
		Gumbel(a, testKey)
		for _, other := range []rng.Key{
			{Seed: testKey.Seed + 1<<32, Stream: rng.Noise, Step: 8, Row: 9}, {Seed: testKey.Seed + 1, Stream: rng.Noise, Step: 8, Row: 9},
			{Seed: testKey.Seed, Stream: rng.Sample, Step: 8, Row: 9}, testKey.At(7, 9), testKey.At(8, 10),
		} {
			Gumbel(b, other)
			for i := range a {
				require.NotEqual(t, a[i], b[i])
			}
		}
	})
}

// extremeWords are places of the first block of rows of seed 1 where words of
// interest stand, found by trying 4e9 of them: both ends, the middle, where the
// inner logarithm changes its form, and where E = -log(1-u) passes the ends of
// the outer logarithm's ranges.
var extremeWords = []struct {
	word, row uint32
	i         int
}{
	{0x00000000, 38754977, 8}, {0x00000001, 5599027, 3}, {0x00000002, 9638745, 13}, {0x00000004, 73894487, 24}, {0x00000064, 13557491, 19},
	{0xffffffff, 114927367, 30}, {0xfffffffe, 29484160, 19}, {0xfffffffd, 40330864, 21}, {0xffffff00, 18312668, 12},
	{0x7ffffffe, 22458926, 30}, {0x7fffffff, 10110358, 5}, {0x80000000, 75911670, 28},
	{0x4afb0ccd, 13509473, 7}, {0xa1e89b12, 41153540, 29}, {0xa1e89b13, 35421863, 3},
}

func TestGumbelTails(t *testing.T) {
	keys := rng.RoundKeys(1)
	eachISA(t, func(t *testing.T) {
		for _, e := range extremeWords {
			words := rng.Philox([4]uint32{uint32(e.i % 16 / 2), uint32(rng.Noise), 0, e.row}, &keys)
			require.Equal(t, e.word, words[e.i/16*2+e.i%2])
			var g [32]float32
			Gumbel(g[:], rng.Key{Seed: 1, Stream: rng.Noise, Row: e.row})
			u, complement := (float64(e.word)+0.5)/(1<<32), (float64(^e.word)+0.5)/(1<<32)
			exact := -math.Log(-math.Log1p(-u))
			if u > 0.5 {
				exact = -math.Log(-math.Log(complement))
			}
			require.InDelta(t, exact, float64(g[e.i]), gumbelTolerance*max(1, math.Abs(exact)), "%#x", e.word)
		}
	})
}

func TestGumbelMoments(t *testing.T) {
	const n, rows = 4096, 500
	const euler, variance = 0.57721566490153286, math.Pi * math.Pi / 6
	eachISA(t, func(t *testing.T) {
		g := make([]float32, n)
		var sum, squares float64
		lowest, highest := float32(0), float32(0)
		count := rows
		if ISA() == "generic" {
			count = rows / 10
		}
		for row := range count {
			Gumbel(g, testKey.At(0, uint32(row)))
			for _, v := range g {
				sum += float64(v)
				squares += float64(v) * float64(v)
				lowest, highest = min(lowest, v), max(highest, v)
			}
		}
		draws := float64(n * count)
		mean := sum / draws
		// Five standard errors; the fourth central moment is 27/5 of the
		// variance squared.
		require.InDelta(t, euler, mean, 5*math.Sqrt(variance/draws))
		require.InDelta(t, variance, squares/draws-mean*mean, 5*variance*math.Sqrt((5.4-1)/draws))
		// The extremes of n draws are near -log(log n) and log n.
		require.Less(t, float64(lowest), -math.Log(math.Log(draws))+0.4)
		require.Greater(t, float64(highest), math.Log(draws)-3)
	})
}

func TestNormalMoments(t *testing.T) {
	const n = 400_000
	z := make([]float32, n)
	Normal(z, testKey)
	var moments [5]float64
	for _, v := range z {
		p := 1.0
		for i := range moments {
			moments[i] += p / n
			p *= float64(v)
		}
	}
	for i, want := range []float64{1, 0, 1, 0, 3} {
		deviation := []float64{0, 1, math.Sqrt2, math.Sqrt(15), math.Sqrt(96)}[i]
		require.InDelta(t, want, moments[i], 5*deviation/math.Sqrt(n)+1e-9, "moment %d", i)
	}
	short := make([]float32, 7)
	Normal(short, testKey)
	require.Equal(t, z[:7], short)
}

// The argmax of logits plus noise is a sample of softmax(logits): Pearson's
// chi-square of a million draws.
func TestGumbelArgmaxIsASample(t *testing.T) {
	logits := []float32{0, 1, -1, 2.5, 0.3, -3, 1.7, 0.9, -0.2, 0.1, 1.1, -2, 0.6, 2, -0.7, 0, 0.4, 1.3, -1.5, 0.8, 2.2, -0.1, 1.9}
	p, _ := exactSoftmax(logits, 1)
	eachISA(t, func(t *testing.T) {
		draws := 1_000_000
		if ISA() == "generic" {
			draws /= 10
		}
		counts := make([]float64, len(logits))
		y := make([]float32, len(logits))
		for i := range draws {
			key := testKey.At(uint32(i), 0)
			id := GumbelArgmax(logits, key)
			if i%1000 == 0 {
				require.Equal(t, id, GumbelSoftmax(y, logits, 1, key))
			}
			counts[id]++
		}
		chi := 0.0
		for i, c := range counts {
			expected := p[i] * float64(draws)
			chi += (c - expected) * (c - expected) / expected
		}
		// 22 degrees of freedom; the quantile of 1e-6 is 68.
		require.Less(t, chi, 68.0)
	})
}

func TestGumbelSoftmax(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			for _, beta := range []float32{0.5, 1, 10} {
				logits, z := random(n), make([]float32, n)
				if n > 2 {
					logits[n/2] = -inf
				}
				Gumbel(z, testKey)
				for i := range z {
					z[i] += logits[i]
				}
				_, arg := Max(z)
				want := make([]float32, n)
				SoftmaxScaled(want, z, beta)
				y := make([]float32, n)
				require.Equal(t, arg, GumbelSoftmax(y, logits, beta, testKey))
				require.Equal(t, want, y)
				require.Equal(t, arg, GumbelArgmax(logits, testKey))
				require.Equal(t, arg, GumbelSoftmax(logits, logits, beta, testKey))
				require.Equal(t, want, logits, "in place")
			}
		}
		nothing := []float32{-inf, -inf}
		require.Zero(t, GumbelArgmax(nothing, testKey))
		require.Zero(t, GumbelSoftmax(nothing, nothing, 1, testKey))
	})
}

// The sums of blocks are those of a block alone, bit for bit, however many there are.
func TestExpSums(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for blocks := range 11 {
			n := blocks * sumBlock
			src, next, sums, e := random(n), random(n), make([]float32, blocks), make([]float32, sumBlock)
			Scale(20, src)
			top := isa.expSums(sums, src, 1.25, 3, next)
			for i, sum := range sums {
				isa.expSum(e, src[i*sumBlock:][:sumBlock], 1.25, 3)
				require.Equal(t, isa.sum(e), sum)
			}
			require.Equal(t, isa.max(next), top)
		}
	})
}
