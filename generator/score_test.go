package generator

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// A scorer and a sampler that scores what it draws say, bit for bit, what the graph of the
// likelihood says: whatever the network, the options and the other sentences.
func TestScorersAgreeWithTheLikelihood(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) { scorersAgree(t, c) })
	t.Run("relational", func(t *testing.T) {
		scorersAgree(t, Config{Cell: "relational", Vocab: 9, Emb: 4, Hidden: 4, Layers: 2, Slots: 2, Heads: 2})
	})
	t.Run("transformer", func(t *testing.T) {
		scorersAgree(t, Config{Cell: "transformer", Vocab: 9, Emb: 8, Hidden: 8, Layers: 2, Heads: 2, Context: 5})
	})
	t.Run("wide", func(t *testing.T) {
		scorersAgree(t, Config{Cell: "lstm", Vocab: 200, Emb: 20, Hidden: 33, Layers: 1})
	})
}

func scorersAgree(t *testing.T, c Config) {
	defer kernel.SetThreads(0)
	const n, T = 333, 7
	g := sharpened(t, c, 3)
	graph, err := g.Likelihood(LikelihoodOptions{B: 64, T: T})
	require.NoError(t, err)
	defer graph.Close()
	scorer := g.NewScorer()
	for _, o := range []SampleOptions{
		{}, {NoUnk: true, Temperature: 0.7}, {TopK: 3, NoUnk: true}, {TopP: 0.8, Temperature: 1.5}, {MaxLen: 2},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			if o.MaxLen == 0 {
				o.MaxLen = T
			}
			s, err := g.NewSampler(o)
			require.NoError(t, err)
			key := rng.Key{Seed: 5, Stream: rng.Sample}
			rows := s.Rows(n, key, 3)
			want, got := make([]float64, n), make([]float64, n)
			require.NoError(t, graph.LogProbs(want, rows))
			for threads := 1; threads <= 2; threads++ {
				kernel.SetThreads(threads)
				require.NoError(t, scorer.LogProbs(got, rows))
				require.Equal(t, want, got)
				ids, lengths := make([]int32, n*o.MaxLen), make([]int32, n)
				s.DrawScored(ids, lengths, got, key, 3)
				for i, l := range lengths {
					require.Equal(t, rows[i], ids[i*o.MaxLen:][:l])
				}
				require.Equal(t, want, got)
			}
		})
	}
}

func TestScorerOfOddSentences(t *testing.T) {
	s := sharpened(t, Config{Cell: "gru", Vocab: 9, Emb: 3, Hidden: 5, Layers: 1}, 1).NewScorer()
	dst := []float64{9, 9, 9}
	require.NoError(t, s.LogProbs(dst[:0], nil))
	require.NoError(t, s.LogProbs(dst, [][]int32{{}, {5, 2}, {5}}))
	require.Zero(t, dst[0])
	require.Less(t, dst[1], dst[2])
	require.ErrorContains(t, s.LogProbs(dst[:1], [][]int32{{9}}), "id 9 outside 0..8")
}
