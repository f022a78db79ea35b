package generator

import (
	"textgan/generator/sampling"
	"textgan/internal/cell"
)

// Size is what a network takes of memory, in floats. It is worked out from a
// configuration, of which nothing is made.
type Size struct {
	Weights float64 // of the network
	Matrix  float64 // those of the output layer's matrix alone
	Token   float64 // of its layers for one token that is learnt from
	Row     float64 // of its layers for one sentence that is written
}

// Size is that of New's result.
func (c Config) Size() (s Size) {
	kind, err := sampling.Config(c).Kind()
	if err != nil {
		return s
	}
	in := c.Emb
	s.Weights, s.Token = float64(c.Vocab)*float64(c.Emb), 2*float64(c.Emb)
	for range sampling.Config(c).Cores() {
		core := kind.Core(in, c.Hidden)
		s.layer(core)
		in = core.Sizes().Out
	}
	s.Matrix = float64(in) * float64(c.Vocab)
	if !c.Tie {
		s.Weights += s.Matrix
	}
	s.Weights += float64(c.Vocab)
	return s
}

func (s *Size) layer(core cell.Core) {
	for _, w := range core.Weights() {
		n := 1.
		for _, d := range w.Shape {
			n *= float64(d)
		}
		s.Weights += n
	}
	z := core.Sizes()
	s.Token += 2*float64(z.Share) + float64(z.Tape) + float64(z.State) + 2*float64(z.Out)
	s.Row += float64(z.Share) + float64(z.Tape) + 2*float64(z.State) + float64(z.Out)
}

// Size is that of NewVAE's result; Matrix and Row are those of its decoder.
func (c VAEConfig) Size() Size {
	s := c.Decoder.Size()
	kind, err := sampling.Config(c.Decoder).Kind()
	if err != nil {
		return s
	}
	width, stats := float64(c.Dim), 2*float64(c.Dim)
	if c.Categorical() {
		width = float64(c.Dim) * float64(c.Categories)
		stats = width
	}
	s.Weights += float64(c.Decoder.Vocab)*float64(c.Decoder.Emb) + stats
	if c.LearnedPrior {
		s.Weights += width
	}
	directions := 1
	if c.Bidirectional {
		directions = 2
	}
	for range directions {
		core := kind.Core(c.Decoder.Emb, c.Hidden)
		s.layer(core)
		s.Weights += float64(core.Sizes().Out) * stats
		s.Token += 2 * float64(c.Decoder.Emb)
	}
	units := float64(kind.Core(c.Decoder.Emb, c.Decoder.Hidden).Sizes().Out)
	s.Weights += float64(sampling.Config(c.Decoder).Cores())*(width+1)*units + width*float64(kind.Core(c.Decoder.Emb, c.Decoder.Hidden).Sizes().Cond)
	return s
}
