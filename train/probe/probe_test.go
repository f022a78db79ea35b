package probe

import (
	"context"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
	"textgan/train"
	"textgan/train/rundir"
)

// The streaming moments are those of the textbook.
func TestGradientMoments(t *testing.T) {
	const draws, P = 50, 7
	ends := []int{2, 3, 7}
	m := newGradientMoments(ends, draws)
	r := rng.Key{Seed: 1}.Rand()
	var all [draws][]float32
	var mean [P]float64
	for i := range all {
		for j := range P {
			v := float32(3 + float64(j)*r.NormFloat64())
			all[i] = append(all[i], v)
			mean[j] += float64(v) / draws
		}
		m.add(func(group int) []float32 { return all[i][append([]int{0}, ends...)[group]:ends[group]] })
	}
	require.InDeltaSlice(t, mean[:], m.mean, 1e-12)
	for part := range len(ends) + 1 {
		from, to := m.span(part)
		want := 0.0
		for _, x := range all {
			for j := from; j < to; j++ {
				want += (float64(x[j]) - mean[j]) * (float64(x[j]) - mean[j]) / (draws - 1)
			}
		}
		got, _ := m.trace(part)
		require.InDelta(t, want, got, 1e-9*(1+want))
	}

	// Products of different blocks, block by block.
	for _, without := range []int{-1, 3} {
		want, pairs := 0.0, 0
		for k := range blocks {
			for l := range blocks {
				if k == l || k == without || l == without {
					continue
				}
				pairs++
				for j := range P {
					want += m.means[k][j] * m.means[l][j]
				}
			}
		}
		own := func(k, i int) float64 { return m.means[k][i] }
		o := newOverlap(own, own, 0, P)
		require.InDelta(t, want/float64(pairs), o.without(without, true), 1e-9)
	}
}

// Over many repetitions squared lengths, distances and their standard errors
// are what they claim, although one draw is mostly noise.
func TestComparisonIsFreeOfNoise(t *testing.T) {
	const repeats, draws, P = 400, 64, 40
	gather := func(key rng.Key, mean float64) *gradientMoments {
		m, r, g := newGradientMoments([]int{P}, draws), key.Rand(), make([]float32, P)
		for range draws {
			for j := range g {
				g[j] = float32(mean + r.NormFloat64())
			}
			m.add(func(int) []float32 { return g })
		}
		return m
	}
	const a, b = .2, .3
	var norm, bias, cosine, trace, traceSE running
	for i := range uint32(repeats) {
		m, ref := gather(rng.Key{Seed: 1, Row: i}, a), gather(rng.Key{Seed: 2, Row: i}, b)
		c := m.compare(ref, 0)
		norm.add(c.norm2)
		bias.add(c.bias2.Estimate)
		cosine.add(c.cosine)
		v, se := m.trace(0)
		trace.add(v)
		traceSE.add(se)
	}
	for name, x := range map[string]struct {
		running
		want float64
	}{"norm": {norm, P * a * a}, "bias": {bias, P * (b - a) * (b - a)}, "trace": {trace, P}} {
		require.Less(t, math.Abs(x.mean-x.want)/math.Sqrt(x.variance()/repeats), 4., "%s is %v, want %v", name, x.mean, x.want)
	}
	require.InDelta(t, 1, cosine.mean, .1)
	require.InEpsilon(t, math.Sqrt(trace.variance()), traceSE.mean, .15)
}

// A distance that cannot be told from nothing is not said to be nothing: although the
// noise has made the means equal, the interval reaches as far as noise does.
func TestIntervalOfADistanceDoesNotCollapse(t *testing.T) {
	const P = 3
	noisy, still := newGradientMoments([]int{P}, blocks), newGradientMoments([]int{P}, blocks)
	r := rng.Key{Seed: 3}.Rand()
	for range blocks / 4 { // means of zero, in any order
		x, y := float32(r.NormFloat64()), float32(r.NormFloat64())
		for _, v := range []float32{x, y, -x, -y} {
			noisy.add(func(int) []float32 { return []float32{v, 0, 0} })
			still.add(func(int) []float32 { return []float32{0, 0, 0} })
		}
	}
	c := noisy.compare(still, 0)
	trace, _ := noisy.trace(0)
	noise := trace / blocks // of the mean, squared
	require.InDelta(t, -noise, c.bias2.Estimate, 1e-6)
	lo, hi := c.bias2.Interval(.95)
	require.Zero(t, lo)
	require.Greater(t, hi, noise)
	require.Less(t, hi, 12*noise)

	lo, hi = still.compare(still, 0).bias2.Interval(.95)
	require.Zero(t, lo)
	require.Zero(t, hi)
}

// ticking is a clock that goes on by a millisecond at every look.
func ticking() func() time.Time {
	at := time.Unix(0, 0)
	return func() time.Time { at = at.Add(time.Millisecond); return at }
}

// probed is a tiny run on disk.
func probed(t *testing.T, change func(*train.Config)) (dir string, end *train.Trainer) {
	t.Helper()
	c := train.Options.Defaults()
	c.CorpusLines, c.Emb, c.Hidden, c.DEmb, c.DFilters, c.DWidths = 200, 6, 6, 5, 3, []int{2, 3}
	c.Batch, c.MLESteps, c.DPre, c.AdvSteps = 16, 30, 5, 3
	c.EvalEvery, c.EvalSamples, c.SaveEvery, c.GLR = 0, 8, 0, .01
	c.LR, c.LRSchedule, c.Dropout = .004, "constant", .3
	change(&c)
	dir = filepath.Join(t.TempDir(), "run")
	tr, w, err := train.Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, tr.Run(context.Background(), train.Watcher{}))
	require.NoError(t, w.Close())
	return dir, tr
}

func TestProbe(t *testing.T) {
	dir, end := probed(t, func(c *train.Config) { c.DPre, c.DLR = 30, .02 })
	opt := Options{Taus: []float64{.3, 1}, Samples: 32, Reference: 100, Seed: 2}
	measure := func(estimators ...string) *Report {
		p, err := Open(dir, "last", 0, 1, nil)
		require.NoError(t, err)
		opt.Estimators, opt.Now = estimators, ticking()
		r, err := p.Measure(context.Background(), opt, nil)
		require.NoError(t, err)
		require.Equal(t, end.Hash(), p.t.Hash(), "measuring moved a weight")
		return r
	}
	r := measure("gumbel-*", "st-gumbel", "zgr", "reinforce*", "rloo", "self-critic")

	type key struct {
		estimator, feedback string
		tau                 float64
	}
	found := map[key]Result{}
	for _, x := range r.Estimators {
		found[key{x.Estimator, x.Feedback, x.Tau}] = x
		require.Equal(t, 1., x.Millis)
		require.Equal(t, len(r.Parts), len(x.Parts))
		sum := 0.0
		for i, y := range x.Parts[1:] {
			sum += y.Trace
			require.InEpsilon(t, y.Trace, y.PerWeight*float64(r.Parts[i+1].Weights), 1e-9)
		}
		require.InEpsilon(t, x.Parts[0].Trace, sum, 1e-9)
		if x.Unbiased {
			require.InDelta(t, 1, *x.Parts[0].Cosine, .15, x.Estimator)
			require.Zero(t, x.Parts[0].BiasCI[0], x.Estimator)
			require.Equal(t, x.Parts[0].Trace, x.Parts[0].MSE)
			require.InEpsilon(t, x.Parts[0].MSE/100, *x.EqualTime[0], 1e-9) // 100 draws of 1 ms
		}
	}
	// 3 feedbacks x 2 taus, twice 2 x 2, 2 x 1, and the score functions.
	require.Equal(t, 6+2*4+2+5, len(r.Estimators))
	require.Equal(t, len(r.Estimators), len(found))
	// The same again, whoever else takes part.
	for _, x := range measure("zgr", "rloo").Estimators {
		require.True(t, reflect.DeepEqual(x, found[key{x.Estimator, x.Feedback, x.Tau}]), x.Estimator)
	}
	for _, tau := range opt.Taus {
		rao, st := found[key{"gumbel-rao:m=10", "detached", tau}], found[key{"st-gumbel", "detached", tau}]
		require.Less(t, rao.Parts[0].Trace, st.Parts[0].Trace)
		require.InDelta(t, rao.Parts[0].Bias, st.Parts[0].Bias, st.Parts[0].BiasCI[1]-st.Parts[0].BiasCI[0], "their means are the same")
	}
	plain, baseline := found[key{"reinforce", "", 0}], found[key{"rloo", "", 0}]
	require.Less(t, baseline.Parts[0].Trace, plain.Parts[0].Trace)
	require.NotNil(t, plain.BreakEven)
	require.Equal(t, 1e-3, *plain.BreakEven, "noisier at the same price: beaten from the first draw on")
}

func TestProbeRefuses(t *testing.T) {
	mle, _ := probed(t, func(c *train.Config) { c.Model = "mle" })
	_, err := Open(mle, "last", 0, 1, nil)
	require.ErrorContains(t, err, "has no discriminator")
	ragan, _ := probed(t, func(c *train.Config) { c.Objective = "ragan" })
	_, err = Open(ragan, "last", 0, 1, nil)
	require.ErrorContains(t, err, "couples the sentences")
	gan, _ := probed(t, func(*train.Config) {})
	p, err := Open(gan, "last", 0, 1, nil)
	require.NoError(t, err)
	for want, opt := range map[string]Options{
		"estimator":             {Estimators: []string{"magic"}},
		"syntax error":          {Estimators: []string{"[" /* never closed */}},
		"feedback":              {Feedback: []string{"hard"}},
		"tau is 0":              {Taus: []float64{0}},
		"31 draws; give from":   {Samples: 31},
		"1 draws; give from 32": {Reference: 1},
	} {
		_, err := p.Measure(context.Background(), opt, nil)
		require.ErrorContains(t, err, want)
	}
	stopped, stop := context.WithCancel(context.Background())
	stop()
	_, err = p.Measure(stopped, Options{}, nil)
	require.ErrorIs(t, err, context.Canceled)
	_, err = p.Compare(context.Background(), Options{}, 1, 0, nil)
	require.ErrorContains(t, err, "at least 2")
}

// Every estimator starts where the run stood before its first adversarial
// step, and the run's own one ends where the run ended.
func TestCompare(t *testing.T) {
	dir, end := probed(t, func(c *train.Config) { c.AdvSteps, c.Keep, c.GLR = 4, 9, .003 })
	want, _, err := end.Evaluate(end.Step)
	require.NoError(t, err)
	for name, step := range map[string]string{"after likelihood": "30", "after the discriminator": "35"} {
		t.Run(name, func(t *testing.T) {
			p, err := Open(dir, step, 0, 1, nil)
			require.NoError(t, err)
			var names []string
			last := 0
			told := func(done, total int, name string) {
				require.GreaterOrEqual(t, done, last)
				require.LessOrEqual(t, done, total)
				last, names = done, append(names, name)
			}
			c, err := p.Compare(context.Background(), Options{Estimators: []string{"gumbel-softmax", "reinforce*", "rloo"}, Samples: 32, Reference: 32, Now: ticking()}, 4, 0, told)
			require.NoError(t, err)
			require.Equal(t, name == "after likelihood", slices.Contains(names, "first the discriminator, 5 steps to go"), names)
			require.Len(t, c.Ends, len(c.Gradient.Estimators))
			ends := map[string]float64{}
			for i, e := range c.Ends {
				x := c.Gradient.Estimators[i]
				ends[x.Estimator+" "+x.Feedback] = e.NLL
				require.Nil(t, e.Diverged)
				require.NotEqual(t, c.Start.NLL, e.NLL)
				require.Equal(t, 4, e.Steps)
				require.Equal(t, c.Unjudged == "", e.Verdict != nil)
			}
			require.Equal(t, want.NLL, ends["gumbel-softmax soft"])
			require.Equal(t, ends["reinforce "], ends["reinforce-constant:value=0 "])
			require.NotEqual(t, ends["reinforce "], ends["rloo "])
		})
	}
}

// By time every estimator takes as many steps as the clock gives it: of one that
// ticks once a look, nine steps of a trial take a millisecond each.
func TestCompareByTime(t *testing.T) {
	dir, _ := probed(t, func(c *train.Config) { c.AdvSteps, c.Keep = 2, 9 })
	p, err := Open(dir, "30", 0, 1, nil)
	require.NoError(t, err)
	c, err := p.Compare(context.Background(), Options{Estimators: []string{"rloo", "double-cv:alpha=auto", "maligan"}, Samples: 32, Reference: 32, Now: ticking()}, 0, .02, nil)
	require.NoError(t, err)
	require.Len(t, c.Ends, 3)
	for i, e := range c.Ends {
		require.InDelta(t, 15, e.Steps, 6)
		require.Equal(t, c.Gradient.Estimators[i].Estimator != "maligan", c.Gradient.Estimators[i].Unbiased)
	}
}

// An estimator that the run's objective cannot have is left out, unless it was
// asked for by name.
func TestUnsuitableEstimators(t *testing.T) {
	dir, _ := probed(t, func(c *train.Config) { c.AdvSteps, c.Objective = 2, "hinge" })
	p, err := Open(dir, "last", 0, 1, nil)
	require.NoError(t, err)
	list, err := p.candidates(Options{Taus: []float64{1}})
	require.NoError(t, err)
	for _, c := range list {
		require.NotEqual(t, "maligan", c.Name)
	}
	_, err = p.candidates(Options{Taus: []float64{1}, Estimators: []string{"maligan"}})
	require.ErrorContains(t, err, "not hinge")
}
