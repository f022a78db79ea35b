package discriminator

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// Config is the architecture of a convolutional discriminator.
type Config struct {
	Vocab        int     `json:"vocab"`         // V, special ids included
	Emb          int     `json:"emb"`           // De, size of an embedding
	Widths       []int   `json:"widths"`        // tokens a filter spans
	Filters      int     `json:"filters"`       // filters of each width
	Highway      bool    `json:"highway"`       // a highway layer behind the filters
	Dropout      float64 `json:"dropout"`       // share of features dropped in the discriminator's own step
	SpectralNorm bool    `json:"spectral_norm"` // divide each weight matrix by its largest singular value
}

// Check reports the first setting that makes no sense.
func (c Config) Check() error {
	switch {
	case c.Vocab < 1 || c.Emb < 1 || c.Filters < 1:
		return fmt.Errorf("discriminator: vocab %d, emb %d and filters %d must be at least 1", c.Vocab, c.Emb, c.Filters)
	case len(c.Widths) == 0:
		return fmt.Errorf("discriminator: no filter widths given")
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

// MinT is the least number of steps a graph must have room for.
func (c Config) MinT() int {
	m := 1
	for _, w := range c.Widths {
		m = max(m, w)
	}
	return m
}

// Discriminator is the network with its weights.
type Discriminator struct {
	Config
	params, state nn.Params
	table         *nn.Param
	convs         []dense
	high, gate    dense
	out           dense
}

// dense is a weight matrix with its bias and, under spectral normalisation,
// the left singular vector that follows it.
type dense struct{ w, b, u *nn.Param }

// New returns a discriminator with fresh weights, a function of the
// configuration and the seed (Init stream).
func New(c Config, seed uint64) (*Discriminator, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	d := &Discriminator{Config: c}
	row := uint32(1 << 16) // apart from the generator's rows
	key := func() rng.Key { row++; return rng.Key{Seed: seed, Stream: rng.Init, Row: row} }
	newDense := func(name string, in, out int) dense {
		l := dense{w: d.params.New("d."+name+".w", in, out), b: d.params.New("d."+name+".b", out)}
		l.w.Xavier(in, out, key())
		if c.SpectralNorm {
			l.u = d.state.New("d."+name+".u", in)
			l.u.Uniform(1, key())
		}
		return l
	}
	d.table = d.params.New("d.embedding", c.Vocab, c.Emb)
	d.table.Uniform(0.1, key())
	for _, w := range c.Widths {
		d.convs = append(d.convs, newDense(fmt.Sprintf("conv%d", w), w*c.Emb, c.Filters))
	}
	n := len(c.Widths) * c.Filters
	if c.Highway {
		d.high, d.gate = newDense("highway", n, n), newDense("gate", n, n)
		for i := range d.gate.b.Data { // carry at first (Srivastava et al. 2015, section 2.2)
			d.gate.b.Data[i] = -1
		}
	}
	d.out = newDense("score", n, 1)
	return d, nil
}

// Params are the weights, shared with every graph the network is bound to.
func (d *Discriminator) Params() nn.Params { return d.params }

// State is what moves with the weights but is not trained: the singular
// vectors of spectral normalisation.
func (d *Discriminator) State() nn.Params { return d.state }

// Net is a discriminator inside a graph.
type Net struct {
	d             *Discriminator
	g             *op.Graph
	key           *G.Node
	Table         *G.Node // [V,De]
	Params        []*G.Node
	widths        []int
	convW, convB  []*G.Node
	high, gate    [2]*G.Node
	out           [2]*G.Node
	dropout       float64
	dropoutLayers uint32
}

// Bind puts the network into a graph. With train set gradients flow to Params
// (in the order of the network's Params), dropout is applied with the draws
// that key names, and the singular vectors take a step per run; otherwise the
// weights are constants.
func (d *Discriminator) Bind(g *op.Graph, key *G.Node, train bool) *Net {
	n := &Net{d: d, g: g, key: key, widths: d.Widths}
	bind := func(p *nn.Param) *G.Node {
		node := p.Bind(g, train)
		n.Params = append(n.Params, node)
		return node
	}
	layer := func(l dense) [2]*G.Node {
		w, b := bind(l.w), bind(l.b)
		if l.u != nil {
			w = g.SpectralNorm(w, l.u.Bind(g, false), train)
		}
		return [2]*G.Node{w, b}
	}
	n.Table = bind(d.table)
	for _, c := range d.convs {
		l := layer(c)
		n.convW, n.convB = append(n.convW, l[0]), append(n.convB, l[1])
	}
	if d.Highway {
		n.high, n.gate = layer(d.high), layer(d.gate)
	}
	n.out = layer(d.out)
	if train {
		n.dropout = d.Dropout
	}
	return n
}

// Embed looks up ids [B,T] with lengths [B] in the network's table.
func (n *Net) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.Table, ids, lengths) }

// Score gives each sentence a score [B,1] from its embedded tokens [B,T,De].
func (n *Net) Score(tokens, lengths *G.Node) *G.Node {
	x := n.g.TextConv(tokens, lengths, n.widths, n.convW, n.convB)
	if n.d.Highway {
		x = n.g.Highway(x, n.high[0], n.high[1], n.gate[0], n.gate[1])
	}
	if n.dropout > 0 {
		x = n.g.Dropout(x, n.dropout, n.key, 1000+n.dropoutLayers)
		n.dropoutLayers++
	}
	return n.g.Dense(x, n.out[0], n.out[1], op.Identity)
}
