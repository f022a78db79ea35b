// Package kernel is the arithmetic under the models: float32 matrix products,
// elementwise functions, row softmax, Gumbel noise and the optimiser's update.
package kernel
