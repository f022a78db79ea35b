package discriminator

// Size is what a network takes of memory, in floats. It is worked out from a
// configuration, of which nothing is made.
type Size struct {
	Weights float64 // of the network, without the state that moves with them
	Token   float64 // kept of one token that is scored
	Row     float64 // kept of one sentence that is scored
}

// Size is that of New's result.
func (c Config) Size() (s Size) {
	switch c.Kind {
	case "rnn":
		return c.sizeRNN()
	case ReverseLM: // without the models, which are somebody else's
		return Size{Weights: 2, Row: 8}
	}
	R := float64(max(1, c.Representations))
	emb, filters := float64(c.Emb), float64(c.Filters)
	s.Weights = float64(c.Vocab) * emb
	for _, w := range c.Widths {
		s.Weights += (float64(w)*emb/R + 1) * filters
	}
	n := float64(len(c.Widths)) * filters
	if c.Highway {
		s.Weights += 2 * (n + 1) * n
	}
	s.Token, s.Row = 2*emb+R*filters, 12*n*R
	if c.Representations > 0 {
		s.Token += 2 * emb
		s.Weights += (n + 1) * relganUnits
		n = relganUnits
	}
	s.Weights += n + 1
	return s
}

func (c Config) sizeRNN() (s Size) {
	core := cells[c.Cell].Core(c.Emb, c.Units)
	for _, w := range core.Weights() {
		n := 2. // one from each end
		for _, d := range w.Shape {
			n *= float64(d)
		}
		s.Weights += n
	}
	emb, units, z := float64(c.Emb), float64(c.Units), core.Sizes()
	s.Weights += float64(c.Vocab)*emb + 2*units + 6*units + 1
	s.Token = 2*emb + 2*(2*emb+float64(2*z.Share+z.Tape+z.State+2*z.Out)+1)
	s.Row = 2*float64(2*z.State) + 2*units + 5*6*units
	return s
}
