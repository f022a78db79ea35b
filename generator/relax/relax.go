package relax

import (
	"fmt"
	"strconv"
	"strings"

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

// Feedback is what the step after a relaxed token receives in a sequence
// model. The names are those of the command line.
type Feedback string

// The three feedbacks.
const (
	// Soft feeds the vector that f sees back, with its gradient.
	Soft Feedback = "soft"
	// StraightThrough feeds the one-hot of the drawn id back, with the gradient
	// of that vector.
	StraightThrough Feedback = "straight-through"
	// Detached feeds the one-hot of the drawn id back without gradient, as
	// RelGAN does: what a token does to later tokens earns no credit.
	Detached Feedback = "detached"
)

// ParseFeedback returns the feedback of that name.
func ParseFeedback(name string) (Feedback, error) {
	switch f := Feedback(name); f {
	case Soft, StraightThrough, Detached:
		return f, nil
	}
	return "", fmt.Errorf("relax: feedback %q is unknown; choose soft, straight-through or detached", name)
}

// Info describes an estimator for a list of choices.
type Info struct {
	Name    string // what Parse reads, with its options and their defaults
	Summary string
}

// List returns the relaxed estimators in the order of the documentation.
func List() []Info {
	return []Info{
		{"gumbel-softmax", "soft sample y = softmax((logits+g)/tau)"},
		{"st-gumbel", "one-hot forward, gradient of the Gumbel-Softmax sample"},
		{"straight-through", "one-hot forward, gradient of softmax(logits/tau)"},
		{"gumbel-rao:m=10", "st-gumbel averaged over m noises given the drawn id"},
		{"reinmax", "second-order straight-through"},
		{"zgr", "reinmax at tau 1, the cold limit of gumbel-rao"},
		{"gapped-st:gap=1", "straight-through with the drawn id lifted by a gap above the others; gap=p follows its probability"},
	}
}

// Parse returns the estimator of that name: one of List, its options given
// after a colon or left to their defaults.
func Parse[F Float](spec string) (Relaxed[F], error) {
	name, opts, err := splitSpec("estimator", spec)
	if err != nil {
		return nil, err
	}
	m := mathOf[F]()
	var r Relaxed[F]
	switch name {
	case "gumbel-softmax":
		r = gumbelSoftmax[F]{math: m}
	case "st-gumbel":
		r = gumbelSoftmax[F]{math: m, hard: true}
	case "straight-through":
		r = straightThrough[F]{m}
	case "reinmax":
		r = reinMax[F]{m}
	case "zgr":
		r = zgr[F]{m}
	case "gumbel-rao":
		draws, err := strconv.Atoi(opts.take("m", "10"))
		if err != nil || draws < 1 || draws > maxInnerDraws {
			return nil, fmt.Errorf("relax: estimator %q: m must be a whole number from 1 to %d", spec, maxInnerDraws)
		}
		r = gumbelRao[F]{m, draws}
	case "gapped-st":
		gap := opts.take("gap", "1")
		g, err := strconv.ParseFloat(gap, 64)
		if gap == "p" {
			g, err = gapOfProbability, nil
		} else if err == nil && !(g >= 0) {
			err = strconv.ErrRange
		}
		if err != nil {
			return nil, fmt.Errorf("relax: estimator %q: gap must be p or a number that is not negative", spec)
		}
		r = gappedST[F]{m, g}
	default:
		names := make([]string, 0, len(List()))
		for _, i := range List() {
			names = append(names, i.Name)
		}
		return nil, fmt.Errorf("relax: estimator %q is unknown; choose one of %s", name, strings.Join(names, ", "))
	}
	return r, opts.unused("estimator", spec)
}
