package variance

import (
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"textgan/internal/distance"
)

// moments are the mean and the variance of one estimate [P], exact or from
// draws.
type moments struct {
	exact              bool
	draws              int
	mean, variance     []float64
	meanSE, varianceSE []float64
	blocks             []block // of the draws
}

// block is one part of the draws: their mean and their total variance.
type block struct {
	mean  []float64
	trace float64
}

func exactMoments(P int) moments {
	return moments{exact: true, mean: make([]float64, P), variance: make([]float64, P), meanSE: make([]float64, P), varianceSE: make([]float64, P)}
}

// sampler returns a function that sets out [P] to estimate number i. Every
// goroutine gets a function of its own, with its own scratch; the estimate
// depends on i alone.
type sampler func() func(i uint32, out []float64)

const (
	blocks = 100 // the draws are summed in so many parts, whatever the number of threads
	pilot  = 200 // draws whose mean the powers are taken around
)

// settled is the relative standard error of a variance below which settle asks
// for no more draws, and patience how many times the draws it may take.
const (
	settled  = 0.05
	patience = 16
)

// draw takes n draws of a sampler.
func draw(P, n int, s sampler) moments { return settle(P, n, n, s) }

// settle takes n draws and then four times as many, again and again up to
// limit, while the variance of some component is not known to 5 %: where it is
// made by rare large values, as at a cold tau, fewer draws would miss them and
// understate the standard errors too.
func settle(P, n, limit int, s sampler) moments {
	n = max(n, blocks*2)
	d := newDraws(P, s)
	for to := n; ; to = min(4*to, limit) {
		d.extend(to, s)
		m := d.moments()
		unsettled := false
		for k, v := range m.variance {
			unsettled = unsettled || m.varianceSE[k] > settled*v
		}
		if !unsettled || to >= limit {
			return m
		}
	}
}

// draws are the sums of the powers of some draws around a pilot mean, for
// E v^2 - (E v)^2 would lose a variance that is small beside the mean.
type draws struct {
	P, n   int
	centre []float64
	sums   [blocks][4][]float64 // of each block, and of each power 1 to 4: [P]
	size   [blocks]float64
}

func newDraws(P int, s sampler) *draws {
	d := &draws{P: P, centre: make([]float64, P)}
	est, out := s(), make([]float64, P)
	for i := range uint32(pilot) {
		est(i, out)
		axpy(1.0/pilot, out, d.centre)
	}
	for b := range d.sums {
		for j := range d.sums[b] {
			d.sums[b][j] = make([]float64, P)
		}
	}
	return d
}

// extend adds the draws from the last to number to. Every block takes its part
// of them in order, so threads change nothing.
func (d *draws) extend(to int, s sampler) {
	from := d.n
	d.n = to
	var next atomic.Int32
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), blocks) {
		wg.Go(func() {
			est, out := s(), make([]float64, d.P)
			for b := int(next.Add(1)) - 1; b < blocks; b = int(next.Add(1)) - 1 {
				s1, s2, s3, s4 := d.sums[b][0], d.sums[b][1], d.sums[b][2], d.sums[b][3]
				low, high := from+b*(to-from)/blocks, from+(b+1)*(to-from)/blocks
				for i := low; i < high; i++ {
					est(uint32(i), out)
					for k, v := range out {
						x := v - d.centre[k]
						x2 := x * x
						s1[k] += x
						s2[k] += x2
						s3[k] += x2 * x
						s4[k] += x2 * x2
					}
				}
				d.size[b] += float64(high - low)
			}
		})
	}
	wg.Wait()
}

func (d *draws) moments() moments {
	m := exactMoments(d.P)
	m.exact, m.draws = false, d.n
	var total [4][]float64
	for j := range total {
		total[j] = make([]float64, d.P)
	}
	for b, sum := range d.sums {
		part := block{mean: make([]float64, d.P)}
		for k := range d.P {
			for j := range total {
				total[j][k] += sum[j][k]
			}
			shift := sum[0][k] / d.size[b]
			part.mean[k] = d.centre[k] + shift
			part.trace += (sum[1][k] - d.size[b]*shift*shift) / (d.size[b] - 1)
		}
		m.blocks = append(m.blocks, part)
	}
	N := float64(d.n)
	for k := range d.P {
		c, m2, m3, m4 := total[0][k]/N, total[1][k]/N, total[2][k]/N, total[3][k]/N
		second := max(m2-c*c, 0)
		fourth := max(m4-4*c*m3+6*c*c*m2-3*c*c*c*c, 0)
		m.mean[k] = d.centre[k] + c
		m.variance[k] = second * N / (N - 1)
		m.meanSE[k] = math.Sqrt(m.variance[k] / N)
		m.varianceSE[k] = math.Sqrt(max(fourth-second*second, 0) / N)
	}
	return m
}

func (m moments) trace() (sum float64) {
	for _, v := range m.variance {
		sum += v
	}
	return sum
}

// traceSE is the standard error of the total variance, from the spread of the
// blocks, for the components are not independent.
func (m moments) traceSE() float64 {
	n := float64(len(m.blocks))
	if n < 2 {
		return 0
	}
	var sum, sq float64
	for _, b := range m.blocks {
		sum += b.trace / n
	}
	for _, b := range m.blocks {
		sq += (b.trace - sum) * (b.trace - sum)
	}
	return math.Sqrt(sq / (n - 1) / n)
}

// biasSquared estimates b^2 = |mean - g|^2 without the upward bias that the noise of the
// mean brings, and gives its 95 % interval. The estimate may be negative; without draws
// the interval is the estimate.
func (m moments) biasSquared(g []float64) (estimate, low, high float64) {
	if len(m.blocks) < 3 {
		d := between(m.mean, g)
		return d * d, d * d, d * d
	}
	gap := func(k, i int) float64 { return m.blocks[k].mean[i] - g[i] }
	s := distance.NewGram(len(m.blocks), gap, 0, len(g)).SquaredLength(len(g))
	low, high = s.Interval(.95)
	return s.Estimate, low, high
}

// between is the distance of two vectors.
func between(x, y []float64) float64 {
	var sum float64
	for i, v := range x {
		sum += (v - y[i]) * (v - y[i])
	}
	return math.Sqrt(sum)
}
