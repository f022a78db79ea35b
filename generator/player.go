package generator

import (
	G "gorgonia.org/gorgonia"

	"textgan/internal/nn"
	"textgan/internal/op"
)

// Player is a generator as a game against a discriminator sees it: a language
// model p(x), which is a Generator itself, or the decoder p(x|z) of a VAE with a
// code of the prior for every sentence (VAE.Player). Nobody differentiates the
// draw of the code.
type Player interface {
	// Params are the weights that p(x), or p(x|z), depends on.
	Params() nn.Params
	// Join puts the network into a graph that reads or writes B sentences at
	// once. With train set, the second result lists the nodes in the order of
	// Params. The codes [B,Z] are an input of the graph; nil if there are none.
	Join(g *op.Graph, B int, train bool) (op.Net, []*G.Node, *Codes)
	// NewSampler draws sentence i with the code that Codes.Draw gives row i.
	NewSampler(SampleOptions) (*Sampler, error)
	// NewWriter writes the i-th sentence of a call with code i, whatever stands
	// there then.
	NewWriter(*Codes, SampleOptions) (*Sampler, error)
	// Codes are those of a batch of B sentences; nil if there are none.
	Codes(B int) *Codes
	Likelihood(LikelihoodOptions) (*Likelihood, error)
}

// Codes are what the sentences of a batch are written from [B,Z]. A nil *Codes
// is that of sentences without: its methods do nothing.
type Codes struct {
	v *VAE
	Z []float32
}

// Draw draws all codes from the prior: that of row i by row 2^32-1-i of the
// key's stream, as VAE.NewSampler does.
func (c *Codes) Draw(key Key) {
	if c == nil {
		return
	}
	for i, n := 0, c.v.Width(); i < len(c.Z)/n; i++ {
		c.v.priorCode(c.Z[i*n:][:n], key, i)
	}
}

// Copy sets code i to code j of others.
func (c *Codes) Copy(i int, others *Codes, j int) {
	if c != nil {
		n := c.v.Width()
		copy(c.Z[i*n:][:n], others.Z[j*n:])
	}
}

// Join is Bind: sentences of a language model have no codes.
func (g *Generator) Join(graph *op.Graph, _ int, train bool) (op.Net, []*G.Node, *Codes) {
	net, params := g.Bind(graph, train)
	return net, params, nil
}

// Codes is nil.
func (g *Generator) Codes(int) *Codes { return nil }

// NewWriter is NewSampler.
func (g *Generator) NewWriter(_ *Codes, o SampleOptions) (*Sampler, error) { return g.NewSampler(o) }

// decoderPlayer is the decoder of a VAE.
type decoderPlayer struct{ v *VAE }

// Player is the decoder as a generator, with codes of the prior.
func (v *VAE) Player() Player { return decoderPlayer{v} }

func (p decoderPlayer) Params() nn.Params { return p.v.writing }

func (p decoderPlayer) Codes(B int) *Codes { return &Codes{p.v, make([]float32, B*p.v.Width())} }

func (p decoderPlayer) Join(g *op.Graph, B int, train bool) (op.Net, []*G.Node, *Codes) {
	d, codes := p.v.bindDecoder(g, p.v.writing, train), p.Codes(B)
	d.net.Given = d.given(g, g.Leaf("codes", codes.Z, false, B, p.v.Width()))
	return d.net, d.params, codes
}

func (p decoderPlayer) NewSampler(o SampleOptions) (*Sampler, error) { return p.v.NewSampler(o) }

func (p decoderPlayer) NewWriter(c *Codes, o SampleOptions) (*Sampler, error) {
	return p.v.NewWriter(c.Z, o)
}

func (p decoderPlayer) Likelihood(o LikelihoodOptions) (*Likelihood, error) {
	return newLikelihood(p, p.v.decoder.Dropout, o)
}
