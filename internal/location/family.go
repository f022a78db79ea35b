// Package location holds the location-scale families that codes of a VAE are
// drawn from: densities, draws and divergences of one dimension.
package location

import (
	"fmt"
	"math"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Family is a location-scale family of distributions: x = mean + scale eps,
// with eps from the standard member of density f. Its posterior is given by the
// mean and by logVar = 2 log scale, which for a Gaussian is the log-variance;
// the prior is the standard member.
type Family int

// The families.
const (
	Gaussian Family = iota
	Logistic        // f(x) = e^-x / (1+e^-x)^2
	Laplace         // f(x) = e^-|x| / 2
)

// Parse finds a family by its name in lower case.
func Parse(name string) (Family, error) {
	switch name {
	case "gaussian":
		return Gaussian, nil
	case "logistic":
		return Logistic, nil
	case "laplace":
		return Laplace, nil
	}
	return 0, fmt.Errorf("location: family %q is not known; use gaussian, logistic or laplace", name)
}

// Noise fills dst with standard draws: draw i is a function of (key, i) alone.
func (f Family) Noise(dst []float32, key rng.Key) {
	if f == Gaussian {
		kernel.Normal(dst, key)
		return
	}
	for i := range dst { // inverse distribution functions
		u := key.Float64(uint32(i))
		switch {
		case f == Logistic:
			dst[i] = float32(math.Log(u) - math.Log1p(-u))
		case u < .5:
			dst[i] = float32(math.Log(2 * u))
		default:
			dst[i] = float32(-math.Log(2 * (1 - u)))
		}
	}
}

// LogDensity is log f(x) of the standard member.
func (f Family) LogDensity(x float64) float64 {
	switch a := math.Abs(x); f {
	case Logistic:
		return -a - 2*math.Log1p(math.Exp(-a))
	case Laplace:
		return -a - math.Ln2
	}
	return -(x*x + math.Log(2*math.Pi)) / 2
}

// Score is the derivative of LogDensity.
func (f Family) Score(x float64) float64 {
	switch f {
	case Logistic:
		return -math.Tanh(x / 2)
	case Laplace:
		return -sign(x)
	}
	return -x
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// Divergence is KL(posterior || prior) of one dimension in nats, with its
// derivatives. For Gaussian and Laplace it is exact:
//
//	Gaussian  (mean^2 + scale^2 - 1)/2 - log scale
//	Laplace   |mean| + scale e^(-|mean|/scale) - 1 - log scale
//
// The logistic has no closed form: there it is the unbiased estimate log q(x) -
// log p(x) at the draw eps, differentiated along the draw.
//
// Kingma and Welling 2014, appendix B, for the Gaussian.
func (f Family) Divergence(mean, logVar, eps float64) (kl, dMean, dLogVar float64) {
	scale := math.Exp(logVar / 2)
	switch f {
	case Logistic:
		x := mean + scale*eps
		s := f.Score(x)
		return f.LogDensity(eps) - logVar/2 - f.LogDensity(x), -s, -(1 + s*eps*scale) / 2
	case Laplace:
		a := math.Abs(mean)
		e := math.Exp(-a / scale)
		return a + scale*e - 1 - logVar/2, sign(mean) * (1 - e), (e*(scale+a) - 1) / 2
	}
	return (mean*mean + scale*scale - 1 - logVar) / 2, mean, (scale*scale - 1) / 2
}
