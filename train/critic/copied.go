package critic

import (
	"slices"

	"textgan/eval"
	"textgan/internal/kernel"
	"textgan/vocab"
)

// copied is the longest run of a sentence's tokens that one training line holds, as a share of the
// sentence. <unk> is copied from nowhere, and the end of a line is no token.
type copied struct{ index *eval.CopyIndex }

func newCopied(lines [][]int32) *copied {
	known := make([][]int32, len(lines))
	for i, x := range lines {
		known[i] = withoutUnknown(x)
	}
	return &copied{eval.NewCopyIndex(known)}
}

// withoutUnknown makes <unk> what no other token equals.
func withoutUnknown(x []int32) []int32 {
	if !slices.Contains(x, vocab.Unk) {
		return x
	}
	x = slices.Clone(x)
	for i, id := range x {
		if id == vocab.Unk {
			x[i] = eval.Unknown
		}
	}
	return x
}

// Width is 1.
func (*copied) Width() int { return 1 }

// Fill implements ratio.Features.
func (c *copied) Fill(dst [][]float32, sentences [][]int32) error {
	kernel.Parallel(len(sentences), 64, func(lo, hi int) {
		for i, x := range sentences[lo:hi] {
			line := withoutUnknown(vocab.WithoutEnd(x))
			dst[lo+i][0] = float32(c.index.Longest(line).Share(line))
		}
	})
	return nil
}

// bytesOfCopied bounds what the index of so many tokens takes while it is made: text, suffixes,
// ranks and the work of the largest group, twice for what is garbage.
func bytesOfCopied(tokens int) float64 { return 32 * float64(tokens) }
