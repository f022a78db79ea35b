// Package feedback names what the next step of a generator reads of a token that
// it has chosen through a relaxation.
package feedback

import "fmt"

// Feedback is one of the three ways.
type Feedback string

const (
	// Soft feeds the vector that the token's reader sees back, with its gradient.
	Soft Feedback = "soft"
	// StraightThrough feeds the one-hot of the drawn id back, with the gradient
	// of that vector.
	StraightThrough Feedback = "straight-through"
	// Detached feeds the one-hot of the drawn id back without gradient, as
	// RelGAN does: what a token does to later tokens earns no credit.
	Detached Feedback = "detached"
)

// All are the three.
var All = []Feedback{Soft, StraightThrough, Detached}

// Parse returns the feedback of that name.
func Parse(name string) (Feedback, error) {
	switch f := Feedback(name); f {
	case Soft, StraightThrough, Detached:
		return f, nil
	}
	return "", fmt.Errorf("feedback %q is not known; use soft, straight-through or detached", name)
}
