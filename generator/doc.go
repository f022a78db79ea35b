// Package generator holds the networks that write text: a recurrent language
// model (LSTM or GRU) with its likelihood, its relaxed rollout and its sampler.
//
// It stands between vocab, which gives ids, and train, which gives the
// gradients a direction:
//
//	ids [B,T] -> Likelihood -> -log p of every token (teacher forcing)
//	noise, tau -> Rollout   -> relaxed tokens, embedded for a discriminator [B,T,De]
//	draws     -> Sampler    -> ids of new sentences
//
// A generator knows ids and nothing of words, corpora or discriminators.
package generator
