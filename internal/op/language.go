package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Part is some columns of a table that is put together by Beside.
type Part struct {
	Node   *G.Node // [V,n]; [n,V] if Turned; [V] for one column
	Turned bool
	Least  float32 // if not 0: smaller values count as this, and get no gradient
}

// Beside puts parts side by side into a table [V,D]. What reads relaxed tokens reads
// them through one table; a language model reads them through its embeddings, and
// through its output weights, since the expected logit of a relaxed token y is
// linear in y too.
func (g *Graph) Beside(V int, parts ...Part) *G.Node {
	if g.err != nil {
		return nil
	}
	t := &beside{V: V}
	var in []*G.Node
	for _, p := range parts {
		c := besidePart{Part: p, first: t.D, n: 1}
		shape := p.Node.Shape()
		rows := shape[0]
		if len(shape) == 2 {
			c.n = shape[1]
			if p.Turned {
				rows, c.n = shape[1], shape[0]
			}
		}
		if rows != V || len(shape) > 2 || p.Turned && len(shape) != 2 {
			return g.fail("Beside: a part %v has not %d rows", shape, V)
		}
		t.D += c.n
		t.parts, in = append(t.parts, c), append(in, p.Node)
	}
	t.y = zeros(V, t.D)
	t.rowsFn, t.backFn = t.rows, t.rowsBack
	t.in, t.dIn = make([][]float32, len(in)), make([][]float32, len(in))
	return g.apply("Beside", t, t.y, in...)
}

type besidePart struct {
	Part
	first, n int // columns
}

type beside struct {
	V, D  int
	parts []besidePart
	y     *tensor.Dense

	in, dIn        [][]float32 // of the current run
	grad           []float32
	rowsFn, backFn func(lo, hi int)
}

func (t *beside) forward(in []G.Value) G.Value {
	for i, v := range in {
		t.in[i] = f32(v)
	}
	kernel.Parallel(t.V, 64, t.rowsFn)
	return t.y
}

func (t *beside) rows(lo, hi int) {
	y := f32(t.y)
	for i, p := range t.parts {
		for v := lo; v < hi; v++ {
			row := y[v*t.D+p.first:][:p.n]
			if !p.Turned {
				copy(row, t.in[i][v*p.n:])
			} else {
				for j := range row {
					row[j] = t.in[i][j*t.V+v]
				}
			}
			if p.Least != 0 {
				for j := range row {
					row[j] = max(row[j], p.Least)
				}
			}
		}
	}
}

func (t *beside) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	t.grad = f32(grad)
	copy(t.dIn, dIn)
	kernel.Parallel(t.V, 64, t.backFn)
}

func (t *beside) rowsBack(lo, hi int) {
	for i, p := range t.parts {
		d := t.dIn[i]
		if d == nil {
			continue
		}
		for v := lo; v < hi; v++ {
			for j, grad := range t.grad[v*t.D+p.first:][:p.n] {
				at := v*p.n + j
				if p.Turned {
					at = j*t.V + v
				}
				if p.Least != 0 && t.in[i][at] < p.Least {
					grad = 0
				}
				d[at] = grad
			}
		}
	}
}

// Reading says how a language model reads tokens [B,T,D] that a table of Beside has
// embedded: the first columns of its parts in it, and from which side.
type Reading struct {
	In     int // of its embeddings, E columns
	Target int // of its output weights and, behind them, its output bias: H and 1 columns
	End    int // of a column that is 1 for the end of sentence and 0 for other tokens
	// Reversed reads the words from the last to the first, and their end, if the
	// sentence has one, behind them. A sentence has one if it is shorter than T or if
	// half of its last token at least is the end.
	Reversed bool
	Bos      int // id that is read before the first token
}

// reading is the order in which tokens are read.
type reading struct {
	Reading
	fallingOrder
	D     int
	words []int // of each sentence: tokens that are reversed
}

func newReading(r Reading, x, lengths *G.Node) reading {
	B, T, D := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	return reading{Reading: r, fallingOrder: newFallingOrder(B, T), D: D, words: make([]int, lengths.Shape()[0])}
}

func (r *reading) set(x []float32, lengths []int32) {
	r.fallingOrder.set(lengths)
	for b, length := range lengths {
		n := int(length)
		r.words[b] = 0
		if r.Reversed {
			r.words[b] = n
			if n > 0 && (n < r.T || x[(b*r.T+n-1)*r.D+r.End] >= 0.5) {
				r.words[b]--
			}
		}
	}
}

// token is where the t-th token that is read of sentence b begins in [B,T,D].
func (r *reading) token(b, t int) int {
	if t < r.words[b] {
		t = r.words[b] - 1 - t
	}
	return (b*r.T + t) * r.D
}

// TeacherForced is what a language model with embeddings of E columns reads to
// predict the tokens x [B,T,D] of sentences with lengths [B] in any order: before the
// t-th of them the one before it, and at the beginning that of id Bos in the table
// [V,D]. The rows [B*T,E] are packed as those of Sequences, whose lengths are the
// second result.
func (g *Graph) TeacherForced(x, table, lengths *G.Node, r Reading, E int) (packed, falling *G.Node) {
	if g.err != nil {
		return nil, nil
	}
	s := x.Shape()
	if s[0] != lengths.Shape()[0] || s[2] != table.Shape()[1] || r.In+E > s[2] || r.End >= s[2] || r.Bos >= table.Shape()[0] {
		return g.fail("TeacherForced: tokens %v, a table %v and lengths %v do not fit", s, table.Shape(), lengths.Shape()), nil
	}
	f := &forced{reading: newReading(r, x, lengths), E: E, y: zeros(s[0]*s[1], E)}
	f.copyFn, f.backFn = f.copyRows, f.rowsBack
	packed = g.apply("TeacherForced", f, f.y, x, table, lengths)
	return packed, g.side("TeacherForcedLengths", f.falling, packed)
}

type forced struct {
	reading
	E int
	y *tensor.Dense

	x, first, dx, grad []float32 // of the current run; first is the row of Bos
	lengths            []int32
	copyFn, backFn     func(lo, hi int)
}

func (f *forced) forward(in []G.Value) G.Value {
	f.x, f.first, f.lengths = f32(in[0]), f32(in[1])[f.Bos*f.D:][:f.D], i32(in[2])
	f.set(f.x, f.lengths)
	kernel.Parallel(len(f.words), 4, f.copyFn)
	clear(f32(f.y)[f.plan.N*f.E:])
	return f.y
}

func (f *forced) copyRows(lo, hi int) {
	y := f32(f.y)
	for b := lo; b < hi; b++ {
		for t := range int(f.lengths[b]) {
			from := f.first
			if t > 0 {
				from = f.x[f.token(b, t-1):]
			}
			copy(y[f.row(b, t)*f.E:][:f.E], from[f.In:])
		}
	}
}

func (f *forced) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	f.grad, f.dx = f32(grad), dIn[0]
	if f.dx != nil {
		kernel.Parallel(len(f.words), 4, f.backFn)
	}
	if d := dIn[1]; d != nil {
		clear(d)
		first := d[f.Bos*f.D+f.In:][:f.E]
		for b, n := range f.lengths {
			if n > 0 {
				kernel.Add(first, f.grad[f.row(b, 0)*f.E:][:f.E])
			}
		}
	}
}

func (f *forced) rowsBack(lo, hi int) {
	clear(f.dx[lo*f.T*f.D : hi*f.T*f.D])
	for b := lo; b < hi; b++ {
		for t := 1; t < int(f.lengths[b]); t++ {
			copy(f.dx[f.token(b, t-1)+f.In:][:f.E], f.grad[f.row(b, t)*f.E:])
		}
	}
}

// LogProbs is log p [B,1] of sentences in nats under a language model whose states
// under TeacherForced are h [B*T,H]: the sum over their tokens y of
//
//	y . (h W + b) - log sum exp(h W + b)
//
// The first term is read from the tokens x [B,T,D], embedded by the columns Target of
// the table: it is the expected log p of a relaxed token. W is [H,V] or, tied, a table
// [V,H]; b [V].
func (g *Graph) LogProbs(h, W, b, x, lengths *G.Node, r Reading, tied bool) *G.Node {
	if g.err != nil {
		return nil
	}
	N, H, V, s := h.Shape()[0], h.Shape()[1], b.Shape()[0], x.Shape()
	want := tensor.Shape{H, V}
	if tied {
		want = tensor.Shape{V, H}
	}
	if !W.Shape().Eq(want) || N != s[0]*s[1] || s[0] != lengths.Shape()[0] || r.Target+H+1 > s[2] || r.End >= s[2] {
		return g.fail("LogProbs: h %v, W %v, b %v, tokens %v and lengths %v do not fit", h.Shape(), W.Shape(), b.Shape(), s, lengths.Shape())
	}
	l := &logProbs{products: g.products, reading: newReading(r, x, lengths), H: H, V: V, tied: tied, y: zeros(s[0], 1),
		needH: g.Needs(h), chunk: min(N, maxChunk, max(minChunk, chunkBytes/4/V/8*8)),
		from: make([]int, N), sentence: make([]int, N), lse: make([]float32, N)}
	parts := []part{{&l.logits, l.chunk * V}, {&l.weights, l.chunk}}
	if tied || l.needH {
		parts = append(parts, part{&l.transposed, H * V})
	}
	if l.needH {
		parts = append(parts, part{&l.mean, N * H})
	}
	if g.Needs(W) {
		parts = append(parts, part{&l.hw, l.chunk * H})
		if tied {
			parts = append(parts, part{&l.turned, H * V})
		}
	}
	allocate(parts...)
	l.rowsFn, l.backFn, l.againFn, l.columnsFn = l.rows, l.rowsBack, l.rowsAgain, l.columns
	return g.apply("LogProbs", l, l.y, h, W, b, x, lengths)
}

type logProbs struct {
	products
	reading
	H, V, chunk int
	tied        bool
	needH       bool
	y           *tensor.Dense

	from, sentence []int     // of each packed row: where its token begins, whose it is
	lse            []float32 // of each packed row
	transposed     []float32 // W in the form that was not given
	logits         []float32 // [chunk,V]
	weights        []float32 // [chunk] scratch
	mean           []float32 // [N,H] of the rows of WT under softmax(h W + b)
	hw             []float32 // [chunk,H] rows of h times their weights
	turned         []float32 // [H,V] the gradient of a tied W

	// of the current run; W [H,V], WT [V,H]
	h, W, WT, bias, x, grad, dh, dx, dW, db []float32
	lengths                                 []int32
	first                                   int // row of the chunk
	n                                       int // rows of it
	rowsFn, backFn, againFn, columnsFn      func(lo, hi int)
}

func (l *logProbs) forward(in []G.Value) G.Value {
	l.h, l.bias, l.x, l.lengths = f32(in[0]), f32(in[2]), f32(in[3]), i32(in[4])
	if l.tied {
		l.WT, l.W = f32(in[1]), l.transposed
		kernel.Transpose(l.W, l.WT, l.V, l.H)
	} else {
		l.W, l.WT = f32(in[1]), l.transposed
		if l.needH {
			kernel.Transpose(l.WT, l.W, l.H, l.V)
		}
	}
	l.set(l.x, l.lengths)
	for b, n := range l.lengths {
		for t := range int(n) {
			at := l.row(b, t)
			l.from[at], l.sentence[at] = l.token(b, t)+l.Target, b
		}
	}
	l.chunks(l.rowsFn, 8, nil)
	y := f32(l.y)
	for b, n := range l.lengths {
		sum := 0.0
		for t := range int(n) {
			at := l.row(b, t)
			target := l.x[l.from[at]:]
			sum += float64(kernel.Dot(l.h[at*l.H:][:l.H], target[:l.H]) + target[l.H] - l.lse[at])
		}
		y[b] = float32(sum)
	}
	return l.y
}

// chunks does rows and then columns of all packed rows, some at a time.
func (l *logProbs) chunks(rows func(lo, hi int), grain int, columns func(lo, hi int)) {
	for l.first = 0; l.first < l.plan.N; l.first += l.n {
		l.n = min(l.chunk, l.plan.N-l.first)
		kernel.Parallel(l.n, grain, rows)
		if columns != nil {
			kernel.Parallel(l.V, 48, columns)
		}
	}
}

// exps leaves exp(logits) of rows lo..hi-1 of the chunk, up to a factor whose inverse
// is in weights, and log sum exp.
func (l *logProbs) exps(lo, hi int) []float32 {
	at, p := l.first+lo, l.logits[lo*l.V:hi*l.V]
	l.GemmBias(false, false, hi-lo, l.V, l.H, l.h[at*l.H:], l.H, l.W, l.V, l.bias, p, l.V)
	top, _ := kernel.Max(p[:l.V])
	for r := range hi - lo {
		var sum float32
		sum, l.lse[at+r], top = kernel.ExpLSE(p[r*l.V:][:l.V], top, p[min(r+1, hi-lo-1)*l.V:][:l.V])
		l.weights[lo+r] = 1 / sum
	}
	return p
}

func (l *logProbs) rows(lo, hi int) {
	p, at := l.exps(lo, hi), l.first+lo
	if !l.needH {
		return
	}
	mean := l.mean[at*l.H:][:(hi-lo)*l.H]
	l.Gemm(false, false, hi-lo, l.H, l.V, 1, p, l.V, l.WT, l.H, 0, mean, l.H)
	for r := range hi - lo {
		kernel.Scale(l.weights[lo+r], mean[r*l.H:][:l.H])
	}
}

func (l *logProbs) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	l.grad, l.dh, l.dx = f32(grad), dIn[0], dIn[3]
	if l.dh != nil {
		clear(l.dh[l.plan.N*l.H:])
	}
	if l.dh != nil || l.dx != nil {
		kernel.Parallel(len(l.words), 4, l.backFn)
	}
	l.dW, l.db = dIn[1], dIn[2]
	if l.dW == nil && l.db == nil {
		return
	}
	if l.tied && l.dW != nil {
		l.dW = l.turned
	}
	if l.plan.N == 0 {
		clear(l.dW)
		clear(l.db)
	}
	l.chunks(l.againFn, 8, l.columnsFn)
	if l.tied && dIn[1] != nil {
		kernel.Transpose(dIn[1], l.turned, l.H, l.V)
	}
}

// rowsBack sets dh and dx of sentences lo..hi-1.
func (l *logProbs) rowsBack(lo, hi int) {
	if l.dx != nil {
		clear(l.dx[lo*l.T*l.D : hi*l.T*l.D])
	}
	for b := lo; b < hi; b++ {
		up := l.grad[b]
		for t := range int(l.lengths[b]) {
			at := l.row(b, t)
			target := l.from[at]
			if l.dx != nil {
				d := l.dx[target:][:l.H+1]
				kernel.Axpy(up, l.h[at*l.H:][:l.H], d[:l.H])
				d[l.H] = up
			}
			if l.dh != nil {
				dh := l.dh[at*l.H:][:l.H]
				clear(dh)
				kernel.Axpy(up, l.x[target:][:l.H], dh)
				kernel.Axpy(-up, l.mean[at*l.H:][:l.H], dh)
			}
		}
	}
}

// rowsAgain forms the exponentials of rows lo..hi-1 of the chunk again: how much each
// counts in the gradients of the weights is known only now.
func (l *logProbs) rowsAgain(lo, hi int) {
	l.exps(lo, hi)
	for r := lo; r < hi; r++ {
		at := l.first + r
		l.weights[r] *= -l.grad[l.sentence[at]]
		if l.dW != nil {
			hw := l.hw[r*l.H:][:l.H]
			copy(hw, l.h[at*l.H:])
			kernel.Scale(l.weights[r], hw)
		}
	}
}

// columns adds the share of the chunk to columns lo..hi-1 of dW [H,V] and db.
func (l *logProbs) columns(lo, hi int) {
	beta := float32(1)
	if l.first == 0 {
		beta = 0
	}
	if l.dW != nil {
		l.Gemm(true, false, l.H, hi-lo, l.n, 1, l.hw, l.H, l.logits[lo:], l.V, beta, l.dW[lo:], l.V)
	}
	if l.db != nil {
		kernel.Gemm(false, false, 1, hi-lo, l.n, 1, l.weights, l.n, l.logits[lo:], l.V, beta, l.db[lo:], l.V)
	}
}
