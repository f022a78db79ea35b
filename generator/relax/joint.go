package relax

import (
	"fmt"
	"strconv"
)

// Joint is an estimator that differentiates f and whose gradient of one
// sentence looks at the other sentences of its batch. A sentence's share of the
// loss is f of it over their number n, and
//
//	mean [V] = (1/(n-1)) sum over the others of d share / d token
//
// is what the others say of a place: the direct derivatives there, with nothing
// that comes through words fed back, and 0 of a sentence that has ended. A
// batch of one has no others, and mean is 0.
//
// The gradient of a batch adds up over its sentences, so the shares, and with
// them mean and the weights, have its 1/n in them.
type Joint[F Float] interface {
	// Hard and Forward are those of a Relaxed.
	Hard() bool
	Forward(row []F, tau F, key Key) (id int)

	// Own reports whether BackwardJoint reads dy.
	Own() bool

	// Surveys reports whether every token of the batch has to be seen before the
	// first goes back, and Survey sees one. What it returns is added up over a
	// sentence.
	Surveys() bool
	Survey(saved, mean []F, id int) Survey

	// Weigh sets weights [n] from the shares of the loss [n] and what was seen of
	// each sentence [n]. It is called once a batch, if Surveys.
	Weigh(weights, shares []float64, seen []Survey)

	// BackwardJoint sets dLogits [V]. saved and id are those of Forward, dy [V] is
	// the gradient of the vector that stood for the token, what comes through words
	// fed back included, and weight that of the sentence. dLogits may be dy or mean.
	BackwardJoint(dLogits, saved, dy, mean []F, id int, weight float64, tau F, key Key)
}

// Survey is what a Joint estimator has to know of a sentence: sums over its
// tokens, of s = D - p the score in the logits and the slope c = J(p) mean, at
// the places below.
type Survey = [4]float64

// Places in a Survey.
const (
	Control = iota // mean.s
	Square         // s.s
	Cross          // s.c
	Slope          // c.c
)

// DoubleCV is leave-one-out with a second control variate, linear in the
// sentence, whose slope the others give. With h the share of a sentence plus
// alpha mean.s over its tokens,
//
//	dLogits = (h - mean of the others' h) s - alpha J(p) mean
//
// Unbiased for every alpha, because mean does not depend on the sentence itself
// and E[s_t s_u | x_<t] is J(p_t) for u = t and else 0. With alpha = 0 it is
// leave-one-out; with alpha = -1 straight-through, by the derivatives of the
// others, and a score function for what that leaves.
//
// Auto takes alpha from earlier batches: that which makes the squares of the
// rows dLogits of one sentence least, with the sums of numerator and
// denominator decaying by alphaDecay. In the first batch it is 0. What a batch says
// counts from the next one on: an alpha that knows the batch at hand is a bias.
//
// Titsias and Shi, AISTATS 2022, https://arxiv.org/abs/2111.05300.
type DoubleCV[F Float] struct {
	math  *rowMath[F]
	Alpha float64 // of the last batch that was weighed
	Auto  bool

	num, den float64 // what the batches so far say of the next alpha
}

// AlphaDecay is how much of the sums behind Auto's alpha a batch leaves.
const AlphaDecay = 0.9

// NewDoubleCV returns the estimator with a fixed alpha.
func NewDoubleCV[F Float](alpha float64) *DoubleCV[F] {
	return &DoubleCV[F]{math: mathOf[F](), Alpha: alpha}
}

func newDoubleCV[F Float](o *options) (m Method[F], err error) {
	e := NewDoubleCV[F](-1)
	if text := o.take("alpha", "-1"); text == "auto" {
		e.Alpha, e.Auto = 0, true
	} else if e.Alpha, err = strconv.ParseFloat(text, 64); err != nil || e.Alpha-e.Alpha != 0 {
		return m, fmt.Errorf("alpha must be auto or a number, not %q", text)
	}
	m.Joint = e
	return m, nil
}

// Hard implements Joint.
func (*DoubleCV[F]) Hard() bool { return true }

// Forward implements Joint. The row becomes p.
func (e *DoubleCV[F]) Forward(row []F, _ F, key Key) int {
	id := e.math.gumbelArgmax(row, key)
	e.math.softmax(row, row, 1)
	return id
}

// Own implements Joint.
func (*DoubleCV[F]) Own() bool { return false }

// Surveys implements Joint.
func (*DoubleCV[F]) Surveys() bool { return true }

// Survey implements Joint. What only Auto reads is 0 without it.
func (e *DoubleCV[F]) Survey(p, mean []F, id int) (s Survey) {
	mu := dot(p, mean)
	s[Control] = float64(mean[id] - mu)
	if !e.Auto {
		return s
	}
	for k, v := range p {
		q, d := float64(v), float64(mean[k]-mu)
		s[Square] += q * q
		s[Cross] -= q * q * d
		s[Slope] += q * q * d * d
	}
	q := float64(p[id])
	s[Square] += 1 - 2*q
	s[Cross] += q * s[Control]
	return s
}

// Weigh implements Joint. The batch goes back with the alpha that it is weighed with.
func (e *DoubleCV[F]) Weigh(weights, shares []float64, seen []Survey) {
	if e.Auto && e.den > 0 {
		e.Alpha = -e.num / e.den
	}
	for i, s := range seen {
		weights[i] = shares[i] + e.Alpha*s[Control]
	}
	leaveOneOut[float64]{}.Advantage(weights, weights, nil)
	if !e.Auto {
		return
	}
	num, den := BestAlpha(shares, seen)
	e.num, e.den = AlphaDecay*e.num+num, AlphaDecay*e.den+den
}

// BestAlpha returns num and den, of which -num/den is the alpha that makes the
// sum of squares of the rows of a batch least. The rows of a sentence are
// a s + alpha (b s - c), a its advantage and b that of Control.
func BestAlpha(shares []float64, seen []Survey) (num, den float64) {
	n := len(shares)
	a, b := make([]float64, n), make([]float64, n)
	for i, s := range seen {
		b[i] = s[Control]
	}
	leaveOneOut[float64]{}.Advantage(a, shares, nil)
	leaveOneOut[float64]{}.Advantage(b, b, nil)
	for i, s := range seen {
		num += a[i] * (b[i]*s[Square] - s[Cross])
		den += b[i]*b[i]*s[Square] - 2*b[i]*s[Cross] + s[Slope]
	}
	return num, den
}

// BackwardJoint implements Joint.
func (e *DoubleCV[F]) BackwardJoint(dLogits, p, _, mean []F, id int, weight float64, _ F, _ Key) {
	w := F(weight)
	e.math.softmaxBackward(dLogits, p, mean, F(-e.Alpha))
	for k, v := range p {
		dLogits[k] -= w * v
	}
	dLogits[id] += w
}

// State is what a checkpoint keeps of Auto.
func (e *DoubleCV[F]) State() [3]float64 { return [3]float64{e.Alpha, e.num, e.den} }

// Restore continues from a state.
func (e *DoubleCV[F]) Restore(s [3]float64) { e.Alpha, e.num, e.den = s[0], s[1], s[2] }

// centred is leave-one-out centring of a Relaxed. With W(D) its matrix given the
// id and M the mean of W over the ids,
//
//	dLogits = W(D) (dy - mean) + M mean
//
// The mean of the estimate is that of the estimator itself.
type centred[F Float] struct {
	Relaxed[F]
	math     *rowMath[F]
	expected func(dLogits, saved, dy []F, tau F)
}

// Centre returns e, centred by what the other sentences of a batch say; in a
// batch of one it is e. expected sets dLogits to M dy; nil stands for J(p) dy of
// an estimator that keeps the logits and is exact for linear f.
func Centre[F Float](e Relaxed[F], expected func(dLogits, saved, dy []F, tau F)) Joint[F] {
	m := mathOf[F]()
	if expected == nil {
		expected = func(dLogits, saved, dy []F, _ F) {
			scratch := m.borrow(len(saved))
			m.softmax(*scratch, saved, 1)
			m.softmaxBackward(dLogits, *scratch, dy, 1)
			m.scratch.Put(scratch)
		}
	}
	return centred[F]{e, m, expected}
}

func newReinMaxLOO[F Float](*options) (Relaxed[F], error) {
	e := reinMax[F]{mathOf[F]()}
	return Centre[F](e, e.expected).(centred[F]), nil
}

func (centred[F]) Own() bool { return true }

func (centred[F]) Surveys() bool { return false }

func (centred[F]) Survey([]F, []F, int) Survey { return Survey{} }

func (centred[F]) Weigh([]float64, []float64, []Survey) {}

func (e centred[F]) BackwardJoint(dLogits, saved, dy, mean []F, id int, _ float64, tau F, key Key) {
	n := len(saved)
	scratch := e.math.borrow(2 * n)
	own, rest := (*scratch)[:n], (*scratch)[n:]
	for i, d := range dy {
		own[i] = d - mean[i]
	}
	e.Relaxed.Backward(own, saved, own, id, tau, key)
	e.expected(rest, saved, mean, tau)
	for i, d := range rest {
		dLogits[i] = own[i] + d
	}
	e.math.scratch.Put(scratch)
}
