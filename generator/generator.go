package generator

import (
	G "gorgonia.org/gorgonia"

	"textgan/generator/sampling"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/network"
)

// Config is the architecture of a recurrent language model; its fields are those
// of sampling.Config.
type Config sampling.Config

// Check reports the first setting that makes no sense.
func (c Config) Check() error { return sampling.Config(c).Check() }

// Generator is a recurrent language model:
//
//	x_t = Table[token t-1]       [E]
//	h_t = cell(x_t, h_t-1)       [H], per layer
//	logits_t = h_t W + b         [V]
//
// Pad and Bos have a bias of -1e9, so their probability is 0 in float32 and no
// gradient ever moves them.
type Generator struct {
	Config
	net *sampling.Network
}

// New returns a generator with fresh weights; see sampling.New.
func New(c Config, seed uint64) (*Generator, error) {
	net, err := sampling.New(sampling.Config(c), seed)
	if err != nil {
		return nil, err
	}
	return &Generator{c, net}, nil
}

// width is the number of values that the output layer reads.
func (g *Generator) width() int { return g.net.Width() }

// Params are the weights, shared with every graph the generator is bound to.
func (g *Generator) Params() network.Params { return g.net.Params }

// Bind puts the network into a graph. With train set, the second result lists
// the nodes in the order of Params, for the gradients.
func (g *Generator) Bind(graph *network.Graph, train bool) (network.Language, []*G.Node) {
	return g.BindAs(graph, "", train)
}

// BindAs is Bind with a prefix before the names of the leaves, so that the network can
// be in a graph twice.
func (g *Generator) BindAs(graph *network.Graph, prefix string, train bool) (network.Language, []*G.Node) {
	var nodes []*G.Node
	bind := func(p *nn.Param) *G.Node {
		n := graph.Leaf(prefix+p.Name, p.Data, train, p.Shape...)
		nodes = append(nodes, n)
		return n
	}
	net := op.Net{Cell: g.net.Kind, Tied: g.Tie, Table: bind(g.net.Table)}
	for _, l := range g.net.Layer {
		layer := op.Layer{Units: l.Units}
		for _, p := range l.Weights {
			layer.Weights = append(layer.Weights, bind(p))
		}
		net.Layers = append(net.Layers, layer)
	}
	net.W = net.Table
	if !g.Tie {
		net.W = bind(g.net.W)
	}
	net.B = bind(g.net.B)
	return net, nodes
}

// SetStop lets all samplers and scorers of g stop early; see sampling.Network.
func (g *Generator) SetStop(stop func() bool) { g.net.SetStop(stop) }

// What draws sentences; see package sampling.
type (
	Sampler       = sampling.Sampler
	SampleOptions = sampling.Options
	Key           = sampling.Key
)

// NewSampler returns a sampler of g, whose weights may go on changing.
func (g *Generator) NewSampler(o SampleOptions) (*Sampler, error) { return g.net.NewSampler(o) }

// Scorer tells log p of sentences; see package sampling.
type (
	Scorer       = sampling.Scorer
	ScoreOptions = sampling.ScoreOptions
)

// NewScorer returns a scorer of g, whose weights may go on changing.
func (g *Generator) NewScorer() *Scorer { return g.net.NewScorer() }

// Scorer is NewScorer of g as o has it: at another temperature, by other products.
func (g *Generator) Scorer(o ScoreOptions) (*Scorer, error) { return g.net.Scorer(o) }
