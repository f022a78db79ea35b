package generator

import (
	G "gorgonia.org/gorgonia"

	"textgan/generator/sampling"
	"textgan/internal/rng"
	"textgan/network"
)

// LanguageModel is a distribution over sentences that can be sampled and trained:
// p(x), which is a Generator itself, or the decoder p(x|z) of a VAE with a code
// drawn from the prior for every sentence (VAE.LanguageModel). The draw of the
// code is not differentiated.
type LanguageModel interface {
	// Params are the weights that p(x), or p(x|z), depends on.
	Params() network.Params
	// BindBatch puts the network into a graph that reads or writes B sentences at
	// once. With train set, the second result lists the nodes in the order of
	// Params. The codes [B,Z] are an input of the graph; nil if there are none.
	BindBatch(g *network.Graph, B int, train bool) (network.Language, []*G.Node, *Codes)
	// NewSampler draws sentence i with the code that Codes.Draw gives row i.
	NewSampler(SampleOptions) (*Sampler, error)
	// NewCodeSampler draws the i-th sentence of a call with code i of the codes as
	// they are then.
	NewCodeSampler(*Codes, SampleOptions) (*Sampler, error)
	// Codes are those of a batch of B sentences; nil if there are none.
	Codes(B int) *Codes
	Likelihood(LikelihoodOptions) (*Likelihood, error)
}

// Codes are what the sentences of a batch are written from [B,Z]. A nil *Codes
// is that of sentences without: its methods do nothing.
type Codes struct {
	v    *VAE
	Z    []float32
	part rng.Part
}

// SetPart makes the sentences those of a part of a batch: the i-th draws its code by row
// part.Row(i).
func (c *Codes) SetPart(part rng.Part) {
	if c != nil {
		c.part = part
	}
}

// Draw draws all codes from the prior: that of row i by row 2^32-1-i of the
// key's stream, as VAE.NewSampler does.
func (c *Codes) Draw(key Key) {
	if c == nil {
		return
	}
	for i, n := 0, c.v.Width(); i < len(c.Z)/n; i++ {
		sampling.PriorCode(c.v.code, c.Z[i*n:][:n], key, c.part.Row(i))
	}
}

// Copy sets code i to code j of others.
func (c *Codes) Copy(i int, others *Codes, j int) {
	if c != nil {
		n := c.v.Width()
		copy(c.Z[i*n:][:n], others.Z[j*n:])
	}
}

// BindBatch is Bind: sentences of a language model have no codes.
func (g *Generator) BindBatch(graph *network.Graph, _ int, train bool) (network.Language, []*G.Node, *Codes) {
	net, params := g.Bind(graph, train)
	return net, params, nil
}

// Codes is nil.
func (g *Generator) Codes(int) *Codes { return nil }

// NewCodeSampler is NewSampler.
func (g *Generator) NewCodeSampler(_ *Codes, o SampleOptions) (*Sampler, error) {
	return g.NewSampler(o)
}

// decoderModel is the decoder of a VAE.
type decoderModel struct{ v *VAE }

// LanguageModel is the decoder with codes drawn from the prior.
func (v *VAE) LanguageModel() LanguageModel { return decoderModel{v} }

func (m decoderModel) Params() network.Params { return m.v.writing }

// SetStop is that of the VAE.
func (m decoderModel) SetStop(stop func() bool) { m.v.SetStop(stop) }

func (m decoderModel) Codes(B int) *Codes { return &Codes{v: m.v, Z: make([]float32, B*m.v.Width())} }

func (m decoderModel) BindBatch(g *network.Graph, B int, train bool) (network.Language, []*G.Node, *Codes) {
	d, codes := m.v.bindDecoder(g, m.v.writing, train), m.Codes(B)
	d.net.Conditioning = d.condition(g, g.Leaf("codes", codes.Z, false, B, m.v.Width()))
	return d.net, d.params, codes
}

func (m decoderModel) NewSampler(o SampleOptions) (*Sampler, error) { return m.v.NewSampler(o) }

func (m decoderModel) NewCodeSampler(c *Codes, o SampleOptions) (*Sampler, error) {
	return m.v.NewCodeSampler(c.Z, o)
}

func (m decoderModel) Likelihood(o LikelihoodOptions) (*Likelihood, error) {
	return newLikelihood(m, m.v.decoder.Dropout, o)
}
