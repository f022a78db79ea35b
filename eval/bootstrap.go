package eval

import (
	"math"
	"math/bits"
	"slices"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// resample calls f for every bootstrap resample b in [0, resamples) with a
// function that draws the index of one of n items. Resample b reads row b of
// the rng.Eval stream, so it does not matter which thread runs it.
func resample(resamples, n int, seed uint64, f func(b int, draw func() int)) {
	kernel.Parallel(resamples, 1, func(lo, hi int) {
		for b := lo; b < hi; b++ {
			source := rng.Key{Seed: seed, Stream: rng.Eval, Row: uint32(b)}.Source()
			f(b, func() int {
				i, _ := bits.Mul64(source.Uint64(), uint64(n)) // bias below n/2^64
				return int(i)
			})
		}
	})
}

// percentiles is the central interval of the given confidence among values,
// with linear interpolation between order statistics. It sorts values.
func percentiles(values []float64, confidence float64) Interval {
	slices.Sort(values)
	at := func(q float64) float64 {
		x := q * float64(len(values)-1)
		i := int(x)
		j := min(i+1, len(values)-1)
		return values[i] + (x-math.Floor(x))*(values[j]-values[i])
	}
	tail := (1 - confidence) / 2
	return Interval{at(tail), at(1 - tail)}
}

// bootstrap draws as many hypotheses as there are, with replacement, again and
// again. Efron and Tibshirani, "An introduction to the bootstrap", 1993,
// chapter 13; for BLEU Koehn, EMNLP 2004.
func (m *Meter) bootstrap() []Interval {
	orders, resamples := m.o.MaxN, m.o.Bootstrap
	values := make([]float64, orders*resamples) // [orders, resamples]
	resample(resamples, m.n, m.o.Seed, func(b int, draw func() int) {
		var p, sum [MaxOrder]float64
		var pool tally
		for range m.n {
			i := draw()
			if m.o.Level == Corpus {
				pool.add(&m.tallies[i])
				continue
			}
			for n, v := range m.kept[i*orders:][:orders] {
				sum[n] += v - m.mean[n] // so that equal scores have their mean, to the bit
			}
		}
		for n := range orders {
			values[n*resamples+b] = m.mean[n] + sum[n]/float64(m.n)
			if m.o.Level == Corpus {
				values[n*resamples+b] = pool.bleu(m.o.Smoothing, p[:n+1])
			}
		}
	})
	out := make([]Interval, orders)
	for n := range out {
		out[n] = percentiles(values[n*resamples:][:resamples], m.o.Confidence)
	}
	return out
}
