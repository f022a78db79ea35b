package corpora

import (
	"encoding/json"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func language(t *testing.T, name string, opt Options) Language {
	l, err := NewLanguage(name, opt)
	require.NoError(t, err)
	return l
}

// golden reads what testdata/make_*.py wrote.
func golden(t *testing.T, name string, into any) {
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

// scored are log probabilities of sentences, nil of those that are not of the
// language.
type scored map[string]*float64

// check holds LogProb and Evaluate against the scores, up to a relative error.
func (want scored) check(t *testing.T, l Language, relative float64) {
	valid, nats, tokens := 0, 0.0, 0
	var all []string
	for s, p := range want {
		all = append(all, s)
		got, ok := l.LogProb(s)
		require.Equal(t, p != nil, ok, s)
		if ok {
			require.InEpsilon(t, *p, got, relative, s)
			valid++
			nats -= *p
			tokens += l.Tokens(s)
		}
	}
	j := Evaluate(l, all)
	require.Equal(t, valid, j.Valid)
	require.InEpsilon(t, nats/float64(valid), j.NLL, relative)
	require.InEpsilon(t, nats/float64(tokens), j.PerToken, relative)
}

// What every language promises.
func TestLanguages(t *testing.T) {
	for _, b := range List() {
		t.Run(b.Name, func(t *testing.T) {
			l := language(t, b.Name, Options{Seed: 3, Oracle: OracleOptions{Words: 300, Units: 8}})
			require.Equal(t, b.Name, l.Name())
			const n = 3000
			lines := Generate(l, 5, n)
			for _, i := range []int{0, 1, 63, 64, 99, n - 1} {
				require.Equal(t, lines[i], l.Sample(5, i))
			}
			require.Equal(t, lines[:70], Generate(l, 5, 70), "a longer corpus begins with the shorter one")
			require.NotEqual(t, lines[:20], Generate(l, 6, 20))
			for _, s := range lines[:20] {
				require.Equal(t, strings.Join(strings.Fields(s), " "), s)
			}

			// Samples are valid, their mean -log p is the entropy (five
			// standard errors of both), also per token.
			j, e := Evaluate(l, lines), l.Entropy()
			require.Equal(t, n, j.Sentences)
			require.Equal(t, n, j.Valid)
			require.InDelta(t, e.Sentence, j.NLL, 5*math.Hypot(j.SE, e.SE))
			require.InDelta(t, e.Token/e.Sentence, j.PerToken/j.NLL, 0.02*e.Token/e.Sentence)
			require.Equal(t, e.Exact, e.SE == 0)
			p, ok := l.LogProb(lines[0])
			require.True(t, ok)
			require.InDelta(t, -Evaluate(l, lines[:1]).NLL, p, 1e-9)

			// Broken sentences are not.
			first := lines[0]
			bad := []string{"", " ", first + " ", " " + first, first + " zzz", "zzz", strings.ReplaceAll(first, " ", "  ") + " ",
				first + " " + first, strings.Repeat("x ", 40000)}
			require.Equal(t, Judgement{Sentences: len(bad)}, Evaluate(l, bad))
			for _, s := range bad {
				p, ok := l.LogProb(s)
				require.False(t, ok, "%.40q", s)
				require.True(t, math.IsInf(p, -1))
			}
			mixed := Evaluate(l, append(bad, first, first))
			require.Equal(t, 2, mixed.Valid)
			require.InDelta(t, -p, mixed.NLL, 1e-9)

			c, err := Open("builtin:"+b.Name, Options{Seed: 5, Lines: 30, Oracle: OracleOptions{Words: 300, Units: 8}})
			require.NoError(t, err)
			require.Equal(t, b.Name, c.Language.Name())
			require.Len(t, c.Lines, 30)
		})
	}
}

// A run names its corpus by seed alone, so these must not change.
func TestCorporaStayTheSame(t *testing.T) {
	got := map[string]string{}
	for _, b := range List() {
		c, err := Open("builtin:"+b.Name, Options{Seed: 1, Lines: 200})
		require.NoError(t, err)
		got[b.Name] = c.SHA256[:16]
	}
	require.Equal(t, map[string]string{"arithmetic": "2ddf2aa7ed31c615", "captions": "5443979b7a9f38e1", "oracle": "c377d714778acefb"}, got)
}
