// Package gradcheck measures a gradient against central differences of the
// loss, which know nothing of how the gradient was computed. It is used by
// tests only.
package gradcheck

import "math"

// Central returns the central differences (f(x+h) - f(x-h)) / 2h of loss along
// every x[i], which loss must read. x is left as it was. The error is of the
// order of h^2 times the third derivative, plus eps |f| / h with eps the relative
// rounding error of loss.
func Central(loss func() (float64, error), x []float32, h float32) ([]float64, error) {
	d := make([]float64, len(x))
	for i, was := range x {
		up, down := was+h, was-h
		x[i] = up
		fUp, err := loss()
		if err != nil {
			x[i] = was
			return nil, err
		}
		x[i] = down
		fDown, err := loss()
		x[i] = was
		if err != nil {
			return nil, err
		}
		d[i] = (fUp - fDown) / (float64(up) - float64(down)) // h as it was after rounding
	}
	return d, nil
}

// Distance returns |got - want| / |want| in the Euclidean norm; 0 if both are
// zero, and NaN if either holds one.
func Distance[A, B float32 | float64](got []A, want []B) float64 {
	if len(got) != len(want) {
		return math.Inf(1)
	}
	diff := make([]float64, len(want))
	for i, w := range want {
		diff[i] = float64(got[i]) - float64(w)
	}
	if d := Norm(diff); d != 0 {
		return d / Norm(want)
	}
	return 0
}

// Norm is the Euclidean norm.
func Norm[F float32 | float64](x []F) float64 {
	s := 0.0
	for _, v := range x {
		s += float64(v) * float64(v)
	}
	return math.Sqrt(s)
}

// Rounding estimates the norm of the error that the rounding of a float32 loss
// leaves in n central differences: two units in the last place over the step.
func Rounding(loss float64, h float32, n int) float64 {
	return math.Abs(loss) * 0x1p-22 / float64(h) * math.Sqrt(float64(n))
}
