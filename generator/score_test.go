package generator

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
	"textgan/vocab"
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
			require.NoError(t, logProbs(graph, want, rows))
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

// logProbs is what a Scorer says, by a graph of the likelihood.
func logProbs(l *Likelihood, dst []float64, sentences [][]int32) error {
	order := make([]int, len(sentences))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(sentences[b]) - len(sentences[a]) })
	for at := 0; at < len(order); at += l.B {
		part := order[at:min(at+l.B, len(order))]
		b := vocab.Batch{B: len(part), T: len(sentences[part[0]]), Lengths: make([]int32, len(part))}
		b.IDs = make([]int32, b.B*b.T)
		for r, i := range part {
			b.Lengths[r] = int32(copy(b.IDs[r*b.T:], sentences[i]))
		}
		if _, err := l.Mean(&b, 0, 0); err != nil {
			return err
		}
		for r, i := range part {
			dst[i] = 0
			for _, nats := range l.Tokens(r) {
				dst[i] -= float64(nats)
			}
		}
	}
	return nil
}

// A Scorer of any precision and temperature says what the graph says of every token, and
// adds them up in its order.
func TestTallyIsThatOfTheGraph(t *testing.T) {
	defer kernel.SetThreads(0)
	for _, c := range []Config{
		{Cell: "lstm", Vocab: 200, Emb: 20, Hidden: 33, Layers: 2},
		{Cell: "gru", Vocab: 48, Emb: 8, Hidden: 8, Layers: 1, Tie: true},
		{Cell: "transformer", Vocab: 37, Emb: 8, Hidden: 8, Heads: 2, Layers: 2, Context: 9},
	} {
		for _, bf16 := range []bool{false, true} {
			g := sharpened(t, c, 3)
			sentences := ragged(150, 9, c.Vocab)
			l, err := g.Likelihood(LikelihoodOptions{B: 16, T: 10, BF16: bf16})
			require.NoError(t, err)
			defer l.Close()
			var want Tally
			for b := range vocab.InOrder(sentences, 16) {
				_, err := l.Mean(b, 0, 0)
				require.NoError(t, err)
				for r, i := range b.Index {
					for k, v := range l.Tokens(r) {
						want.Nats += float64(v)
						if withEnd(sentences[i])[k] == vocab.Unk {
							want.UnkNats += float64(v)
							want.Unk++
						}
						want.Tokens++
					}
				}
			}
			for threads := 1; threads <= 2; threads++ {
				kernel.SetThreads(threads)
				s, err := g.Scorer(ScoreOptions{BF16: bf16})
				require.NoError(t, err)
				got, err := NLL(s, sentences, 16)
				require.NoError(t, err)
				require.Equal(t, want, got, "%+v bf16 %v", c, bf16)
				parts, err := NLL(s, sentences, 1) // not all at once
				require.NoError(t, err)
				require.InEpsilon(t, want.Nats, parts.Nats, 1e-12)
				require.Equal(t, [2]int{want.Tokens, want.Unk}, [2]int{parts.Tokens, parts.Unk})
			}
		}
	}
}
