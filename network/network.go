// Package network names what a network of another module is written with: weights,
// and the graph that they are bound into. The names are those of types that the
// rest of textgan uses, so that a discriminator, or a loss, from elsewhere is the
// equal of its own.
//
//	var weights network.Params
//	w := weights.New("d.w", 16, 1)                        a tensor [16,1] of zeros
//	w.Uniform(0.1, network.Weights(seed, w.Name))         its initial values
//	n := g.Weights(w, true)                               a node, with a gradient
//	scores := g.Dense(x, n, b, network.Identity)          an operation
//
// A Graph is a Gorgonia expression graph, whose arithmetic applies to its nodes too,
// with fused operations as methods: Lookup, TextConv, Highway, Dense, Dropout,
// RNN, Last. After an error all of them return nil, and Err has the first one.
package network

import (
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

type (
	// Param is a tensor of weights: Name, Shape and row-major Data.
	Param = nn.Param
	// Params are the weights of a network, in a fixed order.
	Params = nn.Params
	// Key names random draws; equal keys, equal draws.
	Key = rng.Key

	// Graph is an expression graph that knows which of its leaves are trained.
	Graph = op.Graph
	// Program is a graph that is compiled: Run computes its loss, Grad(i) is the
	// gradient of the i-th weight of the last run.
	Program = op.Program
	// Language is a recurrent language model as nodes of a graph.
	Language = op.Net
	// Activation is what Graph.Dense applies to its sums.
	Activation = op.Activation
	// Relaxation is a gradient through the choice of a token; relax.Relaxed[float32]
	// is one.
	Relaxation = op.Relaxation
)

// Activations.
const (
	Identity = op.Identity
	ReLU     = op.ReLU
	Tanh     = op.Tanh
)

// New returns an empty graph.
func New() *Graph { return op.NewGraph() }

// Weights is the key of a tensor's initial values, by its name.
func Weights(seed uint64, name string) Key { return rng.Weights(seed, name) }
