package op

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// reader is a tiny language model that reads tokens by the columns of a table.
type reader struct {
	Reading
	V, E, H int
	tied    bool
}

// order is the tokens of a sentence of n as they are read; x are its tokens [T,D].
func (r reader) order(x []num, n, T, D int) (order []int) {
	words := n
	if n > 0 && (n < T || x[(n-1)*D+r.End].val() >= 0.5) {
		words--
	}
	for t := range n {
		switch {
		case r.Reversed && t < words:
			order = append(order, words-1-t)
		default:
			order = append(order, t)
		}
	}
	return order
}

// half puts the last token of full sentences on either side of one half in column c.
func half(x *input, c int) {
	T, D := x.shape[1], x.shape[2]
	for b := range x.shape[0] {
		x.data[(b*T+T-1)*D+c] = 0.9 * float32(1-2*(b%2))
	}
}

func TestBeside(t *testing.T) {
	const V = 5
	tr := &trial{
		inputs: []*input{random("a", 1, V, 3), random("b", 1, 2, V), random("c", 1, V)},
		kinks:  true,
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.Beside(V, Part{Node: in[0]}, Part{Node: in[1], Turned: true}, Part{Node: in[2], Least: -0.4})
		},
		plain: func(t *tape, in [][]num) (y []num) {
			for v := range V {
				y = append(append(y, row(in[0], v, 3)...), column(in[1], v, V)...)
				y = append(y, in[2][v].plus(0.4).relu().plus(-0.4))
			}
			return y
		},
	}
	tr.check(t)
	g := NewGraph()
	g.Beside(V, Part{Node: g.Leaf("x", make([]float32, 6), true, 2, 3)})
	require.ErrorContains(t, g.Err(), "Beside")
}

func TestTeacherForced(t *testing.T) {
	const V, D = 4, 6
	for _, reversed := range []bool{false, true} {
		b, set := anyOrder(7, 5)
		r := reader{Reading: Reading{In: 2, End: 1, Reversed: reversed, Bos: 3}, E: 3}
		x := random("x", 1, b.B, b.T, D)
		half(x, r.End)
		tr := &trial{
			inputs: []*input{x, random("table", 1, V, D)}, vary: set, kinks: true,
			build: func(g *Graph, in []*G.Node) *G.Node {
				_, lengths := b.nodes(g)
				y, _ := g.TeacherForced(in[0], in[1], lengths, r.Reading, r.E)
				return y
			},
			plain: func(t *tape, in [][]num) []num {
				y, i := t.zeros(b.B*b.T*r.E), 0
				b.plainSequences(false, func(s, at int) {
					x := row(in[0], s, b.T*D)
					from := row(in[1], r.Bos, D)
					if at > 0 {
						from = row(x, r.order(x, int(b.lengths[s]), b.T, D)[at-1], D)
					}
					copy(row(y, i, r.E), from[r.In:])
					i++
				})
				return y
			},
		}
		tr.check(t)
	}
}

// plainLogProbs is LogProbs from packed states.
func (r reader) plainLogProbs(t *tape, b *batch, h, W, bias, x []num, D int) []num {
	y, i := t.zeros(b.B), 0
	b.plainSequences(false, func(s, at int) {
		tokens, state := row(x, s, b.T*D), row(h, i, r.H)
		target := row(tokens, r.order(tokens, int(b.lengths[s]), b.T, D)[at], D)[r.Target:]
		var exps []num
		for v := range r.V {
			w := column(W, v, r.V)
			if r.tied {
				w = row(W, v, r.H)
			}
			exps = append(exps, dot(state, w).add(bias[v]).exp())
		}
		y[s] = y[s].add(dot(state, target[:r.H])).add(target[r.H]).sub(sum(exps).log())
		i++
	})
	return y
}

func TestLogProbs(t *testing.T) {
	for _, tied := range []bool{false, true} {
		for _, reversed := range []bool{false, true} {
			const D = 8
			b, set := anyOrder(7, 5)
			r := reader{Reading: Reading{Target: 2, End: 1, Reversed: reversed}, V: 6, H: 4, tied: tied}
			shape := []int{r.H, r.V}
			if tied {
				shape = []int{r.V, r.H}
			}
			x := random("x", 1, b.B, b.T, D)
			half(x, r.End)
			tr := &trial{
				inputs: []*input{random("h", 1, b.B*b.T, r.H), random("W", 1, shape...), random("b", 1, r.V), x}, vary: set,
				build: func(g *Graph, in []*G.Node) *G.Node {
					_, lengths := b.nodes(g)
					return g.LogProbs(in[0], in[1], in[2], in[3], lengths, r.Reading, tied)
				},
				plain: func(t *tape, in [][]num) []num {
					return r.plainLogProbs(t, b, in[0], in[1], in[2], in[3], D)
				},
			}
			tr.check(t)
		}
	}
	big := func() *trial { // several chunks
		b, set := anyOrder(40, 9)
		return &trial{
			inputs: []*input{random("h", 1, b.B*b.T, 8), random("W", 1, 8, 50), random("b", 1, 50), random("x", 1, b.B, b.T, 12)}, vary: set,
			build: func(g *Graph, in []*G.Node) *G.Node {
				_, lengths := b.nodes(g)
				return g.LogProbs(in[0], in[1], in[2], in[3], lengths, Reading{Target: 2}, false)
			},
		}
	}
	t.Run("cores", big().checkThreads)
}
