package generator

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/vocab"
)

// Config is the architecture of a recurrent language model.
type Config struct {
	Cell    string  `json:"cell"`    // lstm, gru or relational
	Vocab   int     `json:"vocab"`   // V, special ids included
	Emb     int     `json:"emb"`     // E, size of an embedding
	Hidden  int     `json:"hidden"`  // H, units of a layer; of a slot, if it is a relational memory
	Layers  int     `json:"layers"`  // recurrent layers
	Dropout float64 `json:"dropout"` // share of embedding and hidden values dropped in likelihood training
	Tie     bool    `json:"tie"`     // output weights are the embedding table (Emb must equal Hidden, times Slots for a relational memory)

	// Of a relational memory: slots, and heads of its attention, which divide
	// Hidden. Others do not read them.
	Slots int `json:"slots,omitempty"`
	Heads int `json:"heads,omitempty"`
}

func (c Config) cell() (op.Cell, error) {
	switch c.Cell {
	case "lstm":
		return op.LSTM, nil
	case "gru":
		return op.GRU, nil
	case "relational":
		return op.Relational{Slots: c.Slots, Heads: c.Heads}, nil
	}
	return nil, fmt.Errorf("generator: cell %q is not known; use lstm, gru or relational", c.Cell)
}

// Check reports the first setting that makes no sense.
func (c Config) Check() error {
	_, err := c.cell()
	switch {
	case err != nil:
		return err
	case c.Vocab <= int(vocab.Unk)+1:
		return fmt.Errorf("generator: a vocabulary of %d ids leaves no word", c.Vocab)
	case c.Emb < 1 || c.Hidden < 1 || c.Layers < 1:
		return fmt.Errorf("generator: emb %d, hidden %d and layers %d must be at least 1", c.Emb, c.Hidden, c.Layers)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("generator: dropout %v must lie in [0, 1)", c.Dropout)
	case c.Cell == "relational" && (c.Slots < 1 || c.Heads < 1 || c.Hidden%c.Heads != 0):
		return fmt.Errorf("generator: a relational memory of %d slots with %d heads: both must be at least 1, and the heads divide hidden, which is %d", c.Slots, c.Heads, c.Hidden)
	case c.Tie && c.Cell == "relational" && c.Emb != c.Slots*c.Hidden:
		return fmt.Errorf("generator: tied output weights need emb = slots x hidden, not %d and %d x %d", c.Emb, c.Slots, c.Hidden)
	case c.Tie && c.Cell != "relational" && c.Emb != c.Hidden:
		return fmt.Errorf("generator: tied output weights need emb = hidden, not %d and %d", c.Emb, c.Hidden)
	}
	return nil
}

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
	cell   op.Cell
	params nn.Params
	table  *nn.Param
	layers []layer
	w, b   *nn.Param
}

// neverLogit is finite so that an optimiser can multiply it by zero.
const neverLogit = -1e9

// layer is the weights of a recurrent layer, in the order of its core.
type layer struct {
	units   int
	weights nn.Params
}

func (l layer) data() (w [][]float32) {
	for _, p := range l.weights {
		w = append(w, p.Data)
	}
	return w
}

// initial makes fresh weights, each a function of the seed and of its name.
type initial struct{ seed uint64 }

func (d initial) weight(ps *nn.Params, bound float64, name string, shape ...int) *nn.Param {
	p := ps.New(name, shape...)
	p.Uniform(bound, rng.Weights(d.seed, name))
	return p
}

func (d initial) layer(ps *nn.Params, name string, units int, core op.Core) layer {
	l := layer{units: units}
	for _, w := range core.Weights() {
		var p *nn.Param
		if w.Init == nil {
			p = d.weight(ps, 1/math.Sqrt(float64(units)), name+w.Name, w.Shape...)
		} else {
			p = ps.New(name+w.Name, w.Shape...)
			w.Init(p.Data)
		}
		l.weights = append(l.weights, p)
	}
	return l
}

// New returns a generator with fresh weights, a function of the configuration
// and the seed (Init stream): embeddings uniform in +-0.1, recurrent and output
// weights uniform in +-1/sqrt(H), the forget gate's bias 1.
func New(c Config, seed uint64) (*Generator, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	g := &Generator{Config: c}
	g.cell, _ = c.cell()
	draw := initial{seed: seed}
	bound := 1 / math.Sqrt(float64(c.Hidden))
	embBound := 0.1
	if c.Tie {
		embBound = bound
	}
	g.table = draw.weight(&g.params, embBound, "g.embedding", c.Vocab, c.Emb)
	in := c.Emb
	for i := range c.Layers {
		core := g.cell.Core(in, c.Hidden)
		g.layers = append(g.layers, draw.layer(&g.params, fmt.Sprintf("g.layer%d.", i), c.Hidden, core))
		in = core.Sizes().Out
	}
	g.w = g.table
	if !c.Tie {
		g.w = draw.weight(&g.params, bound, "g.output.w", in, c.Vocab)
	}
	g.b = g.params.New("g.output.b", c.Vocab)
	for _, never := range []int32{vocab.Pad, vocab.Bos} {
		g.b.Data[never] = neverLogit
	}
	return g, nil
}

// width is the number of values that the output layer reads.
func (g *Generator) width() int {
	if g.Tie {
		return g.Emb
	}
	return g.w.Shape[0]
}

// Params are the weights, shared with every graph the generator is bound to.
func (g *Generator) Params() nn.Params { return g.params }

// Bind puts the network into a graph. With train set, the second result lists
// the nodes in the order of Params, for the gradients.
func (g *Generator) Bind(graph *op.Graph, train bool) (op.Net, []*G.Node) {
	var nodes []*G.Node
	bind := func(p *nn.Param) *G.Node {
		n := p.Bind(graph, train)
		nodes = append(nodes, n)
		return n
	}
	net := op.Net{Cell: g.cell, Tied: g.Tie, Table: bind(g.table)}
	for _, l := range g.layers {
		layer := op.Layer{Units: l.units}
		for _, p := range l.weights {
			layer.Weights = append(layer.Weights, bind(p))
		}
		net.Layers = append(net.Layers, layer)
	}
	net.W = net.Table
	if !g.Tie {
		net.W = bind(g.w)
	}
	net.B = bind(g.b)
	return net, nodes
}
