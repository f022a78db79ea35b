// Package sampling writes sentences with trained weights: a recurrent language
// model, or the decoder of a VAE, without the graphs that trained it.
//
//	Network + Options -> Sampler -> ids [n,MaxLen], lengths [n]
//
// Package generator trains what is sampled here, and package generator/finished
// reads it from a run.
package sampling
