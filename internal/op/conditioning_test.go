package op

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/feedback"
)

// Sentences of one batch that begin in states of their own and have something
// added to their gates: the same operation as without, and the gradients of both.
func TestRolloutGiven(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for feed, name := range []string{"soft", "straight-through", "detached"} {
			for _, hard := range []bool{false, true} {
				w := newWriter(cell, 1, hard, hard, feedback.All[feed])
				w.h0, w.cond = true, true
				t.Run(fmt.Sprintf("hard %v, feed %s", hard, name), func(t *testing.T) {
					tr := w.trial()
					w.checkText(t, tr)
					tr.checkMeaning(t)
				})
			}
		}
		w := newWriter(cell, 2, false, false, feedback.Soft)
		w.h0, w.cond = true, true
		t.Run("layers 2", w.trial().check)
		w = newWriter(cell, 2, true, false, feedback.Soft)
		w.h0 = true
		t.Run("states alone", w.trial().checkMeaning)
		w.h0, w.cond = false, true
		t.Run("gates alone", w.trial().checkMeaning)
	})
}

// Conditions of zero are none, to the bit.
func TestRolloutGivenNothing(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		w := newWriter(cell, 2, false, false, feedback.Soft)
		want := w.trial().program(t, alone, none).run(t)
		w.h0, w.cond = true, true
		tr := w.trial()
		for _, in := range tr.inputs[len(tr.inputs)-3:] {
			clear(in.data)
		}
		got := tr.program(t, alone, none).run(t)
		want.same(t, got, "given zeros")
		require.NotZero(t, got.grads["cond"])
	})
}

func TestRolloutGivenRefuses(t *testing.T) {
	w := newWriter(GRU, 2, false, false, feedback.Soft)
	for says, change := range map[string]func(g *Graph, net *Net){
		"1 initial states for 2 layers": func(g *Graph, net *Net) { net.Conditioning.H0 = net.Conditioning.H0[:1] },
		"h0 (5, 4) of layer 1 does not fit 6 sentences and 4 units": func(g *Graph, net *Net) {
			net.Conditioning.H0 = []*G.Node{net.Conditioning.H0[0], g.Leaf("few", make([]float32, 20), false, 5, 4)}
		},
		"cond (6, 4) does not fit 6 sentences and 15 gates": func(g *Graph, net *Net) {
			net.Conditioning.Cond = g.Leaf("narrow", make([]float32, 24), false, 6, 4)
		},
	} {
		w.h0, w.cond = true, true
		g := NewGraph()
		var nodes []*G.Node
		for _, in := range w.trial().inputs {
			nodes = append(nodes, g.Leaf(in.name, in.data, false, in.shape...))
		}
		net, reader := w.net(nodes)
		change(g, &net)
		out := g.Rollout(net, reader, g.Leaf("tau", w.tau, false, 1), g.Key("key", w.key), RolloutConfig{B: w.B, T: w.T, Relaxation: w.choice})
		require.Nil(t, out.Tokens)
		require.EqualError(t, g.Err(), "op: Rollout: "+says)
	}
}
