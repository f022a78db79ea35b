package variance

import (
	"textgan/generator/relax"
	"textgan/internal/rng"
)

// states is the problem enumerated: S sequences in lexicographic order, and
// the N prefixes that can be continued.
type states struct {
	*Problem
	ids   []int     // [S,T], -1 after the end token
	prob  []float64 // [S]
	fx    []float64 // [S] f of each
	score []float64 // [S,P] gradient of log prob
	path  []int     // [S,T] the prefix x_<t, or -1 after the end token

	next   []int     // [N,K] the prefix with that id, or ^state where there is no further choice
	p      []float64 // [N,K] probability of the next id
	q      []float64 // [N,K] E[f | prefix, id]
	within []float64 // [N,K] Var[f | prefix, id]
	value  []float64 // [N] E[f | prefix]

	meanF, varF float64
	gradient    []float64 // [P] the exact gradient of E[f]
}

func enumerate(p *Problem) *states {
	s := &states{Problem: p}
	w := newTape(p)
	ids, path := make([]int, p.T), make([]int, p.T)
	s.visit(w, 0, 1, ids, path)
	s.meanF = s.value[0]
	for i, f := range s.fx {
		s.varF += s.prob[i] * (f - s.meanF) * (f - s.meanF)
	}

	P := p.Params()
	s.score = make([]float64, len(s.fx)*P)
	s.gradient = make([]float64, P)
	rows := make([]float64, p.T*p.K)
	for i := range s.fx {
		s.residuals(rows, i)
		s.pull(w, i, rows, s.scoreOf(i))
		// E[score] is 0, so centring f changes nothing but the rounding.
		axpy(s.prob[i]*(s.fx[i]-s.meanF), s.scoreOf(i), s.gradient)
	}
	return s
}

// visit appends everything that starts with ids[:t], whose probability is
// given, and returns the mean and the variance of f there. The tape holds the
// one-hot vectors of the prefix.
func (s *states) visit(w *tape, t int, prob float64, ids, path []int) (mean, variance float64) {
	K := s.K
	node := len(s.value)
	s.value = append(s.value, 0)
	for range K {
		s.next, s.p, s.q, s.within = append(s.next, 0), append(s.p, 0), append(s.q, 0), append(s.within, 0)
	}
	path[t] = node
	p := make([]float64, K)
	s.model.logits(w, t, p)
	relax.Softmax(p, p, 1)
	copy(s.p[node*K:], p)

	u := w.input(t)
	for k := range K {
		clear(w.u[t*K:])
		u[k] = 1
		ids[t] = k
		i := node*K + k
		if t+1 < s.T && k != s.EOS {
			s.next[i] = len(s.value)
			s.q[i], s.within[i] = s.visit(w, t+1, prob*p[k], ids, path)
			continue
		}
		for r := t + 1; r < s.T; r++ {
			ids[r], path[r] = -1, -1
		}
		s.next[i] = ^len(s.fx)
		s.ids, s.path = append(s.ids, ids...), append(s.path, path...)
		s.prob = append(s.prob, prob*p[k])
		s.q[i] = s.f.value(w.u)
		s.fx = append(s.fx, s.q[i])
	}
	clear(u)

	q := s.q[node*K : (node+1)*K]
	mean = dot(p, q)
	for k, m := range q {
		variance += p[k] * (s.within[node*K+k] + (m-mean)*(m-mean))
	}
	s.value[node] = mean
	return mean, variance
}

func (s *states) scoreOf(i int) []float64 {
	P := s.Params()
	return s.score[i*P : (i+1)*P]
}

func (s *states) idsOf(i int) []int { return s.ids[i*s.T : (i+1)*s.T] }

// row is the part of a table [N,K] that belongs to a prefix.
func (s *states) row(x []float64, node int) []float64 { return x[node*s.K : (node+1)*s.K] }

// draw returns an id that follows a prefix, by inverse CDF at u.
func (s *states) draw(node int, u float64) (id int) {
	p := s.row(s.p, node)
	for ; id < s.K-1; id++ {
		if u -= p[id]; u < 0 {
			break
		}
	}
	return id
}

// finish returns the state that a prefix and then the id go on to, drawn.
func (s *states) finish(node, id int, src *rng.Source) (state int) {
	at := s.next[node*s.K+id]
	for at >= 0 {
		at = s.next[at*s.K+s.draw(at, src.Float64())]
	}
	return ^at
}

// steps is the number of tokens of a state, the end token included.
func (s *states) steps(i int) int {
	n := 0
	for n < s.T && s.ids[i*s.T+n] >= 0 {
		n++
	}
	return n
}

// residuals sets rows [T,K] to onehot(x_t) - p(.|x_<t), the gradient of log
// p(x_t|x_<t) in the logits, and to 0 after the end token.
func (s *states) residuals(rows []float64, i int) {
	clear(rows)
	for t := range s.steps(i) {
		node, row := s.path[i*s.T+t], rows[t*s.K:(t+1)*s.K]
		axpy(-1, s.p[node*s.K:(node+1)*s.K], row)
		row[s.ids[i*s.T+t]]++
	}
}

// pull sets grad [P] to what rows [T,K], a gradient in the logits of state i,
// says about the parameters.
func (s *states) pull(w *tape, i int, rows, grad []float64) {
	clear(grad)
	clear(w.u)
	w.rewind()
	logits := make([]float64, s.K)
	n := s.steps(i)
	for t := range n {
		s.model.logits(w, t, logits)
		w.input(t)[s.ids[i*s.T+t]] = 1
	}
	for t := n - 1; t >= 0; t-- {
		s.model.back(w, t, rows[t*s.K:(t+1)*s.K], grad)
	}
}

// oneHot sets x [T,K] to the vectors of a state.
func (s *states) oneHot(x []float64, i int) {
	clear(x)
	for t, id := range s.idsOf(i) {
		if id >= 0 {
			x[t*s.K+id] = 1
		}
	}
}

// greedy is the state of the greedy decode: the first most probable id after
// each prefix.
func (s *states) greedy() (i int) {
	for t := range s.T {
		node := s.path[i*s.T+t]
		if node < 0 {
			break
		}
		top, p := 0, s.p[node*s.K:(node+1)*s.K]
		for k, v := range p {
			if v > p[top] {
				top = k
			}
		}
		// States that share a prefix are neighbours, and i is the first.
		for s.ids[i*s.T+t] != top {
			i++
		}
	}
	return i
}

// sum adds est(i) over the states, weighted by probability, and its squared
// deviation from that mean: the exact moments of an estimate that the state
// decides. extra, if not nil, adds to the variance what is random beyond it.
func (s *states) sum(est func(i int, out []float64), extra func(i int, out []float64)) moments {
	P := s.Params()
	m := exactMoments(P)
	all := make([]float64, len(s.fx)*P)
	for i, p := range s.prob {
		out := all[i*P : (i+1)*P]
		est(i, out)
		axpy(p, out, m.mean)
	}
	more := make([]float64, P)
	for i, p := range s.prob {
		if extra != nil {
			extra(i, more)
		}
		for k, v := range all[i*P : (i+1)*P] {
			d := v - m.mean[k]
			m.variance[k] += p * (d*d + more[k])
		}
	}
	return m
}
