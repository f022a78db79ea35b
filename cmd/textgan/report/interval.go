package report

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// interval is a 95 % confidence interval of a difference or a mean.
type interval struct{ lo, hi float64 }

// told reports whether the interval leaves out 0.
func (i interval) told() bool { return i.lo > 0 || i.hi < 0 }

// half is the half length of an interval about a mean.
func (i interval) half() float64 { return (i.hi - i.lo) / 2 }

const confidence = .95

// normal is the interval about v, whose standard error is known.
func normal(v, stdErr float64) interval {
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	return interval{v - z*stdErr, v + z*stdErr}
}

// moments are mean and variance of a sample, the latter with n-1.
func moments(values []float64) (mean, variance float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		variance += (v - mean) * (v - mean) / (n - 1)
	}
	return mean, variance
}

// student is the t-interval of the mean of at least two values.
func student(values []float64) interval {
	n := float64(len(values))
	mean, variance := moments(values)
	return about(mean, math.Sqrt(variance/n), n-1)
}

// welch is the t-interval of mean(b) - mean(a) for at least two values each, whose
// variances may differ. Welch, Biometrika 34, 1947.
func welch(a, b []float64) interval {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	na, nb := float64(len(a)), float64(len(b))
	va, vb := varA/na, varB/nb
	if va+vb == 0 {
		return interval{meanB - meanA, meanB - meanA}
	}
	return about(meanB-meanA, math.Sqrt(va+vb), (va+vb)*(va+vb)/(va*va/(na-1)+vb*vb/(nb-1)))
}

func about(v, stdErr, degrees float64) interval {
	t := distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile((1 + confidence) / 2)
	return interval{v - t*stdErr, v + t*stdErr}
}

// proportions is the interval of the difference b - a of two shares of n sentences
// each: normal, after one more of either kind in each. Agresti and Caffo, The American
// Statistician 54, 2000.
func proportions(a, nA, b, nB float64) interval {
	p, q := (a*nA+1)/(nA+2), (b*nB+1)/(nB+2)
	return normal(q-p, math.Sqrt(p*(1-p)/(nA+2)+q*(1-q)/(nB+2)))
}

// jackknife is the standard error of a statistic by leaving out each of g groups in
// turn, of which without gives the value. Efron and Tibshirani, "An introduction to the
// bootstrap", 1993, chapter 11.
func jackknife(g int, without func(group int) (float64, error)) (stdErr float64, err error) {
	values := make([]float64, g)
	for i := range values {
		if values[i], err = without(i); err != nil {
			return 0, err
		}
	}
	_, variance := moments(values)
	n := float64(g)
	return math.Sqrt((n - 1) * (n - 1) / n * variance), nil
}

// signed is a difference with its sign.
func signed(v float64, c column) string {
	if c.percent {
		return minus(fmt.Sprintf("%+.*f", c.digits, 100*v))
	}
	return minus(fmt.Sprintf("%+.*f", c.digits, v))
}

// minus writes a true minus sign.
func minus(text string) string {
	if text != "" && text[0] == '-' {
		return "−" + text[1:]
	}
	return text
}

// between is an interval in words.
func (i interval) between(c column) string { return signed(i.lo, c) + " to " + signed(i.hi, c) }
