// Package corpora is where text comes from: files, standard input, and
// languages that are generated rather than collected.
//
// It is the first stage of the flow. Open gives a Corpus, whose Lines are
// sentences; Split holds some of them out; package vocab makes ids of them.
//
//	file, -, .gz, .zst, .jsonl   -> Open -> Corpus.Lines -> vocab
//	builtin:arithmetic|captions|oracle
//
// A built-in corpus is a sample of a Language: a distribution over sentences
// whose probabilities can be computed. So the loss of a model can be held
// against the entropy of the language, and its samples against the language:
// what share is valid, and what NLL_oracle the rest has (Evaluate).
//
// Randomness: sentence i of a language is a pure function of (seed, i) on the
// Corpus stream, a split of (seed, lines) on the Split stream, and the
// entropy estimate of the oracle draws from the Eval stream. Opening a file
// draws nothing.
package corpora
