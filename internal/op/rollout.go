package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/feedback"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Choice draws tokens, one row of logits [V] at a time, from several goroutines.
// Package generator/relax has them; each is a Relaxation or a Joint.
type Choice interface {
	// Hard reports whether the emitted token is the one-hot of the drawn id
	// (straight-through family) or the relaxed row.
	Hard() bool
	// Forward draws a token. row holds logits on entry; on return it holds what
	// Backward needs, which for a soft relaxation is the emitted row itself.
	Forward(row []float32, tau float32, key rng.Key) (id int)
}

// Relaxation is a gradient through a categorical choice that looks at this
// choice alone.
type Relaxation interface {
	Choice
	// Backward turns dy, the gradient of the emitted token, into that of the
	// logits, to which it is linear: a token's readers have their gradients
	// added up first. dLogits may be dy.
	Backward(dLogits, saved, dy []float32, id int, tau float32, key rng.Key)
}

// Net is a recurrent language model as nodes of a graph.
type Net struct {
	Cell         Cell
	Table        *G.Node // [V,E]
	Layers       []Layer
	W, B         *G.Node // output layer [H,V], [V]; W is Table if Tied
	Tied         bool
	Conditioning Conditioning // what sentences depend on; empty for nothing
}

// Layer is one recurrent layer: its units, and the weights of its Core.
type Layer struct {
	Units   int
	Weights []*G.Node
}

// Cores makes the layers of one operation.
func (n Net) Cores() (cores []Core) {
	reads := n.Table.Shape()[1]
	for _, l := range n.Layers {
		c := n.Cell.Core(reads, l.Units)
		cores, reads = append(cores, c), c.Sizes().Out
	}
	return cores
}

// RolloutConfig says how tokens are emitted.
type RolloutConfig struct {
	B, T       int    // sentences, longest sentence with its end
	Relaxation Choice // a Relaxation or a Joint
	Feedback   feedback.Feedback
	Bos, Eos   int32

	// Shares sets dst [B] to every sentence's share of the loss. It is called
	// before the way back of a Joint that surveys, and not otherwise.
	Shares func(dst []float64)

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
// the reader sees them: embedded by its table [V,De]. A reader with several
// embedding tables puts them side by side into one. The relaxed tokens y
// themselves stay inside; whoever reads y reads it through a linear map, so
// hard tokens cost a lookup, and the gradient of y is formed step by step.
//
// tau [1] divides the logits; key names the noise: row b*T+t of the Noise
// stream for token t of sentence b, or of the sentence that its rows [B] say. A sentence that has emitted Eos costs and
// contributes nothing more.
func (g *Graph) Rollout(net Net, reader, tau, key *G.Node, cfg RolloutConfig) Rollout {
	if g.err != nil {
		return Rollout{}
	}
	V, E, De := net.Table.Shape()[0], net.Table.Shape()[1], reader.Shape()[1]
	cores := net.Cores()
	g.round(cores...)
	H := cores[len(cores)-1].Sizes().Out
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
	back, single := cfg.Relaxation.(Relaxation)
	joint, together := cfg.Relaxation.(Joint)
	if !single && !together {
		g.fail("Rollout: a %T has no way back", cfg.Relaxation)
		return Rollout{}
	}
	r := &rollout{products: g.products, relaxation: back, cfg: cfg, tied: net.Tied, V: V, stride: kernel.Stride(V), E: E, H: H, De: De,
		out: zeros(cfg.B, cfg.T, De), lengths: tensor.New(tensor.Of(tensor.Int32), tensor.WithShape(cfg.B)),
		needTable: g.Needs(reader)}
	r.softOut = !cfg.Relaxation.Hard()
	r.softFeed = r.softOut && cfg.Feedback == feedback.Soft
	in := []*G.Node{net.Table, net.W, net.B}
	for i, l := range net.Layers {
		if !reads(cores[i], l.Weights) {
			g.fail("Rollout: layer %d of %d units reads %d values: weights %v do not fit", i, l.Units, cores[i].Sizes().In, shapes(l.Weights))
			return Rollout{}
		}
		r.layers = append(r.layers, &rolloutLayer{core: cores[i], Sizes: cores[i].Sizes(), first: len(in), bound: make([][]float32, len(l.Weights))})
		in = append(in, l.Weights...)
	}
	r.readerAt = len(in)
	condition, ok := r.conditioning.nodes(g, net, r.layers, cfg.B, 3+len(in))
	if !ok {
		return Rollout{}
	}
	needs := make([]bool, len(in))
	for i, n := range in {
		needs[i] = g.Needs(n)
		r.needNet = r.needNet || needs[i]
	}
	for _, n := range condition {
		r.needNet = r.needNet || g.Needs(n)
	}
	if r.softFeed {
		r.softCols += E
	}
	if r.softOut {
		r.softCols += De
	}
	r.gradCols = De
	if cfg.Feedback != feedback.Detached {
		r.gradCols += E
	}
	parts := []part{{&r.softTable, V * r.softCols}}
	if !r.tied && r.needNet {
		parts = append(parts, part{&r.transposed, H * V})
	}
	if r.tied || r.stride != V {
		parts = append(parts, part{&r.lines, H * r.stride})
	}
	if r.needNet {
		parts = append(parts, part{&r.gradTable, r.gradCols * r.stride})
	}
	if r.softCols > 0 {
		parts = append(parts, part{&r.transposedGrad, max(E, De) * V})
	}
	if cfg.Sparse > 0 && r.needNet {
		r.sparse = newSparse(r, cfg.Sparse)
	}
	allocate(parts...)
	if together && cfg.Sparse > 0 || together && joint.Surveys() && cfg.Shares == nil || together && !joint.Own() && cfg.Feedback != feedback.Detached {
		g.fail("Rollout: a joint way back is dense, wants the shares of the loss if it surveys, and feeds nothing back if it does not read the tokens' own gradients")
		return Rollout{}
	}
	if together && r.needNet {
		r.joint = newJoint(r, joint)
	}
	each := (cfg.B + groups - 1) / groups
	r.every = make([]int32, each*cfg.T)
	for i := range r.every {
		r.every[i] = int32(i)
	}
	for first := 0; first < cfg.B; first += each {
		r.groups = append(r.groups, newRolloutGroup(r, first, min(each, cfg.B-first), needs))
	}
	r.joinFn, r.scatterFn, r.readerFn = r.join, r.scatter, r.readerBack
	r.writeGroupsFn, r.backGroupsFn = r.writeGroups, r.backGroups
	r.emitFn = func(lo, hi int) { r.eachBlock(lo, hi, (*rolloutGroup).emit) }
	r.rowsBackFn = func(lo, hi int) { r.eachBlock(lo, hi, (*rolloutGroup).rowsBack) }
	r.columnsBackFn = func(lo, hi int) {
		for _, c := range r.groups {
			c.columnsBack(lo, hi)
		}
	}
	tokens := g.apply("Rollout", r, r.out, append(append(in, reader, tau, key), condition...)...)
	return Rollout{Tokens: tokens, Lengths: g.side("RolloutLengths", r.lengths, tokens), op: r}
}

// IDs copies the hard ids of the last run to dst [B,T], pad behind the end.
func (r Rollout) IDs(dst []int32, pad int32) {
	for i := range dst {
		dst[i] = pad
	}
	for _, c := range r.op.groups {
		for at, id := range c.ids[:c.plan.N] {
			dst[c.token[at]] = id
		}
	}
}

// Sum returns the sum of f over the rows that the relaxation kept of the tokens of
// the last run, which are y for the Gumbel-Softmax family, and their number.
func (r Rollout) Sum(f func(row []float32) float64) (sum float64, n int) {
	for _, c := range r.op.groups {
		n += c.plan.N
		for at := range c.plan.N {
			sum += f(c.y[at*c.stride:][:c.V])
		}
	}
	return sum, n
}

// rollout is the operation: what all sentences share, and groups of them.
type rollout struct {
	products
	cfg               RolloutConfig
	relaxation        Relaxation // read without joint
	joint             *jointBack // nil: every choice goes back alone
	tied              bool
	V, E, H, De       int
	stride            int // of V values
	softOut, softFeed bool
	needNet           bool
	needTable         bool
	softCols          int // columns of what is read softly: [E if fed softly | De if read softly]
	gradCols          int // columns of what gives y a gradient: [E unless detached | De]

	layers       []*rolloutLayer
	readerAt     int // place of the reader among the inputs, behind the weights
	conditioning conditioning
	groups       []*rolloutGroup
	every        []int32       // 0, 1, ... as many as the packed rows of a group
	sparse       *sparse       // nil: every way back is dense
	blockRows    int           // of the current run
	out          *tensor.Dense // [B,T,De]
	lengths      *tensor.Dense

	softTable      []float32 // [V,softCols]
	transposed     []float32 // W transposed, if it is not given as such
	lines          []float32 // [H,stride] W, if it is not given like that
	gradTable      []float32 // [gradCols,stride]
	transposedGrad []float32 // [max(E,De),V] gradient of a softly read table

	// of the current run
	table, W, WT, bias, reader, grad []float32 // W [H,stride], WT [V,H]
	held                             struct {
		W, WT, softTable, gradTable kernel.Weights
	}
	dTable, dReader []float32
	tau             float32
	key             rng.Key
	names           RunKey
	sum             groupSum

	joinFn, scatterFn, readerFn                                    func(lo, hi int)
	writeGroupsFn, backGroupsFn, emitFn, rowsBackFn, columnsBackFn func(lo, hi int)
}

// rolloutLayer is one recurrent layer.
type rolloutLayer struct {
	core Core
	Sizes
	first int         // place of its first weight among the inputs
	bound [][]float32 // its weights of the current run
}

func (r *rollout) bind(in []G.Value) {
	r.table, r.bias = f32(in[0]), f32(in[2])
	if r.tied {
		r.WT = f32(in[1])
	} else {
		r.WT = r.transposed
	}
	r.W = inLines(r.lines, r.stride, f32(in[1]), r.H, r.V, r.tied)
	r.Hold(&r.held.W, r.H, r.V, r.W, r.stride)
	for _, l := range r.layers {
		for i := range l.bound {
			l.bound[i] = f32(in[l.first+i])
		}
		l.core.Bind(l.bound)
	}
	rest := in[r.readerAt:]
	r.reader, r.tau = f32(rest[0]), f32(rest[1])[0]
	if !(r.tau > 0) {
		panic(fmt.Sprintf("tau is %v; it divides the logits and must be positive", r.tau))
	}
	r.names = KeyOf(rest[2])
	r.key = r.names.stream(rng.Noise, 0)
	r.conditioning.bind(in)
	r.blockRows = blockRows
	if r.groupACore() && r.H*r.V > ownCache { // more cores than groups share the blocks
		r.blockRows *= 2
	}
}

func (r *rollout) forward(in []G.Value) G.Value {
	r.bind(in)
	if r.softCols > 0 {
		kernel.Parallel(r.V, 64, r.joinFn)
		r.Hold(&r.held.softTable, r.V, r.softCols, r.softTable, r.softCols)
	}
	if r.groupACore() {
		kernel.Parallel(len(r.groups), 1, r.writeGroupsFn)
		return r.out
	}
	for _, c := range r.groups {
		c.begin()
	}
	for range r.cfg.T {
		kernel.Parallel(r.stepBlocks(), 1, r.emitFn)
		for _, c := range r.groups {
			c.advance()
		}
	}
	return r.out
}

// groupACore reports whether every processor takes groups of its own from the
// first token to the last. If there are more processors than groups, they share
// the rows of each step.
func (r *rollout) groupACore() bool { return kernel.Threads() <= len(r.groups) }

// writeGroups writes the sentences of groups lo..hi-1.
func (r *rollout) writeGroups(lo, hi int) {
	for _, c := range r.groups[lo:hi] {
		for c.begin(); c.rows() > 0; c.advance() {
			for b := range c.blocks() {
				c.emit(c.block(b))
			}
		}
	}
}

// stepBlocks is how many blocks of rows the step has in all groups.
func (r *rollout) stepBlocks() (n int) {
	for _, c := range r.groups {
		n += c.blocks()
	}
	return n
}

// eachBlock calls f for blocks lo..hi-1 of the step.
func (r *rollout) eachBlock(lo, hi int, f func(c *rolloutGroup, lo, hi int)) {
	for _, c := range r.groups {
		n := c.blocks()
		for b := max(lo, 0); b < min(hi, n); b++ {
			from, to := c.block(b)
			f(c, from, to)
		}
		lo, hi = lo-n, hi-n
	}
}

// join puts rows lo..hi-1 of the tables that read y softly side by side, so that
// one product serves them both.
func (r *rollout) join(lo, hi int) {
	for v := lo; v < hi; v++ {
		row := r.softTable[v*r.softCols:][:r.softCols]
		if r.softFeed {
			row = row[copy(row, r.table[v*r.E:][:r.E]):]
		}
		if r.softOut {
			copy(row, r.reader[v*r.De:][:r.De])
		}
	}
}

func (r *rollout) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	r.grad = f32(grad)
	if r.needNet {
		r.netBack(dIn)
	}
	if d := dIn[r.readerAt]; d != nil {
		for _, c := range r.groups {
			c.packGrad()
		}
		if r.softOut {
			r.softTableGrad(d, r.De, func(c *rolloutGroup) []float32 { return c.dOutPacked })
		} else {
			r.dReader = d
			kernel.Parallel(r.V, 64, r.readerFn)
		}
	}
}

// readerBack sums the gradient of rows lo..hi-1 of the reader's table.
func (r *rollout) readerBack(lo, hi int) {
	clear(r.dReader[lo*r.De : hi*r.De])
	for _, c := range r.groups {
		scatterRows(r.dReader, r.De, c.ids[:c.plan.N], c.dOutPacked, lo, hi)
	}
}

// softTableGrad sets dTable [V,width] to y' d, for d [N,width] of every group:
// the gradient of a table that read y softly. The product is formed as d' y,
// whose operands are both read along their rows.
func (r *rollout) softTableGrad(dTable []float32, width int, d func(c *rolloutGroup) []float32) {
	for i, c := range r.groups {
		c.Gemm(true, false, width, r.V, c.plan.N, 1, d(c), width, c.y, r.stride, float32(min(i, 1)), r.transposedGrad, r.V)
	}
	kernel.Transpose(dTable, r.transposedGrad[:width*r.V], width, r.V)
}

func (r *rollout) netBack(dIn [][]float32) {
	if !r.tied {
		kernel.TransposeRows(r.WT, r.H, r.W, r.stride, r.H, r.V)
	}
	r.Hold(&r.held.WT, r.V, r.H, r.WT, r.H)
	if r.sparse == nil || r.sparse.anyDense(r) {
		r.joinGradTable()
	}
	if r.joint != nil {
		r.joint.begin(r)
	}
	r.conditioning.beginBack(dIn)
	for _, l := range r.layers {
		l.core.BindBack()
	}
	if r.groupACore() {
		kernel.Parallel(len(r.groups), 1, r.backGroupsFn)
	} else {
		r.backBySteps()
	}
	if d := dIn[0]; d != nil {
		r.dTable = d
		if r.softFeed {
			r.softTableGrad(d, r.E, func(c *rolloutGroup) []float32 { return c.dFeed })
		} else {
			clear(d)
		}
		kernel.Parallel(r.V, 64, r.scatterFn)
	}
	dense := r.addUpDense(dIn)
	for i := 2; i < r.readerAt; i++ {
		r.addUp(i, dIn[i])
	}
	if r.sparse != nil {
		r.sparse.outputBack(r, dIn[1], dIn[2], dense)
	}
	for i, l := range r.layers {
		for _, c := range r.groups {
			r.conditioning.endBack(i, c.first, c.B, l, c.states[i].d, dIn)
		}
	}
}

// addUpDense adds up the gradients of the output weights from dense rows, if
// there were any.
func (r *rollout) addUpDense(dIn [][]float32) (dense bool) {
	for _, c := range r.groups {
		dense = dense || c.begun
	}
	for _, c := range r.groups {
		if dense && !c.begun {
			clear(c.d[1])
		}
	}
	if dense {
		r.addUp(1, dIn[1])
	}
	return dense
}

// addUp sets d, the gradient of input i, to the sum of what the groups have.
func (r *rollout) addUp(i int, d []float32) {
	if d == nil {
		return
	}
	var src [groups][]float32
	for g, c := range r.groups {
		src[g] = c.d[i]
	}
	if i == 1 && r.tied {
		r.sum.scaled(src[0], 1, src)
		kernel.Transpose(d, src[0], r.H, r.V)
	} else {
		r.sum.scaled(d, 1, src)
	}
}

// backBySteps goes back through the groups step by step, on all cores.
func (r *rollout) backBySteps() {
	steps := 0
	for _, c := range r.groups {
		c.beginBack()
		steps = max(steps, c.plan.Steps)
	}
	for t := steps - 1; t >= 0; t-- {
		for _, c := range r.groups {
			c.carry(t)
		}
		kernel.Parallel(r.stepBlocks(), 1, r.rowsBackFn)
		kernel.Parallel(r.V, 48, r.columnsBackFn)
		for _, c := range r.groups {
			c.passed()
		}
	}
	for _, c := range r.groups {
		c.weightsBack()
	}
}

// backGroups goes back through groups lo..hi-1 on one core.
func (r *rollout) backGroups(lo, hi int) {
	for _, c := range r.groups[lo:hi] {
		c.beginBack()
		for t := c.plan.Steps - 1; t >= 0; t-- {
			c.carry(t)
			for b := range c.blocks() {
				c.rowsBack(c.block(b))
			}
			c.columnsBack(0, r.V)
			c.passed()
		}
		c.weightsBack()
	}
}

// joinGradTable stacks the transposed tables through which y gets a gradient.
func (r *rollout) joinGradTable() {
	at := 0
	if r.cfg.Feedback != feedback.Detached {
		kernel.TransposeRows(r.gradTable, r.stride, r.table, r.E, r.V, r.E)
		at = r.E * r.stride
	}
	kernel.TransposeRows(r.gradTable[at:], r.stride, r.reader, r.De, r.V, r.De)
	r.Hold(&r.held.gradTable, r.gradCols, r.V, r.gradTable, r.stride)
}

// scatter adds the gradients of what was read by id to rows lo..hi-1.
func (r *rollout) scatter(lo, hi int) {
	for _, c := range r.groups {
		scatterRows(r.dTable, r.E, c.readID[:c.plan.N], c.dx, lo, hi)
	}
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
