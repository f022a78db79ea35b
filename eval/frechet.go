package eval

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// checkFeatures says what is wrong with features a and b [N,D] of two texts.
func checkFeatures(a, b mat.Matrix, least int) error {
	for _, m := range []mat.Matrix{a, b} {
		rows, cols := m.Dims()
		if rows < least {
			return fmt.Errorf("eval: features of %d sentences; at least %d are needed", rows, least)
		}
		for i := range rows {
			for j := range cols {
				if v := m.At(i, j); math.IsNaN(v) || math.IsInf(v, 0) {
					return fmt.Errorf("eval: feature %d of sentence %d is %v", j, i, v)
				}
			}
		}
	}
	_, x := a.Dims()
	if _, y := b.Dims(); x != y {
		return fmt.Errorf("eval: %d features against %d; use one encoder for both texts", x, y)
	}
	return nil
}

// Frechet is the squared Frechet distance between Gaussians fitted to the
// features a [N,D] and b [M,D] of two sets of sentences:
//
//	|mu_a - mu_b|^2 + tr(S_a + S_b - 2 (S_a S_b)^(1/2))
//
// with the unbiased covariances S. It depends on the encoder and, through the
// bias of the fit, on N and M: compare only values with the same of these, and
// use several times D sentences. It is an error to give fewer than two
// sentences on a side or features that are not finite.
//
// Heusel et al., NeurIPS 2017, https://arxiv.org/abs/1706.08500; for sentences
// Semeniuta et al., https://arxiv.org/abs/1806.04936.
func Frechet(a, b mat.Matrix) (float64, error) {
	if err := checkFeatures(a, b, 2); err != nil {
		return 0, err
	}
	return between(fit(mat.DenseCopyOf(a), nil), fit(mat.DenseCopyOf(b), nil))
}

// normal is a Gaussian: mean [D], covariance [D,D].
type normal struct {
	mean []float64
	cov  *mat.SymDense
}

// fitRows is how many rows of features are worked on while they are in the cache.
const fitRows = 128

// fit fits a Gaussian to the rows of x [N,D], row i taken times[i] times, or once if
// times is nil. Its covariance is the unbiased one.
func fit(x *mat.Dense, times []float64) normal {
	rows, cols := x.Dims()
	if times == nil {
		times = make([]float64, rows)
		floats.AddConst(1, times)
	}
	g := normal{make([]float64, cols), mat.NewSymDense(cols, nil)}
	for i, n := range times {
		if n > 0 {
			floats.AddScaled(g.mean, n, x.RawRowView(i))
		}
	}
	count := floats.Sum(times)
	floats.Scale(1/count, g.mean)
	columns := make([]float64, cols*fitRows) // [D,fitRows] of centred rows, each by the root of its times
	cov := g.cov.RawSymmetric()
	for i, filled := 0, 0; i < rows; i++ {
		if n := times[i]; n > 0 {
			root := math.Sqrt(n)
			for j, v := range x.RawRowView(i) {
				columns[j*fitRows+filled] = root * (v - g.mean[j])
			}
			filled++
		}
		if filled == fitRows || i == rows-1 {
			for j := range cols {
				a := columns[j*fitRows:][:filled]
				for k := j; k < cols; k++ {
					cov.Data[j*cov.Stride+k] += floats.Dot(a, columns[k*fitRows:][:filled])
				}
			}
			filled = 0
		}
	}
	g.cov.ScaleSym(1/(count-1), g.cov)
	return g
}

// between is the squared Frechet distance of two Gaussians.
func between(a, b normal) (float64, error) {
	distance := mat.Trace(a.cov) + mat.Trace(b.cov)
	for j, m := range a.mean {
		distance += (m - b.mean[j]) * (m - b.mean[j])
	}
	// S_a S_b has the eigenvalues of the symmetric R' S_b R, where S_a = R R'.
	var eigen mat.EigenSym
	if !eigen.Factorize(a.cov, true) {
		return 0, errNoEigen
	}
	var root, half, product mat.Dense
	eigen.VectorsTo(&root)
	roots := eigen.Values(nil)
	for i, v := range roots {
		roots[i] = math.Sqrt(max(0, v)) // below 0 by rounding only
	}
	d := len(roots)
	for i := range d {
		floats.Mul(root.RawRowView(i), roots)
	}
	half.Mul(mat.DenseCopyOf(b.cov), &root)
	product.Mul(root.T(), &half)
	symmetric := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			symmetric.SetSym(i, j, (product.At(i, j)+product.At(j, i))/2)
		}
	}
	if !eigen.Factorize(symmetric, false) {
		return 0, errNoEigen
	}
	for _, v := range eigen.Values(nil) {
		distance -= 2 * math.Sqrt(max(0, v))
	}
	return max(0, distance), nil
}

// frechetResamples is how many bootstrap samples the error of FrechetOf comes from.
const frechetResamples = 40

// FrechetOf is Frechet with a standard error: the deviation over 40 bootstrap
// samples of the rows of both sides, the encoder held fixed. The distance itself
// is biased upwards by the finite texts; the error does not cover that. Samples are
// drawn from the rng.Eval stream of the seed.
func FrechetOf(a, b mat.Matrix, seed uint64) (distance, stdErr float64, err error) {
	if distance, err = Frechet(a, b); err != nil {
		return 0, 0, err
	}
	x, y := mat.DenseCopyOf(a), mat.DenseCopyOf(b)
	values, failures := make([]float64, frechetResamples), make([]error, frechetResamples)
	kernel.Parallel(frechetResamples, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			draw := rng.Key{Seed: seed, Stream: rng.Eval, Step: 1, Row: uint32(i)}.Rand()
			p := fit(x, timesDrawn(x, draw))
			values[i], failures[i] = between(p, fit(y, timesDrawn(y, draw)))
		}
	})
	if err := errors.Join(failures...); err != nil {
		return 0, 0, err
	}
	return distance, stat.StdDev(values, nil), nil
}

// timesDrawn draws as many rows of x as it has, with replacement, and counts how often
// it drew each.
func timesDrawn(x *mat.Dense, draw *rand.Rand) []float64 {
	rows, _ := x.Dims()
	times := make([]float64, rows)
	for range rows {
		times[draw.IntN(rows)]++
	}
	return times
}

var errNoEigen = errors.New("eval: eigenvalues of the feature covariance do not converge")
