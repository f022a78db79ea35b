package op

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

func TestRepresentations(t *testing.T) {
	const R, E = 3, 2
	b := newBatch(4, 5, 7)
	var lengths *G.Node
	tr := &trial{
		inputs: []*input{random("x", 1, b.B, b.T, R*E)},
		vary:   b.set,
		build: func(g *Graph, in []*G.Node) (y *G.Node) {
			_, n := b.nodes(g)
			y, lengths = g.Representations(in[0], n, R)
			return y
		},
		plain: func(_ *tape, in [][]num) (y []num) {
			for s := range b.B {
				for r := range R {
					for i := range b.T {
						y = append(y, row(row(in[0], s*b.T+i, R*E), r, E)...)
					}
				}
			}
			return y
		},
	}
	tr.check(t)
	b.set(0)
	p := tr.program(t, alone, none)
	p.run(t)
	var want []int32
	for _, n := range b.lengths {
		want = append(want, n, n, n)
	}
	require.Equal(t, want, i32(p.spy.fused.(*representations).lengths))
	require.NotNil(t, lengths)
}

func TestInRows(t *testing.T) {
	(&trial{
		inputs: []*input{random("x", 1, 6, 2)},
		build:  func(g *Graph, in []*G.Node) *G.Node { return g.InRows(in[0], 4) },
		plain:  func(_ *tape, in [][]num) []num { return in[0] },
	}).check(t)
}

func TestRepresentationsRefuse(t *testing.T) {
	g := NewGraph()
	x, n := g.Leaf("x", make([]float32, 24), true, 2, 3, 4), g.Ints("n", make([]int32, 2), 2)
	y, _ := g.Representations(x, n, 3)
	require.Nil(t, y)
	require.ErrorContains(t, g.Err(), "do not fit 3 representations")
	g = NewGraph()
	require.Nil(t, g.InRows(g.Leaf("x", make([]float32, 24), true, 6, 4), 5))
	require.ErrorContains(t, g.Err(), "does not fit rows of 5")
}
