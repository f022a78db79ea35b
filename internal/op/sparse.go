package op

import (
	"textgan/internal/kernel"
)

// sparse is the way back through tokens of which few entries count. With y [V]
// the relaxed row of a token, the entries below bound are left out:
//
//	S = {i: y_i >= bound}    z = y/sum_S(y) on S    dLogits = J(z) dy / tau on S, else 0
//
// which is the gradient of the same choice among S alone, so that it adds up to
// 0 like the exact one. If the entries left out have a share d of y, and dy lies
// in an interval of length R, the two differ by at most 3 d R / tau in the sum of
// absolute values. bound is share/V, so d is below share.
//
// A row with more entries than there is room for goes the dense way. Whether it
// does depends on the row alone, and all sums are in the order of the rows.
type sparse struct {
	bound  float32
	room   int
	count  []int32   // [N] entries of each packed row; -1: a dense one
	places []int32   // [N,room] where they stand, rising
	values []float32 // [N,room] z, then the gradient of the logits
	dy     []float32 // [B,room]
	dW     []float32 // [V,H] unless the table is the output layer
	turned []float32 // [H,V] likewise

	// the dense rows of the current step, side by side
	slot      []int32 // [B+1] how many of them stand before each row
	rows      []int32 // which packed rows they are
	dOut      []float32
	h, dh     []float32 // [B,H]
	target    []float32 // [V,H] gradient of the output layer in the current run
	columnsFn func(lo, hi int)
}

// sparseRoom is the part of a vocabulary beyond which a product of whole rows
// is the faster one.
const sparseRoom = 16

// sparseClasses are the classes of ids that are dealt out to the cores.
const sparseClasses = 64

func newSparse(r *rollout, share float32) *sparse {
	B, N := r.cfg.B, r.cfg.B*r.cfg.T
	s := &sparse{bound: share / float32(r.V), room: max(1, r.V/sparseRoom), count: make([]int32, N), slot: make([]int32, B+1), rows: make([]int32, B)}
	s.places = make([]int32, N*s.room)
	parts := []part{{&s.values, N * s.room}, {&s.dy, B * s.room}, {&s.dOut, B * r.gradCols}, {&s.h, B * r.H}, {&s.dh, B * r.H}}
	if !r.tied {
		parts = append(parts, part{&s.dW, r.V * r.H}, part{&s.turned, r.V * r.H})
	}
	allocate(parts...)
	s.columnsFn = func(lo, hi int) { s.columns(r, lo, hi) }
	return s
}

// keep takes the entries that count of y, the relaxed row of packed row at.
func (s *sparse) keep(at int, y []float32) {
	places := s.places[at*s.room:][:s.room]
	n := kernel.Above(places, y, s.bound)
	s.count[at] = int32(n)
	if n <= 0 { // of a row with NaN nothing is left out
		s.count[at] = -1
		return
	}
	for k, i := range places[:n] {
		s.values[at*s.room+k] = y[i]
	}
}

// anyDense reports whether a row of the run goes the dense way.
func (s *sparse) anyDense(N int) bool {
	for _, n := range s.count[:N] {
		if n < 0 {
			return true
		}
	}
	return false
}

// begin lists the dense rows among the n of a step from packed row off on.
func (s *sparse) begin(off, n int) (dense int) {
	for p := range n {
		s.slot[p] = int32(dense)
		if s.count[off+p] < 0 {
			s.rows[dense] = int32(off + p)
			dense++
		}
	}
	s.slot[n] = int32(dense)
	return dense
}

// back sets dh [hi-lo,H] for rows lo..hi-1 of the step.
func (s *sparse) back(r *rollout, lo, hi int, dh []float32) {
	off, H, gc := r.plan.Off[r.t], r.H, r.gradCols
	top := r.layers[len(r.layers)-1]
	for p := lo; p < hi; p++ {
		at, d, dh := off+p, r.dOut[p*gc:][:gc], dh[(p-lo)*H:][:H]
		n := int(s.count[at])
		if n < 0 {
			copy(s.dOut[int(s.slot[p])*gc:], d)
			copy(s.h[int(s.slot[p])*H:][:H], top.h[at*H:])
			continue
		}
		places, z, dy := s.places[at*s.room:][:n], s.values[at*s.room:][:n], s.dy[p*s.room:][:n]
		kernel.Scale(1/kernel.Sum(z), z)
		fed, read := d[:gc-r.De], d[gc-r.De:]
		for k, i := range places {
			dy[k] = kernel.Dot(r.reader[int(i)*r.De:][:r.De], read)
			if len(fed) > 0 {
				dy[k] += kernel.Dot(r.table[int(i)*r.E:][:r.E], fed)
			}
		}
		r.cfg.Relaxation.Backward(z, z, dy, int(r.ids[at]), r.tau, r.rowKey(at))
		clear(dh)
		for k, i := range places {
			kernel.Axpy(z[k], r.WT[int(i)*H:][:H], dh)
		}
	}
	first, n := int(s.slot[lo]), int(s.slot[hi]-s.slot[lo])
	if n == 0 {
		return
	}
	r.tokensBack(s.rows[first:][:n], s.dOut[first*gc:], r.step[first*r.V:], s.dh[first*H:])
	for k, at := range s.rows[first:][:n] {
		copy(dh[(int(at)-off-lo)*H:][:H], s.dh[(first+k)*H:])
	}
}

// outputBack adds the sparse rows to the gradients of the output layer, d (nil
// if nobody asks) and dBias, where those of the dense rows are, if there are any.
func (s *sparse) outputBack(r *rollout, d []float32, dense bool) {
	switch {
	case d == nil:
		s.target = nil
	case !r.tied:
		s.target = s.dW
		clear(s.dW)
	default:
		s.target = d
		if !dense {
			clear(d)
		}
	}
	kernel.Parallel(sparseClasses, 1, s.columnsFn)
	if d == nil || r.tied {
		return
	}
	if !dense {
		kernel.Transpose(d, s.dW, r.V, r.H)
		return
	}
	kernel.Transpose(s.turned, s.dW, r.V, r.H)
	kernel.Add(d, s.turned)
}

// columns does the ids of classes lo..hi-1.
func (s *sparse) columns(r *rollout, lo, hi int) {
	H, top := r.H, r.layers[len(r.layers)-1]
	for at := range r.plan.N {
		n := max(0, int(s.count[at]))
		h := top.h[at*H:][:H]
		for k, i := range s.places[at*s.room:][:n] {
			if c := int(i) % sparseClasses; c < lo || c >= hi {
				continue
			}
			d := s.values[at*s.room+k]
			if s.target != nil {
				kernel.Axpy(d, h, s.target[int(i)*H:][:H])
			}
			if r.dBias != nil {
				r.dBias[i] += d
			}
		}
	}
}
