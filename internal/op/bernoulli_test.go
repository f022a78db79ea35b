package op

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

func TestBernoulli(t *testing.T) {
	const B, P = 5, 7
	x := make([]float32, B*P)
	for i := range x {
		x[i] = []float32{0, 1, .25}[i%3]
	}
	tr := &trial{
		inputs: []*input{random("log odds", 3, B, P)},
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.Bernoulli(g.Leaf("x", x, false, B, P), in[0])
		},
		plain: func(t *tape, in [][]num) (out []num) {
			for b := range B {
				sum := t.lift(0)
				for i := range P { // the definition: x log p + (1-x) log(1-p)
					p := in[0][b*P+i].sigmoid()
					one := float64(x[b*P+i])
					sum = sum.add(p.log().times(-one)).add(t.lift(1).sub(p).log().times(one - 1))
				}
				out = append(out, sum)
			}
			return out
		},
	}
	tr.check(t)
}

// Log odds far from 0 cost what they say, and no more than float32 holds.
func TestBernoulliFarOut(t *testing.T) {
	g := NewGraph()
	n := g.Bernoulli(g.Leaf("x", []float32{1, 0, 1, 0}, false, 4, 1), g.Leaf("l", []float32{-300, 300, 300, -300}, false, 4, 1))
	p, err := g.Compile(n)
	require.NoError(t, err)
	_, err = p.Run()
	require.NoError(t, err)
	for i, want := range []float64{300, 300, 0, 0} {
		require.False(t, math.IsNaN(float64(p.Output()[i])))
		require.InDelta(t, want, p.Output()[i], 1e-4)
	}
}

func TestBernoulliRefuses(t *testing.T) {
	g := NewGraph()
	require.Nil(t, g.Bernoulli(g.Leaf("x", make([]float32, 6), false, 2, 3), g.Leaf("l", make([]float32, 6), true, 3, 2)))
	require.ErrorContains(t, g.Err(), "fit")
	g = NewGraph()
	require.Nil(t, g.Bernoulli(g.Leaf("x", make([]float32, 6), true, 2, 3), g.Leaf("l", make([]float32, 6), true, 2, 3)))
	require.ErrorContains(t, g.Err(), "no gradient")
}
