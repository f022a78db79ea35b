package op

import (
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
)

// Core is a recurrent layer. Teacher forcing (RNN), the rollout and a sampler
// outside any graph carry sentences through it, row by row and token by token:
//
//	share = Input(x)    out, next = Step(share, prev)
//
// A Core holds the weights of a run; the memory of the rows is the caller's, n
// rows one after the other, each as long as Sizes says. Rows do not meet, so
// different rows may go through the same Core at the same time. One Core serves
// one operation.
//
// A state may be of any size. A layer that looks back at all tokens before, as
// attention does, has a state with room for the longest sentence: its Cell is
// made for one.
type Core interface {
	Sizes() Sizes
	Weights() []Weight

	// UseBF16 makes the products of the layer read operands rounded to bf16.
	UseBF16()

	// Bind takes the weights of a run in the order of Weights; BindBack prepares
	// them for StepBack and InputBack. Neither runs beside any other method.
	Bind(weights [][]float32)
	BindBack()

	// Start fills one row with the state before the first token. A state whose
	// first Out values are given by a condition has these in their place.
	Start(state []float32)
	// Input computes from x the share of a step that does not depend on the
	// state. Before Step the caller may add a condition to it.
	Input(n int, x, share []float32)
	// Step reads one token. start says that all of prev is as Start fills it.
	// share is overwritten; it and tape hold what StepBack needs.
	Step(n int, start bool, share, prev, next, out, tape []float32)
	// StepBack goes back through Step. d holds the gradient of next and is
	// replaced by that of prev; dShare is set to that of the share that Step
	// read. It may overwrite tape, once, by what Grads needs.
	StepBack(n int, share, prev, tape, dOut, d, dShare []float32)
	// InputBack goes back through Input. It sets dx, if that is not nil, and may
	// complete dShare for Grads.
	InputBack(n int, dShare, dx []float32)
	// Grads sets the gradients of the weights, of which nobody asked for those
	// that are nil, from n rows that went back.
	Grads(n int, x, share, prev, tape, dShare []float32, d [][]float32)
}

// Sizes are the floats that a Core has for one token of one sentence.
type Sizes struct {
	In, Out int // read, and handed to the next layer
	State   int // carried from token to token
	Share   int // what Input computes
	Cond    int // how many of these, from the first on, a condition is added to
	Tape    int // kept for the way back besides Share and State
}

// Weight is a tensor that a Core reads.
type Weight struct {
	Name  string
	Shape []int
	// Init sets fresh weights. Without it they are drawn uniformly from
	// +-1/sqrt(units).
	Init func(w []float32)
}

// Cell is a kind of recurrent layer.
type Cell interface {
	// Core returns a layer with that many units for rows of in floats.
	Core(in, units int) Core
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
