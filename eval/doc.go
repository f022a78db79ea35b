// Package eval judges generated text: texts in, numbers out. It knows no model
// and no trainer.
//
// A score comes about in three steps:
//
//	lines --Tokenizer, Lexicon--> ids [][]int32 --metric--> number with signature
//
// All texts of one score share one Lexicon. The metrics:
//
//	BLEU, SelfBLEU      quality against references, likeness among the lines
//	Diverse, Compare    distinct-n, different lines, lengths; novelty, longest
//	                    copies, MS-Jaccard, n-gram Jensen-Shannon
//	KneserNey           5-gram LM score and reverse LM score
//	Frechet, Mauve      distances between sentence features of any encoder
//	Frontier            whether a generator lies outside the quality-diversity
//	                    curve of another one, inside, or within noise
//	Protocol            BLEU and self-BLEU the way published tables have them
//	Suite               all of them for several texts and one real text
//
// All n-gram metrics rest on one structure, a flat hash table that numbers the
// distinct n-grams densely; their memory is linear in the number of distinct
// n-grams. Work on many lines runs in parallel, and no result depends on the
// number of threads: sums are taken in the order of the lines. Randomness is
// drawn by the bootstrap and by Mauve only, from the rng.Eval stream.
package eval
