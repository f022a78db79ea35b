package train

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/gradcheck"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

func coop(c *Config) {
	c.Model, c.MLESteps, c.Dropout = "mle", 10, 0.1
	rounds(c)
}

// A run that was stopped and resumed, in the backwards model's phase and inside a
// round, ends with the same bits as one that never was.
func TestResumeOfCooperativeRoundsIsExact(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"ratio": func(c *Config) {},
		"train": func(c *Config) { c.CoopLearnFrom, c.CoopCalibrate = "train", false },
		"stat":  func(c *Config) { c.Critic, c.CoopNgram = "stat", 2 },
		"cells": func(c *Config) { c.BackCell, c.Slots, c.Heads, c.CoopNgram = "relational", 1, 2, 3 },
		"sizes": func(c *Config) {
			c.BackCell, c.BackEmb, c.BackLayers, c.BackSlots, c.BackHeads = "relational", 10, 2, 2, 3
		},
		"none":   func(c *Config) { c.Critic = "none" },
		"real":   func(c *Config) { c.CoopReal, c.CoopControl = .25, false },
		"undone": func(c *Config) { c.CoopLR, c.CoopRounds = 64, 2 },
		"gan":    func(c *Config) { c.Model, c.DPre, c.AdvSteps = "gan", 2, 4 },
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

// The pool holds every sentence once, with what its weight is beyond its share of the
// generator's own distribution, and that share.
func TestKeepWeighs(t *testing.T) {
	for _, control := range []bool{true, false} {
		c := small()
		coop(&c)
		c.CoopSentences, c.CoopControl = 100, control
		d, err := model.Prepare(c.Config, nil, nil)
		require.NoError(t, err)
		tr, err := New(c, d)
		require.NoError(t, err)
		p := tr.phases[len(tr.phases)-1].(*cooperative)
		var sentences [][]int32
		var logW, logU []float64
		sum, squares, sumU := 0.0, 0.0, 0.0
		for i := range c.CoopSentences {
			sentences = append(sentences, append(slices.Repeat([]int32{5}, i/10), int32(4+i%10), vocab.Eos))
			logW, logU = append(logW, 1000+math.Sin(float64(i))), append(logU, math.Cos(float64(i)))
			w := math.Exp(math.Sin(float64(i)))
			sum, squares, sumU = sum+w, squares+w*w, sumU+math.Exp(math.Cos(float64(i)))
		}
		effective := p.keep(sentences, logW, logU, 3)
		require.InDelta(t, sum*sum/squares/100, effective, 1e-9)
		seen := map[int]bool{}
		for at := range sentences {
			s := p.sentence(at)
			k := 10*(len(s)-2) + int(s[len(s)-2]) - 4
			require.Equal(t, sentences[k], s)
			seen[k] = true
			w, u := 100*math.Exp(math.Sin(float64(k)))/sum, 0.0
			if control {
				u = 100 * math.Exp(math.Cos(float64(k))) / sumU
			}
			require.InDelta(t, w-u, p.weights.Data[2*at], 1e-5)
			require.InDelta(t, u, p.weights.Data[2*at+1], 1e-5)
		}
		require.Len(t, seen, 100)
	}
	require.Equal(t, maxWeight, int(meanOne(append(make([]float64, 99), 9))[99]), "what one sentence counts for is bounded")
}

// The control changes no expected gradient, wherever the generator has gone, and takes most
// of its variance away: over all sentences there are, drawn from the generator itself or
// from a mixture of it and another model.
func TestControlIsExact(t *testing.T) {
	const V, T = 6, 3
	was, _ := tinyModels(t, "lstm", V, 0)
	gen, _ := tinyModels(t, "lstm", V, 0)
	all := allSentences(V, T)
	sentences := make([][]int32, all.B)
	for i, n := range all.Lengths {
		sentences[i] = all.IDs[i*T:][:n]
	}
	logP := logProbsOf(t, was, sentences)
	for i, p := range gen.Params() { // a step away
		r := rng.Key{Seed: 7, Row: uint32(i)}.Rand()
		for j, v := range p.Data {
			if v > -1e8 {
				p.Data[j] += float32(.05 * r.NormFloat64())
			}
		}
	}
	l, err := gen.Likelihood(generator.LikelihoodOptions{B: all.B, T: T, Train: true, Toward: was})
	require.NoError(t, err)
	defer l.Close()
	all.Norm = 1
	gradient := func(words, own []float32) (g []float64) {
		_, err := l.Sentences(&all, words, own, 0, 0)
		require.NoError(t, err)
		for i := range gen.Params() {
			for _, v := range l.Grad(i) {
				g = append(g, float64(v))
			}
		}
		return g
	}
	r := rng.Key{Seed: 8}.Rand()
	for _, mixed := range []bool{false, true} {
		plain, words, own := make([]float32, all.B), make([]float32, all.B), make([]float32, all.B)
		density, w, u := make([]float64, all.B), make([]float64, all.B), make([]float64, all.B)
		total := 0.0
		for i, log := range logP {
			p, ratio := math.Exp(log), math.Exp(.4*r.NormFloat64())
			total += p
			w[i], u[i] = ratio, 1
			if mixed {
				u[i] = 2 / (1 + math.Exp(.5*r.NormFloat64()))
				w[i] *= u[i]
			}
			density[i] = p / u[i]
			plain[i], words[i], own[i] = float32(density[i]*w[i]), float32(density[i]*(w[i]-u[i])), float32(density[i]*u[i])
		}
		require.InDelta(t, 1, total, 1e-5)
		none := make([]float32, all.B)
		want := gradient(plain, none)
		require.Less(t, gradcheck.Distance(gradient(words, own), want), 1e-5)

		// The variance is a sum over sentences, each alone.
		variance := func(words, own func(i int) float64) (v float64) {
			for i := range density {
				a, b := make([]float32, all.B), make([]float32, all.B)
				a[i], b[i] = float32(words(i)), float32(own(i))
				for j, g := range gradient(a, b) {
					v += density[i] * (g - want[j]) * (g - want[j])
				}
			}
			return v
		}
		zero := func(int) float64 { return 0 }
		without := variance(func(i int) float64 { return w[i] }, zero)
		with := variance(func(i int) float64 { return w[i] - u[i] }, func(i int) float64 { return u[i] })
		require.Less(t, with, without/4)
	}

	// Where the critic says nothing, the generator that a round begins with stays.
	require.NoError(t, gen.Params().Set(was.Params()))
	still, ones := gradient(make([]float32, all.B), slices.Repeat([]float32{1}, all.B)), gradient(slices.Repeat([]float32{1}, all.B), make([]float32, all.B))
	require.Less(t, gradcheck.Norm(still), 1e-5*gradcheck.Norm(ones))
}

// The critic of a round learns held-out lines if it is told so, and is another one then.
func TestCriticOfHeldOutLines(t *testing.T) {
	losses := map[float64]bool{}
	for _, from := range []string{"train", "held-out"} {
		c := small()
		coop(&c)
		c.CoopLearnFrom = from
		d, err := model.Prepare(c.Config, nil, nil)
		require.NoError(t, err)
		tr, err := New(c, d)
		require.NoError(t, err)
		p := tr.phases[len(tr.phases)-1].(*cooperative)
		_, err = p.begin(0)
		require.NoError(t, err)
		losses[p.now.Loss] = true
	}
	require.Len(t, losses, 2)
}

// The critic of a round looks at the log ratios of the backwards model and of the n-grams of the
// training lines to the generator, in this order, before the statistics.
func TestCriticAsksNgrams(t *testing.T) {
	for _, critic := range []string{"ratio", "stat"} {
		c := small()
		coop(&c)
		c.Critic, c.CoopNgram = critic, 3
		d, err := model.Prepare(c.Config, nil, nil)
		require.NoError(t, err)
		tr, err := New(c, d)
		require.NoError(t, err)
		p := tr.phases[len(tr.phases)-1].(*cooperative)
		k, err := p.newCritic()
		require.NoError(t, err)
		asked := append(vocab.WithEnds(d.Held[:5]), d.Held[0][:2]) // and one that was cut
		_, features, err := k.ScoresKnown(asked, ratio.Known{})
		require.NoError(t, err)
		counts, err := eval.NewKneserNey(d.Train, 3, d.Vocab.Size())
		require.NoError(t, err)
		own := logProbsOf(t, p.gen, asked)
		at := map[string]int{"ratio": 1, "stat": 0}[critic]
		for i, x := range asked {
			sum := -own[i]
			for _, v := range counts.LogProb(vocab.WithoutEnd(x))[:len(x)] {
				sum += v
			}
			require.Len(t, features[i], at+1+7)
			require.InDelta(t, sum, features[i][at], 1e-3)
		}
	}
	c := small()
	coop(&c)
	c.CoopNgram, c.CoopLearnFrom = 3, "train"
	require.ErrorContains(t, c.Check(), "--coop-ngram 3")
	c.CoopRounds = 0
	require.NoError(t, c.Check())
}

// A round that makes held-out text less likely is undone, the next one takes steps of a
// quarter, and after some the phase ends.
func TestRoundThatHarmsIsUndone(t *testing.T) {
	c := small()
	coop(&c)
	c.MLESteps, c.CoopLR, c.CoopRounds, c.CoopControl = 60, 64, 5, false
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
	for round := range mostUndone {
		require.Equal(t, c.CoopRounds*c.CoopSteps, p.Steps())
		var last Record
		for range c.CoopSteps {
			last, err = tr.Take()
			require.NoError(t, err)
		}
		said := rundir.Record{Fields: last.Fields}
		was, _ := said.Float(BeforeRound)
		after, _ := said.Float(AfterRound)
		kept, _ := said.Float(KeptOfRound)
		require.Greater(t, after, was)
		require.Zero(t, kept)
		require.Equal(t, before, tr.fit.Saved().Weights.Hash())
		require.Equal(t, round+1, p.undone)
		require.InEpsilon(t, math.Pow(4, -float64(round)), p.opt.LR/falling(c.CoopLR, c.CoopSteps-1, c.CoopSteps), 1e-9)
	}
	require.Equal(t, mostUndone*c.CoopSteps, p.Steps(), "the phase is at its end")
}

// Of a round as much is kept as predicts held-out text best: of one of long steps a part.
func TestPartOfARoundIsKept(t *testing.T) {
	for _, test := range []struct {
		lr   float64
		part bool
	}{{0.002, false}, {0.02, true}} {
		c := small()
		coop(&c)
		c.MLESteps, c.CoopLR, c.CoopRounds = 60, test.lr, 1
		d, err := model.Prepare(c.Config, nil, nil)
		require.NoError(t, err)
		tr, err := New(c, d)
		require.NoError(t, err)
		var last Record
		for tr.phase < len(tr.phases) {
			last, err = tr.Take()
			require.NoError(t, err)
			tr.enter()
		}
		p := tr.phases[len(tr.phases)-1].(*cooperative)
		said := rundir.Record{Fields: last.Fields}
		after, _ := said.Float(AfterRound)
		kept, _ := said.Float(KeptOfRound)
		ends := tr.fit.Saved().Weights.Hash()
		t.Logf("step size %v: kept %v, NLL %v", test.lr, kept, after)
		require.Equal(t, test.part, 0 < kept && kept < 1)
		for _, share := range []float32{0, 0.25, 0.5, 0.75, 1} {
			p.goBack(share)
			var e Evaluation
			require.NoError(t, p.fit.Validate(&e, d.Held))
			if float64(share) == kept {
				require.Equal(t, ends, tr.fit.Saved().Weights.Hash())
				require.Equal(t, after, e.NLL)
			} else {
				require.Greater(t, e.NLL, after, share)
			}
		}

		for _, m := range p.mean { // as of a last step so long that nobody has computed anything of it
			for i := range m.Data {
				m.Data[i] = float32(math.Inf(1))
			}
		}
		kept, _, err = p.finish(tr.Step - 1)
		require.NoError(t, err)
		require.Zero(t, kept)
		require.Equal(t, p.was.Params().Hash(), p.gen.Params().Hash())
		require.NoError(t, p.mean.Set(p.was.Params())) // of steps of nothing
		kept, after, err = p.finish(tr.Step - 1)
		require.NoError(t, err)
		require.EqualValues(t, 1, kept)
		require.Equal(t, p.now.NLL, after)
	}
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
