package variance

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Draws agree with the integrals, and for a Gaussian the integrals with their
// closed forms: E x^2 = m^2 + s^2, E cos x = e^(-s^2/2) cos m.
func TestContinuous(t *testing.T) {
	const m, logVar = .7, -.6
	s2 := math.Exp(logVar)
	for _, family := range []string{"gaussian", "logistic", "laplace"} {
		rows, err := Continuous(ContinuousOptions{Family: family, Mean: m, LogVar: logVar, Samples: 100_000, Seed: 2})
		require.NoError(t, err)
		require.Len(t, rows, 8)
		for i, r := range rows {
			require.InDelta(t, r.Gradient, r.Mean, 4.5*r.MeanSE, "%+v", r)
			require.InDelta(t, r.Exact, r.Variance, 4.5*r.VarianceSE, "%+v", r)
			require.InDelta(t, rows[i/4*4+i%2].Gradient, r.Gradient, 1e-9, "both estimate the same: %+v", r)
		}
		if family != "gaussian" {
			continue
		}
		for i, want := range []float64{2 * m, s2, -math.Exp(-s2/2) * math.Sin(m), -math.Exp(-s2/2) * math.Cos(m) * s2 / 2} {
			require.InDelta(t, want, rows[i/2*4+i%2].Gradient, 1e-9)
		}
		m2 := m * m
		for i, want := range []float64{4 * s2, m2*s2 + 2*s2*s2, m2*m2/s2 + 14*m2 + 15*s2, (2*m2*m2+60*m2*s2+78*s2*s2)/4 - s2*s2} {
			require.InDelta(t, want, rows[i].Exact, 1e-8)
		}
		var b bytes.Buffer
		require.NoError(t, WriteContinuous(&b, rows))
		require.Contains(t, b.String(), "square          mean  along the draw         1.40000")
	}
	for want, o := range map[string]ContinuousOptions{
		"family \"cauchy\" is not known": {Family: "cauchy", Samples: 1e6},
		"1 draws; give at least":         {Family: "gaussian", Samples: 1},
	} {
		_, err := Continuous(o)
		require.ErrorContains(t, err, want)
	}
}
