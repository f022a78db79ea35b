package discriminator

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// cnn is the convolutional sentence classifier of Kim 2014 with a highway layer,
// as in SeqGAN (Yu et al. 2017):
//
//	tokens [B,T,De] -> convolutions, max over time [B,F] -> highway -> dropout -> score [B,1]
type cnn struct {
	Config
	params, state nn.Params
	table         *nn.Param
	convs         []dense
	high, gate    dense
	linear        *dense // before the score; nil for none
	out           dense

	representations int // of a sentence, each with a score
}

// dense is a weight matrix with its bias and, under spectral normalisation,
// the left singular vector that follows it.
type dense struct{ w, b, u *nn.Param }

// newDense makes a layer, a function of the seed and of its name.
func newDense(params, state *nn.Params, c Config, name string, in, out int, seed uint64) dense {
	l := dense{w: params.New("d."+name+".w", in, out), b: params.New("d."+name+".b", out)}
	l.w.Xavier(in, out, rng.Weights(seed, l.w.Name))
	if c.SpectralNorm {
		l.u = state.New("d."+name+".u", in)
		l.u.Uniform(1, rng.Weights(seed, l.u.Name))
	}
	return l
}

// bindDense puts a layer into a graph: weights and bias.
func bindDense(g *op.Graph, l dense, bind func(*nn.Param) *G.Node, train bool) [2]*G.Node {
	w, b := bind(l.w), bind(l.b)
	if l.u != nil {
		w = g.SpectralNorm(w, g.Weights(l.u, false), train)
	}
	return [2]*G.Node{w, b}
}

// drop drops features in a graph, each time others.
type drop struct {
	g      *op.Graph
	key    *G.Node
	p      float64
	layers uint32
}

func (d *drop) apply(x *G.Node) *G.Node {
	if d.p == 0 {
		return x
	}
	x = d.g.Dropout(x, d.p, d.key, 1000+d.layers)
	d.layers++
	return x
}

// checkCNN reports the first setting that makes no sense.
func (c Config) checkCNN() error {
	switch {
	case c.Vocab < 1 || c.Emb < 1 || c.Filters < 1:
		return fmt.Errorf("discriminator: vocab %d, emb %d and filters %d must be at least 1", c.Vocab, c.Emb, c.Filters)
	case len(c.Widths) == 0:
		return fmt.Errorf("discriminator: --d-widths is empty: the discriminator needs filters; give their widths, such as 2,3,4,5")
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("discriminator: dropout %v must lie in [0, 1)", c.Dropout)
	}
	for i, w := range c.Widths {
		if w < 1 {
			return fmt.Errorf("discriminator: filter width %d must be at least 1", w)
		}
		if slices.Contains(c.Widths[:i], w) {
			return fmt.Errorf("discriminator: filter width %d is given twice", w)
		}
	}
	return nil
}

func newCNN(c Config, seed uint64) Discriminator { return newConvolutional(c, 1, 0, seed) }

// newConvolutional returns a network for R representations of a sentence, with a
// linear layer of that many units before the score; 0 for none.
func newConvolutional(c Config, R, units int, seed uint64) *cnn {
	d := &cnn{Config: c, representations: R}
	layer := func(name string, in, out int) dense { return newDense(&d.params, &d.state, c, name, in, out, seed) }
	d.table = d.params.New("d.embedding", c.Vocab, c.Emb)
	d.table.Uniform(0.1, rng.Weights(seed, d.table.Name))
	for _, w := range c.Widths {
		d.convs = append(d.convs, layer(fmt.Sprintf("conv%d", w), w*c.Emb/R, c.Filters))
	}
	n := len(c.Widths) * c.Filters
	if c.Highway {
		d.high, d.gate = layer("highway", n, n), layer("gate", n, n)
		for i := range d.gate.b.Data { // carry at first (Srivastava et al. 2015, section 2.2)
			d.gate.b.Data[i] = -1
		}
	}
	if units > 0 {
		l := layer("linear", n, units)
		d.linear, n = &l, units
	}
	d.out = layer("score", n, 1)
	return d
}

// MinT is the widest filter.
func (d *cnn) MinT() int { return slices.Max(d.Widths) }

func (d *cnn) Params() nn.Params { return d.params }

// State is the singular vectors of spectral normalisation.
func (d *cnn) State() nn.Params { return d.state }

// cnnNet is a cnn inside a graph.
type cnnNet struct {
	drop
	d            *cnn
	table        *G.Node // [V,De]
	params       []*G.Node
	widths       []int
	convW, convB []*G.Node
	high, gate   [2]*G.Node
	linear, out  [2]*G.Node
}

func (d *cnn) Bind(g *op.Graph, key *G.Node, train bool) Net {
	n := &cnnNet{d: d, drop: drop{g: g, key: key}, widths: d.Widths}
	bind := func(p *nn.Param) *G.Node {
		node := g.Weights(p, train)
		n.params = append(n.params, node)
		return node
	}
	layer := func(l dense) [2]*G.Node { return bindDense(g, l, bind, train) }
	n.table = bind(d.table)
	for _, c := range d.convs {
		l := layer(c)
		n.convW, n.convB = append(n.convW, l[0]), append(n.convB, l[1])
	}
	if d.Highway {
		n.high, n.gate = layer(d.high), layer(d.gate)
	}
	if d.linear != nil {
		n.linear = layer(*d.linear)
	}
	n.out = layer(d.out)
	if train {
		n.p = d.Dropout
	}
	return n
}

func (n *cnnNet) Table() *G.Node    { return n.table }
func (n *cnnNet) Params() []*G.Node { return n.params }

func (n *cnnNet) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.table, ids, lengths) }

// Features are what is behind the filters and the highway, of all representations
// of a sentence side by side.
func (n *cnnNet) Features(tokens, lengths *G.Node) *G.Node {
	x := n.features(tokens, lengths)
	if R := n.d.representations; R > 1 && n.g.Err() == nil {
		x = n.g.InRows(x, R*x.Shape()[1])
	}
	return x
}

// features has a row for every representation.
func (n *cnnNet) features(tokens, lengths *G.Node) *G.Node {
	if R := n.d.representations; R > 1 {
		tokens, lengths = n.g.Representations(tokens, lengths, R)
	}
	x := n.g.TextConv(tokens, lengths, n.widths, n.convW, n.convB)
	if n.d.Highway {
		x = n.g.Highway(x, n.high[0], n.high[1], n.gate[0], n.gate[1])
	}
	return x
}

func (n *cnnNet) Score(tokens, lengths *G.Node) *G.Node {
	x := n.apply(n.features(tokens, lengths))
	if n.d.linear != nil {
		x = n.g.Dense(x, n.linear[0], n.linear[1], op.Identity)
	}
	x = n.g.Dense(x, n.out[0], n.out[1], op.Identity)
	if R := n.d.representations; R > 1 {
		x = n.g.InRows(x, R)
	}
	return x
}
