package relax

import (
	"fmt"
	"strconv"

	"textgan/internal/rng"
)

// Key names the noise of a row: equal keys, equal noise. A program without
// streams of its own need only set Seed and, for every choice, Step and Row.
type Key = rng.Key

// Float is the precision of a row.
type Float interface{ float32 | float64 }

// Relaxed is an estimator of the gradient of E[f(onehot(id))] that
// differentiates f. A value has no state and may be used by many goroutines at
// once; no method allocates in steady state.
type Relaxed[F Float] interface {
	// Hard reports what stands for the token when f is computed: the one-hot
	// vector of the drawn id, or else the row that Forward leaves behind.
	Hard() bool

	// Forward draws an id with probability softmax(row)[id]. The row [V] holds
	// logits (-Inf for a forbidden id, not all of them) and is overwritten by
	// what Backward wants to see again. tau > 0. It consumes the Gumbel noise
	// of the key's row.
	Forward(row []F, tau F, key Key) (id int)

	// Backward sets dLogits [V] from dy [V], the gradient with respect to the
	// vector that stood for the token. saved, id, tau and key are those of
	// Forward. dLogits may be dy or saved.
	Backward(dLogits, saved, dy []F, id int, tau F, key Key)
}

// Conditional is a Relaxed whose gradient is determined by the drawn id, so
// its exact mean and variance are finite sums over the ids.
type Conditional[F Float] interface {
	Relaxed[F]

	// Given does what Forward does once it has drawn this id.
	Given(row []F, id int, tau F)
}

// Tempered is an estimator that draws ids from softmax(logits/DrawsAt): whoever
// judges its sentences has to be shown such ones.
type Tempered interface{ DrawsAt() float64 }

// Info describes a choice for a list.
type Info struct {
	Name    string // what is read, with its options and their defaults
	Summary string
}

func newGumbelSoftmax[F Float](*options) (Relaxed[F], error) {
	return gumbelSoftmax[F]{math: mathOf[F]()}, nil
}

func newSTGumbel[F Float](*options) (Relaxed[F], error) {
	return gumbelSoftmax[F]{math: mathOf[F](), hard: true}, nil
}

func newStraightThrough[F Float](*options) (Relaxed[F], error) {
	return straightThrough[F]{mathOf[F]()}, nil
}

func newReinMax[F Float](*options) (Relaxed[F], error) { return reinMax[F]{mathOf[F]()}, nil }

func newZGR[F Float](*options) (Relaxed[F], error) { return zgr[F]{mathOf[F]()}, nil }

func newGumbelRao[F Float](o *options) (Relaxed[F], error) {
	m, err := o.whole("m", 10, 1, maxInnerDraws)
	return gumbelRao[F]{mathOf[F](), m}, err
}

func newGappedST[F Float](o *options) (Relaxed[F], error) {
	text := o.take("gap", "1")
	if text == "p" {
		return gappedST[F]{mathOf[F](), gapOfProbability}, nil
	}
	gap, err := strconv.ParseFloat(text, 64)
	if err != nil || !(gap >= 0) {
		return nil, fmt.Errorf("gap must be p or a number that is not negative")
	}
	return gappedST[F]{mathOf[F](), gap}, nil
}
