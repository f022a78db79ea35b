// Package discriminator holds the networks that tell real sentences from
// generated ones. What a game knows of them are the interfaces Discriminator and
// Net; a kind of network is a file that implements both and a row of Kinds.
//
// A network sees embedded tokens [B,T,De] and lengths [B], and never learns whether
// they were looked up from ids or came out of a relaxed rollout: the same
// weights score both.
//
//	ids [B,T] -> Embed  ->  tokens [B,T,De] -> Score -> scores [B,R]
//	rollout, with Table ->
//
// A score is a logit, before any sigmoid.
package discriminator
