package main

import (
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
	planes, err := placeAll(2, suite, []family{{name: "gan"}}, []samples{{temperature: 1, texts: [][]string{text}}})
	require.NoError(t, err)
	require.Len(t, planes, 2)
	self, err := eval.SelfBLEU(eval.NewLexicon().Add(text, eval.PTB), eval.Options{MaxN: 2, Tokenizer: "ptb", Case: "mixed"})
	require.NoError(t, err)
	require.Equal(t, 1.0, self.ByOrder[1])
	require.Equal(t, self.ByOrder[1], planes[0].Points[0].X)
	require.Equal(t, self.Signature, planes[0].Signatures[0])
	require.Contains(t, planes[1].Signatures[1], "|vocabulary:7|trained:1|lines:2|")
}
