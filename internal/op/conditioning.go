package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Conditioning is what the sentences of a network depend on, a row for each; see
// RNN.
type Conditioning struct {
	H0   []*G.Node // [B,Out] of every layer; nil for none
	Cond *G.Node   // [B,Cond]: added to the share of the first layer at every step; nil for nothing
}

// Of is what layer i gets of it, as RNN takes it.
func (c Conditioning) Of(i int) (h0, cond *G.Node) {
	if len(c.H0) > 0 {
		h0 = c.H0[i]
	}
	if i == 0 {
		cond = c.Cond
	}
	return h0, cond
}

// conditioning is the same inside a rollout. Packed rows know their sentence, so
// the rows of the condition stay where they are when sentences end.
type conditioning struct {
	h0At, condAt int // places among the inputs, of the first layer's H0; 0 for none
	h0           [][]float32
	cond, dCond  []float32 // [B,Cond] of the current run
}

// nodes are the inputs that net's condition adds from place at on.
func (c *conditioning) nodes(g *Graph, net Net, layers []*rolloutLayer, B, at int) (in []*G.Node, ok bool) {
	if n := len(net.Conditioning.H0); n > 0 {
		if n != len(layers) {
			g.fail("Rollout: %d initial states for %d layers", n, len(layers))
			return nil, false
		}
		c.h0At, c.h0 = at, make([][]float32, n)
		for i, h0 := range net.Conditioning.H0 {
			if !h0.Shape().Eq(tensor.Shape{B, layers[i].Out}) {
				g.fail("Rollout: h0 %v of layer %d does not fit %d sentences and %d units", h0.Shape(), i, B, layers[i].Out)
				return nil, false
			}
			in = append(in, h0)
		}
	}
	if cond := net.Conditioning.Cond; cond != nil {
		if width := layers[0].Sizes.Cond; !cond.Shape().Eq(tensor.Shape{B, width}) {
			g.fail("Rollout: cond %v does not fit %d sentences and %d gates", cond.Shape(), B, width)
			return nil, false
		}
		c.condAt, in = at+len(in), append(in, cond)
	}
	return in, true
}

func (c *conditioning) bind(in []G.Value) {
	for i := range c.h0 {
		c.h0[i] = f32(in[c.h0At+i])
	}
	if c.condAt > 0 {
		c.cond = f32(in[c.condAt])
	}
}

// begin sets the first states of layer i, of n sentences from first on.
func (c *conditioning) begin(i, first, n int, l *rolloutLayer, states []float32) {
	if c.h0At > 0 {
		starts(l.core, n, c.h0[i][first*l.Out:], states)
	} else {
		starts(l.core, n, nil, states)
	}
}

// add adds the condition of the sentences to the share of the first layer's gates.
func (c *conditioning) add(share []float32, sentences []int32, z Sizes) {
	if c.condAt > 0 {
		for i, s := range sentences {
			kernel.Add(share[i*z.Share:][:z.Cond], c.cond[int(s)*z.Cond:][:z.Cond])
		}
	}
}

func (c *conditioning) beginBack(dIn [][]float32) {
	if c.condAt > 0 {
		c.dCond = dIn[c.condAt]
		clear(c.dCond)
	}
}

// addBack adds the gradient of the first layer's share to that of the condition.
// A sentence has one row in a step, so parts of a step do not meet.
func (c *conditioning) addBack(dShare []float32, sentences []int32, z Sizes) {
	if c.dCond != nil {
		for i, s := range sentences {
			kernel.Add(c.dCond[int(s)*z.Cond:][:z.Cond], dShare[i*z.Share:][:z.Cond])
		}
	}
}

// endBack copies the gradient of n initial states into that of layer i's H0, for the
// sentences from first on: at step 0 the rows are in the order of the sentences.
func (c *conditioning) endBack(i, first, n int, l *rolloutLayer, d []float32, dIn [][]float32) {
	if c.h0At > 0 && dIn[c.h0At+i] != nil {
		headsOf(dIn[c.h0At+i][first*l.Out:][:n*l.Out], d, l.Out, l.State)
	}
}
