package variance

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
