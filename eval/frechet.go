package eval

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

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
	var sa, sb mat.SymDense
	stat.CovarianceMatrix(&sa, a, nil)
	stat.CovarianceMatrix(&sb, b, nil)
	distance := mat.Trace(&sa) + mat.Trace(&sb)
	ma, mb := columnMeans(a), columnMeans(b)
	for j := range ma {
		distance += (ma[j] - mb[j]) * (ma[j] - mb[j])
	}
	// S_a S_b has the eigenvalues of the symmetric R S_b R, where R R = S_a.
	root, err := sqrtSym(&sa)
	if err != nil {
		return 0, err
	}
	var product mat.Dense
	product.Product(root, &sb, root)
	d, _ := product.Dims()
	symmetric := mat.NewSymDense(d, nil)
	for i := range d {
		for j := i; j < d; j++ {
			symmetric.SetSym(i, j, (product.At(i, j)+product.At(j, i))/2)
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(symmetric, false) {
		return 0, errNoEigen
	}
	for _, v := range eigen.Values(nil) {
		distance -= 2 * math.Sqrt(max(0, v)) // below 0 by rounding only
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
	values := make([]float64, frechetResamples)
	for i := range values {
		draw := rng.Key{Seed: seed, Stream: rng.Eval, Step: 1, Row: uint32(i)}.Rand()
		if values[i], err = Frechet(rowsAgain(a, draw), rowsAgain(b, draw)); err != nil {
			return 0, 0, err
		}
	}
	return distance, stat.StdDev(values, nil), nil
}

// rowsAgain draws as many rows of m as it has, with replacement.
func rowsAgain(m mat.Matrix, draw *rand.Rand) *mat.Dense {
	rows, cols := m.Dims()
	out := mat.NewDense(rows, cols, nil)
	for i := range rows {
		mat.Row(out.RawRowView(i), draw.IntN(rows), m)
	}
	return out
}

var errNoEigen = errors.New("eval: eigenvalues of the feature covariance do not converge")

// sqrtSym is the symmetric root of a positive semidefinite matrix.
func sqrtSym(s *mat.SymDense) (*mat.Dense, error) {
	var eigen mat.EigenSym
	if !eigen.Factorize(s, true) {
		return nil, errNoEigen
	}
	values := eigen.Values(nil)
	for i, v := range values {
		values[i] = math.Sqrt(max(0, v))
	}
	var vectors, out mat.Dense
	eigen.VectorsTo(&vectors)
	out.Product(&vectors, mat.NewDiagDense(len(values), values), vectors.T())
	return &out, nil
}

func columnMeans(m mat.Matrix) []float64 {
	rows, cols := m.Dims()
	means := make([]float64, cols)
	for i := range rows {
		for j := range means {
			means[j] += m.At(i, j)
		}
	}
	for j := range means {
		means[j] /= float64(rows)
	}
	return means
}
