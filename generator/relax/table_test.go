package relax

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// relaxedOnes are the rows of the relaxed estimators.
func relaxedOnes() []Estimator {
	return slices.DeleteFunc(Estimators(), func(e Estimator) bool { return !e.Relaxed })
}

// Every row makes what it says, in both precisions, and says it in full.
func TestTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Estimators() {
		require.False(t, seen[e.Name])
		seen[e.Name] = true
		require.NotEmpty(t, e.Summary)
		require.NotContains(t, e.Summary, "\n")
		single, err := New[float32](e.Spec())
		require.NoError(t, err)
		double, err := New[float64](e.Name)
		require.NoError(t, err)
		require.Equal(t, e.Relaxed, single.Relaxed != nil)
		require.Equal(t, e.Relaxed, double.Relaxed != nil)
		if e.Relaxed {
			require.Equal(t, e.Hard, single.Relaxed.Hard())
		} else {
			forms := 0
			for _, has := range []bool{single.Baseline != nil, single.Joint != nil, single.Actions != nil, single.Actions == nil && single.Completions > 0} {
				if has {
					forms++
				}
			}
			require.Equal(t, 1, forms, e.Name)
			require.Equal(t, single.Baseline == nil && single.Joint == nil, single.Completions > 0)
			_, err := Parse[float32](e.Name)
			require.ErrorContains(t, err, "choose one of gumbel-softmax, ")
			require.NotContains(t, err.Error(), "rloo,")
		}
		row, err := Lookup(e.Spec())
		require.NoError(t, err)
		require.Equal(t, e.Name, row.Name)
	}
	_, err := New[float64]("magic:x=1")
	require.ErrorContains(t, err, "choose one of gumbel-softmax, st-gumbel")
	require.ErrorContains(t, err, "or a score function: reinforce, ")
}

// KeepsRow and IgnoresTau are what the estimators do.
func TestTableKnowsWhatIsKept(t *testing.T) {
	for _, e := range relaxedOnes() {
		r, err := Parse[float64](e.Name)
		require.NoError(t, err)
		rows := map[float64][]float64{}
		ids := map[float64]int{}
		for _, tau := range []float64{0.5, 2} {
			row := []float64{0.3, -1, 0.7, 0.1}
			ids[tau] = r.Forward(row, tau, Key{Seed: 5})
			rows[tau] = slices.Clone(row)
			dy := []float64{1, -0.5, 0.2, 0.4}
			r.Backward(dy, row, dy, ids[tau], tau, Key{Seed: 5})
			rows[-tau] = dy
		}
		require.Equal(t, e.IgnoresTau, slices.Equal(rows[-0.5], rows[-2]), "%s: gradients at two tau", e.Name)
		sum := 0.0
		for _, v := range rows[2] {
			sum += v
		}
		if e.KeepsRow {
			require.InDelta(t, 1, sum, 1e-12, "%s keeps a relaxed row", e.Name)
		}
	}
}

func TestCanonical(t *testing.T) {
	for spelling, want := range map[string]string{
		"gs_tau0.5": "gumbel-softmax:tau=0.5", "rloo_n4": "rloo:n=4", "reinforce_greedy_baseline": "self-critic",
		"stgs_tau1e-2": "st-gumbel:tau=1e-2", "gumbel_rao_m10_tau0.5": "gumbel-rao:m=10,tau=0.5", "gapped_st_gapP_tau1": "gapped-st:gap=p,tau=1",
		"reinforce_ema_baseline_beta0.9": "reinforce-moving-average:decay=0.9", "seq_all_action_k2_m1": "all-action:k=2,m=1", "seq_rollout_q_m4": "seqgan:m=4",
		"zgr": "zgr", "reinmax_tau1": "reinmax:tau=1", "rloo": "rloo", "gumbel-rao:m=3": "gumbel-rao:m=3", "st": "straight-through", "seq_token_q": "seq_token_q", "rein*": "rein*", "": "",
	} {
		require.Equal(t, want, Canonical(spelling), spelling)
		require.Equal(t, want, Canonical(want))
	}
	self, err := New[float64]("reinforce_greedy_baseline")
	require.NoError(t, err)
	require.True(t, self.Baseline.Reads() == GreedyRewards)
	require.True(t, strings.HasPrefix(Estimators()[0].Spec(), "gumbel"))
}
