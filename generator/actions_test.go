package generator

import (
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/gradcheck"
	"textgan/vocab"
)

// Watching changes no sentence, and shows what every token was drawn from.
func TestWatch(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		const n, T, first = 40, 5, 7
		g := sharpened(t, c, .7)
		m := plainOf(g)
		s, err := g.NewSampler(SampleOptions{MaxLen: T})
		require.NoError(t, err)
		want, got, lengths := make([]int32, n*T), make([]int32, n*T), make([]int32, n)
		s.Draw(want, lengths, Key{Seed: 3}, first)

		logits, ids := make([][]float32, n*T), make([]int32, n*T)
		s.Watch(func(row, t int, l []float32, id int32) {
			logits[(row-first)*T+t], ids[(row-first)*T+t] = append([]float32(nil), l...), id
			clear(l)
		})
		s.Draw(got, lengths, Key{Seed: 3}, first)
		require.Equal(t, want, got)
		require.Equal(t, want, ids)
		for i, length := range lengths {
			var state plainState
			read := vocab.Bos
			for k := range T {
				if k >= int(length) {
					require.Nil(t, logits[i*T+k])
					continue
				}
				var l []float64
				state, l = m.next(state, read)
				require.LessOrEqual(t, gradcheck.Distance(logits[i*T+k], l), valueTol)
				read = want[i*T+k]
			}
		}

		// A row whose kept tokens end the sentence is that sentence.
		copy(got, []int32{vocab.Unk, vocab.Eos, 0, 0, 0})
		s.Watch(nil)
		s.Complete(got, lengths[:1], 2, Key{}, 0)
		require.Equal(t, []int32{vocab.Unk, vocab.Eos, 0, 0, 0}, got[:T])
		require.EqualValues(t, 2, lengths[0])
	})
}

// Another token at a place counts as it would in a sentence that has it there.
func TestOtherTokens(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .7)
		const T = 4
		l, err := g.Likelihood(LikelihoodOptions{B: 2, T: T, Train: true, Others: 2})
		require.NoError(t, err)
		defer l.Close()
		plain, err := g.Likelihood(LikelihoodOptions{B: 1, T: T, Train: true})
		require.NoError(t, err)
		defer plain.Close()
		batch := &vocab.Batch{B: 2, T: T, IDs: []int32{3, 5, 4, 2, 4, 2, 0, 0}, Lengths: []int32{4, 2}}
		main := []float32{.5, 0, -1, 0, 0, 2, 9, 9}
		l.Others[0].IDs[2], l.Others[0].Weights[2] = 6, -.7 // of row 0
		l.Others[1].IDs[2], l.Others[1].Weights[2] = 2, .3
		l.Others[1].IDs[4], l.Others[1].Weights[4] = 3, 1.1 // of row 1
		loss, err := l.Weighted(batch, main, 0, 0)
		require.NoError(t, err)

		total, grads := 0.0, make([][]float64, len(g.Params()))
		for _, x := range []struct {
			ids    []int32
			weight []float32
		}{
			{[]int32{3, 5, 4, 2}, main[:4]}, {[]int32{4, 2, 0, 0}, main[4:]},
			{[]int32{3, 5, 6, 0}, []float32{0, 0, -.7, 0}}, {[]int32{3, 5, 2, 0}, []float32{0, 0, .3, 0}}, {[]int32{3, 0, 0, 0}, []float32{1.1, 0, 0, 0}},
		} {
			n := int32(0)
			for n < T && x.ids[n] > 0 {
				n++
			}
			v, err := plain.Weighted(&vocab.Batch{B: 1, T: T, IDs: x.ids, Lengths: []int32{n}}, x.weight, 0, 0)
			require.NoError(t, err)
			total += v
			for i := range grads {
				if grads[i] == nil {
					grads[i] = make([]float64, len(plain.Grad(i)))
				}
				for k, d := range plain.Grad(i) {
					grads[i][k] += float64(d)
				}
			}
		}
		require.InDelta(t, total, loss, 1e-5)
		for i := range grads {
			require.LessOrEqual(t, gradcheck.Distance(l.Grad(i), grads[i]), gradTol, g.Params()[i].Name)
		}
	})
}
