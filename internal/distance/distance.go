// Package distance estimates the length of a vector that is seen with noise, several times,
// and tells an interval of it.
package distance

import (
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// Gram has the scalar products of blocks k and l: vectors that were seen, each a mean of as
// many draws. Mean and covariance are the same for all, and they are independent.
type Gram [][]float64

// NewGram takes n blocks, of which x tells component i of the k-th, and of that the span
// from up to to.
func NewGram(n int, x func(k, i int) float64, from, to int) Gram {
	g, row := make(Gram, n), make([]float64, n)
	for k := range g {
		g[k] = make([]float64, n)
	}
	for i := from; i < to; i++ {
		for k := range row {
			row[k] = x(k, i)
			for l, v := range row[:k+1] {
				g[k][l] += row[k] * v
			}
		}
	}
	for k := range g {
		for l := range k {
			g[l][k] = g[k][l]
		}
	}
	return g
}

// Squared is the squared length of d, the mean of blocks that scatter about it, n of them
// with the covariance C. The variances below are those of the mean of the n.
type Squared struct {
	Estimate float64 // without the noise of the mean; may be negative
	blocks   float64
	seen     float64 // of the mean of the blocks, noise and all
	along    float64 // variance of that mean along itself
	rest     float64 // its variance across, summed over directions
	freedom  float64 // how many directions of equal variance rest is like
}

// SquaredLength of the mean of two blocks or more, vectors [P], with these products. The
// variance along d, d'Cd / d'd, is no less than that of the blocks' projections on their
// mean, and at most the root of tr(C^2), which it counts as where d is lost in noise: it may lie in the loudest
// direction. Across, the number of directions is Satterthwaite's, tr(C)^2 / tr(C^2), from
// the unbiased estimate of tr(C^2) of normal vectors.
func (g Gram) SquaredLength(P int) (s Squared) {
	n := float64(len(g))
	s.blocks = n
	row := make([]float64, len(g)) // products with the mean
	for k := range g {
		for _, v := range g[k] {
			row[k] += v / n
		}
		s.seen += row[k] / n
	}
	var trace, square float64 // of the sample covariance C, then of C^2
	for k := range g {
		d := row[k] - s.seen // of the block less the mean, with the mean
		s.along += d * d / (n - 1)
		for l, v := range g[k] {
			v -= row[k] + row[l] - s.seen
			square += v * v / ((n - 1) * (n - 1))
			if k == l {
				trace += v / (n - 1)
			}
		}
	}
	f := n - 1
	square = max((square-trace*trace/f)*f*f/((f-1)*(f+2)), trace*trace/float64(P))
	s.Estimate = s.seen - trace/n
	most := min(math.Sqrt(square), trace)
	if s.Estimate > 0 {
		s.along = max(s.along/s.seen, min(most, (s.along-square/n)/s.Estimate))
	} else {
		s.along = most
	}
	s.along = min(s.along, trace)
	s.rest = trace - s.along
	s.freedom = float64(max(P-1, 1))
	if across := square - s.along*s.along; across > 0 {
		s.freedom = min(max(s.rest*s.rest/across, 1), s.freedom)
	}
	s.along, s.rest = s.along/n, s.rest/n
	return s
}

// Interval of the squared length, equal tails of (1 - confidence)/2: the lengths of d
// under which what is seen is not too long or too short. Along d the mean of the blocks
// is Student's, across it adds a square that is F's by the number of directions. A mean
// that is shorter than its noise counts as one of the noise's length, so that the
// interval of nothing reaches as far as noise does.
func (s Squared) Interval(confidence float64) (lo, hi float64) {
	const grid = 50 // quantiles of the square across
	noise := s.along + s.rest
	if noise == 0 {
		return s.seen, s.seen
	}
	across := []float64{0}
	if s.rest > 1e-12*noise {
		f := distuv.F{D1: s.freedom, D2: (s.blocks - 1) * s.freedom}
		across = make([]float64, grid)
		for j := range across {
			across[j] = s.rest * f.Quantile((float64(j)+.5)/grid)
		}
	}
	t := distuv.StudentsT{Sigma: math.Sqrt(max(s.along, 1e-12*noise)), Nu: s.blocks - 1}
	shorter := func(seen, d float64) (p float64) { // the probability of less than is seen
		for _, r := range across {
			if r < seen {
				x := math.Sqrt(seen - r)
				p += (t.CDF(x-d) - t.CDF(-x-d)) / float64(len(across))
			}
		}
		return p
	}
	solve := func(seen, p float64) float64 { // the length at which that is p; it falls
		low, high := 0., math.Sqrt(seen)+t.Sigma
		if shorter(seen, low) <= p {
			return 0
		}
		for shorter(seen, high) > p {
			high *= 2
		}
		for range 20 {
			if mid := (low + high) / 2; shorter(seen, mid) > p {
				low = mid
			} else {
				high = mid
			}
		}
		return low * low
	}
	tail := (1 - confidence) / 2
	return solve(s.seen, 1-tail), solve(max(s.seen, noise), tail)
}
