package train

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

func coop(c *Config) {
	c.Model, c.MLESteps, c.Dropout = "mle", 10, 0.1
	c.CoopRounds, c.CoopSteps, c.CoopSentences, c.CoopBatch, c.BackSteps, c.BackHidden = 2, 8, 300, 16, 9, 12
}

// A run that was stopped and resumed, in the backwards model's phase and inside a
// round, ends with the same bits as one that never was.
func TestResumeOfCooperativeRoundsIsExact(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"ratio": func(c *Config) { c.CoopCalibrate = true },
		"stat":  func(c *Config) { c.Critic = "stat" },
		"cells": func(c *Config) { c.BackCell, c.Slots, c.Heads = "relational", 1, 2 },
		"sizes": func(c *Config) {
			c.BackCell, c.BackEmb, c.BackLayers, c.BackSlots, c.BackHeads = "relational", 10, 2, 2, 3
		},
		"none": func(c *Config) { c.Critic = "none" },
		"gan":  func(c *Config) { c.Model, c.DPre, c.AdvSteps = "gan", 2, 4 },
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			coop(&c)
			change(&c)
			var hashes []string
			for _, stops := range [][]int{nil, {12, 21, 25}} {
				dir := filepath.Join(t.TempDir(), "r")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				for _, stop := range stops {
					play(t, tr, w, stop)
					tr, w, err = Resume(dir, nil, rundir.Start{})
					require.NoError(t, err)
				}
				hashes = append(hashes, play(t, tr, w, 0))
			}
			require.Equal(t, hashes[0], hashes[1])
		})
	}
}

// Resampling gives every sentence its share of the pool, rounded down or up, and
// sentences survive being kept as numbers.
func TestResampleIsSystematic(t *testing.T) {
	c := small()
	coop(&c)
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	tr, err := New(c, d)
	require.NoError(t, err)
	p := tr.phases[len(tr.phases)-1].(*cooperative)
	sentences := [][]int32{{5, 6, vocab.Eos}, {7, vocab.Eos}, {8, 9, 10, vocab.Eos}, {vocab.Eos}}
	weights := []float64{0, 1, 2, -1} // logs
	effective := p.resample(sentences, weights, 3)
	counts := map[int]int{}
	for i := range c.CoopSentences {
		s := p.sentence(i)
		for k, want := range sentences {
			if len(s) == len(want) && s[0] == want[0] {
				require.Equal(t, want, s)
				counts[k]++
			}
		}
	}
	sum, squares := 0.0, 0.0
	e := []float64{1, 2.718281828, 7.389056099, 0.367879441}
	for _, w := range e {
		sum, squares = sum+w, squares+w*w
	}
	total := 0
	for k, w := range e {
		want := w / sum * float64(c.CoopSentences)
		require.InDelta(t, want, counts[k], 1)
		total += counts[k]
	}
	require.Equal(t, c.CoopSentences, total)
	require.InDelta(t, sum*sum/squares/4, effective, 1e-6)
}

// A round that makes held-out text less likely is undone, and the phase ends.
func TestRoundThatHarmsIsUndone(t *testing.T) {
	c := small()
	coop(&c)
	c.MLESteps, c.CoopLR, c.CoopRounds = 60, 3, 5
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	tr, err := New(c, d)
	require.NoError(t, err)
	for tr.Phase() != Cooperative {
		_, err := tr.Take()
		require.NoError(t, err)
		tr.enter()
	}
	before := tr.fit.Saved().Weights.Hash()
	p := tr.phases[len(tr.phases)-1].(*cooperative)
	var last Record
	for range c.CoopSteps {
		last, err = tr.Take()
		require.NoError(t, err)
	}
	require.Equal(t, c.CoopSteps, p.Steps(), "the phase is at its end")
	said := rundir.Record{Fields: last.Fields}
	was, _ := said.Float(BeforeRound)
	after, _ := said.Float(AfterRound)
	require.Greater(t, after, was)
	require.Equal(t, before, tr.fit.Saved().Weights.Hash())
}

func TestCooperativeRoundsRefuseVAE(t *testing.T) {
	c := small()
	coop(&c)
	c.Model = "vae"
	require.ErrorContains(t, c.Check(), "--coop-rounds")
}

// A warm start may have rounds alone, without a game.
func TestRoundsAloneAreEnough(t *testing.T) {
	c := small()
	coop(&c)
	c.Model, c.MLESteps, c.AdvSteps, c.WarmStart = "gan", 0, 0, "run"
	require.NoError(t, c.Check())
	c.CoopRounds = 0
	require.ErrorContains(t, c.Check(), "no steps to take")
}

// A run that is asked to stop while the sentences of a round are drawn and weighed stops
// there, as it was before the step; resumed it equals one that never was stopped.
func TestStopWithinBeginning(t *testing.T) {
	for _, critic := range []string{"ratio", "stat", "none"} {
		t.Run(critic, func(t *testing.T) {
			if testing.Short() && critic != "ratio" {
				t.Skip("seconds")
			}
			c := small()
			coop(&c)
			c.Critic, c.CoopSteps = critic, 3
			whole := filepath.Join(t.TempDir(), "whole")
			tr, w, err := Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			ctx, times, watch := never()
			hashes, stepped := map[int]string{}, map[int]int64{}
			note := watch.Step
			watch.Step = func(p Progress) { note(p); hashes[p.Step], stepped[p.Step] = tr.Hash(), times[p.Step] }
			first := c.MLESteps // steps before the first round
			if critic == "ratio" {
				first += c.BackSteps
			}
			require.NoError(t, tr.Run(ctx, watch))
			require.NoError(t, w.Close())
			for _, step := range []int{first, first + c.CoopSteps} {
				from, to := times[step]+1, stepped[step+1] // the question before the step, and the last one within
				require.Greater(t, to, from+1)
				for _, after := range []int64{(from + to) / 2, to} {
					dir := filepath.Join(t.TempDir(), "parts")
					tr, w, err := Start(c, dir, nil, rundir.Start{})
					require.NoError(t, err)
					require.ErrorIs(t, tr.Run(askedTimes(after), Watcher{}), ErrInterrupted)
					require.NoError(t, w.Close())
					require.Equal(t, step, tr.Step)
					require.Equal(t, hashes[step], tr.Hash())
					tr, w, err = Resume(dir, nil, rundir.Start{})
					require.NoError(t, err)
					require.Equal(t, hashes[first+2*c.CoopSteps], play(t, tr, w, 0), "stopped at question %d of %d to %d", after, from, to)
					require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, dir, rundir.MetricsFile))
				}
			}
		})
	}
}
