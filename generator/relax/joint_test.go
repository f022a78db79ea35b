package relax

import (
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// The printed formulas of the joint estimators, with the matrices.
func TestJointFormulas(t *testing.T) {
	const V, tau, weight = 6, 0.6, 1.7
	theta, dy, mean := rowOf[float64](V, 1, 1), rowOf[float64](V, 2, 1), rowOf[float64](V, 3, 1)
	p := clone(theta)
	Softmax(p, p, 1)
	expected := make([]float64, V) // of reinmax, summed over the ids
	for id := range V {
		e := NewDoubleCV[float64](-0.8)
		got := make([]float64, V)
		e.BackwardJoint(got, p, nil, mean, id, weight, tau, Key{})
		s := make([]float64, V)
		for k := range s {
			s[k] = -p[k]
		}
		s[id]++
		c := jacobian(p, mean)
		for k := range got {
			require.InDelta(t, weight*s[k]+.8*c[k], got[k], 1e-14)
		}
		alias := clone(mean)
		e.BackwardJoint(alias, p, nil, alias, id, weight, tau, Key{})
		require.Equal(t, got, alias)
		e.Auto = true
		seen := e.Survey(p, mean, id)
		require.InDelta(t, dot(mean, s), seen[Control], 1e-14)
		require.InDelta(t, dot(s, s), seen[Square], 1e-14)
		require.InDelta(t, dot(s, c), seen[Cross], 1e-14)
		require.InDelta(t, dot(c, c), seen[Slope], 1e-14)

		reinmax, loo := parse[float64](t, "reinmax"), parse[float64](t, "reinmax-loo")
		one := make([]float64, V)
		reinmax.Backward(one, theta, mean, id, tau, Key{})
		for k := range expected {
			expected[k] += p[id] * one[k]
		}
		// With what the others say equal to dy, nothing of the draw is left.
		loo.(Joint[float64]).BackwardJoint(got, theta, dy, dy, id, 0, tau, Key{})
		loo.(Joint[float64]).BackwardJoint(one, theta, dy, dy, (id+1)%V, 0, tau, Key{})
		require.InDeltaSlice(t, one, got, 1e-14)
		// And without others it is reinmax.
		loo.(Joint[float64]).BackwardJoint(got, theta, dy, make([]float64, V), id, 0, tau, Key{})
		reinmax.Backward(one, theta, dy, id, tau, Key{})
		require.InDeltaSlice(t, one, got, 1e-14)
	}
	loo := parse[float64](t, "reinmax-loo").(Joint[float64])
	got := make([]float64, V)
	loo.BackwardJoint(got, theta, mean, mean, 0, 0, tau, Key{})
	require.InDeltaSlice(t, expected, got, 1e-14, "centring has the mean of reinmax at every tau")
}

// alpha follows the batches before: the first has 0, and the next one what is
// best for the squares of the first. A batch is weighed, and goes back, with one alpha.
func TestAlphaOfEarlierBatches(t *testing.T) {
	m, err := New[float64]("double-cv:alpha=auto")
	require.NoError(t, err)
	e := m.Joint.(*DoubleCV[float64])
	const V, n = 4, 5
	p, mean := rowOf[float64](V, 5, 1), rowOf[float64](V, 6, 1)
	Softmax(p, p, 1)
	shares, seen, ids := rowOf[float64](n, 7, 1), make([]Survey, n), []int{0, 3, 1, 2, 3}
	for i, id := range ids {
		seen[i] = e.Survey(p, mean, id)
	}
	rows := func(f *DoubleCV[float64]) (all []float64) {
		w, row := make([]float64, n), make([]float64, V)
		f.Weigh(w, shares, seen)
		for i, id := range ids {
			f.BackwardJoint(row, p, nil, mean, id, w[i], 1, Key{})
			all = append(all, row...)
		}
		return all
	}
	fixed := func(alpha float64) []float64 { return rows(NewDoubleCV[float64](alpha)) }
	require.Equal(t, fixed(0), rows(e), "the first batch is leave-one-out")
	require.Zero(t, e.Alpha)
	second := rows(e)
	best := e.Alpha
	require.NotZero(t, best)
	require.Equal(t, fixed(best), second)
	for _, step := range []float64{-.01, .01} {
		other := fixed(best + step)
		require.Less(t, dot(second, second), dot(other, other))
	}

	again, err := New[float64]("double-cv:alpha=auto")
	require.NoError(t, err)
	other := again.Joint.(*DoubleCV[float64])
	other.Restore(e.State())
	shares[0] += 2
	require.Equal(t, rows(e), rows(other))
	require.Equal(t, e.State(), other.State())

	_, err = New[float64]("double-cv:alpha=x")
	require.ErrorContains(t, err, `alpha must be auto or a number, not "x"`)
}

// A batch of one has no others: its reward as it is, and the score.
func TestJointOfOneSentence(t *testing.T) {
	e := NewDoubleCV[float32](-1)
	p, none := rowOf[float32](5, 1, 1), make([]float32, 5)
	id := e.Forward(p, 1, rng.Key{Seed: 1})
	w := make([]float64, 1)
	e.Weigh(w, []float64{3}, []Survey{e.Survey(p, none, id)})
	require.Equal(t, []float64{3}, w)
}
