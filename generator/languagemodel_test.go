package generator

import (
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/vocab"
)

// byInverseCDF draws as a Sampler does, token t of sentence i by draw t of row i.
type byInverseCDF struct {
	T   int
	key Key
}

func (byInverseCDF) Hard() bool { return true }
func (c byInverseCDF) Forward(row []float32, tau float32, key rng.Key) int {
	i, t := key.Row/uint32(c.T), key.Row%uint32(c.T)
	return kernel.SampleRow(make([]float32, kernel.SampleScratch(len(row))), row, 1/tau, c.key.At(c.key.Step, i).Float64(t))
}
func (byInverseCDF) Backward([]float32, []float32, []float32, int, float32, rng.Key) {}

// The rollout of a decoder writes what its sampler writes: the same codes, read
// in the same places, to the bit.
func TestRolloutWritesAsSampler(t *testing.T) {
	defer kernel.SetThreads(0)
	vaes(t, func(t *testing.T, v *VAE) {
		const B, T = 70, 7
		lm, key := v.LanguageModel(), Key{Seed: 8, Stream: rng.Sample, Step: 3}
		s, err := lm.NewSampler(SampleOptions{MaxLen: T})
		require.NoError(t, err)
		ids, lengths := make([]int32, B*T), make([]int32, B)
		s.Draw(ids, lengths, key, 0)
		require.Contains(t, lengths, int32(1))
		require.Contains(t, lengths, int32(T))

		g := op.NewGraph()
		net, _, codes := lm.BindBatch(g, B, false)
		reader := g.Leaf("reader", make([]float32, 9), false, 9, 1)
		out := g.Rollout(net, reader, g.Leaf("tau", []float32{1}, false, 1), g.Key("key", make([]uint32, 3)),
			op.RolloutConfig{B: B, T: T, Relaxation: byInverseCDF{T, key}, Bos: vocab.Bos, Eos: vocab.Eos})
		require.NoError(t, g.Err())
		p, err := g.Compile(g.Must(G.Sum(out.Tokens)))
		require.NoError(t, err)
		defer p.Close()
		codes.Draw(key)
		got := make([]int32, B*T)
		for threads := 1; threads <= 3; threads++ {
			kernel.SetThreads(threads)
			_, err = p.Run()
			require.NoError(t, err)
			out.IDs(got, vocab.Pad)
			require.Equal(t, ids, got)
			ends, err := out.Lengths.Op().Do() // hands out what the rollout has filled
			require.NoError(t, err)
			require.Equal(t, lengths, ends.Data())
		}

		// A writer that is told the codes goes on from the middle of a sentence.
		w, err := lm.NewCodeSampler(codes, SampleOptions{MaxLen: T})
		require.NoError(t, err)
		again, n := make([]int32, B*T), make([]int32, B)
		for i := range B {
			copy(again[i*T:][:2], ids[i*T:])
			if lengths[i] < 2 {
				copy(again[i*T:], []int32{4, 4}) // not compared below
			}
		}
		for i := range again {
			if again[i] == vocab.Eos {
				again[i] = 4
			}
		}
		w.Complete(again, n, 2, key, 0)
		for i := range B {
			if lengths[i] > 2 {
				require.Equal(t, ids[i*T:][:T], again[i*T:][:T])
			}
		}

		// Other codes, other sentences: they are read.
		codes.Draw(key.At(4, 0))
		_, err = p.Run()
		require.NoError(t, err)
		out.IDs(got, vocab.Pad)
		require.NotEqual(t, ids, got)
	})
}

// The likelihood of a lm is that of its sampler's plain model given the code.
func TestLanguageModelLikelihood(t *testing.T) {
	vaes(t, func(t *testing.T, v *VAE) {
		const B, T = 7, 6
		l, err := v.LanguageModel().Likelihood(LikelihoodOptions{B: B, T: T})
		require.NoError(t, err)
		defer l.Close()
		l.Codes.Draw(Key{Seed: 3})
		var batch *vocab.Batch
		sentences := ragged(B, T-1, 9)
		for batch = range vocab.InOrder(sentences, B) {
		}
		_, err = l.Mean(batch, 0, 0)
		require.NoError(t, err)
		for row, i := range batch.Index {
			m, s := plainGiven(v, doubles(l.Codes.Z[row*v.Width():][:v.Width()]))
			nats := 0.0
			for _, x := range l.Tokens(row) {
				nats += float64(x)
			}
			require.InEpsilon(t, m.nllFrom(s, withEnd(sentences[i])), nats, 2*valueTol)
		}
	})
	var none *Codes // those of a language model
	none.Draw(Key{})
	none.Copy(0, nil, 0)
}
