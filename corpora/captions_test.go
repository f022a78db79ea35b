package corpora

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func captionsGrammar(t testing.TB) *grammar {
	l, err := captions()
	require.NoError(t, err)
	return l.(*grammar)
}

// pushdown reads a grammar from the left: a state is the string of symbols
// that have yet to be derived, one byte each, the next one first. A derivation
// is a path from the start symbol to the empty string.
type pushdown struct {
	g     *grammar
	edges map[string][]edge
}

// edge derives one word: a word of the class, then what is left.
type edge struct {
	class int
	rest  string
	p     float64 // of the rules used before the word
}

func newPushdown(t testing.TB, g *grammar) *pushdown {
	require.Less(t, len(g.symbols), 256)
	return &pushdown{g, map[string][]edge{}}
}

func (m *pushdown) start() string { return string([]byte{byte(len(m.g.symbols) - 1)}) }

// from lists every way to derive the next word, one edge per choice of rules.
func (m *pushdown) from(state string) []edge {
	if state == "" {
		return nil
	}
	if e, ok := m.edges[state]; ok {
		return e
	}
	s := m.g.symbols[state[0]]
	var all []edge
	if s.rules == nil {
		all = []edge{{int(state[0]), state[1:], 1}}
	}
	for i, r := range s.rules {
		next := make([]byte, len(r))
		for k, symbol := range r {
			next[k] = byte(symbol)
		}
		for _, e := range m.from(string(next) + state[1:]) {
			all = append(all, edge{e.class, e.rest, e.p * s.p[i]})
		}
	}
	m.edges[state] = all
	return all
}

// share reports whether two classes have a word in common.
func (m *pushdown) share(a, b int) bool {
	return slices.ContainsFunc(m.g.symbols[a].words, func(w string) bool { return slices.Contains(m.g.symbols[b].words, w) })
}

// ambiguous searches two different derivations of one sentence. It walks pairs
// of paths that read the same words and have parted; the sentence has two
// derivations if they come to the same state again, and all of them do that
// at the end. It returns the number of pairs seen.
func (m *pushdown) ambiguous() (bool, int) {
	type pair struct{ a, b string }
	seen := map[pair]bool{}
	var open []pair
	states := map[string]bool{m.start(): true}
	together := []string{m.start()}
	parted := func(x, y edge) (meet bool) {
		if !m.share(x.class, y.class) {
			return false
		}
		p := pair{min(x.rest, y.rest), max(x.rest, y.rest)}
		if !seen[p] {
			seen[p] = true
			open = append(open, p)
		}
		return x.rest == y.rest
	}
	for len(together) > 0 {
		s := together[0]
		together = together[1:]
		edges := m.from(s)
		for i, x := range edges {
			if !states[x.rest] {
				states[x.rest] = true
				together = append(together, x.rest)
			}
			for _, y := range edges[:i] {
				if parted(x, y) {
					return true, len(seen)
				}
			}
		}
	}
	for len(open) > 0 {
		p := open[0]
		open = open[1:]
		for _, x := range m.from(p.a) {
			for _, y := range m.from(p.b) {
				if parted(x, y) {
					return true, len(seen)
				}
			}
		}
	}
	return false, len(seen)
}

// probability is that of a sentence, by the forward algorithm.
func (m *pushdown) probability(sentence string) float64 {
	now := map[string]float64{m.start(): 1}
	for _, w := range strings.Fields(sentence) {
		next := map[string]float64{}
		for state, p := range now {
			for _, e := range m.from(state) {
				if log, ok := m.g.symbols[e.class].log[w]; ok {
					next[e.rest] += p * e.p * math.Exp(log)
				}
			}
		}
		now = next
	}
	return now[""]
}

// The proof that each caption has one derivation, over the whole grammar, and
// with it that the entropy is exact.
func TestCaptionsAreUnambiguous(t *testing.T) {
	ambiguous, pairs := newPushdown(t, captionsGrammar(t)).ambiguous()
	require.False(t, ambiguous)
	require.Greater(t, pairs, 100, "words overlap, so there must be something to tell apart")

	for text, want := range map[string]bool{
		"S -> A | B\nA : x\nB : y":                                           false,
		"S -> A | B\nA : x\nB : x y":                                         true,
		"S -> A A B | A B\nA : x\nB : y":                                     false,
		"S -> A C | B D\nA : x\nB : x\nC : y\nD : z y":                       true,
		"S -> N | N with N\nN -> M | M with M\nM : a b":                      true,
		"S -> A B\nA -> x | x y\nB -> z | y z":                               true,
		"S -> A B\nA -> x | x y\nB -> z | z z":                               false,
		"S -> a T | a U\nT -> b V\nU -> b W\nV -> c | d\nW -> e | f | a b c": false,
	} {
		g, err := parseGrammar("test", text)
		require.NoError(t, err)
		got, _ := newPushdown(t, g).ambiguous()
		require.Equal(t, want, got, text)
	}
}

// Top-down and left to right give the same probabilities, also to sentences
// with a word changed, most of which are not captions.
func TestCaptionsLogProb(t *testing.T) {
	g := captionsGrammar(t)
	m := newPushdown(t, g)
	var words []string
	for _, s := range g.symbols {
		words = append(words, s.words...)
	}
	valid := 0
	for i := range 1500 {
		s := g.Sample(2, i)
		p, ok := g.LogProb(s)
		require.True(t, ok)
		require.InEpsilon(t, m.probability(s), math.Exp(p), 1e-9)

		changed := strings.Fields(s)
		changed[i%len(changed)] = words[i*7919%len(words)]
		s = strings.Join(changed, " ")
		p, ok = g.LogProb(s)
		require.InDelta(t, math.Log(m.probability(s)), p, 1e-9, s)
		if ok {
			valid++
		}
	}
	require.Less(t, valid, 500)
	require.Greater(t, valid, 20)
}

// A second reading of captions.grammar, parser included.
func TestCaptionsAgainstGolden(t *testing.T) {
	var want struct {
		Words     int
		Entropy   float64
		PerToken  float64 `json:"per_token"`
		Sentences scored
	}
	golden(t, "captions.json", &want)
	g := captionsGrammar(t)
	require.InEpsilon(t, want.Entropy, g.Entropy().Sentence, 1e-12)
	require.InEpsilon(t, want.PerToken, g.Entropy().Token, 1e-12)
	want.Sentences.check(t, g, 1e-12)
	words := map[string]bool{}
	for _, s := range g.symbols {
		for _, w := range s.words {
			words[w] = true
		}
	}
	require.Len(t, words, want.Words)
}

// The entropy by the recursion over symbols is that of the sentences, summed
// one by one, for a grammar small enough to list them.
func TestGrammarEntropyByEnumeration(t *testing.T) {
	g, err := parseGrammar("test", "S -> 3 T.sg | 4 T.pl | 2 there A // a comment\nT# -> N# V#\nN# -> the M# | 5 the M# that V# A\n"+
		"M# : dog/dogs cat/cats\nV# : runs/run\nA -> B | B B\nB : here now")
	require.NoError(t, err)

	m := newPushdown(t, g)
	entropy, mass, tokens := 0.0, 0.0, 0.0
	var walk func(state string, p float64, words int)
	walk = func(state string, p float64, words int) {
		if state == "" {
			mass += p
			entropy -= p * math.Log(p)
			tokens += p * float64(words+1)
		}
		for _, e := range m.from(state) {
			for _, q := range g.symbols[e.class].p {
				walk(e.rest, p*e.p*q, words+1)
			}
		}
	}
	walk(m.start(), 1, 0)
	require.InDelta(t, 1, mass, 1e-12)
	require.InDelta(t, entropy, g.Entropy().Sentence, 1e-12)
	require.InDelta(t, entropy/tokens, g.Entropy().Token, 1e-12)
}

func TestCaptionsAgree(t *testing.T) {
	g := captionsGrammar(t)
	for s, want := range map[string]bool{
		"the dog is sleeping":                                      true,
		"the dog are sleeping":                                     false,
		"the dogs that chase a small cat are near the river":       true,
		"the dogs that chase a small cat is near the river":        false,
		"the dogs that chases a small cat are near the river":      false,
		"a man who is holding the balls with a boy rides a camel":  false,
		"the woman with two bags watches every player who sings":   true,
		"the woman with two bags watch every player who sings":     false,
		"the book that the girls carry is on the table":            true,
		"the book that the girls carries is on the table":          false,
		"a boy and a dog are running in the park":                  true,
		"a boy and a dog is running in the park":                   false,
		"there are two horses in the barn":                         true,
		"there is two horses in the barn":                          false,
		"two boys are singing while a cat is sleeping":             true,
		"The dog is sleeping":                                      false,
		"the dog is sleeping .":                                    false,
		"the man who feeds a dog that is in the park is sleeping":  true,
		"the man who feeds a dog that are in the park is sleeping": false,
	} {
		_, ok := g.LogProb(s)
		require.Equal(t, want, ok, s)
	}
}

// The figures that the documentation gives.
func TestCaptionsFigures(t *testing.T) {
	c, err := Open("builtin:captions", Options{Seed: 1})
	require.NoError(t, err)
	s := c.Stats(strings.Fields)
	require.Equal(t, 10_000, s.Lines)
	require.Equal(t, 371, s.Vocabulary)
	require.InDelta(t, 20.07, s.Entropy.Sentence, 0.005)
	require.InDelta(t, 2.103, s.Entropy.Token, 0.0005)
	require.InDelta(t, 8.54, s.MeanLength, 0.1)
	require.Equal(t, 5, s.Lengths.P5)
	require.LessOrEqual(t, s.Lengths.P95, 16)
	require.Less(t, s.Duplicates, 100)
}

func TestGrammarRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"S -> A":            "A is not defined",
		"S -> a S":          "S refers to itself",
		"S -> A\nA -> b S":  "S refers to itself",
		"S -> a\nT -> b":    "T is never used",
		"S -> a\nS -> b":    "test:2: S is defined twice",
		"s -> a":            "test:1: want Symbol -> ...",
		"S => a":            "want Symbol -> ...",
		"S -> a |":          "a rule of S that is empty or not probable",
		"S -> 0 a | b":      "empty or not probable",
		"S -> -1 a | b":     "empty or not probable",
		"S : a b a":         "S has the word a twice",
		"// nothing at all": "no symbols",
	} {
		_, err := parseGrammar("test", text)
		require.ErrorContains(t, err, want, text)
	}
}

func BenchmarkCaptionsLogProb(b *testing.B) {
	g := captionsGrammar(b)
	i := 0
	for b.Loop() {
		g.LogProb(g.Sample(1, i%1000))
		i++
	}
}
