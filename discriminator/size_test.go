package discriminator

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The number of weights is known before there are any.
func TestSizeCountsTheWeights(t *testing.T) {
	for _, c := range []Config{
		{Kind: "cnn", Vocab: 20, Emb: 8, Widths: []int{2, 3}, Filters: 5},
		{Kind: "cnn", Vocab: 20, Emb: 8, Widths: []int{1, 3, 5}, Filters: 4, Highway: true, SpectralNorm: true},
		{Kind: "relgan", Vocab: 20, Emb: 8, Widths: []int{2, 3}, Filters: 5, Highway: true, Representations: 4},
		{Kind: "relgan", Vocab: 20, Emb: 8, Widths: []int{2}, Filters: 5, Representations: 1},
		{Kind: "rnn", Vocab: 20, Emb: 8, Cell: "lstm", Units: 5},
		{Kind: "rnn", Vocab: 20, Emb: 8, Cell: "gru", Units: 3, SpectralNorm: true},
		{Kind: ReverseLM, Vocab: 20},
	} {
		d, err := New(c, 1)
		require.NoError(t, err)
		require.EqualValues(t, d.Params().Size(), c.Size().Weights, "%+v", c)
	}
}
