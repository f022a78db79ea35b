// Package ratio is the discriminator as an estimate of a density ratio: its
// score of a sentence x is
//
//	s(x) ~ log p_real(x) - log p_gen(x)
//
// for a fixed generator, so that exp(s) weighs the generator's own sentences
// toward the real ones. The score is a linear function and a small tanh layer
// on a handful of numbers of the sentence: statistics that need no second model
// (Statistics), and the log ratio of other language models of the same text, which
// read from right to left or count n-grams, to the generator (LogRatio). Logistic loss between real sentences and as
// many generated ones has this log ratio as its minimum.
//
// Fit trains a Critic, Report says what it can tell on sentences that neither
// side has learnt, and Sampler draws sentences by it. The package knows neither
// generators nor text: a generator is what it can draw (Proposer) and what it
// says of a sentence (LogProber).
//
// The residual energy-based model p_gen exp(s)/Z is that of Deng et al. 2020,
// https://arxiv.org/abs/2004.11714.
package ratio
