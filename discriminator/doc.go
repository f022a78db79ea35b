// Package discriminator holds the network that tells real sentences from
// generated ones: the convolutional sentence classifier of Kim 2014 with a
// highway layer, as in SeqGAN (Yu et al. 2017).
//
// It sees embedded tokens [B,T,De] and lengths [B], and never learns whether
// they were looked up from ids or came out of a relaxed rollout: the same
// weights score both.
//
//	tokens [B,T,De] -> convolutions, max over time [B,F] -> highway -> dropout -> score [B,1]
//
// A score is a logit, before any sigmoid.
package discriminator
