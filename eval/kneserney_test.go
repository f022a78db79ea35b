package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"textgan/internal/kernel"

	"github.com/stretchr/testify/require"
)

func TestKneserNeyGolden(t *testing.T) {
	type text struct {
		Train, Lines      []string
		Order, Vocabulary int
		Discount          float64
		Discounts         [][]float64
		LogProbs          [][]float64 `json:"log_probs"`
	}
	var want struct {
		Modified []text
		NLTK     text
	}
	golden(t, "kneserney.json", &want)
	check := func(m *KneserNey, x *Lexicon, c text) {
		for i, line := range x.Find(c.Lines, strings.Fields) {
			require.InDeltaSlice(t, c.LogProbs[i], m.LogProb(line), 1e-10, "order %d, %q", m.Order(), c.Lines[i])
		}
	}
	for _, c := range want.Modified {
		x := NewLexicon()
		m, err := NewKneserNey(x.Add(c.Train, strings.Fields), c.Order, c.Vocabulary)
		require.NoError(t, err)
		for n, d := range c.Discounts {
			require.InDeltaSlice(t, d, m.discount[n][1:], 1e-12)
		}
		check(m, x, c)
	}
	x := NewLexicon()
	m, err := NewKneserNey(x.Add(want.NLTK.Train, strings.Fields), 2, 0)
	require.NoError(t, err)
	d := want.NLTK.Discount
	m.discount = [][4]float64{{}, {0, d, d, d}}
	check(m, x, want.NLTK)
}

// In every context the words of the vocabulary and the end share all of the
// probability.
func TestKneserNeySumsToOne(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const vocabulary = 30
	m, err := NewKneserNey(randomLines(r, 200, 20, 12), 4, vocabulary)
	require.NoError(t, err)
	for range 300 {
		contexts := []int32{root}
		tokens := make([]int32, 3)
		for i := range tokens {
			tokens[i] = shift + r.Int32N(22)
		}
		tokens[r.IntN(3)] = begin
		for k := 1; k < 4; k++ { // the last k tokens
			node := root
			for _, token := range tokens[3-k:] {
				node = m.grams.find(node, token)
			}
			contexts = append(contexts, node)
		}
		sum := m.prob(contexts, end)
		for w := range int32(vocabulary) {
			sum += m.prob(contexts, w+shift)
		}
		require.InDelta(t, 1, sum, 1e-12)
	}
}

func TestLMScore(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	train, lines := randomLines(r, 300, 20, 12), randomLines(r, 100, 25, 12)
	m, err := NewKneserNey(train, 5, 25)
	require.NoError(t, err)
	s, err := m.Score(lines)
	require.NoError(t, err)
	sum, tokens, unseen := 0.0, 0, 0
	for _, line := range lines {
		for _, p := range m.LogProb(line) {
			sum -= p
			tokens++
		}
		for _, id := range line {
			if id >= 20 {
				unseen++
			}
		}
	}
	require.InDelta(t, sum/float64(tokens), s.Nats, 1e-12)
	require.Equal(t, tokens, s.Tokens)
	require.Equal(t, unseen, s.Unseen)
	require.Equal(t, "lm|kneser-ney:modified|n:5|vocabulary:25|trained:300|lines:100|version:2", s.Signature)

	kernel.SetThreads(1)
	defer kernel.SetThreads(0)
	serial, err := m.Score(lines)
	require.NoError(t, err)
	require.Equal(t, serial, s)

	// The standard error describes the spread over repeated texts.
	scores, mean, spread := []float64{}, 0.0, 0.0
	for range 400 {
		s, err := m.Score(randomLines(r, 100, 25, 12))
		require.NoError(t, err)
		scores = append(scores, s.Nats)
		mean += s.Nats / 400
	}
	for _, v := range scores {
		spread += (v - mean) * (v - mean) / 399
	}
	require.InEpsilon(t, math.Sqrt(spread), s.StdErr, 0.25) // 100 lines: the error is itself known to about 10 %
}

func TestKneserNeyErrors(t *testing.T) {
	_, err := NewKneserNey(nil, 5, 0)
	require.ErrorContains(t, err, "no lines")
	_, err = NewKneserNey([][]int32{{1}}, 0, 0)
	require.ErrorContains(t, err, "choose 1 to 9")
	_, err = NewKneserNey([][]int32{{1, 2}}, 2, 1)
	require.ErrorContains(t, err, "vocabulary of 1 words for a text that has 2")
	m, err := NewKneserNey([][]int32{{}, {1}, {Unknown, 2}}, 3, 0)
	require.NoError(t, err)
	require.Equal(t, []int{1, 2, 3}, m.fallback)
	_, err = m.Score(nil)
	require.ErrorContains(t, err, "no lines")
	s, err := m.Score([][]int32{{Unknown}, {}})
	require.NoError(t, err)
	require.False(t, math.IsNaN(s.Nats) || math.IsInf(s.Nats, 0))
}

func BenchmarkKneserNey10k(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x := NewLexicon()
	train, hyp := x.Add(captions(r, 10_000), strings.Fields), x.Add(captions(r, 10_000), strings.Fields)
	for b.Loop() {
		m, err := NewKneserNey(train, 5, x.Len())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := m.Score(hyp); err != nil {
			b.Fatal(err)
		}
	}
}

// Every word has a probability above 0, and they sum to 1, however small or regular
// the text: counts of counts that vanish make discounts of 0, which fall back.
func TestNoWordIsImpossible(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	zero := 0
	for range 400 {
		lines := make([][]int32, 1+r.IntN(12))
		for i := range lines {
			for range r.IntN(7) {
				lines[i] = append(lines[i], int32(r.IntN(4)))
			}
			if r.IntN(3) == 0 {
				lines[i] = lines[0]
			}
		}
		m, err := NewKneserNey(lines, 3, 5)
		require.NoError(t, err)
		for n, d := range m.discount {
			for k := 1; k <= 3; k++ {
				require.Greater(t, d[k], 0.0, "order %d", n+1)
			}
		}
		zero += len(m.fallback)
		for _, context := range [][]int32{{}, {0}, {1, 1}, {4, 0}} {
			sum := 0.0
			for w := range int32(5) {
				p := m.LogProb(append(slices.Clone(context), w))
				require.False(t, math.IsInf(p[len(context)], 0))
				sum += math.Exp(p[len(context)])
			}
			p := m.LogProb(context)
			require.InDelta(t, 1, sum+math.Exp(p[len(context)]), 1e-12)
		}
		score, err := m.Score([][]int32{{4, 4}, {0, 4}})
		require.NoError(t, err)
		require.False(t, math.IsInf(score.Nats, 0) || math.IsNaN(score.Nats))
	}
	require.Greater(t, zero, 100)
}
