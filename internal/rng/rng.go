// Package rng gives random numbers as a pure function of where they are used.
//
// One seed feeds several named streams. A draw is named by (seed, stream,
// step, row, position) and nothing else, so noise need not be stored for a
// backward pass, the number of threads cannot change a result, a resumed run
// goes on exactly, and two estimators can share their noise.
//
// The generator is Philox4x32-10 of Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011.
package rng

import (
	"hash/fnv"
	"math/rand/v2"
)

// Stream separates the uses of randomness from one another.
type Stream uint32

// The streams of a run.
const (
	Init    Stream = iota + 1 // initial weights
	Data                      // order of the training lines
	Noise                     // Gumbel and Gaussian noise of the relaxed rollouts
	Dropout                   // dropout masks
	Sample                    // ancestral sampling
	Split                     // which lines are held out
	Corpus                    // generated corpora
	Eval                      // samples drawn to be scored, bootstrap
	Critic                    // training of density-ratio critics
	Choice                    // which proposal a critic's sampler takes
)

// Key names one row of draws. Position i of the row is the i-th draw.
type Key struct {
	Seed   uint64
	Stream Stream
	Step   uint32
	Row    uint32
}

// At returns the key of another step and row of the same stream.
func (k Key) At(step, row uint32) Key {
	k.Step, k.Row = step, row
	return k
}

// Weights names the initial values of a tensor. Its row follows from its name
// (64 bits of FNV-1a, Fowler, Noll and Vo), so two tensors of a run share theirs
// only if they share their names, whatever models they belong to.
func Weights(seed uint64, name string) Key {
	h := fnv.New64a()
	h.Write([]byte(name))
	at := h.Sum64()
	return Key{Seed: seed, Stream: Init, Step: uint32(at >> 32), Row: uint32(at)}
}

const (
	mul0, mul1 = 0xD2511F53, 0xCD9E8D57
	key0, key1 = 0x9E3779B9, 0xBB67AE85
)

// RoundKeys are the ten pairs of round keys that a seed expands to.
func RoundKeys(seed uint64) (keys [20]uint32) {
	k0, k1 := uint32(seed), uint32(seed>>32)
	for r := 0; r < 20; r += 2 {
		keys[r], keys[r+1] = k0, k1
		k0, k1 = k0+key0, k1+key1
	}
	return keys
}

// Philox is the bijection itself: ten rounds over a counter of four words.
func Philox(x [4]uint32, keys *[20]uint32) [4]uint32 {
	for r := 0; r < 20; r += 2 {
		p0, p1 := uint64(x[0])*mul0, uint64(x[2])*mul1
		x = [4]uint32{uint32(p1>>32) ^ x[1] ^ keys[r], uint32(p1), uint32(p0>>32) ^ x[3] ^ keys[r+1], uint32(p0)}
	}
	return x
}

// Block returns the four words at counter i of the row.
func (k Key) Block(i uint32) [4]uint32 {
	keys := RoundKeys(k.Seed)
	return Philox([4]uint32{i, uint32(k.Stream), k.Step, k.Row}, &keys)
}

// Float64 returns draw i of the row in (0, 1): the midpoint of one of 2^52
// equal cells, so neither 0 nor 1 can occur.
func (k Key) Float64(i uint32) float64 {
	b := k.Block(i)
	return open(uint64(b[0])<<32 | uint64(b[1]))
}

func open(w uint64) float64 { return (float64(w>>12) + 0.5) / (1 << 52) }

// Source turns a row into a sequential source for math/rand/v2, for the
// places that need a shuffle or an unknown number of draws.
func (k Key) Source() *Source { return &Source{key: k, keys: RoundKeys(k.Seed)} }

// Rand is rand.New over Source.
func (k Key) Rand() *rand.Rand { return rand.New(k.Source()) }

// Source draws 64-bit words one after the other from a row.
type Source struct {
	key  Key
	keys [20]uint32
	i    uint32
	half uint64
	have bool
}

// Uint64 implements rand.Source.
func (s *Source) Uint64() uint64 {
	if s.have {
		s.have = false
		return s.half
	}
	b := Philox([4]uint32{s.i, uint32(s.key.Stream), s.key.Step, s.key.Row}, &s.keys)
	s.i++
	s.half, s.have = uint64(b[2])<<32|uint64(b[3]), true
	return uint64(b[0])<<32 | uint64(b[1])
}

// Float64 returns the next draw in (0, 1), both ends excluded.
func (s *Source) Float64() float64 { return open(s.Uint64()) }
