package generator

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The number of weights is known before there are any.
func TestSizeCountsTheWeights(t *testing.T) {
	for _, c := range []Config{
		{Cell: "lstm", Vocab: 30, Emb: 5, Hidden: 7, Layers: 1},
		{Cell: "gru", Vocab: 30, Emb: 5, Hidden: 7, Layers: 3},
		{Cell: "lstm", Vocab: 30, Emb: 7, Hidden: 7, Layers: 2, Tie: true},
		{Cell: "transformer", Vocab: 30, Emb: 5, Hidden: 8, Layers: 3, Heads: 2, Context: 6},
		{Cell: "relational", Vocab: 30, Emb: 5, Hidden: 6, Layers: 2, Slots: 3, Heads: 2},
		{Cell: "relational", Vocab: 30, Emb: 18, Hidden: 6, Layers: 1, Slots: 3, Heads: 2, Tie: true},
	} {
		g, err := New(c, 1)
		require.NoError(t, err)
		require.EqualValues(t, g.Params().Size(), c.Size().Weights, "%+v", c)
		for _, v := range []VAEConfig{
			{Hidden: 4, Latent: "gaussian", Dim: 3, Bidirectional: true},
			{Hidden: 4, Latent: "laplace", Dim: 3},
			{Hidden: 4, Latent: "categorical", Dim: 3, Categories: 4, LearnedPrior: true},
			{Hidden: 4, Latent: "categorical", Dim: 3, Categories: 4, Bidirectional: true},
		} {
			v.Decoder = c
			made, err := NewVAE(v, 1)
			require.NoError(t, err)
			require.EqualValues(t, made.Params().Size(), v.Size().Weights, "%+v", v)
		}
	}
}
