package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/vocab"
)

// Words that only the models know must count as equal to themselves, or
// self-BLEU comes out too low.
func TestFrontierKnowsTheWordsOfTheModels(t *testing.T) {
	tok, err := vocab.NewTokenizer("word")
	require.NoError(t, err)
	v, err := vocab.Build([]string{"a cat sat", "the dog's bone , yes"}, tok, vocab.Options{})
	require.NoError(t, err)
	require.Len(t, wordsOf(v), v.Size()-3)
	s, err := eval.NewSuite(eval.SuiteOptions{Reference: []string{"other text"}, Tokenize: tok.Tokenize, Tokenizer: "word", Case: "lc", MaxN: 2})
	require.NoError(t, err)
	require.NoError(t, s.Learn(wordsOf(v)))
	for _, ids := range s.Encode([]string{"a cat sat", "the dog's bone , yes"}) {
		require.NotContains(t, ids, eval.Unknown)
	}
	twice, err := s.SelfBLEU(s.Encode([]string{"a cat sat", "a cat sat"}))
	require.NoError(t, err)
	require.InDelta(t, 1, twice.ByOrder[1], 1e-12)
}
