package op

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/gradcheck"
)

// plainStep is one step of a cell for one row.
func plainStep(cell Gated, x, h, c, Wx, Wh, b []num) (newH, newC []num) {
	H := len(h)
	GH := cell.Gates() * H
	fromX := affine(x, Wx, b[:GH])
	fromH := affine(h, Wh, h[0].t.zeros(GH))
	gate := func(k, j int) num { return fromX[k*H+j].add(fromH[k*H+j]) }
	newH, newC = make([]num, H), make([]num, H)
	for j := range H {
		if cell == GRU {
			r, z := gate(0, j).sigmoid(), gate(1, j).sigmoid()
			n := fromX[2*H+j].add(r.mul(fromH[2*H+j].add(b[3*H+j]))).tanh()
			newH[j] = z.times(-1).plus(1).mul(n).add(z.mul(h[j]))
			continue
		}
		i, f, o, g := gate(0, j).sigmoid(), gate(1, j).sigmoid(), gate(2, j).sigmoid(), gate(3, j).tanh()
		newC[j] = f.mul(c[j]).add(i.mul(g))
		newH[j] = o.mul(newC[j].tanh())
	}
	return newH, newC
}

// plainStart is the state of a layer before the first token.
func plainStart(t *tape, cell Cell, core Core) []num {
	if _, ok := cell.(Transformer); ok {
		return t.zeros(core.Sizes().Out)
	}
	state := t.zeros(core.Sizes().State)
	if r, ok := cell.(Relational); ok {
		M := len(state) / r.Slots
		for s := range min(r.Slots, M) {
			state[s*M+s] = t.lift(1)
		}
	}
	return state
}

// plainLayer is one step of any layer. cond, if not nil, is added to its share.
func plainLayer(cell Cell, x, state []num, w [][]num, cond []num) (out, next []num) {
	if c, ok := cell.(Transformer); ok {
		return plainTransformer(c, x, state, w, cond)
	}
	gated, ok := cell.(Gated)
	if !ok {
		return plainRelational(cell.(Relational), x, state, w, cond)
	}
	H, b := len(w[1])*4/len(w[2])/gated.Gates(), w[2]
	if cond != nil {
		b = append(plus(b[:len(cond)], cond, 1), b[len(cond):]...)
	}
	if gated == GRU {
		h, _ := plainStep(gated, x, state, nil, w[0], w[1], b)
		return h, h
	}
	h, c := plainStep(gated, x, state[:H], state[H:], w[0], w[1], b)
	return h, append(append([]num{}, h...), c...)
}

func rnnTrial(cell Gated, b *batch, E, H int, withH0 bool) *trial {
	GH := cell.Gates() * H
	tr := &trial{
		inputs: []*input{random("x", 1, b.B*b.T, E), random("Wx", 0.5, E, GH), random("Wh", 0.5, H, GH), random("b", 0.5, 4*H)},
		vary:   b.set,
		build: func(g *Graph, in []*G.Node) *G.Node {
			_, lengths := b.nodes(g)
			return g.RNN(cell.Core(E, H), in[0], lengths, in[1:4], append(in, nil)[4], nil)
		},
		plain: func(t *tape, in [][]num) []num {
			out, i := t.zeros(b.B*b.T*H), 0
			h, c := t.zeros(b.B*H), t.zeros(b.B*H)
			if withH0 {
				h = append([]num{}, in[4]...)
			}
			b.packed(func(s, _ int) {
				newH, newC := plainStep(cell, row(in[0], i, E), row(h, s, H), row(c, s, H), in[1], in[2], in[3])
				copy(row(h, s, H), newH)
				copy(row(c, s, H), newC)
				copy(row(out, i, H), newH)
				i++
			})
			return out
		},
	}
	if withH0 {
		tr.inputs = append(tr.inputs, random("h0", 0.5, b.B, H))
	}
	return tr
}

func cells(t *testing.T, f func(t *testing.T, cell Gated)) {
	t.Run("lstm", func(t *testing.T) { f(t, LSTM) })
	t.Run("gru", func(t *testing.T) { f(t, GRU) })
}

func TestRNN(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for _, h0 := range []bool{false, true} {
			t.Run(fmt.Sprintf("h0 %v", h0), rnnTrial(cell, newBatch(4, 5, 7), 3, 4, h0).check)
		}
		t.Run("one of each", rnnTrial(cell, newBatch(1, 1, 7), 1, 1, true).checkMeaning)
		rnnTrial(cell, newBatch(13, 6, 7), 20, 17, true).checkThreads(t)
	})
}

// Two layers, the second with another width.
func TestRNNLayers(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		b := newBatch(4, 5, 7)
		one, two := rnnTrial(cell, b, 3, 4, true), rnnTrial(cell, b, 4, 2, true)
		for _, in := range two.inputs {
			in.name = "second " + in.name
		}
		both := &trial{
			inputs: append(one.inputs, two.inputs[1:]...),
			vary:   b.set,
			build: func(g *Graph, in []*G.Node) *G.Node {
				_, lengths := b.nodes(g)
				h := g.RNN(cell.Core(3, 4), in[0], lengths, in[1:4], in[4], nil)
				return g.RNN(cell.Core(4, 2), h, lengths, in[5:8], in[8], nil)
			},
			plain: func(t *tape, in [][]num) []num {
				h := one.plain(t, in)
				return two.plain(t, append([][]num{h}, in[5:]...))
			},
		}
		both.check(t)
	})
}

func TestRNNRefuses(t *testing.T) {
	b := newBatch(4, 5, 7)
	rnnTrial(LSTM, b, 3, 2, false).refuses(t, b, []mistake{lengthsRise, lengthTooBig, lengthBelow0})
}

// diagonal is a matrix with ones from (from, 0) downwards. x times it cuts
// columns out of x, and it times x cuts rows; the library's slices can be wrong.
func diagonal(g *Graph, rows, cols, from int) *G.Node {
	m := make([]float32, rows*cols)
	for j := range min(cols, rows-from) {
		m[(from+j)*cols+j] = 1
	}
	return g.Leaf(fmt.Sprint("diagonal", len(g.names)), m, false, rows, cols)
}

// The whole layer in plain library operations, one time step after another.
func TestRNNAgainstLibrary(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		const E, H = 3, 4
		b := newBatch(4, 5, 7)
		tr := rnnTrial(cell, b, E, H, true)
		fused := tr.program(t, alone, none)
		want := fused.run(t)

		g := NewGraph()
		in := map[string]*G.Node{}
		for _, p := range tr.inputs {
			shape := p.shape
			if p.name == "b" {
				shape = []int{1, 4 * H}
			}
			in[p.name] = g.Leaf(p.name, p.data, p.name != "x", shape...)
		}
		cut := func(x *G.Node, block int) *G.Node {
			return g.Must(G.Mul(x, diagonal(g, x.Shape()[1], H, block*H)))
		}
		plan := NewPlan(b.T)
		plan.Set(b.lengths)
		weights := weightsOf(&input{name: "y", shape: []int{b.B * b.T, H}})
		h, c := in["h0"], g.Leaf("c0", make([]float32, b.B*H), false, b.B, H)
		var loss *G.Node
		var xs []*G.Node
		for step := range plan.Steps {
			at, n := plan.Off[step], plan.Count[step]
			x := g.Leaf(fmt.Sprint("x", step), tr.inputs[0].data[at*E:(at+n)*E], true, n, E)
			xs = append(xs, x)
			first := diagonal(g, n, h.Shape()[0], 0)
			h, c = g.Must(G.Mul(first, h)), g.Must(G.Mul(first, c))
			fromX, fromH := g.Must(G.Mul(x, in["Wx"])), g.Must(G.Mul(h, in["Wh"]))
			bias := func(x *G.Node, block int) *G.Node {
				return g.Must(G.BroadcastAdd(x, cut(in["b"], block), nil, []byte{0}))
			}
			gate := func(k int) *G.Node { return bias(g.Must(G.Add(cut(fromX, k), cut(fromH, k))), k) }
			if cell == GRU {
				r, z := g.Must(G.Sigmoid(gate(0))), g.Must(G.Sigmoid(gate(1)))
				new := g.Must(G.Tanh(g.Must(G.Add(bias(cut(fromX, 2), 2), g.Must(G.HadamardProd(r, bias(cut(fromH, 2), 3)))))))
				h = g.Must(G.Add(new, g.Must(G.HadamardProd(z, g.Must(G.Sub(h, new))))))
			} else {
				i, f, o := g.Must(G.Sigmoid(gate(0))), g.Must(G.Sigmoid(gate(1))), g.Must(G.Sigmoid(gate(2)))
				c = g.Must(G.Add(g.Must(G.HadamardProd(f, c)), g.Must(G.HadamardProd(i, g.Must(G.Tanh(gate(3)))))))
				h = g.Must(G.HadamardProd(o, g.Must(G.Tanh(c))))
			}
			w := g.Leaf(fmt.Sprint("w", step), weights[at*H:(at+n)*H], false, n, H)
			if part := g.Must(G.Sum(g.Must(G.HadamardProd(h, w)))); loss == nil {
				loss = part
			} else {
				loss = g.Must(G.Add(loss, part))
			}
		}
		names := []string{"Wx", "Wh", "b", "h0"}
		train := xs
		for _, name := range names {
			train = append(train, in[name])
		}
		p, err := g.Compile(loss, train...)
		require.NoError(t, err)
		got, err := p.Run()
		require.NoError(t, err)
		require.InEpsilon(t, want.loss, got, 10*valueTol)
		dx := make([]float32, 0, len(want.grads["x"]))
		for i := range xs {
			dx = append(dx, p.Grad(i)...)
		}
		dx = append(dx, make([]float32, cap(dx)-len(dx))...)
		require.LessOrEqual(t, gradcheck.Distance(want.grads["x"], dx), gradTol)
		for i, name := range names {
			require.LessOrEqual(t, gradcheck.Distance(want.grads[name], p.Grad(len(xs)+i)), gradTol, name)
		}
	})
}
