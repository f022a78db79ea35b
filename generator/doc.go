// Package generator holds the networks that write text: a language model (LSTM, GRU,
// relational memory or transformer) with its likelihood, its relaxed rollout and its
// sampler.
//
// It stands between vocab, which gives ids, and train, which gives the
// gradients a direction:
//
//	ids [B,T] -> Likelihood -> -log p of every token, with gradients (teacher forcing)
//	ids       -> Scorer     -> the same without a graph
//	noise, tau -> Rollout   -> relaxed tokens, embedded for a discriminator [B,T,De]
//	draws     -> Sampler    -> ids of new sentences
//
// Around it stands a sentence VAE, whose decoder is such a model:
//
//	ids [B,T] -> Encoder -> posteriors q(z|x) -> codes z [B,Z]
//	ids, z    -> Bound   -> -log p(x|z) + KL(q(z|x) || p(z)), an upper bound on -log p(x)
//	z         -> Sampler -> ids of sentences with these codes
//	ids       -> Features   -> a vector of every sentence [N,H], for eval
//
// What training against a discriminator sees is a LanguageModel: a Generator, or
// the decoder of a VAE with codes drawn from the prior.
//
// A generator knows ids and nothing of words, corpora or discriminators.
package generator
