package generator

import (
	"fmt"
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/generator/sampling"
	"textgan/internal/location"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/network"
)

// VAEConfig is the architecture of a sentence VAE.
type VAEConfig struct {
	Decoder       Config `json:"decoder"`       // the language model that reads the code
	Hidden        int    `json:"hidden"`        // units of the encoder, per direction
	Bidirectional bool   `json:"bidirectional"` // the encoder reads in both directions
	Latent        string `json:"latent"`        // gaussian, logistic, laplace or categorical
	Dim           int    `json:"dim"`           // numbers of a code; choices of a categorical one
	Categories    int    `json:"categories"`    // of a choice; categorical only
	LearnedPrior  bool   `json:"learned_prior"` // categorical only: the prior is learned, not uniform
}

// Categorical reports whether codes are choices.
func (c VAEConfig) Categorical() bool { return c.Latent == "categorical" }

// Check reports the first setting that makes no sense.
func (c VAEConfig) Check() error {
	if err := c.Decoder.Check(); err != nil {
		return err
	}
	switch {
	case c.Hidden < 1 || c.Dim < 1:
		return fmt.Errorf("generator: an encoder of %d units and a code of %d parts; both must be at least 1", c.Hidden, c.Dim)
	case c.Decoder.Cell == "relational" && c.Hidden%c.Decoder.Heads != 0:
		return fmt.Errorf("generator: the %d heads of a relational memory must divide the %d units of the encoder", c.Decoder.Heads, c.Hidden)
	case c.Decoder.Cell == "transformer" && c.Hidden%(2*c.Decoder.Heads) != 0:
		return fmt.Errorf("generator: twice the %d heads of a transformer must divide the %d units of the encoder", c.Decoder.Heads, c.Hidden)
	case c.Categorical() && c.Categories < 2:
		return fmt.Errorf("generator: a choice among %d categories; there must be at least 2", c.Categories)
	case !c.Categorical() && c.LearnedPrior:
		return fmt.Errorf("generator: only a categorical code has a prior to learn, not a %s one", c.Latent)
	}
	if !c.Categorical() {
		if _, err := location.Parse(c.Latent); err != nil {
			return fmt.Errorf("generator: latent %q is not known; use gaussian, logistic, laplace or categorical", c.Latent)
		}
	}
	return nil
}

// VAE is a sentence VAE (Bowman et al. 2016): an encoder gives every sentence x
// a posterior q(z|x) of its code z, and a language model p(x|z) reads z in its
// initial state and at every step:
//
//	posterior = [h_forward ; h_backward] W + b      [P], h the encoder's last states
//	h_0       = tanh(z Wi + bi)                     [H], per layer of the decoder
//	gates_t   = x_t Wx + h_t-1 Wh + b + z Wg        [GH], in its first layer
//
// It is trained by the bound -log p(x) <= E_q[-log p(x|z)] + KL(q(z|x) || p(z)).
type VAE struct {
	VAEConfig
	code    code
	decoder *Generator

	enc, dec  nn.Params // what q depends on, and what p does
	writing   nn.Params // what p(x|z) depends on: dec without a learned prior
	embedding *nn.Param
	readers   []sampling.Layer // forward and, if bidirectional, backward
	posterior []*nn.Param      // weights for each reader
	bias      *nn.Param
	reads     *sampling.Condition // Wi and bi of each layer of the decoder, and Wg
	prior     *nn.Param           // logits of a categorical prior, nil for the other codes
}

// NewVAE returns a VAE with fresh weights, a function of the configuration and
// the seed; those of the decoder are what New gives it.
func NewVAE(c VAEConfig, seed uint64) (*VAE, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	v := &VAE{VAEConfig: c}
	var err error
	if v.decoder, err = New(c.Decoder, seed); err != nil {
		return nil, err
	}
	d := v.decoder
	draw := sampling.Initial{Seed: seed}
	bound := 1 / math.Sqrt(float64(c.Hidden))
	v.embedding = draw.Weight(&v.enc, .1, "e.embedding", c.Decoder.Vocab, c.Decoder.Emb)
	directions := []string{"forward", "backward"}
	if !c.Bidirectional {
		directions = directions[:1]
	}
	if c.Categorical() {
		choices := sampling.NewCategorical(c.Dim, c.Categories)
		v.prior, v.code = choices.Logits, categorical{choices}
	} else {
		family, _ := location.Parse(c.Latent)
		v.code = locationScale{sampling.LocationScale{Family: family, D: c.Dim}}
	}
	for _, name := range directions {
		core := d.net.Kind.Core(c.Decoder.Emb, c.Hidden)
		v.readers = append(v.readers, draw.Layer(&v.enc, "e."+name+".", c.Hidden, core))
		v.posterior = append(v.posterior, draw.Weight(&v.enc, bound, "z.posterior."+name, core.Sizes().Out, v.code.stats()))
	}
	v.bias = v.enc.New("z.posterior.b", v.code.stats())

	v.reads = sampling.NewCondition(d.net, &v.dec, v.code.Width(), seed)
	v.writing = append(append(v.writing, v.dec...), d.Params()...)
	if c.LearnedPrior {
		v.dec = append(v.dec, v.prior)
	}
	v.dec = append(v.dec, d.Params()...)
	return v, nil
}

// Decoder is the language model, without its code.
func (v *VAE) Decoder() *Generator { return v.decoder }

// Params are the weights: those of the encoder, then those of the decoder.
func (v *VAE) Params() network.Params { return append(append(nn.Params{}, v.enc...), v.dec...) }

// EncoderParams are the weights that q(z|x) depends on.
func (v *VAE) EncoderParams() network.Params { return v.enc }

// DecoderParams are the weights that p(z) and p(x|z) depend on.
func (v *VAE) DecoderParams() network.Params { return v.dec }

// Width is the number of values that a code has for its reader.
func (v *VAE) Width() int { return v.code.Width() }

// zeroBias stands in where a layer needs a bias and has none.
func zeroBias(g *op.Graph, name string, n int) *G.Node {
	return g.Leaf(name, make([]float32, n), false, n)
}

// bindEncoder gives the posteriors [B,P] of sentences, and the nodes of
// EncoderParams.
func (v *VAE) bindEncoder(g *op.Graph, ids, lengths *G.Node, train bool) (posterior *G.Node, params []*G.Node) {
	nodes := map[*nn.Param]*G.Node{}
	for _, p := range v.enc {
		n := g.Weights(p, train)
		nodes[p], params = n, append(params, n)
	}
	for i, l := range v.readers {
		x := g.PackedTokens(nodes[v.embedding], ids, lengths, i == 1)
		var weights []*G.Node
		for _, p := range l.Weights {
			weights = append(weights, nodes[p])
		}
		h := g.Last(g.RNN(v.decoder.net.Kind.Core(v.decoder.Emb, l.Units), x, lengths, weights, nil, nil), lengths)
		if i == 0 {
			posterior = g.Dense(h, nodes[v.posterior[0]], nodes[v.bias], op.Identity)
			continue
		}
		more := g.Dense(h, nodes[v.posterior[1]], zeroBias(g, "no posterior bias", v.code.stats()), op.Identity)
		if g.Err() == nil {
			posterior = g.Must(G.Add(posterior, more))
		}
	}
	return posterior, params
}

// decoderNodes is a decoder in a graph.
type decoderNodes struct {
	v      *VAE
	net    op.Net
	nodes  map[*nn.Param]*G.Node
	params []*G.Node // of those weights that it was bound with
}

// bindDecoder binds weights, which are DecoderParams or, without the prior,
// those that p(x|z) depends on.
func (v *VAE) bindDecoder(g *op.Graph, weights nn.Params, train bool) *decoderNodes {
	d := &decoderNodes{v: v, nodes: map[*nn.Param]*G.Node{}}
	for _, p := range weights[:len(weights)-len(v.decoder.net.Params)] {
		n := g.Weights(p, train)
		d.nodes[p], d.params = n, append(d.params, n)
	}
	var rest []*G.Node
	d.net, rest = v.decoder.Bind(g, train)
	d.params = append(d.params, rest...)
	return d
}

// prior is the node of a categorical prior, nil for the other codes.
func (d *decoderNodes) prior(g *op.Graph) *G.Node {
	if n := d.nodes[d.v.prior]; n != nil || d.v.prior == nil {
		return n
	}
	return g.Weights(d.v.prior, false) // a uniform one
}

// condition is what the net reads of codes z [B,Z].
func (d *decoderNodes) condition(g *op.Graph, z *G.Node) op.Conditioning {
	c := op.Conditioning{Cond: g.Dense(z, d.nodes[d.v.reads.Gates], zeroBias(g, "no gate bias", d.v.reads.Gates.Shape[1]), op.Identity)}
	for _, p := range d.v.reads.Initial {
		c.H0 = append(c.H0, g.Dense(z, d.nodes[p[0]], d.nodes[p[1]], op.Tanh))
	}
	return c
}

// crossEntropy is that of ids under teacher forcing, given codes z [B,Z]
// and the tokens that are read, which word dropout may have changed.
func (d *decoderNodes) crossEntropy(g *op.Graph, z, ids, read, lengths, weights *G.Node, drop func(x *G.Node, layer uint32) *G.Node) (loss *G.Node, nll []float32) {
	net := d.net
	net.Conditioning = d.condition(g, z)
	return g.PackedXentTokens(states(g, net, read, lengths, drop), d.net.W, d.net.B, ids, lengths, weights, d.net.Tied)
}
