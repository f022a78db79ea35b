package op

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
)

// A batch is what the loader writes: ids [B,T] with their lengths [B].
type batch struct {
	B, T, V      int
	ids, lengths []int32
}

func newBatch(B, T, V int) *batch {
	b := &batch{B, T, V, make([]int32, B*T), make([]int32, B)}
	b.set(0)
	return b
}

// set writes one of two batches, with lengths that fall from T to 1 (or from
// T-1 to 0).
func (b *batch) set(which int) {
	for i := range b.ids {
		b.ids[i] = int32((i*i + 3*i + 5*which) % b.V)
	}
	for i := range b.lengths {
		b.lengths[i] = int32(b.T - which - i*(b.T-1)/max(1, b.B-1))
	}
}

func (b *batch) nodes(g *Graph) (ids, lengths *G.Node) {
	return g.Ints("ids", b.ids, b.B, b.T), g.Ints("lengths", b.lengths, b.B)
}

// packed calls f for every real token, in the packed order.
func (b *batch) packed(f func(s, t int)) {
	for t := range b.T {
		for s, n := range b.lengths {
			if t < int(n) {
				f(s, t)
			}
		}
	}
}

const bos = 1

func lookupTrial(pack bool, b *batch, E int) *trial {
	return &trial{
		inputs: []*input{random("table", 1, b.V, E)},
		vary:   b.set,
		build: func(g *Graph, in []*G.Node) *G.Node {
			ids, lengths := b.nodes(g)
			if pack {
				return g.PackedLookup(in[0], ids, lengths, bos)
			}
			return g.Lookup(in[0], ids, lengths)
		},
		plain: func(t *tape, in [][]num) []num {
			out, i := t.zeros(b.B*b.T*E), 0
			b.packed(func(s, t int) {
				to, id := s*b.T+t, b.ids[s*b.T+t]
				if pack {
					to, id = i, bos
					if t > 0 {
						id = b.ids[s*b.T+t-1]
					}
				}
				copy(row(out, to, E), row(in[0], int(id), E))
				i++
			})
			return out
		},
	}
}

func TestLookup(t *testing.T) {
	lookupTrial(false, newBatch(4, 5, 7), 3).check(t)
	lookupTrial(false, newBatch(9, 6, 150), 3).checkThreads(t)
}

func TestPackedLookup(t *testing.T) {
	lookupTrial(true, newBatch(4, 5, 7), 3).check(t)
	lookupTrial(true, newBatch(9, 6, 150), 3).checkThreads(t)
}

// A mistake is an error of Run that says what is wrong. The program goes on to
// work once it is mended.
type mistake struct {
	make func(b *batch)
	want string
}

var (
	idTooLarge     = mistake{func(b *batch) { b.ids[0] = 7 }, "id 7 outside 0..6"}
	idNegative     = mistake{func(b *batch) { b.ids[0] = -1 }, "id -1 outside 0..6"}
	lengthsRise    = mistake{func(b *batch) { b.lengths[1] = 0 }, "lengths must fall"}
	lengthTooBig   = mistake{func(b *batch) { b.lengths[0] = 6 }, "0..5"}
	lengthBelow0   = mistake{func(b *batch) { b.lengths[3] = -1 }, "0..5"}
	packedMistakes = []mistake{idTooLarge, idNegative, lengthsRise, lengthTooBig, lengthBelow0}
	mistakes       = []mistake{idTooLarge, idNegative, lengthTooBig, lengthBelow0}
)

// refuses runs a trial over newBatch(4, 5, 7) with mistakes in the batch.
func (tr *trial) refuses(t *testing.T, b *batch, all []mistake) {
	t.Helper()
	w := tr.program(t, alone, none)
	good := w.run(t)
	for _, m := range all {
		m.make(b)
		_, err := w.Run()
		require.ErrorContains(t, err, m.want)
		b.set(0)
		good.same(t, w.run(t), "after a mistake")
	}
}

func TestLookupRefuses(t *testing.T) {
	b := newBatch(4, 5, 7)
	lookupTrial(false, b, 3).refuses(t, b, mistakes)
	lookupTrial(true, b, 3).refuses(t, b, packedMistakes)
}
