package op

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/internal/cell"
	"textgan/internal/kernel"
)

// What a graph's layers are made of.
type (
	Core     = cell.Core
	Cell     = cell.Cell
	Sizes    = cell.Sizes
	products = cell.Products
)

// round makes the layers of an operation multiply as the graph does.
func (g *Graph) round(cores ...Core) {
	for _, c := range cores {
		if g.BF16 {
			c.UseBF16()
		}
	}
}

// reads reports whether nodes have the shapes of a core's weights.
func reads(core Core, nodes []*G.Node) bool {
	weights := core.Weights()
	for i, n := range nodes {
		if i >= len(weights) || !slices.Equal(n.Shape(), weights[i].Shape) {
			return false
		}
	}
	return len(nodes) == len(weights)
}

// starts fills n rows with the state before the first token. If h0 [n,Out] is
// given, it is the first part of each.
func starts(core Core, n int, h0, states []float32) {
	z := core.Sizes()
	for i := range n {
		state := states[i*z.State:][:z.State]
		core.Start(state)
		if h0 != nil {
			copy(state, h0[i*z.Out:][:z.Out])
		}
	}
}

// copyStates copies n states, what is used of each.
func copyStates(core Core, n int, dst, src []float32) {
	size := core.Sizes().State
	for i := range n {
		state := src[i*size:][:size]
		copy(dst[i*size:][:size], state[:core.Used(state)])
	}
}

// addRows adds the rows of src [n,width] to the heads of rows that are stride apart.
func addRows(dst, src []float32, n, width, stride int) {
	for i := range n {
		kernel.Add(dst[i*stride:][:width], src[i*width:][:width])
	}
}

// headsOf copies the first n values of every row of src, which are stride apart.
func headsOf(dst, src []float32, n, stride int) {
	for i := range len(dst) / n {
		copy(dst[i*n:][:n], src[i*stride:])
	}
}
