package op

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// anyOrder is a batch whose lengths rise and fall.
func anyOrder(B, T int) (b *batch, set func(which int)) {
	b = newBatch(B, T, 7)
	set = func(which int) {
		b.set(which)
		slices.Reverse(b.lengths)
		for i := 0; i+2 < B; i += 3 {
			b.lengths[i], b.lengths[i+2] = b.lengths[i+2], b.lengths[i]
		}
	}
	set(0)
	return b, set
}

// falling are the numbers of the sentences from the longest to the shortest.
func (b *batch) falling() (order []int) {
	for i := range b.lengths {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(i, j int) int { return int(b.lengths[j] - b.lengths[i]) })
	return order
}

// plainSequences calls f with sentence and token of every packed row.
func (b *batch) plainSequences(reversed bool, f func(s, t int)) {
	for t := range b.T {
		for _, s := range b.falling() {
			if n := int(b.lengths[s]); t < n && reversed {
				f(s, n-1-t)
			} else if t < n {
				f(s, t)
			}
		}
	}
}

func TestSequences(t *testing.T) {
	const E = 3
	for _, reversed := range []bool{false, true} {
		b, set := anyOrder(7, 5)
		tr := &trial{
			inputs: []*input{random("x", 1, b.B, b.T, E)}, vary: set,
			build: func(g *Graph, in []*G.Node) *G.Node {
				_, lengths := b.nodes(g)
				y, _ := g.Sequences(in[0], lengths, reversed)
				return y
			},
			plain: func(t *tape, in [][]num) []num {
				y, i := t.zeros(b.B*b.T*E), 0
				b.plainSequences(reversed, func(s, at int) {
					copy(row(y, i, E), row(in[0], s*b.T+at, E))
					i++
				})
				return y
			},
		}
		tr.check(t)
		set(0)
		p := tr.program(t, alone, none)
		p.run(t)
		var want []int32
		for _, s := range b.falling() {
			want = append(want, b.lengths[s])
		}
		require.Equal(t, want, i32(p.spy.fused.(*sequences).falling))
	}
}

// plainPool is Pool of one sentence, from its states [n][2H].
func plainPool(h [][]num, query []num) []num {
	var logits []num
	mean, top := h[0], slices.Clone(h[0])
	for i, s := range h {
		logits = append(logits, dot(s, query))
		if i > 0 {
			mean = plus(mean, s, 1)
		}
		for j, v := range s {
			if v.val() > top[j].val() {
				top[j] = v
			}
		}
	}
	mean = each(mean, func(v num) num { return v.times(1 / float64(len(h))) })
	return slices.Concat(mean, top, mix(softmax(logits), slices.Concat(h...)))
}

func TestPool(t *testing.T) {
	const H = 3
	b, set := anyOrder(7, 5)
	(&trial{
		inputs: []*input{random("forwards", 1, b.B*b.T, H), random("backwards", 1, b.B*b.T, H), random("query", 1, 2*H)},
		vary:   set, kinks: true,
		build: func(g *Graph, in []*G.Node) *G.Node {
			_, lengths := b.nodes(g)
			return g.Pool(in[0], in[1], in[2], lengths)
		},
		plain: func(t *tape, in [][]num) (y []num) {
			h := b.plainBoth(in[0], in[1], H)
			for s := range b.B {
				if len(h[s]) == 0 {
					y = append(y, t.zeros(6*H)...)
					continue
				}
				y = append(y, plainPool(h[s], in[2])...)
			}
			return y
		},
	}).check(t)
}

// plainBoth puts packed rows of both directions side by side, by sentence and token.
func (b *batch) plainBoth(forwards, backwards []num, H int) (h [][][]num) {
	for s := range b.B {
		h = append(h, make([][]num, b.lengths[s]))
	}
	for k, packed := range [][]num{forwards, backwards} {
		i := 0
		b.plainSequences(k == 1, func(s, t int) {
			h[s][t] = append(h[s][t], row(packed, i, H)...)
			i++
		})
	}
	return h
}

// The three together read sentences from both ends.
func TestReadFromBothEnds(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		const E, H = 3, 4
		b, set := anyOrder(6, 5)
		tr := &trial{inputs: []*input{random("x", 1, b.B, b.T, E), random("query", 1, 2*H)}, vary: set, kinks: true}
		for _, end := range []string{"beginning ", "end "} {
			for _, w := range cell.Core(E, H).Weights() {
				tr.inputs = append(tr.inputs, random(end+w.Name, 0.5, w.Shape...))
			}
		}
		tr.build = func(g *Graph, in []*G.Node) *G.Node {
			_, lengths := b.nodes(g)
			var h [2]*G.Node
			for k := range h {
				x, falling := g.Sequences(in[0], lengths, k == 1)
				h[k] = g.RNN(cell.Core(E, H), x, falling, in[2+3*k:][:3], nil, nil)
			}
			return g.Pool(h[0], h[1], in[1], lengths)
		}
		tr.plain = func(t *tape, in [][]num) (y []num) {
			for s, n := range b.lengths {
				if n == 0 {
					y = append(y, t.zeros(6*H)...)
					continue
				}
				h := make([][]num, n)
				for k := range 2 {
					state := plainStart(t, cell, cell.Core(E, H))
					for i := range int(n) {
						at := i
						if k == 1 {
							at = int(n) - 1 - i
						}
						var out []num
						out, state = plainLayer(cell, row(in[0], s*b.T+at, E), state, in[2+3*k:][:3], nil)
						h[at] = append(h[at], out...)
					}
				}
				y = append(y, plainPool(h, in[1])...)
			}
			return y
		}
		tr.check(t)
	})
}

func TestSequencesRefuse(t *testing.T) {
	g := NewGraph()
	g.Sequences(g.Leaf("x", make([]float32, 24), true, 2, 3, 4), g.Ints("n", make([]int32, 3), 3), false)
	require.ErrorContains(t, g.Err(), "do not fit x")
	g = NewGraph()
	h := g.Leaf("h", make([]float32, 24), true, 6, 4)
	g.Pool(h, h, g.Leaf("query", make([]float32, 4), true, 4), g.Ints("n", make([]int32, 2), 2))
	require.ErrorContains(t, g.Err(), "do not fit 2 sentences")
}
