package train

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// patience is a context that is cancelled when it is asked for the after-th time.
type patience struct {
	context.Context
	asked, after int
}

func (p *patience) Err() error {
	if p.asked++; p.asked >= p.after {
		return context.Canceled
	}
	return nil
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
			const before, each = 5, 9 // steps before the adversarial ones; questions of one of those
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			hashes := map[int]string{}
			require.NoError(t, tr.Run(context.Background(), Watcher{Step: func(p Progress) { hashes[p.Step] = tr.Hash() }}))
			require.NoError(t, w.Close())
			for _, stop := range []struct{ steps, updates int }{{0, 1}, {1, 5}, {2, 6}, {3, 8}} {
				dir := filepath.Join(t.TempDir(), "parts")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				ctx := &patience{Context: context.Background(), after: before + stop.steps*each + 1 + stop.updates}
				require.ErrorIs(t, tr.Run(ctx, Watcher{}), ErrInterrupted)
				require.NoError(t, w.Close())
				require.Equal(t, ctx.after, ctx.asked)
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
