// Package gradcheck measures a gradient against central differences of the
// loss, which know nothing of how the gradient was computed. It is used by
// tests only.
package gradcheck

import "math"

// Central returns the central differences (f(x+h) - f(x-h)) / 2h of loss along
// every x[i], which loss must read. x is left as it was. The error is of order
// h^2 |f”'| + eps |f| / h, with eps the relative rounding error of loss.
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
	var diff, norm float64
	for i, w := range want {
		d := float64(got[i]) - float64(w)
		diff, norm = diff+d*d, norm+float64(w)*float64(w)
	}
	if diff == 0 {
		return 0
	}
	return math.Sqrt(diff / norm)
}
