package relax

import "math"

// gumbelSoftmax is the Gumbel-Softmax estimator and, if hard, its
// straight-through form. With standard Gumbel noise g [V],
//
//	y = softmax((logits + g) / tau)      dLogits = J(y) dy / tau
//
// where J(y) = diag(y) - y y^T. Soft, it is the exact gradient of the relaxed
// loss E[f(y)] and a biased one of E[f(onehot)] for every tau; hard, f is
// computed at the one-hot of the first argmax of logits + g.
//
// Jang, Gu and Poole, ICLR 2017, https://arxiv.org/abs/1611.01144, equation 2;
// Maddison, Mnih and Teh, ICLR 2017, https://arxiv.org/abs/1611.00712.
type gumbelSoftmax[F Float] struct {
	math *rowMath[F]
	hard bool
}

func (e gumbelSoftmax[F]) Hard() bool { return e.hard }

func (e gumbelSoftmax[F]) Forward(row []F, tau F, key Key) int {
	return e.math.gumbelSoftmax(row, row, 1/tau, key)
}

func (e gumbelSoftmax[F]) Backward(dLogits, saved, dy []F, _ int, tau F, _ Key) {
	e.math.softmaxBackward(dLogits, saved, dy, 1/tau)
}

// Gumbel fills dst with standard Gumbel noise: position i is a function of
// (key, i) alone, and in float64 the same draw as in float32. It reaches from
// -3.1 to 22.9.
func Gumbel[F Float](dst []F, key Key) { mathOf[F]().gumbel(dst, key) }

// LogSoftmax replaces a row of logits by log probabilities.
func LogSoftmax[F Float](row []F) {
	z := mathOf[F]().logSumExp(row)
	for i := range row {
		row[i] -= z
	}
}

// Softmax sets dst = softmax(src/tau), one row; dst may be src.
func Softmax[F Float](dst, src []F, tau F) { mathOf[F]().softmax(dst, src, 1/tau) }

// SoftmaxBackward sets dx = (1/tau) J(y) dy, one row; dx may be y or dy.
func SoftmaxBackward[F Float](dx, y, dy []F, tau F) {
	mathOf[F]().softmaxBackward(dx, y, dy, 1/tau)
}

// GumbelGiven sets z [V] to a draw of log p + Gumbel noise conditioned on its
// argmax being id, from the noise of the key's row. With E = exp(-g) that noise
// as exponential numbers,
//
//	z_id = -log E_id      z_i = -log(E_i/p_i + E_id) = z_id - log1p(E_i/(p_i E_id))
//
// in which nothing overflows that should not. p [V] are probabilities.
//
// Maddison, Tarlow and Minka, "A* Sampling", NIPS 2014; the form is that of
// Paulus, Maddison and Krause, ICLR 2021, https://arxiv.org/abs/2010.04838.
func GumbelGiven[F Float](z, p []F, id int, key Key) {
	m := mathOf[F]()
	top := -F(math.Log(float64(m.below(z, p, id, key))))
	for i := range z {
		z[i] += top
	}
}

// below sets d [V] to the conditional draw's z_i - z_id <= 0 and returns E_id.
func (m *rowMath[F]) below(d, p []F, id int, key Key) (e F) {
	m.exponential(d, key)
	e = d[id]
	for i, v := range p {
		d[i] /= v * e
	}
	d[id] = 0
	m.logOnePlus(d, d)
	for i, v := range d {
		d[i] = -v
	}
	return e
}
