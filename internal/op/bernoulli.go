package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Bernoulli is -log p(x) [B,1] in nats of rows x [B,P] of independent choices between
// 1 and 0, from the log odds [B,P] of a 1:
//
//	sum over i of log(1 + e^l_i) - x_i l_i
//
// x may lie between 0 and 1. It is the loss of a decoder of black-and-white pixels, and
// with P = 1 that of a classifier in two.
func (g *Graph) Bernoulli(x, logOdds *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	s := logOdds.Shape()
	if len(s) != 2 || !x.Shape().Eq(s) {
		return g.fail("Bernoulli: x %v and log odds %v do not fit", x.Shape(), s)
	}
	if g.Needs(x) {
		return g.fail("Bernoulli: x has no gradient")
	}
	b := &bernoulli{P: s[1], nll: zeros(s[0], 1), terms: make([]float32, s[0]*s[1])}
	b.rowsFn, b.slopesFn = b.rows, b.slopes
	return g.apply("Bernoulli", b, b.nll, x, logOdds)
}

type bernoulli struct {
	P     int
	nll   *tensor.Dense
	terms []float32 // [B,P]

	x, l, grad, dl   []float32 // of the current run
	rowsFn, slopesFn func(lo, hi int)
}

func (b *bernoulli) forward(in []G.Value) G.Value {
	b.x, b.l = f32(in[0]), f32(in[1])
	kernel.Parallel(len(b.l)/b.P, 8, b.rowsFn)
	return b.nll
}

func (b *bernoulli) rows(lo, hi int) {
	for row := lo; row < hi; row++ {
		x, l, e := b.x[row*b.P:][:b.P], b.l[row*b.P:][:b.P], b.terms[row*b.P:][:b.P]
		for i, v := range l { // log(1+e^l) = max(l,0) + log(1+e^-|l|)
			e[i] = -max(v, -v)
		}
		kernel.Exp(e, e)
		for i := range e {
			e[i]++
		}
		kernel.Log(e, e)
		for i, v := range l {
			e[i] += max(v, 0) - x[i]*v
		}
		f32(b.nll)[row] = kernel.Sum(e)
	}
}

func (b *bernoulli) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	b.grad, b.dl = f32(grad), dIn[1]
	kernel.Parallel(len(b.grad), 8, b.slopesFn)
}

func (b *bernoulli) slopes(lo, hi int) {
	for row := lo; row < hi; row++ {
		x, d := b.x[row*b.P:][:b.P], b.dl[row*b.P:][:b.P]
		kernel.Sigmoid(d, b.l[row*b.P:][:b.P])
		for i, v := range x {
			d[i] = b.grad[row] * (d[i] - v)
		}
	}
}
