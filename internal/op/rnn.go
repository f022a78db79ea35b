package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// RNN runs a recurrent layer over a packed batch: x [N,In] and falling lengths
// [B] give its outputs [N,Out], with N = B*T rows of which the real tokens come
// first; the others are not read, and zero in the output. weights are those of
// the core, in its order.
//
// h0 [B,Out] is the first part of the state before the first token (h, for
// gated cells), nil for what the core starts with. cond [B,Cond] is added to
// the input's share at every step, nil for nothing: a code z that is read at
// every step is z W there, computed once.
func (g *Graph) RNN(core Core, x, lengths *G.Node, weights []*G.Node, h0, cond *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	z, N, B := core.Sizes(), x.Shape()[0], lengths.Shape()[0]
	if N%B != 0 || x.Shape()[1] != z.In || !reads(core, weights) {
		return g.fail("RNN: x %v and weights %v do not fit %d sentences and a layer that reads %d values", x.Shape(), shapes(weights), B, z.In)
	}
	if h0 != nil && !h0.Shape().Eq(tensor.Shape{B, z.Out}) {
		return g.fail("RNN: h0 %v does not fit %d sentences and %d units", h0.Shape(), B, z.Out)
	}
	if cond != nil && !cond.Shape().Eq(tensor.Shape{B, z.Cond}) {
		return g.fail("RNN: cond %v does not fit %d sentences and %d gates", cond.Shape(), B, z.Cond)
	}
	g.round(core)
	r := &rnn{core: core, Sizes: z, B: B, plan: NewPlan(N / B), out: zeros(N, z.Out), bound: make([][]float32, len(weights))}
	allocate(part{&r.share, N * z.Share}, part{&r.tape, N * z.Tape}, part{&r.prev, N * z.State}, part{&r.next, B * z.State},
		part{&r.dShare, N * z.Share}, part{&r.d, B * z.State})
	r.forwardRows, r.backwardRows = r.rows, r.rowsBack
	in := append([]*G.Node{x, lengths}, weights...)
	if h0 != nil {
		r.h0At, in = len(in), append(in, h0)
	}
	if cond != nil {
		r.condAt, in = len(in), append(in, cond)
	}
	return g.apply("RNN", r, r.out, in...)
}

func shapes(nodes []*G.Node) (s []tensor.Shape) {
	for _, n := range nodes {
		s = append(s, n.Shape())
	}
	return s
}

// rnn keeps the rows of all steps, packed; next and d are those of one step.
type rnn struct {
	core Core
	Sizes
	B            int
	plan         *Plan
	out          *tensor.Dense
	h0At, condAt int // places among the inputs; 0 for none

	share, tape, prev, next, dShare, d []float32

	bound                     [][]float32 // weights of the current run
	h0, cond, grad, dCond     []float32   // likewise
	forwardRows, backwardRows func(lo, hi int)
}

func (r *rnn) forward(in []G.Value) G.Value {
	r.plan.Set(i32(in[1]))
	for i := range r.bound {
		r.bound[i] = f32(in[2+i])
	}
	r.core.Bind(r.bound)
	if r.h0At > 0 {
		r.h0 = f32(in[r.h0At])
	}
	if r.condAt > 0 {
		r.cond = f32(in[r.condAt])
	}
	r.core.Input(r.plan.N, f32(in[0]), r.share)
	kernel.Parallel(r.B, 4, r.forwardRows)
	clear(f32(r.out)[r.plan.N*r.Out:])
	return r.out
}

// rows carries batch rows lo..hi-1 through all steps; rows do not meet.
func (r *rnn) rows(lo, hi int) {
	out := f32(r.out)
	for t := range r.plan.Steps {
		end := min(hi, r.plan.Count[t])
		if end <= lo {
			return
		}
		at, n := r.plan.Off[t]+lo, end-lo
		prev, next, share := r.prev[at*r.State:][:n*r.State], r.next[lo*r.State:][:n*r.State], r.share[at*r.Share:][:n*r.Share]
		switch {
		case t > 0:
			copyStates(r.core, n, prev, next)
		case r.h0 != nil:
			starts(r.core, n, r.h0[lo*r.Out:], prev)
		default:
			starts(r.core, n, nil, prev)
		}
		if r.cond != nil {
			addRows(share, r.cond[lo*r.Cond:], n, r.Cond, r.Share)
		}
		r.core.Step(n, t == 0 && r.h0 == nil, share, prev, next, out[at*r.Out:], r.tape[at*r.Tape:])
	}
}

func (r *rnn) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	n := r.plan.N
	r.grad = f32(grad)
	r.core.BindBack()
	clear(r.d)
	if r.condAt > 0 {
		r.dCond = dIn[r.condAt]
		clear(r.dCond)
	}
	kernel.Parallel(r.B, 4, r.backwardRows)
	dx := dIn[0]
	r.core.InputBack(n, r.dShare, dx)
	if dx != nil {
		clear(dx[n*r.In:])
	}
	r.core.Grads(n, f32(in[0]), r.share, r.prev, r.tape, r.dShare, dIn[2:2+len(r.bound)])
	if r.h0At > 0 && dIn[r.h0At] != nil {
		headsOf(dIn[r.h0At], r.d, r.Out, r.State)
	}
}

func (r *rnn) rowsBack(lo, hi int) {
	for t := r.plan.Steps - 1; t >= 0; t-- {
		end := min(hi, r.plan.Count[t])
		if end <= lo {
			continue
		}
		at, n := r.plan.Off[t]+lo, end-lo
		dShare := r.dShare[at*r.Share:][:n*r.Share]
		r.core.StepBack(n, r.share[at*r.Share:], r.prev[at*r.State:], r.tape[at*r.Tape:], r.grad[at*r.Out:], r.d[lo*r.State:], dShare)
		if r.dCond != nil {
			for i := range n {
				kernel.Add(r.dCond[(lo+i)*r.Cond:][:r.Cond], dShare[i*r.Share:][:r.Cond])
			}
		}
	}
}
