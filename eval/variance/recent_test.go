package variance

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"
	"textgan/internal/feedback"
)

// Rounding is no bias: linear f with equal coefficients, whose gradient is 0,
// coefficients that differ by 1 at any level, and a probability of nearly 1.
func TestRoundingIsNoBias(t *testing.T) {
	unbiased := []string{"reinforce", "reinforce_mean_baseline", "reinforce_optimal_scalar_baseline", "reinforce_greedy_baseline",
		"reinforce_ema_baseline_beta0.9", "rloo_n4", "unordered_set_k2", "muprop", "st_tau1", "reinmax_tau1", "zgr",
		"double_cv_n2_alpha-1", "rloo_optimal_n3", "indecater_n1", "reinmax_loo_n2", "carms_n2"}
	verdicts := func(logits, c string) map[string]Result {
		p, err := Read(strings.NewReader(fmt.Sprintf(`{"K":3,"T":1,"structure":"independent","params":{"logits":[%s]},"f":{"type":"linear","c":%s}}`, logits, c)), "test")
		require.NoError(t, err)
		return measure(t, p, 0, append(unbiased, "NEGATIVE_batch_mean_baseline_n4")...)
	}
	hold := func(what string, m map[string]Result) {
		for _, name := range unbiased {
			require.True(t, m[name].Exact, name)
			require.False(t, m[name].Biased, "%s: %s, bias %g of %g", what, name, m[name].Bias, m[name].Trace)
		}
	}
	const logits = "[0.3, -0.2, 0.9]"
	for B := 1.0; B <= 1e12; B *= 10 {
		m := verdicts(logits, fmt.Sprintf("[%.0f, %.0f, %.0f]", B+1, B, B-1))
		hold(fmt.Sprint(B), m)
		require.True(t, m["NEGATIVE_batch_mean_baseline_n4"].Biased, "at %g", B)
		hold(fmt.Sprint("equal ", B), verdicts(logits, fmt.Sprintf("[%.0f, %.0f, %.0f]", B, B, B)))
	}
	hold("sharp", verdicts("[30, 0, -1]", "[1, 2, 3]"))
}

// What the estimators of several sequences become in the cases that are known.
func TestRecentIdentities(t *testing.T) {
	same := func(m map[string]Result, a, b string) {
		t.Helper()
		require.InDeltaSlice(t, m[a].Mean, m[b].Mean, 1e-12, "%s, %s", a, b)
		require.InDeltaSlice(t, m[a].Variance, m[b].Variance, 1e-11, "%s, %s", a, b)
	}
	m := measure(t, testProblem(t, choice4), 0, "double_cv_n2_alpha0", "double_cv_n2_alpha-1", "rloo_n2", "rloo_optimal_n2",
		"rodeo_linear_n2", "indecater_n1", "reinmax_loo_n2", "reinmax_tau1", "NEGATIVE_grpo_n3", "NEGATIVE_double_cv_own_n2_alpha-1", "maligan_n2", "maligan_n4")
	same(m, "double_cv_n2_alpha0", "rloo_n2")
	same(m, "rloo_optimal_n2", "rloo_n2")
	same(m, "rodeo_linear_n2", "double_cv_n2_alpha-1")
	require.Less(t, m["indecater_n1"].Trace, 1e-28, "one choice leaves nothing to draw")
	require.InDeltaSlice(t, m["reinmax_tau1"].Mean, m["reinmax_loo_n2"].Mean, 1e-14, "centring leaves the mean")
	require.True(t, m["NEGATIVE_grpo_n3"].Biased)
	require.True(t, m["NEGATIVE_double_cv_own_n2_alpha-1"].Biased)
	require.Less(t, m["maligan_n4"].Bias, m["maligan_n2"].Bias, "the bias of self-normalised weights falls with n")

	linear := measure(t, builtinProblem(t, "bandit"), 0, "double_cv_n2_alpha-1", "reinmax_loo_n2")
	require.Less(t, linear["double_cv_n2_alpha-1"].Trace, 1e-28, "no variance for linear f")
	require.Less(t, linear["reinmax_loo_n2"].Trace, 1e-28, "no variance for linear f")

	// Two ids and two samples: CARMS is DisARM, exact for one Bernoulli of 1/2
	// and linear in the difference of f.
	bits := measure(t, builtinProblem(t, "rebar-toy-0.45"), 0, "carms_n2")
	require.False(t, bits["carms_n2"].Biased)
	require.Less(t, bits["carms_n2"].Trace, 1e-28)

	// With independent draws CARMS is leave-one-out.
	l := &lab{states: enumerate(testProblem(t, "k2_t3_independent_quadform"))}
	product := make([]float64, l.T*l.K*l.K)
	for c := range l.T {
		p := l.row(l.p, l.path[c])
		for i := range l.K * l.K {
			product[c*l.K*l.K+i] = p[i/l.K] * p[i%l.K]
		}
	}
	independent := l.carmsPairs(product)
	rloo := measure(t, testProblem(t, "k2_t3_independent_quadform"), 0, "rloo_n2")["rloo_n2"]
	require.InDeltaSlice(t, rloo.Mean, independent.mean, 1e-12)
	require.InDeltaSlice(t, rloo.Variance, independent.variance, 1e-11)

	// alpha=auto is near the best alpha there is, between RLOO and it.
	auto := measure(t, testProblem(t, choice4), 0, "double_cv_n2_auto", "double_cv_n2_alpha0", "double_cv_n2_alpha-0.5", "double_cv_n2_alpha-1")
	require.False(t, auto["double_cv_n2_auto"].Biased)
	zero, half, one := auto["double_cv_n2_alpha0"].Trace, auto["double_cv_n2_alpha-0.5"].Trace, auto["double_cv_n2_alpha-1"].Trace
	slope, curve := 4*half-3*zero-one, 2*(zero+one-2*half) // the trace is a parabola in -alpha
	best := zero - slope*slope/(4*curve)
	require.InDelta(t, best, auto["double_cv_n2_auto"].Trace, .05*zero)

	// In a chain, with an end token: unbiased, and double CV at 0 is leave-one-out.
	small := measure(t, testProblem(t, "k4_t2_autoregressive_linear_eos1"), 0, "double_cv_n2_alpha-1", "double_cv_n2_alpha0", "rloo_n2", "rloo_optimal_n2", "reinmax_loo_n2", "reinmax_tau1")
	for _, name := range []string{"double_cv_n2_alpha-1", "rloo_optimal_n2"} {
		require.True(t, small[name].Exact)
		require.False(t, small[name].Biased, name)
	}
	same(small, "double_cv_n2_alpha0", "rloo_n2")
	require.InDeltaSlice(t, small["reinmax_tau1"].Mean, small["reinmax_loo_n2"].Mean, 1e-13)
}

// f scaled down, MaliGAN's weights are leave-one-out's but for (n-1)/n.
func TestMaliGANOfSmallF(t *testing.T) {
	const small = 1e-6
	p, err := Read(strings.NewReader(fmt.Sprintf(`{"K":3,"T":1,"structure":"independent","params":{"logits":[[0.3,-0.2,0.9]]},"f":{"type":"linear","c":[%g,%g,%g]}}`, 2*small, -small, 3*small)), "test")
	require.NoError(t, err)
	r, err := Run(context.Background(), p, Options{Estimators: []string{"maligan_n3", "reinforce"}}, nil)
	require.NoError(t, err)
	for k, v := range r.Gradient {
		require.InDelta(t, v*2/3, r.Estimators[0].Mean[k], 1e-5*math.Sqrt(dot(r.Gradient, r.Gradient)))
	}
}

// The relaxed estimators of the laboratory become known ones at the ends of
// their options.
func TestWeightIdentities(t *testing.T) {
	m := measure(t, testProblem(t, choice4), 20_000, "decoupled_st_tf1_tb0.5", "st_tau0.5", "st_tau1", "darn", "zgr", "mve_tau0", "mve", "reinmax_tau1",
		"mve_tau1e9", "reinmax_cv_fresh_m2_tau1_eta0", "reinmax_cv_conditional_m10_tau1_eta1.5", "reinmax_cv_fresh_m10_tau0.5_eta1.5",
		"reinmax_cv_coupled_m10_tau0.5_eta1.5", "reinmax_rao_m10_tau0.02", "reinmax_rao_m1_tau100", "decoupled_st_tf0.5_tb1",
		"reinmax_rao_m1_tau0.5", "reinmax_rao_m2_tau0.5", "reinmax_rao_m8_tau0.5")
	near := func(what string, got Result, want []float64) {
		t.Helper()
		for k, v := range got.Mean {
			require.InDelta(t, want[k], v, 5*got.MeanSE[k]+1e-12, "%s, component %d", what, k)
		}
	}
	require.InDeltaSlice(t, m["st_tau0.5"].Mean, m["decoupled_st_tf1_tb0.5"].Mean, 1e-14)
	require.InDeltaSlice(t, m["st_tau0.5"].Variance, m["decoupled_st_tf1_tb0.5"].Variance, 1e-14)
	require.True(t, m["decoupled_st_tf0.5_tb1"].Biased)
	for k, v := range m["zgr"].Mean {
		require.InDelta(t, v, (m["st_tau1"].Mean[k]+m["darn"].Mean[k])/2, 1e-14)
	}
	require.InDeltaSlice(t, m["st_tau1"].Mean, m["mve_tau0"].Mean, 1e-13)
	require.InDeltaSlice(t, m["st_tau1"].Variance, m["mve_tau0"].Variance, 1e-13)
	require.InDeltaSlice(t, m["mve"].Mean, m["mve_tau1e9"].Mean, 1e-6)
	quad := measure(t, testProblem(t, "k2_t3_independent_quadform"), 0, "mve", "mve_tau1")
	require.False(t, quad["mve"].Biased, "exact for quadratic f of independent choices")
	require.True(t, quad["mve_tau1"].Biased)

	// Without its control variate ReinMax-CV is ReinMax. With noise given the
	// id it has ReinMax's mean and more variance; the other two noises must not
	// pass for that.
	reinmax := m["reinmax_tau1"]
	near("eta 0", m["reinmax_cv_fresh_m2_tau1_eta0"], reinmax.Mean)
	conditional := m["reinmax_cv_conditional_m10_tau1_eta1.5"]
	near("conditional", conditional, reinmax.Mean)
	require.Greater(t, conditional.Trace, reinmax.Trace+5*conditional.TraceSE)
	for _, name := range []string{"reinmax_cv_fresh_m10_tau0.5_eta1.5", "reinmax_cv_coupled_m10_tau0.5_eta1.5"} {
		worst := 0.0
		for k, v := range m[name].Mean {
			worst = max(worst, math.Abs(v-reinmax.Mean[k])/m[name].MeanSE[k])
		}
		require.Greater(t, worst, 10.0, "%s passes for ReinMax", name)
	}

	// Cold, ReinMax-Rao is half of DARN; hot, minus half of straight-through. Its
	// variance is A + B/m.
	for k, v := range m["reinmax_rao_m10_tau0.02"].Mean {
		require.InDelta(t, m["darn"].Mean[k]/2, v, 5*m["reinmax_rao_m10_tau0.02"].MeanSE[k]+2e-3)
	}
	for k, v := range m["reinmax_rao_m1_tau100"].Mean {
		require.InDelta(t, -m["st_tau1"].Mean[k]/2, v, 5*m["reinmax_rao_m1_tau100"].MeanSE[k]+5e-3)
	}
	one, two, eight := m["reinmax_rao_m1_tau0.5"], m["reinmax_rao_m2_tau0.5"], m["reinmax_rao_m8_tau0.5"]
	B := 2 * (one.Trace - two.Trace)
	require.InDelta(t, one.Trace-B*7/8, eight.Trace, 5*math.Hypot(4*math.Hypot(one.TraceSE, two.TraceSE), eight.TraceSE))
}

// Denoising that ends where it begins is straight-through; denoising at all is
// not a draw from p.
func TestDenoising(t *testing.T) {
	m := measure(t, testProblem(t, choice4), 30_000, "redge_s2_t1", "redge_s5_t0.2", "st_tau1")
	for k, v := range m["st_tau1"].Mean {
		require.InDelta(t, v, m["redge_s2_t1"].Mean[k], 5*m["redge_s2_t1"].MeanSE[k])
		require.InDelta(t, m["st_tau1"].Variance[k], m["redge_s2_t1"].Variance[k], 5*m["redge_s2_t1"].VarianceSE[k])
	}
	require.True(t, m["redge_s5_t0.2"].Biased)
	p := testProblem(t, choice4)
	row, count := make([]float64, p.K), make([]float64, p.K)
	logits := make([]float64, p.K)
	p.model.logits(newTape(p), 0, logits)
	const n = 20_000
	for i := range uint32(n) {
		copy(row, logits)
		count[redge{5, .2}.Forward(row, 1, drawKey(3, i))]++
	}
	law := append([]float64(nil), logits...)
	relax.Softmax(law, law, 1)
	chi := 0.0
	for k, q := range law {
		chi += (count[k] - n*q) * (count[k] - n*q) / (n * q)
	}
	require.Greater(t, chi, 21.1, "the law is not that of the model") // 3 degrees of freedom, p = 1e-4

	// The gradient is the derivative of the denoised h.
	dy, grad, key := []float64{1, -.5, .3, 2}, make([]float64, 4), drawKey(1, 2)
	e := redge{4, .4}
	e.Backward(grad, logits, dy, 0, 1, key)
	for k := range logits {
		at := func(step float64) float64 {
			z := append([]float64(nil), logits...)
			z[k] += step
			h, _ := e.path(z, key)
			return dot(h[len(h)-1], dy)
		}
		require.InDelta(t, (at(1e-5)-at(-1e-5))/2e-5, grad[k], 1e-8)
	}
}

// What I-MLE's second argmax is, given the first, against draws.
func TestSwitched(t *testing.T) {
	logits, shift := []float64{.3, -.5, 1, .1}, []float64{.8, -1.2, .4, -.3}
	const n, id = 100_000, 2
	p, count, drawn := make([]float64, 4), make([]float64, 4), 0.0
	for i := range uint32(n) {
		z := make([]float64, 4)
		relax.Gumbel(z, drawKey(9, i))
		axpy(1, logits, z)
		if argmax(z) != id {
			continue
		}
		axpy(-1, shift, z)
		count[argmax(z)]++
		drawn++
	}
	switched(p, logits, shift, id)
	sum := 0.0
	for k, q := range p {
		sum += q
		require.InDelta(t, q, count[k]/drawn, 5*math.Sqrt(q*(1-q)/drawn)+1e-9)
	}
	require.InDelta(t, 1, sum, 1e-12)
}

// The integrals over the triangle against the draws of the same code that trains,
// and in the known multiples of the gradient that the mean of the control variate
// of linear f is near to: as tau falls it tends to -1/4 of straight-through with
// fresh noise, and to 1/2 of ReinMax with that of the draw.
func TestNoiseOnTheTriangle(t *testing.T) {
	const linear = `{"id":"triangle","K":3,"T":1,"structure":"independent","params":{"logits":[[-0.6931471805599453,-1.2039728043259361,-1.6094379124341003]]},"f":{"type":"linear","c":[1,-0.5,0.25]}}`
	p, err := Read(strings.NewReader(linear), "test")
	require.NoError(t, err)
	factor := func(name string) float64 {
		m := measure(t, p, 0, name)[name]
		require.True(t, m.Exact)
		l := enumerate(p)
		return dot(m.Mean, l.gradient) / dot(l.gradient, l.gradient)
	}
	for name, want := range map[string]float64{
		"reinmax_cv_fresh_m10_tau0.1_eta1": 1 - .215, "reinmax_cv_fresh_m10_tau1_eta1": 1 - .042, "reinmax_cv_fresh_m10_tau2_eta1": 1 - .009,
		"reinmax_cv_coupled_m10_tau0.1_eta1": 1 + .534, "reinmax_cv_coupled_m10_tau1_eta1": 1 + .225, "reinmax_cv_conditional_m10_tau1_eta1": 1,
	} {
		require.InDelta(t, want, factor(name), .02, name)
	}
	_, ok := (&lab{states: enumerate(p)}).reinMaxNoise(10, .001, 1, relax.FreshNoise)
	require.False(t, ok, "too sharp for the rule")
	m := measure(t, p, 0, "reinmax_tau1", "reinmax_cv_conditional_m10_tau1_eta1", "reinmax_cv_fresh_m10_tau1_eta1", "reinmax_cv_coupled_m10_tau1_eta1", "NEGATIVE_reinmax_cv_stored_sample_m10_tau1_eta1")
	require.False(t, m["reinmax_tau1"].Biased, "exact for linear f")
	require.False(t, m["reinmax_cv_conditional_m10_tau1_eta1"].Biased)
	require.True(t, m["reinmax_cv_fresh_m10_tau1_eta1"].Biased)
	require.True(t, m["reinmax_cv_coupled_m10_tau1_eta1"].Biased)
	require.Greater(t, m["reinmax_cv_conditional_m10_tau1_eta1"].Trace, m["reinmax_tau1"].Trace)
}

// A tempered law of a recurrent model is that of its logits divided.
func TestDecoupledOfARecurrence(t *testing.T) {
	m := measure(t, testProblem(t, sentence), 0, "decoupled_st_tf1_tb1", "st_tau1", "decoupled_st_tf0.5_tb1")
	require.InDeltaSlice(t, m["st_tau1"].Mean, m["decoupled_st_tf1_tb1"].Mean, 1e-14)
	require.True(t, m["decoupled_st_tf0.5_tb1"].Biased)
}

// I-MLE at a small lambda has the mean of linear f's gradient, and what is summed
// over agrees with draws.
func TestIMLEOfLinearF(t *testing.T) {
	p := builtinProblem(t, "bandit")
	x := measure(t, p, 0, "imle_lambda0.05")["imle_lambda0.05"]
	require.True(t, x.Exact)
	g := measure(t, p, 0, "st_tau1")["st_tau1"].Mean
	d := enumerate(p).chainOf(imle{lambda: .05}, feedback.Soft, 1, 20_000, 20_000, 1)
	for k, v := range x.Mean {
		require.InDelta(t, g[k], v, .02)
		require.InDelta(t, d.mean[k], v, 5*d.meanSE[k])
		require.InDelta(t, d.variance[k], x.Variance[k], 5*d.varianceSE[k])
	}
}
