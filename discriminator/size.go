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
