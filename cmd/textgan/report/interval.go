package report

import (
	"math"
	"strings"

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
func normal(v, stdErr float64) *interval {
	z := distuv.UnitNormal.Quantile((1 + confidence) / 2)
	return &interval{v - z*stdErr, v + z*stdErr}
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
func student(values []float64) *interval {
	n := float64(len(values))
	mean, variance := moments(values)
	return about(mean, math.Sqrt(variance/n), n-1)
}

// welch is the t-interval of mean(b) - mean(a) for at least two values each, whose
// variances may differ. Welch, Biometrika 34, 1947.
func welch(a, b []float64) *interval {
	meanA, varA := moments(a)
	meanB, varB := moments(b)
	na, nb := float64(len(a)), float64(len(b))
	va, vb := varA/na, varB/nb
	if va+vb == 0 {
		return &interval{meanB - meanA, meanB - meanA}
	}
	return about(meanB-meanA, math.Sqrt(va+vb), (va+vb)*(va+vb)/(va*va/(na-1)+vb*vb/(nb-1)))
}

func about(v, stdErr, degrees float64) *interval {
	t := distuv.StudentsT{Sigma: 1, Nu: degrees}.Quantile((1 + confidence) / 2)
	return &interval{v - t*stdErr, v + t*stdErr}
}

// proportions is the interval of the difference b - a of two shares of n sentences
// each: normal, after one more of either kind in each. Agresti and Caffo, The American
// Statistician 54, 2000.
func proportions(a, nA, b, nB float64) *interval {
	p, q := (a*nA+1)/(nA+2), (b*nB+1)/(nB+2)
	return normal(q-p, math.Sqrt(p*(1-p)/(nA+2)+q*(1-q)/(nB+2)))
}

// paired is the interval of the difference b - a in nats per token of the same lines: that
// of a ratio of sums over lines. Cochran, "Sampling techniques", 1977, chapter 6.
func paired(a, b []float64, tokens []int) *interval {
	n, sum, length := float64(len(a)), 0., 0.
	for i := range a {
		sum += b[i] - a[i]
		length += float64(tokens[i])
	}
	ratio, squares := sum/length, 0.
	for i := range a {
		r := b[i] - a[i] - ratio*float64(tokens[i])
		squares += r * r
	}
	return normal(ratio, math.Sqrt(n/max(1, n-1)*squares)/length)
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

// signed is a difference with its sign, in points if it is one of shares. What rounds to
// 0 has none.
func signed(v float64, c column) string {
	if c.percent {
		v *= 100
	}
	text := Fixed(v, c.digits)
	if !strings.HasPrefix(text, "-") {
		text = "+" + text
	}
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return strings.Replace(text, "-", "−", 1)
}

// between is an interval in words.
func (i interval) between(c column) string { return signed(i.lo, c) + " to " + signed(i.hi, c) }

// small is the interval of v in small print: what is added and taken away, or the ends
// where they are not equally far.
func (i interval) small(v float64, c column) string {
	if math.Abs(i.lo+i.hi-2*v) > 1e-9 {
		return i.between(c)
	}
	return "± " + strings.TrimPrefix(signed(i.half(), c), "+")
}
