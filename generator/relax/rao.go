package relax

import "textgan/internal/rng"

// maxInnerDraws keeps the streams of the inner draws apart from one another.
const maxInnerDraws = 1 << 20

// gumbelRao is the Rao-Blackwellised straight-through Gumbel estimator: the
// gradient of st-gumbel averaged over m draws of the noise given the drawn id,
//
//	dLogits = (1/m) sum_j J(y_j) dy / tau,   y_j = softmax((logits + g_j)/tau)
//
// Its mean is that of st-gumbel; for independent choices its variance falls to
// A + B/m, A being the part that the id decides. The conditional noise counts
// as constant in the derivative. (The text of the paper lets the derivative
// run through it, which changes the mean.)
//
// Paulus, Maddison and Krause, ICLR 2021, https://arxiv.org/abs/2010.04838,
// equation 8.
type gumbelRao[F Float] struct {
	math *rowMath[F]
	m    int
}

func (gumbelRao[F]) Hard() bool { return true }

func (e gumbelRao[F]) Forward(row []F, _ F, key Key) int {
	id := e.math.gumbelArgmax(row, key)
	e.math.softmax(row, row, 1)
	return id
}

func (e gumbelRao[F]) Backward(dLogits, saved, dy []F, id int, tau F, key Key) {
	n := len(saved)
	scratch := e.math.borrow(2 * n)
	y, sum := (*scratch)[:n], (*scratch)[n:]
	clear(sum)
	for j := range e.m {
		e.math.below(y, saved, id, InnerKey(key, j)) // softmax ignores z_id
		e.math.softmax(y, y, 1/tau)
		e.math.softmaxBackward(y, y, dy, 1/tau)
		for i, d := range y {
			sum[i] += d
		}
	}
	for i, s := range sum {
		dLogits[i] = s / F(e.m)
	}
	e.math.scratch.Put(scratch)
}

// InnerKey returns the key of the j-th row of noise that belongs to a row, j
// from 0: independent of the row's own noise and of every other row's.
func InnerKey(key Key, j int) Key {
	key.Stream |= rng.Stream(j+1) << 8
	return key
}
