package kernel

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// lengths are rows around the sizes of vectors and of their groups.
var lengths = []int{1, 2, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 127, 129, 1000, 4700}

func exactSoftmax(x []float32, scale float64) (y []float64, lse float64) {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, scale*float64(v))
	}
	y = make([]float64, len(x))
	sum := 0.0
	for i, v := range x {
		y[i] = math.Exp(scale*float64(v) - top)
		sum += y[i]
	}
	for i := range y {
		y[i] /= sum
	}
	return y, top + math.Log(sum)
}

func TestSoftmax(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			for _, scale := range []float32{0, 0.5, 1, 30} {
				x := random(n)
				Scale(20, x)
				want, lse := exactSoftmax(x, float64(scale))
				y := make([]float32, n)
				SoftmaxScaled(y, x, scale)
				for i := range y {
					// The argument of exp is rounded once, relative to itself.
					tolerance := want[i]*2e-6*(1+math.Abs(float64(scale*x[i]))/8) + 2e-38
					require.InDelta(t, want[i], float64(y[i]), tolerance, "%d of %d, scale %v", i, n, scale)
				}
				require.InDelta(t, 1, float64(Sum(y)), 2e-6)
				if scale != 1 {
					continue
				}
				require.InDelta(t, lse, float64(LogSumExp(x)), 4e-6)
				e := slices.Clone(x)
				top, _ := Max(e)
				sum, l, _ := ExpLSE(e, top, e)
				require.InDelta(t, lse, float64(l), 4e-6)
				Scale(1/sum, e)
				require.Equal(t, y, e)
				Softmax(x, x)
				require.Equal(t, y, x)
			}
		}
	})
}

// The sum of a softmax goes on growing where each further word is too little to
// change a float32 that has the sum so far: 300,000 words of one probability, and
// as many behind a word that is e^17 times as likely.
func TestSoftmaxManyWords(t *testing.T) {
	const n = 300_000
	eachISA(t, func(t *testing.T) {
		for _, top := range []float64{0, 17} {
			x, p := make([]float32, n), make([]float32, n)
			x[0] = float32(top)
			Softmax(p, x)
			total := 0.0
			for _, v := range p {
				total += float64(v)
			}
			want := top + math.Log1p((n-1)*math.Exp(-top))
			// One lane of 16 has the likely word and may lose its others; one of one, 0.012.
			require.InDelta(t, 1, total, 1e-3)
			require.InDelta(t, want, float64(LogSumExp(x)), 1e-3)
		}
	})
}

func TestSoftmaxSpecial(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		for _, n := range []int{3, 40} {
			x := make([]float32, n)
			x[1] = -inf
			y := append([]float32(nil), x...)
			Softmax(y, y)
			require.Zero(t, y[1])
			require.InDelta(t, 1/float64(n-1), float64(y[0]), 1e-7)
			require.InDelta(t, math.Log(float64(n-1)), float64(LogSumExp(x)), 1e-6)
			for _, bad := range []float32{nan, inf} {
				x[2] = bad
				Softmax(y, x)
				for _, v := range y {
					require.True(t, math.IsNaN(float64(v)))
				}
				require.Equal(t, bad == inf, math.IsInf(float64(LogSumExp(x)), 1))
			}
			for i := range x {
				x[i] = -inf
			}
			require.True(t, math.IsInf(float64(LogSumExp(x)), -1))
		}
		require.True(t, math.IsInf(float64(LogSumExp(nil)), -1))
		Softmax(nil, nil)
	})
}

func TestSoftmaxBackward(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			y, dy := random(n), random(n + 1)[:n]
			Softmax(y, y)
			dot := 0.0
			for i := range y {
				dot += float64(y[i]) * float64(dy[i])
			}
			dx := make([]float32, n)
			SoftmaxBackward(dx, y, dy, 2.5)
			for i := range dx {
				require.InDelta(t, 2.5*float64(y[i])*(float64(dy[i])-dot), float64(dx[i]), 1e-6*float64(y[i]))
			}
			SoftmaxBackward(dy, y, dy, 2.5)
			require.Equal(t, dx, dy, "in place")
		}
	})
}

func TestSampleRow(t *testing.T) {
	inf := float32(math.Inf(1))
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			x := random(n)
			Scale(5, x)
			if n > 2 {
				x[0], x[n-1] = -inf, -inf
			}
			p, _ := exactSoftmax(x, 0.7)
			scratch := make([]float32, SampleScratch(n))
			for _, u := range []float64{1e-300, 0.01, 0.3, 0.5, 0.77, 0.999, 1 - 0x1p-53} {
				id := SampleRow(scratch, x, 0.7, u)
				require.Positive(t, p[id])
				below := 0.0
				for _, q := range p[:id] {
					below += q
				}
				require.LessOrEqual(t, below, u+1e-6)
				require.GreaterOrEqual(t, below+p[id], u-1e-6)
			}
			x[n/2] = 200 // all the mass on one
			require.Equal(t, n/2, SampleRow(scratch, x, 1, 0.9999999))
			require.Equal(t, n/2, SampleRow(scratch, x, 1, 1e-9))
		}
	})
}

// TestSampleRowRareWords has 50,000 words of probability 2.9e-8 around a likely one, less
// than half a last place of a float32 near 1: a cumulative sum of float32 loses them all.
func TestSampleRowRareWords(t *testing.T) {
	const rare, each = 50000, 2.9e-8
	eachISA(t, func(t *testing.T) {
		x, scratch := make([]float32, rare+1), make([]float32, SampleScratch(rare+1))
		for _, likely := range []int{0, 100, rare / 2, rare} {
			for i := range x {
				x[i] = float32(math.Log(each / (1 - rare*each)))
			}
			x[likely] = 0
			p, _ := exactSoftmax(x, 1)
			require.InEpsilon(t, each, p[(likely+1)%len(p)], 1e-5)
			below := 0.0
			for id, q := range p {
				if id%4999 == 3 && id != likely {
					require.InDelta(t, id, SampleRow(scratch, x, 1, below+q/2), 1, "likely word %d", likely)
				}
				below += q
			}
		}
	})
}

// sampleRowPlainly is what SampleRow means: all exponentials, their sums in blocks, and
// a walk that goes into the block where the sums pass u.
func sampleRowPlainly(logits []float32, beta float32, u float64) (last int) {
	e := make([]float32, len(logits))
	expSum(e, logits, beta, isa.max(logits))
	total := 0.0
	for block := range slices.Chunk(e, sumBlock) {
		total += float64(isa.sum(block))
	}
	target, id := u*total, 0
	for block := range slices.Chunk(e, sumBlock) {
		sum := float64(isa.sum(block))
		if target >= sum && id+len(block) < len(e) {
			target -= sum
			id += len(block)
			continue
		}
		for _, p := range block {
			if p > 0 {
				last = id
				if target -= float64(p); target < 0 {
					return id
				}
			}
			id++
		}
	}
	return last
}

func TestSampleRowNext(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	eachISA(t, func(t *testing.T) {
		for _, n := range append([]int{64, 127, 128, 129, 640, 4700}, lengths...) {
			x, next := random(n), random(n + 1)[1:]
			Scale(9, x)
			x[n/3], next[n/2] = -inf, nan
			scratch, before := make([]float32, SampleScratch(n)), slices.Clone(x)
			wantTop, _ := Max(next)
			for _, beta := range []float32{1, 0.3, 4, 1e9} {
				for i := range 40 {
					u := (float64(i) + 0.5) / 40
					top, _ := Max(x)
					id, nextTop := SampleRowNext(scratch, x, top, beta, u, next)
					require.Equal(t, sampleRowPlainly(x, beta, u), id)
					require.Equal(t, wantTop, nextTop)
					again := 1 - u
					require.Equal(t, sampleRowPlainly(x, beta, again), SampleRowAgain(scratch, x, top, beta, again))
				}
			}
			requireSameBits(t, before, x)
			require.Zero(t, testing.AllocsPerRun(3, func() { SampleRow(scratch, x, 1, 0.5) }))
		}
	})
}

func TestExpLSE(t *testing.T) {
	nan := float32(math.NaN())
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			x, next := random(n), random(n + 1)[1:]
			Scale(9, x)
			next[n/2] = nan
			want := make([]float32, n)
			top, _ := Max(x)
			wantTop, _ := Max(next)
			sum := isa.expSum(want, x, 1, top)
			lse := top + log(sum)
			gotSum, gotLSE, nextTop := ExpLSE(x, top, next)
			require.Equal(t, [3]float32{sum, lse, wantTop}, [3]float32{gotSum, gotLSE, nextTop})
			requireSameBits(t, want, x)
		}
	})
}
