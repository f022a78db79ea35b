package variance

import (
	"errors"
	"math"
	"sort"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

// The negative controls are mistakes found in published code. A laboratory
// that does not flag them as biased tests nothing.

// throughNoise is Gumbel-Rao with the derivative run through the conditional
// noise, as the text of the paper has it: its mean is no longer that of the
// straight-through Gumbel estimator.
type throughNoise struct {
	relax.Relaxed[float64]
	m int
}

func (e throughNoise) Backward(dLogits, saved, dy []float64, id int, tau float64, key rng.Key) {
	K := len(saved)
	zGiven, sum, y := make([]float64, K), make([]float64, K), make([]float64, K)
	for j := range e.m {
		relax.GumbelGiven(zGiven, saved, id, relax.InnerKey(key, j))
		relax.Softmax(y, zGiven, tau)
		relax.SoftmaxBackward(y, y, dy, tau)
		pullGiven(y, zGiven, saved)
		axpy(1/float64(e.m), y, sum)
	}
	copy(dLogits, sum)
}

// hiddenNoise is REINFORCE on ids drawn by adding Gumbel noise to the hidden
// state of an rnn instead of to its logits. Such an id is no sample of the
// model.
func (s *states) hiddenNoise(samples int, seed uint64) (moments, error) {
	m, ok := s.model.(*rnn)
	if !ok {
		return moments{}, errors.New("needs structure rnn")
	}
	return draw(s.Params(), samples, func() func(uint32, []float64) {
		w, noise := newTape(s.Problem), make([]float64, m.H)
		logits, rows := make([]float64, s.K), make([]float64, s.T*s.K)
		return func(i uint32, out []float64) {
			key := drawKey(seed, i)
			clear(w.u)
			clear(rows)
			steps := 0
			for t := 0; t < s.T; t++ {
				m.logits(w, t, logits)
				row := rows[t*s.K : (t+1)*s.K]
				relax.Softmax(row, logits, 1)
				relax.Gumbel(noise, key.At(key.Step, uint32(t)))
				axpy(1, m.hidden(w, t), noise)
				m.output(logits, noise)
				id := argmax(logits)
				for k := range row {
					row[k] = -row[k]
				}
				row[id]++
				w.input(t)[id] = 1
				if steps = t + 1; id == s.EOS {
					break
				}
			}
			f := s.f.value(w.u)
			clear(out)
			w.rewind()
			for t := steps - 1; t >= 0; t-- {
				row := rows[t*s.K : (t+1)*s.K]
				for k := range row {
					row[k] *= f
				}
				m.back(w, t, row, out)
			}
		}
	}), nil
}

// rollouts is SeqGAN's estimate for a batch of n sequences with m completions
// of every prefix, drawn, through the functions that training uses. scrambled
// lays the rewards out as a tensor (completion and step, sequence) and reads
// it as (sequence, step, completion) without a transpose, so that a token's
// value averages the rewards of other sentences.
func (s *states) rollouts(n, m int, scrambled bool, seed uint64) sampler {
	cumulative := make([]float64, len(s.prob)+1)
	for i, p := range s.prob {
		cumulative[i+1] = cumulative[i] + p
	}
	pick := func(lo, hi int, u float64) int {
		u = cumulative[lo] + u*(cumulative[hi]-cumulative[lo])
		return min(lo+sort.Search(hi-lo-1, func(i int) bool { return cumulative[lo+i+1] > u }), hi-1)
	}
	return func() func(uint32, []float64) {
		T, K := s.T, s.K
		w, grad, rows := newTape(s.Problem), make([]float64, s.Params()), make([]float64, T*K)
		rewards, mask, q := make([]float64, n), make([]float64, n*T), make([]float64, n*T)
		table := make([]float64, n*T*m)
		drawn := make([]int, n)
		return func(i uint32, out []float64) {
			src := drawKey(seed, i).Source()
			clear(mask)
			for b := range drawn {
				x := pick(0, len(s.fx), src.Float64())
				drawn[b], rewards[b] = x, s.fx[x]
				lo, hi := 0, len(s.fx)
				for t := range T {
					if s.ids[x*T+t] >= 0 {
						mask[b*T+t] = 1
						// The states that begin with x_<=t are the neighbours of x.
						for s.ids[lo*T+t] != s.ids[x*T+t] {
							lo++
						}
						for s.ids[(hi-1)*T+t] != s.ids[x*T+t] {
							hi--
						}
					}
					for j := range m {
						at := (b*T+t)*m + j
						if scrambled {
							at = (j*T+t)*n + b
						}
						table[at] = s.fx[pick(lo, hi, src.Float64())]
					}
				}
			}
			relax.RolloutQ(q, table, rewards, mask)
			relax.TokenWeights(q, q, nil, mask, n)
			clear(out)
			for b, x := range drawn {
				s.residuals(rows, x)
				for t := range T {
					for k := range K {
						rows[t*K+k] *= q[b*T+t]
					}
				}
				s.pull(w, x, rows, grad)
				axpy(1, grad, out)
			}
		}
	}
}

// logitNoise is REINFORCE on ids drawn by adding to the logits other noise
// than Gumbel's. noise maps a uniform number to it.
func (s *states) logitNoise(noise func(u float64) float64, samples int, seed uint64) moments {
	return draw(s.Params(), samples, func() func(uint32, []float64) {
		return func(i uint32, out []float64) {
			src := drawKey(seed, i).Source()
			at := 0
			for t := range s.T {
				node := s.path[at*s.T+t]
				if node < 0 {
					break
				}
				best, id := math.Inf(-1), 0
				for k, p := range s.p[node*s.K : (node+1)*s.K] {
					if z := math.Log(p) + noise(src.Float64()); z > best {
						best, id = z, k
					}
				}
				for s.ids[at*s.T+t] != id {
					at++
				}
			}
			for k, v := range s.scoreOf(at) {
				out[k] = s.fx[at] * v
			}
		}
	})
}
