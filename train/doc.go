// Package train teaches a generator: by maximum likelihood, against a
// discriminator through relaxed word choices, or as the decoder of a VAE.
//
// It stands on package model for settings and text, on generator and
// discriminator for graphs, and on eval for judging samples; package rundir is
// where a run lives on disk. A run is a list of phases (Phase), each in a file of
// its own; an update is one run of a small graph:
//
//	mle.go       batch                  -> nll    -> generator's Adam
//	elbo.go      batch, draws of codes  -> ELBO   -> encoder's and decoder's Adam (a VAE)
//	pretrain.go  batch, generated ones  -> lossD  -> discriminator's Adam
//	gan.go       batch, relaxed rollout -> lossG  -> generator's Adam
//	reinforce.go sampled ids, rewards   -> lossG  -> generator's Adam
//
// The generator of a GAN is a language model or the decoder of a VAE, and may
// begin with the weights of a run of either (Inherit).
//
// Everything a step reads besides the weights (order of the lines, noise, tau,
// dropout) is a function of the seed and the step, so a run stopped and resumed
// equals one that was never stopped, bit for bit, and the number of threads
// does not matter.
package train
