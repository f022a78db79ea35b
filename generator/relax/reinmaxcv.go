package relax

import (
	"fmt"
	"math"
	"strconv"
)

// Readings of where ReinMax-CV's single noise comes from.
const (
	FreshNoise       = "fresh"       // new noise, whose argmax need not be the drawn id
	CoupledNoise     = "coupled"     // the noise that drew the id
	ConditionalNoise = "conditional" // noise given that its argmax is the drawn id
)

// reinMaxCV is ReinMax and what is said to be a control variate for it. With
// p the probabilities, D the one-hot of id ~ p, q = (p + D)/2 and S(G) =
// J(softmax((log q + G)/tau)) dy / tau,
//
//	dLogits = 2 J(q) dy - J(p) dy / 2 + eta ((1/m) sum_j S(G_j) - S(G))
//
// the G_j given that the argmax of log q + G_j is the id. Where G comes from
// decides all: fresh or coupled, the difference has not the mean zero;
// conditional it has, and no correlation with ReinMax, which is a function of
// the id: it can only add variance. See docs/estimators.md.
//
// With rao, the sum takes the place of ReinMax's own first term:
//
//	dLogits = 2 (1/m) sum_j S(G_j) - J(p) dy / 2
//
// https://arxiv.org/abs/2603.08257, as its implementations quote it.
type reinMaxCV[F Float] struct {
	math  *rowMath[F]
	m     int
	eta   float64
	noise string
	rao   bool
}

func newReinMaxRao[F Float](o *options) (Relaxed[F], error) {
	m, err := o.whole("m", 10, 1, maxInnerDraws-1)
	return reinMaxCV[F]{math: mathOf[F](), m: m, rao: true}, err
}

func newReinMaxCV[F Float](o *options) (Relaxed[F], error) {
	m, err := o.whole("m", 10, 1, maxInnerDraws-1)
	if err != nil {
		return nil, err
	}
	text := o.take("eta", "1")
	eta, err := strconv.ParseFloat(text, 64)
	if err != nil || eta-eta != 0 {
		return nil, fmt.Errorf("eta must be a number, not %q", text)
	}
	noise := o.take("noise", FreshNoise)
	if noise != FreshNoise && noise != CoupledNoise && noise != ConditionalNoise {
		return nil, fmt.Errorf("noise must be %s, %s or %s, not %q", FreshNoise, CoupledNoise, ConditionalNoise, noise)
	}
	return reinMaxCV[F]{math: mathOf[F](), m: m, eta: eta, noise: noise}, nil
}

func (reinMaxCV[F]) Hard() bool { return true }

// Forward keeps the logits: the gradient is not decided by the id alone.
func (e reinMaxCV[F]) Forward(row []F, _ F, key Key) int { return e.math.gumbelArgmax(row, key) }

func (e reinMaxCV[F]) Backward(dLogits, saved, dy []F, id int, tau F, key Key) {
	n := len(saved)
	scratch := e.math.borrow(4 * n)
	p, q, y, sum := (*scratch)[:n], (*scratch)[n:2*n], (*scratch)[2*n:3*n], (*scratch)[3*n:]
	e.math.softmax(p, saved, 1)
	for i, v := range p {
		q[i] = v / 2
	}
	q[id] += .5
	through := func(z []F) { // S of the noisy logits
		e.math.softmax(z, z, 1/tau)
		e.math.softmaxBackward(z, z, dy, 1/tau)
	}
	clear(sum)
	for j := range e.m {
		e.math.below(y, q, id, InnerKey(key, j)) // softmax ignores z_id
		through(y)
		for i, d := range y {
			sum[i] += d / F(e.m)
		}
	}
	meanP := dot(p, dy)
	if e.rao {
		for i, d := range dy {
			dLogits[i] = 2*sum[i] - p[i]*(d-meanP)/2
		}
		e.math.scratch.Put(scratch)
		return
	}
	last := InnerKey(key, e.m)
	if e.noise == ConditionalNoise {
		e.math.below(y, q, id, last)
	} else {
		if e.noise == CoupledNoise {
			last = key
		}
		e.math.gumbel(y, last)
		for i, v := range q {
			y[i] += F(math.Log(float64(v)))
		}
	}
	through(y)
	meanQ := dot(q, dy)
	for i, d := range dy {
		dLogits[i] = 2*q[i]*(d-meanQ) - p[i]*(d-meanP)/2 + F(e.eta)*(sum[i]-y[i])
	}
	e.math.scratch.Put(scratch)
}
