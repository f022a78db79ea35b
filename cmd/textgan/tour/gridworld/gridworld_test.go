package gridworld

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval/variance"
	"textgan/generator/relax"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

func tiny(t *testing.T) *World {
	w, err := NewWorld([]string{"S.", "XG"}, 3)
	require.NoError(t, err)
	return w
}

// uneven is a policy without symmetries.
func uneven(w *World) []float32 {
	logits := make([]float32, w.Cells()*moves)
	for i := range logits {
		logits[i] = float32(math.Sin(float64(3*i + 1)))
	}
	return logits
}

func trainer(t *testing.T, w *World, logits []float32, o Options) *Trainer {
	t.Helper()
	if o.Tau == "" {
		o.Tau = "1"
	}
	tr, err := NewTrainer(w, o)
	require.NoError(t, err)
	copy(tr.Logits(), logits)
	return tr
}

// enumerate visits every sequence of T moves by the rules of the map, which it reads
// for itself: its probability, its return and its score along the logits. Moves after
// the end are left out.
func enumerate(w *World, logits []float32, visit func(p, earned float64, score []float64)) {
	var walk func(t, x, y int, p, earned float64, score []float64)
	walk = func(t, x, y int, p, earned float64, score []float64) {
		if c := w.Map[y][x]; t == w.T || c == 'G' || c == 'X' {
			visit(p, earned, score)
			return
		}
		row := logits[(y*w.Wide+x)*4:][:4]
		sum := 0.0
		for _, l := range row {
			sum += math.Exp(float64(l))
		}
		for a, d := range [4][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}} {
			x2, y2 := x+d[0], y+d[1]
			if x2 < 0 || y2 < 0 || x2 >= w.Wide || y2 >= w.High || w.Map[y2][x2] == '#' {
				x2, y2 = x, y
			}
			r := earned - .02
			switch w.Map[y2][x2] {
			case 'G':
				r++
			case 'X':
				r -= .5
			}
			s := append([]float64(nil), score...)
			for k, l := range row {
				s[(y*w.Wide+x)*4+k] -= math.Exp(float64(l)) / sum
			}
			s[(y*w.Wide+x)*4+a]++
			walk(t+1, x2, y2, p*math.Exp(float64(row[a]))/sum, r, s)
		}
	}
	walk(0, w.Start%w.Wide, w.Start/w.Wide, 1, 0, make([]float64, len(logits)))
}

// Dynamic programming against all episodes, one by one, and differences.
func TestReturnAgainstEnumeration(t *testing.T) {
	for _, rows := range [][]string{{"S.", "XG"}, {"S#G", "...", "X.."}} {
		w, err := NewWorld(rows, 5)
		require.NoError(t, err)
		logits := uneven(w)
		all, want, gradient := 0.0, 0.0, make([]float64, len(logits))
		enumerate(w, logits, func(p, earned float64, score []float64) {
			all += p
			want += p * earned
			for i, s := range score {
				gradient[i] += p * earned * s
			}
		})
		require.InDelta(t, 1, all, 1e-12)
		require.InDelta(t, want, w.Return(logits), 1e-12)
		require.Less(t, gradcheck.Distance(w.Gradient(logits), gradient), 1e-12)
		differences, err := gradcheck.Central(func() (float64, error) { return w.Return(logits), nil }, logits, 1e-3)
		require.NoError(t, err)
		require.Less(t, gradcheck.Distance(w.Gradient(logits), differences), 1e-5)
	}
}

// The mean number of moves of an episode is what all visits come to, and the greatest
// return that of the shortest way.
func TestVisitsAndBest(t *testing.T) {
	w := tiny(t)
	logits := uneven(w)
	tr := trainer(t, w, logits, Options{Estimator: "reinforce", Batch: 1})
	visits := 0.0
	w.walk(w.Probabilities(logits), func(_ int, at []float64) {
		for s, d := range at {
			if !w.ends[s] {
				visits += d
			}
		}
	})
	const n = 4000
	for i := range n {
		tr.episodes(rng.Key{Seed: 3, Stream: rng.Sample, Step: uint32(i)})
	}
	require.InDelta(t, visits, float64(tr.Moved())/n, 4*float64(w.T)/math.Sqrt(n))
	require.InDelta(t, 1-2*.02, w.Best(), 1e-12)
	w, err := NewWorld([]string{"S#G", "...", "X.."}, 5)
	require.NoError(t, err)
	require.InDelta(t, 1-4*.02, w.Best(), 1e-12)
	w.T = 3 // too short to get there: no hole, then, is best
	require.InDelta(t, -3*.02, w.Best(), 1e-12)
}

// Score functions estimate the gradient without bias. The variance of REINFORCE is
// what the enumeration of all episodes says.
func TestEstimatorsAgainstDynamicProgramming(t *testing.T) {
	w := tiny(t)
	logits := uneven(w)
	draws := 4000
	if testing.Short() {
		draws = 1000
	}
	const n = 4
	quality := map[string]variance.Quality{}
	for _, o := range []Options{{Estimator: "reinforce"}, {Estimator: "reinforce-moving-average"}, {Estimator: "rloo"},
		{Estimator: "all-action:k=4"}, {Estimator: "all-action:k=2,m=2"}, {Estimator: "unordered-set:k=2"}, {Estimator: "gumbel-softmax"}} {
		o.Batch, o.Seed = n, 2
		name := o.Estimator
		q, err := trainer(t, w, logits, o).Quality(draws)
		require.NoError(t, err)
		quality[name] = q
		e, err := relax.Lookup(o.Estimator)
		require.NoError(t, err)
		if e.Relaxed {
			require.Greater(t, q.Bias, 4*q.Error, name)
		} else {
			require.Less(t, q.Bias, 3*q.Error, name)
		}
	}
	exact := w.Gradient(logits)
	variance := 0.0
	enumerate(w, logits, func(p, earned float64, score []float64) {
		for i, s := range score {
			d := earned*s - exact[i]
			variance += p * d * d / n
		}
	})
	require.InEpsilon(t, variance, quality["reinforce"].Variance, 5/math.Sqrt(float64(draws)))
	require.Less(t, quality["all-action:k=4"].Variance, quality["rloo"].Variance)
}

// The gradient of the relaxed walk is that of a plain reading in float64 with the same
// noise, and a walk of hard moves earns what episodes of these moves earn.
func TestRelaxedWalk(t *testing.T) {
	w, err := NewWorld([]string{"S.X", ".#.", "..G"}, 5)
	require.NoError(t, err)
	const n, tau = 6, .7
	noise := func(i, step int) []float64 {
		g := make([]float64, moves)
		relax.Gumbel(g, relax.Key{Seed: 4, Stream: rng.Noise, Step: 9, Row: uint32(step*n + i)})
		return g
	}
	soft := trainer(t, w, uneven(w), Options{Estimator: "gumbel-softmax", Tau: "0.7", Batch: n, Seed: 4})
	require.NoError(t, soft.gradient(9))
	reading := func() (sum float64, err error) {
		for i := range n {
			at := make([]float64, w.Cells())
			at[w.Start] = 1
			for step := range w.T {
				g, norm := noise(i, step), 0.0
				for a := range g {
					for s, p := range at {
						g[a] += p * float64(soft.Logits()[s*moves+a])
					}
					g[a] = math.Exp(g[a] / tau)
					norm += g[a]
				}
				then := make([]float64, len(at))
				for s, p := range at {
					for a := range g {
						sum -= p * g[a] / norm * w.reward[s*moves+a] / n
						then[w.next[s*moves+a]] += p * g[a] / norm
					}
				}
				at = then
			}
		}
		return sum, nil
	}
	got := append([]float32(nil), soft.Grad(0)...)
	want, err := gradcheck.Central(reading, soft.Logits(), 1e-3)
	require.NoError(t, err)
	require.Less(t, gradcheck.Distance(got, want), 1e-4)

	hard := trainer(t, w, uneven(w), Options{Estimator: "st-gumbel", Batch: n, Seed: 4})
	require.NoError(t, hard.gradient(9))
	loss, err := hard.Run()
	require.NoError(t, err)
	earned := 0.0
	for i := range n {
		cell := w.Start
		for step := 0; step < w.T && !w.ends[cell]; step++ {
			g, best := noise(i, step), 0
			for a := range g {
				g[a] += float64(hard.Logits()[cell*moves+a])
				if g[a] > g[best] {
					best = a
				}
			}
			earned += w.reward[cell*moves+best] / n
			cell = w.next[cell*moves+best]
		}
	}
	require.InDelta(t, -earned, loss, 1e-6)
}

// Training finds the way, by whatever has little or no bias; and it is the same
// however many threads there are.
func TestTraining(t *testing.T) {
	w, err := NewWorld([]string{"S..", ".#.", "X.G"}, 8)
	require.NoError(t, err)
	for _, estimator := range []string{"rloo", "all-action:k=4", "reinmax"} {
		var before []float32
		for _, threads := range []int{1, 3} {
			kernel.SetThreads(threads)
			tr := trainer(t, w, nil, Options{Estimator: estimator, Batch: 16, Steps: 80, LR: .1, Seed: 1})
			for range tr.Steps {
				require.NoError(t, tr.Step())
			}
			kernel.SetThreads(0)
			require.Greater(t, w.Return(tr.Logits()), .9*w.Best(), estimator)
			if before != nil {
				require.Equal(t, before, tr.Logits())
			}
			before = tr.Logits()
		}
	}
}

func TestRefusals(t *testing.T) {
	w := tiny(t)
	for _, estimator := range []string{"seqgan", "self-critic"} {
		_, err := NewTrainer(w, Options{Estimator: estimator, Tau: "1", Batch: 2})
		require.ErrorContains(t, err, "needs more than rewards")
	}
	_, err := NewWorld([]string{"G."}, 3)
	require.ErrorContains(t, err, "no start")
	_, err = NewWorld([]string{"S?"}, 3)
	require.ErrorContains(t, err, "not known")
}
