package main

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
)

// Whatever a tokeniser makes of a sentence must count as equal to itself, or
// self-BLEU comes out too low: the period in the middle stays with its word
// under the Penn Treebank rules, and so is no word of any model.
func TestFrontierKnowsTheWordsOfTheSamples(t *testing.T) {
	suite, err := eval.NewSuite(eval.SuiteOptions{Reference: []string{"other text"}, Tokenize: eval.PTB, Tokenizer: "ptb", Case: "mixed", MaxN: 2})
	require.NoError(t, err)
	text := []string{"a cat sat. it slept", "a cat sat. it slept"}
	planes, err := placeAll(2, suite, []family{{name: "gan"}}, []samples{{temperature: 1, texts: [][][]string{{text}}}})
	require.NoError(t, err)
	require.Len(t, planes, 2)
	self, err := eval.SelfBLEU(eval.NewLexicon().Add(text, eval.PTB), eval.Options{MaxN: 2, Tokenizer: "ptb", Case: "mixed"})
	require.NoError(t, err)
	require.Equal(t, 1.0, self.ByOrder[1])
	require.Equal(t, self.ByOrder[1], planes[0].Points[0].X)
	require.Equal(t, self.Signature, planes[0].Signatures[0])
	require.Contains(t, planes[1].Signatures[1], "|vocabulary:7|trained:1|lines:2|")
}

// Two seeds that differ by far more than their repeats do have the error of two
// numbers, not of eight.
func TestErrorsAreThoseOfSeeds(t *testing.T) {
	short, long := []string{"a b", "a c"}, []string{"a b c d e f g", "a b c d e f h"}
	suite, err := eval.NewSuite(eval.SuiteOptions{Reference: long, Tokenize: strings.Fields, Tokenizer: "whitespace", Case: "mixed", MaxN: 2})
	require.NoError(t, err)
	repeats := func(text []string) [][]string { return [][]string{text, text, text, text} }
	planes, err := placeAll(2, suite, []family{{name: "gan"}}, []samples{{temperature: 1, texts: [][][]string{repeats(short), repeats(long)}}})
	require.NoError(t, err)
	single := func(text []string) float64 {
		p, err := suite.Points(suite.Encode(text))
		require.NoError(t, err)
		return p[0].Y
	}
	require.InDelta(t, math.Abs(single(short)-single(long))/2, planes[0].Points[0].ErrY, 1e-12)
}
