package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Representations takes sentences that are embedded R times, x [B,T,R*E] with
// the embeddings of a token side by side, for B*R sentences [B*R,T,E]: row b*R+r
// is sentence b as the r-th table has it. lengths [B] become [B*R].
func (g *Graph) Representations(x, lengths *G.Node, R int) (y, repeated *G.Node) {
	if g.err != nil {
		return nil, nil
	}
	B, T, width := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	if R < 1 || width%R != 0 || lengths.Shape()[0] != B {
		return g.fail("Representations: x %v and lengths %v do not fit %d representations", x.Shape(), lengths.Shape(), R), nil
	}
	r := &representations{B: B, T: T, R: R, E: width / R, y: zeros(B*R, T, width/R), lengths: tensor.New(tensor.Of(tensor.Int32), tensor.WithShape(B*R))}
	r.splitFn, r.joinFn = r.split, r.join
	y = g.apply("Representations", r, r.y, x, lengths)
	return y, g.side("RepresentationsLengths", r.lengths, y)
}

type representations struct {
	B, T, R, E      int
	y, lengths      *tensor.Dense
	x, dx, grad     []float32 // of the current run
	splitFn, joinFn func(lo, hi int)
}

func (r *representations) forward(in []G.Value) G.Value {
	r.x = f32(in[0])
	kernel.Parallel(r.B, 1, r.splitFn)
	for b, n := range i32(in[1]) {
		for k := range r.R {
			i32(r.lengths)[b*r.R+k] = n
		}
	}
	return r.y
}

func (r *representations) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	r.grad, r.dx = f32(grad), dIn[0]
	kernel.Parallel(r.B, 1, r.joinFn)
}

// places of representation k of token t of sentence b, among those of tokens
// and among those of sentences.
func (r *representations) places(b, t, k int) (joined, split int) {
	return ((b*r.T+t)*r.R + k) * r.E, ((b*r.R+k)*r.T + t) * r.E
}

func (r *representations) split(lo, hi int) {
	y := f32(r.y)
	for b := lo; b < hi; b++ {
		for k := range r.R {
			for t := range r.T {
				joined, split := r.places(b, t, k)
				copy(y[split:][:r.E], r.x[joined:])
			}
		}
	}
}

func (r *representations) join(lo, hi int) {
	for b := lo; b < hi; b++ {
		for t := range r.T {
			for k := range r.R {
				joined, split := r.places(b, t, k)
				copy(r.dx[joined:][:r.E], r.grad[split:])
			}
		}
	}
}

// InRows lays the values of x out in rows of n: [.,n].
func (g *Graph) InRows(x *G.Node, n int) *G.Node {
	if g.err != nil {
		return nil
	}
	size := x.Shape().TotalSize()
	if n < 1 || size%n != 0 {
		return g.fail("InRows: x %v does not fit rows of %d", x.Shape(), n)
	}
	r := &inRows{zeros(size/n, n)}
	return g.apply("InRows", r, r.y, x)
}

type inRows struct{ y *tensor.Dense }

func (r *inRows) forward(in []G.Value) G.Value {
	copy(f32(r.y), f32(in[0]))
	return r.y
}

func (r *inRows) backward(_ []G.Value, grad G.Value, dIn [][]float32) { copy(dIn[0], f32(grad)) }
