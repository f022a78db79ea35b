package variance

import "math"

// Quality of an estimate of a gradient whose exact value is known.
type Quality struct {
	Norm     float64 `json:"norm"`     // of the exact gradient
	Bias     float64 `json:"bias"`     // distance of the mean of the draws from it
	Error    float64 `json:"error"`    // that a bias of 0 would show on average, from the number of draws
	Variance float64 `json:"variance"` // of one draw, summed over the parameters
}

// Compare takes n draws, at least two, of an estimate of the exact gradient. It ends with
// the first error of draw, whose slice it does not keep.
func Compare(exact []float64, n int, draw func(i int) ([]float32, error)) (q Quality, err error) {
	mean, square := make([]float64, len(exact)), make([]float64, len(exact))
	for i := range n {
		estimate, err := draw(i)
		if err != nil {
			return q, err
		}
		for k, d := range estimate {
			mean[k] += float64(d) / float64(n)
			square[k] += float64(d) * float64(d) / float64(n)
		}
	}
	for k, e := range exact {
		q.Norm += e * e
		q.Bias += (mean[k] - e) * (mean[k] - e)
		q.Variance += (square[k] - mean[k]*mean[k]) * float64(n) / float64(n-1)
	}
	q.Norm, q.Bias, q.Error = math.Sqrt(q.Norm), math.Sqrt(q.Bias), math.Sqrt(q.Variance/float64(n))
	return q, nil
}
