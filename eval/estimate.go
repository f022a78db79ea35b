package eval

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// estimate is a mean with the variance of it.
type estimate struct {
	mean, variance float64
	freedom        float64 // degrees of freedom of the variance; 0: it is known
}

// byX and byY are the coordinates of a point with their errors, for along.
func byX(p Point) (v, err float64) { return p.X, p.ErrX }
func byY(p Point) (v, err float64) { return p.Y, p.ErrY }

// along is a linear function of X and Y of a point: value gives it with its error, taken as
// known. Of a mean, as over seeds, the variance is that of the spread, or what follows from
// the errors of the single points if that is larger.
func (p Point) along(value func(Point) (v, err float64)) estimate {
	if len(p.Of) == 0 {
		v, err := value(p)
		return estimate{v, err * err, 0}
	}
	return meanOf(len(p.Of), func(i int) (v, variance float64) {
		v, err := value(p.Of[i])
		return v, err * err
	})
}

// meanOf is the mean of count independent values, each with the variance that is known of it.
func meanOf(count int, value func(i int) (v, variance float64)) estimate {
	values, n, known := make([]float64, count), float64(count), 0.0
	for i := range values {
		v, variance := value(i)
		values[i], known = v, known+variance
	}
	mean, variance := stat.MeanVariance(values, nil)
	if known /= n * n; count == 1 || known >= variance/n {
		return estimate{mean, known, 0}
	}
	return estimate{mean, variance / n, n - 1}
}

// mix is (1-t) a + t b of a value along two points. The same seeds at two temperatures err
// together, so that the spread is that of what each seed has.
func mix(a, b Point, t float64, value func(Point) (v, err float64)) estimate {
	if n := len(a.Of); n > 1 && n == len(b.Of) {
		return meanOf(n, func(i int) (v, variance float64) {
			va, ea := value(a.Of[i])
			vb, eb := value(b.Of[i])
			return (1-t)*va + t*vb, (1-t)*(1-t)*ea*ea + t*t*eb*eb
		})
	}
	return a.along(value).times(1 - t).minus(b.along(value).times(-t))
}

func (e estimate) times(f float64) estimate {
	return estimate{f * e.mean, f * f * e.variance, e.freedom}
}

// minus is the difference of independent estimates, with the degrees of freedom of Welch
// 1947.
func (e estimate) minus(other estimate) estimate {
	d := estimate{mean: e.mean - other.mean, variance: e.variance + other.variance}
	squares := 0.0
	for _, x := range []estimate{e, other} {
		if x.freedom > 0 {
			squares += x.variance * x.variance / x.freedom
		}
	}
	if squares > 0 {
		d.freedom = d.variance * d.variance / squares
	}
	return d
}

// noise is how far from 0 an estimate of 0 can be at a two-sided confidence.
func (e estimate) noise(confidence float64) float64 {
	quantile := math.Sqrt2 * math.Erfinv(confidence)
	if e.freedom > 0 {
		quantile = distuv.StudentsT{Sigma: 1, Nu: e.freedom}.Quantile((1 + confidence) / 2)
	}
	return quantile * math.Sqrt(e.variance)
}
