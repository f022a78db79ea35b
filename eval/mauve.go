package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// MauveOptions are those of the published implementation; the zero value of a
// field means its default.
type MauveOptions struct {
	Clusters int     // of the quantisation; 0: a tenth of the smaller text, at least 2
	Scale    float64 // in exp(-Scale KL); 0: 5
	Variance float64 // share that the principal components keep; 0: 0.9
	Restarts int     // of k-means, the best is kept; 0: 5
	Seed     uint64  // of the first centres: the rng.Eval stream is consumed
}

// Mauve compares the features p [N,D] and q [M,D] of two texts: both are
// quantised together, and the value is the area under the frontier of the two
// divergences from the histograms to their mixtures (MauveOfHistograms). It is
// in (0, 1], 1 for equal histograms. Quantisation: rows scaled to length 1,
// principal components, k-means.
//
// Values depend on the encoder and on all options and are for comparing models
// with each other: the published numbers need 5000 texts a side and GPT-2
// large. Pillutla et al., NeurIPS 2021, https://arxiv.org/abs/2102.01454.
func Mauve(p, q mat.Matrix, o MauveOptions) (float64, error) {
	if err := checkFeatures(p, q, 2); err != nil {
		return 0, err
	}
	n, _ := p.Dims()
	m, _ := q.Dims()
	o.Clusters = cmp.Or(o.Clusters, mauveClusters(n, m))
	o.Scale, o.Variance, o.Restarts = cmp.Or(o.Scale, 5), cmp.Or(o.Variance, 0.9), cmp.Or(o.Restarts, 5)
	if o.Clusters < 1 || o.Clusters > n+m || !(o.Scale > 0) || !(o.Variance > 0 && o.Variance <= 1) || o.Restarts < 1 {
		return 0, fmt.Errorf("eval: MAUVE with %d clusters of %d sentences, scale %v, variance %v, %d restarts", o.Clusters, n+m, o.Scale, o.Variance, o.Restarts)
	}
	points, err := components(p, q, o.Variance)
	if err != nil {
		return 0, err
	}
	labels := kMeans(points, o.Clusters, o.Restarts, rng.Key{Seed: o.Seed, Stream: rng.Eval})
	return mauveOfLabels(labels[:n], labels[n:], o.Clusters, o.Scale)
}

// mauveOfLabels is MauveOfHistograms of the clusters of both sides.
func mauveOfLabels(p, q []int, clusters int, scale float64) (float64, error) {
	hp, hq := make([]float64, clusters), make([]float64, clusters)
	for _, k := range p {
		hp[k]++
	}
	for _, k := range q {
		hq[k]++
	}
	return MauveOfHistograms(hp, hq, scale)
}

// mauveSeeds is how many clusterings of texts of n and m lines are averaged: the
// fewer the lines, the more a single one depends on its first centres.
func mauveSeeds(n, m int) int { return min(max(5, 20000/(n+m)), 64) }

// mauveResamples is how many bootstrap samples of the lines the error of MauveOf
// comes from.
const mauveResamples = 100

// MauveOf is MAUVE with the default options, the mean over several clusterings
// (k-means from other first centres, one run each), with a standard error: the root
// of the variance over bootstrap samples of the lines of both sides, clusters held
// fixed, plus that of the mean over clusterings. It covers neither the encoder nor
// the bias of finite texts. Draws are those of the rng.Eval stream of the seed.
func MauveOf(p, q mat.Matrix, seed uint64) (value, stdErr float64, err error) {
	if err := checkFeatures(p, q, 2); err != nil {
		return 0, 0, err
	}
	n, _ := p.Dims()
	m, _ := q.Dims()
	points, err := components(p, q, 0.9)
	if err != nil {
		return 0, 0, err
	}
	clusters, seeds := mauveClusters(n, m), mauveSeeds(n, m)
	values := make([]float64, seeds)
	var lines float64 // variance over samples of the lines, mean over clusterings
	again := make([]float64, mauveResamples/seeds+2)
	for s := range seeds {
		labels := kMeans(points, clusters, 1, rng.Key{Seed: seed, Stream: rng.Eval, Step: 2 + uint32(s)})
		if values[s], err = mauveOfLabels(labels[:n], labels[n:], clusters, 5); err != nil {
			return 0, 0, err
		}
		draw := rng.Key{Seed: seed, Stream: rng.Eval, Step: 2 + uint32(s), Row: math.MaxUint32}.Rand()
		sample := make([]int, n+m)
		for b := range again {
			for i := range sample {
				if i < n {
					sample[i] = labels[draw.IntN(n)]
				} else {
					sample[i] = labels[n+draw.IntN(m)]
				}
			}
			if again[b], err = mauveOfLabels(sample[:n], sample[n:], clusters, 5); err != nil {
				return 0, 0, err
			}
		}
		lines += stat.Variance(again, nil) / float64(seeds)
	}
	return stat.Mean(values, nil), math.Sqrt(lines + stat.Variance(values, nil)/float64(seeds)), nil
}

// mauveClusters is the default number of clusters for texts of n and m lines.
func mauveClusters(n, m int) int { return max(2, int(math.RoundToEven(float64(min(n, m))/10))) }

// MauveOfHistograms is the second half of Mauve: for 25 mixtures r = w p +
// (1-w) q of the normalised histograms, the curve through
//
//	(exp(-scale KL(q || r)), exp(-scale KL(p || r)))
//
// and its ends (1, 0) and (0, 1), and the area under it by trapezoids.
func MauveOfHistograms(p, q []float64, scale float64) (float64, error) {
	if len(p) != len(q) || floats.Sum(p) <= 0 || floats.Sum(q) <= 0 || floats.Min(p) < 0 || floats.Min(q) < 0 {
		return 0, fmt.Errorf("eval: MAUVE of histograms of %d and %d cells; they need equal cells and counts of at least 0", len(p), len(q))
	}
	p, q = slices.Clone(p), slices.Clone(q)
	floats.Scale(1/floats.Sum(p), p)
	floats.Scale(1/floats.Sum(q), q)
	const mixtures, edge = 25, 1e-6
	type point struct{ x, y float64 }
	curve := []point{{0, 1}} // from w near 1 down: r = p has KL(p || r) = 0
	r := make([]float64, len(p))
	for i := range mixtures {
		w := 1 - edge - (1-2*edge)*float64(i)/(mixtures-1)
		for k := range r {
			r[k] = w*p[k] + (1-w)*q[k]
		}
		curve = append(curve, point{math.Exp(-scale * stat.KullbackLeibler(q, r)), math.Exp(-scale * stat.KullbackLeibler(p, r))})
	}
	curve = append(curve, point{1, 0})
	area := 0.0
	for i := 1; i < len(curve); i++ {
		area += (curve[i].x - curve[i-1].x) * (curve[i].y + curve[i-1].y) / 2
	}
	return min(area, 1), nil // above 1 by rounding only
}

// components stacks p on q, scales each row to length 1 and projects it on the
// first principal components that hold the given share of the variance.
func components(p, q mat.Matrix, share float64) (*mat.Dense, error) {
	var x mat.Dense
	x.Stack(p, q)
	rows, _ := x.Dims()
	for i := range rows {
		if row := x.RawRowView(i); floats.Norm(row, 2) > 0 {
			floats.Scale(1/floats.Norm(row, 2), row)
		}
	}
	g := fit(&x, nil)
	for i := range rows {
		floats.Sub(x.RawRowView(i), g.mean)
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(g.cov, true) {
		return nil, errNoEigen
	}
	values := eigen.Values(nil) // ascending
	total, held, keep := floats.Sum(values), 0.0, 0
	for keep = 1; keep < len(values); keep++ {
		if held += values[len(values)-keep]; held >= share*total {
			break
		}
	}
	var vectors, out mat.Dense
	eigen.VectorsTo(&vectors)
	out.Mul(&x, vectors.Slice(0, len(values), len(values)-keep, len(values)))
	return &out, nil
}

// kMeans returns the cluster of every row of points [N,D]: the best of several
// runs of Lloyd's algorithm, each from k-means++ centres (Arthur and
// Vassilvitskii, SODA 2007; run i draws from row i of the key's stream) and until no label changes, at most 500 rounds.
func kMeans(points *mat.Dense, clusters, restarts int, key rng.Key) []int {
	var best []int
	least := math.Inf(1)
	search := newNearest(points)
	for run := range restarts {
		centres := seedCentres(points, clusters, key.At(key.Step, uint32(run)).Source())
		var labels []int
		var spread float64
		for range 500 {
			before := labels
			labels, spread = search.label(centres)
			if slices.Equal(labels, before) {
				break
			}
			recentre(centres, points, labels)
		}
		if spread < least {
			best, least = labels, spread
		}
	}
	return best
}

// seedCentres draws each centre with probability proportional to the squared
// distance from the centres before.
func seedCentres(points *mat.Dense, clusters int, draw *rng.Source) *mat.Dense {
	rows, cols := points.Dims()
	centres := mat.NewDense(clusters, cols, nil)
	distance := make([]float64, rows)
	for i := range distance {
		distance[i] = 1
	}
	for k := range clusters {
		left := draw.Float64() * floats.Sum(distance)
		pick := 0
		for i, d := range distance {
			if d > 0 {
				pick = i
			}
			if left -= d; left < 0 {
				break
			}
		}
		centre := centres.RawRowView(k)
		copy(centre, points.RawRowView(pick))
		kernel.Parallel(rows, 256, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				d := squaredDistance(points.RawRowView(i), centre)
				if k == 0 || d < distance[i] {
					distance[i] = d
				}
			}
		})
	}
	return centres
}

// squaredDistance adds up in four sums, which need not wait for one another.
func squaredDistance(x, y []float64) float64 {
	var s [4]float64
	y = y[:len(x)]
	for len(x) >= 4 && len(y) >= 4 {
		a, b, c, d := x[0]-y[0], x[1]-y[1], x[2]-y[2], x[3]-y[3]
		s[0] += a * a
		s[1] += b * b
		s[2] += c * c
		s[3] += d * d
		x, y = x[4:], y[4:]
	}
	for i, v := range x {
		s[i] += (v - y[i]) * (v - y[i])
	}
	return (s[0] + s[1]) + (s[2] + s[3])
}

// nearest finds the closest centres of points. It searches in float32, where
// the products are fast, so that of two centres equally near to seven digits
// either may win.
type nearest struct {
	points *mat.Dense
	single []float32 // points [N,D]
}

func newNearest(points *mat.Dense) *nearest { return &nearest{points, float32s(points)} }

// float32s are the values of m [N,D], row by row.
func float32s(m *mat.Dense) []float32 {
	rows, cols := m.Dims()
	out := make([]float32, 0, rows*cols)
	for i := range rows {
		for _, v := range m.RawRowView(i) {
			out = append(out, float32(v))
		}
	}
	return out
}

// label labels every point with its closest centre, the first of equals, and
// sums up the squared distances.
func (s *nearest) label(centres *mat.Dense) (labels []int, spread float64) {
	rows, cols := s.points.Dims()
	clusters, _ := centres.Dims()
	// The nearest centre has the largest 2 x.c - |c|^2.
	c, bias := float32s(centres), make([]float32, clusters)
	kernel.Scale(2, c)
	for k := range bias {
		bias[k] = -float32(floats.Dot(centres.RawRowView(k), centres.RawRowView(k)))
	}
	labels = make([]int, rows)
	distance := make([]float64, rows)
	kernel.Parallel(rows, 256, func(lo, hi int) {
		const tile = 256 // rows at a time, so that memory does not grow with rows x clusters
		dots := make([]float32, tile*clusters)
		for first := lo; first < hi; first += tile {
			last := min(first+tile, hi)
			kernel.GemmBias(false, true, last-first, clusters, cols, s.single[first*cols:], cols, c, cols, bias, dots, clusters)
			for i := first; i < last; i++ {
				_, labels[i] = kernel.Max(dots[(i-first)*clusters:][:clusters])
				distance[i] = squaredDistance(s.points.RawRowView(i), centres.RawRowView(labels[i]))
			}
		}
	})
	return labels, floats.Sum(distance)
}

// recentre moves every centre to the mean of its points; one without points
// stays where it is.
func recentre(centres, points *mat.Dense, labels []int) {
	clusters, cols := centres.Dims()
	sums, sizes := mat.NewDense(clusters, cols, nil), make([]float64, clusters)
	for i, k := range labels {
		floats.Add(sums.RawRowView(k), points.RawRowView(i))
		sizes[k]++
	}
	for k, size := range sizes {
		if size > 0 {
			floats.ScaleTo(centres.RawRowView(k), 1/size, sums.RawRowView(k))
		}
	}
}
