package op

import (
	"gorgonia.org/tensor"

	"textgan/internal/feedback"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// A block of rows is what is worked on at a time: few enough that their logits
// stay in the cache of a core, enough that reading the output layer for them is
// cheap.
const blockRows = 16

// ownCache is how many values of an output layer a core keeps in its cache. A
// larger one is read anew for every block, which then has twice as many rows.
var ownCache = 1 << 18

// gatherRows rows of gradients of logits are gathered, over several steps if
// they have few, before they are added to the gradient of the output weights,
// all of which that reads and writes. If they are more than a core's cache holds
// (see ownCache), that is done for two such runs of rows at a time, block of columns by
// block: the sums are those of one run after the other.
const gatherRows = 64

// prefetchColumns are the columns of a product that is interrupted to ask for
// what is needed next: whole tiles of every instruction set.
const prefetchColumns = 480

// rolloutGroup is a run of the sentences with memory and gradients of its own,
// so that two cores need not meet between the first token and the last; see
// groups.
//
// Inside, tokens are packed by time: step t has the sentences that are still
// being written, row[at] is the sentence and prev[at] its place at step t-1.
type rolloutGroup struct {
	*rollout
	first, B    int // its sentences
	plan        *Plan
	row, prev   []int32
	token       []int32 // which of [B,T] each packed row is
	ids, readID []int32 // id emitted by, and id read by (-1: a soft token), each packed row
	states      []*rolloutState
	sparse      *sparseRows // nil: every way back is dense
	y           []float32   // [N,stride] what the relaxation keeps
	step        []float32   // [room,stride]: logits of the current step; gradients of y, then of the logits
	x           []float32   // [N,E] what the first layer reads
	soft        []float32   // [B,softCols] soft tokens of the current step

	dOut       []float32   // [B,gradCols]
	dx         []float32   // [N,E]
	dFeed      []float32   // [N,E] gradient of what the next step read of each token
	dh         []float32   // [B,H]
	dOutPacked []float32   // [N,De]
	mean       []float32   // [B,De] of a joint way back: what the other sentences say, in the reader's columns
	others     []float32   // [B,V] the same in those of y
	d          [][]float32 // its share of the gradient of each input of the net but the table; output weights [H,V]

	t        int
	gathered int  // rows of a run of gradients that is added up at once
	room     int  // rows of step: one run or two
	cut      int  // row of step behind the last of the run that grows; the one from here on is whole
	free     int  // how many of them, from the first on, hold no gradients of logits
	begun    bool // the gradient of the output weights holds something
}

// rolloutState is one recurrent layer's memory, packed by time. See Core.
type rolloutState struct {
	share, tape, prev, out []float32
	dShare                 []float32
	next, d, dx            []float32 // of the current step: next state, gradient of a state, and of what the layer read
}

// newRolloutGroup returns the group of B sentences from first on. needs tells
// which inputs want a gradient.
func newRolloutGroup(r *rollout, first, B int, needs []bool) *rolloutGroup {
	N, V := B*r.cfg.T, r.V
	c := &rolloutGroup{rollout: r, first: first, B: B, plan: NewPlan(r.cfg.T), gathered: B, d: make([][]float32, len(needs))}
	if r.needNet {
		c.gathered = max(B, min(N, gatherRows))
	}
	c.room = c.gathered
	if r.needNet && r.H*V > ownCache && N >= 2*c.gathered {
		c.room *= 2
	}
	for _, p := range []*[]int32{&c.row, &c.prev, &c.token, &c.ids, &c.readID} {
		*p = make([]int32, N)
	}
	parts := []part{{&c.y, N * r.stride}, {&c.step, c.room * r.stride}, {&c.x, N * r.E}, {&c.soft, B * r.softCols}}
	if r.needNet {
		parts = append(parts, part{&c.dOut, B * r.gradCols}, part{&c.dx, N * r.E}, part{&c.dFeed, N * r.E}, part{&c.dh, B * r.H})
	}
	if r.joint != nil {
		parts = append(parts, part{&c.mean, B * r.De}, part{&c.others, B * V})
	}
	if r.needTable {
		parts = append(parts, part{&c.dOutPacked, N * r.De})
	}
	if r.sparse != nil {
		c.sparse = newSparseRows(r, B, c.room)
	}
	sizes := []int{0, r.H * V, V}
	for _, l := range r.layers {
		s := new(rolloutState)
		parts = append(parts, part{&s.share, N * l.Share}, part{&s.tape, N * l.Tape}, part{&s.prev, N * l.State}, part{&s.out, N * l.Out}, part{&s.next, B * l.State})
		if r.needNet {
			parts = append(parts, part{&s.dShare, N * l.Share}, part{&s.d, B * l.State}, part{&s.dx, B * l.In})
		}
		c.states = append(c.states, s)
		for _, w := range l.core.Weights() {
			sizes = append(sizes, tensor.Shape(w.Shape).TotalSize())
		}
	}
	for i, size := range sizes {
		if needs[i] {
			parts = append(parts, part{&c.d[i], size})
		}
	}
	allocate(parts...)
	return c
}

// rows is how many sentences the current step has.
func (c *rolloutGroup) rows() int {
	if c.t >= c.cfg.T {
		return 0
	}
	return c.plan.Count[c.t]
}

// blocks is how many blocks the rows of the current step make.
func (c *rolloutGroup) blocks() int { return (c.rows() + c.blockRows - 1) / c.blockRows }

// block returns the rows of block b.
func (c *rolloutGroup) block(b int) (lo, hi int) {
	return b * c.blockRows, min((b+1)*c.blockRows, c.rows())
}

// begin prepares the first step.
func (c *rolloutGroup) begin() {
	T, lengths := c.cfg.T, i32(c.lengths)
	clear(f32(c.out)[c.first*T*c.De:][:c.B*T*c.De])
	clear(c.plan.Count)
	c.t, c.plan.Off[0], c.plan.Count[0], c.plan.N, c.plan.Steps = 0, 0, c.B, c.B, 1
	for p := range c.B {
		c.place(p, int32(c.first+p), p)
		c.readID[p] = c.cfg.Bos
		copy(c.x[p*c.E:][:c.E], c.table[int(c.cfg.Bos)*c.E:])
		lengths[c.first+p] = int32(T)
	}
	for i, l := range c.layers {
		c.conditioning.begin(i, c.first, c.B, l, c.states[i].prev)
	}
}

// place puts token t of a sentence, whose place at step t-1 was prev, into packed
// row at.
func (c *rolloutGroup) place(at int, sentence int32, prev int) {
	c.row[at], c.prev[at], c.token[at] = sentence, int32(prev), sentence*int32(c.cfg.T)+int32(c.t)
}

// emit writes the tokens of packed rows lo..hi-1 of the step.
func (c *rolloutGroup) emit(lo, hi int) {
	at, n, V := c.plan.Off[c.t]+lo, hi-lo, c.V
	x := c.x[at*c.E:]
	for i, l := range c.layers {
		s := c.states[i]
		share := s.share[at*l.Share:][:n*l.Share]
		l.core.Input(n, x, share)
		if i == 0 {
			c.conditioning.add(share, c.row[at:at+n], l.Sizes)
		}
		start := c.t == 0 && c.conditioning.h0At == 0
		l.core.Step(n, start, share, s.prev[at*l.State:], s.next[lo*l.State:], s.out[at*l.Out:], s.tape[at*l.Tape:])
		x = s.out[at*l.Out:]
	}
	// The kept rows are larger than a cache: each is written once, when it is complete.
	ld := c.stride
	y := c.step[lo*ld:][:n*ld]
	c.held.W.GemmBias(n, x, c.H, c.bias, y, ld)
	for i := range n {
		row := y[i*ld:][:V]
		c.ids[at+i] = int32(c.cfg.Relaxation.Forward(row, c.tau, c.rowKey(at+i)))
		kernel.Stream(c.y[(at+i)*ld:][:V], row)
		if c.sparse != nil {
			c.sparse.keep(at+i, row)
		}
	}
	if c.softCols > 0 {
		c.held.softTable.Gemm(0, c.softCols, n, 1, y, ld, 0, c.soft[lo*c.softCols:], c.softCols)
	}
	out := f32(c.out)
	for i := range n {
		token := out[int(c.token[at+i])*c.De:][:c.De]
		if c.softOut {
			copy(token, c.soft[(lo+i+1)*c.softCols-c.De:])
		} else {
			copy(token, c.reader[int(c.ids[at+i])*c.De:])
		}
	}
}

func (c *rolloutGroup) rowKey(at int) rng.Key {
	k := c.key
	sentence, t := int(c.token[at])/c.cfg.T, int(c.token[at])%c.cfg.T
	k.Row = uint32(c.names.row(sentence)*c.cfg.T + t)
	return k
}

// advance prepares the next step: the sentences that did not end move up, with
// their states and with what they read next.
func (c *rolloutGroup) advance() {
	from, count, next := c.plan.Off[c.t], c.rows(), c.plan.N
	lengths := i32(c.lengths)
	c.t++
	for p := range count {
		sentence, id := c.row[from+p], c.ids[from+p]
		if id == c.cfg.Eos {
			lengths[sentence] = int32(c.t)
			continue
		}
		if c.t == c.cfg.T {
			continue
		}
		to := c.plan.N
		c.plan.N++
		c.place(to, sentence, p)
		x := c.x[to*c.E:][:c.E]
		if c.softFeed {
			c.readID[to] = -1
			copy(x, c.soft[p*c.softCols:])
		} else {
			c.readID[to] = id
			copy(x, c.table[int(id)*c.E:])
		}
		for i, l := range c.layers {
			s := c.states[i]
			copyStates(l.core, 1, s.prev[to*l.State:], s.next[p*l.State:])
		}
	}
	if n := c.plan.N - next; n > 0 {
		c.plan.Off[c.t], c.plan.Count[c.t], c.plan.Steps = next, n, c.t+1
	}
}

// packGrad lays the gradient of the tokens out as they are packed.
func (c *rolloutGroup) packGrad() {
	for at, token := range c.token[:c.plan.N] {
		copy(c.dOutPacked[at*c.De:][:c.De], c.grad[int(token)*c.De:])
	}
}

func (c *rolloutGroup) beginBack() {
	c.free, c.cut, c.begun = c.room, c.room, false
	clear(c.d[2])
}

// carry goes back to step t: it moves the gradients of step t+1's states and
// input to the places that their sentences had, none of them further up.
func (c *rolloutGroup) carry(t int) {
	c.t = t
	n, from := c.rows(), c.plan.Off[t]
	if c.sparse != nil {
		c.free -= c.sparse.begin(from, n)
	} else {
		c.free -= n
	}
	clear(c.dFeed[from*c.E:][:n*c.E])
	// From the last row down: a sentence moves to a row at or after its present one, so no
	// row is overwritten before it has moved.
	end := n
	if t+1 < c.plan.Steps {
		at := c.plan.Off[t+1]
		for q := c.plan.Count[t+1] - 1; q >= 0; q-- {
			p := int(c.prev[at+q])
			copy(c.dFeed[(from+p)*c.E:][:c.E], c.dx[(at+q)*c.E:])
			for i, l := range c.layers {
				s := c.states[i]
				d, used := s.d, l.core.Used(s.prev[(at+q)*l.State:])
				copy(d[p*l.State:][:used], d[q*l.State:])
				clear(d[(p+1)*l.State : end*l.State])
			}
			end = p
		}
	}
	for i, l := range c.layers {
		clear(c.states[i].d[:end*l.State])
	}
}

// rowsBack goes back through the tokens of packed rows lo..hi-1 of the step.
func (c *rolloutGroup) rowsBack(lo, hi int) {
	at, n, gc := c.plan.Off[c.t]+lo, hi-lo, c.gradCols
	for i := range n {
		d := c.dOut[(lo+i)*gc:][:gc]
		if c.cfg.Feedback != feedback.Detached {
			copy(d, c.dFeed[(at+i)*c.E:][:c.E])
		}
		copy(d[gc-c.De:], c.grad[int(c.token[at+i])*c.De:])
	}
	dh := c.dh[lo*c.H:][:n*c.H]
	if c.joint != nil {
		c.joint.tokensBack(c, lo, hi, dh)
	} else if c.sparse != nil {
		c.sparse.back(c, lo, hi, dh)
	} else {
		c.tokensBack(c.every[at:at+n], c.dOut[lo*gc:], c.step[(c.free+lo)*c.stride:], dh)
	}
	for i := len(c.layers) - 1; i >= 0; i-- {
		l, s := c.layers[i], c.states[i]
		dShare, dx := s.dShare[at*l.Share:][:n*l.Share], s.dx[lo*l.In:hi*l.In]
		l.core.StepBack(n, s.share[at*l.Share:], s.prev[at*l.State:], s.tape[at*l.Tape:], dh, s.d[lo*l.State:], dShare)
		if i == 0 {
			c.conditioning.addBack(dShare, c.row[at:at+n], l.Sizes)
			dx = c.dx[at*l.In:][:n*l.In]
		}
		l.core.InputBack(n, dShare, dx)
		dh = dx
	}
}

// tokensBack sets dLogits [n,stride] and dh [n,H] for n packed rows from dOut
// [n,gradCols].
func (c *rolloutGroup) tokensBack(rows []int32, dOut, dLogits, dh []float32) {
	n, V, ld, gc := len(rows), c.V, c.stride, c.gradCols
	for from := 0; from < V; from += prefetchColumns {
		// y comes from memory, so it is asked for during the products.
		cols := min(prefetchColumns, V-from)
		for _, at := range rows {
			kernel.Prefetch(c.y[int(at)*ld+from:][:cols])
		}
		c.held.gradTable.Gemm(from, cols, n, 1, dOut, gc, 0, dLogits[from:], ld)
	}
	for i, at := range rows {
		d, at := dLogits[i*ld:][:V], int(at)
		c.relaxation.Backward(d, c.y[at*ld:][:V], d, int(c.ids[at]), c.tau, c.rowKey(at))
	}
	c.held.WT.Gemm(0, c.H, n, 1, dLogits, ld, 0, dh, c.H)
}

// full reports whether the run that grows is at its end: it has no place for the rows of the
// step before, or there is none.
func (c *rolloutGroup) full() bool {
	return c.t == 0 || c.free < c.cut-c.gathered+c.plan.Count[c.t-1]
}

// due reports whether what was gathered has to be added to the gradients of the
// output layer.
func (c *rolloutGroup) due() bool {
	last := c.t == 0 || c.cut < c.room || c.room == c.gathered
	return c.free < c.room && last && c.full()
}

// columnsBack adds what was gathered, if it is due, to columns lo..hi-1 of the
// gradients of the output layer. The steps gathered are one run of packed rows, or
// two, the later steps first.
func (c *rolloutGroup) columnsBack(lo, hi int) {
	if !c.due() {
		return
	}
	h := c.states[len(c.states)-1].out[c.plan.Off[c.t]*c.H:]
	if c.sparse != nil {
		h = c.sparse.h[c.free*c.H:]
	}
	for j := lo; j < hi; j += columnsAtOnce {
		cols, beta := min(columnsAtOnce, hi-j), float32(0)
		if c.begun {
			beta = 1
		}
		for _, run := range [2][2]int{{c.cut, c.room}, {c.free, c.cut}} {
			n, h, d := run[1]-run[0], h[(run[0]-c.free)*c.H:], c.step[run[0]*c.stride:]
			if n == 0 {
				continue
			}
			if dW := c.d[1]; dW != nil {
				c.Gemm(true, false, c.H, cols, n, 1, h, c.H, d[j:], c.stride, beta, dW[j:], c.V)
			}
			if db := c.d[2]; db != nil {
				kernel.AddColumnSums(db[j:j+cols], d[j:], n, cols, c.stride)
			}
			beta = 1
		}
	}
}

// passed makes room after columnsBack, or begins the second run.
func (c *rolloutGroup) passed() {
	switch {
	case c.due():
		c.free, c.cut, c.begun = c.room, c.room, true
	case c.free < c.cut && c.full():
		c.cut = c.free
	}
}

// weightsBack forms the gradients of the recurrent layers.
func (c *rolloutGroup) weightsBack() {
	x, N := c.x, c.plan.N
	for i, l := range c.layers {
		s := c.states[i]
		l.core.Grads(N, x, s.share, s.prev, s.tape, s.dShare, c.d[l.first:][:len(l.bound)])
		x = s.out
	}
}
