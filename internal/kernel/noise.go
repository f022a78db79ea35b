package kernel

import (
	"math"

	"textgan/internal/rng"
)

// wordsOf calls f with the first n random words of a row. Words come in blocks
// of 32 out of 8 counters: the first 16 of a block are words 0 and 1 of each
// counter, the other 16 words 2 and 3, the order that suits vectors best.
func wordsOf(n int, seed uint64, stream, step, row uint32, f func(i int, w uint32)) {
	keys := rng.RoundKeys(seed)
	for block := 0; block < n; block += 32 {
		for c := range 8 {
			words := rng.Philox([4]uint32{uint32(block/4 + c), stream, step, row}, &keys)
			for j, i := range [4]int{2 * c, 2*c + 1, 16 + 2*c, 17 + 2*c} {
				if block+i < n {
					f(block+i, words[j])
				}
			}
		}
	}
}

// Uniform fills dst with numbers in (0,1), both ends excluded: the midpoints of
// 2^23 equal cells. Value i depends on the key and i only; 4*len(dst) bytes of
// the row are used, in whole blocks of 128.
func Uniform(dst []float32, key rng.Key) {
	isa.uniform(dst, key.Seed, uint32(key.Stream), key.Step, key.Row)
}

func uniformGeneric(dst []float32, seed uint64, stream, step, row uint32) {
	wordsOf(len(dst), seed, stream, step, row, func(i int, w uint32) {
		dst[i] = (float32(w>>9) + 0.5) / (1 << 23)
	})
}

// Gumbel fills dst with standard Gumbel noise, of the same words as Uniform:
//
//	g = -log(-log(1-u)),  u = (w + 1/2) / 2^32
//
// as if in exact arithmetic, so that both tails are whole: g runs from -3.135
// to 22.87 without a gap, and no epsilon is in it.
func Gumbel(dst []float32, key rng.Key) {
	isa.gumbel(dst, key.Seed, uint32(key.Stream), key.Step, key.Row)
}

func gumbelGeneric(dst []float32, seed uint64, stream, step, row uint32) {
	wordsOf(len(dst), seed, stream, step, row, func(i int, w uint32) { dst[i] = gumbelOf(w) })
}

// gumbelOf is the noise made of one word.
func gumbelOf(w uint32) float32 {
	return float32(-math.Log(-math.Log1p(-(float64(w) + 0.5) / (1 << 32))))
}

// gumbelAddGeneric sets dst = logits + noise and returns its maximum.
func gumbelAddGeneric(dst, logits []float32, seed uint64, stream, step, row uint32) float32 {
	wordsOf(len(dst), seed, stream, step, row, func(i int, w uint32) { dst[i] = logits[i] + gumbelOf(w) })
	return maxGeneric(dst)
}

// GumbelSoftmax draws a relaxed sample, one row:
//
//	z = logits + g,  dst = softmax(beta z)
//
// with g the Gumbel noise of key, and returns the first argmax of z, which is
// an exact sample of softmax(logits). beta > 0 is 1/tau; dst may be logits.
// NaN among the logits gives NaN everywhere.
//
// Jang, Gu and Poole, ICLR 2017, https://arxiv.org/abs/1611.01144, equation 2.
func GumbelSoftmax(dst, logits []float32, beta float32, key rng.Key) (argmax int) {
	sameLength("GumbelSoftmax", len(dst), len(logits))
	top := isa.gumbelAdd(dst, logits, key.Seed, uint32(key.Stream), key.Step, key.Row)
	argmax = max(0, isa.index(dst, top))
	softmaxFrom(dst, dst, beta, top)
	return argmax
}

// GumbelArgmax returns the argmax of GumbelSoftmax without the sample.
func GumbelArgmax(logits []float32, key rng.Key) int {
	return isa.gumbelArgmax(logits, key.Seed, uint32(key.Stream), key.Step, key.Row)
}

func gumbelArgmaxGeneric(logits []float32, seed uint64, stream, step, row uint32) int {
	top, arg := float32(math.Inf(-1)), 0
	wordsOf(len(logits), seed, stream, step, row, func(i int, w uint32) {
		if z := logits[i] + gumbelOf(w); z > top || z == top && i < arg {
			top, arg = z, i
		}
	})
	return arg
}

// Normal fills dst with standard Gaussian noise. Values 4i to 4i+3 are two
// pairs of Box and Muller's transform, of the words of counter i.
func Normal(dst []float32, key rng.Key) {
	keys := rng.RoundKeys(key.Seed)
	for i := 0; i < len(dst); i += 4 {
		w := rng.Philox([4]uint32{uint32(i / 4), uint32(key.Stream), key.Step, key.Row}, &keys)
		var z [4]float32
		z[0], z[1] = boxMuller(w[0], w[1])
		z[2], z[3] = boxMuller(w[2], w[3])
		copy(dst[i:], z[:])
	}
}

func boxMuller(v, w uint32) (x, y float32) {
	r := math.Sqrt(-2 * math.Log((float64(v)+0.5)/(1<<32)))
	s, c := math.Sincos(2 * math.Pi * (float64(w) + 0.5) / (1 << 32))
	return float32(r * c), float32(r * s)
}

// sumBlock is how many probabilities SampleRow skips at once: the lanes of a sum.
const sumBlock = 64

// SampleScratch is the number of values of scratch that SampleRow needs for n logits:
// a sum for each block, and the probabilities of one.
func SampleScratch(n int) int { return blocksOf(n) + sumBlock }

func blocksOf(n int) int { return (n + sumBlock - 1) / sumBlock }

// SampleRow returns an id with probability softmax(beta*logits)[id], one row:
// the first whose cumulative probability exceeds u in (0,1). It never returns
// one of probability 0. scratch is of SampleScratch(len(logits)) values.
func SampleRow(scratch, logits []float32, beta float32, u float64) int {
	id, _ := SampleRowNext(scratch, logits, isa.max(logits), beta, u, logits)
	return id
}

// SampleRowNext is SampleRow for who goes through rows one after the other: of a row
// whose maximum top is known, with that of the next row, as long, which costs little
// meanwhile. Without a next row, logits itself may stand for it.
func SampleRowNext(scratch, logits []float32, top, beta float32, u float64, next []float32) (id int, nextTop float32) {
	if len(logits) == 0 {
		return 0, top
	}
	sameLength("SampleRow", len(next), len(logits))
	sums, e := scratch[:blocksOf(len(logits))], scratch[blocksOf(len(logits)):][:sumBlock]
	nextTop = expSums(sums, e, logits, beta, top, next)
	return pick(sums, e, logits, top, beta, u), nextTop
}

// SampleRowAgain is another draw from the row that SampleRowNext has drawn from, with the
// same scratch, top and beta.
func SampleRowAgain(scratch, logits []float32, top, beta float32, u float64) int {
	if len(logits) == 0 {
		return 0
	}
	return pick(scratch[:blocksOf(len(logits))], scratch[blocksOf(len(logits)):][:sumBlock], logits, top, beta, u)
}

// pick is the first id whose cumulative probability exceeds u: the block by its sum, and
// the id within the block. e is scratch for a block.
func pick(sums, e, logits []float32, top, beta float32, u float64) int {
	total := 0.0
	for _, s := range sums {
		total += float64(s)
	}
	target, last := u*total, 0
	for i, sum := range sums {
		if target >= float64(sum) && i < len(sums)-1 {
			target -= float64(sum)
			continue
		}
		first := i * sumBlock
		block := logits[first:min(first+sumBlock, len(logits))]
		expSum(e, block, beta, top)
		for j, p := range e[:len(block)] {
			if p > 0 {
				last = first + j
				if target -= float64(p); target < 0 {
					return last
				}
			}
		}
	}
	return last
}

// expSums sets sums to those of exp(beta*(logits - top)), sumBlock at a time, and
// returns the maximum of next. e is scratch for a block.
func expSums(sums, e, logits []float32, beta, top float32, next []float32) (nextTop float32) {
	whole := len(logits) / sumBlock
	if !inOneProduct(beta, top) {
		whole = 0
	}
	nextTop = isa.expSums(sums[:whole], logits, beta, beta*top, next)
	for i := whole; i < len(sums); i++ {
		block := logits[i*sumBlock : min((i+1)*sumBlock, len(logits))]
		expSum(e, block, beta, top)
		sums[i] = isa.sum(e[:len(block)])
	}
	return max(nextTop, isa.max(next[whole*sumBlock:]))
}
