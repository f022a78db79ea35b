package op

import (
	"fmt"
	"testing"

	G "gorgonia.org/gorgonia"
)

func textConvTrial(b *batch, E, F int, widths []int) *trial {
	x := random("x", 1, b.B, b.T, E)
	for s, n := range b.lengths {
		clear(x.data[(s*b.T+int(n))*E : (s+1)*b.T*E])
	}
	tr := &trial{
		kinks:  true,
		inputs: []*input{x},
		vary:   b.set,
		build: func(g *Graph, in []*G.Node) *G.Node {
			_, lengths := b.nodes(g)
			var W, bias []*G.Node
			for i := range widths {
				W, bias = append(W, in[1+2*i]), append(bias, in[2+2*i])
			}
			return g.TextConv(in[0], lengths, widths, W, bias)
		},
		plain: func(_ *tape, in [][]num) (y []num) {
			for s, n := range b.lengths {
				sentence := row(in[0], s, b.T*E)
				for i, k := range widths {
					W, bias := in[1+2*i], in[2+2*i]
					for f := range F {
						var best num
						for at := 0; at == 0 || at+k <= int(n); at++ {
							z := dot(sentence[at*E:(at+k)*E], column(W, f, F)).add(bias[f]).relu()
							if at == 0 || z.val() > best.val() {
								best = z
							}
						}
						y = append(y, best)
					}
				}
			}
			return y
		},
	}
	for i, k := range widths {
		tr.inputs = append(tr.inputs, random(fmt.Sprint("W", i), 0.5, k*E, F), random(fmt.Sprint("b", i), 0.5, F))
	}
	return tr
}

func TestTextConv(t *testing.T) {
	t.Run("ragged", textConvTrial(newBatch(5, 6, 7), 3, 2, []int{1, 3, 2, 4}).check) // lengths 6..1
	t.Run("one of each", textConvTrial(newBatch(1, 1, 7), 1, 1, []int{1}).check)
	t.Run("cores", textConvTrial(newBatch(9, 8, 7), 20, 30, []int{2, 3, 5}).checkThreads)
}

// Of equal windows the first has the gradient. With tokens that repeat, every
// second window is equal.
func TestTextConvTies(t *testing.T) {
	const E = 3
	b := newBatch(4, 6, 7)
	tr := textConvTrial(b, E, 2, []int{1, 2, 3})
	x := tr.inputs[0]
	x.bare = true
	for s, n := range b.lengths {
		for i := 2 * E; i < int(n)*E; i++ {
			x.data[s*b.T*E+i] = x.data[s*b.T*E+i-2*E]
		}
	}
	tr.checkMeaning(t)
}

func TestTextConvRefuses(t *testing.T) {
	b := newBatch(4, 5, 7)
	textConvTrial(b, 3, 2, []int{2}).refuses(t, b, []mistake{lengthTooBig, lengthBelow0})
}
