package op

import (
	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
)

// Given is what the sentences of a rollout are conditioned on, one row for each;
// see ConditionedRNN.
type Given struct {
	H0   []*G.Node // [B,H] of every layer: its state before the first token (the LSTM's c starts at zero); nil for zero
	Cond *G.Node   // [B,GH]: added to the gates of the first layer at every step; nil for nothing
}

// Of is what layer i gets of it, as ConditionedRNN takes it.
func (c Given) Of(i int) (h0, cond *G.Node) {
	if len(c.H0) > 0 {
		h0 = c.H0[i]
	}
	if i == 0 {
		cond = c.Cond
	}
	return h0, cond
}

// given is the same inside a rollout. Packed rows know their sentence, so the
// rows of the condition stay where they are when sentences end.
type given struct {
	h0At, condAt int // places among the inputs, of the first layer's H0; 0 for none
	h0           [][]float32
	cond, dCond  []float32 // [B,GH] of the current run
}

// nodes are the inputs that net's condition adds from place at on.
func (c *given) nodes(g *Graph, net Net, B, at int) (in []*G.Node, ok bool) {
	if n := len(net.Given.H0); n > 0 {
		if n != len(net.Layers) {
			g.fail("Rollout: %d initial states for %d layers", n, len(net.Layers))
			return nil, false
		}
		c.h0At, c.h0 = at, make([][]float32, n)
		for i, h0 := range net.Given.H0 {
			if H := net.Layers[i].Wh.Shape()[0]; h0.Shape()[0] != B || h0.Shape()[1] != H {
				g.fail("Rollout: h0 %v of layer %d does not fit %d sentences and %d units", h0.Shape(), i, B, H)
				return nil, false
			}
			in = append(in, h0)
		}
	}
	if cond := net.Given.Cond; cond != nil {
		if GH := net.Layers[0].Wh.Shape()[1]; cond.Shape()[0] != B || cond.Shape()[1] != GH {
			g.fail("Rollout: cond %v does not fit %d sentences and %d gates", cond.Shape(), B, GH)
			return nil, false
		}
		c.condAt, in = at+len(in), append(in, cond)
	}
	return in, true
}

func (c *given) bind(in []G.Value) {
	for i := range c.h0 {
		c.h0[i] = f32(in[c.h0At+i])
	}
	if c.condAt > 0 {
		c.cond = f32(in[c.condAt])
	}
}

// begin sets the first states h [n,H] of layer i, of n sentences from first on.
func (c *given) begin(i, first int, h []float32, H int) {
	if c.h0At > 0 {
		copy(h, c.h0[i][first*H:])
	} else {
		clear(h)
	}
}

// add gives the gates [n,GH] of the first layer what the condition says of
// their sentences.
func (c *given) add(gates []float32, sentences []int32, GH int) {
	if c.condAt > 0 {
		for i, s := range sentences {
			kernel.Add(gates[i*GH:][:GH], c.cond[int(s)*GH:][:GH])
		}
	}
}

func (c *given) beginBack(dIn [][]float32) {
	if c.condAt > 0 {
		c.dCond = dIn[c.condAt]
		clear(c.dCond)
	}
}

// addBack adds the gradient of the first layer's gates to that of the condition.
// A sentence has one row in a step, so parts of a step do not meet.
func (c *given) addBack(dGates []float32, sentences []int32, GH int) {
	if c.dCond != nil {
		for i, s := range sentences {
			kernel.Add(c.dCond[int(s)*GH:][:GH], dGates[i*GH:][:GH])
		}
	}
}

// endBack takes the gradient of the first step's states, dh [n,H], for that of
// layer i's H0, of n sentences from first on: before anything was written, they
// stand in this order.
func (c *given) endBack(i, first int, dh []float32, H int, dIn [][]float32) {
	if c.h0At > 0 && dIn[c.h0At+i] != nil {
		copy(dIn[c.h0At+i][first*H:], dh)
	}
}
