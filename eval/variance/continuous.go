package variance

import (
	"fmt"
	"io"
	"math"
	"text/tabwriter"

	"gonum.org/v1/gonum/integrate/quad"

	"textgan/internal/location"
	"textgan/internal/rng"
)

// ContinuousOptions of Continuous.
type ContinuousOptions struct {
	Family  string  // gaussian, logistic or laplace
	Mean    float64 // of x = Mean + e^(LogVar/2) eps
	LogVar  float64
	Samples int // draws, at least MinSamples
	Seed    uint64
}

// ContinuousRow is one estimator of one derivative of E[f(x)].
type ContinuousRow struct {
	Function   string  `json:"f"`         // square: x^2, cosine: cos x
	Parameter  string  `json:"parameter"` // mean or log-variance
	Estimator  string  `json:"estimator"` // along the draw (reparameterised), or score function
	Gradient   float64 `json:"exact_gradient"`
	Mean       float64 `json:"mean"`
	MeanSE     float64 `json:"mean_se"`
	Variance   float64 `json:"variance"`
	VarianceSE float64 `json:"variance_se"`
	Exact      float64 `json:"exact_variance"`
}

// Continuous measures the two gradients through a continuous draw on integrals
// that are known. With x = mean + s eps, s = e^(logVar/2) and eps of density g,
// one draw estimates the derivatives of E[f(x)] by
//
//	along the draw   f'(x)                 f'(x) s eps / 2
//	score function   f(x) (-l'(eps)) / s   f(x) (-1 - l'(eps) eps) / 2,   l = log g
//
// The exact columns are integrals over eps by Gauss-Legendre quadrature, whose
// error is far below the digits printed. Both estimators see the same draws:
// draw i is by row i of the Noise stream.
//
// Kingma and Welling 2014, section 2.3; Williams 1992.
func Continuous(o ContinuousOptions) ([]ContinuousRow, error) {
	family, err := location.Parse(o.Family)
	if err != nil {
		return nil, fmt.Errorf("variance: %w", err)
	}
	if o.Samples < MinSamples {
		return nil, fmt.Errorf("variance: %d draws; give at least %d", o.Samples, MinSamples)
	}
	scale := math.Exp(o.LogVar / 2)
	var rows []ContinuousRow
	for _, f := range []struct {
		name         string
		value, slope func(x float64) float64
	}{
		{"square", func(x float64) float64 { return x * x }, func(x float64) float64 { return 2 * x }},
		{"cosine", math.Cos, func(x float64) float64 { return -math.Sin(x) }},
	} {
		estimates := func(eps float64, out []float64) {
			x, score := o.Mean+scale*eps, family.Score(eps)
			out[0], out[1] = f.slope(x), f.slope(x)*scale*eps/2
			out[2], out[3] = -f.value(x)*score/scale, -f.value(x)*(1+score*eps)/2
		}
		m := draw(4, o.Samples, func() func(i uint32, out []float64) {
			eps := make([]float32, 1)
			return func(i uint32, out []float64) {
				family.Noise(eps, rng.Key{Seed: o.Seed, Stream: rng.Noise, Row: i})
				estimates(float64(eps[0]), out)
			}
		})
		for k := range 4 {
			moment := func(power float64) float64 {
				return expectation(family, func(eps float64) float64 {
					var out [4]float64
					estimates(eps, out[:])
					return math.Pow(out[k], power)
				})
			}
			mean := moment(1)
			rows = append(rows, ContinuousRow{
				Function: f.name, Parameter: []string{"mean", "log-variance"}[k%2], Estimator: []string{"along the draw", "score function"}[k/2],
				Gradient: mean, Mean: m.mean[k], MeanSE: m.meanSE[k], Variance: m.variance[k], VarianceSE: m.varianceSE[k], Exact: moment(2) - mean*mean,
			})
		}
	}
	return rows, nil
}

// expectation is E[f(eps)]. The densities fall at least as e^-|eps|, so that
// nothing that counts lies beyond 60; Laplace's has a kink at 0.
func expectation(family location.Family, f func(eps float64) float64) float64 {
	g := func(eps float64) float64 { return math.Exp(family.LogDensity(eps)) * f(eps) }
	return quad.Fixed(g, -60, 0, 500, nil, 0) + quad.Fixed(g, 0, 60, 500, nil, 0)
}

// WriteContinuous writes the rows as a table.
func WriteContinuous(w io.Writer, rows []ContinuousRow) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(tab, "f\tparameter\testimator\texact gradient\tmean\t± SE\tvariance\t± SE\texact variance\t")
	for _, r := range rows {
		fmt.Fprintf(tab, "%s\t%s\t%s\t%.5f\t%.5f\t%.1g\t%.5f\t%.1g\t%.5f\t\n", r.Function, r.Parameter, r.Estimator, r.Gradient, r.Mean, r.MeanSE, r.Variance, r.VarianceSE, r.Exact)
	}
	return tab.Flush()
}
