package relax

import (
	"math"
	"sync"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// rowMath is the arithmetic on one row [V] in one precision: the float32
// kernels, or the same functions in float64.
type rowMath[F Float] struct {
	gumbel          func(dst []F, key rng.Key)
	gumbelArgmax    func(logits []F, key rng.Key) int
	gumbelSoftmax   func(dst, logits []F, beta F, key rng.Key) int
	softmax         func(dst, src []F, beta F)
	softmaxBackward func(dx, y, dy []F, scale F)
	logSumExp       func(src []F) F
	exponential     func(dst []F, key rng.Key) // exp(-gumbel)
	logOnePlus      func(dst, src []F)         // to an absolute error of rounding
	scratch         *sync.Pool                 // of *[]F
}

var math32 = &rowMath[float32]{
	gumbel:          kernel.Gumbel,
	gumbelArgmax:    kernel.GumbelArgmax,
	gumbelSoftmax:   kernel.GumbelSoftmax,
	softmax:         kernel.SoftmaxScaled,
	softmaxBackward: kernel.SoftmaxBackward,
	logSumExp:       kernel.LogSumExp,
	exponential: func(dst []float32, key rng.Key) {
		kernel.Gumbel(dst, key)
		for i, g := range dst {
			dst[i] = -g
		}
		kernel.Exp(dst, dst)
	},
	logOnePlus: func(dst, src []float32) {
		for i, x := range src {
			dst[i] = 1 + x
		}
		kernel.Log(dst, dst)
	},
	scratch: &sync.Pool{New: func() any { return new([]float32) }},
}

var math64 = &rowMath[float64]{
	gumbel:          gumbel64,
	gumbelArgmax:    gumbelArgmax64,
	gumbelSoftmax:   gumbelSoftmax64,
	softmax:         softmax64,
	softmaxBackward: softmaxBackward64,
	logSumExp:       logSumExp64,
	exponential: func(dst []float64, key rng.Key) {
		words(len(dst), key, func(i int, w uint32) { dst[i] = exponentialOf(w) })
	},
	logOnePlus: func(dst, src []float64) {
		for i, x := range src {
			dst[i] = math.Log(1 + x)
		}
	},
	scratch: &sync.Pool{New: func() any { return new([]float64) }},
}

func mathOf[F Float]() *rowMath[F] {
	if m, ok := any(math32).(*rowMath[F]); ok {
		return m
	}
	return any(math64).(*rowMath[F])
}

// borrow returns n values of scratch, to be given back with m.scratch.Put.
func (m *rowMath[F]) borrow(n int) *[]F {
	s := m.scratch.Get().(*[]F)
	if cap(*s) < n {
		*s = make([]F, n)
	}
	*s = (*s)[:n]
	return s
}

func dot[F Float](x, y []F) F {
	var sum float64
	for i, v := range x {
		sum += float64(v) * float64(y[i])
	}
	return F(sum)
}

// maxOf returns the greatest value and where it stands first.
func maxOf[F Float](x []F) (top F, first int) {
	top = x[0]
	for i, v := range x {
		if v > top {
			top, first = v, i
		}
	}
	return top, first
}

// words calls f with the Philox word of every position of a row, in the layout
// of kernel.Gumbel: a block of 32 positions takes lanes 0 and 1 of eight
// counters for its first half and lanes 2 and 3 for its second.
func words(n int, key rng.Key, f func(i int, w uint32)) {
	keys := rng.RoundKeys(key.Seed)
	for block := 0; block < n; block += 32 {
		for j := 0; j < 8 && block+2*j < n; j++ {
			x := rng.Philox([4]uint32{uint32(block/4 + j), uint32(key.Stream), key.Step, key.Row}, &keys)
			for lane, place := range [4]int{2 * j, 2*j + 1, 16 + 2*j, 17 + 2*j} {
				if block+place < n {
					f(block+place, x[lane])
				}
			}
		}
	}
}

// exponentialOf maps a word to a standard exponential number. 1-u is exact in
// float64, so its logarithm keeps full relative precision for the smallest
// numbers too, which become the greatest of gumbelOf: neither tail is cut
// before 2^-33 and no epsilon is needed.
func exponentialOf(w uint32) float64 { return -math.Log(1 - (float64(w)+0.5)/(1<<32)) }

func gumbelOf(w uint32) float64 { return -math.Log(exponentialOf(w)) }

func gumbel64(dst []float64, key rng.Key) {
	words(len(dst), key, func(i int, w uint32) { dst[i] = gumbelOf(w) })
}

func gumbelArgmax64(logits []float64, key rng.Key) int {
	top, arg := math.Inf(-1), 0
	words(len(logits), key, func(i int, w uint32) {
		// The words of a block come out of order: of equal values keep the first.
		if z := logits[i] + gumbelOf(w); z > top || z == top && i < arg {
			top, arg = z, i
		}
	})
	return arg
}

func gumbelSoftmax64(dst, logits []float64, beta float64, key rng.Key) int {
	words(len(dst), key, func(i int, w uint32) { dst[i] = logits[i] + gumbelOf(w) })
	_, arg := maxOf(dst)
	softmax64(dst, dst, beta)
	return arg
}

func softmax64(dst, src []float64, beta float64) {
	top, _ := maxOf(src)
	var sum float64
	for i, x := range src {
		e := 1.0
		if x != top { // or an infinite beta gave NaN there
			e = math.Exp(beta * (x - top))
		}
		dst[i] = e
		sum += e
	}
	for i := range dst {
		dst[i] /= sum
	}
}

func softmaxBackward64(dx, y, dy []float64, scale float64) {
	mean := dot(y, dy)
	for i, v := range y {
		dx[i] = scale * v * (dy[i] - mean)
	}
}

func logSumExp64(src []float64) float64 {
	top, _ := maxOf(src)
	var sum float64
	for _, x := range src {
		sum += math.Exp(x - top)
	}
	return top + math.Log(sum)
}
