package ratio

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Calibrate adds to the log weights [n] of sentences a linear function of their
// features [n][F], so that the weighted means of the features are those wanted [F]: of
// all weights with these means those that are nearest to the given ones in the sense of
// relative entropy (raking; Deville and Särndal 1992). Features count in units of their
// deviations over the sentences; one that does not vary is left out. Means that no
// weights of these sentences can have are met as well as ridge allows.
func Calibrate(log []float64, features [][]float32, want []float64) {
	const steps, ridge = 30, 1e-3
	n := len(log)
	var columns []int
	mean, sd := make([]float64, len(want)), make([]float64, len(want))
	for j := range want {
		for _, f := range features {
			mean[j] += float64(f[j]) / float64(n)
		}
		for _, f := range features {
			sd[j] += (float64(f[j]) - mean[j]) * (float64(f[j]) - mean[j]) / float64(n)
		}
		if sd[j] = math.Sqrt(sd[j]); sd[j] > 1e-9 {
			columns = append(columns, j)
		}
	}
	F := len(columns)
	if F == 0 {
		return
	}
	x, target := mat.NewDense(n, F, nil), mat.NewVecDense(F, nil)
	for k, j := range columns {
		for i, f := range features {
			x.Set(i, k, (float64(f[j])-mean[j])/sd[j])
		}
		target.SetVec(k, (want[j]-mean[j])/sd[j])
	}
	lambda, given := mat.NewVecDense(F, nil), slices.Clone(log)
	// The dual: log sum exp(given + x lambda) - lambda target + ridge |lambda|^2 / 2, which
	// is convex. weigh sets log to its exponents and returns it.
	weigh := func(at *mat.VecDense) float64 {
		for i := range log {
			log[i] = given[i] + mat.Dot(x.RowView(i), at)
		}
		top, sum := slices.Max(log), 0.0
		for _, v := range log {
			sum += math.Exp(v - top)
		}
		return top + math.Log(sum) - mat.Dot(at, target) + ridge/2*mat.Dot(at, at)
	}
	value := weigh(lambda)
	for range steps {
		top, sum := slices.Max(log), 0.0
		slope, curve := mat.NewVecDense(F, nil), mat.NewSymDense(F, nil)
		for _, v := range log {
			sum += math.Exp(v - top)
		}
		for i, v := range log {
			w := math.Exp(v-top) / sum
			slope.AddScaledVec(slope, w, x.RowView(i))
			curve.SymRankOne(curve, w, x.RowView(i))
		}
		curve.SymRankOne(curve, -1, slope) // of the means: their covariance
		for k := range F {
			curve.SetSym(k, k, curve.At(k, k)+ridge)
		}
		slope.SubVec(slope, target)
		slope.AddScaledVec(slope, ridge, lambda)
		if mat.Norm(slope, 2) < 1e-6 {
			break
		}
		var step mat.VecDense
		if step.SolveVec(curve, slope) != nil {
			break
		}
		next, better := mat.NewVecDense(F, nil), false
		for size := 1.0; size > 1e-4 && !better; size /= 2 {
			next.AddScaledVec(lambda, -size, &step)
			v := weigh(next)
			if better = v < value; better {
				value = v
				lambda.CopyVec(next)
			}
		}
		if !better {
			break
		}
	}
	weigh(lambda)
}
