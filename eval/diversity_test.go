package eval

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDiversityGolden(t *testing.T) {
	var want struct {
		Train, Hyp         []string
		Distinct           []float64
		Different, Novelty float64
		Copies             []int
		CopyStdErr         float64   `json:"copy_std_err"`
		CopyShare          float64   `json:"copy_share"`
		MSJaccard          []float64 `json:"ms_jaccard"`
		JensenShannon      []float64 `json:"jensen_shannon"`
		Lengths            Lengths
		LengthDistance     float64 `json:"length_distance"`
	}
	golden(t, "diversity.json", &want)
	x := NewLexicon()
	train, hyp := x.Add(want.Train, strings.Fields), x.Add(want.Hyp, strings.Fields)
	d, err := Diverse(hyp, 4)
	require.NoError(t, err)
	require.InDeltaSlice(t, want.Distinct, []float64(d.Distinct), 1e-14)
	require.InDelta(t, want.Different, d.Different, 1e-14)
	require.InDelta(t, want.Lengths.Mean, d.Lengths.Mean, 1e-12)
	require.InDelta(t, want.Lengths.SD, d.Lengths.SD, 1e-12)
	d.Lengths.Mean, d.Lengths.SD = want.Lengths.Mean, want.Lengths.SD
	require.Equal(t, want.Lengths, d.Lengths)

	l, err := Compare(hyp, train, 4)
	require.NoError(t, err)
	require.InDelta(t, want.Novelty, l.Novelty, 1e-14)
	require.InDeltaSlice(t, want.MSJaccard, []float64(l.MSJaccard), 1e-12)
	require.InDeltaSlice(t, want.JensenShannon, []float64(l.JensenShannon), 1e-12)
	require.InDelta(t, want.LengthDistance, l.LengthDistance, 1e-12)
	require.InDelta(t, want.CopyShare, l.Copies.Share, 1e-12)
	require.InDelta(t, want.CopyStdErr, l.Copies.StdErr, 1e-12)
	require.Equal(t, slices.Max(want.Copies), l.Copies.Max)
	require.Equal(t, slices.Index(want.Copies, l.Copies.Max), l.Copies.Line)
	index := NewCopyIndex(train)
	for i, line := range hyp {
		require.Equal(t, want.Copies[i], index.Longest(line).Len, "line %d", i)
	}
}

// What Longest names really is a run of both lines, and none is longer.
// A line with a token that no lexicon holds is equal to none, and is in no
// training text.
func TestUnknownTokensAreEqualToNone(t *testing.T) {
	lines := [][]int32{{0, Unknown}, {0, Unknown}, {0, 1}, {0, 1}}
	require.Equal(t, 0.75, Different(lines))
	require.Equal(t, 0.5, Novelty(lines, lines))
	require.Equal(t, 2, Shared(lines, [][]int32{{0, 1}, {0, Unknown}, {0, 1}}))
	require.Zero(t, Shared(lines, [][]int32{{0, 1, Unknown}}))
	require.InDelta(t, 2./6, Distinct(lines, 1)[0], 1e-15)
}

func TestLongestCopy(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 300 {
		words := 1 + r.IntN(5)
		train := randomLines(r, r.IntN(8), words, 12)
		if len(train) > 2 {
			train[1] = train[0]       // duplicates
			train[2] = []int32{-1, 0} // an unknown word is no match
		}
		index := NewCopyIndex(train)
		for _, line := range randomLines(r, 5, words+1, 12) {
			if len(line) > 3 {
				line[2] = Unknown
			}
			longest := 0
			for _, other := range train {
				for i := range line {
					for j := range other {
						n := 0
						for i+n < len(line) && j+n < len(other) && line[i+n] == other[j+n] && line[i+n] != Unknown {
							n++
						}
						longest = max(longest, n)
					}
				}
			}
			c := index.Longest(line)
			require.Equal(t, longest, c.Len)
			if c.Len == 0 {
				require.Equal(t, -1, c.Train)
				continue
			}
			run := line[c.Start : c.Start+c.Len]
			require.True(t, slices.ContainsFunc(windows(train[c.Train], c.Len), func(w []int32) bool { return slices.Equal(w, run) }))
		}
	}
}

func windows(line []int32, n int) (out [][]int32) {
	for i := 0; i+n <= len(line); i++ {
		out = append(out, line[i:i+n])
	}
	return out
}

// One token a million times over: the suffix order must not take forever.
func TestCopyIndexOfOneWord(t *testing.T) {
	line := make([]int32, 200_000)
	require.Equal(t, Copy{0, 1000, 0}, NewCopyIndex([][]int32{line}).Longest(line[:1000]))
}

// An index that is stopped is none, whenever that is.
func TestCopyIndexStops(t *testing.T) {
	train := randomLines(rand.New(rand.NewPCG(3, 3)), 20_000, 3, 12)
	asked, after := 0, math.MaxInt
	stop := func() bool { asked++; return asked >= after }
	require.Equal(t, NewCopyIndex(train), NewCopyIndexUntil(train, stop))
	all := asked
	require.Greater(t, all, 3)
	for after = range all + 1 {
		asked = 0
		require.Nil(t, NewCopyIndexUntil(train, stop), "at question %d of %d", after, all)
		require.Equal(t, max(after, 1), asked)
	}
}

func TestExtremesOfLikeness(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	lines := randomLines(r, 30, 10, 12)
	lines[0] = []int32{1, 2, 3, 4, 5, 6}
	same, err := Compare(lines, lines, 3)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1, 1, 1}, []float64(same.MSJaccard), 1e-12)
	require.InDeltaSlice(t, []float64{0, 0, 0}, []float64(same.JensenShannon), 1e-12)
	require.Zero(t, same.Novelty)
	require.Zero(t, same.LengthDistance)

	apart, err := Compare([][]int32{{100, 101}}, lines, 3)
	require.NoError(t, err)
	require.Equal(t, ByOrder{0, 0, 0}, apart.MSJaccard)
	require.InDeltaSlice(t, []float64{math.Ln2, math.Ln2, math.Ln2}, []float64(apart.JensenShannon), 1e-12)
	require.Equal(t, 1.0, apart.Novelty)
	require.Equal(t, Copies{Train: -1}, apart.Copies)

	empty, err := Diverse([][]int32{{}, {}}, 2)
	require.NoError(t, err)
	text, err := json.Marshal(empty)
	require.NoError(t, err)
	require.Contains(t, string(text), `"lines":2,"distinct":{"1":null,"2":null},"distinct_of_tokens":{"1":null,"2":null},"different_lines":0.5`)

	// Orders that a text lacks say nothing; those that one side lacks do.
	short, long := [][]int32{{1, 2, 3}}, [][]int32{{1, 2, 3, 4}}
	d, err := Diverse(short, 4)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 1}, []float64(d.Distinct[:3]))
	require.True(t, math.IsNaN(d.Distinct[3]))
	equal, err := Compare(short, short, 4)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{1, 1, 1}, []float64(equal.MSJaccard[:3]), 1e-12)
	require.True(t, math.IsNaN(equal.MSJaccard[3]) && math.IsNaN(equal.JensenShannon[3]))
	half, err := Compare(short, long, 5)
	require.NoError(t, err)
	require.Zero(t, half.MSJaccard[3])
	require.InDelta(t, math.Ln2, half.JensenShannon[3], 1e-12)
	require.True(t, math.IsNaN(half.MSJaccard[4]) && math.IsNaN(half.JensenShannon[4]))

	_, err = Diverse(nil, 3)
	require.ErrorContains(t, err, "no lines")
	_, err = Compare(lines, nil, 3)
	require.ErrorContains(t, err, "no lines")
	_, err = Compare(lines, lines, 10)
	require.ErrorContains(t, err, "choose 1 to 9")
}

// "the cat sat on the" has four different bigrams of four, among five tokens.
func TestDistinctDenominators(t *testing.T) {
	line := [][]int32{{1, 2, 3, 4, 1}}
	require.InDeltaSlice(t, []float64{4. / 5, 4. / 4}, []float64(Distinct(line, 2)), 1e-15)
	require.InDeltaSlice(t, []float64{4. / 5, 4. / 5}, []float64(DistinctOfTokens(line, 2)), 1e-15)
}

func BenchmarkCompare10k(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x := NewLexicon()
	train, hyp := x.Add(captions(r, 10_000), strings.Fields), x.Add(captions(r, 10_000), strings.Fields)
	for b.Loop() {
		if _, err := Compare(hyp, train, 5); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCopies10k(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x := NewLexicon()
	train, hyp := x.Add(captions(r, 10_000), strings.Fields), x.Add(captions(r, 10_000), strings.Fields)
	for b.Loop() {
		CopiesOf(hyp, NewCopyIndex(train))
	}
}
