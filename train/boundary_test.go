package train

import (
	"context"
	"math"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train/rundir"
)

// asked is a context that is cancelled when it is asked for the after-th time, by several
// goroutines.
type asked struct {
	context.Context
	times, after atomic.Int64
}

func (a *asked) Err() error {
	if n := a.times.Add(1); n >= a.after.Load() {
		return context.Canceled
	}
	return nil
}

// never returns one that is not cancelled, and a watcher that notes how often it was asked by
// the end of a step, and of its evaluation.
func never() (ctx *asked, times map[int]int64, watch Watcher) {
	ctx, times = &asked{Context: context.Background()}, map[int]int64{}
	ctx.after.Store(math.MaxInt64)
	return ctx, times, Watcher{
		Step: func(p Progress) { times[p.Step] = ctx.times.Load() },
		Eval: func(e Evaluation) { times[e.Step] = ctx.times.Load() },
	}
}

// askedTimes is one that is cancelled when it is asked for the after-th time.
func askedTimes(after int64) *asked {
	ctx := &asked{Context: context.Background()}
	ctx.after.Store(after)
	return ctx
}

// A run that is asked to stop within a long adversarial step stops before its next update,
// as it was before the step; resumed it equals one that never was stopped.
func TestStopWithinStep(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"score function": func(c *Config) { c.Estimator = "reinforce-moving-average" },
		"relaxed, adaptive": func(c *Config) {
			c.Estimator, c.Feedback, c.TauSchedule = "gumbel-softmax", "soft", "adaptive:entropy=1"
		},
		"in parts": func(c *Config) { c.Accumulate, c.Estimator, c.Feedback = 4, "st-gumbel", "straight-through" },
		"generator alone": func(c *Config) {
			c.DSteps, c.GSteps, c.Estimator, c.Objective = 0, 9, "st-gumbel", "standard"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.MLESteps, c.DPre, c.AdvSteps, c.DSteps, c.GSteps, c.MLEEvery = 3, 2, 4, 6, 3, 2
			change(&c)
			const before = 5 // steps before the adversarial ones
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			hashes := map[int]string{}
			ctx, times, watch := never()
			note := watch.Step
			watch.Step = func(p Progress) { note(p); hashes[p.Step] = tr.Hash() }
			require.NoError(t, tr.Run(ctx, watch))
			require.NoError(t, w.Close())
			for _, stop := range []struct{ steps, updates int }{{0, 1}, {1, 5}, {2, 6}, {3, 8}} {
				dir := filepath.Join(t.TempDir(), "parts")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				ctx := askedTimes(times[before+stop.steps] + 1 + int64(stop.updates))
				require.ErrorIs(t, tr.Run(ctx, Watcher{}), ErrInterrupted)
				require.NoError(t, w.Close())
				require.Equal(t, ctx.after.Load(), ctx.times.Load())
				require.Equal(t, before+stop.steps, tr.Step)
				require.Equal(t, hashes[tr.Step], tr.Hash())
				tr, w, err = Resume(dir, nil, rundir.Start{})
				require.NoError(t, err)
				require.Equal(t, hashes[before+c.AdvSteps], play(t, tr, w, 0), "stopped after %d steps and %d updates", stop.steps, stop.updates)
				require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, dir, rundir.MetricsFile))
			}
		})
	}
}

// A run that is asked to stop within an evaluation saves the step before it and owes the
// evaluation; resumed it equals one that never was stopped. Between the phases it is the same.
func TestStopWithinEvaluation(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"gan": func(c *Config) { c.MLESteps, c.DPre, c.AdvSteps = 14, 2, 8 },
		"mle": func(c *Config) { c.Model, c.MLESteps, c.Patience, c.LRSchedule = "mle", 28, 1, "constant" },
		"vae": func(c *Config) { c.Model, c.MLESteps = "vae", 14 },
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			change(&c)
			c.SaveEvery = 0
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			ctx, times, watch := never()
			stepped := map[int]int64{}
			var evaluated []int
			note, judged := watch.Step, watch.Eval
			watch.Step = func(p Progress) { note(p); stepped[p.Step] = times[p.Step] }
			watch.Eval = func(e Evaluation) { judged(e); evaluated = append(evaluated, e.Step) }
			require.NoError(t, tr.Run(ctx, watch))
			require.NoError(t, w.Close())
			require.GreaterOrEqual(t, len(evaluated), 2)
			end := tr.Hash()
			for _, step := range evaluated { // it is asked while sentences are scored and drawn too
				require.Greater(t, times[step]-stepped[step], map[string]int64{"gan": 4, "mle": 4, "vae": 10}[name])
				for _, after := range []int64{stepped[step] + 1, times[step]} {
					dir := filepath.Join(t.TempDir(), "parts")
					tr, w, err := Start(c, dir, nil, rundir.Start{})
					require.NoError(t, err)
					watch := Watcher{Eval: func(e Evaluation) { require.Less(t, e.Step, step) }}
					require.ErrorIs(t, tr.Run(askedTimes(after), watch), ErrInterrupted)
					require.NoError(t, w.Close())
					require.Equal(t, step, tr.Step)
					_, _, err = Extend(dir, []config.Layer{{"mle-steps": {Text: "100"}}}, nil, rundir.Start{})
					require.Error(t, err)
					if name == "mle" {
						require.ErrorContains(t, err, "was stopped in the evaluation of step")
					}
					tr, w, err = Resume(dir, nil, rundir.Start{})
					require.NoError(t, err)
					require.ErrorIs(t, tr.Run(askedTimes(1), Watcher{}), ErrInterrupted, "and again at once")
					require.NoError(t, w.Close())
					tr, w, err = Resume(dir, nil, rundir.Start{})
					require.NoError(t, err)
					require.Equal(t, end, play(t, tr, w, 0), "step %d, question %d", step, after)
					require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, dir, rundir.MetricsFile))
				}
			}
		})
	}
}
