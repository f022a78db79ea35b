package probe

import (
	"math"

	"textgan/internal/distance"
)

// blocks is the number of runs of consecutive draws whose means are kept
// apart. Products of different blocks have no noise in their mean, which is
// how squared norms are freed from it, and their scatter gives standard errors.
const blocks = 16

// gradientMoments are the mean and the variance of draws of one gradient [P],
// gathered in float64 as they come. Weights are told apart by group.
type gradientMoments struct {
	ends  []int // of the groups in [P]
	total int   // draws that there will be

	draws  int
	mean   []float64         // [P]
	means  [blocks][]float64 // [P]
	counts [blocks]int
	spread []running // of all weights, then per group: terms whose mean is the trace of the covariance
}

func newGradientMoments(ends []int, draws int) *gradientMoments {
	P := ends[len(ends)-1]
	m := &gradientMoments{ends: ends, total: draws, mean: make([]float64, P), spread: make([]running, len(ends)+1)}
	for i := range m.means {
		m.means[i] = make([]float64, P)
	}
	return m
}

// add takes a draw, given group by group. With d the distance of the n-th draw
// from the mean of those before it, |d|^2 (n-1)/n has the trace of the
// covariance for its mean: Welford's update, weight by weight.
func (m *gradientMoments) add(grad func(group int) []float32) {
	b := m.draws * blocks / m.total
	m.draws++
	m.counts[b]++
	n, nb := float64(m.draws), float64(m.counts[b])
	block, at, all := m.means[b], 0, 0.0
	for group := range m.ends {
		sum := 0.0
		for _, v := range grad(group) {
			g := float64(v)
			d := g - m.mean[at]
			m.mean[at] += d / n
			sum += d * (g - m.mean[at])
			block[at] += (g - block[at]) / nb
			at++
		}
		if m.draws > 1 {
			m.spread[group+1].add(sum)
		}
		all += sum
	}
	if m.draws > 1 {
		m.spread[0].add(all)
	}
}

// trace of the covariance of one draw, and its standard error, of all weights
// (part 0) or of group part-1.
func (m *gradientMoments) trace(part int) (v, se float64) {
	s := m.spread[part]
	return s.mean, math.Sqrt(s.variance() / float64(s.n))
}

// span is where a part lies in [P].
func (m *gradientMoments) span(part int) (from, to int) {
	switch part {
	case 0:
		return 0, len(m.mean)
	case 1:
		return 0, m.ends[0]
	}
	return m.ends[part-2], m.ends[part-1]
}

// running is the mean and the variance of numbers.
type running struct {
	n        int
	mean, m2 float64
}

func (r *running) add(x float64) {
	r.n++
	d := x - r.mean
	r.mean += d / float64(r.n)
	r.m2 += d * (x - r.mean)
}

func (r *running) variance() float64 { return r.m2 / float64(r.n-1) }

// An overlap is the scalar product of two mean gradients that are known with
// noise, in a form from which any block of draws can be left out.
type overlap struct {
	all float64         // sum over k, l of a_k b_l
	row [blocks]float64 // sum over l of a_k b_l + a_l b_k
	own [blocks]float64 // a_k b_k
}

// newOverlap takes the means a(k), b(k) [P] of every block k over a span.
func newOverlap(a, b func(k, i int) float64, from, to int) (o overlap) {
	for i := from; i < to; i++ {
		var sa, sb float64
		for k := range blocks {
			sa += a(k, i)
			sb += b(k, i)
		}
		o.all += sa * sb
		for k := range blocks {
			ak, bk := a(k, i), b(k, i)
			o.row[k] += ak*sb + bk*sa
			o.own[k] += ak * bk
		}
	}
	return o
}

// without is the mean product of a block of a with a block of b, leaving block
// k out (-1: none). Where a and b come from the same draws, a block meets its
// own noise in itself, so distinct counts pairs of different blocks only.
func (o *overlap) without(k int, distinct bool) float64 {
	n, sum := float64(blocks), o.all
	if k >= 0 {
		n--
		sum += o.own[k] - o.row[k]
	}
	if !distinct {
		return sum / (n * n)
	}
	for l, own := range o.own {
		if l != k {
			sum -= own
		}
	}
	return sum / (n * (n - 1))
}

// jackknife is a statistic with its standard error: f(-1) is its value, f(k)
// that without block k. Efron and Tibshirani 1993, equation 11.5.
func jackknife(f func(k int) float64) (v, se float64) {
	var r running
	for k := range blocks {
		r.add(f(k))
	}
	return f(-1), math.Sqrt(float64(blocks-1) / blocks * r.m2)
}

// comparison of a mean gradient with an independent reference. Squares may
// come out below zero where there is nothing but noise.
type comparison struct {
	norm2      float64          // squared length of the mean
	bias2      distance.Squared // squared distance from the reference
	cosine, se float64          // se is NaN where a length may be lost in noise
}

// compare frees every square from the noise of the mean and of the reference.
func (m *gradientMoments) compare(ref *gradientMoments, part int) (c comparison) {
	from, to := m.span(part)
	own := func(k, i int) float64 { return m.means[k][i] }
	its := func(k, i int) float64 { return ref.means[k][i] }
	gap := func(k, i int) float64 { return own(k, i) - its(k, i) }
	norm, refNorm := newOverlap(own, own, from, to), newOverlap(its, its, from, to)
	cross := newOverlap(own, its, from, to)
	c.norm2 = norm.without(-1, true)
	c.bias2 = distance.NewGram(blocks, gap, from, to).SquaredLength(to - from)
	c.cosine, c.se = jackknife(func(k int) float64 {
		return cross.without(k, false) / math.Sqrt(norm.without(k, true)*refNorm.without(k, true))
	})
	return c
}
