package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// RNN runs a recurrent layer over a whole packed batch: x [N,E] and lengths
// [B] give h [N,H], with N = B*T rows of which the real tokens come first; the
// others are not read, and zero in h.
// Wx [E,GH], Wh [H,GH], b [4H]; h0 [B,H] is the state before the first token,
// nil for zero (the LSTM's c starts at zero).
func (g *Graph) RNN(cell Cell, x, lengths, Wx, Wh, b, h0 *G.Node) *G.Node {
	return g.ConditionedRNN(cell, x, lengths, Wx, Wh, b, h0, nil)
}

// ConditionedRNN is RNN with cond [B,GH], one row a sentence, added to the
// input's share of the gates at every step; nil for nothing. A code z that is
// read at every step is z W there, computed once.
func (g *Graph) ConditionedRNN(cell Cell, x, lengths, Wx, Wh, b, h0, cond *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	N, E, H, B := x.Shape()[0], x.Shape()[1], Wh.Shape()[0], lengths.Shape()[0]
	GH := cell.Gates() * H
	if N%B != 0 || Wx.Shape()[0] != E || Wx.Shape()[1] != GH || Wh.Shape()[1] != GH || b.Shape()[0] != 4*H {
		return g.fail("RNN: x %v, Wx %v, Wh %v, b %v do not fit", x.Shape(), Wx.Shape(), Wh.Shape(), b.Shape())
	}
	if h0 != nil && (h0.Shape()[0] != B || h0.Shape()[1] != H) {
		return g.fail("RNN: h0 %v does not fit %d sentences and %d units", h0.Shape(), B, H)
	}
	if cond != nil && (cond.Shape()[0] != B || cond.Shape()[1] != GH) {
		return g.fail("RNN: cond %v does not fit %d sentences and %d gates", cond.Shape(), B, GH)
	}
	r := &rnn{cell: cell, B: B, E: E, H: H, GH: GH, plan: NewPlan(N / B), h: zeros(N, H)}
	for _, s := range []struct {
		p    *[]float32
		size int
	}{
		{&r.act, N * GH}, {&r.rec, B * GH}, {&r.aux, N * H}, {&r.c, N * H}, {&r.hPrev, N * H}, {&r.cPrev, N * H},
		{&r.dgx, N * GH}, {&r.dh, B * H}, {&r.dhRec, B * H}, {&r.dc, B * H}, {&r.WhT, GH * H}, {&r.WxT, GH * E},
	} {
		*s.p = make([]float32, s.size)
	}
	r.drec = r.dgx
	if cell == GRU {
		r.drec = make([]float32, N*GH)
	}
	r.forwardRows, r.backwardRows = r.rows, r.rowsBack
	in := []*G.Node{x, lengths, Wx, Wh, b}
	if h0 != nil {
		r.h0At, in = len(in), append(in, h0)
	}
	if cond != nil {
		r.condAt, in = len(in), append(in, cond)
	}
	return g.apply("RNN", r, r.h, in...)
}

type rnn struct {
	cell         Cell
	B, E, H, GH  int
	plan         *Plan
	h            *tensor.Dense
	h0At, condAt int // places among the inputs; 0 for none

	act, rec, aux, c, hPrev, cPrev []float32
	dgx, drec, dh, dhRec, dc       []float32
	WhT, WxT                       []float32

	Wh, bias, h0, cond, grad  []float32 // of the current run
	dCond                     []float32
	forwardRows, backwardRows func(lo, hi int)
}

func (r *rnn) forward(in []G.Value) G.Value {
	r.plan.Set(i32(in[1]))
	n := r.plan.N
	r.Wh, r.bias = f32(in[3]), f32(in[4])
	if r.h0At > 0 {
		r.h0 = f32(in[r.h0At])
	}
	if r.condAt > 0 {
		r.cond = f32(in[r.condAt])
	}
	kernel.GemmBias(false, false, n, r.GH, r.E, f32(in[0]), r.E, f32(in[2]), r.GH, r.bias[:r.GH], r.act, r.GH)
	kernel.Parallel(r.B, 4, r.forwardRows)
	clear(f32(r.h)[n*r.H:])
	return r.h
}

// rows carries batch rows lo..hi-1 through all steps; rows do not meet.
func (r *rnn) rows(lo, hi int) {
	H, GH, h := r.H, r.GH, f32(r.h)
	for t := range r.plan.Steps {
		end := min(hi, r.plan.Count[t])
		if end <= lo {
			return
		}
		at, n := r.plan.Off[t]+lo, end-lo
		hp, cp, rec := r.hPrev[at*H:][:n*H], r.cPrev[at*H:][:n*H], r.rec[lo*GH:][:n*GH]
		switch {
		case t > 0:
			was := r.plan.Off[t-1] + lo
			copy(hp, h[was*H:][:n*H])
			copy(cp, r.c[was*H:][:n*H])
		case r.h0 != nil:
			copy(hp, r.h0[lo*H:])
			clear(cp)
		default:
			clear(hp)
			clear(cp)
		}
		act := r.act[at*GH:][:n*GH]
		if r.cond != nil {
			kernel.Add(act, r.cond[lo*GH:][:n*GH])
		}
		switch first := t == 0 && r.h0 == nil; {
		case r.cell == LSTM:
			if rec = nil; !first {
				kernel.Gemm(false, false, n, GH, H, 1, hp, H, r.Wh, GH, 1, act, GH)
			}
		case first:
			clear(rec)
		default:
			kernel.Gemm(false, false, n, GH, H, 1, hp, H, r.Wh, GH, 0, rec, GH)
		}
		r.cell.step(n, H, act, rec, r.bias, hp, cp, act, r.aux[at*H:], h[at*H:], r.c[at*H:])
	}
}

func (r *rnn) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	n, H, GH, E := r.plan.N, r.H, r.GH, r.E
	r.grad = f32(grad)
	kernel.Transpose(r.WhT, r.Wh, H, GH)
	clear(r.dhRec)
	clear(r.dc)
	if r.condAt > 0 {
		r.dCond = dIn[r.condAt]
		clear(r.dCond)
	}
	kernel.Parallel(r.B, 4, r.backwardRows)
	if dx := dIn[0]; dx != nil {
		kernel.Transpose(r.WxT, f32(in[2]), E, GH)
		kernel.Gemm(false, false, n, E, GH, 1, r.dgx, GH, r.WxT, E, 0, dx, E)
		clear(dx[n*E:])
	}
	if dWx := dIn[2]; dWx != nil {
		kernel.Gemm(true, false, E, GH, n, 1, f32(in[0]), E, r.dgx, GH, 0, dWx, GH)
	}
	if dWh := dIn[3]; dWh != nil {
		kernel.Gemm(true, false, H, GH, n, 1, r.hPrev, H, r.drec, GH, 0, dWh, GH)
	}
	if db := dIn[4]; db != nil {
		biasGrad(r.cell, db, r.dgx, r.drec, n, H)
	}
	if r.h0At > 0 && dIn[r.h0At] != nil {
		copy(dIn[r.h0At], r.dhRec)
	}
}

// biasGrad sums the gate gradients of n rows into db [4H].
func biasGrad(cell Cell, db, dgx, drec []float32, n, H int) {
	GH := cell.Gates() * H
	clear(db)
	kernel.AddColumnSums(db[:GH], dgx, n, GH, GH)
	if cell == GRU && n > 0 {
		kernel.AddColumnSums(db[3*H:], drec[2*H:], n, H, GH)
	}
}

func (r *rnn) rowsBack(lo, hi int) {
	H, GH := r.H, r.GH
	for t := r.plan.Steps - 1; t >= 0; t-- {
		end := min(hi, r.plan.Count[t])
		if end <= lo {
			continue
		}
		at, n := r.plan.Off[t]+lo, end-lo
		dh, dhRec, dc := r.dh[lo*H:][:n*H], r.dhRec[lo*H:][:n*H], r.dc[lo*H:][:n*H]
		copy(dh, r.grad[at*H:][:n*H])
		kernel.Add(dh, dhRec)
		r.cell.stepBack(n, H, r.act[at*GH:], r.aux[at*H:], r.hPrev[at*H:], r.cPrev[at*H:], dh, dc, r.dgx[at*GH:], r.drec[at*GH:], dhRec)
		kernel.Gemm(false, false, n, H, GH, 1, r.drec[at*GH:], GH, r.WhT, H, 1, dhRec, H)
		if r.dCond != nil {
			kernel.Add(r.dCond[lo*GH:][:n*GH], r.dgx[at*GH:][:n*GH])
		}
	}
}
