package op

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// The gradient of a is the very node that the gradient of tanh(b) is computed
// from, in place.
func TestGradOutlivesItsReaders(t *testing.T) {
	g := NewGraph()
	a, b := []float32{1, 2, 3}, []float32{0.5, 1, 1.5}
	w := []float32{2, 3, 4}
	na, nb, nw := g.Leaf("a", a, true, 3), g.Leaf("b", b, true, 3), g.Leaf("w", w, false, 3)
	y := g.Must(G.Add(na, g.Must(G.Tanh(nb))))
	loss := g.Must(G.Sum(g.Must(G.HadamardProd(y, nw))))
	p, err := g.Compile(loss, na, nb)
	require.NoError(t, err)
	for range 2 {
		_, err = p.Run()
		require.NoError(t, err)
		require.Equal(t, w, p.Grad(0))
	}
}

// The library would bind both names to the first slice.
func TestLeavesOfOneName(t *testing.T) {
	g := NewGraph()
	g.Leaf("x", []float32{1}, true, 1)
	require.Nil(t, g.Leaf("x", []float32{2}, true, 1))
	require.ErrorContains(t, g.Err(), "x: two leaves have this name")
}
