// Package vocab turns sentences into token ids and back, and packs ids into
// batches.
//
// It stands between corpora, which yields sentences, and the models, which
// know only ids:
//
//	sentence -> Tokenizer -> tokens -> Vocab.Encode -> ids [T] -> Batches -> ids [B,T]
//	ids [T] -> Vocab.Decode -> sentence
//
// Ids are int32. The first four are special, in every vocabulary: Pad, Bos,
// Eos, Unk. Encode yields the ids of the text alone; Batches append Eos and
// fill up with Pad; Bos never stands in a batch, a model puts it in front of
// what it reads.
//
// Randomness: Batches draw the order of the lines from the Data stream and
// nothing else; every other function is free of it.
package vocab
