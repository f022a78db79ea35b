package rng

import "math"

// What shares a stream and a seed with something else has a place of its own in it,
// and all such places are here.

// GeneratorStep and DiscriminatorStep name the noise and the samples of their n-th
// update against each other.
func GeneratorStep(n uint32) uint32     { return 2 * n }
func DiscriminatorStep(n uint32) uint32 { return 2*n + 1 }

// BetweenStep names the noise of a VAE's n-th batch, n < 2^31, between such updates.
func BetweenStep(n uint32) uint32 { return n | 1<<31 }

// CodeRow draws the code of sentence i; row i draws its words.
func CodeRow(i int) uint32 { return ^uint32(i) }

// WordDropoutRow of Dropout is behind the rows of all layers.
const WordDropoutRow = 1 << 16

// Steps that no update and no sentence comes to.
const (
	CriticWeights = math.MaxUint32     // of Critic: a critic's initial weights
	CriticSamples = math.MaxUint32 - 1 // of Critic: the sentences it learns from
	OracleWeights = math.MaxUint32     // of Corpus: the weights of builtin:oracle
)

// Apart is the seed of a part of a run, of up to eight letters, that uses the streams
// of another part.
func Apart(seed uint64, part string) uint64 {
	name := uint64(0)
	for _, b := range []byte(part) {
		name = name<<8 | uint64(b)
	}
	return seed ^ name
}

// Part is every Of-th sentence of a batch, from sentence Piece on: with Of pieces, the
// Piece-th. A sentence draws from the row that it has in the whole batch, whatever part of
// it is run at a time. The zero value is the whole batch.
type Part struct{ Piece, Of int }

// Row is the row in the batch of sentence i of the part.
func (p Part) Row(i int) int { return i*max(p.Of, 1) + p.Piece }

// Index is the inverse of Row, for a row of the part.
func (p Part) Index(row int) int { return row / max(p.Of, 1) }
