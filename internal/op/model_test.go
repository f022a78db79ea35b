package op

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"

	"textgan/internal/feedback"
)

// languageModel is teacher forcing with tied weights: the table is read by the
// first operation and by the last.
func languageModel(cell Gated, b *batch) *trial {
	const E = 4
	l := newLikelihood(b, 6)
	embed, one, two := lookupTrial(true, b, E), rnnTrial(cell, b, E, 3, false), rnnTrial(cell, b, 3, E, true)
	drop, key := dropoutTrial(0.25, 1, b.B*b.T, E)
	tr := &trial{scalar: true, vary: func(batch int) { b.set(batch); drop.vary(batch) }}
	tr.inputs = []*input{embed.inputs[0], random("bias", 0.5, b.V)}
	for _, part := range []*trial{one, two} {
		for _, in := range part.inputs[1:] {
			in.name = fmt.Sprint("part ", len(tr.inputs))
			tr.inputs = append(tr.inputs, in)
		}
	}
	tr.build = func(g *Graph, in []*G.Node) *G.Node {
		ids, lengths := g.Ints("input ids", b.ids, b.B, b.T), g.Ints("input lengths", b.lengths, b.B)
		h := g.Dropout(g.PackedLookup(in[0], ids, lengths, bos), 0.25, g.Key("key", key), 1)
		h = g.RNN(cell.Core(E, 3), h, lengths, in[2:5], nil, nil)
		h = g.RNN(cell.Core(3, E), h, lengths, in[5:8], in[8], nil)
		return l.build(g, h, in[0], in[1], true)
	}
	tr.plain = func(t *tape, in [][]num) []num {
		h := drop.plain(t, [][]num{embed.plain(t, in)})
		h = two.plain(t, append([][]num{one.plain(t, append([][]num{h}, in[2:5]...))}, in[5:]...))
		return []num{l.plain(h, in[0], in[1], true)}
	}
	return tr
}

func TestLanguageModel(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		languageModel(cell, newBatch(4, 5, 7)).check(t)
		languageModel(cell, newBatch(13, 6, 150)).checkThreads(t)
	})
}

// adversary is a discriminator that reads what a writer writes: most of the
// operations in one graph, with two readers of the tokens and their lengths.
func adversary(w *writer) *trial {
	widths, narrow := []int{1, 3}, []int{2}
	b := newBatch(w.B, w.T, w.V)
	conv, high, score := textConvTrial(b, w.De, 2, widths), highwayTrial(w.B, 4), denseTrial(Identity, w.B, 4, 1)
	conv2, score2 := textConvTrial(b, w.De, 3, narrow), denseTrial(Tanh, w.B, 3, 1)
	drop, key := dropoutTrial(0.25, 3, w.B, 4)
	tr := w.trial()
	tr.kinks = true
	n := len(tr.inputs)
	for _, part := range []*trial{conv, high, score, conv2, score2} {
		for _, in := range part.inputs[1:] {
			in.name = fmt.Sprint("part ", len(tr.inputs))
			tr.inputs = append(tr.inputs, in)
		}
	}
	tr.build = func(g *Graph, in []*G.Node) *G.Node {
		tokens, lengths, p := w.build(g, in[:n]), w.rollout.Lengths, in[n:]
		x := g.TextConv(tokens, lengths, widths, []*G.Node{p[0], p[2]}, []*G.Node{p[1], p[3]})
		x = g.Dropout(g.Highway(x, p[4], p[5], p[6], p[7]), 0.25, g.Key("dropout", key), 3)
		second := g.TextConv(tokens, lengths, narrow, p[10:11], p[11:12])
		return g.Must(G.Add(g.Dense(x, p[8], p[9], Identity), g.Dense(second, p[12], p[13], Tanh)))
	}
	with := func(x []num, p [][]num) [][]num { return append([][]num{x}, p...) }
	tr.plain = func(t *tape, in [][]num) []num {
		tokens, p := w.plain(t, in[:n]), in[n:]
		copy(b.lengths, w.lengths)
		x := drop.plain(t, with(high.plain(t, with(conv.plain(t, with(tokens, p[:4])), p[4:8])), nil))
		y := score.plain(t, with(x, p[8:10]))
		for i, z := range score2.plain(t, with(conv2.plain(t, with(tokens, p[10:12])), p[12:])) {
			y[i] = y[i].add(z)
		}
		return y
	}
	return tr
}

func TestAdversary(t *testing.T) {
	for _, hard := range []bool{false, true} {
		t.Run(fmt.Sprintf("hard %v", hard), func(t *testing.T) {
			tr := adversary(newWriter(LSTM, 2, true, hard, feedback.Soft))
			tr.checkMeaning(t)
			tr.checkFrozen(t)
			tr.checkAgain(t)
			tr.checkThreads(t)
			if !hard {
				tr.checkDifferences(t)
			}
		})
	}
}
