package eval

import (
	"math"
	"slices"
)

// Lengths is the distribution of line lengths in tokens. The quantile q is the
// smallest length that at least a share q of the lines does not exceed.
type Lengths struct {
	Mean float64 `json:"mean"`
	SD   float64 `json:"sd"` // of the sample: divided by n-1
	Min  int     `json:"min"`
	P5   int     `json:"p5"`
	P25  int     `json:"p25"`
	P50  int     `json:"p50"`
	P75  int     `json:"p75"`
	P95  int     `json:"p95"`
	P99  int     `json:"p99"`
	Max  int     `json:"max"`
}

func sortedLengths(lines [][]int32) []int {
	n := make([]int, len(lines))
	for i, line := range lines {
		n[i] = len(line)
	}
	slices.Sort(n)
	return n
}

// LengthsOf measures lines; all is 0 if there are none.
func LengthsOf(lines [][]int32) (l Lengths) {
	n := sortedLengths(lines)
	if len(n) == 0 {
		return l
	}
	sum, sq := 0.0, 0.0
	for _, v := range n {
		sum += float64(v)
	}
	l.Mean = sum / float64(len(n))
	for _, v := range n {
		sq += (float64(v) - l.Mean) * (float64(v) - l.Mean)
	}
	l.SD = math.Sqrt(sq / float64(max(1, len(n)-1)))
	percent := func(q int) int { return n[max(0, (q*len(n)+99)/100-1)] }
	l.Min, l.Max = n[0], n[len(n)-1]
	l.P5, l.P25, l.P50, l.P75, l.P95, l.P99 = percent(5), percent(25), percent(50), percent(75), percent(95), percent(99)
	return l
}

// LengthDistance is the Wasserstein-1 distance between the line lengths of two
// texts, in tokens: the area between their distribution functions, or how many
// tokens a line has to gain or lose on average to turn one into the other. 0
// if one of them has no lines.
func LengthDistance(a, b [][]int32) float64 {
	x, y := sortedLengths(a), sortedLengths(b)
	if len(x) == 0 || len(y) == 0 {
		return 0
	}
	area, at := 0.0, 0
	for i, j := 0, 0; i < len(x) || j < len(y); {
		next := at
		switch {
		case j == len(y) || i < len(x) && x[i] <= y[j]:
			next = x[i]
		default:
			next = y[j]
		}
		gap := float64(i)/float64(len(x)) - float64(j)/float64(len(y))
		area += math.Abs(gap) * float64(next-at)
		at = next
		for i < len(x) && x[i] == at {
			i++
		}
		for j < len(y) && y[j] == at {
			j++
		}
	}
	return area
}
