package eval

import (
	"strings"

	"textgan/internal/kernel"
)

// A Tokenizer cuts a line into tokens. It must be safe for concurrent use.
type Tokenizer = func(line string) []string

// Unknown is the id of a word that a Lexicon does not hold. It is equal to no
// token, itself included.
const Unknown int32 = -1

// Lexicon numbers words 0, 1, 2, ... in the order of their first appearance.
// Every text that takes part in one score shares one Lexicon, so that equal
// words have equal ids.
type Lexicon struct{ ids map[string]int32 }

// NewLexicon returns an empty Lexicon.
func NewLexicon() *Lexicon { return &Lexicon{ids: map[string]int32{}} }

// Len is the number of different words seen by Add.
func (x *Lexicon) Len() int { return len(x.ids) }

// Add returns the ids of every line, giving new words the next free ids.
func (x *Lexicon) Add(lines []string, tokenize Tokenizer) [][]int32 {
	return x.encode(lines, tokenize, func(word string) int32 {
		id, ok := x.ids[word]
		if !ok {
			id = int32(len(x.ids))
			x.ids[strings.Clone(word)] = id // a copy, lest the word pin its whole line
		}
		return id
	})
}

// Find returns the ids of every line without learning words: those it has not
// seen become Unknown. Hypotheses of any number can thus be scored against a
// fixed Lexicon of reference words.
func (x *Lexicon) Find(lines []string, tokenize Tokenizer) [][]int32 {
	return x.encode(lines, tokenize, func(word string) int32 {
		if id, ok := x.ids[word]; ok {
			return id
		}
		return Unknown
	})
}

// block is the number of lines whose tokens are held as strings at a time.
const block = 4096

func (x *Lexicon) encode(lines []string, tokenize Tokenizer, id func(string) int32) [][]int32 {
	out := make([][]int32, len(lines))
	tokens := make([][]string, min(block, len(lines)))
	for first := 0; first < len(lines); first += block {
		part := lines[first:min(first+block, len(lines))]
		kernel.Parallel(len(part), 1, func(lo, hi int) {
			for i := lo; i < hi; i++ {
				tokens[i] = tokenize(part[i])
			}
		})
		size := 0
		for i := range part {
			size += len(tokens[i])
		}
		ids := make([]int32, 0, size)
		for i := range part {
			start := len(ids)
			for _, word := range tokens[i] {
				ids = append(ids, id(word))
			}
			out[first+i] = ids[start:len(ids):len(ids)]
		}
	}
	return out
}
