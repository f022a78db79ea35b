package op

import (
	"math"
	"slices"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
	"textgan/internal/memory"
	"textgan/internal/rng"
)

// Activation is a pointwise function behind a dense layer.
type Activation int

// The activations.
const (
	Identity Activation = iota
	ReLU
	Tanh
)

// Dense is act(x W + b) for x [N,I], W [I,O], b [O].
func (g *Graph) Dense(x, W, b *G.Node, act Activation) *G.Node {
	if g.err != nil {
		return nil
	}
	N, I, O := x.Shape()[0], x.Shape()[1], W.Shape()[1]
	if W.Shape()[0] != I || b.Shape()[0] != O {
		return g.fail("Dense: x %v, W %v, b %v do not fit", x.Shape(), W.Shape(), b.Shape())
	}
	d := &dense{products: g.products, N: N, I: I, O: O, act: act, y: zeros(N, O), dz: memory.Floats(N * O)[0]}
	return g.apply("Dense", d, d.y, x, W, b)
}

type dense struct {
	products
	N, I, O int
	act     Activation
	y       *tensor.Dense
	dz      []float32
}

func (d *dense) forward(in []G.Value) G.Value {
	y := f32(d.y)
	d.GemmBias(false, false, d.N, d.O, d.I, f32(in[0]), d.I, f32(in[1]), d.O, f32(in[2]), y, d.O)
	switch d.act {
	case ReLU:
		kernel.ReLU(y, y)
	case Tanh:
		kernel.Tanh(y, y)
	}
	return d.y
}

func (d *dense) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	y, gy, dz := f32(d.y), f32(grad), d.dz
	switch d.act {
	case ReLU:
		kernel.ReLUBackward(dz, y, gy)
	case Tanh:
		for i, g := range gy {
			dz[i] = g * (1 - y[i]*y[i])
		}
	default:
		dz = gy
	}
	linearGrads(d.products, d.N, d.I, d.O, f32(in[0]), f32(in[1]), dz, 0, dIn[0], dIn[1], dIn[2])
}

// linearGrads fills (beta 0) or raises (beta 1, dx alone) the gradients of x W + b.
func linearGrads(p products, N, I, O int, x, W, dz []float32, beta float32, dx, dW, db []float32) {
	if dx != nil {
		p.Gemm(false, true, N, I, O, 1, dz, O, W, O, beta, dx, I)
	}
	if dW != nil {
		p.Gemm(true, false, I, O, N, 1, x, I, dz, O, 0, dW, O)
	}
	if db != nil {
		clear(db)
		kernel.AddColumnSums(db, dz, N, O, O)
	}
}

// Highway is g relu(x Wh + bh) + (1-g) x with g = sigmoid(x Wg + bg), for x
// [N,I] and square W. Srivastava, Greff and Schmidhuber 2015, equation 3.
func (g *Graph) Highway(x, Wh, bh, Wg, bg *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	N, I := x.Shape()[0], x.Shape()[1]
	for _, l := range [][2]*G.Node{{Wh, bh}, {Wg, bg}} {
		if W, b := l[0].Shape(), l[1].Shape(); W[0] != I || W[1] != I || b[0] != I {
			return g.fail("Highway: x %v, W %v, b %v do not fit", x.Shape(), W, b)
		}
	}
	h := &highway{products: g.products, N: N, I: I, y: zeros(N, I)}
	allocate(part{&h.h, N * I}, part{&h.gate, N * I}, part{&h.dh, N * I}, part{&h.dg, N * I})
	h.mixFn, h.backFn = h.mix, h.back
	return g.apply("Highway", h, h.y, x, Wh, bh, Wg, bg)
}

type highway struct {
	products
	N, I            int
	y               *tensor.Dense
	h, gate, dh, dg []float32

	x, gy, dx     []float32 // of the current run
	mixFn, backFn func(lo, hi int)
}

// highwayGrain is how many values a core takes at least.
const highwayGrain = 1 << 12

func (h *highway) forward(in []G.Value) G.Value {
	x := f32(in[0])
	h.GemmBias(false, false, h.N, h.I, h.I, x, h.I, f32(in[1]), h.I, f32(in[2]), h.h, h.I)
	h.GemmBias(false, false, h.N, h.I, h.I, x, h.I, f32(in[3]), h.I, f32(in[4]), h.gate, h.I)
	h.x = x
	kernel.Parallel(h.N*h.I, highwayGrain, h.mixFn)
	return h.y
}

func (h *highway) mix(lo, hi int) {
	gate := h.gate[lo:hi]
	kernel.Sigmoid(gate, gate)
	kernel.Highway(f32(h.y)[lo:hi], h.h[lo:hi], gate, h.x[lo:hi])
}

func (h *highway) back(lo, hi int) {
	kernel.HighwayBackward(h.dh[lo:hi], h.dg[lo:hi], h.dx[lo:hi], h.gy[lo:hi], h.h[lo:hi], h.gate[lo:hi], h.x[lo:hi])
}

func (h *highway) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	x := f32(in[0])
	h.x, h.gy, h.dx = x, f32(grad), dIn[0]
	if h.dx == nil { // nobody wants it
		h.dx = h.dg
	}
	kernel.Parallel(h.N*h.I, highwayGrain, h.backFn)
	linearGrads(h.products, h.N, h.I, h.I, x, f32(in[1]), h.dh, 1, dIn[0], dIn[1], dIn[2])
	linearGrads(h.products, h.N, h.I, h.I, x, f32(in[3]), h.dg, 1, dIn[0], dIn[3], dIn[4])
}

// Dropout zeroes each value with probability p and divides the others by 1-p.
// key [3] names the run; layer tells the dropouts of a graph apart: value i of x
// uses draw i of row layer of the Dropout stream. A key with rows says which rows of a
// larger x these are: n of them for n, or for n times as many, rows of x. With p = 0 it is x
// itself.
func (g *Graph) Dropout(x *G.Node, p float64, key *G.Node, layer uint32) *G.Node {
	if g.err != nil || p == 0 {
		return x
	}
	if !(p > 0 && p < 1) {
		return g.fail("Dropout: p is %v; it must satisfy 0 <= p < 1", p)
	}
	size := x.Shape().TotalSize()
	d := &dropout{p: float32(p), layer: layer, y: zeros(x.Shape()...), mask: make([]float32, size)}
	d.keeping, d.passing = d.keep, d.pass
	return g.apply("Dropout", d, d.y, x, key)
}

type dropout struct {
	p     float32
	layer uint32
	y     *tensor.Dense
	mask  []float32
	whole []float32 // of the larger x

	in, out          []float32        // of the loop under way
	keeping, passing func(lo, hi int) // the loops
}

// draw fills the mask with uniform numbers.
func (d *dropout) draw(k RunKey) {
	key := k.stream(rng.Dropout, d.layer)
	if len(k.rows) == 0 {
		kernel.Uniform(d.mask, key)
		return
	}
	each := len(d.mask) / len(k.rows)
	if n := each * (int(slices.Max(k.rows)) + 1); n > len(d.whole) {
		d.whole = make([]float32, n)
	}
	kernel.Uniform(d.whole, key)
	for i, row := range k.rows {
		copy(d.mask[i*each:][:each], d.whole[int(row)*each:])
	}
}

func (d *dropout) forward(in []G.Value) G.Value {
	d.draw(KeyOf(in[1]))
	d.in, d.out = f32(in[0]), f32(d.y)
	kernel.Parallel(len(d.mask), 4096, d.keeping)
	return d.y
}

func (d *dropout) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	d.in, d.out = f32(grad), dIn[0]
	kernel.Parallel(len(d.mask), 4096, d.passing)
}

// keep turns uniform numbers of the mask into factors, and multiplies with them.
func (d *dropout) keep(lo, hi int) {
	keep, p := math.Float32bits(1/(1-d.p)), int32(math.Float32bits(d.p))
	for i, u := range d.mask[lo:hi] {
		// Numbers of [0, 1) are in the order of their bits; a branch would often be
		// guessed wrong.
		below := uint32((int32(math.Float32bits(u)) - p) >> 31)
		d.mask[lo+i] = math.Float32frombits(keep &^ below)
	}
	d.pass(lo, hi)
}

func (d *dropout) pass(lo, hi int) {
	in, out := d.in[lo:hi], d.out[lo:hi]
	for i, factor := range d.mask[lo:hi] {
		out[i] = in[i] * factor
	}
}

// Rows copies rows lo..hi-1 of x [N,O].
func (g *Graph) Rows(x *G.Node, lo, hi int) *G.Node {
	if g.err != nil {
		return nil
	}
	if lo < 0 || hi <= lo || hi > x.Shape()[0] {
		return g.fail("Rows: rows %d..%d of %v", lo, hi-1, x.Shape())
	}
	r := &rowRange{lo: lo, hi: hi, O: x.Shape()[1], y: zeros(hi-lo, x.Shape()[1])}
	return g.apply("Rows", r, r.y, x)
}

type rowRange struct {
	lo, hi, O int
	y         *tensor.Dense
}

func (r *rowRange) forward(in []G.Value) G.Value {
	copy(f32(r.y), f32(in[0])[r.lo*r.O:r.hi*r.O])
	return r.y
}

func (r *rowRange) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	clear(dIn[0])
	copy(dIn[0][r.lo*r.O:], f32(grad))
}

// SpectralNorm is W / sigma with sigma = u'Wv, the largest singular value by
// power iteration: v = W'u/|W'u|, u = Wv/|Wv|, one iteration a run. W [I,O]; u
// [I] is state that lives with the weights; it moves only if update is set.
// Gradients treat u and v as constants. Miyato et al. 2018, algorithm 1.
func (g *Graph) SpectralNorm(W, u *G.Node, update bool) *G.Node {
	if g.err != nil {
		return nil
	}
	I, O := W.Shape()[0], W.Shape()[1]
	if u.Shape()[0] != I {
		return g.fail("SpectralNorm: W %v and u %v do not fit", W.Shape(), u.Shape())
	}
	s := &spectral{I: I, O: O, update: update, y: zeros(I, O), u: make([]float32, I), v: make([]float32, O)}
	return g.apply("SpectralNorm", s, s.y, W, u)
}

type spectral struct {
	I, O   int
	update bool
	y      *tensor.Dense
	u, v   []float32
	sigma  float32
}

func (s *spectral) forward(in []G.Value) G.Value {
	W, u := f32(in[0]), f32(in[1])
	kernel.Gemm(false, false, 1, s.O, s.I, 1, u, s.I, W, s.O, 0, s.v, s.O)
	unit(s.v)
	kernel.Gemm(false, false, s.I, 1, s.O, 1, W, s.O, s.v, 1, 0, s.u, 1)
	s.sigma = unit(s.u)
	if s.update && s.sigma > tiny { // W = 0 has no direction
		copy(u, s.u)
	}
	y := f32(s.y)
	copy(y, W)
	kernel.Scale(1/s.sigma, y)
	return s.y
}

// tiny replaces a length of zero in divisions.
const tiny = 1e-12

// unit scales x to length 1 and returns its former length.
func unit(x []float32) float32 {
	n := float32(max(tiny, math.Sqrt(kernel.SumSquares(x))))
	kernel.Scale(1/n, x)
	return n
}

func (s *spectral) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	// d(W/sigma) = (g - <g,y> u v') / sigma
	g, y := f32(grad), f32(s.y)
	along := kernel.Dot(g, y)
	for i, ui := range s.u {
		d := dIn[0][i*s.O:][:s.O]
		copy(d, g[i*s.O:])
		kernel.Axpy(-along*ui, s.v, d)
		kernel.Scale(1/s.sigma, d)
	}
}
