package eval

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The two toy models that KenLM's own tests hold (lm/common/test_data of
// github.com/kpu/kenlm), made by lmplz --discount_fallback -o 3 of two lines each:
// log10 of probability and of backoff weight, as the ARPA files print them.
var kenLM = []struct {
	text  string
	grams map[string][2]float64
}{
	{"a a b a\nb a a b", map[string][2]float64{
		"<unk>":    {-0.90309, 0},
		"<s>":      {0, -0.30103},
		"a":        {-0.46943438, -0.30103},
		"</s>":     {-0.5720968, 0},
		"b":        {-0.5720968, -0.30103},
		"<s> a":    {-0.37712017, -0.30103},
		"a a":      {-0.37712017, -0.30103},
		"b a":      {-0.2984526, -0.30103},
		"a </s>":   {-0.58682007, 0},
		"b </s>":   {-0.5220179, 0},
		"<s> b":    {-0.41574955, -0.30103},
		"a b":      {-0.58682007, -0.30103},
		"<s> a a":  {-0.14885087, 0},
		"b a a":    {-0.33741078, 0},
		"<s> b a":  {-0.124077894, 0},
		"a b a":    {-0.2997394, 0},
		"b a </s>": {-0.42082912, 0},
		"a b </s>": {-0.397617, 0},
		"a a b":    {-0.20102891, 0},
	}},
	{"a a b b b b b b b\nc", map[string][2]float64{
		"<unk>":      {-1, 0},
		"<s>":        {0, -0.30103},
		"a":          {-0.6146491, -0.30103},
		"</s>":       {-0.6146491, 0},
		"c":          {-0.7659168, -0.30103},
		"b":          {-0.6146491, -0.30103},
		"<s> a":      {-0.4301247, -0.30103},
		"a a":        {-0.4301247, -0.30103},
		"c </s>":     {-0.20660876, 0},
		"b </s>":     {-0.5404639, 0},
		"<s> c":      {-0.4740302, -0.30103},
		"a b":        {-0.4301247, -0.30103},
		"b b":        {-0.3422159, -0.47712123},
		"<s> a a":    {-0.1638568, 0},
		"<s> c </s>": {-0.09113217, 0},
		"b b </s>":   {-0.7462621, 0},
		"a a b":      {-0.1638568, 0},
		"a b b":      {-0.13823806, 0},
		"b b b":      {-0.13375957, 0},
	}},
}

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
// probabilities that KenLM gives, token by token.
func TestKenLMToyModels(t *testing.T) {
	compared := 0
	for _, toy := range kenLM {
		x := NewLexicon()
		m, err := NewKneserNey(x.Add(strings.Split(toy.text, "\n"), strings.Fields), 3, 0)
		require.NoError(t, err)
		words := []string{"a", "b", "c", "other"}
		var visit func(sentence []string)
		visit = func(sentence []string) {
			got := m.LogProb(x.Find([]string{strings.Join(sentence, " ")}, strings.Fields)[0])
			padded := append([]string{"<s>"}, append(slices.Clone(sentence), "</s>")...)
			for i := range got {
				gram := padded[max(0, i-1) : i+2]
				require.InDelta(t, backoff(toy.grams, gram), got[i]/math.Ln10, 1e-7, "%v in %v", gram, sentence)
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
