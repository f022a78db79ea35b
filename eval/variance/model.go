package variance

import (
	"fmt"
	"math"
)

// model gives the logits of one choice after the other and pulls gradients
// back to its parameters. Steps count from 0.
type model interface {
	size() int

	// logits sets dst [K] from the inputs u_<t in the tape, in the order of t.
	logits(w *tape, t int, dst []float64)

	// back adds to grad [P] and to the input gradients du_<t what dLogits [K]
	// of step t says. It is called for t from the last step used down to 0,
	// after the tape's rewind.
	back(w *tape, t int, dLogits, grad []float64)
}

// tape is what a model remembers of one sequence.
type tape struct {
	K, H  int
	u, du []float64 // inputs [T,K]: the token of each step as the next ones see it
	h     []float64 // hidden states [T,H]
	dh    []float64 // [H] what later steps say about the hidden state
	tmp   []float64 // [H]
}

func newTape(p *Problem) *tape {
	w := &tape{K: p.K, u: make([]float64, p.T*p.K), du: make([]float64, p.T*p.K)}
	own := p.model
	if t, ok := own.(tempered); ok {
		own = t.model
	}
	if m, ok := own.(*rnn); ok {
		w.H = m.H
		w.h, w.dh, w.tmp = make([]float64, p.T*m.H), make([]float64, m.H), make([]float64, m.H)
	}
	return w
}

func (w *tape) rewind() {
	clear(w.du)
	clear(w.dh)
}

func (w *tape) input(t int) []float64 { return w.u[t*w.K : (t+1)*w.K] }

// independent has logits [T,K] of its own for every choice.
type independent struct {
	K      int
	params parameter
}

func newIndependent(K, _ int, params map[string]parameter) model {
	return &independent{K, params["logits"]}
}

func (m *independent) size() int { return len(m.params.values) }

func (m *independent) logits(_ *tape, t int, dst []float64) {
	copy(dst, m.params.values[t*m.K:(t+1)*m.K])
}

func (m *independent) back(_ *tape, t int, dLogits, grad []float64) {
	axpy(1, dLogits, grad[m.params.offset+t*m.K:])
}

// autoregressive has logits_t = b_t + sum over s<t of W_t_s x_s.
type autoregressive struct {
	K, n int
	b    parameter
	w    [][]parameter // [t][s]
}

func newAutoregressive(K, T int, params map[string]parameter) model {
	m := &autoregressive{K: K, b: params["b"], w: make([][]parameter, T)}
	m.n = T * K
	for t := range m.w {
		for s := range t {
			m.w[t] = append(m.w[t], params[fmt.Sprintf("W_%d_%d", t+1, s+1)])
			m.n += K * K
		}
	}
	return m
}

func (m *autoregressive) size() int { return m.n }

func (m *autoregressive) logits(w *tape, t int, dst []float64) {
	copy(dst, m.b.values[t*m.K:(t+1)*m.K])
	for s, p := range m.w[t] {
		matVec(dst, p.values, w.input(s))
	}
}

func (m *autoregressive) back(w *tape, t int, dLogits, grad []float64) {
	axpy(1, dLogits, grad[m.b.offset+t*m.K:])
	for s, p := range m.w[t] {
		outer(grad[p.offset:], dLogits, w.input(s))
		matTVec(w.du[s*m.K:(s+1)*m.K], p.values, dLogits)
	}
}

// rnn has h_t = tanh(U x_t-1 + V h_t-1 + c), without the first two terms at the
// first step, and logits_t = O h_t + o.
type rnn struct {
	K, H               int
	u, v, c, out, bias parameter
}

func newRNN(K, _ int, params map[string]parameter) model {
	return &rnn{K, len(params["c"].values), params["U"], params["V"], params["c"], params["O"], params["o"]}
}

func (m *rnn) size() int { return m.H*m.K + m.H*m.H + m.H + m.K*m.H + m.K }

func (m *rnn) hidden(w *tape, t int) []float64 { return w.h[t*m.H : (t+1)*m.H] }

func (m *rnn) logits(w *tape, t int, dst []float64) {
	h := m.hidden(w, t)
	copy(h, m.c.values)
	if t > 0 {
		matVec(h, m.u.values, w.input(t-1))
		matVec(h, m.v.values, m.hidden(w, t-1))
	}
	for i, a := range h {
		h[i] = math.Tanh(a)
	}
	m.output(dst, h)
}

func (m *rnn) output(dst, h []float64) {
	copy(dst, m.bias.values)
	matVec(dst, m.out.values, h)
}

func (m *rnn) back(w *tape, t int, dLogits, grad []float64) {
	h := m.hidden(w, t)
	outer(grad[m.out.offset:], dLogits, h)
	axpy(1, dLogits, grad[m.bias.offset:])
	matTVec(w.dh, m.out.values, dLogits)
	for i, a := range h {
		w.tmp[i] = w.dh[i] * (1 - a*a)
	}
	clear(w.dh)
	axpy(1, w.tmp, grad[m.c.offset:])
	if t > 0 {
		outer(grad[m.u.offset:], w.tmp, w.input(t-1))
		outer(grad[m.v.offset:], w.tmp, m.hidden(w, t-1))
		matTVec(w.du[(t-1)*m.K:t*m.K], m.u.values, w.tmp)
		matTVec(w.dh, m.v.values, w.tmp)
	}
}

// matVec adds A x to y; A is len(y) by len(x).
func matVec(y, a, x []float64) {
	n := len(x)
	for i := range y {
		y[i] += dot(x, a[i*n:(i+1)*n])
	}
}

// matTVec adds A'x to y; A is len(x) by len(y).
func matTVec(y, a, x []float64) {
	n := len(y)
	for i, v := range x {
		axpy(v, a[i*n:(i+1)*n], y)
	}
}

// outer adds x y' to the front of a.
func outer(a, x, y []float64) {
	n := len(y)
	for i, v := range x {
		axpy(v, y, a[i*n:(i+1)*n])
	}
}
