package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Relaxation is one way of getting a gradient through a categorical choice
// (package generator/relax has them). It is called for one row of logits [V]
// at a time, from several goroutines.
type Relaxation interface {
	// Hard reports whether the emitted token is the one-hot of the drawn id
	// (straight-through family) or the relaxed row.
	Hard() bool
	// Forward draws a token. row holds logits on entry; on return it holds what
	// Backward needs, which for a soft relaxation is the emitted row itself.
	Forward(row []float32, tau float32, key rng.Key) (id int)
	// Backward turns dy, the gradient of the emitted token, into that of the
	// logits, to which it is linear: a token's readers have their gradients
	// added up first. dLogits may be dy.
	Backward(dLogits, saved, dy []float32, id int, tau float32, key rng.Key)
}

// Feedback is what the next step reads of an emitted token.
type Feedback int

// The three feedbacks.
const (
	FeedSoft            Feedback = iota // what the reader sees of it, with its gradient
	FeedStraightThrough                 // the one-hot, with the gradient of the relaxed row
	FeedDetached                        // the one-hot, without a gradient through the choice
)

// Net is a recurrent language model as nodes of a graph.
type Net struct {
	Cell   Cell
	Table  *G.Node // [V,E]
	Layers []Layer
	W, B   *G.Node // output layer [H,V], [V]; W is Table if Tied
	Tied   bool
	Given  Given // what sentences are conditioned on; empty for nothing
}

// Layer is one recurrent layer: Wx [E,GH], Wh [H,GH], B [4H].
type Layer struct{ Wx, Wh, B *G.Node }

// RolloutConfig says how tokens are emitted.
type RolloutConfig struct {
	B, T       int // sentences, longest sentence with its end
	Relaxation Relaxation
	Feedback   Feedback
	Bos, Eos   int32

	// Sparse, if not 0, is the greatest share of a relaxed row that the way
	// back through it may leave out: its entries below Sparse/V. Backward gets
	// those that are left, scaled up to a sum of 1, and has to be that of a
	// softmax.
	Sparse float32
}

// Rollout is a batch of generated sentences inside a graph.
type Rollout struct {
	Tokens  *G.Node // embedded by the reader's table [B,T,De], zero behind the end
	Lengths *G.Node // [B] int32, the end of sentence counted
	op      *rollout
}

// Rollout lets the net write sentences token by token and hands them out as
// the reader sees them: embedded by its table [V,De]. The relaxed tokens y
// themselves stay inside; whoever reads y reads it through a linear map, so
// hard tokens cost a lookup, and the gradient of y is formed step by step.
//
// tau [1] divides the logits; key names the noise: row b*T+t of the Noise
// stream for token t of sentence b. A sentence that has emitted Eos costs and
// contributes nothing more.
func (g *Graph) Rollout(net Net, reader, tau, key *G.Node, cfg RolloutConfig) Rollout {
	if g.err != nil {
		return Rollout{}
	}
	V, E, De := net.Table.Shape()[0], net.Table.Shape()[1], reader.Shape()[1]
	H := net.Layers[len(net.Layers)-1].Wh.Shape()[0]
	if reader.Shape()[0] != V || net.B.Shape()[0] != V {
		g.fail("Rollout: reader %v and output bias %v must have %d rows", reader.Shape(), net.B.Shape(), V)
		return Rollout{}
	}
	want := tensor.Shape{H, V}
	if net.Tied {
		want = tensor.Shape{V, H}
	}
	if !net.W.Shape().Eq(want) {
		g.fail("Rollout: output weights %v must be %v", net.W.Shape(), want)
		return Rollout{}
	}
	N := cfg.B * cfg.T
	r := &rollout{cfg: cfg, cell: net.Cell, tied: net.Tied, V: V, E: E, H: H, De: De,
		plan: NewPlan(cfg.T), row: make([]int32, N), prev: make([]int32, N), ids: make([]int32, N), readID: make([]int32, N),
		out: zeros(cfg.B, cfg.T, De), lengths: tensor.New(tensor.Of(tensor.Int32), tensor.WithShape(cfg.B)),
		needTable: g.Needs(reader)}
	r.softOut = !cfg.Relaxation.Hard()
	r.softFeed = r.softOut && cfg.Feedback == FeedSoft
	in := []*G.Node{net.Table, net.W, net.B}
	reads := E
	for i, l := range net.Layers {
		H := l.Wh.Shape()[0]
		gates := net.Cell.Gates() * H
		if !l.Wx.Shape().Eq(tensor.Shape{reads, gates}) || l.Wh.Shape()[1] != gates || l.B.Shape()[0] != 4*H {
			g.fail("Rollout: layer %d reads %d values: Wx %v, Wh %v, b %v do not fit", i, reads, l.Wx.Shape(), l.Wh.Shape(), l.B.Shape())
			return Rollout{}
		}
		in = append(in, l.Wx, l.Wh, l.B)
		r.layers = append(r.layers, newRolloutLayer(net.Cell, cfg.B, N, reads, H))
		reads = H
	}
	given, ok := r.given.nodes(g, net, cfg.B, 3+len(in))
	if !ok {
		return Rollout{}
	}
	for _, n := range append(given, in...) {
		r.needNet = r.needNet || g.Needs(n)
	}
	if r.softFeed {
		r.softCols += E
	}
	if r.softOut {
		r.softCols += De
	}
	r.gradCols = De
	if cfg.Feedback != FeedDetached {
		r.gradCols += E
	}
	parts := []part{
		{&r.y, N * V}, {&r.step, cfg.B * V}, {&r.x, N * E}, {&r.turned, H * V},
		{&r.softTable, V * r.softCols}, {&r.soft, cfg.B * r.softCols},
	}
	if r.needNet {
		parts = append(parts, part{&r.gradTable, r.gradCols * V}, part{&r.dOut, cfg.B * r.gradCols},
			part{&r.dx, N * E}, part{&r.dFeed, N * E}, part{&r.dh, cfg.B * H})
	}
	if r.needNet && r.tied {
		parts = append(parts, part{&r.dWT, H * V})
	}
	if r.softCols > 0 {
		parts = append(parts, part{&r.turnedGrad, max(E, De) * V})
	}
	if r.needTable {
		parts = append(parts, part{&r.dOutPacked, N * De})
	}
	allocate(parts...)
	r.every = make([]int32, N)
	for i := range r.every {
		r.every[i] = int32(i)
	}
	if cfg.Sparse > 0 && r.needNet {
		r.sparse = newSparse(r, cfg.Sparse)
	}
	r.emitFn, r.rowsBackFn, r.columnsBackFn, r.scatterFn, r.readerFn = r.emit, r.rowsBack, r.columnsBack, r.scatter, r.readerBack
	tokens := g.apply("Rollout", r, r.out, append(append(in, reader, tau, key), given...)...)
	return Rollout{Tokens: tokens, Lengths: g.side("RolloutLengths", r.lengths, tokens), op: r}
}

// IDs copies the hard ids of the last run to dst [B,T], pad behind the end.
func (r Rollout) IDs(dst []int32, pad int32) {
	o := r.op
	for i := range dst {
		dst[i] = pad
	}
	for t := range o.plan.Steps {
		for p := range o.plan.Count[t] {
			at := o.plan.Off[t] + p
			dst[int(o.row[at])*o.cfg.T+t] = o.ids[at]
		}
	}
}

// Mean returns the mean of f over the rows that the relaxation kept of the
// tokens of the last run, which are y for the Gumbel-Softmax family.
func (r Rollout) Mean(f func(row []float32) float64) float64 {
	o, sum := r.op, 0.0
	for i := range o.plan.N {
		sum += f(o.y[i*o.V:][:o.V])
	}
	return sum / float64(max(1, o.plan.N))
}

// rolloutGrain is the fewest sentences of a part: each part reads the whole
// output layer.
const rolloutGrain = 16

// prefetchColumns are the columns of a product that is interrupted to ask for
// what is needed next: whole tiles of every instruction set.
const prefetchColumns = 480

// rollout holds tokens packed by time: step t has the sentences that are still
// being written, row[at] is the sentence and prev[at] its place at step t-1.
type rollout struct {
	cfg               RolloutConfig
	cell              Cell
	tied              bool
	V, E, H, De       int
	softOut, softFeed bool
	needNet           bool
	needTable         bool
	softCols          int // columns of what is read softly: [E if fed softly | De if read softly]
	gradCols          int // columns of what gives y a gradient: [E unless detached | De]

	plan        *Plan
	row, prev   []int32
	every       []int32 // 0, 1, ... N-1
	ids, readID []int32 // id emitted by, and id read by (-1: a soft token), each packed row
	layers      []*rolloutLayer
	given       given
	sparse      *sparse       // nil: every way back is dense
	out         *tensor.Dense // [B,T,De]
	lengths     *tensor.Dense
	y           []float32 // [N,V] what the relaxation keeps
	step        []float32 // [B,V] of the current step: logits; gradient of y, then of the logits
	x           []float32 // [N,E] what the first layer reads
	soft        []float32 // [B,softCols] soft tokens of the current step
	softTable   []float32 // [V,softCols]
	turned      []float32 // W in the form that was not given

	gradTable  []float32 // [gradCols,V]
	dOut       []float32 // [B,gradCols]
	dx         []float32 // [N,E]
	dFeed      []float32 // [N,E] gradient of what the next step read of each token
	dh         []float32 // [B,H]
	dWT        []float32 // [H,V] gradient of tied output weights, transposed
	dOutPacked []float32 // [N,De]
	turnedGrad []float32 // [max(E,De),V] gradient of a softly read table

	// of the current run
	table, W, WT, bias, reader, grad []float32 // W [H,V], WT [V,H]
	dTable, dBias, dReader, dW       []float32 // dW [H,V]
	tau                              float32
	key                              rng.Key
	t, denseRows                     int  // of the current step
	begun                            bool // dW holds something

	emitFn, rowsBackFn, columnsBackFn, scatterFn, readerFn func(lo, hi int)
}

// rolloutLayer is one recurrent layer's memory, packed by time.
type rolloutLayer struct {
	E, H, GH                                int
	act, rec, aux, c, h, hPrev, cPrev       []float32
	dgx, drec, dh, dc, dhCarry, dcCarry, dx []float32
	WxT, WhT                                []float32
	Wx, Wh, b                               []float32 // of the current run
}

func newRolloutLayer(cell Cell, B, N, E, H int) *rolloutLayer {
	GH := cell.Gates() * H
	l := &rolloutLayer{E: E, H: H, GH: GH}
	for _, s := range []struct {
		p    *[]float32
		size int
	}{
		{&l.act, N * GH}, {&l.rec, B * GH}, {&l.aux, N * H}, {&l.c, N * H}, {&l.h, N * H}, {&l.hPrev, N * H}, {&l.cPrev, N * H},
		{&l.dgx, N * GH}, {&l.dh, B * H}, {&l.dc, B * H}, {&l.dhCarry, B * H}, {&l.dcCarry, B * H}, {&l.dx, B * E},
		{&l.WxT, E * GH}, {&l.WhT, H * GH},
	} {
		*s.p = make([]float32, s.size)
	}
	l.drec = l.dgx
	if cell == GRU {
		l.drec = make([]float32, N*GH)
	}
	return l
}

func (r *rollout) bind(in []G.Value) {
	r.table, r.bias = f32(in[0]), f32(in[2])
	if r.tied {
		r.WT, r.W = f32(in[1]), r.turned
		kernel.Transpose(r.W, r.WT, r.V, r.H)
	} else {
		r.W, r.WT = f32(in[1]), r.turned
	}
	for i, l := range r.layers {
		l.Wx, l.Wh, l.b = f32(in[3+3*i]), f32(in[4+3*i]), f32(in[5+3*i])
	}
	rest := in[3+3*len(r.layers):]
	r.reader, r.tau = f32(rest[0]), f32(rest[1])[0]
	if !(r.tau > 0) {
		panic(fmt.Sprintf("tau is %v; it divides the logits and must be positive", r.tau))
	}
	r.key = KeyOf(rest[2]).stream(rng.Noise, 0)
	r.given.bind(in)
}

func (r *rollout) forward(in []G.Value) G.Value {
	r.bind(in)
	r.joinSoftTable()
	out, lengths := f32(r.out), i32(r.lengths)
	clear(out)
	plan, n := r.plan, r.cfg.B
	plan.N, plan.Steps = 0, 0
	clear(plan.Count)
	for p := range n {
		r.row[p], r.prev[p] = int32(p), int32(p)
		r.readID[p] = r.cfg.Bos
		copy(r.x[p*r.E:][:r.E], r.table[int(r.cfg.Bos)*r.E:])
		lengths[p] = int32(r.cfg.T)
	}
	for i, l := range r.layers {
		r.given.begin(i, l.hPrev[:n*l.H])
		clear(l.cPrev[:n*l.H])
	}
	for r.t = 0; r.t < r.cfg.T && n > 0; r.t++ {
		plan.Off[r.t], plan.Count[r.t] = plan.N, n
		plan.N += n
		plan.Steps++
		kernel.Parallel(n, rolloutGrain, r.emitFn)
		n = r.advance(lengths)
	}
	return r.out
}

// joinSoftTable puts the tables that read y softly side by side, so that one
// product serves them both.
func (r *rollout) joinSoftTable() {
	col := 0
	put := func(table []float32, width int) {
		for v := range r.V {
			copy(r.softTable[v*r.softCols+col:][:width], table[v*width:])
		}
		col += width
	}
	if r.softFeed {
		put(r.table, r.E)
	}
	if r.softOut {
		put(r.reader, r.De)
	}
}

// emit writes token t of the packed rows lo..hi-1 of the step.
func (r *rollout) emit(lo, hi int) {
	at, n, V := r.plan.Off[r.t]+lo, hi-lo, r.V
	x := r.x[at*r.E:]
	for i, l := range r.layers {
		act, rec := l.act[at*l.GH:][:n*l.GH], l.rec[lo*l.GH:][:n*l.GH]
		kernel.GemmBias(false, false, n, l.GH, l.E, x, l.E, l.Wx, l.GH, l.b[:l.GH], act, l.GH)
		if i == 0 {
			r.given.add(act, r.row[at:at+n], l.GH)
		}
		if r.t == 0 && r.given.h0At == 0 {
			clear(rec)
		} else {
			kernel.Gemm(false, false, n, l.GH, l.H, 1, l.hPrev[at*l.H:], l.H, l.Wh, l.GH, 0, rec, l.GH)
		}
		r.cell.step(n, l.H, act, rec, l.b, l.hPrev[at*l.H:], l.cPrev[at*l.H:], act, l.aux[at*l.H:], l.h[at*l.H:], l.c[at*l.H:])
		x = r.layers[i].h[at*l.H:]
	}
	// What is kept fits no cache, so it is written once, when it is finished.
	y := r.step[lo*V:][:n*V]
	kernel.GemmBias(false, false, n, V, r.H, x, r.H, r.W, V, r.bias, y, V)
	for i := range n {
		row := y[i*V:][:V]
		r.ids[at+i] = int32(r.cfg.Relaxation.Forward(row, r.tau, r.rowKey(at+i)))
		kernel.Stream(r.y[(at+i)*V:][:V], row)
		if r.sparse != nil {
			r.sparse.keep(at+i, row)
		}
	}
	if r.softCols > 0 {
		kernel.Gemm(false, false, n, r.softCols, V, 1, y, V, r.softTable, r.softCols, 0, r.soft[lo*r.softCols:], r.softCols)
	}
	out := f32(r.out)
	for i := range n {
		token := out[(int(r.row[at+i])*r.cfg.T+r.t)*r.De:][:r.De]
		if r.softOut {
			copy(token, r.soft[(lo+i+1)*r.softCols-r.De:])
		} else {
			copy(token, r.reader[int(r.ids[at+i])*r.De:])
		}
	}
}

func (r *rollout) rowKey(at int) rng.Key {
	k := r.key
	k.Row = uint32(r.row[at])*uint32(r.cfg.T) + uint32(r.t)
	return k
}

// advance prepares step t+1: the sentences that did not end move up, with
// their states and with what they read next. It returns how many they are.
func (r *rollout) advance(lengths []int32) int {
	from, count, next := r.plan.Off[r.t], r.plan.Count[r.t], r.plan.N
	n := 0
	for p := range count {
		id := r.ids[from+p]
		if id == r.cfg.Eos {
			lengths[r.row[from+p]] = int32(r.t + 1)
			continue
		}
		if r.t+1 == r.cfg.T {
			continue
		}
		to := next + n
		r.row[to], r.prev[to] = r.row[from+p], int32(p)
		x := r.x[to*r.E:][:r.E]
		if r.softFeed {
			r.readID[to] = -1
			copy(x, r.soft[p*r.softCols:])
		} else {
			r.readID[to] = id
			copy(x, r.table[int(id)*r.E:])
		}
		for _, l := range r.layers {
			copy(l.hPrev[to*l.H:][:l.H], l.h[(from+p)*l.H:])
			copy(l.cPrev[to*l.H:][:l.H], l.c[(from+p)*l.H:])
		}
		n++
	}
	return n
}

func (r *rollout) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	r.grad = f32(grad)
	reader := 3 + 3*len(r.layers)
	if r.needNet {
		r.netBack(dIn)
	}
	if d := dIn[reader]; d != nil {
		for t := range r.plan.Steps {
			for at := r.plan.Off[t]; at < r.plan.Off[t]+r.plan.Count[t]; at++ {
				copy(r.dOutPacked[at*r.De:][:r.De], r.grad[(int(r.row[at])*r.cfg.T+t)*r.De:])
			}
		}
		if r.softOut {
			r.softTableGrad(d, r.dOutPacked, r.De)
		} else {
			r.dReader = d
			kernel.Parallel(r.V, 64, r.readerFn)
		}
	}
}

// readerBack sums the gradient of rows lo..hi-1 of the reader's table.
func (r *rollout) readerBack(lo, hi int) {
	clear(r.dReader[lo*r.De : hi*r.De])
	scatterRows(r.dReader, r.De, r.ids[:r.plan.N], r.dOutPacked, lo, hi)
}

// softTableGrad sets dTable [V,width] to y' d, for d [N,width]: the gradient of
// a table that read y softly. The product is formed as d' y, whose operands are
// both read along their rows.
func (r *rollout) softTableGrad(dTable, d []float32, width int) {
	kernel.Gemm(true, false, width, r.V, r.plan.N, 1, d, width, r.y, r.V, 0, r.turnedGrad, r.V)
	kernel.Transpose(dTable, r.turnedGrad[:width*r.V], width, r.V)
}

func (r *rollout) netBack(dIn [][]float32) {
	if !r.tied {
		kernel.Transpose(r.WT, r.W, r.H, r.V)
	}
	dense := r.sparse == nil || r.sparse.anyDense(r.plan.N)
	if dense {
		r.joinGradTable()
	}
	r.begun = false
	r.dTable, r.dW, r.dBias = dIn[0], dIn[1], dIn[2]
	if r.tied {
		r.dW = r.dWT
	}
	if !r.softFeed {
		clear(r.dTable)
	}
	clear(r.dBias)
	r.given.beginBack(dIn)
	for _, l := range r.layers {
		kernel.Transpose(l.WxT, l.Wx, l.E, l.GH)
		kernel.Transpose(l.WhT, l.Wh, l.H, l.GH)
	}
	for r.t = r.plan.Steps - 1; r.t >= 0; r.t-- {
		r.carry()
		r.denseRows = r.plan.Count[r.t]
		if r.sparse != nil {
			r.denseRows = r.sparse.begin(r.plan.Off[r.t], r.denseRows)
		}
		kernel.Parallel(r.plan.Count[r.t], rolloutGrain, r.rowsBackFn)
		if r.denseRows > 0 {
			kernel.Parallel(r.V, 48, r.columnsBackFn)
			r.begun = true
		}
	}
	if r.dTable != nil {
		if r.softFeed {
			r.softTableGrad(r.dTable, r.dFeed, r.E)
		}
		kernel.Parallel(r.V, 64, r.scatterFn)
	}
	if d := dIn[1]; d != nil && r.tied && r.begun {
		kernel.Transpose(d, r.dW, r.H, r.V)
	}
	if r.sparse != nil {
		r.sparse.outputBack(r, dIn[1], r.begun)
	}
	x, N := r.x, r.plan.N
	for i, l := range r.layers {
		if d := dIn[3+3*i]; d != nil {
			kernel.Gemm(true, false, l.E, l.GH, N, 1, x, l.E, l.dgx, l.GH, 0, d, l.GH)
		}
		if d := dIn[4+3*i]; d != nil {
			kernel.Gemm(true, false, l.H, l.GH, N, 1, l.hPrev, l.H, l.drec, l.GH, 0, d, l.GH)
		}
		if d := dIn[5+3*i]; d != nil {
			biasGrad(r.cell, d, l.dgx, l.drec, N, l.H)
		}
		r.given.endBack(i, l.dh, dIn)
		x = l.h
	}
}

// joinGradTable stacks the transposed tables through which y gets a gradient.
func (r *rollout) joinGradTable() {
	at := 0
	if r.cfg.Feedback != FeedDetached {
		kernel.Transpose(r.gradTable[:r.E*r.V], r.table, r.V, r.E)
		at = r.E * r.V
	}
	kernel.Transpose(r.gradTable[at:], r.reader, r.V, r.De)
}

// carry moves the gradients of step t+1's states and input to the places that
// their sentences had at step t.
func (r *rollout) carry() {
	t, n := r.t, r.plan.Count[r.t]
	from := r.plan.Off[t]
	clear(r.dFeed[from*r.E:][:n*r.E])
	for _, l := range r.layers {
		clear(l.dhCarry[:n*l.H])
		clear(l.dcCarry[:n*l.H])
	}
	if t+1 >= r.plan.Steps {
		return
	}
	at := r.plan.Off[t+1]
	for q := range r.plan.Count[t+1] {
		p := int(r.prev[at+q])
		copy(r.dFeed[(from+p)*r.E:][:r.E], r.dx[(at+q)*r.E:])
		for _, l := range r.layers {
			copy(l.dhCarry[p*l.H:][:l.H], l.dh[q*l.H:])
			copy(l.dcCarry[p*l.H:][:l.H], l.dc[q*l.H:])
		}
	}
}

// rowsBack goes back through token t of the packed rows lo..hi-1 of the step.
func (r *rollout) rowsBack(lo, hi int) {
	at, n, V, gc := r.plan.Off[r.t]+lo, hi-lo, r.V, r.gradCols
	for i := range n {
		d := r.dOut[(lo+i)*gc:][:gc]
		if r.cfg.Feedback != FeedDetached {
			copy(d, r.dFeed[(at+i)*r.E:][:r.E])
		}
		copy(d[gc-r.De:], r.grad[(int(r.row[at+i])*r.cfg.T+r.t)*r.De:])
	}
	dh := r.dh[lo*r.H:][:n*r.H]
	if r.sparse != nil {
		r.sparse.back(r, lo, hi, dh)
	} else {
		r.tokensBack(r.every[at:at+n], r.dOut[lo*gc:], r.step[lo*V:], dh)
	}
	for i := len(r.layers) - 1; i >= 0; i-- {
		l := r.layers[i]
		kernel.Add(l.dhCarry[lo*l.H:hi*l.H], dh[:n*l.H])
		copy(l.dc[lo*l.H:hi*l.H], l.dcCarry[lo*l.H:])
		dgx, drec, dhPrev := l.dgx[at*l.GH:][:n*l.GH], l.drec[at*l.GH:][:n*l.GH], l.dh[lo*l.H:hi*l.H]
		r.cell.stepBack(n, l.H, l.act[at*l.GH:], l.aux[at*l.H:], l.hPrev[at*l.H:], l.cPrev[at*l.H:], l.dhCarry[lo*l.H:hi*l.H], l.dc[lo*l.H:], dgx, drec, dhPrev)
		kernel.Gemm(false, false, n, l.H, l.GH, 1, drec, l.GH, l.WhT, l.H, 1, dhPrev, l.H)
		dx := l.dx[lo*l.E : hi*l.E]
		if i == 0 {
			r.given.addBack(dgx, r.row[at:at+n], l.GH)
			dx = r.dx[at*l.E:][:n*l.E]
		}
		kernel.Gemm(false, false, n, l.E, l.GH, 1, dgx, l.GH, l.WxT, l.E, 0, dx, l.E)
		dh = dx
	}
}

// tokensBack sets dLogits [n,V] and dh [n,H] for n packed rows from dOut
// [n,gradCols].
func (r *rollout) tokensBack(rows []int32, dOut, dLogits, dh []float32) {
	n, V, gc := len(rows), r.V, r.gradCols
	for from := 0; from < V; from += prefetchColumns {
		// y comes from memory, so it is asked for during the products.
		cols := min(prefetchColumns, V-from)
		for _, at := range rows {
			kernel.Prefetch(r.y[int(at)*V+from:][:cols])
		}
		kernel.Gemm(false, false, n, cols, gc, 1, dOut, gc, r.gradTable[from:], V, 0, dLogits[from:], V)
	}
	for i, at := range rows {
		d, at := dLogits[i*V:][:V], int(at)
		r.cfg.Relaxation.Backward(d, r.y[at*V:][:V], d, int(r.ids[at]), r.tau, r.rowKey(at))
	}
	kernel.Gemm(false, false, n, r.H, V, 1, dLogits, V, r.WT, r.H, 0, dh, r.H)
}

// columnsBack adds the step's share to columns lo..hi-1 of the output layer.
func (r *rollout) columnsBack(lo, hi int) {
	n, V := r.denseRows, r.V
	h := r.layers[len(r.layers)-1].h[r.plan.Off[r.t]*r.H:]
	if r.sparse != nil {
		h = r.sparse.h
	}
	if r.dW != nil {
		beta := float32(1)
		if !r.begun {
			beta = 0
		}
		kernel.Gemm(true, false, r.H, hi-lo, n, 1, h, r.H, r.step[lo:], V, beta, r.dW[lo:], V)
	}
	if r.dBias != nil {
		kernel.AddColumnSums(r.dBias[lo:hi], r.step[lo:], n, hi-lo, V)
	}
}

// scatter adds the gradients of what was read by id to rows lo..hi-1.
func (r *rollout) scatter(lo, hi int) {
	scatterRows(r.dTable, r.E, r.readID[:r.plan.N], r.dx, lo, hi)
}

// scatterRows adds grad's row i to row ids[i] of the table, in order, for the
// ids in lo..hi-1. Negative ids are skipped.
func scatterRows(table []float32, E int, ids []int32, grad []float32, lo, hi int) {
	for i, id := range ids {
		if int(id) >= lo && int(id) < hi {
			kernel.Add(table[int(id)*E:][:E], grad[i*E:][:E])
		}
	}
}
