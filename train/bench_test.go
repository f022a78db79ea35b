package train

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/vocab"
)

type gs struct{ hard bool }

func (e gs) Hard() bool { return e.hard }
func (e gs) Forward(row []float32, tau float32, key rng.Key) int {
	return kernel.GumbelSoftmax(row, row, 1/tau, key)
}
func (e gs) Backward(d, y, dy []float32, id int, tau float32, key rng.Key) {
	kernel.SoftmaxBackward(d, y, dy, 1/tau)
}

func benchModels(tb testing.TB, V, E int) (*generator.Generator, *discriminator.Discriminator) {
	gen, err := generator.New(generator.Config{Cell: "lstm", Vocab: V, Emb: E, Hidden: E, Layers: 1}, 1)
	require.NoError(tb, err)
	dis, err := discriminator.New(discriminator.Config{Vocab: V, Emb: 64, Widths: []int{2, 3, 4, 5}, Filters: 100, Highway: true}, 1)
	require.NoError(tb, err)
	gen.Params()[len(gen.Params())-1].Data[vocab.Eos] = -1e9 // no sentence ends early
	return gen, dis
}

func fullBatch(B, T, V int) *vocab.Batch {
	b := &vocab.Batch{B: B, T: T}
	r := rand.New(rand.NewPCG(1, 2))
	for range B {
		for range T {
			b.IDs = append(b.IDs, 4+int32(r.IntN(V-4)))
		}
		b.Lengths = append(b.Lengths, int32(T))
	}
	return b
}

func BenchmarkSteps(b *testing.B) {
	const V, B, T = 4700, 64, 37
	for _, E := range []int{32, 128} {
		name := map[int]string{32: "E32", 128: "E128"}[E]
		gen, dis := benchModels(b, V, E)
		batch := fullBatch(B, T, V)
		ga := NewAdam(AdamConfig{LR: 1e-4, Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 5}, gen.Params())
		da := NewAdam(AdamConfig{LR: 1e-4, Beta1: .9, Beta2: .999, Eps: 1e-8, Clip: 5}, dis.Params())
		b.Run("mle/"+name, func(b *testing.B) {
			l, err := gen.Likelihood(generator.LikelihoodOptions{B: B, T: T, Train: true})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				_, err := l.Mean(batch, 1, 1)
				require.NoError(b, err)
				ga.Update(l.Grad)
			}
		})
		for _, hard := range []bool{false, true} {
			h := map[bool]string{false: "soft", true: "st"}[hard]
			a := game{B: B, T: T, objective: RSGAN, relaxation: gs{hard}, feedback: op.FeedSoft}
			if hard {
				a.feedback = op.FeedStraightThrough
			}
			b.Run("g_"+h+"/"+name, func(b *testing.B) {
				s, err := newStepG(gen, dis, a)
				require.NoError(b, err)
				b.ReportAllocs()
				for b.Loop() {
					_, err := s.run(batch, 1, 1, .7)
					require.NoError(b, err)
					ga.Update(s.Grad)
				}
			})
			b.Run("d_"+h+"/"+name, func(b *testing.B) {
				s, err := newStepD(gen, dis, a)
				require.NoError(b, err)
				b.ReportAllocs()
				for b.Loop() {
					_, err := s.run(batch, 1, 1, .7)
					require.NoError(b, err)
					da.Update(s.Grad)
				}
			})
		}
		b.Run("sample/"+name, func(b *testing.B) {
			s, err := gen.NewSampler(generator.SampleOptions{MaxLen: T})
			require.NoError(b, err)
			ids, lengths := make([]int32, B*T), make([]int32, B)
			b.ReportAllocs()
			for b.Loop() {
				s.Draw(ids, lengths, rng.Key{Seed: 1, Stream: rng.Sample}, 0)
			}
		})
	}
}
