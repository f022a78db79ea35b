// Package cell holds recurrent layers as arithmetic on rows of floats, a step and
// its way back, outside any graph: what teacher forcing, a rollout and a sampler
// have in common.
package cell

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
// made for one, and Used says how much of that room is filled.
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
	// Used is how many values of a state, from the first on, a step that reads it
	// looks at; the gradient of a state has as many. The others may be anything.
	Used(state []float32) int
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
	// Grads sets the gradients d of the weights, nil where they are not wanted, from
	// n rows after StepBack and InputBack.
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
