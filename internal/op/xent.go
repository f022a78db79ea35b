package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
)

// chunkBytes bounds the logits that are alive at once: few enough to stay in the
// last-level cache, enough rows that reading the weights once a chunk is cheap.
const chunkBytes = 4 << 20

// fewColumns of a chunk fit the cache of a core.
const fewColumns = 192

// chunkRows is the number of rows of a chunk: many rows divide into parts of
// whole tiles for each of a few cores.
func chunkRows(V int) int {
	n := chunkBytes / 4 / V
	if n < 64 {
		return max(8, n/8*8)
	}
	return (n + 16) / 32 * 32
}

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
	if g.err != nil {
		return nil, nil
	}
	N, H, V := h.Shape()[0], h.Shape()[1], b.Shape()[0]
	B, T := ids.Shape()[0], ids.Shape()[1]
	want := [2]int{H, V}
	if tied {
		want = [2]int{V, H}
	}
	if W.Shape()[0] != want[0] || W.Shape()[1] != want[1] || N != B*T || weights.Shape().TotalSize() != N {
		return g.fail("PackedXent: h %v, W %v, b %v, ids %v, weights %v do not fit", h.Shape(), W.Shape(), b.Shape(), ids.Shape(), weights.Shape()), nil
	}
	chunk := min(N, chunkRows(V))
	x := &xent{H: H, V: V, B: B, T: T, tied: tied, chunk: chunk, plan: NewPlan(T),
		needH: g.Needs(h), needW: g.Needs(W), needB: g.Needs(b),
		nll: make([]float32, B*T), target: make([]int32, N), cell: make([]int32, N), weight: make([]float32, N),
		logits: make([]float32, chunk*V), hw: make([]float32, chunk*H), part: make([]float32, chunk)}
	if x.needH {
		x.dh = make([]float32, N*H)
	}
	if x.needW {
		x.dW = make([]float32, H*V)
	}
	if x.needB {
		x.db = make([]float32, V)
	}
	if tied || x.needH {
		x.turned = make([]float32, H*V)
	}
	x.rowsFn, x.columnsFn, x.scaledFn = x.rows, x.columns, x.scaled
	return g.apply("PackedXent", x, nil, h, W, b, ids, lengths, weights), x.nll
}

type xent struct {
	H, V, B, T, chunk   int
	tied                bool
	needH, needW, needB bool
	plan                *Plan
	loss                G.F32
	nll                 []float32 // [B,T]
	target, cell        []int32   // of each packed row: the id, and its place in [B,T]
	weight              []float32 // of each packed row
	logits              []float32 // [chunk,V], then softmax minus one-hot, times its sum
	part                []float32 // of each row of the chunk: weight over that sum
	hw                  []float32 // [chunk,H], rows of h times their part
	turned              []float32 // W in the form that was not given
	dh, dW, db          []float32

	h, W, WT, bias    []float32 // of the current run: W [H,V], WT [V,H]
	first             int       // first row of the current chunk
	rowsFn, columnsFn func(lo, hi int)
	n                 int // rows of the current chunk

	dst, src []float32 // of scaled
	up       float32
	scaledFn func(lo, hi int)
}

func (x *xent) forward(in []G.Value) G.Value {
	x.h, x.bias = f32(in[0]), f32(in[2])
	if x.tied {
		x.WT, x.W = f32(in[1]), x.turned
		kernel.Transpose(x.W, x.WT, x.V, x.H)
	} else {
		x.W, x.WT = f32(in[1]), x.turned
		if x.needH {
			kernel.Transpose(x.WT, x.W, x.H, x.V)
		}
	}
	x.pack(i32(in[3]), i32(in[4]), f32(in[5]))
	clear(x.nll)
	if x.plan.N == 0 {
		clear(x.dW)
		clear(x.db)
	}
	for x.first = 0; x.first < x.plan.N; x.first += x.chunk {
		x.n = min(x.chunk, x.plan.N-x.first)
		kernel.Parallel(x.n, 8, x.rowsFn)
		if x.needW || x.needB {
			kernel.Parallel(x.V, 48, x.columnsFn)
		}
	}
	loss := 0.0
	for i, w := range x.weight[:x.plan.N] {
		if w != 0 { // what does not count may be impossible
			loss += float64(w) * float64(x.nll[x.cell[i]])
		}
	}
	x.loss = G.F32(loss)
	return &x.loss
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

// rows does rows lo..hi-1 of the chunk: logits, softmax, -log p, dh.
func (x *xent) rows(lo, hi int) {
	H, V, at := x.H, x.V, x.first+lo
	p := x.logits[lo*V : hi*V]
	kernel.GemmBias(false, false, hi-lo, V, H, x.h[at*H:], H, x.W, V, x.bias, p, V)
	for r := range hi - lo {
		row, id, hw := p[r*V:][:V], x.target[at+r], x.hw[(lo+r)*H:][:H]
		z := row[id]
		sum, lse := kernel.ExpLSE(row, row)
		row[id] -= sum
		x.nll[x.cell[at+r]] = lse - z
		x.part[lo+r] = x.weight[at+r] / sum
		copy(hw, x.h[(at+r)*H:])
		kernel.Scale(x.part[lo+r], hw)
	}
	if !x.needH {
		return
	}
	kernel.Gemm(false, false, hi-lo, H, V, 1, p, V, x.WT, H, 0, x.dh[at*H:], H)
	for r := range hi - lo {
		kernel.Scale(x.part[lo+r], x.dh[(at+r)*H:][:H])
	}
}

// columns adds the chunk's share to columns lo..hi-1 of dW and db, few at a
// time so that db finds them in the cache.
func (x *xent) columns(lo, hi int) {
	H, V, beta := x.H, x.V, float32(1)
	if x.first == 0 {
		beta = 0
	}
	for j := lo; j < hi; j += fewColumns {
		n := min(fewColumns, hi-j)
		if x.needW {
			kernel.Gemm(true, false, H, n, x.n, 1, x.hw, H, x.logits[j:], V, beta, x.dW[j:], V)
		}
		if x.needB {
			kernel.Gemm(false, false, 1, n, x.n, 1, x.part, x.n, x.logits[j:], V, beta, x.db[j:], V)
		}
	}
}

func (x *xent) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	x.up = scalarOf(grad)
	if d := dIn[0]; d != nil {
		n := x.plan.N * x.H
		x.scale(d[:n], x.dh[:n])
		clear(d[n:])
	}
	if d := dIn[1]; d != nil {
		dW := x.dW
		if x.tied {
			kernel.Transpose(d, dW, x.H, x.V)
			dW = d
		}
		x.scale(d, dW)
	}
	if d := dIn[2]; d != nil {
		x.scale(d, x.db)
	}
}

// scale sets dst = up src.
func (x *xent) scale(dst, src []float32) {
	x.dst, x.src = dst, src
	kernel.Parallel(len(dst), 1<<14, x.scaledFn)
}

func (x *xent) scaled(lo, hi int) {
	copy(x.dst[lo:hi], x.src[lo:hi])
	if x.up != 1 {
		kernel.Scale(x.up, x.dst[lo:hi])
	}
}
