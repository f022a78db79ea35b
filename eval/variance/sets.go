package variance

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

// maxWork bounds the sums over subsets and tuples of states, in
// multiplications; those that would take more than a tenth of it are measured
// only when asked for by name.
const maxWork = 4e9

// unorderedSet is relax.UnorderedSet of k whole states drawn without
// replacement: exact by a sum over all subsets, or drawn if there are too many.
func (s *states) unorderedSet(k, samples int, seed uint64) moments {
	P, S := s.Params(), len(s.fx)
	work := math.Exp2(float64(k)) * float64(k)
	if subsets := binomial(S, k); subsets*(2*work+float64(2*k*P)) > maxWork {
		return draw(P, samples, s.drawSets(k, seed))
	}
	m := exactMoments(P)
	out := make([]float64, P)
	e := newSetEstimate(s, k)
	s.subsets(k, func(set []int, rest float64) {
		axpy(e.estimate(out, set, rest), out, m.mean)
	})
	s.subsets(k, func(set []int, rest float64) {
		p := e.estimate(out, set, rest)
		for k, v := range out {
			m.variance[k] += p * (v - m.mean[k]) * (v - m.mean[k])
		}
	})
	return m
}

func binomial(n, k int) float64 {
	b := 1.0
	for i := range k {
		b *= float64(n-i) / float64(i+1)
	}
	return b
}

// subsets calls f with every subset of k states and the probability of all the
// others, which is summed and never had by subtraction from one.
func (s *states) subsets(k int, f func(set []int, rest float64)) {
	S := len(s.fx)
	tail := make([]float64, S+1)
	for i := S - 1; i >= 0; i-- {
		tail[i] = tail[i+1] + s.prob[i]
	}
	set := make([]int, 0, k)
	var choose func(from int, skipped float64)
	choose = func(from int, skipped float64) {
		if len(set) == k {
			f(set, skipped+tail[from])
			return
		}
		for i := from; S-i >= k-len(set); i++ {
			set = append(set, i)
			choose(i+1, skipped)
			set = set[:len(set)-1]
			skipped += s.prob[i]
		}
	}
	choose(0, 0)
}

// setEstimate computes the estimate of one set, as training does.
type setEstimate struct {
	s       *states
	p, f, w []float64 // [k]
}

func newSetEstimate(s *states, k int) *setEstimate {
	return &setEstimate{s, make([]float64, k), make([]float64, k), make([]float64, k)}
}

// estimate sets out and returns the probability of the set.
func (e *setEstimate) estimate(out []float64, set []int, rest float64) float64 {
	for j, i := range set {
		e.p[j], e.f[j] = e.s.prob[i], e.s.fx[i]
	}
	chance := relax.UnorderedSet(e.w, e.p, rest, e.f)
	clear(out)
	for j, i := range set {
		axpy(e.w[j], e.s.scoreOf(i), out)
	}
	return chance
}

// drawSets draws the set by the greatest k of log p + Gumbel noise.
func (s *states) drawSets(k int, seed uint64) sampler {
	logP := make([]float64, len(s.prob))
	for i, p := range s.prob {
		logP[i] = math.Log(p)
	}
	return func() func(uint32, []float64) {
		e := newSetEstimate(s, k)
		z, order := make([]float64, len(logP)), make([]int, len(logP))
		return func(i uint32, out []float64) {
			relax.Gumbel(z, rng.Key{Seed: seed, Stream: rng.Eval, Step: i})
			for j := range z {
				z[j] += logP[j]
				order[j] = j
			}
			slices.SortFunc(order, func(a, b int) int { return cmp.Compare(z[b], z[a]) })
			var rest float64
			for _, j := range order[k:] {
				rest += s.prob[j]
			}
			e.estimate(out, order[:k], rest)
		}
	}
}

// vimco is the leave-one-out estimator of another objective,
// L = E log (1/n) sum_i exp f(x_i): its estimate is
//
//	sum_i (L - L_-i) s_i
//
// where L_-i has exp f(x_i) replaced by the geometric mean of the others. It
// returns that objective and its exact gradient too.
//
// Mnih and Rezende, ICML 2016, https://arxiv.org/abs/1602.06725.
func (s *states) vimco(n int) (m moments, objective float64, gradient []float64, err error) {
	P := s.Params()
	if s.vimcoWork(n) > maxWork {
		return m, 0, nil, fmt.Errorf("variance: vimco_n%d needs a sum over all sets of %d out of %d states; choose a smaller n", n, n, len(s.fx))
	}
	m = exactMoments(P)
	gradient = make([]float64, P)
	tuple, f := make([]int, n), make([]float64, n)
	out := make([]float64, P)
	// each calls g with every tuple in ascending order, the probability of all
	// its orders, L, and in out the estimate.
	each := func(g func(p, bound float64)) {
		var fill func(at, from, run int, p float64)
		fill = func(at, from, run int, p float64) {
			if at < n {
				for i := from; i < len(s.prob); i++ {
					same := 1
					if i == from && at > 0 {
						same = run + 1
					}
					// The orders of a multiset: (at+1)! over the product of its runs'.
					tuple[at], f[at] = i, s.fx[i]
					fill(at+1, i, same, p*s.prob[i]*float64(at+1)/float64(same))
				}
				return
			}
			bound := logMeanExp(f)
			clear(out)
			for j, i := range tuple {
				own := f[j]
				f[j] = 0
				var others float64
				for _, v := range f {
					others += v
				}
				f[j] = others / float64(n-1)
				without := logMeanExp(f)
				f[j] = own
				axpy(bound-without, s.scoreOf(i), out)
			}
			g(p, bound)
		}
		fill(0, 0, 0, 1)
	}
	each(func(p, bound float64) {
		objective += p * bound
		axpy(p, out, m.mean)
	})
	each(func(p, bound float64) {
		for k, v := range out {
			m.variance[k] += p * (v - m.mean[k]) * (v - m.mean[k])
		}
		for _, i := range tuple {
			axpy(p*(bound-objective), s.scoreOf(i), gradient)
		}
	})
	return m, objective, gradient, nil
}

// vimcoWork is the cost of vimco, an exponential counted as 30 multiplications.
func (s *states) vimcoWork(n int) float64 {
	return binomial(len(s.fx)+n-1, n) * float64(2*n*(30*(n+1)+s.Params()))
}

func logMeanExp(x []float64) float64 {
	top, sum := slices.Max(x), 0.0
	for _, v := range x {
		sum += math.Exp(v - top)
	}
	return top + math.Log(sum/float64(len(x)))
}
