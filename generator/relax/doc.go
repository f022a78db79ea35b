// Package relax carries gradients through a categorical choice.
//
// It sits between the generator's logits [V] and whoever reads the token. A
// Relaxed estimator draws an id from a row of logits, says which vector [V]
// stands for the token, and turns the gradient with respect to that vector
// into a gradient with respect to the logits. A Baseline turns rewards of
// whole choices into weights of their negative log probabilities; Actions do so
// for several outcomes of one choice. A Schedule gives the temperature tau of a
// step; tau always divides the logits.
//
// Everything is generic in float32, which training uses, and float64, which
// the estimator laboratory (eval/variance) uses to measure the bias and the
// variance of the very same code. Randomness is named by a Key, so a
// backward pass needs no stored noise and both precisions see the same draws.
package relax
