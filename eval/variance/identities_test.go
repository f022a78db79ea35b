package variance

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/rng"
)

func testProblem(t testing.TB, name string) *Problem {
	f, err := os.Open(filepath.Join("testdata", name+".json"))
	require.NoError(t, err)
	defer f.Close()
	p, err := Read(f, name)
	require.NoError(t, err)
	return p
}

func builtinProblem(t testing.TB, name string) *Problem {
	p, err := Builtin(name)
	require.NoError(t, err)
	return p
}

// measure returns the results by name.
func measure(t testing.TB, p *Problem, samples int, names ...string) map[string]Result {
	r, err := Run(context.Background(), p, Options{Estimators: names, Samples: samples, Seed: 3}, nil)
	require.NoError(t, err)
	m := map[string]Result{}
	for _, x := range r.Estimators {
		m[x.Name] = x
	}
	return m
}

// apart is the greatest distance of two vectors in combined standard errors.
func apart(a, b, sa, sb []float64) (z float64) {
	for k := range a {
		z = max(z, math.Abs(a[k]-b[k])/(math.Hypot(sa[k], sb[k])+1e-12))
	}
	return z
}

const (
	sentence = "k3_t3_rnn_mlp_eos0"
	choice4  = "k4_t1_independent_mlp"
	bits     = "k2_t3_independent_quadform"
)

func TestZGRIsReinMax(t *testing.T) {
	for _, name := range []string{sentence, choice4, "k2_t4_autoregressive_quadratic_eos0"} {
		m := measure(t, testProblem(t, name), 0, "zgr", "reinmax_tau1")
		require.InDeltaSlice(t, m["reinmax_tau1"].Mean, m["zgr"].Mean, 1e-14)
		require.InDeltaSlice(t, m["reinmax_tau1"].Variance, m["zgr"].Variance, 1e-14)
	}
}

// E[GR_m] = E[ST-GS] for every m, and Var[GR_m] = A + B/m.
func TestGumbelRao(t *testing.T) {
	m := measure(t, testProblem(t, choice4), 40_000, "stgs_tau0.5", "gumbel_rao_m1_tau0.5", "gumbel_rao_m2_tau0.5", "gumbel_rao_m8_tau0.5")
	st, one, two, eight := m["stgs_tau0.5"], m["gumbel_rao_m1_tau0.5"], m["gumbel_rao_m2_tau0.5"], m["gumbel_rao_m8_tau0.5"]
	for _, x := range []Result{one, two, eight} {
		require.Less(t, apart(st.Mean, x.Mean, st.MeanSE, x.MeanSE), 5.0)
	}
	require.Less(t, apart(st.Variance, one.Variance, st.VarianceSE, one.VarianceSE), 5.0)
	for k := range one.Variance {
		// m = 1 and 8 give A and B, which must predict m = 2.
		b := (one.Variance[k] - eight.Variance[k]) * 8 / 7
		a := one.Variance[k] - b
		require.Greater(t, b, 10*(one.VarianceSE[k]+eight.VarianceSE[k]))
		require.InDelta(t, a+b/2, two.Variance[k], 5*(one.VarianceSE[k]+two.VarianceSE[k]+eight.VarianceSE[k]))
	}
}

func TestExactWhereTheoryPromises(t *testing.T) {
	bandit := measure(t, builtinProblem(t, "bandit"), 0, "st_tau1", "muprop", "st_tau0.5")
	require.False(t, bandit["st_tau1"].Biased, "straight-through is exact for linear f")
	require.True(t, bandit["st_tau0.5"].Biased)
	require.Less(t, bandit["muprop"].Trace, 1e-25, "MuProp has no variance for linear f")

	quad := measure(t, testProblem(t, bits), 0, "reinmax_*", "st_tau1")
	require.False(t, quad["reinmax_tau1"].Biased, "ReinMax is exact for quadratic f")
	require.True(t, quad["reinmax_tau1.5"].Biased)
	require.True(t, quad["st_tau1"].Biased)

	toy := measure(t, builtinProblem(t, "rebar-toy-0.45"), 0, "unordered_set_k2", "reinforce_optimal_scalar_baseline")
	require.Less(t, toy["reinforce_optimal_scalar_baseline"].Trace, 1e-25, "no variance for one Bernoulli")
	require.Less(t, toy["unordered_set_k2"].Trace, 1e-25, "all states are in the set")
	all := measure(t, testProblem(t, bits), 0, "unordered_set_k8")["unordered_set_k8"]
	require.Less(t, all.Trace, 1e-25)
	require.False(t, all.Biased)
}

// The published variances of the REBAR toy, in the logit of the one Bernoulli:
// per component of a two-way softmax they are the same.
func TestRebarToy(t *testing.T) {
	m := measure(t, builtinProblem(t, "rebar-toy-0.45"), 100_000, "reinforce", "rloo_n2", "rebar_lambda0.5_eta1", "reinmax_tau1", "arsm")
	for name, want := range map[string]float64{"reinforce": .0159, "rloo_n2": 6.3e-4, "rebar_lambda0.5_eta1": .0227, "reinmax_tau1": .0625, "arsm": 2.1e-4} {
		require.InEpsilon(t, want, m[name].Variance[0], 0.03, name)
	}
	require.InDelta(t, 0.025, m["reinforce"].Mean[1], 1e-12)
}

func TestRebarIsUnbiased(t *testing.T) {
	p := testProblem(t, bits)
	m := measure(t, p, 30_000, "rebar_lambda0.5_eta0", "rebar_lambda0.2_eta2", "rebar_coupled_lambda1_eta-1", "relax_lambda0.5", "arsm", "reinforce")
	for name, x := range m {
		require.False(t, x.Biased, "%s: %.1f standard errors", name, x.MaxZ)
	}
	zero, plain := m["rebar_lambda0.5_eta0"], m["reinforce"]
	require.Less(t, apart(zero.Variance, plain.Variance, zero.VarianceSE, plain.VarianceSE), 5.0, "without control it is REINFORCE")
}

// The surrogate fitted to a function of single choices is that function.
func TestFittedSurrogate(t *testing.T) {
	p := testProblem(t, bits)
	p.f = linear{[]float64{1, -2, 0.5, 3, 0.25, -1}}
	s := enumerate(p)
	c, x := s.fitSurrogate(), make([]float64, p.T*p.K)
	for i, f := range s.fx {
		s.oneHot(x, i)
		require.InDelta(t, f, c.value(x), 1e-12)
	}
}

// Softmax ignores a shift of its logits, so the gradient of the logits of one
// choice sums to zero, whatever the estimator.
func TestGradientsSumToZero(t *testing.T) {
	for _, name := range []string{choice4, bits, "k3_t2_independent_mlp_eos2", "bandit"} {
		p, err := Builtin(name)
		if err != nil {
			p = testProblem(t, name)
		}
		r, err := Run(context.Background(), p, Options{Samples: MinSamples}, nil)
		require.NoError(t, err)
		require.Greater(t, len(r.Estimators), 30)
		for _, x := range r.Estimators {
			for row := 0; row < len(x.Mean); row += p.K {
				var sum float64
				for _, v := range x.Mean[row : row+p.K] {
					sum += v
				}
				require.InDelta(t, 0, sum, 1e-10, "%s on %s", x.Name, name)
			}
		}
	}
}

// Warmer samples vary less and are further from the truth.
func TestTauTradesBiasForVariance(t *testing.T) {
	m := measure(t, builtinProblem(t, "short-sequence"), 10_000, "gs_tau*")
	last := Result{Trace: math.Inf(1)}
	for _, tau := range []string{"0.5", "1", "2", "4"} {
		name := "gs_tau" + tau
		x, ok := m[name]
		if !ok {
			x = measure(t, builtinProblem(t, "short-sequence"), 10_000, name)[name]
		}
		require.Less(t, x.Trace, last.Trace)
		require.Greater(t, x.Bias, last.Bias)
		last = x
	}
}

// What training calls, summed over all tuples of states, has the closed form.
func TestLeaveOneOutIsTrainings(t *testing.T) {
	for _, name := range []string{choice4, "k3_t2_independent_mlp_eos2"} {
		s := enumerate(testProblem(t, name))
		for n := 2; n <= 3; n++ {
			rloo, err := relax.New[float64]("rloo")
			baseline := rloo.Baseline
			require.NoError(t, err)
			P := s.Params()
			mean, square, out := make([]float64, P), make([]float64, P), make([]float64, P)
			tuple, rewards, mask, w := make([]int, n), make([]float64, n), make([]float64, n), make([]float64, n)
			for i := range mask {
				mask[i] = 1
			}
			var fill func(at int, p float64)
			fill = func(at int, p float64) {
				if at < n {
					for i := range s.fx {
						tuple[at], rewards[at] = i, s.fx[i]
						fill(at+1, p*s.prob[i])
					}
					return
				}
				baseline.Advantage(w, rewards, nil)
				relax.SequenceWeights(w, w, mask)
				clear(out)
				for j, i := range tuple {
					axpy(w[j], s.scoreOf(i), out)
				}
				for k, v := range out {
					mean[k] += p * v
					square[k] += p * v * v
				}
			}
			fill(0, 1)
			want := s.leaveOneOut(float64(n))
			for k := range mean {
				require.InDelta(t, want.mean[k], mean[k], 1e-12)
				require.InDelta(t, want.variance[k], square[k]-mean[k]*mean[k], 1e-12)
			}
		}
	}
}

// The moving average and the roll-outs of training, drawn, have the mean and
// the variance that the laboratory computes.
func TestDrawnScoreFunctionsAreTrainings(t *testing.T) {
	s := enumerate(testProblem(t, "k4_t2_autoregressive_linear_eos1"))
	cumulative := make([]float64, len(s.prob))
	var sum float64
	for i, p := range s.prob {
		sum += p
		cumulative[i] = sum
	}
	const beta, burn = 0.8, 60 // 0.8^60 is 1.5e-6
	drawn := draw(s.Params(), 40_000, func() func(uint32, []float64) {
		return func(i uint32, out []float64) {
			src := drawKey(9, i).Source()
			b := &relax.MovingAverage[float64]{Decay: beta}
			var a [1]float64
			state := 0
			for range burn {
				u := src.Float64() * sum
				for state = 0; cumulative[state] < u; state++ {
				}
				b.Advantage(a[:], s.fx[state:state+1], nil)
			}
			clear(out)
			axpy(a[0], s.scoreOf(state), out)
		}
	})
	exact := s.movingAverage(beta)
	require.Less(t, apart(drawn.mean, exact.mean, drawn.meanSE, exact.meanSE), 5.0)
	require.Less(t, apart(drawn.variance, exact.variance, drawn.varianceSE, exact.varianceSE), 5.0)

	const n, m = 3, 2
	drawn = draw(s.Params(), 20_000, s.rollouts(n, m, false, 5))
	exact = s.perToken(s.tokenQ, func(i, t int) float64 { return s.after(i, t) / m })
	for k := range exact.variance {
		exact.variance[k] /= n
	}
	require.Less(t, apart(drawn.mean, exact.mean, drawn.meanSE, exact.meanSE), 5.0)
	require.Less(t, apart(drawn.variance, exact.variance, drawn.varianceSE, exact.varianceSE), 5.0)
}

// Sets that are too many to sum over are drawn, and agree.
func TestDrawnSets(t *testing.T) {
	s := enumerate(testProblem(t, "k3_t2_independent_mlp_eos2"))
	exact, drawn := s.unorderedSet(3, 0, 0), draw(s.Params(), 20_000, s.drawSets(3, 1))
	require.True(t, exact.exact)
	require.Less(t, apart(drawn.mean, exact.mean, drawn.meanSE, exact.meanSE), 5.0)
	require.Less(t, apart(drawn.variance, exact.variance, drawn.varianceSE, exact.varianceSE), 5.0)
}

// Every wrong variant must be flagged, and no unbiased one may be.
func TestNegativeControls(t *testing.T) {
	flagged := map[string]bool{}
	for _, name := range []string{sentence, "k4_t2_autoregressive_linear_eos1", "short-sequence"} {
		p, err := Builtin(name)
		if err != nil {
			p = testProblem(t, name)
		}
		names := []string{"NEGATIVE_*", "reinforce*", "rloo_*", "seq_*", "unordered_set_k2"}
		for name, x := range measure(t, p, 25_000, names...) {
			if !x.Negative {
				require.False(t, x.Biased, name)
				continue
			}
			flagged[name] = flagged[name] || x.Biased
			if name == "NEGATIVE_double_cv_own_n2_alpha-1" && strings.Contains(p.ID, "linear") {
				require.False(t, x.Biased, "the derivative of linear f knows nothing of the sample")
				continue
			}
			if !strings.HasSuffix(name, "_noise") {
				require.True(t, x.Biased, "%s on %s", name, p.ID)
			}
		}
	}
	require.Len(t, flagged, 12)
	for name, ok := range flagged {
		require.True(t, ok, name)
	}

	// These two are wrong about what they are called, so they are held against
	// what has the name, not against the gradient.
	m := measure(t, testProblem(t, sentence), 60_000, "stgs_tau0.5", "gumbel_rao_m10_tau0.5", "NEGATIVE_gumbel_rao_through_noise_m10_tau0.5", "gs_tau1", "gs_tau1_detached_feed")
	st, right, wrong := m["stgs_tau0.5"], m["gumbel_rao_m10_tau0.5"], m["NEGATIVE_gumbel_rao_through_noise_m10_tau0.5"]
	require.Less(t, apart(st.Mean, right.Mean, st.MeanSE, right.MeanSE), 5.0)
	require.Greater(t, apart(st.Mean, wrong.Mean, st.MeanSE, wrong.MeanSE), 10.0)
	soft, detached := m["gs_tau1"], m["gs_tau1_detached_feed"]
	require.Greater(t, apart(soft.Mean, detached.Mean, soft.MeanSE, detached.MeanSE), 10.0)
}

// Gumbel-Softmax with soft feedback is unbiased for the relaxed loss: with the
// noise fixed it is the derivative of f of the relaxed sequence.
func TestSoftFeedbackIsADerivative(t *testing.T) {
	for _, name := range []string{sentence, "k4_t2_autoregressive_linear_eos1"} {
		p := testProblem(t, name)
		e, err := relax.Parse[float64]("gumbel-softmax")
		require.NoError(t, err)
		c := newRelaxedChain(p, e, feedback.Soft, 0.8)
		grad := make([]float64, p.Params())
		const h = 1e-6
		for i := range uint32(5) {
			key := drawKey(1, i)
			c.estimate(grad, key, nil)
			for name, values := range parametersOf(p) {
				for j := range values.values {
					old := values.values[j]
					var f [2]float64
					for side, step := range []float64{h, -h} {
						values.values[j] = old + step
						c.forward(key, nil)
						f[side] = p.f.value(c.x)
					}
					values.values[j] = old
					require.InDelta(t, (f[0]-f[1])/(2*h), grad[values.offset+j], 1e-7, name)
				}
			}
		}
	}
}

func parametersOf(p *Problem) map[string]parameter {
	switch m := p.model.(type) {
	case *autoregressive:
		out := map[string]parameter{"b": m.b}
		for t, row := range m.w {
			for s, w := range row {
				out[fmt.Sprintf("W_%d_%d", t+1, s+1)] = w
			}
		}
		return out
	case *rnn:
		return map[string]parameter{"U": m.u, "V": m.v, "c": m.c, "O": m.out, "o": m.bias}
	}
	return map[string]parameter{"logits": p.model.(*independent).params}
}

func TestBreakEven(t *testing.T) {
	// A biased estimator with bias^2 = 0.01 and no variance against 1/n.
	at := breakEven(func(float64) float64 { return 0.01 }, func(n float64) float64 { return 1 / n }, 1)
	require.Equal(t, 101.0, *at)
	require.Nil(t, breakEven(func(n float64) float64 { return 0.5 / n }, func(n float64) float64 { return 1 / n }, 1))
	at = breakEven(func(n float64) float64 { return 1 / n }, func(n float64) float64 { return 0.5 / n }, 7)
	require.Equal(t, 7.0, *at)

	p := builtinProblem(t, "short-sequence")
	for name, x := range measure(t, p, MinSamples, "st_tau1", "reinmax_tau1", "reinforce_mean_baseline") {
		rloo := enumerate(p).rlooTrace()
		mse := func(n float64) float64 { return x.Bias*x.Bias + x.Trace/n }
		if x.BreakEven == nil {
			require.Less(t, mse(1e9), rloo(1e9), name)
			continue
		}
		require.Less(t, rloo(*x.BreakEven), mse(*x.BreakEven), name)
		require.GreaterOrEqual(t, rloo(*x.BreakEven-1), mse(*x.BreakEven-1), name)
	}
}

// The interval of the bias covers the truth as often as it says, also when
// there is no bias, and the flag stays down then.
func TestBiasInterval(t *testing.T) {
	s := enumerate(testProblem(t, choice4))
	covered, estimates, squares := 0, 0.0, 0.0
	const runs = 60
	exact := s.scored(0)
	for seed := range uint64(runs) {
		m := draw(s.Params(), 2000, s.controlled(s.f, 0.5, 0, false, seed)) // REINFORCE, drawn
		squared, low, _ := m.biasSquared(exact.mean)
		estimates, squares = estimates+squared/runs, squares+squared*squared/runs
		if low == 0 {
			covered++
		}
		shifted := append([]float64(nil), exact.mean...)
		shifted[0] += 0.3
		_, low, high := m.biasSquared(shifted)
		require.Positive(t, low)
		require.InDelta(t, 0.09, (low+high)/2, 1.5*(high-low))
	}
	require.GreaterOrEqual(t, covered, runs*85/100)
	require.InDelta(t, 0, estimates/math.Sqrt(squares), 5/math.Sqrt(runs), "the estimate of a bias of zero must scatter around zero")
}

// Noise of one direction, and a bias along it of twice the noise of the mean: the interval
// holds it as often as it says.
func TestBiasIntervalOfLoudNoise(t *testing.T) {
	const runs, n, bias = 300, 100, 0.2
	inside := 0
	for i := range uint32(runs) {
		r := rng.Key{Seed: 1, Row: i}.Rand()
		m := moments{}
		for range n {
			m.blocks = append(m.blocks, block{mean: []float64{bias + r.NormFloat64(), 0.01 * r.NormFloat64()}})
		}
		if _, low, high := m.biasSquared([]float64{0, 0}); low <= bias*bias && bias*bias <= high {
			inside++
		}
	}
	t.Logf("%.3f", float64(inside)/runs)
	require.GreaterOrEqual(t, inside, runs*92/100)
}

func TestReportIsJSON(t *testing.T) {
	for _, i := range Builtins() {
		r, err := Run(context.Background(), builtinProblem(t, i.Name), Options{Samples: MinSamples, Estimators: []string{"reinforce*", "st_*", "vimco*", "gs_tau1"}}, nil)
		require.NoError(t, err)
		data, err := json.Marshal(r)
		require.NoError(t, err)
		var back map[string]any
		require.NoError(t, json.Unmarshal(data, &back))
		require.Equal(t, i.Name, back["problem"])
		first := back["estimators"].([]any)[0].(map[string]any)
		for _, key := range []string{"name", "exact", "f_evals", "backward", "mean", "variance", "mean_se", "variance_se", "bias_l2", "trace_variance", "mse"} {
			require.Contains(t, first, key)
		}
		var text strings.Builder
		require.NoError(t, r.WriteText(&text))
		require.Contains(t, text.String(), "RLOO wins from")
	}
}
