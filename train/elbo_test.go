package train

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/train/rundir"
)

// smallVAE is a run of a few seconds that reads every random stream.
func smallVAE() Config {
	c := small()
	c.Model, c.MLESteps, c.LatentDim, c.Categories, c.WordDropout, c.VAESamples = "vae", 40, 4, 3, .2, 2
	return c
}

// The same as TestResumeIsExact, for what only a VAE remembers.
func TestResumeVAE(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"gaussian, cyclical":       func(c *Config) { c.KLAnneal, c.FreeBits, c.Bidirectional = "cyclical", .1, true },
		"bf16":                     func(c *Config) { c.Precision = "bf16" },
		"in parts":                 func(c *Config) { c.Accumulate, c.FreeBits = 4, .1 },
		"categorical, own updates": func(c *Config) { c.Latent, c.Aggressive, c.Cell, c.LearnedPrior = "categorical", 25, "gru", true },
		"logistic, stops early":    func(c *Config) { c.Latent, c.KLAnneal, c.Patience, c.LR, c.EvalEvery = "logistic", "none", 1, .5, 2 },
	} {
		t.Run(name, func(t *testing.T) {
			c := smallVAE()
			change(&c)
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			want := play(t, tr, w, 0)
			if c.Patience > 0 {
				require.Less(t, tr.Step, 40)
			} else {
				require.Equal(t, 40, tr.Step)
			}
			if c.Aggressive > 0 {
				require.Greater(t, tr.fit.(*elbo).encoder.Steps(), 60, "the encoder has taken steps of its own")
			}
			for _, stop := range []int{5, min(29, tr.Step-1)} {
				dir := filepath.Join(t.TempDir(), "parts")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				play(t, tr, w, stop)
				tr, w, err = Resume(dir, nil, rundir.Start{})
				require.NoError(t, err)
				require.Equal(t, want, play(t, tr, w, 0), "stopped at %d", stop)
				require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, dir, rundir.MetricsFile))
			}
			m, err := model.Load(whole, rundir.Last)
			require.NoError(t, err)
			require.Equal(t, tr.fit.Saved().Weights.Hash(), m.Generator.Params().Hash())
		})
	}
}

func TestThreadsDoNotMatterToVAE(t *testing.T) {
	c := smallVAE()
	c.Aggressive, c.Bidirectional = 10, true
	anyThreads(t, c)
}

// A VAE that need not pay for its codes learns to write every sentence down in
// one: then the words follow from the code.
func TestVAEOverfits(t *testing.T) {
	lines := []string{"the cat sat", "a dog ran far away", "birds fly", "we read books , you write them", "the dog sat", "a cat ran", "fish swim in the sea", "no"}
	file := filepath.Join(t.TempDir(), "lines.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	for name, change := range map[string]func(*Config){
		"gaussian":    func(c *Config) { c.KLWeight = .01 },
		"laplace":     func(c *Config) { c.Latent, c.KLWeight = "laplace", .01 },
		"categorical": func(c *Config) { c.Latent, c.KLWeight, c.MLESteps = "categorical", .001, 1000 },
	} {
		t.Run(name, func(t *testing.T) {
			c := Options.Defaults()
			c.Model, c.Batch, c.MLESteps, c.Patience, c.EvalEvery, c.LR, c.Dropout, c.EvalSamples = "vae", 8, 500, 0, 0, .005, .3, 20
			c.Corpus, c.Valid = file, file
			change(&c)
			d, err := model.Prepare(c.Config, nil, nil)
			require.NoError(t, err)
			tr, err := New(c, d)
			require.NoError(t, err)
			var last Evaluation
			require.NoError(t, tr.Run(context.Background(), Watcher{Eval: func(e Evaluation) { last = e }}))
			require.Less(t, last.VAE.Rec, .5)    // log 8 = 2.08 if the first word had to be guessed
			require.Greater(t, last.VAE.KL, 1.9) // less than log 8 would not name 8 sentences
			m, err := (&model.Model{Config: c.Config, Vocab: d.Vocab, Generator: tr.fit.(*elbo).vae}).VAE()
			require.NoError(t, err)
			post, err := m.Encode(lines)
			require.NoError(t, err)
			got, err := m.Decode(post.Codes(), generator.SampleOptions{MaxLen: d.MaxT, TopK: 1}, 1)
			require.NoError(t, err)
			for i, line := range lines {
				require.Equal(t, d.Vocab.Decode(d.Vocab.Encode(line)), got[i])
			}
			s, err := m.Generator.NewSampler(generator.SampleOptions{MaxLen: d.MaxT})
			require.NoError(t, err)
			require.NotEmpty(t, s.Sample(3, rng.Key{Seed: 1}))
			tally, err := m.NLL(lines)
			require.NoError(t, err)
			require.Less(t, tally.Nats/8, -last.VAE.ELBO())
			require.Greater(t, tally.Nats/8, 2.) // log 8
		})
	}
}

func TestBeta(t *testing.T) {
	c := smallVAE()
	c.MLESteps, c.KLWeight, c.KLFrom = 1000, .8, .2
	at := func(steps ...int) (beta []float64) {
		for _, s := range steps {
			beta = append(beta, c.beta(s))
		}
		return beta
	}
	c.KLAnneal = "none"
	require.Equal(t, []float64{.8, .8}, at(0, 999))
	require.True(t, c.settled(0))
	c.KLAnneal, c.KLSteps = "linear", 100
	require.InDeltaSlice(t, []float64{.2, .5, .8, .8}, at(0, 50, 100, 999), 1e-12)
	require.False(t, c.settled(99))
	require.True(t, c.settled(100))
	c.KLSteps = 0 // a quarter of the run
	require.InDelta(t, .5, c.beta(125), 1e-12)
	c.KLAnneal, c.KLSteps, c.KLSlope = "logistic", 500, .01
	require.InDeltaSlice(t, []float64{.2 + .6/(1+148.413159), .5, .8 - .6/(1+148.413159)}, at(0, 500, 1000), 1e-6)
	require.False(t, c.settled(900))
	require.True(t, c.settled(960))
	c.KLAnneal, c.KLCycles, c.KLRise = "cyclical", 4, .5
	require.InDeltaSlice(t, []float64{.2, .5, .8, .8, .2, .8, .8}, at(0, 62, 125, 249, 250, 999, 1000), .005)
	require.False(t, c.settled(800))
	require.True(t, c.settled(875))
}

func TestVAERefuses(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"adaptive --latent-tau":              func(c *Config) { c.LatentTau = "adaptive" },
		"estimator \"reinforce\" is unknown": func(c *Config) { c.LatentEstimator = "reinforce" },
		"only a categorical code":            func(c *Config) { c.LearnedPrior = true },
		"no steps to take":                   func(c *Config) { c.MLESteps = 0 },
	} {
		c := smallVAE()
		change(&c)
		require.ErrorContains(t, c.Check(), want)
	}
	_, err := new(model.Model).VAE()
	require.ErrorContains(t, err, "no VAE")
}
