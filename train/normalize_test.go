package train

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/nn"
	"textgan/vocab"
)

// twoLengths is a run on a language of one word, in sentences of 2 and of 10 tokens, the end
// counted: as many of both, 64 in all, which is a window of 8 batches. Sorted by length, a
// batch holds sentences of one length.
func twoLengths(t *testing.T, change func(*Config)) *Trainer {
	lines := strings.Repeat("a\n", 32) + strings.Repeat(strings.Repeat("a ", 9)+"\n", 32)
	path := filepath.Join(t.TempDir(), "text")
	require.NoError(t, os.WriteFile(path, []byte(lines), 0o666))
	c := small()
	c.Corpus, c.Valid, c.CorpusLines, c.Dropout, c.Emb, c.Hidden = path, path, 0, 0, 3, 4
	c.Model, c.MLESteps, c.Batch, c.Bucket, c.LatentDim, c.WordDropout = "mle", 8, 8, 8, 2, 0
	change(&c)
	tr, err := New(c, dataOf(t, c))
	require.NoError(t, err)
	return tr
}

// window is the sum of losses and of gradients over the batches of a window.
func window(t *testing.T, tr *Trainer) (loss float64, grad [][]float64) {
	params := nn.Params(tr.fit.Saved().Weights)
	grad = make([][]float64, len(params))
	for range tr.Config.Bucket {
		batch := tr.common.next()
		var l float64
		var of func(int) []float32
		var err error
		switch f := tr.fit.(type) {
		case *mle:
			l, of, err = f.gradient(f.common, batch, teacherForced(1, 0))
		case *elbo:
			l, of, _, err = f.run(f.bound, &f.sum, batch, f.annealed(), params)
		}
		require.NoError(t, err)
		loss += l
		for i, p := range params {
			if grad[i] == nil {
				grad[i] = make([]float64, len(p.Data))
			}
			for j, v := range of(i) {
				grad[i][j] += float64(v)
			}
		}
	}
	return loss, grad
}

// A model that ends a sentence with probability p at every place has the expected length
// 1/p, and the best of them that of the text, 6. That is where the gradient of a window
// vanishes if the losses of batches are divided by one number. Divided by the tokens of each
// they vanish at the harmonic mean of the lengths, 10/3.
func TestNormalizeKeepsLengths(t *testing.T) {
	for _, model := range []string{"mle", "vae"} {
		for _, parts := range []int{1, 4} {
			steepest := func(normalize string, length float64) float64 {
				tr := twoLengths(t, func(c *Config) { c.Model, c.Normalize, c.Accumulate = model, normalize, parts })
				for _, w := range tr.fit.Saved().Weights {
					clear(w.Data)
					if strings.HasSuffix(w.Name, "output.b") {
						copy(w.Data, []float32{-99, -99, float32(math.Log(1 / length)), -99, float32(math.Log(1 - 1/length))})
					}
				}
				_, grad := window(t, tr)
				most := 0.0
				for _, g := range grad {
					most = max(most, slices.Max(g), -slices.Min(g))
				}
				return most
			}
			require.Less(t, steepest("corpus", 6), 1e-5)
			require.Greater(t, steepest("batch", 6), .5)
			require.Less(t, steepest("batch", 10./3), 1e-5)
			require.Greater(t, steepest("corpus", 10./3), .5)
		}
	}
}

// Whatever the weights, a window's gradient is that of its sentences in one batch, and what
// is recorded is the same under both.
func TestNormalizeIsOneBatch(t *testing.T) {
	of := func(normalize string, batch, bucket int) (float64, [][]float64) {
		return window(t, twoLengths(t, func(c *Config) { c.Normalize, c.Batch, c.Bucket = normalize, batch, bucket }))
	}
	want := func(normalize string) float64 {
		_, whole := of(normalize, 64, 1)
		loss, grad := of(normalize, 8, 8)
		perBatch, _ := of("batch", 8, 8)
		require.InDelta(t, perBatch, loss, 1e-5)
		most := 0.0
		for i, g := range grad {
			for j, v := range g {
				most = max(most, math.Abs(v/8-whole[i][j]))
			}
		}
		return most
	}
	require.Less(t, want("corpus"), 1e-6)
	require.Greater(t, want("batch"), 1e-3)
}

// The other phases that fit sentences divide by the same.
func TestNormalizeEverywhere(t *testing.T) {
	for normalize, norm := range map[string]float64{"corpus": 6, "batch": 0} {
		tr := twoLengths(t, func(c *Config) {
			c.Normalize, c.CoopRounds, c.CoopSentences, c.CoopBatch, c.BackSteps = normalize, 1, 100, 16, 1
		})
		var list []string
		for _, p := range tr.phases {
			list = append(list, p.Name())
			switch p := p.(type) {
			case *backwards:
				var b vocab.Batch
				p.batches.Next(&b)
				require.Equal(t, 8*norm, b.Norm)
			case *cooperative:
				_, err := p.begin(0)
				require.NoError(t, err)
				require.Equal(t, 16*norm, p.mix(0, 0).Norm)
			}
		}
		require.Equal(t, []string{Likelihood, BackwardsPhase, Cooperative}, list)
	}
}
