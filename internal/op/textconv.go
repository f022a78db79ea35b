package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
	"textgan/internal/memory"
)

// TextConv is the sentence encoder of Kim 2014 (equations 2-4): convolutions of
// several widths over embedded tokens, ReLU, and the maximum over time.
//
// x [B,T,E] is zero behind a sentence's end; lengths [B]. Width k has weights
// [k*E,F] and bias [F]; the result is [B, len(widths)*F]. Windows lie inside
// the sentence; one shorter than k has a single window, filled up with zeros,
// so T must be at least k.
//
// A window is k consecutive rows of x, so the convolution is a matrix product
// whose rows overlap (row stride E), without im2col. The maximum is taken first
// and bias and ReLU, which keep its order, afterwards; the gradient touches
// only the windows that won.
func (g *Graph) TextConv(x, lengths *G.Node, widths []int, W, b []*G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, T, E, F := x.Shape()[0], x.Shape()[1], x.Shape()[2], b[0].Shape()[0]
	c := &textConv{products: g.products, B: B, T: T, E: E, F: F, widths: widths, stride: kernel.Stride(F)}
	in := []*G.Node{x, lengths}
	for i, k := range widths {
		if k > T || W[i].Shape()[0] != k*E || W[i].Shape()[1] != F || b[i].Shape()[0] != F {
			return g.fail("TextConv: width %d with weights %v and bias %v does not fit x %v", k, W[i].Shape(), b[i].Shape(), x.Shape())
		}
		in = append(in, W[i], b[i])
		c.WT = append(c.WT, make([]float32, F*k*E))
		c.dWT = append(c.dWT, make([]float32, F*k*E))
		c.lines = append(c.lines, memory.Floats(k * E * c.stride)[0])
	}
	c.filter = make([]kernel.Weights, len(widths))
	n := B * len(widths) * F
	c.y, c.arg = zeros(B, len(widths)*F), make([]int32, n)
	allocate(part{&c.g, n}, part{&c.scratch, B * T * c.stride})
	c.layOutFn, c.sentencesFn = c.layOut, c.sentences
	c.wonFn, c.turnFn, c.inputsFn, c.filtersFn, c.turnBackFn = c.won, c.turn, c.inputs, c.filters, c.turnBack
	return g.apply("TextConv", c, c.y, in...)
}

// filterParts are the parts that the filters' gradients are formed in.
const filterParts = 16

// winners are windows that won the maximum of a filter and got a gradient, some at a
// time, and where they begin in x.
type winners struct {
	g  [64]float32
	at [64]int32
}

type textConv struct {
	products
	B, T, E, F int
	widths     []int
	y          *tensor.Dense
	arg        []int32          // window that won, [B, widths*F]
	g          []float32        // gradient of the winning windows, [B, widths*F]
	scratch    []float32        // [B,T,stride]
	stride     int              // of F values
	lines      [][]float32      // W of each width with rows a stride apart
	filter     []kernel.Weights // those
	WT, dWT    [][]float32      // [F,k*E] of each width
	winners    [filterParts]winners

	x, dx, grad []float32 // of the current run
	lengths     []int32
	W, b        [][]float32
	dIn         [][]float32

	// The parts of loops, as values that need not be made again.
	layOutFn, sentencesFn, wonFn, turnFn, inputsFn, filtersFn, turnBackFn func(lo, hi int)
}

func (c *textConv) bind(in []G.Value) {
	c.x, c.lengths, c.W, c.b = f32(in[0]), i32(in[1]), c.W[:0], c.b[:0]
	for i := 2; i < len(in); i += 2 {
		c.W, c.b = append(c.W, f32(in[i])), append(c.b, f32(in[i+1]))
	}
}

func (c *textConv) forward(in []G.Value) G.Value {
	c.bind(in)
	checkLengths(c.lengths, c.T)
	kernel.Parallel(len(c.widths), 1, c.layOutFn)
	kernel.Parallel(c.B, 1, c.sentencesFn)
	return c.y
}

// layOut copies the filters of widths lo..hi-1 as products like them.
func (c *textConv) layOut(lo, hi int) {
	for i := lo; i < hi; i++ {
		kernel.CopyRows(c.lines[i], c.stride, c.W[i], c.F, c.widths[i]*c.E, c.F)
		c.Hold(&c.filter[i], c.widths[i]*c.E, c.F, c.lines[i], c.stride)
	}
}

func (c *textConv) sentences(lo, hi int) {
	E, F, y, cols := c.E, c.F, f32(c.y), len(c.widths)*c.F
	z := c.scratch[lo*c.T*c.stride:]
	for s := lo; s < hi; s++ {
		for i, k := range c.widths {
			m := max(int(c.lengths[s]), k) - k + 1
			c.filter[i].Gemm(0, F, m, 1, c.x[s*c.T*E:], E, 0, z, c.stride)
			best := y[s*cols+i*F:][:F]
			kernel.MaxRows(best, c.arg[s*cols+i*F:][:F], z, m, F, c.stride)
			kernel.Add(best, c.b[i])
			kernel.ReLU(best, best)
		}
	}
}

func (c *textConv) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	c.bind(in)
	c.grad = f32(grad)
	kernel.Parallel(len(c.g), 1<<12, c.wonFn)
	if c.dx = dIn[0]; c.dx != nil {
		kernel.Parallel(len(c.widths), 1, c.turnFn)
		kernel.Parallel(c.B, 1, c.inputsFn)
	}
	cols, someW := len(c.widths)*c.F, false
	for i := range c.widths {
		someW = someW || dIn[2+2*i] != nil
	}
	if someW {
		kernel.Parallel(filterParts, 1, c.filtersFn)
		c.dIn = dIn
		kernel.Parallel(len(c.widths), 1, c.turnBackFn)
		c.dIn = nil
	}
	for i := range c.widths {
		if db := dIn[3+2*i]; db != nil {
			clear(db)
			kernel.AddColumnSums(db, c.g[i*c.F:], c.B, c.F, cols)
		}
	}
}

// turn transposes the filters of widths lo..hi-1.
func (c *textConv) turn(lo, hi int) {
	for i := lo; i < hi; i++ {
		kernel.Transpose(c.WT[i], c.W[i], c.widths[i]*c.E, c.F)
	}
}

// turnBack transposes the gradients of the filters of widths lo..hi-1 that are
// asked for.
func (c *textConv) turnBack(lo, hi int) {
	for i := lo; i < hi; i++ {
		if dW := c.dIn[2+2*i]; dW != nil {
			kernel.Transpose(dW, c.dWT[i], c.F, c.widths[i]*c.E)
		}
	}
}

// won takes the gradient of values lo..hi-1 for that of the windows that won them.
func (c *textConv) won(lo, hi int) {
	kernel.ReLUBackward(c.g[lo:hi], f32(c.y)[lo:hi], c.grad[lo:hi])
}

// inputs spreads the gradients of sentences lo..hi-1 over their tokens.
func (c *textConv) inputs(lo, hi int) {
	E, F, cols := c.E, c.F, len(c.widths)*c.F
	clear(c.dx[lo*c.T*E : hi*c.T*E])
	for s := lo; s < hi; s++ {
		for i, k := range c.widths {
			at := s*cols + i*F
			kernel.AxpyRows(c.g[at:at+F], c.WT[i], k*E, c.dx[s*c.T*E:][:c.T*E], c.arg[at:at+F], E)
		}
	}
}

// filters sums the gradients of the filters of parts lo..hi-1 over the sentences in
// order. A part has filters of every width, so that none is longer than another.
func (c *textConv) filters(lo, hi int) {
	E, F, cols := c.E, c.F, len(c.widths)*c.F
	for part := lo; part < hi; part++ {
		for col := part; col < cols; col += filterParts {
			i, f := col/F, col%F
			n, won := c.widths[i]*E, 0
			dw, w := c.dWT[i][f*n:][:n], &c.winners[part]
			clear(dw)
			for s := range c.B {
				if g := c.g[s*cols+col]; g != 0 {
					w.g[won], w.at[won] = g, int32((s*c.T+int(c.arg[s*cols+col]))*E)
					won++
				}
				if won == len(w.g) || s == c.B-1 {
					kernel.AxpyGather(dw, w.g[:won], c.x, w.at[:won])
					won = 0
				}
			}
		}
	}
}
