package train

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/vocab"
)

// tinyDecoder is a VAE of some hundred weights that matter, with one choice
// among two as its code if it is categorical.
func tinyDecoder(t testing.TB, latent, cell string, layers, V int, ofCode float64) *generator.VAE {
	v, err := generator.NewVAE(generator.VAEConfig{Latent: latent, Dim: map[string]int{"gaussian": 3, "categorical": 1}[latent], Categories: 2,
		Hidden: 2, Decoder: generator.Config{Cell: cell, Vocab: V, Emb: 3, Hidden: 4, Layers: layers}}, 1)
	require.NoError(t, err)
	for i, p := range v.LanguageModel().Params() {
		r, scale := rng.Key{Seed: 1, Row: uint32(i)}.Rand(), .6
		if strings.HasPrefix(p.Name, "z.") {
			scale = ofCode
		}
		for j, never := range p.Data {
			if never > -1e8 {
				p.Data[j] = float32(scale * r.NormFloat64())
			}
		}
	}
	return v
}

// The whole way, down to the weights that read a code.
func TestGradientOfDecoder(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	for i, latent := range []string{"gaussian", "categorical"} {
		t.Run(latent, func(t *testing.T) {
			_, dis := tinyModels(t, "lstm", 9, 0)
			lm := tinyDecoder(t, latent, []string{"gru", "lstm"}[i], 2, 9, .6).LanguageModel()
			s, err := newRelaxedStep(lm, dis, game{B: 6, T: 5, objective: RSGAN, estimator: estimatorOf(t, "gumbel-softmax"), feedback: feedback.Soft})
			require.NoError(t, err)
			defer s.Close()
			batch := tinyBatch()
			differences(t, s.Program, lm.Params(), func() (float64, error) { return s.Run(batch, 1, 3, .7) })
			ids := make([]int32, 6*5)
			s.rollout.IDs(ids, vocab.Pad)
			require.Contains(t, ids, vocab.Pad)
		})
	}
}

// Every estimator and every feedback moves a decoder, and the weights that read
// its codes.
func TestEveryEstimatorTrainsDecoder(t *testing.T) {
	c := tiny()
	c.GeneratorModel, c.LatentDim, c.VAESamples = "vae", 2, 1
	d := dataOf(t, c)
	var names []string
	for _, info := range relax.Estimators() {
		names = append(names, info.Spec())
	}
	seen := map[string]string{}
	for _, name := range names {
		c.Estimator = name
		feedbacks := []string{"soft", "straight-through", "detached"}
		if e := estimatorOf(t, name); e.Hard() {
			feedbacks = feedbacks[1:]
			if !e.Relaxed() {
				feedbacks = feedbacks[1:]
			}
		}
		for _, c.Feedback = range feedbacks {
			tr, err := New(c, d)
			require.NoError(t, err)
			before := tr.LanguageModel().Params().Clone()
			for range 2 {
				_, err = tr.phases[2].(*gan).update(1)
				require.NoError(t, err)
			}
			what := name + ", " + c.Feedback
			for i, p := range tr.LanguageModel().Params() {
				require.NotEqual(t, before[i].Data, p.Data, "%s: %s", what, p.Name)
			}
			if estimatorOf(t, name).Relaxed() {
				hash := tr.LanguageModel().Params().Hash()
				require.Empty(t, seen[hash], what)
				seen[hash] = what
			}
		}
	}
}

// No score function is biased: with the code of a sentence, its completions and
// the greedy sentence that it is held against are those of this code too.
func TestScoreFunctionsWithCodesAreUnbiased(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	const V, T, B, steps = 6, 3, 32, 1000
	_, dis := tinyModels(t, "lstm", V, 0)
	v := tinyDecoder(t, "categorical", "lstm", 1, V, 2.5)
	lm := v.LanguageModel()
	all := allSentences(V, T)
	c, err := newScorer(dis, all.B, T)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.text.load(&all))
	scores, err := c.scores()
	require.NoError(t, err)
	l, err := lm.Likelihood(generator.LikelihoodOptions{B: all.B, T: T, Train: true})
	require.NoError(t, err)
	defer l.Close()

	var want []float64
	loss, losses := 0.0, [2]float64{}
	for k := range 2 { // the codes there are
		clear(l.Codes.Z)
		for i := range all.B {
			l.Codes.Z[2*i+k] = 1
		}
		_, err = l.Mean(&all, 0, 0)
		require.NoError(t, err)
		weights := make([]float32, all.B*T)
		for i, f := range scores {
			nats := 0.0
			for _, x := range l.Tokens(i) {
				nats += float64(x)
			}
			part := math.Exp(-nats) / 2 * Hinge.reward(0, float64(f))
			losses[k] -= 2 * part
			for j := range T {
				weights[i*T+j] = float32(part)
			}
		}
		loss += losses[k] / 2
		_, err = l.Weighted(&all, weights, 0, 0)
		require.NoError(t, err)
		at := 0
		for i := range lm.Params() {
			for _, g := range l.Grad(i) {
				if k == 0 {
					want = append(want, 0)
				}
				want[at] += float64(g)
				at++
			}
		}
	}
	require.Greater(t, math.Abs(losses[0]-losses[1]), .1, "the code makes a difference")

	for _, name := range []string{"reinforce", "self-critic", "seqgan:m=2", "unordered-set:k=2"} {
		t.Run(name, func(t *testing.T) {
			s, err := newReinforceStep(lm, dis, game{B: B, T: T, objective: Hinge, estimator: estimatorOf(t, name)})
			require.NoError(t, err)
			defer s.Close()
			got, lossOf := newMoments(len(want)), newMoments(1)
			for step := range uint32(steps) {
				x, err := s.Run(nil, 1, step, 0)
				require.NoError(t, err)
				lossOf.add([]float64{x})
				got.add(gradientsOf(s, lm.Params()))
			}
			require.Less(t, math.Abs(lossOf.away([]float64{loss})[0]), 4.)
			signal, noise := 0.0, 0.0
			for i, z := range got.away(want) {
				require.Less(t, math.Abs(z), 5., "weight %d: want %v", i, want[i])
				signal += want[i] * want[i]
				noise += got.error(i) * got.error(i)
			}
			require.Greater(t, math.Sqrt(signal/noise), 5., "too noisy to say anything")
		})
	}
}

func gradientsOf(s GeneratorStep, params nn.Params) (all []float64) {
	for i := range params {
		for _, g := range s.Grad(i) {
			all = append(all, float64(g))
		}
	}
	return all
}

// moments are sums of draws and of their squares.
type moments struct {
	n            float64
	sum, squares []float64
}

func newMoments(n int) *moments {
	return &moments{sum: make([]float64, n), squares: make([]float64, n)}
}

func (m *moments) add(x []float64) {
	m.n++
	for i, v := range x {
		m.sum[i] += v
		m.squares[i] += v * v
	}
}

// error is the standard error of mean i.
func (m *moments) error(i int) float64 {
	mean := m.sum[i] / m.n
	return math.Sqrt((m.squares[i]/m.n-mean*mean)/m.n + 1e-20)
}

// away is how many standard errors the means are off.
func (m *moments) away(want []float64) (z []float64) {
	for i, w := range want {
		z = append(z, (m.sum[i]/m.n-w)/m.error(i))
	}
	return z
}
