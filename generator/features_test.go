package generator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/vocab"
)

func TestFeaturesAgainstPlain(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .7)
		m := plainOf(g)
		sentences := ragged(11, 6, c.Vocab)
		got, err := g.Features(sentences)
		require.NoError(t, err)
		require.Len(t, got, len(sentences)*c.Hidden)
		for i, s := range sentences {
			want := make([]float64, c.Hidden)
			var state plainState
			for _, id := range append([]int32{vocab.Bos}, s...) {
				state, _ = m.next(state, id)
				for j, v := range state.h[c.Layers-1] {
					want[j] += v / float64(len(s)+1)
				}
			}
			require.InDeltaSlice(t, want, got[i*c.Hidden:][:c.Hidden], valueTol)
		}
		_, err = g.Features([][]int32{{int32(c.Vocab)}})
		require.ErrorContains(t, err, "outside 0..")
	})
}

// The state of a relational memory is as long as all its slots.
func TestFeaturesOfSlots(t *testing.T) {
	c := Config{Cell: "relational", Vocab: 9, Emb: 4, Hidden: 4, Layers: 1, Slots: 3, Heads: 2}
	g := sharpened(t, c, .7)
	sentences := ragged(5, 6, c.Vocab)
	of := func(sentences [][]int32) []float64 {
		got, err := g.Features(sentences)
		require.NoError(t, err)
		return got
	}
	together := of(sentences)
	require.Len(t, together, len(sentences)*c.Slots*c.Hidden)
	for i, s := range sentences {
		require.InDeltaSlice(t, of([][]int32{s}), together[i*c.Slots*c.Hidden:][:c.Slots*c.Hidden], valueTol)
	}
}
