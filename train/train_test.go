package train

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// small is a run of a few seconds that goes through every phase and reads
// every random stream.
func small() Config {
	c := Options.Defaults()
	c.CorpusLines, c.Emb, c.Hidden, c.DEmb, c.DFilters = 400, 16, 16, 8, 8
	c.Dropout, c.SpectralNorm, c.MLEEvery = .2, true, 4
	c.Batch, c.MLESteps, c.DPre, c.AdvSteps = 16, 14, 6, 20
	c.EvalEvery, c.EvalSamples, c.LogEvery, c.SaveEvery, c.Patience = 7, 20, 3, 10, 0
	return c
}

// play takes a run to step until and interrupts it there; 0 lets it end.
func play(t *testing.T, tr *Trainer, w *rundir.Writer, until int) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	err := tr.Run(ctx, Watcher{Step: func(p Progress) {
		if p.Step == until {
			stop()
		}
	}})
	if until > 0 {
		require.ErrorIs(t, err, ErrInterrupted)
	} else {
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return tr.Hash()
}

// A run that was stopped and resumed, in any phase, ends with the same bits as
// one that never was: weights and record.
func TestResumeIsExact(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"mle":              func(c *Config) { c.Model, c.MLESteps = "mle", 40 },
		"straight-through": func(c *Config) { c.Estimator, c.Feedback = "st-gumbel", "straight-through" },
		"sparse": func(c *Config) {
			c.Estimator, c.Feedback, c.TauSchedule, c.SparseBackward = "st-gumbel", "straight-through", "0.1", 0.05
		},
		"relational": func(c *Config) {
			c.Cell, c.Slots, c.Estimator, c.Feedback, c.TauSchedule = "relational", 2, "gumbel-softmax", "detached", "relgan-exp:beta=1000"
		},
		"transformer": func(c *Config) {
			c.Cell, c.Layers, c.Estimator, c.Feedback = "transformer", 2, "st-gumbel", "straight-through"
		},
		"bf16": func(c *Config) {
			c.Estimator, c.Feedback, c.Precision = "gumbel-softmax", "soft", "bf16"
		},
		"moving average": func(c *Config) { c.Estimator, c.SpectralNorm = "reinforce-moving-average", false },
		"all-action":     func(c *Config) { c.Estimator = "all-action:k=3" },
		"unordered-set":  func(c *Config) { c.Estimator = "unordered-set:k=3,m=2" },
		"relgan": func(c *Config) {
			c.Cell, c.DKind, c.DReps, c.Estimator, c.Feedback, c.TauSchedule = "relational", "relgan", 4, "gumbel-softmax", "detached", "relgan-exp:beta=1000"
		},
		"relgan, leave one out": func(c *Config) { c.DKind, c.DReps, c.Estimator, c.Objective = "relgan", 2, "rloo", "hinge" },
		"recurrent discriminator": func(c *Config) {
			c.DKind, c.DUnits, c.DWidths, c.Estimator, c.Feedback = "rnn", 6, nil, "st-gumbel", "straight-through"
		},
		"in parts": func(c *Config) { c.Accumulate, c.Estimator, c.Feedback = 4, "st-gumbel", "straight-through" },
		"in parts, moving average": func(c *Config) {
			c.Accumulate, c.Estimator, c.DKind, c.DReps = 2, "reinforce-moving-average", "relgan", 2
		},
		"mmd":      func(c *Config) { c.Objective, c.Estimator, c.Feedback = "mmd", "gumbel-softmax", "soft" },
		"sinkhorn": func(c *Config) { c.Objective, c.DKind, c.DUnits, c.Estimator = "sinkhorn", "rnn", 6, "st-gumbel" },
		"soft, adaptive": func(c *Config) {
			c.Estimator, c.Feedback, c.TauSchedule = "gumbel-softmax", "soft", "adaptive:entropy=1"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			change(&c)
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			want := play(t, tr, w, 0)
			require.Equal(t, 40, tr.Step)
			for _, stop := range []int{5, 17, 20, 29} {
				dir := filepath.Join(t.TempDir(), "parts")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				play(t, tr, w, stop)
				tr, w, err = Resume(dir, nil, rundir.Start{})
				require.NoError(t, err)
				require.Equal(t, stop, tr.Step)
				require.Equal(t, want, play(t, tr, w, 0), "stopped at %d", stop)
				require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, dir, rundir.MetricsFile))
			}
			m, err := model.Load(whole, rundir.Last)
			require.NoError(t, err)
			require.Equal(t, tr.LanguageModel().Params().Hash(), m.Generator.Params().Hash())
		})
	}
}

func read(t *testing.T, path ...string) string {
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(b)
}

func TestThreadsDoNotMatter(t *testing.T) {
	c := small()
	anyThreads(t, c)
	for _, c.Estimator = range []string{"all-action:k=3", "unordered-set:k=3,m=2"} {
		anyThreads(t, c)
	}
	c.Estimator, c.TauSchedule, c.SparseBackward = "gumbel-softmax", "0.1", 0.05
	anyThreads(t, c)
}

// anyThreads runs a configuration with 1, 2 and 3 threads: equal weights.
func anyThreads(t *testing.T, c Config) {
	defer kernel.SetThreads(0)
	var first string
	for threads := 1; threads <= 3; threads++ {
		kernel.SetThreads(threads)
		tr, w, err := Start(c, filepath.Join(t.TempDir(), "run"), nil, rundir.Start{})
		require.NoError(t, err)
		h := play(t, tr, w, 0)
		if first == "" {
			first = h
		}
		require.Equal(t, first, h, "%d threads", threads)
	}
}

// A model that can hold a batch by heart must learn it by heart.
func TestOverfitsOneBatch(t *testing.T) {
	c := Options.Defaults()
	c.Model, c.Batch, c.MLESteps, c.Patience, c.EvalEvery, c.LR = "mle", 8, 800, 0, 0, .005
	lines := []string{"the cat sat", "a dog ran far away", "birds fly", "we read books , you write them", "the dog sat", "a cat ran", "fish swim in the sea", "no"}
	file := filepath.Join(t.TempDir(), "lines.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	c.Corpus, c.Valid = file, file
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	tr, err := New(c, d)
	require.NoError(t, err)
	var last Evaluation
	require.NoError(t, tr.Run(context.Background(), Watcher{Eval: func(e Evaluation) { last = e }}))
	// The first word of a line is a choice among lines: log 8 per line remains.
	tokens := 0
	for _, s := range d.Held {
		tokens += len(s) + 1
	}
	floor := 8 * 2.0794415 / float64(tokens)
	require.InDelta(t, floor, last.NLL, .02)
	require.Greater(t, last.BLEU[0], .95)
}

func TestDivergenceStopsTheRun(t *testing.T) {
	c := small()
	tr, w, err := Start(c, filepath.Join(t.TempDir(), "run"), nil, rundir.Start{})
	require.NoError(t, err)
	defer w.Close()
	tr.LanguageModel().Params()[0].Data[int(vocab.Bos)*c.Emb] = float32(math.NaN()) // every sentence reads it
	var d *Diverged
	require.ErrorAs(t, tr.Run(context.Background(), Watcher{}), &d)
}

// Every score-function estimator takes steps on every objective that gives a
// sentence a reward of its own, resumes exactly, and moves the weights.
func TestScoreFunctions(t *testing.T) {
	for _, e := range scoreFunctions() {
		for _, o := range []Objective{Standard, RSGAN, Hinge, LSGAN} {
			c := small()
			c.Estimator, c.Objective = e.Spec(), o
			c.MLESteps, c.DPre, c.AdvSteps, c.MLEEvery, c.EvalEvery, c.CorpusLines = 2, 1, 3, 0, 0, 60
			if e.Name == "maligan" && o != Standard && o != RSGAN {
				require.ErrorContains(t, c.Check(), "under --objective standard and rsgan, not "+string(o))
				continue
			}
			d, err := model.Prepare(c.Config, nil, nil)
			require.NoError(t, err)
			tr, err := New(c, d)
			require.NoError(t, err)
			require.NoError(t, tr.Run(context.Background(), Watcher{}), "%s %s", e.Name, o)
		}
	}
	c := small()
	c.Estimator, c.Objective = "rloo", RAGAN
	require.ErrorContains(t, c.Check(), "ragan")
	c.Estimator = "reinmax-loo" // looks at the gradients of the others
	require.ErrorContains(t, c.Check(), "ragan")
	c.Estimator = "reinfroce"
	require.ErrorContains(t, c.Check(), `did you mean "reinforce"?`)
}

// Any estimator, stopped among its steps and resumed, on one thread and on three:
// the same weights, and the same record.
func TestEveryEstimatorResumes(t *testing.T) {
	defer kernel.SetThreads(0)
	specs := []string{"double-cv:alpha=auto", "reinmax-cv:m=2,noise=coupled"}
	for _, e := range relax.Estimators() {
		if specs = append(specs, e.Spec()); e.Warning != "" {
			require.NotContains(t, e.Warning, "\n")
		}
	}
	for _, spec := range specs {
		c := small()
		c.Estimator, c.Feedback = spec, "straight-through"
		c.MLESteps, c.DPre, c.AdvSteps, c.MLEEvery, c.EvalEvery, c.CorpusLines, c.Batch, c.LogEvery = 2, 1, 6, 0, 0, 60, 7, 1
		kernel.SetThreads(1)
		whole, parts := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "parts")
		tr, w, err := Start(c, whole, nil, rundir.Start{})
		require.NoError(t, err, spec)
		want := play(t, tr, w, 0)
		kernel.SetThreads(3)
		tr, w, err = Start(c, parts, nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, 6)
		tr, w, err = Resume(parts, nil, rundir.Start{})
		require.NoError(t, err)
		require.Equal(t, want, play(t, tr, w, 0), spec)
		record := read(t, whole, rundir.MetricsFile)
		require.Equal(t, record, read(t, parts, rundir.MetricsFile))
		require.Equal(t, spec == "maligan", strings.Contains(record, `"effective/g"`))
		require.Equal(t, spec == "double-cv:alpha=auto", strings.Contains(record, `"alpha"`))
	}
}
