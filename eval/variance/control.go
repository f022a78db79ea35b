package variance

import (
	"math"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

// noisyRows are the choices of one draw as REBAR and RELAX see them:
// z = log p + G with its argmax b, and zGiven, which has the distribution of z
// given b. For independent choices.
type noisyRows struct {
	*Problem
	logP, p   []float64 // [T,K]
	z, zGiven []float64 // [T,K]
	hard      []float64 // [T,K] one-hot of b
	score     []float64 // [T,K] b - p
}

func newNoisyRows(p *Problem) *noisyRows {
	n := p.T * p.K
	r := &noisyRows{Problem: p}
	for _, x := range []*[]float64{&r.logP, &r.p, &r.z, &r.zGiven, &r.hard, &r.score} {
		*x = make([]float64, n)
	}
	w := newTape(p)
	for t := range p.T {
		row := r.logP[t*p.K : (t+1)*p.K]
		p.model.logits(w, t, row)
		relax.Softmax(r.p[t*p.K:(t+1)*p.K], row, 1)
		relax.LogSoftmax(row)
	}
	return r
}

// draw takes z from the rows of the key and zGiven from noise of its own, or,
// coupled, from that which makes it equal z.
func (r *noisyRows) draw(key rng.Key, coupled bool) {
	clear(r.hard)
	for t := range r.T {
		lo, hi := t*r.K, (t+1)*r.K
		row := key.At(key.Step, uint32(t))
		z, logP := r.z[lo:hi], r.logP[lo:hi]
		relax.Gumbel(z, row)
		axpy(1, logP, z)
		id := argmax(z)
		r.hard[lo+id] = 1
		if coupled {
			copy(r.zGiven[lo:hi], z)
		} else {
			relax.GumbelGiven(r.zGiven[lo:hi], r.p[lo:hi], id, relax.InnerKey(row, 0))
		}
	}
	for i, h := range r.hard {
		r.score[i] = h - r.p[i]
	}
}

// pullGiven turns dz [K], a gradient in a row of zGiven, into one in the
// logits, in place: with the noise E fixed and a_i = E_i/e^theta_i,
//
//	d zGiven_i / d theta_j = w_i [i=j] + (1-w_i) p_j     1-w_i = exp(zGiven_i - max zGiven)
//
// (w = 0 for the winner).
func pullGiven(dz, zGiven, p []float64) {
	top := zGiven[argmax(zGiven)]
	var shared float64
	for i, d := range dz {
		v := math.Exp(zGiven[i] - top)
		shared += v * d
		dz[i] = (1 - v) * d
	}
	axpy(shared, p, dz)
}

func argmax(x []float64) (at int) {
	for i, v := range x {
		if v > x[at] {
			at = i
		}
	}
	return at
}

// controlled is the estimator of REBAR and RELAX,
//
//	[f(b) - eta c(y~)] s + eta grad c(y) - eta grad c(y~)
//	y = softmax(z/lambda)   y~ = softmax(zGiven/lambda)
//
// for independent choices, all relaxed at once. REBAR has c = f. The derivative
// of y~ runs through the conditional noise.
//
// Tucker et al., NIPS 2017, https://arxiv.org/abs/1703.07370; Grathwohl et
// al., ICLR 2018, https://arxiv.org/abs/1711.00123.
func (p *Problem) controlled(c objective, lambda, eta float64, coupled bool, seed uint64) sampler {
	return func() func(uint32, []float64) {
		r, w := newNoisyRows(p), newTape(p)
		n := p.T * p.K
		y, dz, dGiven := make([]float64, n), make([]float64, n), make([]float64, n)
		relaxed := func(dz, z []float64) float64 {
			for t := range p.T {
				relax.Softmax(y[t*p.K:(t+1)*p.K], z[t*p.K:(t+1)*p.K], lambda)
			}
			value := c.gradient(dz, y)
			for t := range p.T {
				lo, hi := t*p.K, (t+1)*p.K
				relax.SoftmaxBackward(dz[lo:hi], y[lo:hi], dz[lo:hi], lambda)
			}
			return value
		}
		return func(i uint32, out []float64) {
			r.draw(drawKey(seed, i), coupled)
			relaxed(dz, r.z)
			value := relaxed(dGiven, r.zGiven)
			for t := range p.T {
				lo, hi := t*p.K, (t+1)*p.K
				pullGiven(dGiven[lo:hi], r.zGiven[lo:hi], r.p[lo:hi])
			}
			weight := p.f.value(r.hard) - eta*value
			for k, s := range r.score {
				dz[k] = weight*s + eta*(dz[k]-dGiven[k])
			}
			clear(out)
			for t := range p.T {
				p.model.back(w, t, dz[t*p.K:(t+1)*p.K], out)
			}
		}
	}
}

// fitSurrogate is the linear c nearest to f under p, by weighted least squares
// over the states; for independent choices it has a closed form. It stands in
// for RELAX's trained network where a problem brings no surrogate.
func (s *states) fitSurrogate() objective {
	c := make([]float64, s.T*s.K)
	for t := range s.T {
		// E[f | x_t = k], less the mean so that the parts add up to f's mean once.
		mass := make([]float64, s.K)
		for i, p := range s.prob {
			k := s.ids[i*s.T+t]
			mass[k] += p
			c[t*s.K+k] += p * s.fx[i]
		}
		for k, m := range mass {
			if m > 0 {
				c[t*s.K+k] = c[t*s.K+k]/m - s.meanF*float64(s.T-1)/float64(s.T)
			}
		}
	}
	return linear{c}
}

// arsm is the augment-REINFORCE-swap-merge estimator of independent choices.
// With pi_t ~ Dir(1) and z^{c<->j} = argmin over i of log pi_i - theta_i after
// swapping pi_c and pi_j, in all choices at once,
//
//	d theta_c = sum_j [f(z^{c<->j}) - (1/K) sum_m f(z^{m<->j})] (1/K - pi_j)
//
// Yin, Yue and Zhou, ICML 2019, https://arxiv.org/abs/1905.01413.
func (p *Problem) arsm(seed uint64) sampler {
	return func() func(uint32, []float64) {
		K, n := p.K, p.T*p.K
		w := newTape(p)
		theta := make([]float64, n)
		for t := range p.T {
			p.model.logits(w, t, theta[t*K:(t+1)*K])
		}
		logPi, x, rows := make([]float64, n), make([]float64, n), make([]float64, K)
		swapped := make([]float64, K*K)
		return func(i uint32, out []float64) {
			key := drawKey(seed, i)
			for t := range p.T {
				dirichlet(logPi[t*K:(t+1)*K], key.At(key.Step, uint32(t)))
			}
			values := func(c, j int) float64 {
				clear(x)
				for t := range p.T {
					x[t*K+pseudoAction(logPi[t*K:(t+1)*K], theta[t*K:(t+1)*K], c, j)] = 1
				}
				return p.f.value(x)
			}
			swaps(swapped, K, values)
			clear(out)
			for t := range p.T {
				merge(rows, swapped, logPi[t*K:(t+1)*K])
				p.model.back(w, t, rows, out)
			}
		}
	}
}

// dirichlet sets logPi [K] to the logarithm of a draw from Dir(1).
func dirichlet(logPi []float64, key relax.Key) {
	relax.Gumbel(logPi, key)
	for k := range logPi {
		logPi[k] = -logPi[k] // log of an exponential number
	}
	relax.LogSoftmax(logPi)
}

// pseudoAction is argmin over k of log pi_k - theta_k with pi_c and pi_j
// swapped; for c = j it is a draw from softmax(theta).
func pseudoAction(logPi, theta []float64, c, j int) (at int) {
	best := math.Inf(1)
	for k := range logPi {
		from := k
		switch k {
		case c:
			from = j
		case j:
			from = c
		}
		if v := logPi[from] - theta[k]; v < best {
			best, at = v, k
		}
	}
	return at
}

// swaps fills swapped [K,K] with what each swap is worth.
func swaps(swapped []float64, K int, worth func(c, j int) float64) {
	same := worth(0, 0)
	for c := range K {
		swapped[c*K+c] = same
		for j := range c {
			swapped[c*K+j] = worth(c, j)
			swapped[j*K+c] = swapped[c*K+j]
		}
	}
}

// merge sets row [K] to the gradient in the logits of one choice.
func merge(row, swapped, logPi []float64) {
	K := len(row)
	clear(row)
	for j := range K {
		var mean float64
		for m := range K {
			mean += swapped[m*K+j] / float64(K)
		}
		share := 1/float64(K) - math.Exp(logPi[j])
		for c := range row {
			row[c] += (swapped[c*K+j] - mean) * share
		}
	}
}
