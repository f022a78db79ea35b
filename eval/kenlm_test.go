package eval

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// backoff is log10 p of the last token of gram by an ARPA table.
func backoff(grams map[string][2]float64, gram []string) float64 {
	if p, ok := grams[strings.Join(gram, " ")]; ok {
		return p[0]
	}
	if len(gram) == 1 {
		return grams["<unk>"][0]
	}
	return grams[strings.Join(gram[:len(gram)-1], " ")][1] + backoff(grams, gram[1:])
}

// Every sentence of up to six tokens, known words and an unknown one, has the
// probabilities that KenLM gives, token by token: its tests hold two toy models
// (lm/common/test_data of github.com/kpu/kenlm).
func TestKenLMToyModels(t *testing.T) {
	var models []struct { // testdata/make_kenlm.py
		Text  string
		Grams map[string][2]float64
	}
	raw, err := os.ReadFile("testdata/kenlm.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &models))
	require.Len(t, models, 2)
	compared := 0
	for _, toy := range models {
		require.Len(t, toy.Grams, 19)
		x := NewLexicon()
		m, err := NewKneserNey(x.Add(strings.Split(toy.Text, "\n"), strings.Fields), 3, 0)
		require.NoError(t, err)
		words := []string{"a", "b", "c", "other"}
		var visit func(sentence []string)
		visit = func(sentence []string) {
			got := m.LogProb(x.Find([]string{strings.Join(sentence, " ")}, strings.Fields)[0])
			padded := append([]string{"<s>"}, append(slices.Clone(sentence), "</s>")...)
			for i := range got {
				gram := padded[max(0, i-1) : i+2]
				require.InDelta(t, backoff(toy.Grams, gram), got[i]/math.Ln10, 1e-7, "%v in %v", gram, sentence)
				compared++
			}
			if len(sentence) < 6 {
				for _, w := range words {
					visit(append(slices.Clone(sentence), w))
				}
			}
		}
		visit(nil)
	}
	require.Greater(t, compared, 15474)
}
