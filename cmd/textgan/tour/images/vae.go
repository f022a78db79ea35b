package images

import (
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
	"textgan/internal/location"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// Config of a VAE.
type Config struct {
	Pixels int // P of an image
	Hidden int // units of the encoder's layer, and of the decoder's
	// A Gaussian code has Dim numbers (Categories 0); a categorical one has Dim
	// choices among as many categories.
	Dim, Categories int
}

func (c Config) categorical() bool { return c.Categories > 0 }

// width is what the decoder reads of a code, stats what the encoder says of it.
func (c Config) width() int { return c.Dim * max(c.Categories, 1) }
func (c Config) stats() int {
	if c.categorical() {
		return c.width()
	}
	return 2 * c.Dim
}

// VAE is the autoencoder of Kingma and Welling 2014 with one hidden layer on each
// side:
//
//	q(z|x)  code layer (relu (x We + be))      mean and log-variance, or logits
//	p(x|z)  sigmoid (relu (z Wd + bd) Wp + bp) of independent black-and-white pixels
type VAE struct {
	Config
	enc, dec nn.Params // hidden w, hidden b, last w, last b
}

// NewVAE returns a VAE with fresh weights, a function of the configuration and the
// seed. The bias of pixel i begins at the log odds of ink [i], which is in (0,1).
func NewVAE(c Config, ink []float64, seed uint64) *VAE {
	v := &VAE{Config: c}
	layer := func(ps *nn.Params, name string, in, out int) {
		w := ps.New(name+".w", in, out)
		w.Xavier(in, out, rng.Weights(seed, w.Name))
		ps.New(name+".b", out)
	}
	layer(&v.enc, "encoder", c.Pixels, c.Hidden)
	layer(&v.enc, "code", c.Hidden, c.stats())
	layer(&v.dec, "decoder", c.width(), c.Hidden)
	layer(&v.dec, "pixels", c.Hidden, c.Pixels)
	for i, p := range ink {
		v.dec[3].Data[i] = float32(math.Log(p) - math.Log1p(-p))
	}
	return v
}

// Params are the weights: those of the encoder, then those of the decoder.
func (v *VAE) Params() nn.Params { return append(append(nn.Params{}, v.enc...), v.dec...) }

// layers binds two dense layers.
func layers(g *op.Graph, ps nn.Params, train bool) (apply func(x *G.Node) *G.Node, nodes []*G.Node) {
	for _, p := range ps {
		nodes = append(nodes, g.Weights(p, train))
	}
	return func(x *G.Node) *G.Node {
		return g.Dense(g.Dense(x, nodes[0], nodes[1], op.ReLU), nodes[2], nodes[3], op.Identity)
	}, nodes
}

// graph is a step for batches of B images: its inputs, and what a run leaves.
type graph struct {
	*op.Program
	x                  []float32        // [B,P]
	rows               []int32          // [B] of the Noise stream, 0 to B-1 as made
	key                []uint32         // of the draws
	tau                []float32        // [1] of a relaxation
	rec, kl, z, pixels func() []float32 // [B], [B,Dim], [B,width], log odds [B,P]
	stats              func() []float32 // [B,stats]
	given              []float32        // [B,width] codes drawn before, of a score function
	ids                []int32          // [B,Dim] the choices that they are
	weights            []float32        // [B,Dim] of their -log q
}

// bound is the graph of the negative bound in nats an image,
//
//	E_q[-log p(x|z)] + KL(q(z|x) || p(z))
//
// with one draw of z an image. Its gradient goes through the draw: along the noise of
// a Gaussian, by a relaxation for choices. Without a relaxation the choices are given
// and the encoder is moved by their weighted -log q: a score function.
func (v *VAE) bound(B int, relaxation op.Relaxation, train bool) (*graph, error) {
	s := &graph{x: make([]float32, B*v.Pixels), rows: make([]int32, B), key: make([]uint32, 3), tau: []float32{1}}
	for i := range s.rows {
		s.rows[i] = int32(i)
	}
	g := op.NewGraph()
	x := g.Leaf("x", s.x, false, B, v.Pixels)
	rows, key := g.Ints("rows", s.rows, B), g.Key("key", s.key)
	encode, enc := layers(g, v.enc, train)
	decode, dec := layers(g, v.dec, train)
	stats := encode(x)

	var z, kl, score *G.Node
	switch K := v.Categories; {
	case K == 0:
		z, kl = g.Reparameterise(location.Gaussian, stats, rows, key), g.LatentKL(location.Gaussian, stats, rows, key)
	case relaxation != nil:
		z = g.Categorical(relaxation, K, stats, g.Leaf("tau", s.tau, false, 1), rows, key)
	default:
		n := B * v.Dim
		s.given, s.ids, s.weights = make([]float32, B*v.width()), make([]int32, n), make([]float32, n)
		z = g.Leaf("z", s.given, false, B, v.width())
		// The cross-entropy of a layer that changes nothing.
		identity := make([]float32, K*K)
		for i := range K {
			identity[i*K+i] = 1
		}
		ones := make([]int32, n)
		for i := range ones {
			ones[i] = 1
		}
		score = g.PackedXent(g.InRows(stats, K), g.Leaf("identity", identity, false, K, K), g.Leaf("no bias", make([]float32, K), false, K),
			g.Ints("ids", s.ids, n, 1), g.Ints("lengths", ones, n), g.Leaf("weights", s.weights, false, n, 1), false)
	}
	if v.categorical() {
		kl = g.CategoricalKL(v.Categories, stats, g.Leaf("prior", make([]float32, v.width()), false, v.width()))
	}
	pixels := decode(z)
	rec := g.Bernoulli(x, pixels)
	price := g.FreeBits(kl, g.Leaf("mean", repeat(B, 1/float32(B)), false, B), g.Leaf("beta", []float32{1}, false, 1), nil, 0, 0)
	if g.Err() != nil {
		return nil, g.Err()
	}
	loss := g.Must(G.Add(g.Must(G.Mean(rec)), price))
	if score != nil {
		loss = g.Must(G.Add(loss, score))
	}
	s.rec, s.kl, s.z, s.pixels, s.stats = g.Reader(rec), g.Reader(kl), g.Reader(z), g.Reader(pixels), g.Reader(stats)
	var params []*G.Node
	if train {
		params = append(enc, dec...)
	}
	var err error
	s.Program, err = g.Compile(loss, params...)
	return s, err
}

// at names the draws of the next run.
func (s *graph) at(seed uint64, step int) { op.RunKey{Seed: seed, Step: uint32(step)}.Put(s.key) }

// repeat is n times the same number.
func repeat(n int, value float32) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = value
	}
	return x
}

// Decode gives the probability of ink [n,P] in the pixels of codes [n,width].
func (v *VAE) Decode(codes []float32) ([]float32, error) {
	pixels, err := v.logOdds(codes)
	kernel.Sigmoid(pixels, pixels)
	return pixels, err
}

func (v *VAE) logOdds(codes []float32) ([]float32, error) {
	n := len(codes) / v.width()
	g := op.NewGraph()
	decode, _ := layers(g, v.dec, false)
	p, err := g.Compile(decode(g.Leaf("z", codes, false, n, v.width())))
	if err != nil {
		return nil, err
	}
	defer p.Close()
	_, err = p.Run()
	return p.Output(), err
}

// Posterior is what the encoder says [n,stats] of n images.
func (v *VAE) Posterior(s *Set) ([]float32, error) {
	n := s.Len()
	x := make([]float32, n*v.Pixels)
	for i, p := range s.Pixels {
		x[i] = float32(p)
	}
	g := op.NewGraph()
	encode, _ := layers(g, v.enc, false)
	p, err := g.Compile(encode(g.Leaf("x", x, false, n, v.Pixels)))
	if err != nil {
		return nil, err
	}
	defer p.Close()
	_, err = p.Run()
	return p.Output(), err
}

// Likeliest is the code [n,width] that stands for a posterior [n,stats] without a
// draw: the mean of a Gaussian, the likeliest choices.
func (v *VAE) Likeliest(posterior []float32) []float32 {
	n := len(posterior) / v.stats()
	z := make([]float32, n*v.width())
	for i := range n {
		from, to := posterior[i*v.stats():][:v.stats()], z[i*v.width():][:v.width()]
		if !v.categorical() {
			copy(to, from)
			continue
		}
		for k := 0; k < len(to); k += v.Categories {
			_, best := kernel.Max(from[k : k+v.Categories])
			to[k+best] = 1
		}
	}
	return z
}
