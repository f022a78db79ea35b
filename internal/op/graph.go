package op

import (
	"fmt"
	"hash"
	"hash/fnv"
	"sync/atomic"

	"github.com/chewxy/hm"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/memory"
	"textgan/internal/nn"
)

// Graph is an expression graph that knows which of its leaves are trained.
// It is built once; a step writes its inputs and runs it (see Program).
type Graph struct {
	*G.ExprGraph
	needs  map[*G.Node]bool // does a trained leaf lie below this node?
	names  map[string]bool  // of the leaves
	values map[*G.Node]*computed
	products
	err error
}

// NewGraph returns an empty graph.
func NewGraph() *Graph {
	return &Graph{ExprGraph: G.NewGraph(), needs: map[*G.Node]bool{}, names: map[string]bool{}, values: map[*G.Node]*computed{}}
}

// UseBF16 makes the operations that are added from here on read the operands of
// their products (of layers, gates, convolutions, the output layer, tables of
// relaxed tokens, and of their gradients) rounded to bf16: see kernel.GemmBF16.
// Everything else stays float32.
func (g *Graph) UseBF16() { g.products.UseBF16() }

// Err returns the first error met while building. The constructors of this
// package take and return nil nodes after one, so a model can be written down
// without a check on every line; the library's functions do not take them.
func (g *Graph) Err() error { return g.err }

func (g *Graph) fail(format string, args ...any) *G.Node {
	if g.err == nil {
		g.err = fmt.Errorf("op: "+format, args...)
	}
	return nil
}

// Must passes a node of the library through, keeping its error for Err.
func (g *Graph) Must(n *G.Node, err error) *G.Node {
	if err != nil && g.err == nil {
		g.err = fmt.Errorf("op: %w", err)
	}
	return n
}

// Leaf binds a float32 slice, shared and not copied, as a node of the given
// shape. The gradient of a leaf is computed only if train is set.
func (g *Graph) Leaf(name string, data []float32, train bool, shape ...int) *G.Node {
	n := leaf(g, name, data, tensor.Float32, shape)
	if n != nil {
		g.needs[n] = train
	}
	return n
}

// Weights binds a weight tensor; train asks for its gradient.
func (g *Graph) Weights(p *nn.Param, train bool) *G.Node {
	return g.Leaf(p.Name, p.Data, train, p.Shape...)
}

// Ints binds an int32 slice (ids, lengths) as an input node.
func (g *Graph) Ints(name string, data []int32, shape ...int) *G.Node {
	return leaf(g, name, data, tensor.Int32, shape)
}

// Key binds the three words {seed low, seed high, step} that name the draws of
// a run, and the rows behind them, if there are any: see NewKey and package rng.
func (g *Graph) Key(name string, data []uint32) *G.Node {
	return leaf(g, name, data, tensor.Uint32, []int{len(data)})
}

func leaf[E any](g *Graph, name string, data []E, dt tensor.Dtype, shape []int) *G.Node {
	if g.err != nil {
		return nil
	}
	if tensor.Shape(shape).TotalSize() != len(data) {
		return g.fail("%s: %d values for shape %v", name, len(data), shape)
	}
	if g.names[name] { // the library would take the first leaf for the second
		return g.fail("%s: two leaves have this name", name)
	}
	g.names[name] = true
	// A header of our own for each graph: the library transposes headers in place.
	v := tensor.New(tensor.Of(dt), tensor.WithShape(shape...), tensor.WithBacking(data))
	return G.NewTensor(g.ExprGraph, dt, len(shape), G.WithName(name), G.WithShape(shape...), G.WithValue(v))
}

// Needs reports whether a gradient has to flow through n.
func (g *Graph) Needs(n *G.Node) bool {
	if need, ok := g.needs[n]; ok {
		return need
	}
	need := false
	for it := g.From(n.ID()); it.Next(); {
		need = g.Needs(it.Node().(*G.Node)) || need
	}
	g.needs[n] = need
	return need
}

// A fused operation: forward computes the output from the inputs; backward
// receives the gradient of the output and fills the buffers of the gradients
// that are wanted (nil for the others). A buffer has arbitrary contents before.
type fused interface {
	forward(in []G.Value) G.Value
	backward(in []G.Value, grad G.Value, dIn [][]float32)
}

// apply adds a fused operation with the given output to the graph. out is nil
// for a scalar.
func (g *Graph) apply(name string, f fused, out *tensor.Dense, in ...*G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	o := &operation{base: newBase(name, out), f: f, need: make([]bool, len(in))}
	for i, n := range in {
		o.types = append(o.types, typeOf(n))
		o.need[i] = n.Dtype() == tensor.Float32 && g.Needs(n)
	}
	n, err := G.ApplyOp(o, in...)
	if err == nil && n.Op() != G.Op(o) {
		err = fmt.Errorf("merged with another node")
	}
	if err != nil {
		return g.fail("%s: %v", name, err)
	}
	return n
}

func typeOf(n *G.Node) hm.Type {
	if n.Shape().IsScalar() {
		return n.Dtype()
	}
	return G.TensorType{Dims: n.Shape().Dims(), Of: n.Dtype()}
}

var ids atomic.Uint64

// base is the part of Gorgonia's Op interface that all operations share.
type base struct {
	name  string
	id    uint64 // in the hash, so that two operations with memory of their own never merge
	types []hm.Type
	out   hm.Type
	shape tensor.Shape
}

func newBase(name string, out *tensor.Dense) base {
	b := base{name: name, id: ids.Add(1), out: tensor.Float32, shape: tensor.ScalarShape()}
	if out != nil {
		b.out, b.shape = G.TensorType{Dims: out.Dims(), Of: out.Dtype()}, out.Shape().Clone()
	}
	return b
}

func (b *base) Type() hm.Type { // a fresh one at each call: the library recycles it
	return hm.NewFnType(append(append([]hm.Type{}, b.types...), b.out)...)
}
func (b *base) Arity() int                                     { return len(b.types) }
func (b *base) InferShape(...G.DimSizer) (tensor.Shape, error) { return b.shape.Clone(), nil }
func (b *base) ReturnsPtr() bool                               { return false }
func (b *base) CallsExtern() bool                              { return false }
func (b *base) OverwritesInput() int                           { return -1 }
func (b *base) WriteHash(h hash.Hash)                          { fmt.Fprintf(h, "%s#%d", b.name, b.id) }
func (b *base) Hashcode() uint32                               { h := fnv.New32a(); b.WriteHash(h); return h.Sum32() }
func (b *base) String() string                                 { return fmt.Sprintf("%s#%d", b.name, b.id) }

type operation struct {
	base
	f    fused
	need []bool
}

func (o *operation) Do(in ...G.Value) (G.Value, error) {
	return o.f.forward(in), nil
}

func (o *operation) DiffWRT(int) []bool { return o.need }

func (o *operation) SymDiff(in G.Nodes, out, grad *G.Node) (G.Nodes, error) {
	d := &gradient{of: o, dIn: make([][]float32, len(in))}
	var first *tensor.Dense
	bufs := make([]*tensor.Dense, len(in))
	for i, n := range in {
		if o.need[i] {
			bufs[i] = tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(n.Shape()...))
			d.dIn[i] = bufs[i].Data().([]float32)
			if first == nil {
				first = bufs[i]
			}
		}
	}
	d.first = first
	d.base = newBase("d"+o.name, first)
	d.types = append(append([]hm.Type{}, o.types...), o.out, typeOf(grad))
	// The output is an input of the gradient so that nobody may overwrite it.
	dn, err := G.ApplyOp(d, append(append(G.Nodes{}, in...), out, grad)...)
	if err != nil {
		return nil, err
	}
	grads := make(G.Nodes, len(in))
	for i, b := range bufs {
		switch {
		case b == nil:
		case b == first:
			grads[i] = dn
		default:
			if grads[i], err = handOut(o.name, b, dn); err != nil {
				return nil, err
			}
		}
	}
	return grads, nil
}

// gradient runs backward once and returns the first of the gradients.
type gradient struct {
	base
	of    *operation
	dIn   [][]float32
	first *tensor.Dense
}

func (d *gradient) Do(in ...G.Value) (G.Value, error) {
	n := len(in) - 2
	d.of.f.backward(in[:n], in[n+1], d.dIn)
	return d.first, nil
}

// pick hands out a further buffer that the operation behind its input fills.
type pick struct {
	base
	v *tensor.Dense
}

func (p *pick) Do(...G.Value) (G.Value, error) { return p.v, nil }

// DiffWRT says that no gradient flows through the ordering edge.
func (p *pick) DiffWRT(int) []bool { return []bool{false} }

// SymDiff is never asked for anything.
func (p *pick) SymDiff(in G.Nodes, _, _ *G.Node) (G.Nodes, error) { return make(G.Nodes, len(in)), nil }

func handOut(name string, v *tensor.Dense, after *G.Node) (*G.Node, error) {
	p := &pick{newBase(name+"Pick", v), v}
	p.types = []hm.Type{typeOf(after)}
	return G.ApplyOp(p, after)
}

// side hands out a further output of an operation, outside differentiation.
func (g *Graph) side(name string, v *tensor.Dense, after *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	n, err := handOut(name, v, after)
	if err != nil {
		return g.fail("%s: %v", name, err)
	}
	g.needs[n] = false
	return n
}

func zeros(shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(memory.Floats(tensor.Shape(shape).TotalSize())[0]))
}

// Not Data, which allocates at every call.
func f32(v G.Value) []float32 { return v.(*tensor.Dense).Float32s() }
func i32(v G.Value) []int32   { return v.(*tensor.Dense).Int32s() }

// scalarOf reads a loss, or the gradient that arrives for one.
func scalarOf(v G.Value) float32 {
	switch v := v.(type) {
	case *G.F32:
		return float32(*v)
	case *tensor.Dense:
		return v.Float32s()[0]
	}
	panic(fmt.Sprintf("%T where a float32 is wanted", v))
}
