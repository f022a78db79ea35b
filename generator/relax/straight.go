package relax

import "math"

// straightThrough draws id ~ softmax(logits) and differentiates as if the
// one-hot had been softmax(logits/tau):
//
//	dLogits = J(softmax(logits/tau)) dy / tau
//
// Unbiased at tau = 1 if f is linear.
//
// Bengio, Leonard and Courville 2013, https://arxiv.org/abs/1308.3432.
type straightThrough[F Float] struct{ math *rowMath[F] }

func (straightThrough[F]) Hard() bool { return true }

func (e straightThrough[F]) Forward(row []F, tau F, key Key) int {
	id := e.math.gumbelArgmax(row, key)
	e.Given(row, id, tau)
	return id
}

func (e straightThrough[F]) Given(row []F, _ int, tau F) { e.math.softmax(row, row, 1/tau) }

func (e straightThrough[F]) Backward(dLogits, saved, dy []F, _ int, tau F, _ Key) {
	e.math.softmaxBackward(dLogits, saved, dy, 1/tau)
}

// gapOfProbability stands for the gap that follows the drawn probability.
const gapOfProbability = -1

// gappedST is straight-through with shifted logits: the drawn one is raised to
// the greatest, the others are lowered to at least gap below it,
//
//	w_id = max(logits)   w_i = min(logits_i, max(logits) - gap)
//	dLogits = J(softmax(w/tau)) dy / tau
//
// the shifts being constant in the derivative. The gap is a number, or
// -log(1-p)/p with p the probability of the drawn id.
//
// Fan, Chi, Rudnicky and Ramadge, ICML 2022, https://arxiv.org/abs/2206.07235.
type gappedST[F Float] struct {
	math *rowMath[F]
	gap  float64
}

func (gappedST[F]) Hard() bool { return true }

func (e gappedST[F]) Forward(row []F, tau F, key Key) int {
	id := e.math.gumbelArgmax(row, key)
	e.Given(row, id, tau)
	return id
}

func (e gappedST[F]) Given(row []F, id int, tau F) {
	gap := e.gap
	if gap == gapOfProbability {
		gap = e.probabilityGap(row, id)
	}
	top, _ := maxOf(row)
	for i := range row {
		row[i] = min(row[i], top-F(gap))
	}
	row[id] = top
	e.math.softmax(row, row, 1/tau)
}

// probabilityGap computes log(1-p) from the other logits when p is near 1; it
// is +Inf when they leave nothing.
func (e gappedST[F]) probabilityGap(row []F, id int) float64 {
	const tiny = 1e-300 // the gap tends to 1 as p tends to 0
	all := float64(e.math.logSumExp(row))
	p := math.Exp(float64(row[id]) - all)
	if p < 0.5 {
		return -math.Log1p(-max(p, tiny)) / max(p, tiny)
	}
	own := row[id]
	row[id] = F(math.Inf(-1))
	defer func() { row[id] = own }()
	if top, _ := maxOf(row); math.IsInf(float64(top), -1) {
		return math.Inf(1)
	}
	return (all - float64(e.math.logSumExp(row))) / p
}

func (e gappedST[F]) Backward(dLogits, saved, dy []F, _ int, tau F, _ Key) {
	e.math.softmaxBackward(dLogits, saved, dy, 1/tau)
}

// reinMax is the second-order straight-through estimator: with p the
// probabilities, D the one-hot of id ~ p and q = (softmax(logits/tau) + D)/2,
//
//	dLogits = 2 J(q) dy - J(p) dy / 2
//
// At tau = 1 it is exact if f is at most quadratic and the choices are
// independent; another tau loses that.
//
// Liu, Dong, Liu, Yu and Gao, NeurIPS 2023, https://arxiv.org/abs/2304.08612,
// algorithm 2.
type reinMax[F Float] struct{ math *rowMath[F] }

func (reinMax[F]) Hard() bool { return true }

func (e reinMax[F]) Forward(row []F, _ F, key Key) int { return e.math.gumbelArgmax(row, key) }

func (reinMax[F]) Given([]F, int, F) {} // the logits themselves are kept

func (e reinMax[F]) Backward(dLogits, saved, dy []F, id int, tau F, _ Key) {
	n := len(saved)
	scratch := e.math.borrow(2 * n)
	p, q := (*scratch)[:n], (*scratch)[n:]
	e.math.softmax(p, saved, 1)
	e.math.softmax(q, saved, 1/tau)
	q[id]++
	meanP, meanQ := dot(p, dy), dot(q, dy)/2
	for i, d := range dy {
		dLogits[i] = q[i]*(d-meanQ) - p[i]*(d-meanP)/2
	}
	e.math.scratch.Put(scratch)
}

// expected sets dLogits to the mean of Backward over the ids: with r =
// softmax(logits/tau), diag(r) dy - (r (r.dy + p.dy) + p (r.dy - p.dy)) / 2, which
// is J(p) dy at tau = 1.
func (e reinMax[F]) expected(dLogits, saved, dy []F, tau F) {
	n := len(saved)
	scratch := e.math.borrow(2 * n)
	p, r := (*scratch)[:n], (*scratch)[n:]
	e.math.softmax(p, saved, 1)
	e.math.softmax(r, saved, 1/tau)
	meanP, meanR := dot(p, dy), dot(r, dy)
	for i, d := range dy {
		dLogits[i] = r[i]*(d-(meanR+meanP)/2) - p[i]*(meanR-meanP)/2
	}
	e.math.scratch.Put(scratch)
}

// zgr is the zero-temperature limit of Gumbel-Rao, half straight-through and
// half DARN. It equals ReinMax at tau = 1 and ignores tau:
//
//	dLogits = (J(p) dy + (dy_id - p.dy)(D - p)) / 2
//
// Shekhovtsov, "Cold analysis of Rao-Blackwellized straight-through
// Gumbel-Softmax gradient estimator", ICML 2023.
type zgr[F Float] struct{ math *rowMath[F] }

func (zgr[F]) Hard() bool { return true }

func (e zgr[F]) Forward(row []F, tau F, key Key) int {
	id := e.math.gumbelArgmax(row, key)
	e.Given(row, id, tau)
	return id
}

func (e zgr[F]) Given(row []F, _ int, _ F) { e.math.softmax(row, row, 1) }

func (zgr[F]) Backward(dLogits, saved, dy []F, id int, _ F, _ Key) {
	// With the terms gathered: (p (dy - dy_id) + D (dy_id - p.dy)) / 2.
	mean, drawn := dot(saved, dy), dy[id]
	for i, d := range dy {
		dLogits[i] = saved[i] * (d - drawn) / 2
	}
	dLogits[id] += (drawn - mean) / 2
}
