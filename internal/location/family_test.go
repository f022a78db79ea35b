package location

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"textgan/internal/rng"
)

func families(t *testing.T, f func(t *testing.T, family Family)) {
	for family, name := range []string{"gaussian", "logistic", "laplace"} {
		got, err := Parse(name)
		require.NoError(t, err)
		require.EqualValues(t, family, got)
		t.Run(name, func(t *testing.T) { f(t, got) })
	}
	_, err := Parse("cauchy")
	require.ErrorContains(t, err, "use gaussian, logistic or laplace")
}

// The closed forms, and the mean of the estimate that stands in for one,
// against the integral that defines the divergence.
func TestDivergenceIsTheIntegral(t *testing.T) {
	families(t, func(t *testing.T, f Family) {
		for _, c := range [][2]float64{{0, 0}, {.8, -1}, {-1.5, .6}, {.3, -4}} {
			mean, logVar := c[0], c[1]
			scale := math.Exp(logVar / 2)
			over := func(value func(eps float64) float64) float64 { // E over eps, with a knot where Laplace densities have kinks
				g := func(eps float64) float64 { return math.Exp(f.LogDensity(eps)) * value(eps) }
				kink := -mean / scale
				lo, hi := min(0, kink), max(0, kink)
				return quad.Fixed(g, -60+lo, lo, 400, nil, 0) + quad.Fixed(g, lo, hi, 400, nil, 0) + quad.Fixed(g, hi, hi+60, 400, nil, 0)
			}
			want := over(func(eps float64) float64 {
				return f.LogDensity(eps) - logVar/2 - f.LogDensity(mean+scale*eps)
			})
			got := over(func(eps float64) float64 { kl, _, _ := f.Divergence(mean, logVar, eps); return kl })
			require.InDelta(t, 1, over(func(float64) float64 { return 1 }), 1e-9)
			require.InDelta(t, want, got, 1e-7, "mean %v, log-variance %v", mean, logVar)
		}
	})
}

// Draws have the distribution that LogDensity speaks of.
func TestNoiseHasItsDistribution(t *testing.T) {
	cdf := map[Family]func(float64) float64{
		Gaussian: distuv.UnitNormal.CDF,
		Logistic: func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
		Laplace:  distuv.Laplace{Scale: 1}.CDF,
	}
	families(t, func(t *testing.T, f Family) {
		const n, cells = 40_000, 40
		eps := make([]float32, n)
		f.Noise(eps, rng.Key{Seed: 4, Stream: rng.Noise})
		counts, want := make([]float64, cells), make([]float64, cells)
		for i := range want {
			want[i] = n / cells
		}
		for _, x := range eps {
			counts[min(cells-1, int(cells*cdf[f](float64(x))))]++
		}
		p := distuv.ChiSquared{K: cells - 1}.Survival(stat.ChiSquare(counts, want))
		require.Greater(t, p, 1e-4)
		shorter := make([]float32, 7)
		f.Noise(shorter, rng.Key{Seed: 4, Stream: rng.Noise})
		require.Equal(t, eps[:7], shorter)
	})
}

// Score and the derivatives of Divergence are what differences say.
func TestDerivatives(t *testing.T) {
	families(t, func(t *testing.T, f Family) {
		const h = 1e-5
		for _, x := range []float64{-3, -.4, .7, 5} {
			require.InDelta(t, (f.LogDensity(x+h)-f.LogDensity(x-h))/(2*h), f.Score(x), 1e-8)
			for _, logVar := range []float64{-2, 0, 1} {
				kl := func(mean, logVar float64) float64 { v, _, _ := f.Divergence(mean, logVar, .3); return v }
				_, dMean, dLogVar := f.Divergence(x, logVar, .3)
				require.InDelta(t, (kl(x+h, logVar)-kl(x-h, logVar))/(2*h), dMean, 1e-8)
				require.InDelta(t, (kl(x, logVar+h)-kl(x, logVar-h))/(2*h), dLogVar, 1e-8)
			}
		}
	})
}
