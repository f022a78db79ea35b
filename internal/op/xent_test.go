package op

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/gradcheck"
)

// A likelihood is a batch with weights [B,T], of which some are zero and some
// negative, and a chunk size for the operation (0 for its own).
type likelihood struct {
	*batch
	weights []float32
	chunk   int
	nll     []float32
	to      *other
}

// other is a model whose distribution is a target too, with weights [B,T] of any sign.
type other struct {
	h, W, b, weights *input
	tied             bool
}

func newOther(b *batch, H int, tied bool) *other {
	o := &other{random("other h", 0.7, b.B*b.T, H), random("other W", 0.7, H, b.V), random("other b", 0.7, b.V), random("other weights", 0.5, b.B, b.T), tied}
	if tied {
		o.W = random("other table", 0.7, b.V, H)
	}
	return o
}

// plain is the cross-entropy of packed row i, of -log p, to the other model.
func (o *other) plain(i int, logP []num) num {
	H, t := o.h.shape[1], logP[0].t
	h, W, b := t.lifts(o.h.data), t.lifts(o.W.data), t.lifts(o.b.data)
	logits := outputs(row(h, i, H), W, b, o.tied)
	return dot(softmax(logits), logP).times(-1)
}

// outputs are the logits of an output layer.
func outputs(h, W, b []num, tied bool) []num {
	logits := make([]num, len(b))
	for v := range logits {
		w := column(W, v, len(b))
		if tied {
			w = row(W, v, len(h))
		}
		logits[v] = dot(h, w).add(b[v])
	}
	return logits
}

func newLikelihood(b *batch, chunk int) *likelihood {
	l := &likelihood{batch: b, chunk: chunk, weights: random("token weights", 0.5, b.B, b.T).data}
	for i := range l.weights {
		if i%4 == 1 {
			l.weights[i] = 0
		}
	}
	return l
}

func (l *likelihood) build(g *Graph, h, W, b *G.Node, tied bool) (y *G.Node) {
	ids, lengths := l.nodes(g)
	weights := g.Leaf("token weights", l.weights, false, l.B, l.T)
	if o := l.to; o != nil {
		leaf := func(in *input) *G.Node { return g.Leaf(in.name, in.data, false, in.shape...) }
		y, l.nll = g.PackedXentToward(h, W, b, ids, lengths, weights, tied, &Toward{leaf(o.h), leaf(o.W), leaf(o.b), leaf(o.weights), o.tied})
	} else {
		y, l.nll = g.PackedXentTokens(h, W, b, ids, lengths, weights, tied)
	}
	if l.chunk > 0 {
		y.Op().(*operation).f.(*xent).chunk = l.chunk
	}
	return y
}

func (l *likelihood) plain(h, W, b []num, tied bool) num {
	H := len(W) / l.V
	total, i := b[0].t.lift(0), 0
	l.packed(func(s, t int) {
		p, at := softmax(outputs(row(h, i, H), W, b, tied)), s*l.T+t
		if w := l.weights[at]; w != 0 {
			total = total.add(p[l.ids[at]].log().times(-float64(w)))
		}
		if l.to != nil {
			total = total.add(l.to.plain(i, each(p, num.log)).times(float64(l.to.weights.data[at])))
		}
		i++
	})
	return total
}

func xentTrial(l *likelihood, H int, tied bool) *trial {
	W := random("W", 0.7, H, l.V)
	if tied {
		W = random("table", 0.7, l.V, H)
	}
	return &trial{
		scalar: true,
		inputs: []*input{random("h", 0.7, l.B*l.T, H), W, random("b", 0.7, l.V)},
		vary:   l.set,
		build:  func(g *Graph, in []*G.Node) *G.Node { return l.build(g, in[0], in[1], in[2], tied) },
		plain:  func(_ *tape, in [][]num) []num { return []num{l.plain(in[0], in[1], in[2], tied)} },
	}
}

func TestPackedXent(t *testing.T) {
	for _, tied := range []bool{false, true} {
		t.Run(fmt.Sprintf("tied %v", tied), func(t *testing.T) {
			t.Run("one chunk", xentTrial(newLikelihood(newBatch(4, 5, 7), 0), 3, tied).check)
			t.Run("chunks of 5", xentTrial(newLikelihood(newBatch(5, 6, 7), 5), 3, tied).check) // 19 tokens
			t.Run("one of each", xentTrial(newLikelihood(newBatch(1, 1, 3), 0), 1, tied).checkMeaning)
			t.Run("cores", xentTrial(newLikelihood(newBatch(13, 6, 150), 20), 17, tied).checkThreads)
			t.Run("two groups, then one", xentTrial(newLikelihood(newBatch(13, 9, 7), 10), 3, tied).check) // 65 tokens, 52
			t.Run("groups on cores", xentTrial(newLikelihood(newBatch(24, 9, 150), 20), 17, tied).checkThreads)
		})
	}
}

// Another model that is a target: of another width, tied or not as it likes.
func TestPackedXentToward(t *testing.T) {
	for _, c := range []struct {
		name       string
		b          *batch
		chunk      int
		tied, also bool
		check      func(*trial, *testing.T)
	}{
		{"one chunk", newBatch(4, 5, 7), 0, false, false, (*trial).check},
		{"chunks of 5", newBatch(5, 6, 7), 5, true, true, (*trial).check},
		{"two groups, then one", newBatch(13, 9, 7), 10, false, true, (*trial).check},
		{"one of each", newBatch(1, 1, 3), 0, true, false, (*trial).checkMeaning},
		{"groups on cores", newBatch(24, 9, 150), 20, false, true, (*trial).checkThreads},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLikelihood(c.b, c.chunk)
			l.to = newOther(c.b, 5, c.also)
			tr := xentTrial(l, 3, c.tied)
			c.check(tr, t)
			tr.bf16 = true
			tr.checkThreads(t)
		})
	}
	for name, to := range map[string]func(g *Graph) *Toward{
		"W": func(g *Graph) *Toward {
			return &Toward{blank(g, "h2", 20, 2), blank(g, "W2", 3, 7), blank(g, "b2", 7), blank(g, "weights2", 4, 5), false}
		},
		"tied": func(g *Graph) *Toward {
			return &Toward{blank(g, "h2", 20, 2), blank(g, "W2", 2, 7), blank(g, "b2", 7), blank(g, "weights2", 4, 5), true}
		},
		"rows": func(g *Graph) *Toward {
			return &Toward{blank(g, "h2", 19, 2), blank(g, "W2", 2, 7), blank(g, "b2", 7), blank(g, "weights2", 4, 5), false}
		},
		"b": func(g *Graph) *Toward {
			return &Toward{blank(g, "h2", 20, 2), blank(g, "W2", 2, 7), blank(g, "b2", 8), blank(g, "weights2", 4, 5), false}
		},
	} {
		g := NewGraph()
		ids, lengths := newBatch(4, 5, 7).nodes(g)
		g.PackedXentToward(blank(g, "h", 20, 3), blank(g, "W", 3, 7), blank(g, "b", 7), ids, lengths, blank(g, "weights", 4, 5), false, to(g))
		require.ErrorContains(t, g.Err(), "toward", name)
	}
}

// blank is a leaf of zeros.
func blank(g *Graph, name string, shape ...int) *G.Node {
	return g.Leaf(name, make([]float32, tensor.Shape(shape).TotalSize()), false, shape...)
}

// With a vocabulary of this size the operation makes chunks of itself.
func TestPackedXentOwnChunks(t *testing.T) {
	l := newLikelihood(newBatch(24, 9, 24001), 0)
	tr := xentTrial(l, 2, false)
	w := tr.program(t, alone, none)
	x := w.spy.fused.(*xent)
	got := w.run(t)
	require.Equal(t, minChunk, x.chunk)
	require.Greater(t, x.plan.N, 2*minChunk) // a group has two chunks, the last not full
	require.NotZero(t, x.plan.N%x.chunk)
	_, loss, grads := tr.reference(alone)
	require.InEpsilon(t, loss, got.loss, 10*valueTol)
	for name, want := range grads {
		require.LessOrEqual(t, gradcheck.Distance(got.grads[name], want), gradTol, name)
	}
}

// Entries of the vocabulary are excluded by a bias of -Inf, or all but
// excluded by -1e9; an excluded target may stand where the weight is zero.
func TestPackedXentExcludes(t *testing.T) {
	l := newLikelihood(newBatch(4, 5, 7), 6)
	for _, tied := range []bool{false, true} {
		tr := xentTrial(l, 3, tied)
		bias := tr.inputs[2]
		bias.bare, bias.data[2], bias.data[4] = true, float32(math.Inf(-1)), -1e9
		for i, id := range l.ids {
			if id == 2 || id == 4 {
				l.ids[i] = 5
			}
		}
		l.ids[1], l.weights[1] = 2, 0
		tr.checkMeaning(t)
		tr.checkFrozen(t)
		tr.checkThreads(t)
		require.True(t, math.IsInf(float64(l.nll[1]), 1))
		got := tr.program(t, alone, none).run(t).grads["b"]
		require.Zero(t, got[2])
		require.Zero(t, got[4])
	}
}

// No floor stands below log p: a target far under the epsilon of float32 costs
// what it should and is learnt from.
func TestPackedXentRareWords(t *testing.T) {
	const rare = -40
	l := newLikelihood(newBatch(4, 5, 7), 6)
	clear(l.weights)
	l.ids[0], l.weights[0] = 2, 1
	for _, tied := range []bool{false, true} {
		tr := xentTrial(l, 3, tied)
		tr.inputs[2].data[2] = rare
		got := tr.program(t, alone, none).run(t)
		_, loss, grads := tr.reference(alone)
		require.Greater(t, l.nll[0], float32(-rare-5))
		require.InEpsilon(t, loss, got.loss, valueTol)
		require.NotZero(t, grads["b"][2])
		for name, want := range grads {
			require.LessOrEqual(t, gradcheck.Distance(got.grads[name], want), gradTol, name)
		}
	}
}

// The -log p of the tokens lie where their ids do, and the loss is their
// weighted sum.
func TestPackedXentTokens(t *testing.T) {
	l := newLikelihood(newBatch(4, 5, 7), 0)
	tr := xentTrial(l, 3, false)
	w := tr.program(t, alone, none)
	w.run(t)
	l.set(1)
	w.run(t)
	sum := 0.0
	for s := range l.B {
		for i := range l.T {
			at := s*l.T + i
			if i >= int(l.lengths[s]) {
				require.Zero(t, l.nll[at])
				continue
			}
			require.Positive(t, l.nll[at])
			sum += float64(l.weights[at]) * float64(l.nll[at])
		}
	}
	require.InEpsilon(t, sum, flat(w.out())[0], valueTol)
}

func TestPackedXentRefuses(t *testing.T) {
	l := newLikelihood(newBatch(4, 5, 7), 0)
	xentTrial(l, 3, false).refuses(t, l.batch, packedMistakes)
}

// The same in plain library operations, one row of logits for each token.
func TestPackedXentAgainstLibrary(t *testing.T) {
	const H = 3
	l := newLikelihood(newBatch(4, 5, 7), 4)
	tr := xentTrial(l, H, false)
	want := tr.program(t, alone, none).run(t)

	var weights, onehot []float32
	l.packed(func(s, t int) {
		weights = append(weights, l.weights[s*l.T+t])
		onehot = append(onehot, make([]float32, l.V)...)
		onehot[len(onehot)-l.V+int(l.ids[s*l.T+t])] = 1
	})
	n := len(weights)
	g := NewGraph()
	h := g.Leaf("h", tr.inputs[0].data[:n*H], true, n, H)
	W := g.Leaf("W", tr.inputs[1].data, true, H, l.V)
	b := g.Leaf("b", tr.inputs[2].data, true, 1, l.V)
	w, hot := g.Leaf("w", weights, false, n), g.Leaf("onehot", onehot, false, n, l.V)
	logits := g.Must(G.BroadcastAdd(g.Must(G.Mul(h, W)), b, nil, []byte{0}))
	all := g.Must(G.Log(g.Must(G.Sum(g.Must(G.Exp(logits)), 1))))
	own := g.Must(G.Sum(g.Must(G.HadamardProd(logits, hot)), 1))
	xent := g.Must(G.Sum(g.Must(G.HadamardProd(g.Must(G.Sub(all, own)), w))))
	p, err := g.Compile(g.Must(G.Square(xent)), h, W, b)
	require.NoError(t, err)
	got, err := p.Run()
	require.NoError(t, err)
	require.InEpsilon(t, want.loss, got, 10*valueTol)
	require.LessOrEqual(t, gradcheck.Distance(want.grads["h"][:n*H], p.Grad(0)), gradTol)
	require.LessOrEqual(t, gradcheck.Distance(want.grads["W"], p.Grad(1)), gradTol)
	require.LessOrEqual(t, gradcheck.Distance(want.grads["b"], p.Grad(2)), gradTol)
}
