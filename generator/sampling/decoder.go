package sampling

import (
	"fmt"
	"math"

	"textgan/internal/kernel"
	"textgan/internal/location"
	"textgan/internal/nn"
	"textgan/internal/rng"
)

// Prior is the distribution that the codes of a VAE are drawn from.
type Prior interface {
	Width() int // Z, values of a code
	// Prior draws a code [Z] by the row of the key that belongs to sentence row.
	Prior(z []float32, key Key, row uint32)
}

// LocationScale is a code of D real numbers from the standard member of a
// location-scale family.
type LocationScale struct {
	location.Family
	D int
}

// Width is D.
func (c LocationScale) Width() int { return c.D }

// Prior draws D numbers by the row.
func (c LocationScale) Prior(z []float32, key Key, row uint32) { c.Noise(z, key.At(key.Step, row)) }

// Categorical is a code of N choices among K categories, as one-hots.
type Categorical struct {
	N, K   int
	Logits *nn.Param // of the prior [N*K]; zeros for a uniform one
}

// NewCategorical is one with a uniform prior, whose weights are "z.prior".
func NewCategorical(n, k int) Categorical {
	return Categorical{n, k, &nn.Param{Name: "z.prior", Shape: []int{n * k}, Data: make([]float32, n*k)}}
}

// Width is N*K.
func (c Categorical) Width() int { return c.N * c.K }

// Prior draws N choices, each by a row of its own.
func (c Categorical) Prior(z []float32, key Key, row uint32) { c.Draw(z, c.Logits.Data, key, row) }

// Draw draws choices by their logits [N*K].
func (c Categorical) Draw(z, logits []float32, key Key, row uint32) {
	clear(z)
	for n := range c.N {
		z[n*c.K+kernel.GumbelArgmax(logits[n*c.K:][:c.K], key.At(key.Step, row*uint32(c.N)+uint32(n)))] = 1
	}
}

// Condition is the code that a VAE's decoder reads in its initial state and in the
// gates of its first layer.
type Condition struct {
	Width   int
	Code    func(z []float32, key Key, number, r int) // of row r of a call, whose draws are those of sentence number
	Initial [][2]*nn.Param                            // weights [Z,H] and bias [H] of each layer
	Gates   *nn.Param                                 // [Z,GH]
}

// NewCondition makes the weights by which g reads codes of width values, and
// appends them to ps.
func NewCondition(g *Network, ps *nn.Params, width int, seed uint64) *Condition {
	c := &Condition{Width: width}
	draw := Initial{seed}
	bound := 1 / math.Sqrt(float64(g.Hidden))
	for i := range g.Cores() {
		c.Initial = append(c.Initial, [2]*nn.Param{
			draw.Weight(ps, bound, fmt.Sprintf("z.initial%d.w", i), width, g.Width()),
			ps.New(fmt.Sprintf("z.initial%d.b", i), g.Width()),
		})
	}
	c.Gates = draw.Weight(ps, bound, "z.gates", width, g.Kind.Core(g.Emb, g.Hidden).Sizes().Cond)
	return c
}

// From is c with codes drawn from the prior: that of sentence i by row 2^32-1-i of
// the key's stream.
func (c *Condition) From(p Prior) *Condition {
	from := *c
	from.Code = func(z []float32, key Key, number, _ int) { PriorCode(p, z, key, number) }
	return &from
}

// PriorCode is the code that sentence i is written from under a key.
func PriorCode(p Prior, z []float32, key Key, i int) { p.Prior(z, key, rng.CodeRow(i)) }

// NewConditioned returns a sampler of sentences that depend on codes.
func (g *Network) NewConditioned(c *Condition, o Options) (*Sampler, error) {
	s, err := g.NewSampler(o)
	if err == nil {
		s.condition = c
	}
	return s, err
}
