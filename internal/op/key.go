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
}

// Put writes the key into the slice behind a Key input.
func (k RunKey) Put(dst []uint32) {
	dst[0], dst[1], dst[2] = uint32(k.Seed), uint32(k.Seed>>32), k.Step
}

// KeyOf reads a key input.
func KeyOf(v G.Value) RunKey {
	d := v.(*tensor.Dense).Uint32s()
	return RunKey{uint64(d[1])<<32 | uint64(d[0]), d[2]}
}

func (k RunKey) stream(s rng.Stream, row uint32) rng.Key {
	return rng.Key{Seed: k.Seed, Stream: s, Step: k.Step, Row: row}
}
