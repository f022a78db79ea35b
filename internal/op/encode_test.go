package op

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
)

func packedTokensTrial(b *batch, E int, reversed bool) *trial {
	return &trial{
		inputs: []*input{random("table", 1, b.V, E)},
		vary:   b.set,
		build: func(g *Graph, in []*G.Node) *G.Node {
			ids, lengths := b.nodes(g)
			return g.PackedTokens(in[0], ids, lengths, reversed)
		},
		plain: func(t *tape, in [][]num) []num {
			out, i := t.zeros(b.B*b.T*E), 0
			b.packed(func(s, t int) {
				if reversed {
					t = int(b.lengths[s]) - 1 - t
				}
				copy(row(out, i, E), row(in[0], int(b.ids[s*b.T+t]), E))
				i++
			})
			return out
		},
	}
}

func TestPackedTokens(t *testing.T) {
	for _, reversed := range []bool{false, true} {
		t.Run(fmt.Sprintf("reversed %v", reversed), packedTokensTrial(newBatch(4, 5, 7), 3, reversed).check)
		b := newBatch(4, 5, 7)
		packedTokensTrial(b, 3, reversed).refuses(t, b, packedMistakes)
	}
}

func TestLast(t *testing.T) {
	const H = 3
	b := newBatch(4, 5, 7)
	tr := &trial{
		inputs: []*input{random("h", 1, b.B*b.T, H)},
		vary:   b.set, // the second batch has an empty sentence
		build: func(g *Graph, in []*G.Node) *G.Node {
			_, lengths := b.nodes(g)
			return g.Last(in[0], lengths)
		},
		plain: func(t *tape, in [][]num) []num {
			out, i := t.zeros(b.B*H), 0
			b.packed(func(s, _ int) { // a later token takes the place of an earlier one
				copy(row(out, s, H), row(in[0], i, H))
				i++
			})
			return out
		},
	}
	tr.check(t)
	tr.refuses(t, b, []mistake{lengthsRise, lengthTooBig, lengthBelow0})
}

// cond is a second input of the gates, the same at every step.
func TestConditionedRNN(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for _, withH0 := range []bool{false, true} {
			b, E, H := newBatch(4, 5, 7), 3, 4
			tr := rnnTrial(cell, b, E, H, withH0)
			GH := cell.Gates() * H
			tr.inputs = append(tr.inputs, random("cond", 0.5, b.B, GH))
			tr.build = func(g *Graph, in []*G.Node) *G.Node {
				_, lengths := b.nodes(g)
				var h0 *G.Node
				if withH0 {
					h0 = in[4]
				}
				return g.RNN(cell.Core(E, H), in[0], lengths, in[1:4], h0, in[len(in)-1])
			}
			tr.plain = func(t *tape, in [][]num) []num {
				out, i := t.zeros(b.B*b.T*H), 0
				h, c := t.zeros(b.B*H), t.zeros(b.B*H)
				if withH0 {
					h = append([]num{}, in[4]...)
				}
				b.packed(func(s, _ int) {
					bias := append([]num{}, in[3]...) // the cond of the sentence is one with the bias
					for j, v := range row(in[len(in)-1], s, GH) {
						bias[j] = bias[j].add(v)
					}
					newH, newC := plainStep(cell, row(in[0], i, E), row(h, s, H), row(c, s, H), in[1], in[2], bias)
					copy(row(h, s, H), newH)
					copy(row(c, s, H), newC)
					copy(row(out, i, H), newH)
					i++
				})
				return out
			}
			t.Run(fmt.Sprintf("h0 %v", withH0), tr.check)
		}
	})
}
