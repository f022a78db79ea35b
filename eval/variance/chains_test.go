package variance

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"
)

// chains are problems whose choices depend on one another, or end early.
var chains = []string{
	sentence, "k3_t3_rnn_quadform", "k2_t4_autoregressive_quadratic_eos0", "k4_t2_autoregressive_linear_eos1",
	"k3_t2_independent_mlp_eos2", "k5_t1_rnn_linear",
}

// Step by step, control variates and swaps leave the mean where it is, as do
// several actions at every step.
func TestChainsAreUnbiased(t *testing.T) {
	for _, name := range chains {
		p := testProblem(t, name)
		names := []string{"muprop", "rebar_lambda0.5_eta1", "rebar_lambda0.2_eta-2", "rebar_coupled_lambda1_eta1", "relax_lambda0.5", "arsm"}
		if p.T > 1 {
			names = append(names, "seq_all_action_k1_m1", "seq_all_action_k2_m3", fmt.Sprintf("seq_all_action_k%d_m1", p.K),
				"seq_unordered_set_k2_m1", fmt.Sprintf("seq_unordered_set_k%d_m2", p.K))
		}
		for name, x := range measure(t, p, 40_000, names...) {
			require.False(t, x.Biased, "%s on %s: %.1f standard errors", name, p.ID, x.MaxZ)
			require.Less(t, x.MaxZ, 5.0, "%s on %s", name, p.ID)
			require.Equal(t, name == "muprop", x.Exact)
			require.Equal(t, p.ID == "k5_t1_rnn_linear" && name == "muprop", x.Trace < 1e-25, "%s on %s", name, p.ID)
		}
	}
}

// One choice is the same choice in a chain: what the two ways have in common
// must agree.
func TestChainOfOne(t *testing.T) {
	s := enumerate(testProblem(t, choice4))
	one, chain := s.muProp(), s.chainedMuProp()
	require.InDeltaSlice(t, one.mean, chain.mean, 1e-14)
	require.InDeltaSlice(t, one.variance, chain.variance, 1e-14)
	same := func(one, chain sampler) {
		f, g := one(), chain()
		for i := range uint32(50) {
			a, b := make([]float64, s.Params()), make([]float64, s.Params())
			f(i, a)
			g(i, b)
			require.InDeltaSlice(t, a, b, 1e-12)
		}
	}
	for _, coupled := range []bool{false, true} {
		same(s.controlled(s.f, 0.5, 0.8, coupled, 1), s.chainedControl(func() control { return s.meanField(s.f) }, 0.5, 0.8, coupled, 1))
	}
	same(s.controlled(s.fitSurrogate(), 0.5, 1, false, 1), s.chainedControl(s.critic, 0.5, 1, false, 1))
	same(s.arsm(1), s.chainedARSM(1))
}

// Without control REBAR in a chain is REINFORCE; the value of the mean field is
// f at a one-hot vector, and its slope is a derivative.
func TestMeanField(t *testing.T) {
	for _, name := range chains {
		s := enumerate(testProblem(t, name))
		c, w := s.meanField(s.f), newTape(s.Problem)
		y, dy, at := make([]float64, s.K), make([]float64, s.K), make([]float64, s.K)
		for i := range s.fx {
			clear(w.u)
			for step := range s.steps(i) {
				s.model.logits(w, step, at)
				node, id := s.path[i*s.T+step], s.ids[i*s.T+step]
				clear(y)
				y[id] = 1
				if v := c(w, step, node, y, dy); s.next[node*s.K+id] < 0 {
					require.InDelta(t, s.fx[i], v, 1e-13, "nothing comes after: %s", name)
				}
				const h = 1e-6
				for k := range y {
					relax.Softmax(y, at, 1)
					c(w, step, node, y, dy)
					slope := dy[k]
					y[k] += h
					up := c(w, step, node, y, dy)
					y[k] -= 2 * h
					require.InDelta(t, (up-c(w, step, node, y, dy))/(2*h), slope, 1e-7, name)
				}
				clear(w.u[step*s.K:])
				w.input(step)[id] = 1
			}
		}
	}
	p := testProblem(t, sentence)
	m := measure(t, p, 40_000, "rebar_lambda0.5_eta0", "reinforce")
	zero, plain := m["rebar_lambda0.5_eta0"], m["reinforce"]
	require.Less(t, apart(zero.Variance, plain.Variance, zero.VarianceSE, plain.VarianceSE), 5.0)
}

// All actions, valued by very many completions, tend to the exact values.
func TestActionsTendToCritic(t *testing.T) {
	p := testProblem(t, "k4_t2_autoregressive_linear_eos1")
	m := measure(t, p, 5_000, "seq_all_action_k4_m400", "seq_unordered_set_k4_m400", "seq_all_action")
	want := m["seq_all_action"]
	for _, name := range []string{"seq_all_action_k4_m400", "seq_unordered_set_k4_m400"} {
		require.InEpsilon(t, want.Trace, m[name].Trace, 0.1, name)
	}
}
