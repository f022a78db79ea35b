package variance

import (
	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/rng"
)

// relaxedChain is a relaxed estimator in the problem's sequence: what the
// generator's rollout is in training, with the recurrence of the problem. f
// sees the vector that stands for each token, the next choices see what the
// feedback says, and after an end token both see zeros; the mask of that is
// hard and has no gradient.
type relaxedChain struct {
	*Problem
	estimator relax.Relaxed[float64]
	feedback  feedback.Feedback
	tau       float64

	w          *tape
	ids        []int     // [T]
	saved      []float64 // [T,K] what Forward leaves for Backward
	x, dx      []float64 // [T,K] what f sees, and its gradient
	steps      int
	fromLogits []float64 // [K]

	mean []float64 // [T,K] what the other sequences say to a joint estimator; nil: there are none
}

func newRelaxedChain(p *Problem, e relax.Relaxed[float64], feedback feedback.Feedback, tau float64) *relaxedChain {
	n := p.T * p.K
	return &relaxedChain{
		Problem: p, estimator: e, feedback: feedback, tau: tau, w: newTape(p), ids: make([]int, p.T),
		saved: make([]float64, n), x: make([]float64, n), dx: make([]float64, n), fromLogits: make([]float64, p.K),
	}
}

// estimate sets out [P] to one estimate: of the noise of the key's rows, the
// choice t taking row t; or, for an estimator whose gradient the ids decide,
// of the given ids.
func (c *relaxedChain) estimate(out []float64, key rng.Key, given []int) {
	c.forward(key, given)
	c.f.gradient(c.dx, c.x)
	clear(out)
	c.w.rewind()
	for t := c.steps - 1; t >= 0; t-- {
		dy := c.row(c.dx, t)
		if c.feedback != feedback.Detached {
			axpy(1, c.row(c.w.du, t), dy)
		}
		row := key.At(key.Step, uint32(t))
		if joint, ok := c.estimator.(relax.Joint[float64]); ok && c.mean != nil {
			joint.BackwardJoint(c.fromLogits, c.row(c.saved, t), dy, c.row(c.mean, t), c.ids[t], 0, c.tau, row)
		} else {
			c.estimator.Backward(c.fromLogits, c.row(c.saved, t), dy, c.ids[t], c.tau, row)
		}
		c.model.back(c.w, t, c.fromLogits, out)
	}
}

func (c *relaxedChain) forward(key rng.Key, given []int) {
	clear(c.x)
	clear(c.w.u)
	for t := range c.T {
		row := c.row(c.saved, t)
		c.model.logits(c.w, t, row)
		var id int
		if given != nil {
			id = given[t]
			if e, ok := c.estimator.(relax.Conditional[float64]); ok { // the others keep the logits
				e.Given(row, id, c.tau)
			}
		} else {
			id = c.estimator.Forward(row, c.tau, key.At(key.Step, uint32(t)))
		}
		c.ids[t], c.steps = id, t+1
		c.emit(c.row(c.x, t), row, id, c.estimator.Hard())
		c.emit(c.w.input(t), row, id, c.estimator.Hard() || c.feedback != feedback.Soft)
		if id == c.EOS {
			return
		}
	}
}

func (c *relaxedChain) emit(dst, row []float64, id int, hard bool) {
	if hard {
		dst[id] = 1
	} else {
		copy(dst, row)
	}
}

func (c *relaxedChain) row(x []float64, t int) []float64 { return x[t*c.K : (t+1)*c.K] }

// relaxed is the table of a relaxed estimator: exact if the drawn ids decide
// its gradient, and otherwise from samples to limit draws.
func (s *states) relaxed(name string, feedback feedback.Feedback, tau float64, samples, limit int, seed uint64) (moments, error) {
	e, err := relax.Parse[float64](name)
	if err != nil {
		return moments{}, err
	}
	return s.chainOf(e, feedback, tau, samples, limit, seed), nil
}

// chainOf is relaxed for an estimator that is made.
func (s *states) chainOf(e relax.Relaxed[float64], feedback feedback.Feedback, tau float64, samples, limit int, seed uint64) moments {
	if _, ok := e.(relax.Conditional[float64]); ok {
		c := newRelaxedChain(s.Problem, e, feedback, tau)
		return s.sum(func(i int, out []float64) { c.estimate(out, rng.Key{}, s.idsOf(i)) }, nil)
	}
	return settle(s.Params(), samples, limit, func() func(uint32, []float64) {
		c := newRelaxedChain(s.Problem, e, feedback, tau)
		return func(i uint32, out []float64) { c.estimate(out, drawKey(seed, i), nil) }
	})
}

// drawKey names the noise of draw i. Every estimator takes it from the same
// place, so their estimates share random numbers and differ in nothing else.
func drawKey(seed uint64, i uint32) rng.Key { return rng.Key{Seed: seed, Stream: rng.Eval, Step: i} }
