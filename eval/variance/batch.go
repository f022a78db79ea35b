package variance

import (
	"errors"
	"math"

	"textgan/generator/relax"
	"textgan/internal/feedback"
)

// maxTuples bounds the tuples of sequences that are summed over.
const maxTuples = 600_000

// tuples are the moments of an estimate that n independent sequences decide:
// exact where the tuples are few, and otherwise from draws.
func (l *lab) tuples(n int, estimate func() func(states []int, out []float64)) moments {
	return l.expect(n, l.Params(), estimate)
}

// expect is tuples for P numbers of any kind.
func (l *lab) expect(n, P int, estimate func() func(states []int, out []float64)) moments {
	S := len(l.fx)
	if math.Pow(float64(S), float64(n)) > maxTuples {
		return settle(P, l.Samples, patience*l.Samples/4, func() func(uint32, []float64) {
			est, states := estimate(), make([]int, n)
			return func(i uint32, out []float64) {
				src := drawKey(l.Seed, i).Source()
				for j := range states {
					states[j] = l.finish(0, l.draw(0, src.Float64()), src)
				}
				est(states, out)
			}
		})
	}
	m, est, states, out := exactMoments(P), estimate(), make([]int, n), make([]float64, P)
	// Twice over the same tuples: the mean, and the deviations from it.
	for pass := range 2 {
		var visit func(at int, p float64)
		visit = func(at int, p float64) {
			if at < n {
				for x, q := range l.prob {
					states[at] = x
					visit(at+1, p*q)
				}
				return
			}
			est(states, out)
			if pass == 0 {
				axpy(p, out, m.mean)
				return
			}
			for k, v := range out {
				m.variance[k] += p * (v - m.mean[k]) * (v - m.mean[k])
			}
		}
		visit(0, 1)
	}
	return m
}

// weighed is sum_i w_i s_i over n sequences, weigh setting w [n] from their f
// [n] and states [n].
func (l *lab) weighed(n int, weigh func(w, f []float64, states []int)) moments {
	return l.tuples(n, func() func(states []int, out []float64) {
		f, w := make([]float64, n), make([]float64, n)
		return func(states []int, out []float64) {
			for i, x := range states {
				f[i] = l.fx[x]
			}
			weigh(w, f, states)
			clear(out)
			for i, x := range states {
				axpy(w[i], l.scoreOf(x), out)
			}
		}
	})
}

// slopes is what f and the model say at every state: the derivative of f [T,K]
// at its one-hot vectors, onehot - p, and p, all 0 after the end token.
func (l *lab) slopes() (g, residual, p [][]float64) {
	n := l.T * l.K
	for i := range l.fx {
		x, d, r, q := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
		l.oneHot(x, i)
		l.f.gradient(d, x)
		l.residuals(r, i)
		for t := range l.steps(i) {
			copy(q[t*l.K:(t+1)*l.K], l.row(l.p, l.path[i*l.T+t]))
		}
		clear(d[l.steps(i)*l.K:])
		g, residual, p = append(g, d), append(residual, r), append(p, q)
	}
	return g, residual, p
}

// others sets mean [T,K] to the mean of the derivatives at all states but the
// i-th, or at all of them if own.
func others(mean []float64, g [][]float64, states []int, i int, own bool) {
	clear(mean)
	n := float64(len(states) - 1)
	if own {
		n++
	}
	for j, x := range states {
		if own || j != i {
			axpy(1/n, g[x], mean)
		}
	}
}

// doubleCV is relax.DoubleCV with n sequences; with own, which is a bias, the
// slope of a sequence holds its own derivative.
func (l *lab) doubleCV(n int, alpha float64, own bool) moments {
	g, _, p := l.slopes()
	return l.tuples(n, func() func([]int, []float64) {
		b := l.newDoubleBatch(n, g, p)
		return func(states []int, out []float64) {
			b.survey(states, own, relax.NewDoubleCV[float64](alpha))
			b.back(states, out)
		}
	})
}

// doubleAuto is doubleCV with the alpha that the mean over all batches gives,
// which in training is followed from batch to batch.
func (l *lab) doubleAuto(n int) moments {
	g, _, p := l.slopes()
	auto := relax.NewDoubleCV[float64](0)
	auto.Auto = true
	sums := l.expect(n, 2, func() func([]int, []float64) {
		b := l.newDoubleBatch(n, g, p)
		return func(states []int, out []float64) {
			b.survey(states, false, auto)
			out[0], out[1] = relax.BestAlpha(b.shares, b.seen)
		}
	})
	return l.doubleCV(n, -sums.mean[0]/sums.mean[1], false)
}

// doubleBatch is the estimator on n sequences of the problem.
type doubleBatch struct {
	*lab
	e       *relax.DoubleCV[float64]
	g, p    [][]float64 // of every state, as slopes gives them
	mean    [][]float64 // [n] of [T,K]
	shares  []float64   // [n]
	weights []float64   // [n]
	seen    []relax.Survey
	w       *tape
	rows    []float64 // [T,K]
	one     []float64 // [P]
}

func (l *lab) newDoubleBatch(n int, g, p [][]float64) *doubleBatch {
	b := &doubleBatch{lab: l, g: g, p: p, mean: make([][]float64, n), shares: make([]float64, n), weights: make([]float64, n),
		seen: make([]relax.Survey, n), w: newTape(l.Problem), rows: make([]float64, l.T*l.K), one: make([]float64, l.Params())}
	for i := range b.mean {
		b.mean[i] = make([]float64, l.T*l.K)
	}
	return b
}

// survey sees all tokens and weighs the sequences.
func (b *doubleBatch) survey(states []int, own bool, e *relax.DoubleCV[float64]) {
	b.e = e
	n := float64(len(states))
	for i, x := range states {
		others(b.mean[i], b.g, states, i, own)
		for k := range b.mean[i] {
			b.mean[i][k] /= n
		}
		b.shares[i], b.seen[i] = b.fx[x]/n, relax.Survey{}
		for t := range b.steps(x) {
			at, to := t*b.K, (t+1)*b.K
			for k, v := range e.Survey(b.p[x][at:to], b.mean[i][at:to], b.ids[x*b.T+t]) {
				b.seen[i][k] += v
			}
		}
	}
	if !e.Auto {
		e.Weigh(b.weights, b.shares, b.seen)
	}
}

// back sets out [P] to the estimate.
func (b *doubleBatch) back(states []int, out []float64) {
	clear(out)
	for i, x := range states {
		clear(b.rows)
		for t := range b.steps(x) {
			at, to := t*b.K, (t+1)*b.K
			b.e.BackwardJoint(b.rows[at:to], b.p[x][at:to], nil, b.mean[i][at:to], b.ids[x*b.T+t], b.weights[i], 1, relax.Key{})
		}
		b.pull(b.w, x, b.rows, b.one)
		axpy(1, b.one, out)
	}
}

// rodeo is the estimator with discrete Stein operators, here that of Gibbs
// sampling with the surrogate h_i(x) = g_i.(x - p) of the other samples and both
// coefficients 1, for independent choices:
//
//	(1/n) sum_i [(f_i - mean_{j/=i} (f_j + (A h_j)(x_j))) s_i + (A (h_i s))(x_i)]
//	(A h)(x) = (1/T) sum_t (E_{v~p_t} h(x_-t, v) - h(x))
//
// Shi, Zhou, Hwang, Titsias and Mackey, NeurIPS 2022, https://arxiv.org/abs/2202.09497.
func (l *lab) rodeo(n int) moments {
	g, residual, p := l.slopes()
	return l.tuples(n, func() func([]int, []float64) {
		w, rows, one, T := newTape(l.Problem), make([]float64, l.T*l.K), make([]float64, l.Params()), float64(l.T)
		h, mean := make([]float64, n), make([][]float64, n)
		for i := range mean {
			mean[i] = make([]float64, l.T*l.K)
		}
		return func(states []int, out []float64) {
			clear(out)
			sum := 0.0
			for i, x := range states {
				others(mean[i], g, states, i, false)
				h[i] = dot(mean[i], residual[x])
				sum += l.fx[x] - h[i]/T
			}
			for i, x := range states {
				rest := (sum - l.fx[x] + h[i]/T) / float64(n-1)
				axpy((l.fx[x]-rest)/float64(n), l.scoreOf(x), out)
				for t := range l.T {
					at, to := t*l.K, (t+1)*l.K
					relax.SoftmaxBackward(rows[at:to], p[x][at:to], mean[i][at:to], T)
					own := dot(mean[i][at:to], residual[x][at:to])
					axpy((own-2*h[i])/T, residual[x][at:to], rows[at:to])
				}
				for k := range rows {
					rows[k] /= float64(n)
				}
				l.pull(w, x, rows, one)
				axpy(1, one, out)
			}
		}
	})
}

// indecater sums over all ids of one choice at a time, the others at their
// draws, n times: for independent choices.
//
// De Smet, Sansone and Zuidberg Dos Martires, NeurIPS 2023, https://arxiv.org/abs/2311.12569.
func (l *lab) indecater(n int) moments {
	w, rows := newTape(l.Problem), make([]float64, l.T*l.K)
	m := l.sum(func(i int, out []float64) {
		for t := range l.T {
			// Ids of choice t are so many states apart.
			apart := 1
			for range l.T - 1 - t {
				apart *= l.K
			}
			p, first := l.row(l.p, l.path[i*l.T+t]), i-l.ids[i*l.T+t]*apart
			mean := 0.0
			for k, q := range p {
				mean += q * l.fx[first+k*apart]
			}
			for k, q := range p {
				rows[t*l.K+k] = q * (l.fx[first+k*apart] - mean)
			}
		}
		l.pull(w, i, rows, out)
	}, nil)
	for k := range m.variance {
		m.variance[k] /= float64(n)
	}
	return m
}

// carms is leave-one-out with antithetic samples, for independent choices. Every
// choice takes its n ids by inverse cumulative probabilities, its ids in one of
// the orders of carmsOrders, from uniform numbers that push one another away,
// u_i = (1 - d_i)^(n-1) with d uniform on the simplex (n = 2: u and 1-u). Pairs are
// weighed by how much rarer they are than two independent draws:
//
//	1/(2n(n-1)) sum_{i/=j} [p(a_i) p(a_j) / P(a_i,a_j)] (f_i - f_j) (D_i - D_j)
//
// P being the law of a pair over all orders. Exact for n = 2.
//
// Dimitriev and Zhou, NeurIPS 2021, https://arxiv.org/abs/2110.14002, with the
// orders of its public code (alekdimi/carms).
func (l *lab) carms(n int) moments {
	orders, pair := carmsOrders(l.K), make([]float64, l.T*l.K*l.K) // pair: of the ids a and b at every choice
	for t := range l.T {
		antithetic(pair[t*l.K*l.K:(t+1)*l.K*l.K], l.row(l.p, l.path[t]), orders, n)
	}
	if n == 2 {
		return l.carmsPairs(pair)
	}
	rowsOf := l.carmsRows(pair, n)
	return settle(l.Params(), l.Samples, patience*l.Samples/4, func() func(uint32, []float64) {
		states, d, w, rows := make([]int, n), make([]float64, n), newTape(l.Problem), make([]float64, l.T*l.K)
		return func(i uint32, out []float64) {
			src := drawKey(l.Seed, i).Source()
			clear(states)
			for t := range l.T {
				order, sum := orders[min(int(src.Float64()*float64(len(orders))), len(orders)-1)], 0.0
				for k := range d {
					d[k] = -math.Log(src.Float64())
					sum += d[k]
				}
				for k := range d {
					u := math.Pow(1-d[k]/sum, float64(n-1))
					states[k] = states[k]*l.K + inverse(l.row(l.p, l.path[t]), order, u)
				}
			}
			clear(rows)
			for k, a := range states {
				for _, b := range states[:k] {
					rowsOf(rows, a, b)
				}
			}
			l.pull(w, states[0], rows, out)
		}
	})
}

// carmsRows returns what adds the share of a pair of states to rows [T,K]. Of
// every choice its own pair is weighed: one id twice says nothing.
func (l *lab) carmsRows(pair []float64, n int) func(rows []float64, a, b int) {
	return func(rows []float64, a, b int) {
		for t := range l.T {
			i, j := l.ids[a*l.T+t], l.ids[b*l.T+t]
			if i == j {
				continue
			}
			p := l.row(l.p, l.path[t])
			c := p[i] * p[j] / pair[(t*l.K+i)*l.K+j] * (l.fx[a] - l.fx[b]) / float64(n*(n-1))
			rows[t*l.K+i] += c
			rows[t*l.K+j] -= c
		}
	}
}

// inverse is the id of order at which the cumulative probabilities pass u.
func inverse(p []float64, order []int, u float64) int {
	for _, id := range order {
		if u -= p[id]; u < 0 {
			return id
		}
	}
	return order[len(order)-1]
}

// carmsPairs sums over all pairs of states, the law of a choice's two ids given.
func (l *lab) carmsPairs(pair []float64) moments {
	rowsOf := l.carmsRows(pair, 2)
	m, out, w, rows := exactMoments(l.Params()), make([]float64, l.Params()), newTape(l.Problem), make([]float64, l.T*l.K)
	for pass := range 2 {
		for a := range l.fx {
			for b := range l.fx {
				joint := 1.0
				for t := range l.T {
					joint *= pair[(t*l.K+l.ids[a*l.T+t])*l.K+l.ids[b*l.T+t]]
				}
				if joint == 0 {
					continue
				}
				clear(rows)
				rowsOf(rows, a, b)
				l.pull(w, a, rows, out)
				for k, v := range out {
					if pass == 0 {
						m.mean[k] += joint * v
					} else {
						m.variance[k] += joint * (v - m.mean[k]) * (v - m.mean[k])
					}
				}
			}
		}
	}
	return m
}

// carmsOrders are K(K-1)/2 orders of K ids: every two ids stand at the two ends
// of one of them, so that no pair of different ids is impossible.
func carmsOrders(K int) (orders [][]int) {
	for first := range K {
		for turn := range K - 1 {
			order := []int{first}
			for k := range K - 1 {
				// the ids after the first in the order of a circle, turned
				order = append(order, (first+1+(k-turn+K-1)%(K-1))%K)
			}
			if order[0] < order[K-1] {
				orders = append(orders, order)
			}
		}
	}
	return orders
}

// antithetic sets pair [K,K] to the law of two of the n ids of a choice, over the
// orders. The two uniform numbers are below p and q with probability
// max(p^(1/(n-1)) + q^(1/(n-1)) - 1, 0)^(n-1).
func antithetic(pair, p []float64, orders [][]int, n int) {
	K := len(p)
	low := make([]float64, K)
	below := func(p, q float64) float64 {
		root := 1 / float64(n-1)
		return math.Pow(max(math.Pow(p, root)+math.Pow(q, root)-1, 0), float64(n-1))
	}
	for _, order := range orders {
		sum := 0.0
		for _, id := range order {
			low[id] = sum
			sum += p[id]
		}
		for a := range K {
			for b := range K {
				if n == 2 { // u in a's interval, 1-u in b's, without the rounding of a difference
					pair[a*K+b] += max(0, min(low[a]+p[a], 1-low[b])-max(low[a], 1-low[b]-p[b])) / float64(len(orders))
					continue
				}
				A, B := min(low[a]+p[a], 1), min(low[b]+p[b], 1)
				pair[a*K+b] += (below(A, B) - below(low[a], B) - below(A, low[b]) + below(low[a], low[b])) / float64(len(orders))
			}
		}
	}
}

// leaveOneOutOf is a centred estimator, which the ids decide, with n sequences.
func (l *lab) leaveOneOutOf(e relax.Joint[float64], n int) moments {
	g, _, _ := l.slopes()
	return l.tuples(n, func() func([]int, []float64) {
		c, mean, one := newRelaxedChain(l.Problem, e.(relax.Relaxed[float64]), feedback.Soft, 1), make([]float64, l.T*l.K), make([]float64, l.Params())
		c.mean = mean
		return func(states []int, out []float64) {
			clear(out)
			for i, x := range states {
				others(mean, g, states, i, false)
				c.estimate(one, drawKey(0, 0), l.idsOf(x))
				axpy(1/float64(n), one, out)
			}
		}
	})
}

// malign is MaliGAN with 1/n as its baseline: the weights of log p are the
// self-normalised ratios of the target law, in proportion to p exp(-f), to p.
// Its target is the gradient of the cross-entropy of that law, held fixed.
//
// Che et al., 2017, https://arxiv.org/abs/1702.07983.
func (l *lab) malign(n int) (o outcome) {
	low := math.Inf(1)
	for _, f := range l.fx {
		low = min(low, f)
	}
	total := 0.0
	for i, p := range l.prob {
		total += p * math.Exp(low-l.fx[i])
	}
	o.objective, o.gradient = new(float64), make([]float64, l.Params())
	for i, p := range l.prob {
		w := p * math.Exp(low-l.fx[i]) / total
		*o.objective -= w * math.Log(p)
		axpy(-w, l.scoreOf(i), o.gradient)
	}
	ratios := baselineOf("maligan")
	o.moments = l.weighed(n, func(w, f []float64, _ []int) {
		for i, v := range f {
			w[i] = -v
		}
		ratios.Advantage(w, w, nil)
		for i := range w {
			w[i] /= -float64(n)
		}
	})
	return o
}

// baselineOf is a baseline of training.
func baselineOf(spec string) relax.Baseline[float64] {
	m, err := relax.New[float64](spec)
	if err != nil {
		panic(err) // a row that the table lacks
	}
	return m.Baseline
}

// recentFamilies are estimators of several sequences.
func recentFamilies() []family {
	independent := func(s *states, _ []float64) error {
		if !s.unchained() {
			return errors.New("needs choices that do not depend on earlier ones")
		}
		return nil
	}
	several := whole(2, 64)
	reinmax := func(l *lab, a []float64) (o outcome, err error) {
		e, err := relax.Parse[float64]("reinmax-loo")
		if err == nil {
			o.moments = l.leaveOneOutOf(e.(relax.Joint[float64]), int(a[0]))
		}
		return o, err
	}
	return []family{
		{pattern: "rloo_optimal_n{n}", spelling: "rloo-optimal:n={n}", defaults: each(2, 3), check: several, evals: first,
			note: "the others weighed by the squares of their scores",
			measure: exactly(func(l *lab, a []float64) moments {
				n := a[0]
				square := make([]float64, len(l.fx))
				for i := range square {
					square[i] = dot(l.scoreOf(i), l.scoreOf(i))
				}
				optimal, squares := baselineOf("rloo-optimal"), make([]float64, int(n))
				return l.weighed(int(n), func(w, f []float64, states []int) {
					for i, x := range states {
						squares[i] = square[x]
					}
					optimal.Advantage(w, f, squares)
					for i := range w {
						w[i] /= n
					}
				})
			})},
		{pattern: "double_cv_n{n}_alpha{alpha}", spelling: "double-cv:n={n},alpha={alpha}", backward: 2, evals: first,
			defaults: func(*states) [][]float64 { return [][]float64{{2, -1}, {2, -0.5}} }, check: several,
			note:    "leave-one-out less a linear control variate with the slope of the others; as many backward passes as evaluations",
			measure: exactly(func(l *lab, a []float64) moments { return l.doubleCV(int(a[0]), a[1], false) })},
		{pattern: "double_cv_n{n}_auto", spelling: "double-cv:n={n},alpha=auto", backward: 2, evals: first, defaults: each(2), check: several,
			note:    "alpha from all batches, least squares of the rows of the logits",
			measure: exactly(func(l *lab, a []float64) moments { return l.doubleAuto(int(a[0])) })},
		{pattern: "rodeo_linear_n{n}", spelling: "rodeo:n={n}", defaults: each(2), check: all(independent, several), evals: first, backward: 2,
			note:    "Gibbs operator on the linear surrogate of the others",
			measure: exactly(func(l *lab, a []float64) moments { return l.rodeo(int(a[0])) })},
		{pattern: "reinmax_loo_n{n}", spelling: "reinmax-loo:n={n}", defaults: each(2), check: several, evals: first, backward: 2,
			note: "reinmax centred by the derivatives at the other samples", measure: reinmax},
		{pattern: "indecater_n{n}", spelling: "indecater:n={n}", defaults: each(1), check: all(independent, whole(1, 1e6)),
			evals: func(s *states, a []float64) float64 { return a[0] * float64(1+s.T*(s.K-1)) },
			note:  "all ids of one choice at a time", measure: exactly(func(l *lab, a []float64) moments { return l.indecater(int(a[0])) })},
		{pattern: "carms_n{n}", spelling: "carms:n={n}", defaults: each(2, 4), check: all(independent, several), evals: first,
			note: "antithetic samples", measure: exactly(func(l *lab, a []float64) moments { return l.carms(int(a[0])) })},
		{pattern: "maligan_n{n}", spelling: "maligan:n={n}", defaults: each(2, 3), check: several, evals: first,
			note:    "self-normalised: another objective, the cross-entropy of the law p exp(-f), and its gradient",
			measure: func(l *lab, a []float64) (outcome, error) { return l.malign(int(a[0])), nil }},
		{pattern: "NEGATIVE_grpo_n{n}", defaults: each(3), check: several, evals: first, negative: true,
			note: "advantage divided by the standard deviation of the group",
			measure: exactly(func(l *lab, a []float64) moments {
				return l.weighed(int(a[0]), func(w, f []float64, _ []int) {
					var mean, square float64
					for _, v := range f {
						mean += v / a[0]
					}
					for _, v := range f {
						square += (v - mean) * (v - mean) / a[0]
					}
					for i, v := range f {
						w[i] = (v - mean) / (math.Sqrt(square) + 1e-6) / a[0]
					}
				})
			})},
		{pattern: "NEGATIVE_double_cv_own_n{n}_alpha{alpha}", check: several, evals: first, backward: 2, negative: true,
			defaults: func(*states) [][]float64 { return [][]float64{{2, -1}} },
			note:     "the slope holds the sample itself",
			measure:  exactly(func(l *lab, a []float64) moments { return l.doubleCV(int(a[0]), a[1], true) })},
	}
}
