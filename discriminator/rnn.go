package discriminator

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/internal/cell"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// cells of a recurrent discriminator.
var cells = map[string]cell.Gated{"lstm": cell.LSTM, "gru": cell.GRU}

// checkRNN reports the first setting that makes no sense.
func (c Config) checkRNN() error {
	_, known := cells[c.Cell]
	switch {
	case !known:
		return fmt.Errorf("discriminator: cell %q is not known; use lstm or gru", c.Cell)
	case c.Vocab < 1 || c.Emb < 1 || c.Units < 1:
		return fmt.Errorf("discriminator: vocab %d, emb %d and units %d must be at least 1", c.Vocab, c.Emb, c.Units)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("discriminator: dropout %v must lie in [0, 1)", c.Dropout)
	}
	return nil
}

// rnn reads a sentence from both ends and sums up what it has seen:
//
//	tokens [B,T,De] -> a recurrent layer from each end [B,T,2U]
//	-> mean, maximum and attention over time [B,6U] -> dropout -> score [B,1]
//
// Spectral normalisation is of the matrix before the score alone: a recurrent
// matrix is applied many times, and its norm bounds nothing by itself.
type rnn struct {
	Config
	params, state nn.Params
	table, query  *nn.Param
	directions    [2]nn.Params // from the beginning, from the end
	out           dense
}

func newRNN(c Config, seed uint64) Discriminator {
	d := &rnn{Config: c}
	d.table = d.params.New("d.embedding", c.Vocab, c.Emb)
	d.table.Uniform(0.1, rng.Weights(seed, d.table.Name))
	for i, name := range []string{"forwards", "backwards"} {
		for _, w := range d.core().Weights() {
			p := d.params.New("d."+name+"."+w.Name, w.Shape...)
			if w.Init != nil {
				w.Init(p.Data)
			} else {
				p.Uniform(1/math.Sqrt(float64(c.Units)), rng.Weights(seed, p.Name))
			}
			d.directions[i] = append(d.directions[i], p)
		}
	}
	d.query = d.params.New("d.query", 2*c.Units)
	d.query.Uniform(1/math.Sqrt(float64(2*c.Units)), rng.Weights(seed, d.query.Name))
	d.out = newDense(&d.params, &d.state, c, "score", 6*c.Units, 1, seed)
	return d
}

func (d *rnn) core() op.Core     { return cells[d.Cell].Core(d.Emb, d.Units) }
func (d *rnn) MinT() int         { return 1 }
func (d *rnn) Params() nn.Params { return d.params }
func (d *rnn) State() nn.Params  { return d.state }

func (d *rnn) Bind(g *op.Graph, key *G.Node, train bool) Net {
	n := &rnnNet{d: d, drop: drop{g: g, key: key}}
	bind := func(p *nn.Param) *G.Node {
		node := g.Weights(p, train)
		n.params = append(n.params, node)
		return node
	}
	n.table = bind(d.table)
	for i, weights := range d.directions {
		for _, p := range weights {
			n.directions[i] = append(n.directions[i], bind(p))
		}
	}
	n.query = bind(d.query)
	n.out = bindDense(g, d.out, bind, train)
	if train {
		n.p = d.Dropout
	}
	return n
}

// rnnNet is an rnn inside a graph.
type rnnNet struct {
	drop
	d            *rnn
	table, query *G.Node
	params       []*G.Node
	directions   [2][]*G.Node
	out          [2]*G.Node
}

func (n *rnnNet) Table() *G.Node                     { return n.table }
func (n *rnnNet) Params() []*G.Node                  { return n.params }
func (n *rnnNet) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.table, ids, lengths) }

func (n *rnnNet) Features(tokens, lengths *G.Node) *G.Node {
	var h [2]*G.Node
	for i, weights := range n.directions {
		x, falling := n.g.Sequences(tokens, lengths, i == 1)
		if n.g.Err() != nil {
			return nil
		}
		h[i] = n.g.RNN(n.d.core(), x, falling, weights, nil, nil)
	}
	return n.g.Pool(h[0], h[1], n.query, lengths)
}

func (n *rnnNet) Score(tokens, lengths *G.Node) *G.Node {
	return n.g.Dense(n.apply(n.Features(tokens, lengths)), n.out[0], n.out[1], op.Identity)
}
