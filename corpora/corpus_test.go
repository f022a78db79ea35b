package corpora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func corpusOf(t *testing.T, lines ...string) *Corpus {
	c, err := New("memory", lines)
	require.NoError(t, err)
	return c
}

func TestSplit(t *testing.T) {
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprint("line ", i%700)) // 300 of them twice
	}
	c := corpusOf(t, lines...)
	train, valid, err := c.Split(0.1, 7)
	require.NoError(t, err)
	require.Equal(t, 70, len(valid.Lines)-valid.Duplicates, "a tenth of the different lines")
	require.Len(t, both(train, valid), 1000)
	for _, line := range valid.Lines {
		require.NotContains(t, train.Lines, line)
	}
	slices.Sort(lines)
	require.Equal(t, lines, both(train, valid))
	require.Equal(t, 300, train.Duplicates+valid.Duplicates)
	require.NotEqual(t, train.SHA256, valid.SHA256)

	again, _, err := c.Split(0.1, 7)
	require.NoError(t, err)
	require.Equal(t, train, again)
	other, _, err := c.Split(0.1, 8)
	require.NoError(t, err)
	require.NotEqual(t, train.SHA256, other.SHA256)

	// The order and the places of the corpus are kept.
	at := 0
	for i, line := range valid.Lines {
		for c.Lines[at] != line || c.Where(at) != valid.Where(i) {
			at++
		}
	}
}

// both are the lines of both sides, sorted.
func both(train, valid *Corpus) []string {
	lines := slices.Concat(train.Lines, valid.Lines)
	slices.Sort(lines)
	return lines
}

// A line that stands often is held out as often as one that stands once.
func TestSplitGivesEveryLineTheSameChance(t *testing.T) {
	lines := slices.Repeat([]string{"refrain"}, 500)
	for i := range 60 {
		lines = append(lines, fmt.Sprint("verse ", i))
	}
	c := corpusOf(t, lines...)
	const seeds = 4000
	refrain, verse := 0, 0
	for seed := range uint64(seeds) {
		_, valid, err := c.Split(0.05, seed)
		require.NoError(t, err)
		require.Equal(t, 3, len(valid.Lines)-valid.Duplicates)
		if slices.Contains(valid.Lines, "refrain") {
			refrain++
		}
		if slices.Contains(valid.Lines, "verse 7") {
			verse++
		}
	}
	const p = 3.0 / 61
	sd := math.Sqrt(seeds * p * (1 - p))
	require.InDelta(t, seeds*p, refrain, 4*sd)
	require.InDelta(t, seeds*p, verse, 4*sd)
}

func TestSplitOfFewLines(t *testing.T) {
	for _, fraction := range []float64{1e-9, 0.5, 0.999} {
		train, valid, err := corpusOf(t, "a", "b").Split(fraction, 1)
		require.NoError(t, err)
		require.Len(t, train.Lines, 1)
		require.Len(t, valid.Lines, 1)
	}
	// Copies stay together, and a text of nothing but copies is split.
	train, valid, err := corpusOf(t, "a", "a", "b", "b", "c", "c").Split(0.1, 1)
	require.NoError(t, err)
	require.Len(t, train.Lines, 4)
	require.Len(t, valid.Lines, 2)
	require.Equal(t, valid.Lines[0], valid.Lines[1])

	for want, f := range map[string]func() error{
		"all lines are equal":          func() error { _, _, err := corpusOf(t, "a", "a").Split(0.5, 1); return err },
		"fraction 1 of held-out lines": func() error { _, _, err := corpusOf(t, "a", "b").Split(1, 1); return err },
		"fraction 0 of held-out lines": func() error { _, _, err := corpusOf(t, "a", "b").Split(0, 1); return err },
	} {
		require.ErrorContains(t, f(), want)
	}
}

// Without copies both rules are one, and a corpus without what was held out is
// what was left to train.
func TestSplitByLines(t *testing.T) {
	var lines []string
	for i := range 300 {
		lines = append(lines, fmt.Sprint("line ", i))
	}
	c := corpusOf(t, lines...)
	train, valid, err := c.Split(0.1, 4)
	require.NoError(t, err)
	was, held, err := c.SplitByLines(0.1, 4)
	require.NoError(t, err)
	require.Equal(t, [2]*Corpus{train, valid}, [2]*Corpus{was, held})
	require.Equal(t, train, c.Without(valid))

	// With copies it fills its share of the lines, and not with the frequent one.
	c = corpusOf(t, append(lines, slices.Repeat([]string{"often"}, 100)...)...)
	was, held, err = c.SplitByLines(0.1, 4)
	require.NoError(t, err)
	require.Len(t, held.Lines, 40)
	require.NotContains(t, held.Lines, "often")
	require.Equal(t, was, c.Without(held))

	_, _, err = corpusOf(t, "a", "a", "b", "b").SplitByLines(0.1, 1)
	require.ErrorContains(t, err, "every line stands too often to hold out 0.1 of 4 lines")
}

func TestStats(t *testing.T) {
	lines := []string{"a b", " a  b ", "a b c", "a b", "d d d d"}
	c, err := New("memory", append(lines, "", " "))
	require.NoError(t, err)
	s := c.Stats(strings.Fields)
	require.Equal(t, Stats{
		Name: "memory", SHA256: c.SHA256, Lines: 5, Blank: 2, Duplicates: 1, Distinct: 3,
		Tokens: 13, Vocabulary: 4, Once: 1, MeanLength: 2.6,
		Lengths: Quantiles{Min: 2, P5: 2, P25: 2, P50: 2, P75: 3, P95: 4, P99: 4, Max: 4},
	}, s)

	var table bytes.Buffer
	require.NoError(t, s.WriteTable(&table))
	require.Contains(t, table.String(), "length min/5%/25%/50%/75%/95%/99%/max  2/2/2/2/3/4/4/4\n")
	require.NotContains(t, table.String(), "entropy")

	builtin, err := Open("builtin:arithmetic", Options{Lines: 10})
	require.NoError(t, err)
	s = builtin.Stats(strings.Fields)
	require.True(t, s.Entropy.Exact)
	table.Reset()
	require.NoError(t, s.WriteTable(&table))
	require.Contains(t, table.String(), "nats per sentence (exact)")
	data, err := json.Marshal(s)
	require.NoError(t, err)
	var back Stats
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, s, back)
}
