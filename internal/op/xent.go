package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
	"textgan/internal/memory"
)

// chunkBytes bounds the logits of a group that are alive at once: few enough to
// stay in the last-level cache, enough rows that reading the weights once a chunk
// is cheap: minChunk at least, however many words there are. maxChunk rows are
// enough, and one block of steps of the kernels.
const chunkBytes, minChunk, maxChunk = 4 << 20, 48, 128

// Of less than fewRows rows there is one group.
const fewRows = 64

// Of the rows and columns of a chunk, as many as fit the cache of a core are
// worked on at a time.
const rowsAtOnce, columnsAtOnce = 64, 192

// PackedXent is the output layer with its cross-entropy, without ever holding
// all logits:
//
//	loss = sum over real tokens of w[b,t] * -log softmax(h W + b)[ids[b,t]]
//
// h [N,H] packed, W [H,V] (or, tied, a table [V,H]), b [V], ids [B,T], falling
// lengths [B], weights [B,T]. One operation serves maximum likelihood (w = 1/n),
// REINFORCE (w = advantage) and reconstruction. Gradients are formed in the
// forward pass, while the logits are in cache, and scaled in the backward one.
func (g *Graph) PackedXent(h, W, b, ids, lengths, weights *G.Node, tied bool) *G.Node {
	n, _ := g.PackedXentTokens(h, W, b, ids, lengths, weights, tied)
	return n
}

// PackedXentTokens also returns where the -log p of every real token [B,T] is
// left after a run, zero behind a sentence's end.
func (g *Graph) PackedXentTokens(h, W, b, ids, lengths, weights *G.Node, tied bool) (*G.Node, []float32) {
	return g.PackedXentToward(h, W, b, ids, lengths, weights, tied, nil)
}

// Toward is another model of the same words whose distribution at every place is a target
// too: h [N,H'] packed, W [H',V] (or, tied, a table [V,H']), b [V], and what it weighs
// there, [B,T]. No gradient goes to it.
type Toward struct {
	H, W, B, Weights *G.Node
	Tied             bool
}

// PackedXentToward is PackedXentTokens with the cross-entropy to another model besides:
//
//	loss = sum over real tokens of w[b,t] * -log p(ids[b,t]) + w'[b,t] * sum_k q(k) * -log p(k)
//
// with p = softmax(h W + b), and q and w' those of to. Weights may have any sign; logits
// are finite. Where to is nil there is no such thing.
func (g *Graph) PackedXentToward(h, W, b, ids, lengths, weights *G.Node, tied bool, to *Toward) (*G.Node, []float32) {
	if g.err != nil {
		return nil, nil
	}
	N, H, V := h.Shape()[0], h.Shape()[1], b.Shape()[0]
	B, T := ids.Shape()[0], ids.Shape()[1]
	if !isOutput(W, H, V, tied) || N != B*T || weights.Shape().TotalSize() != N {
		return g.fail("PackedXent: h %v, W %v, b %v, ids %v, weights %v do not fit", h.Shape(), W.Shape(), b.Shape(), ids.Shape(), weights.Shape()), nil
	}
	chunk := min(N, maxChunk, max(minChunk, chunkBytes/4/V/8*8))
	x := &xent{products: g.products, H: H, V: V, stride: kernel.Stride(V), B: B, T: T, tied: tied, chunk: chunk, plan: NewPlan(T),
		needH: g.Needs(h), needW: g.Needs(W), needB: g.Needs(b),
		nll: make([]float32, B*T), target: make([]int32, N), cell: make([]int32, N), weight: make([]float32, N)}
	if x.needH {
		x.dh = make([]float32, N*H)
	}
	in := []*G.Node{h, W, b, ids, lengths, weights}
	if to != nil {
		x.to = &toward{H: to.H.Shape()[1], tied: to.Tied, weight: make([]float32, N), cross: make([]float32, N)}
		if !isOutput(to.W, x.to.H, V, to.Tied) || to.H.Shape()[0] != N || to.B.Shape()[0] != V || to.Weights.Shape().TotalSize() != N {
			return g.fail("PackedXent: toward h %v, W %v, b %v, weights %v do not fit", to.H.Shape(), to.W.Shape(), to.B.Shape(), to.Weights.Shape()), nil
		}
		if to.Tied || x.stride != V {
			x.to.lines = memory.Floats(x.to.H * x.stride)[0]
		}
		in = append(in, to.H, to.W, to.B, to.Weights)
	}
	for i := range x.group {
		c := &x.group[i]
		c.xent = x
		c.logits, c.hw, c.part = memory.Floats(chunk * x.stride)[0], make([]float32, chunk*H), make([]float32, chunk)
		if x.to != nil {
			c.other = memory.Floats(chunk * x.stride)[0]
		}
		if x.needW {
			c.dW = make([]float32, H*V)
		}
		if x.needB {
			c.db = make([]float32, V)
		}
		c.rowsFn, c.columnsFn = c.rows, c.columns
	}
	if !tied && x.needH {
		x.transposed = make([]float32, H*V)
	}
	if tied || x.stride != V {
		x.lines = memory.Floats(H * x.stride)[0]
	}
	x.groupsFn = x.wholeGroups
	return g.apply("PackedXent", x, nil, in...), x.nll
}

// isOutput reports whether W is [H,V] or, tied, [V,H].
func isOutput(W *G.Node, H, V int, tied bool) bool {
	if tied {
		H, V = V, H
	}
	return W.Shape().Eq(tensor.Shape{H, V})
}

// toward is Toward in a run.
type toward struct {
	H       int
	tied    bool
	lines   []float32      // [H,stride] W, if it is not given like that
	h, bias []float32      // of the current run
	W       kernel.Weights // [H,V]
	weight  []float32      // of each packed row
	cross   []float32      // of each packed row: the cross-entropy
}

type xent struct {
	products
	H, V, B, T, chunk   int
	stride              int // of V values
	tied                bool
	needH, needW, needB bool
	plan                *Plan
	loss                G.F32
	nll                 []float32 // [B,T]
	target, cell        []int32   // of each packed row: the id, and its place in [B,T]
	weight              []float32 // of each packed row
	transposed          []float32 // W transposed, if it is given as such
	lines               []float32 // [H,stride] W, if it is not given like that
	dh                  []float32
	group               [groups]xentGroup
	groupsFn            func(lo, hi int)

	h, bias []float32      // of the current run
	W, WT   kernel.Weights // [H,V] and [V,H]

	to *toward // nil: the targets are words alone

	sum groupSum
}

// xentGroup is a run of rows, its current chunk, and its share of the gradients.
type xentGroup struct {
	*xent
	first, end int       // rows that are left
	n          int       // rows of the chunk, from first on
	logits     []float32 // [chunk,stride], then softmax minus one-hot, times its sum
	part       []float32 // of each row of the chunk: weight over that sum
	hw         []float32 // [chunk,H], rows of h times their part
	other      []float32 // [chunk,stride], what logits are, of the model that is a target
	begun      bool      // dW and db hold something
	dW, db     []float32

	rowsFn, columnsFn func(lo, hi int)
}

func (x *xent) forward(in []G.Value) G.Value {
	x.h, x.bias = f32(in[0]), f32(in[2])
	if x.needH {
		WT := f32(in[1])
		if !x.tied {
			WT = x.transposed
			kernel.Transpose(WT, f32(in[1]), x.H, x.V)
		}
		x.Hold(&x.WT, x.V, x.H, WT, x.H)
	}
	x.Hold(&x.W, x.H, x.V, inLines(x.lines, x.stride, f32(in[1]), x.H, x.V, x.tied), x.stride)
	x.pack(i32(in[3]), i32(in[4]), f32(in[5]))
	if to := x.to; to != nil {
		to.h, to.bias = f32(in[6]), f32(in[8])
		x.Hold(&to.W, to.H, x.V, inLines(to.lines, x.stride, f32(in[7]), to.H, x.V, to.tied), x.stride)
		for i, at := range x.cell[:x.plan.N] {
			to.weight[i] = f32(in[9])[at]
		}
	}
	clear(x.nll)
	x.divide()
	if kernel.Threads() <= groups {
		kernel.Parallel(groups, 1, x.groupsFn)
	} else {
		for i := range x.group {
			for c := &x.group[i]; c.next(); {
				kernel.Parallel(c.n, 8, c.rowsFn)
				kernel.Parallel(x.V, 48, c.columnsFn)
			}
		}
	}
	loss := 0.0
	for i, w := range x.weight[:x.plan.N] {
		if w != 0 { // 0 times the infinite loss of an impossible token would be NaN
			loss += float64(w) * float64(x.nll[x.cell[i]])
		}
		if x.to != nil {
			loss += float64(x.to.weight[i]) * float64(x.to.cross[i])
		}
	}
	x.loss = G.F32(loss)
	return &x.loss
}

// inLines returns W [H,V], given as it is or transposed, with its rows a stride apart:
// as given if they are, else in lines.
func inLines(lines []float32, stride int, given []float32, H, V int, transposed bool) []float32 {
	switch {
	case transposed:
		kernel.TransposeRows(lines, stride, given, H, V, H)
	case stride == V:
		return given
	default:
		kernel.CopyRows(lines, stride, given, V, H, V)
	}
	return lines
}

// pack lays targets and weights out time by time.
func (x *xent) pack(ids, lengths []int32, weights []float32) {
	x.plan.Set(lengths)
	i := 0
	for t := range x.plan.Steps {
		for b := range x.plan.Count[t] {
			at := b*x.T + t
			if id := ids[at]; id < 0 || int(id) >= x.V {
				panic(fmt.Sprintf("target id %d outside 0..%d", id, x.V-1))
			}
			x.target[i], x.cell[i], x.weight[i] = ids[at], int32(at), weights[at]
			i++
		}
	}
}

// divide gives the groups their rows.
func (x *xent) divide() {
	each := x.plan.N
	if each >= fewRows {
		each = (each + groups - 1) / groups
	}
	for i := range x.group {
		c := &x.group[i]
		c.first, c.end, c.n, c.begun = min(i*each, x.plan.N), min((i+1)*each, x.plan.N), 0, false
		if c.first == c.end {
			clear(c.dW)
			clear(c.db)
		}
	}
}

// next goes on to the next chunk, if there is one. Chunks are of equal size.
func (c *xentGroup) next() bool {
	c.begun = c.begun || c.n > 0
	c.first += c.n
	left := c.end - c.first
	if left == 0 {
		return false
	}
	chunks := (left + c.chunk - 1) / c.chunk
	c.n = min(((left+chunks-1)/chunks+7)/8*8, c.chunk, left)
	return true
}

// wholeGroups does groups lo..hi-1 on one core.
func (x *xent) wholeGroups(lo, hi int) {
	for i := lo; i < hi; i++ {
		for c := &x.group[i]; c.next(); {
			c.rows(0, c.n)
			c.columns(0, x.V)
		}
	}
}

// rows does rows lo..hi-1 of the chunk: logits, softmax, -log p, dh.
func (c *xentGroup) rows(lo, hi int) {
	for ; lo < hi; lo += rowsAtOnce {
		c.someRows(lo, min(lo+rowsAtOnce, hi))
	}
}

func (c *xentGroup) someRows(lo, hi int) {
	x, H, V, at := c.xent, c.H, c.V, c.first+lo
	ld := c.stride
	p := c.logits[lo*ld : hi*ld]
	x.W.GemmBias(hi-lo, x.h[at*H:], H, x.bias, p, ld)
	if x.to != nil {
		c.mixedRows(lo, hi)
		return
	}
	top, _ := kernel.Max(p[:V])
	for r := range hi - lo {
		row, id, hw := p[r*ld:][:V], x.target[at+r], c.hw[(lo+r)*H:][:H]
		z, next := row[id], p[min(r+1, hi-lo-1)*ld:][:V]
		var sum, lse float32
		sum, lse, top = kernel.ExpLSE(row, top, next)
		row[id] -= sum
		x.nll[x.cell[at+r]] = lse - z
		c.part[lo+r] = x.weight[at+r] / sum
		copy(hw, x.h[(at+r)*H:])
		kernel.Scale(c.part[lo+r], hw)
	}
	if !x.needH {
		return
	}
	x.WT.Gemm(0, H, hi-lo, 1, p, ld, 0, x.dh[at*H:], H)
	for r := range hi - lo {
		kernel.Scale(c.part[lo+r], x.dh[(at+r)*H:][:H])
	}
}

// mixedRows goes on from the logits of rows lo..hi-1 where another model is a target too.
// What it leaves is the gradient of the loss by the logits, all weights in it.
func (c *xentGroup) mixedRows(lo, hi int) {
	x, to, H, V, ld, at := c.xent, c.to, c.H, c.V, c.stride, c.first+lo
	p, q := c.logits[lo*ld:hi*ld], c.other[lo*ld:hi*ld]
	to.W.GemmBias(hi-lo, to.h[at*to.H:], to.H, to.bias, q, ld)
	topP, _ := kernel.Max(p[:V])
	topQ, _ := kernel.Max(q[:V])
	for r := range hi - lo {
		i, next := at+r, min(r+1, hi-lo-1)*ld
		row, other, id := p[r*ld:][:V], q[r*ld:][:V], x.target[i]
		var sumP, sumQ, lse float32
		sumQ, _, topQ = kernel.ExpLSE(other, topQ, q[next:][:V])
		mean, z := kernel.Dot(other, row)/sumQ, row[id] // mean logit under the other model
		sumP, lse, topP = kernel.ExpLSE(row, topP, p[next:][:V])
		x.nll[x.cell[i]], to.cross[i] = lse-z, lse-mean
		kernel.Scale((x.weight[i]+to.weight[i])/sumP, row)
		kernel.Axpy(-to.weight[i]/sumQ, other, row)
		row[id] -= x.weight[i]
		c.part[lo+r] = 1
		copy(c.hw[(lo+r)*H:][:H], x.h[i*H:])
	}
	if x.needH {
		x.WT.Gemm(0, H, hi-lo, 1, p, ld, 0, x.dh[at*H:], H)
	}
}

// columns adds the chunk's share to columns lo..hi-1 of dW and db, which reads
// the logits once.
func (c *xentGroup) columns(lo, hi int) {
	H, V, beta := c.H, c.V, float32(0)
	if c.begun {
		beta = 1
	}
	for j := lo; j < hi; j += columnsAtOnce {
		n := min(columnsAtOnce, hi-j)
		if c.needW {
			c.Gemm(true, false, H, n, c.n, 1, c.hw, H, c.logits[j:], c.stride, beta, c.dW[j:], V)
		}
		if c.needB {
			kernel.Gemm(false, false, 1, n, c.n, 1, c.part, c.n, c.logits[j:], c.stride, beta, c.db[j:], V)
		}
	}
}

func (x *xent) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	up := scalarOf(grad)
	if d := dIn[0]; d != nil {
		n := x.plan.N * x.H
		x.sum.scaled(d[:n], up, [groups][]float32{x.dh[:n]})
		clear(d[n:])
	}
	var dW, db [groups][]float32
	for i := range x.group {
		dW[i], db[i] = x.group[i].dW, x.group[i].db
	}
	if d := dIn[1]; d != nil && x.tied {
		x.sum.scaled(dW[0], up, dW)
		kernel.Transpose(d, dW[0], x.H, x.V)
	} else if d != nil {
		x.sum.scaled(d, up, dW)
	}
	if d := dIn[2]; d != nil {
		x.sum.scaled(d, up, db)
	}
}
