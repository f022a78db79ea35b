package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Sequences takes embedded sentences x [B,T,E] with lengths [B] in any order and
// packs them for RNN: rows [B*T,E] of the sentences from the longest to the
// shortest, equally long ones in their order, and the lengths [B] in that order.
// At step t a row is token t of its sentence or, reversed, token length-1-t.
// Pool undoes the order.
func (g *Graph) Sequences(x, lengths *G.Node, reversed bool) (packed, falling *G.Node) {
	if g.err != nil {
		return nil, nil
	}
	B, T, E := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	if lengths.Shape()[0] != B {
		return g.fail("Sequences: lengths %v do not fit x %v", lengths.Shape(), x.Shape()), nil
	}
	s := &sequences{fallingOrder: newFallingOrder(B, T), E: E, reversed: reversed, y: zeros(B*T, E)}
	s.copyFn = s.copyRows
	packed = g.apply("Sequences", s, s.y, x, lengths)
	return packed, g.side("SequencesLengths", s.falling, packed)
}

// fallingOrder puts the sentences of a batch in the order of falling lengths.
type fallingOrder struct {
	T       int
	place   []int // in that order, of each sentence
	starts  []int // scratch: the next place for a sentence of each length
	falling *tensor.Dense
	plan    *Plan
}

func newFallingOrder(B, T int) fallingOrder {
	return fallingOrder{T: T, place: make([]int, B), starts: make([]int, T+1), falling: tensor.New(tensor.Of(tensor.Int32), tensor.WithShape(B)), plan: NewPlan(T)}
}

func (o *fallingOrder) set(lengths []int32) {
	checkLengths(lengths, o.T)
	clear(o.starts)
	for _, n := range lengths {
		for shorter := range int(n) {
			o.starts[shorter]++
		}
	}
	falling := i32(o.falling)
	for b, n := range lengths {
		o.place[b] = o.starts[n]
		o.starts[n]++
		falling[o.place[b]] = n
	}
	o.plan.Set(falling)
}

// row is the packed row of step t of sentence b.
func (o *fallingOrder) row(b, t int) int { return o.plan.Off[t] + o.place[b] }

type sequences struct {
	fallingOrder
	E        int
	reversed bool
	y        *tensor.Dense

	lengths   []int32 // of the current run
	x, packed []float32
	back      bool // from packed rows to x
	copyFn    func(lo, hi int)
}

func (s *sequences) forward(in []G.Value) G.Value {
	s.lengths = i32(in[1])
	s.set(s.lengths)
	s.x, s.packed, s.back = f32(in[0]), f32(s.y), false
	kernel.Parallel(len(s.place), 4, s.copyFn)
	clear(s.packed[s.plan.N*s.E:])
	return s.y
}

func (s *sequences) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	s.x, s.packed, s.back = dIn[0], f32(grad), true
	kernel.Parallel(len(s.place), 4, s.copyFn)
}

func (s *sequences) copyRows(lo, hi int) {
	E := s.E
	for b := lo; b < hi; b++ {
		x, n := s.x[b*s.T*E:][:s.T*E], int(s.lengths[b])
		for t := range n {
			at := t
			if s.reversed {
				at = n - 1 - t
			}
			token, row := x[at*E:][:E], s.packed[s.row(b, t)*E:][:E]
			if s.back {
				copy(token, row)
			} else {
				copy(row, token)
			}
		}
		if s.back {
			clear(x[n*E:])
		}
	}
}

// Pool sums sentences up that two layers have read, one from their beginning and
// one from their end, as Sequences packs them: forwards [N,H] and backwards [N,H]
// with N = B*T, lengths [B] in the order of the sentences. Of the states h_t [2H] of
// a sentence, those of both layers at a token side by side, it gives
//
//	mean_t h_t | max_t h_t | sum_t a_t h_t    a = softmax(h query)
//
// [B,6H]; zero for a sentence without tokens. query [2H].
func (g *Graph) Pool(forwards, backwards, query, lengths *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	N, H, B := forwards.Shape()[0], forwards.Shape()[1], lengths.Shape()[0]
	if !backwards.Shape().Eq(forwards.Shape()) || query.Shape().TotalSize() != 2*H || N%B != 0 {
		return g.fail("Pool: states %v and %v and a query %v do not fit %d sentences", forwards.Shape(), backwards.Shape(), query.Shape(), B)
	}
	p := &pool{fallingOrder: newFallingOrder(B, N/B), H: H, y: zeros(B, 6*H)}
	allocate(part{&p.weights, N}, part{&p.dLogits, N}, part{&p.dh, B * 2 * H})
	p.best = make([]int32, B*2*H)
	p.sentencesFn, p.backFn = p.sentences, p.sentencesBack
	return g.apply("Pool", p, p.y, forwards, backwards, query, lengths)
}

type pool struct {
	fallingOrder
	H                int
	y                *tensor.Dense
	weights, dLogits []float32 // [B,T] of the attention
	best             []int32   // [B,2H] token of each maximum
	dh               []float32 // [B,2H] scratch

	h, dhs              [2][]float32 // of the current run
	query, grad         []float32
	lengths             []int32
	sentencesFn, backFn func(lo, hi int)
}

// states are the rows of both layers at token t of sentence b.
func (p *pool) states(h [2][]float32, b, t int) (forwards, backwards []float32) {
	i, j := p.row(b, t)*p.H, p.row(b, int(p.lengths[b])-1-t)*p.H
	if h[0] != nil {
		forwards = h[0][i:][:p.H]
	}
	if h[1] != nil {
		backwards = h[1][j:][:p.H]
	}
	return forwards, backwards
}

func (p *pool) forward(in []G.Value) G.Value {
	p.h, p.query, p.lengths = [2][]float32{f32(in[0]), f32(in[1])}, f32(in[2]), i32(in[3])
	p.set(p.lengths)
	kernel.Parallel(len(p.place), 1, p.sentencesFn)
	return p.y
}

func (p *pool) sentences(lo, hi int) {
	H := p.H
	for b := lo; b < hi; b++ {
		y, n := f32(p.y)[b*6*H:][:6*H], int(p.lengths[b])
		clear(y)
		if n == 0 {
			continue
		}
		mean, top, attended := y[:2*H], y[2*H:4*H], y[4*H:]
		best, a := p.best[b*2*H:][:2*H], p.weights[b*p.T:][:n]
		for t := range n {
			f, r := p.states(p.h, b, t)
			a[t] = kernel.Dot(f, p.query[:H]) + kernel.Dot(r, p.query[H:])
			kernel.Add(mean[:H], f)
			kernel.Add(mean[H:], r)
			for k, h := range [2][]float32{f, r} {
				for j, v := range h {
					if j += k * H; t == 0 || v > top[j] {
						top[j], best[j] = v, int32(t)
					}
				}
			}
		}
		kernel.Scale(1/float32(n), mean)
		kernel.SoftmaxScaled(a, a, 1)
		for t, w := range a {
			f, r := p.states(p.h, b, t)
			kernel.Axpy(w, f, attended[:H])
			kernel.Axpy(w, r, attended[H:])
		}
	}
}

func (p *pool) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	p.grad, p.dhs = f32(grad), [2][]float32{dIn[0], dIn[1]}
	kernel.Parallel(len(p.place), 1, p.backFn)
	for _, d := range p.dhs {
		if d != nil {
			clear(d[p.plan.N*p.H:])
		}
	}
	d := dIn[2]
	if d == nil {
		return
	}
	clear(d)
	for b, n := range p.lengths {
		for t, w := range p.dLogits[b*p.T:][:n] {
			f, r := p.states(p.h, b, t)
			kernel.Axpy(w, f, d[:p.H])
			kernel.Axpy(w, r, d[p.H:])
		}
	}
}

func (p *pool) sentencesBack(lo, hi int) {
	H := p.H
	for b := lo; b < hi; b++ {
		n := int(p.lengths[b])
		if n == 0 {
			continue
		}
		g, a, d := p.grad[b*6*H:][:6*H], p.weights[b*p.T:][:n], p.dLogits[b*p.T:][:n]
		dMean, dTop, dAttended := g[:2*H], g[2*H:4*H], g[4*H:]
		for t := range n {
			f, r := p.states(p.h, b, t)
			d[t] = kernel.Dot(f, dAttended[:H]) + kernel.Dot(r, dAttended[H:])
		}
		kernel.SoftmaxBackward(d, a, d, 1)
		best, dh := p.best[b*2*H:][:2*H], p.dh[b*2*H:][:2*H]
		for t := range n {
			for j := range dh {
				dh[j] = dMean[j]/float32(n) + a[t]*dAttended[j] + d[t]*p.query[j]
				if int(best[j]) == t {
					dh[j] += dTop[j]
				}
			}
			f, r := p.states(p.dhs, b, t)
			copy(f, dh[:H])
			copy(r, dh[H:])
		}
	}
}
