package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/rng"
)

// RunKey is what a graph's key input says: which seed and step to draw for.
type RunKey struct {
	Seed uint64
	Step uint32
	rows []uint32 // that the rows of the graph have in the whole batch; empty: the same
}

// keyWords are those of a key without rows.
const keyWords = 3

// NewKey returns the memory of a Key input. A graph that runs parts of batches has a key
// with rows: the place in the whole batch of everything that is drawn for, of sentences or
// of packed tokens.
func NewKey(rows int) []uint32 { return make([]uint32, keyWords+rows) }

// KeyRows are the rows of a key input.
func KeyRows(key []uint32) []uint32 { return key[keyWords:] }

// Put writes the key into the slice behind a Key input.
func (k RunKey) Put(dst []uint32) {
	dst[0], dst[1], dst[2] = uint32(k.Seed), uint32(k.Seed>>32), k.Step
}

// KeyOf reads a key input.
func KeyOf(v G.Value) RunKey {
	d := v.(*tensor.Dense).Uint32s()
	k := RunKey{Seed: uint64(d[1])<<32 | uint64(d[0]), Step: d[2]}
	if len(d) > keyWords {
		k.rows = KeyRows(d)
	}
	return k
}

// row is the place of row i in the whole batch.
func (k RunKey) row(i int) int {
	if len(k.rows) == 0 {
		return i
	}
	return int(k.rows[i])
}

func (k RunKey) stream(s rng.Stream, row uint32) rng.Key {
	return rng.Key{Seed: k.Seed, Stream: s, Step: k.Step, Row: row}
}
