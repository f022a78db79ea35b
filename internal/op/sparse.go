package op

import (
	"slices"

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
// A row with more entries than there is room for is treated as a dense one. Whether it
// does depends on the row alone, and all sums are in the order of the rows, group
// by group.
type sparse struct {
	bound      float32
	room       int
	dW         []float32 // [V,H] unless the table is the output layer
	transposed []float32 // [H,V] likewise
	target     []float32 // [V,H] gradient of the output layer in the current run
	dBias      []float32 // of the current run
	columnsFn  func(lo, hi int)
}

// sparseRows are the rows of a group.
type sparseRows struct {
	*sparse
	count  []int32   // [N] entries of each packed row; -1: a dense one
	places []int32   // [N,room] where they stand, rising
	values []float32 // [N,room] z, then the gradient of the logits
	dy     []float32 // [B,room]

	// the dense rows of the current step, side by side
	slot []int32   // [B+1] how many of them stand before each row
	rows []int32   // which packed rows they are
	dOut []float32 // [B,gradCols]
	dh   []float32 // [B,H]
	h    []float32 // [gathered,H], where their gradients of logits are gathered
}

// sparseRoom is the part of a vocabulary beyond which a product of whole rows
// is the faster one.
const sparseRoom = 16

// sparseClasses are the classes of ids that are dealt out to the cores.
const sparseClasses = 64

func newSparse(r *rollout, share float32) *sparse {
	s := &sparse{bound: share / float32(r.V), room: max(1, r.V/sparseRoom)}
	if !r.tied {
		allocate(part{&s.dW, r.V * r.H}, part{&s.transposed, r.V * r.H})
	}
	s.columnsFn = func(lo, hi int) { s.columns(r, lo, hi) }
	return s
}

func newSparseRows(r *rollout, B, gathered int) *sparseRows {
	N := B * r.cfg.T
	s := &sparseRows{sparse: r.sparse, count: make([]int32, N), slot: make([]int32, B+1), rows: make([]int32, B)}
	s.places = make([]int32, N*s.room)
	allocate(part{&s.values, N * s.room}, part{&s.dy, B * s.room}, part{&s.dOut, B * r.gradCols}, part{&s.dh, B * r.H}, part{&s.h, gathered * r.H})
	return s
}

// keep takes the entries that count of y, the relaxed row of packed row at.
func (s *sparseRows) keep(at int, y []float32) {
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
func (s *sparse) anyDense(r *rollout) bool {
	for _, c := range r.groups {
		if slices.Min(c.sparse.count[:c.plan.N]) < 0 {
			return true
		}
	}
	return false
}

// begin lists the dense rows among the n of a step from packed row off on.
func (s *sparseRows) begin(off, n int) (dense int) {
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

// back sets dh [hi-lo,H] for rows lo..hi-1 of c's step.
func (s *sparseRows) back(c *rolloutGroup, lo, hi int, dh []float32) {
	off, H, gc := c.plan.Off[c.t], c.H, c.gradCols
	top := c.states[len(c.states)-1]
	for p := lo; p < hi; p++ {
		at, d, dh := off+p, c.dOut[p*gc:][:gc], dh[(p-lo)*H:][:H]
		n := int(s.count[at])
		if n < 0 {
			copy(s.dOut[int(s.slot[p])*gc:], d)
			copy(s.h[(c.free+int(s.slot[p]))*H:][:H], top.out[at*H:])
			continue
		}
		places, z, dy := s.places[at*s.room:][:n], s.values[at*s.room:][:n], s.dy[p*s.room:][:n]
		kernel.Scale(1/kernel.Sum(z), z)
		fed, read := d[:gc-c.De], d[gc-c.De:]
		for k, i := range places {
			dy[k] = kernel.Dot(c.reader[int(i)*c.De:][:c.De], read)
			if len(fed) > 0 {
				dy[k] += kernel.Dot(c.table[int(i)*c.E:][:c.E], fed)
			}
		}
		c.relaxation.Backward(z, z, dy, int(c.ids[at]), c.tau, c.rowKey(at))
		clear(dh)
		for k, i := range places {
			kernel.Axpy(z[k], c.WT[int(i)*H:][:H], dh)
		}
	}
	first, n := int(s.slot[lo]), int(s.slot[hi]-s.slot[lo])
	if n == 0 {
		return
	}
	c.tokensBack(s.rows[first:][:n], s.dOut[first*gc:], c.step[(c.free+first)*c.stride:], s.dh[first*H:])
	for k, at := range s.rows[first:][:n] {
		copy(dh[(int(at)-off-lo)*H:][:H], s.dh[(first+k)*H:])
	}
}

// outputBack adds the sparse rows to the gradients of the output layer: d, and dBias
// unless it is nil. With dense set they hold those of the dense rows already.
func (s *sparse) outputBack(r *rollout, d, dBias []float32, dense bool) {
	s.dBias = dBias
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
	kernel.Transpose(s.transposed, s.dW, r.V, r.H)
	kernel.Add(d, s.transposed)
}

// columns does the ids of classes lo..hi-1.
func (s *sparse) columns(r *rollout, lo, hi int) {
	H := r.H
	for _, c := range r.groups {
		top := c.states[len(c.states)-1]
		for at, count := range c.sparse.count[:c.plan.N] {
			n := max(0, int(count))
			h := top.out[at*H:][:H]
			for k, i := range c.sparse.places[at*s.room:][:n] {
				if class := int(i) % sparseClasses; class < lo || class >= hi {
					continue
				}
				d := c.sparse.values[at*s.room+k]
				if s.target != nil {
					kernel.Axpy(d, h, s.target[int(i)*H:][:H])
				}
				if s.dBias != nil {
					s.dBias[i] += d
				}
			}
		}
	}
}
