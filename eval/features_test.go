package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"textgan/internal/kernel"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"textgan/internal/rng"
)

func dense(rows [][]float64) *mat.Dense {
	return mat.NewDense(len(rows), len(rows[0]), slices.Concat(rows...))
}

func gaussian(r *rand.Rand, rows, cols int, gap float64) *mat.Dense {
	m := mat.NewDense(rows, cols, nil)
	m.Apply(func(_, _ int, _ float64) float64 { return r.NormFloat64() + gap }, m)
	return m
}

func TestFeatureDistancesGolden(t *testing.T) {
	var want struct {
		Pairs []struct {
			A, B    [][]float64
			Frechet float64
		}
		Histograms []struct {
			P, Q         []float64
			Scale, Mauve float64
		}
		Blobs struct {
			A, B     [][]float64
			Clusters int
			Mauve    float64
		}
	}
	golden(t, "features.json", &want)
	for _, c := range want.Pairs {
		got, err := Frechet(dense(c.A), dense(c.B))
		require.NoError(t, err)
		require.InDelta(t, c.Frechet, got, 1e-8)
		back, err := Frechet(dense(c.B), dense(c.A))
		require.NoError(t, err)
		require.InDelta(t, c.Frechet, back, 1e-8)
		same, err := Frechet(dense(c.A), dense(c.A))
		require.NoError(t, err)
		require.InDelta(t, 0, same, 1e-8)
	}
	for _, c := range want.Histograms {
		got, err := MauveOfHistograms(c.P, c.Q, c.Scale)
		require.NoError(t, err)
		require.InDelta(t, c.Mauve, got, 1e-12)
	}
	got, err := Mauve(dense(want.Blobs.A), dense(want.Blobs.B), MauveOptions{Clusters: want.Blobs.Clusters})
	require.NoError(t, err)
	require.InDelta(t, want.Blobs.Mauve, got, 1e-12)
}

func TestMauveOrdersTexts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	p := gaussian(r, 400, 8, 0)
	value := func(gap float64) float64 {
		v, err := Mauve(p, gaussian(r, 300, 8, gap), MauveOptions{})
		require.NoError(t, err)
		return v
	}
	near, middle, far := value(0), value(0.5), value(2)
	require.True(t, 1 > near && near > middle && middle > far && far > 0, "%v %v %v", near, middle, far)
	same, err := Mauve(p, p, MauveOptions{})
	require.NoError(t, err)
	require.InDelta(t, 1, same, 1e-5) // the mixtures stop 1e-6 short of the ends

	q := gaussian(r, 700, 8, 0.5)
	want, err := Mauve(p, q, MauveOptions{Seed: 3})
	require.NoError(t, err)
	kernel.SetThreads(1)
	defer kernel.SetThreads(0)
	got, err := Mauve(p, q, MauveOptions{Seed: 3})
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// Lloyd's result is a fixed point: every point is with its nearest centre, and
// every centre is the mean of its points.
func TestKMeansIsAFixedPoint(t *testing.T) {
	points := gaussian(rand.New(rand.NewPCG(1, 2)), 300, 3, 0)
	labels := kMeans(points, 12, 3, rng.Key{Seed: 5, Stream: rng.Eval})
	centres := mat.NewDense(12, 3, nil)
	recentre(centres, points, labels)
	again, spread := newNearest(points).label(centres)
	require.Equal(t, labels, again)
	_, one := newNearest(points).label(mat.NewDense(1, 3, fit(points, nil).mean))
	require.Less(t, spread, one/2)
}

func TestFeatureErrors(t *testing.T) {
	a, b := mat.NewDense(3, 2, nil), mat.NewDense(3, 3, nil)
	_, err := Frechet(a, b)
	require.ErrorContains(t, err, "2 features against 3")
	_, err = Frechet(mat.NewDense(1, 2, nil), a)
	require.ErrorContains(t, err, "at least 2")
	_, err = Mauve(a, a, MauveOptions{Clusters: 7})
	require.ErrorContains(t, err, "7 clusters of 6 sentences")
	v, err := Mauve(a, a, MauveOptions{}) // all points equal
	require.NoError(t, err)
	require.InDelta(t, 1, v, 1e-5)
	a.Set(1, 1, math.NaN())
	_, err = Mauve(a, a, MauveOptions{})
	require.ErrorContains(t, err, "feature 1 of sentence 1 is NaN")
	_, err = MauveOfHistograms([]float64{1}, []float64{0}, 5)
	require.Error(t, err)
}

// The mean over clusterings hardly depends on the seed where a single one does, and
// the error is about what another draw of the texts would change.
func TestMauveOfIsSteady(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	p, q := gaussian(r, 100, 8, 0), gaussian(r, 100, 8, 0.25)
	spread := func(f func(seed uint64) float64) float64 {
		lo, hi := 1.0, 0.0
		for seed := range uint64(12) {
			v := f(seed)
			lo, hi = min(lo, v), max(hi, v)
		}
		return hi - lo
	}
	single := spread(func(seed uint64) float64 {
		v, err := Mauve(p, q, MauveOptions{Seed: seed})
		require.NoError(t, err)
		return v
	})
	mean := spread(func(seed uint64) float64 {
		v, _, err := MauveOf(p, q, seed)
		require.NoError(t, err)
		return v
	})
	require.Less(t, mean, single/2)
	require.Less(t, mean, 0.02)

	var values []float64
	errors := 0.0
	for range 30 {
		v, e, err := MauveOf(gaussian(r, 100, 8, 0), gaussian(r, 100, 8, 0.25), 1)
		require.NoError(t, err)
		values, errors = append(values, v), errors+e/30
	}
	require.InDelta(t, stat.StdDev(values, nil), errors, 0.6*errors)
}

// The bootstrap error of the Frechet distance is what another draw of the texts
// would change.
func TestFrechetError(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	var values []float64
	errors := 0.0
	for range 40 {
		v, e, err := FrechetOf(gaussian(r, 400, 3, 0), gaussian(r, 400, 3, 0.7), 1)
		require.NoError(t, err)
		values, errors = append(values, v), errors+e/40
	}
	require.InDelta(t, stat.StdDev(values, nil), errors, 0.4*errors)
}
