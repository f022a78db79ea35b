// Package variance is the estimator laboratory: it measures, for every way of
// getting a gradient through a categorical choice, the mean, the bias, the
// variance and the mean squared error of one estimate on a problem small
// enough for the true gradient to be a finite sum.
//
// A Problem (read from JSON, or built in) is a distribution over T choices out
// of K with parameters [P] and a function f of the chosen one-hot vectors
// [T,K]; the gradient in question is that of E[f]. Run enumerates the
// distribution once and hands it to the estimators. Those whose mean and
// variance are finite sums are computed exactly; the others are drawn, in
// float64, with standard errors of the mean and of the variance. The relaxed
// estimators and the baselines are those of generator/relax, which training
// uses in float32.
//
// Samplers is a second experiment: which ways of drawing from a softmax draw
// from the softmax, and what they cost.
//
// Results depend on the problem and the options alone, not on the number of
// threads.
package variance
