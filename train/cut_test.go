package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// inParts are configurations of every phase that a batch can be cut for. They read every
// random stream: dropout, words that are dropped, codes, choices, samples, completions.
var inParts = map[string]func() Config{
	"mle": func() Config { c := small(); c.Model, c.MLESteps = "mle", 4; return c },
	"relaxed": func() Config {
		c := small()
		c.Estimator, c.Feedback, c.TauSchedule, c.DKind, c.DReps = "gumbel-softmax", "soft", "adaptive:entropy=1", "relgan", 2
		return c
	},
	"straight-through": func() Config {
		c := small()
		c.Estimator, c.Feedback, c.Objective, c.SparseBackward, c.TauSchedule = "st-gumbel", "straight-through", "standard", .05, "0.1"
		return c
	},
	"leave one out": func() Config {
		c := small()
		c.Estimator, c.DKind, c.DUnits, c.DWidths = "rloo", "rnn", 6, nil
		return c
	},
	"greedy":         func() Config { c := small(); c.Estimator = "self-critic"; return c },
	"moving average": func() Config { c := small(); c.Estimator = "reinforce-moving-average"; return c },
	"maligan":        func() Config { c := small(); c.Estimator = "maligan"; return c },
	"completions":    func() Config { c := small(); c.Estimator = "seqgan:m=2"; return c },
	"actions":        func() Config { c := small(); c.Estimator = "all-action:k=3"; return c },
	"vae": func() Config {
		c := smallVAE()
		c.FreeBits, c.FreeBitsTotal, c.Bidirectional = .01, .02, true
		return c
	},
	"categorical": func() Config {
		c := smallVAE()
		c.Latent, c.Aggressive, c.LearnedPrior, c.FreeBits = "categorical", 12, true, 0
		return c
	},
	"vae in a gan": func() Config {
		c := small()
		c.GeneratorModel, c.LatentDim, c.Estimator = "vae", 4, "rloo"
		return c
	},
	"reverse-lm": func() Config {
		c := small()
		c.DKind, c.DTune, c.BackSteps, c.Estimator, c.SpectralNorm = "reverse-lm", true, 4, "rloo", false
		return c
	},
	"cooperative": func() Config {
		c := small()
		c.Model, c.CoopRounds, c.CoopSteps, c.CoopSentences, c.CoopBatch, c.BackSteps = "mle", 1, 4, 100, 16, 4
		return c
	},
}

// The parts of a batch draw what the batch would, and their shares add up to its loss and
// gradient.
func TestParts(t *testing.T) {
	for name, config := range inParts {
		t.Run(name, func(t *testing.T) {
			c := config()
			c.MLESteps, c.DPre, c.AdvSteps, c.EvalEvery = min(c.MLESteps, 3), 2, 3, 0
			d := dataOf(t, c)
			var runs []*Trainer
			for _, c.Accumulate = range []int{1, 2, 4} {
				tr, err := New(c, d)
				require.NoError(t, err)
				runs = append(runs, tr)
			}
			for runs[0].Phase() != Done {
				for _, tr := range runs[1:] { // Adam makes a step of any rounding of a gradient of 0
					require.NoError(t, tr.CopyFrom(runs[0]))
				}
				want, err := runs[0].Take()
				require.NoError(t, err)
				for _, tr := range runs[1:] {
					got, err := tr.Take()
					require.NoError(t, err)
					require.Equal(t, want.Tokens, got.Tokens)
					for i, f := range want.Fields {
						require.Equal(t, f.Name, got.Fields[i].Name)
						if w, ok := f.Value.(float64); ok && !math.IsNaN(w) {
							require.InDelta(t, w, got.Fields[i].Value, 2e-4*math.Max(math.Abs(w), .1), "step %d: %s in %d parts", tr.Step, f.Name, tr.Config.Accumulate)
						}
					}
				}
				runs[0].enter()
			}
		})
	}
}

func TestPartsAreRefused(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--batch 16 cannot be cut into --accumulate 3 equal parts": func(c *Config) { c.Accumulate = 3 },
		"--coop-batch 18 cannot be cut": func(c *Config) {
			c.Model, c.CoopRounds, c.CoopBatch = "mle", 1, 18
		},
		"--objective ragan couples the sentences of a batch": func(c *Config) { c.Objective = "ragan" },
		"--objective mmd couples":                            func(c *Config) { c.Objective, c.Estimator = "mmd", "st-gumbel" },
		"--objective sinkhorn couples":                       func(c *Config) { c.Objective, c.Estimator = "sinkhorn", "st-gumbel" },
		"--estimator double-cv looks at the other sentences": func(c *Config) { c.Estimator = "double-cv" },
	} {
		c := small()
		c.Accumulate = 4
		change(&c)
		require.ErrorContains(t, c.Check(), want)
		if c.Accumulate = 1; c.Model == "gan" {
			require.NoError(t, c.Check())
		}
	}
}
