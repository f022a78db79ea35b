package corpora

import (
	"math"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var lopsided = ArithmeticOptions{X: 0.4, Plus: 0.3, Minus: 0, Times: 0.1, Divide: 0.2, MaxTokens: 9}

// expressions are all sentences of up to n operands.
func expressions(n int) []string {
	all := []string{"x"}
	for from := 0; n > 1; n-- {
		to := len(all)
		for _, s := range all[from:to] {
			for _, o := range operators {
				all = append(all, s+" "+string(o)+" x")
			}
		}
		from = to
	}
	return all
}

// inside is the inside algorithm on the rules themselves: the probability of
// all derivations of the tokens from S.
func inside(tokens []string, o ArithmeticOptions) float64 {
	if len(tokens) == 1 {
		if tokens[0] == "x" {
			return o.X
		}
		return 0
	}
	rules := map[string]float64{"+": o.Plus, "-": o.Minus, "*": o.Times, "/": o.Divide}
	p := 0.0
	for i := 1; i < len(tokens)-1; i++ {
		if r := rules[tokens[i]]; r > 0 {
			p += r * inside(tokens[:i], o) * inside(tokens[i+1:], o)
		}
	}
	return p
}

// Over all sentences: probabilities are those of the inside algorithm divided
// by their sum, and the entropy is the sum over them.
func TestArithmeticByEnumeration(t *testing.T) {
	half := ArithmeticOptions{X: 0.5, Plus: 0.125, Minus: 0.125, Times: 0.125, Divide: 0.125}
	for _, c := range []struct {
		opt, rules ArithmeticOptions
		operands   int
	}{{ArithmeticOptions{}, half, 6}, {lopsided, lopsided, 5}, {ArithmeticOptions{X: 1, MaxTokens: 7}, ArithmeticOptions{X: 1}, 1}} {
		a, err := newArithmetic(c.opt)
		require.NoError(t, err)
		all := expressions(c.operands)
		z := 0.0
		for _, s := range all {
			z += inside(strings.Fields(s), c.rules)
		}
		entropy, tokens := 0.0, 0.0
		for _, s := range all {
			want := inside(strings.Fields(s), c.rules) / z
			got, ok := a.LogProb(s)
			require.Equal(t, want > 0, ok, s)
			require.InDelta(t, want, math.Exp(got), 1e-12, s)
			if ok {
				entropy -= want * math.Log(want)
				tokens += want * float64(len(strings.Fields(s))+1)
				require.Equal(t, len(strings.Fields(s))+1, a.Tokens(s))
			}
		}
		require.InDelta(t, entropy, a.Entropy().Sentence, 1e-12)
		require.InDelta(t, entropy/tokens, a.Entropy().Token, 1e-12)
		_, ok := a.LogProb(all[len(all)-1] + " + x")
		require.False(t, ok, "too long")
	}
}

// Chi-square of 100 000 samples against the probabilities, over the sentences
// that are expected five times or more; the limit is five deviations above the
// mean of the distribution.
func TestArithmeticSamples(t *testing.T) {
	const n = 100_000
	a, err := newArithmetic(lopsided)
	require.NoError(t, err)
	counts := map[string]float64{}
	for i := range n {
		counts[a.Sample(1, i)]++
	}
	chi, cells := 0.0, 0.0
	for _, s := range expressions(5) {
		p, ok := a.LogProb(s)
		if !ok {
			require.Zero(t, counts[s])
			continue
		}
		if want := n * math.Exp(p); want >= 5 {
			chi += (counts[s] - want) * (counts[s] - want) / want
			cells++
		}
	}
	require.Greater(t, cells, 80.0)
	require.Less(t, chi, cells+5*math.Sqrt(2*cells))
}

func TestArithmeticRefuses(t *testing.T) {
	for _, s := range []string{"+", "x +", "x + +", "x+x", "x x x", "y", "x + y", "x ^ x", "x +  x", "x + x x", "X"} {
		a, err := newArithmetic(ArithmeticOptions{})
		require.NoError(t, err)
		_, ok := a.LogProb(s)
		require.False(t, ok, s)
	}
	for _, opt := range []ArithmeticOptions{
		{X: 0.5}, {Plus: 1}, {X: 1.5, Plus: -0.5}, {X: math.NaN()}, {X: 0.5, Plus: 0.5, MaxTokens: -1}, {X: 1, MaxTokens: 1 << 30},
	} {
		_, err := newArithmetic(opt)
		require.ErrorContains(t, err, "corpora: builtin:arithmetic: ")
	}
	// Long and improbable sentences keep a finite probability.
	a, err := newArithmetic(ArithmeticOptions{X: 1e-4, Plus: 1 - 1e-4, MaxTokens: 2001})
	require.NoError(t, err)
	p, ok := a.LogProb("x" + strings.Repeat(" + x", 1000))
	require.True(t, ok)
	require.Less(t, p, -7000.0)
}

func FuzzLogProb(f *testing.F) {
	for _, s := range []string{"", "x", "x + x", "x - x * x / x + x - x", "x - x * x / x + x - x - x", "x +", "x +\xff", "the dogs that", "a dog is sleeping"} {
		f.Add(s)
	}
	a, err := newArithmetic(ArithmeticOptions{})
	require.NoError(f, err)
	expression := regexp.MustCompile(`\Ax( [-+*/] x){0,5}\z`)
	c := captionsGrammar(f)
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := a.LogProb(s)
		require.Equal(t, expression.MatchString(s), ok)
		require.Equal(t, ok, !math.IsInf(p, -1))
		p, ok = c.LogProb(s)
		require.True(t, p < 0)
		require.Equal(t, ok, !math.IsInf(p, -1))
	})
}
