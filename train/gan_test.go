package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/vocab"
)

// tinyModels are networks of some hundred weights, large enough for all of
// them to matter.
func tinyModels(t testing.TB, cell string, V int, dropout float64) (*generator.Generator, discriminator.Discriminator) {
	gen, err := generator.New(generator.Config{Cell: cell, Vocab: V, Emb: 3, Hidden: 4, Layers: 2}, 1)
	require.NoError(t, err)
	dis, err := discriminator.New(discriminator.Config{Vocab: V, Emb: 3, Widths: []int{1, 2, 3}, Filters: 3, Highway: true, Dropout: dropout}, 1)
	require.NoError(t, err)
	for i, p := range append(slices.Clone(gen.Params()), dis.Params()...) {
		r := rng.Key{Seed: 1, Row: uint32(i)}.Rand()
		for j, never := range p.Data {
			if never > -1e8 {
				p.Data[j] = float32(.6 * r.NormFloat64())
			}
		}
	}
	return gen, dis
}

// tinyBatch has sentences of several lengths.
func tinyBatch() *vocab.Batch {
	for b := range vocab.InOrder([][]int32{{4, 8, 3, 5}, {7, 7}, {6}, nil, {5, 4, 8}, {8}}, 6) {
		return b
	}
	return nil
}

func estimatorOf(t testing.TB, spec string) Estimator {
	e, err := ParseEstimator(spec)
	require.NoError(t, err)
	return e
}

func relaxationOf(t testing.TB, spec string) relax.Relaxed[float32] {
	r, err := relax.Parse[float32](spec)
	require.NoError(t, err)
	return r
}

// differences holds the gradients of a step against central differences of its
// own loss, noise and masks being the same at every run.
func differences(t *testing.T, p *op.Program, params nn.Params, run func() (float64, error)) {
	t.Helper()
	differencesBy(t, 4e-3, p, params, run)
}

// differencesBy moves weights by a step, which has to be short where maxima change
// places.
func differencesBy(t *testing.T, step float32, p *op.Program, params nn.Params, run func() (float64, error)) {
	t.Helper()
	// The rounding of a float32 loss of order 1 over the step, and the square of
	// the step, are some 1e-5 beside gradients of 1e-2 and more.
	const tol = 3e-3
	_, err := run()
	require.NoError(t, err)
	var got []float32
	var want []float64
	for i := range params {
		got = append(got, p.Grad(i)...)
	}
	for i, w := range params {
		for j, x := range w.Data {
			if x < -1e8 { // Pad and Bos are out of reach
				want = append(want, 0)
				continue
			}
			d, err := gradcheck.Central(run, w.Data[j:j+1], step)
			require.NoError(t, err)
			want = append(want, d...)
		}
		if w.Name != "d.score.b" { // a relative objective does not see it
			require.NotZero(t, kernel.SumSquares(p.Grad(i)), w.Name)
		}
	}
	require.LessOrEqual(t, gradcheck.Distance(got, want), tol)
}

// The whole way: weights of the generator, rollout, relaxed words fed back,
// discriminator, objective.
func TestGradientOfG(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	for i, objective := range Objectives() {
		t.Run(string(objective), func(t *testing.T) {
			gen, dis := tinyModels(t, []string{"lstm", "gru"}[i%2], 9, 0)
			s, err := newRelaxedStep(gen, dis, game{B: 6, T: 5, objective: objective, estimator: estimatorOf(t, "gumbel-softmax"), feedback: feedback.Soft})
			require.NoError(t, err)
			defer s.Close()
			batch := tinyBatch()
			run := func() (float64, error) { return s.Run(batch, 1, 3, .7) }
			differences(t, s.Program, gen.Params(), run)
			// Sentences of several lengths were in it.
			ids := make([]int32, 6*5)
			s.rollout.IDs(ids, vocab.Pad)
			require.Contains(t, ids, vocab.Pad)
		})
	}
}

func TestGradientOfD(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	for _, estimator := range []string{"gumbel-softmax", "st-gumbel"} {
		for _, objective := range Objectives() {
			t.Run(estimator+", "+string(objective), func(t *testing.T) {
				gen, dis := tinyModels(t, "lstm", 9, .2)
				a := game{B: 6, T: 5, objective: objective, estimator: estimatorOf(t, estimator), feedback: feedback.Soft}
				if objective != Hinge {
					a.smooth = .1
				}
				s, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				defer s.Close()
				batch := tinyBatch()
				differences(t, s.Program, dis.Params(), func() (float64, error) { return s.run(batch, 1, 3, .7) })
			})
		}
	}
}

// Both networks win when the other stands still: the discriminator comes to
// score real sentences above generated ones, and then the generator's loss
// falls.
func TestBothNetworksLearn(t *testing.T) {
	const B, T, steps = 32, 5, 60
	var real *vocab.Batch
	for real = range vocab.InOrder(slices.Repeat([][]int32{{4, 5, 6}}, B), B) {
	}
	for _, estimator := range []string{"gumbel-softmax", "st-gumbel", "rloo"} {
		for _, objective := range Objectives() {
			a := game{B: B, T: T, objective: objective, feedback: feedback.Soft}
			a.estimator = estimatorOf(t, estimator)
			if !a.estimator.Relaxed() && objective == RAGAN {
				continue
			}
			t.Run(estimator+", "+string(objective), func(t *testing.T) {
				gen, dis := tinyModels(t, "gru", 9, 0)
				d, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				g, err := newGeneratorStep(gen, dis, a)
				require.NoError(t, err)
				adam := AdamConfig{LR: .02, Beta1: .9, Beta2: .999, Eps: 1e-8}
				optD, optG := NewAdam(adam, dis.Params()), NewAdam(adam, gen.Params())
				for step := range uint32(steps) {
					_, err := d.run(real, 1, step, .7)
					require.NoError(t, err)
					_, err = optD.Update(d.Grad)
					require.NoError(t, err)
				}
				c, err := newScorer(dis, B, T)
				require.NoError(t, err)
				require.NoError(t, c.text.load(real))
				scores, err := c.scores()
				require.NoError(t, err)
				ofReal := kernel.Sum(scores) / B
				s, err := gen.NewSampler(generator.SampleOptions{MaxLen: T})
				require.NoError(t, err)
				s.Draw(c.text.ids, c.text.lengths, generator.Key{Seed: 99}, 0)
				scores, err = c.scores()
				require.NoError(t, err)
				require.Greater(t, ofReal, kernel.Sum(scores)/B+.5)

				var first, last float64
				for step := range uint32(steps) {
					loss, err := g.Run(real, 1, step, .7)
					require.NoError(t, err)
					_, err = optG.Update(g.Grad)
					require.NoError(t, err)
					switch {
					case step < 5:
						first += loss / 5
					case step >= steps-5:
						last += loss / 5
					}
				}
				require.Less(t, last, first-.2)
			})
		}
	}
}

// Each step of the discriminator draws masks of its own. The generator writes
// nothing but the end of sentence here, so that nothing else changes.
func TestDropoutOfD(t *testing.T) {
	for _, dropout := range []float64{0, .5} {
		gen, dis := tinyModels(t, "lstm", 9, dropout)
		gen.Params()[len(gen.Params())-1].Data[vocab.Eos] = 99
		s, err := newStepD(gen, dis, game{B: 6, T: 5, objective: RSGAN, estimator: estimatorOf(t, "st-gumbel")})
		require.NoError(t, err)
		defer s.Close()
		losses := map[float64]bool{}
		for step := range uint32(3) {
			loss, err := s.run(tinyBatch(), 1, step, 1)
			require.NoError(t, err)
			losses[loss] = true
		}
		require.Len(t, losses, map[float64]int{0: 1, .5: 3}[dropout])
	}
}

// A rollout shows the discriminator what it would see of the drawn ids: with a
// hard estimator to the bit, and a soft one comes near as tau falls.
func TestRolloutScoresAsItsIDs(t *testing.T) {
	const B, T = 12, 6
	gen, dis := tinyModels(t, "lstm", 9, 0)
	for _, info := range relaxations() {
		for _, feedback := range feedback.All {
			t.Run(fmt.Sprint(info.Spec(), feedback), func(t *testing.T) {
				relaxation := relaxationOf(t, info.Spec())
				g := op.NewGraph()
				noise, text := newRolloutInput(g, game{}), newTextInput(g, "text", B, T)
				net, _ := gen.Bind(g, false)
				d := dis.Bind(g, nil, false)
				out := g.Rollout(net, d.Table(), noise.tauN, noise.keyN, game{B: B, T: T, estimator: estimatorOf(t, info.Spec()), feedback: feedback}.rollout())
				fake, real := d.Score(out.Tokens, out.Lengths), d.Score(d.Embed(text.idsN, text.lenN), text.lenN)
				ofRollout, ofIDs := g.Reader(fake), g.Reader(real)
				p, err := g.Compile(g.Must(G.Sum(g.Must(G.Add(fake, real)))))
				require.NoError(t, err)
				defer p.Close()

				tau := .7
				if !relaxation.Hard() {
					tau = 1e-6
				}
				noise.set(5, 6, tau, rng.Part{})
				_, err = p.Run()
				require.NoError(t, err)
				out.IDs(text.ids, vocab.Pad)
				ends, err := out.Lengths.Op().Do() // hands out what the rollout has filled
				require.NoError(t, err)
				copy(text.lengths, ends.Data().([]int32))
				rollout := slices.Clone(ofRollout())
				_, err = p.Run()
				require.NoError(t, err)
				if relaxation.Hard() {
					require.Equal(t, rollout, ofIDs())
				} else {
					require.LessOrEqual(t, gradcheck.Distance(rollout, ofIDs()), 1e-5)
				}
				for b, n := range text.lengths {
					row := text.ids[b*T:][:T]
					require.NotContains(t, row[:n], vocab.Pad)
					require.NotContains(t, row[:n], vocab.Bos)
					require.NotContains(t, row[:n-1], vocab.Eos)
					require.True(t, n == T || row[n-1] == vocab.Eos)
				}
			})
		}
	}
}

// The scores that the record speaks of are those that the loss was made of, and
// accuracy is the share of pairs in the right order.
func TestTelling(t *testing.T) {
	for _, estimator := range []string{"gumbel-softmax", "st-gumbel"} {
		gen, dis := tinyModels(t, "lstm", 9, .2)
		s, err := newStepD(gen, dis, game{B: 6, T: 5, objective: RSGAN, estimator: estimatorOf(t, estimator), feedback: feedback.Soft})
		require.NoError(t, err)
		defer s.Close()
		loss, err := s.run(tinyBatch(), 1, 3, .7)
		require.NoError(t, err)
		r, f := s.scores[0](), s.scores[1]()
		require.Len(t, r, 6)
		require.Len(t, f, 6)
		want, right, sum := 0.0, 0.0, [2]float64{}
		for i := range r {
			want += math.Log1p(math.Exp(float64(f[i]-r[i]))) / 6 // rsgan
			sum[0] += float64(r[i]) / 6
			sum[1] += float64(f[i]) / 6
			for j := range f {
				if r[i] > f[j] {
					right += 1. / 36
				}
			}
		}
		require.InDelta(t, want, loss, 1e-5)
		real, generated := s.means(0), s.means(1)
		require.InDelta(t, right, aboveShare(real, generated), 1e-9)
		require.InDelta(t, sum[0], mean(real), 1e-9)
		require.InDelta(t, sum[1], mean(generated), 1e-9)
	}
	require.Equal(t, .6875, aboveShare([]float32{1, 2}, []float32{1, 0, 2, 1}))
	require.Equal(t, .5, aboveShare([]float32{1, 1}, []float32{1}))
	require.Equal(t, 1., aboveShare([]float32{5}, []float32{1, 2, 3}))
}
