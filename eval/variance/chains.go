package variance

import (
	"math"

	"textgan/generator/relax"
)

// In a chain a choice decides what the later ones are, and a control variate
// that is told of it through them would no longer have the mean it needs. So
// the estimators of this file take the choices one by one, and what controls
// the choice at step t is a function of the ids before it and of what stands
// for the choice alone:
//
//	sum over t of the estimate at step t, the ids b_<t given and f(b) the reward
//
// This is the form that RELAX has in reinforcement learning (Grathwohl et al.
// 2018, section 3.3 and appendix C).

// control is a surrogate c_t of f at step t: its value at the vector y [K] for
// that choice, and its gradient dy [K]. The tape holds the ids before t and
// what the model made of them; it may be overwritten from step t on. node is
// that prefix.
type control func(w *tape, t, node int, y, dy []float64) float64

// meanField returns the control that puts y at step t and goes on with means:
// every later vector is the probability of each next id after such inputs,
// times that of getting there before the end token,
//
//	x_r = a_r softmax(logits_r(x_<r))      a_(r+1) = a_r (1 - softmax_r[end])
//
// and c is a function of all of them. It keeps scratch.
func (s *states) meanField(c objective) control {
	n := s.T * s.K
	p, dx, alive, ignored := make([]float64, n), make([]float64, n), make([]float64, s.T+1), make([]float64, s.Params())
	rowOf := func(x []float64, t int) []float64 { return x[t*s.K : (t+1)*s.K] }
	return func(w *tape, t, _ int, y, dy []float64) float64 {
		clear(w.u[t*s.K:])
		alive[t] = 1
		for r := t; r < s.T; r++ {
			if q := rowOf(p, r); r == t {
				copy(q, y)
			} else {
				s.model.logits(w, r, q)
				relax.Softmax(q, q, 1)
			}
			axpy(alive[r], rowOf(p, r), w.input(r))
			alive[r+1] = alive[r]
			if s.EOS >= 0 {
				alive[r+1] *= 1 - p[r*s.K+s.EOS]
			}
		}
		value := c.gradient(dx, w.u)
		w.rewind()
		var later float64 // gradient of alive[r+1]
		for r := s.T - 1; r >= t; r-- {
			q, d := rowOf(p, r), rowOf(dx, r)
			axpy(1, rowOf(w.du, r), d)
			own := dot(q, d)
			for k := range d {
				d[k] *= alive[r]
			}
			if s.EOS >= 0 {
				d[s.EOS] -= later * alive[r]
				own += later * (1 - q[s.EOS])
			}
			later = own
			if r > t {
				relax.SoftmaxBackward(d, q, d, 1)
				s.model.back(w, r, d, ignored)
			}
		}
		copy(dy, rowOf(dx, t))
		return value
	}
}

// critic is the control E[f | b_<t, b_t] at the ids, and linear in between: the
// best surrogate of all that RELAX could learn, up to what lies between them.
func (s *states) critic() control {
	return func(_ *tape, _, node int, y, dy []float64) float64 {
		copy(dy, s.row(s.q, node))
		return dot(y, dy)
	}
}

// chainedMuProp is
//
//	sum over t of [f(b) - h_t(b_t)] grad log p(b_t | b_<t) + J(p_t) g_t
//	h_t(x) = c_t(p_t) + g_t . (x - p_t),  g_t = grad c_t(p_t)
//
// with c_t the mean field after b_<t: the expectation of h_t, subtracted with
// every draw, is added as it is. For the states of a chain, exactly.
func (s *states) chainedMuProp() moments {
	c, w := s.meanField(s.f), newTape(s.Problem)
	known, value, slope := make([]bool, len(s.value)), make([]float64, len(s.value)), make([]float64, len(s.p))
	logits, rows := make([]float64, s.K), make([]float64, s.T*s.K)
	for i := range s.fx {
		for t := range s.steps(i) {
			node := s.path[i*s.T+t]
			if known[node] {
				continue
			}
			clear(w.u)
			for r := range t {
				s.model.logits(w, r, logits)
				w.input(r)[s.ids[i*s.T+r]] = 1
			}
			s.model.logits(w, t, logits)
			known[node], value[node] = true, c(w, t, node, s.row(s.p, node), s.row(slope, node))
		}
	}
	return s.sum(func(i int, out []float64) {
		clear(rows)
		for t := range s.steps(i) {
			node, id := s.path[i*s.T+t], s.ids[i*s.T+t]
			p, g, row := s.row(s.p, node), s.row(slope, node), rows[t*s.K:(t+1)*s.K]
			mean := dot(p, g)
			advantage := s.fx[i] - value[node] - g[id] + mean
			for k := range row {
				row[k] = p[k] * (g[k] - mean - advantage)
			}
			row[id] += advantage
		}
		s.pull(w, i, rows, out)
	}, nil)
}

// chainedControl is REBAR and RELAX at every step,
//
//	sum over t of [f(b) - eta c_t(y~_t)] grad log p(b_t | b_<t) + eta grad c_t(y_t) - eta grad c_t(y~_t)
//	y_t = softmax(z_t/lambda)   y~_t = softmax(zGiven_t/lambda)
//
// the gradients being those in the logits of step t alone. made returns a
// control with scratch of its own.
func (s *states) chainedControl(made func() control, lambda, eta float64, coupled bool, seed uint64) sampler {
	return func() func(uint32, []float64) {
		c, w := made(), newTape(s.Problem)
		K := s.K
		rows, weights, ids := make([]float64, s.T*K), make([]float64, s.T), make([]int, s.T)
		logits, z, zGiven := make([]float64, K), make([]float64, K), make([]float64, K)
		y, dz, dGiven := make([]float64, K), make([]float64, K), make([]float64, K)
		relaxed := func(t, node int, z, dz []float64) float64 {
			relax.Softmax(y, z, lambda)
			value := c(w, t, node, y, dz)
			relax.SoftmaxBackward(dz, y, dz, lambda)
			return value
		}
		return func(i uint32, out []float64) {
			key := drawKey(seed, i)
			clear(w.u)
			node, steps := 0, 0
			for t := 0; node >= 0; t++ {
				s.model.logits(w, t, logits)
				relax.LogSoftmax(logits)
				row := key.At(key.Step, uint32(t))
				relax.Gumbel(z, row)
				axpy(1, logits, z)
				id := argmax(z)
				if coupled {
					copy(zGiven, z)
				} else {
					relax.GumbelGiven(zGiven, s.row(s.p, node), id, relax.InnerKey(row, 0))
				}
				relaxed(t, node, z, dz)
				weights[t] = -eta * relaxed(t, node, zGiven, dGiven)
				pullGiven(dGiven, zGiven, s.row(s.p, node))
				for k := range K {
					rows[t*K+k] = eta * (dz[k] - dGiven[k])
				}
				clear(w.u[t*K:])
				w.input(t)[id] = 1
				ids[t], steps = id, t+1
				node = s.next[node*K+id]
			}
			f := s.fx[^node]
			clear(out)
			w.rewind()
			for t := steps - 1; t >= 0; t-- {
				row := rows[t*K : (t+1)*K]
				axpy(-(f + weights[t]), s.row(s.p, s.path[^node*s.T+t]), row)
				row[ids[t]] += f + weights[t]
				s.model.back(w, t, row, out)
			}
		}
	}
}

// chainedARSM swaps at one step after the other: with pi ~ Dir(1), what the
// pseudo action of each swap is worth is f of a sequence that goes on with it,
// one for each different id, and of the drawn sequence for its own.
//
// Yin, Yue and Zhou, ICML 2019, https://arxiv.org/abs/1905.01413, section 4.
func (s *states) chainedARSM(seed uint64) sampler {
	return func() func(uint32, []float64) {
		K := s.K
		w := newTape(s.Problem)
		theta := make([]float64, len(s.p))
		for i, p := range s.p {
			theta[i] = math.Log(p)
		}
		logPi, rows := make([]float64, s.T*K), make([]float64, s.T*K)
		worth, swapped := make([]float64, K), make([]float64, K*K)
		return func(i uint32, out []float64) {
			key := drawKey(seed, i)
			src := key.At(key.Step, uint32(s.T)).Source()
			node := 0
			for t := 0; node >= 0; t++ {
				pi := logPi[t*K : (t+1)*K]
				dirichlet(pi, key.At(key.Step, uint32(t)))
				node = s.next[node*K+pseudoAction(pi, s.row(theta, node), 0, 0)]
			}
			x := ^node
			clear(rows)
			for t := range s.steps(x) {
				node, pi := s.path[x*s.T+t], logPi[t*K:(t+1)*K]
				for k := range worth {
					worth[k] = math.NaN()
				}
				worth[s.ids[x*s.T+t]] = s.fx[x]
				swaps(swapped, K, func(c, j int) float64 {
					id := pseudoAction(pi, s.row(theta, node), c, j)
					if math.IsNaN(worth[id]) {
						worth[id] = s.fx[s.finish(node, id, src)]
					}
					return worth[id]
				})
				merge(rows[t*K:(t+1)*K], swapped, pi)
			}
			s.pull(w, x, rows, out)
		}
	}
}
