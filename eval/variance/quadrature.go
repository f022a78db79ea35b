package variance

import (
	"math"

	"textgan/generator/relax"
	"textgan/internal/feedback"
)

// With one choice of two or three ids, what Gumbel noise does to ReinMax-Rao and
// ReinMax-CV is an integral over a line or a triangle: a softmax does not see a
// common factor of the exponential numbers behind the noise, and their shares
// are uniform on the simplex.

// onSimplex reports whether the noise of the problem is such an integral.
func (l *lab) onSimplex() bool {
	_, plain := l.model.(*independent)
	return plain && l.T == 1 && l.K <= 3
}

// law is what exponential numbers e [K] mean: it sets z [K] to noisy logits, up
// to a common number.
type law func(z, e []float64)

// The laws of log q + G: with any G, with one whose argmax is the id there, and
// with one of which log p + G has its argmax at the id.
func freshLaw(q []float64) law {
	return func(z, e []float64) {
		for k, v := range q {
			z[k] = math.Log(v) - math.Log(e[k])
		}
	}
}

// conditionalLaw has the arrival times of a race at the rates q that the id wins.
func conditionalLaw(q []float64, id int) law {
	return func(z, e []float64) {
		for k, v := range q {
			z[k] = -math.Log(e[id] + e[k]/v)
		}
		z[id] = -math.Log(e[id])
	}
}

// coupledLaw has those of a race at the rates p, which arrive with q instead.
func coupledLaw(q, p []float64, id int) law {
	race := conditionalLaw(p, id)
	return func(z, e []float64) {
		race(z, e)
		for k := range z {
			z[k] += math.Log(q[k] / p[k])
		}
	}
}

// throughSoftmax is the mean and the variance [K] of J(softmax(z/within)) g / tau.
func throughSoftmax(at law, g []float64, within, tau float64) (mean, variance []float64, ok bool) {
	return simplexMoments(len(g), func(e, out []float64) {
		at(out, e)
		relax.Softmax(out, out, within)
		relax.SoftmaxBackward(out, out, g, tau)
	})
}

// simplexMoments are the mean and the variance of f's K numbers over e uniform on
// the simplex of K parts, 2 or 3: by the double exponential rule, whose steps are
// halved until nothing changes by more than 1e-5 of what is there: every halving
// squares the error, so that what is left is below 1e-10 of it. It is not ok where
// that does not come: at a cold tau all happens in a sliver.
func simplexMoments(K int, f func(e, out []float64)) (mean, variance []float64, ok bool) {
	var old []float64
	for h := 1. / 8; h >= 1./128; h /= 2 {
		first, second := simplexSums(K, h, f)
		now := append(first, second...)
		change, size := 0.0, 0.0
		for i, v := range now {
			size = max(size, math.Abs(v))
			if old != nil {
				change = max(change, math.Abs(v-old[i]))
			}
		}
		if old != nil && change <= 1e-5*size {
			mean, variance = now[:K:K], now[K:]
			for k, m := range mean {
				variance[k] = max(0, variance[k]-m*m)
			}
			return mean, variance, true
		}
		old = now
	}
	return make([]float64, K), make([]float64, K), false
}

// simplexSums are the means of f and of its squares with steps of h.
func simplexSums(K int, h float64, f func(e, out []float64)) (first, second []float64) {
	type point struct{ x, rest, weight float64 } // of (0,1), with 1-x
	var line []point
	for i := -int(4 / h); i <= int(4/h); i++ {
		t := h * float64(i)
		u := math.Pi * math.Sinh(t)
		p := point{1 / (1 + math.Exp(-u)), 1 / (1 + math.Exp(u)), 0}
		if p.weight = h * math.Pi * math.Cosh(t) * p.x * p.rest; p.weight > 1e-30 {
			line = append(line, p)
		}
	}
	first, second = make([]float64, K), make([]float64, K)
	e, out := make([]float64, K), make([]float64, K)
	add := func(weight float64) {
		f(e, out)
		for k, v := range out {
			first[k] += weight * v
			second[k] += weight * v * v
		}
	}
	for _, a := range line {
		if K == 2 {
			e[0], e[1] = a.x, a.rest
			add(a.weight)
			continue
		}
		for _, b := range line { // the corner's width grows with a.x
			e[0], e[1], e[2] = a.rest, a.x*b.x, a.x*b.rest
			add(2 * a.x * a.weight * b.weight)
		}
	}
	return first, second
}

// reinMaxNoise is ReinMax-Rao, or ReinMax-CV with the noise of the name, of a
// problem on the simplex.
func (l *lab) reinMaxNoise(m int, tau, eta float64, noise string) (_ moments, ok bool) {
	if !l.onSimplex() {
		return moments{}, false
	}
	K, p := l.K, l.row(l.p, 0)
	g, x, q := make([]float64, K), make([]float64, K), make([]float64, K)
	jacobian := func(dst, q []float64, scale float64) {
		mean := dot(q, g)
		for k, v := range q {
			dst[k] += scale * v * (g[k] - mean)
		}
	}
	out, means, own := exactMoments(K), make([][]float64, K), make([]float64, K) // own: variance beside the id's
	for id := range K {
		clear(x)
		x[id] = 1
		l.f.gradient(g, x)
		for k, v := range p {
			q[k] = v / 2
		}
		q[id] += .5
		mean := make([]float64, K)
		means[id] = mean
		jacobian(mean, p, -.5)
		rao, raoVariance, ok := throughSoftmax(conditionalLaw(q, id), g, tau, tau)
		if !ok {
			return moments{}, false
		}
		if noise == rowRao {
			axpy(2, rao, mean)
			axpy(4*p[id]/float64(m), raoVariance, own)
		} else {
			one, oneVariance := rao, raoVariance
			switch noise {
			case relax.FreshNoise:
				one, oneVariance, ok = throughSoftmax(freshLaw(q), g, tau, tau)
			case relax.CoupledNoise:
				one, oneVariance, ok = throughSoftmax(coupledLaw(q, p, id), g, tau, tau)
			case storedSample:
				one, oneVariance, ok = throughSoftmax(storedLaw(q, p, id, tau), g, 1, tau)
			}
			if !ok {
				return moments{}, false
			}
			jacobian(mean, q, 2)
			for k := range mean {
				mean[k] += eta * (rao[k] - one[k])
			}
			axpy(eta*eta*p[id]/float64(m), raoVariance, own)
			axpy(eta*eta*p[id], oneVariance, own)
		}
		axpy(p[id], mean, out.mean)
	}
	copy(out.variance, own)
	for id, mean := range means {
		for k, v := range mean {
			out.variance[k] += p[id] * (v - out.mean[k]) * (v - out.mean[k])
		}
	}
	return out, true
}

// rowRao stands for ReinMax-Rao where a noise is asked for; storedSample for a
// mistake in public code, which keeps the relaxed sample of the draw where its
// noise belongs, and has no temperature inside the softmax of that.
const (
	rowRao       = "rao"
	storedSample = "stored_sample"
)

// storedLaw is log q + softmax((log p + G)/tau), G the noise of the draw.
func storedLaw(q, p []float64, id int, tau float64) law {
	race := conditionalLaw(p, id)
	return func(z, e []float64) {
		race(z, e)
		relax.Softmax(z, z, tau)
		for k := range z {
			z[k] += math.Log(q[k])
		}
	}
}

// storedReinMaxCV is ReinMax-CV with that mistake.
type storedReinMaxCV struct {
	hard
	rao relax.Relaxed[float64] // 2 GR - J(p) dy / 2
	eta float64
}

func (e storedReinMaxCV) Backward(dLogits, saved, dy []float64, id int, tau float64, key relax.Key) {
	n := len(dy)
	p, q, rao, z := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	relax.Softmax(p, saved, 1)
	for k, v := range p {
		q[k] = v / 2
	}
	q[id] += .5
	e.rao.Backward(rao, saved, dy, id, tau, key)
	relax.Gumbel(z, key)
	axpy(1, saved, z)
	relax.Softmax(z, z, tau)
	for k, v := range q {
		z[k] += math.Log(v)
	}
	relax.Softmax(z, z, 1)
	relax.SoftmaxBackward(z, z, dy, tau)
	meanP, meanQ := dot(p, dy), dot(q, dy)
	for k, d := range dy {
		byP := p[k] * (d - meanP) / 2
		dLogits[k] = 2*q[k]*(d-meanQ) - byP + e.eta*((rao[k]+byP)/2-z[k])
	}
}

// switched sets dst [K] to the probability of every id at the argmax of logits -
// shift + G, given that the argmax of logits + G is the id: what I-MLE draws. With
// exponential numbers E the two are the firsts of two races, E_k/w_k and E_k/v_k
// with w and v the two softmaxes. Another id b comes first in the second one
// where E_b/E_id lies between w_b/w_id and v_b/v_id, and every other number above
// what both races ask for.
func switched(dst, logits, shift []float64, id int) {
	K := len(logits)
	w, v := make([]float64, K), make([]float64, K)
	for k := range w {
		v[k] = logits[k] - shift[k]
	}
	relax.Softmax(w, logits, 1)
	relax.Softmax(v, v, 1)
	for b := range dst {
		dst[b] = 0
		if b == id {
			sum := 1.0
			for k := range w {
				if k != id {
					sum += max(w[k]/w[id], v[k]/v[id])
				}
			}
			dst[b] = 1 / sum / w[id]
			continue
		}
		low, high := w[b]/w[id], v[b]/v[id]
		for low < high {
			// up to the next place where another number changes sides
			end, fixed, rising := high, 1.0, 1.0
			for k := range w {
				if k == id || k == b {
					continue
				}
				c, d := w[k]/w[id], v[k]/v[b] // E_k above E_id c and above E_b d
				if turn := c / d; low < turn {
					fixed += c
					end = min(end, turn)
				} else {
					rising += d
				}
			}
			dst[b] += (end - low) / (fixed + rising*low) / (fixed + rising*end) / w[id]
			low = end
		}
	}
}

// imleSum sums over what I-MLE draws, for every state from its last choice on, if
// there are few.
func (l *lab) imleSum(c *relaxedChain, lambda float64) (_ moments, ok bool) {
	if len(l.fx) > maxPairs {
		return moments{}, false
	}
	P := l.Params()
	m := exactMoments(P)
	for pass := range 2 {
		for i, p := range l.prob {
			c.forward(relax.Key{}, l.idsOf(i))
			c.f.gradient(c.dx, c.x)
			c.w.rewind()
			l.imleVisit(c, lambda, c.steps-1, p, make([]float64, P), func(p float64, out []float64) {
				for k, v := range out {
					if pass == 0 {
						m.mean[k] += p * v
					} else {
						m.variance[k] += p * (v - m.mean[k]) * (v - m.mean[k])
					}
				}
			})
		}
	}
	return m, true
}

// maxPairs bounds the states of which all pairs are summed over.
const maxPairs = 250

func (l *lab) imleVisit(c *relaxedChain, lambda float64, t int, p float64, out []float64, add func(p float64, out []float64)) {
	if t < 0 {
		add(p, out)
		return
	}
	shift, next, id := make([]float64, l.K), make([]float64, l.K), c.ids[t]
	axpy(lambda, c.row(c.dx, t), shift)
	if c.feedback != feedback.Detached {
		axpy(lambda, c.row(c.w.du, t), shift)
	}
	switched(next, c.row(c.saved, t), shift, id)
	du, dh := append([]float64(nil), c.w.du...), append([]float64(nil), c.w.dh...)
	for b, q := range next {
		if q == 0 {
			continue
		}
		row, grad := make([]float64, l.K), append([]float64(nil), out...)
		row[id] += 1 / lambda
		row[b] -= 1 / lambda
		c.model.back(c.w, t, row, grad)
		l.imleVisit(c, lambda, t-1, p*q, grad, add)
		copy(c.w.du, du)
		copy(c.w.dh, dh)
	}
}
