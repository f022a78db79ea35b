package relax

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func baselineOf(t *testing.T, spec string) Baseline[float64] {
	m, err := New[float64](spec)
	require.NoError(t, err)
	require.NotNil(t, m.Baseline)
	return m.Baseline
}

func TestBaselines(t *testing.T) {
	r := []float64{1, 2, 6}
	for _, c := range []struct {
		spec   string
		greedy []float64
		want   []float64
	}{
		{"reinforce", nil, []float64{1, 2, 6}},
		{"reinforce-constant:value=-2", nil, []float64{3, 4, 8}},
		{"self-critic", []float64{1, 1, 2}, []float64{0, 1, 4}},
		{"self-critic", []float64{5}, []float64{-4, -3, 1}},
		{"rloo", nil, []float64{1 - 4, 2 - 3.5, 6 - 1.5}},
	} {
		b := baselineOf(t, c.spec)
		require.Equal(t, c.greedy != nil, b.Reads() == GreedyRewards)
		got := clone(r)
		b.Advantage(got, got, c.greedy)
		require.InDeltaSlice(t, c.want, got, 1e-15, c.spec)
	}
	optimal := baselineOf(t, "rloo-optimal")
	require.Equal(t, ScoreSquares, optimal.Reads())
	got := clone(r)
	optimal.Advantage(got, got, []float64{1, 2, 5})
	require.InDeltaSlice(t, []float64{1 - (2*2+6*5)/7., 2 - (1+6*5)/6., 6 - (1+2*2)/3.}, got, 1e-15)
	optimal.Advantage(got, r, []float64{1e-30, 1, 1e-30})
	require.InDelta(t, 2-3.5, got[1], 1e-12, "small scores are not lost")
	optimal.Advantage(got[:1], r[:1], []float64{2})
	require.Equal(t, 1., got[0], "one sequence has no others")

	ratios := baselineOf(t, "maligan")
	require.Equal(t, LogRatios, ratios.Reads())
	ratios.Advantage(got, []float64{1000, 1000 + math.Log(2), 1000}, nil)
	require.InDeltaSlice(t, []float64{3./4 - 1, 3./2 - 1, 3./4 - 1}, got, 1e-12)
	require.InDelta(t, 1/(1./16+1./4+1./16), EffectiveSize(got), 1e-12)

	one := []float64{3}
	baselineOf(t, "rloo").Advantage(one, one, nil)
	require.Equal(t, []float64{3}, one)
	for spec, say := range map[string]string{
		"mean":                             "is unknown",
		"reinforce-moving-average:decay=1": "below 1",
		"reinforce-constant:value=NaN":     "must be a number",
		"reinforce:x=1":                    "no option",
	} {
		_, err := New[float64](spec)
		require.ErrorContains(t, err, say, spec)
	}
}

// The average in use never holds the batch that it is subtracted from.
func TestMovingAverageIsTheOldOne(t *testing.T) {
	b := baselineOf(t, "reinforce-moving-average:decay=0.5").(*MovingAverage[float64])
	for _, c := range []struct{ rewards, want []float64 }{
		{[]float64{4, 6}, []float64{4, 6}},
		{[]float64{8, 8}, []float64{3, 3}},                     // average 5
		{[]float64{0}, []float64{-(0.5*5*0.5 + 0.5*8) / 0.75}}, // weights 1/4 and 1/2
	} {
		again := baselineOf(t, "reinforce-moving-average:decay=0.5").(*MovingAverage[float64])
		again.Restore(b.State())
		for _, m := range []*MovingAverage[float64]{b, again} {
			got := clone(c.rewards)
			m.Advantage(got, got, nil)
			require.InDeltaSlice(t, c.want, got, 1e-12)
		}
		require.Equal(t, b.State(), again.State())
	}
}

func TestWeights(t *testing.T) {
	const n, T = 2, 3
	mask := []float64{1, 1, 0, 1, 1, 1}
	w := make([]float64, n*T)

	SequenceWeights(w, []float64{4, -2}, mask)
	require.Equal(t, []float64{2, 2, 0, -1, -1, -1}, w)

	RewardToGo(w, []float64{1, 2, 9, 1, 2, 4}, mask, n, 0.5)
	require.Equal(t, []float64{2, 2, 0, 3, 4, 4}, w)
	TokenWeights(w, w, []float64{1, 1, 1, 1, 1, 1}, mask, n)
	require.Equal(t, []float64{0.5, 0.5, 0, 1, 1.5, 1.5}, w)

	TokenWeights(w, []float64{4, 4, 4, -2, -2, -2}, nil, mask, n)
	require.Equal(t, []float64{2, 2, 0, -1, -1, -1}, w)

	// Two completions of every prefix; the last drawn token takes the reward of
	// its own sequence.
	RolloutQ(w, []float64{1, 3, 90, 90, 90, 90, 5, 7, 0, 2, 90, 90}, []float64{10, 20}, mask)
	require.Equal(t, []float64{2, 10, 0, 6, 1, 20}, w)
}
