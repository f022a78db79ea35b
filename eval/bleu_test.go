package eval

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"textgan/internal/kernel"

	"github.com/stretchr/testify/require"
)

// nltkTolerance: NLTK sums logarithms exactly (fsum), we sum in order.
const nltkTolerance = 1e-10

func golden(t testing.TB, name string, into any) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, into))
}

func TestBLEUEqualsNLTK(t *testing.T) {
	var cases []struct {
		Name             string
		Refs, Hyps       []string
		Sentence, Corpus map[string][]float64
		Self             []float64
	}
	golden(t, "bleu.json", &cases)
	require.NotEmpty(t, cases)
	for _, c := range cases {
		x := NewLexicon()
		lines := x.Add(c.Refs, strings.Fields)
		refs, err := NewReferences(lines, 5)
		require.NoError(t, err)
		hyps := x.Find(c.Hyps, strings.Fields)
		for level, want := range map[Level]map[string][]float64{Sentence: c.Sentence, Corpus: c.Corpus} {
			require.NotEmpty(t, want)
			for name, want := range want {
				smoothing, err := ParseSmoothing(name)
				require.NoError(t, err)
				s, err := BLEU(refs, hyps, Options{Smoothing: smoothing, Level: level})
				require.NoError(t, err)
				require.InDeltaSlice(t, want, []float64(s.ByOrder), nltkTolerance, "%s, %s, %s", c.Name, level, name)
			}
		}
		if len(lines) > 1 {
			s, err := SelfBLEU(lines, Options{})
			require.NoError(t, err)
			require.InDeltaSlice(t, c.Self, []float64(s.ByOrder), nltkTolerance, "%s, self", c.Name)
		}
	}
}

// randomLines are random walks over the ids, so that longer n-grams recur.
func randomLines(r *rand.Rand, count, words, longest int) [][]int32 {
	lines := make([][]int32, count)
	for i := range lines {
		at := r.IntN(words)
		for range r.IntN(longest + 1) {
			lines[i] = append(lines[i], int32(at))
			at = (at + r.IntN(3)) % words
		}
	}
	return lines
}

func TestSelfBLEUIsLeaveOneOut(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		lines := randomLines(r, 2+r.IntN(12), 1+r.IntN(6), 9)
		o := Options{MaxN: 1 + r.IntN(6), Smoothing: Smoothing(r.IntN(len(smoothingNames))), Level: Sentence}
		got, err := SelfBLEU(lines, o)
		require.NoError(t, err)
		want := make(ByOrder, o.MaxN)
		for i, line := range lines {
			others := append(append([][]int32{}, lines[:i]...), lines[i+1:]...)
			refs, err := NewReferences(others, o.MaxN)
			require.NoError(t, err)
			s, err := BLEU(refs, [][]int32{line}, o)
			require.NoError(t, err)
			for n, v := range s.ByOrder {
				want[n] += v / float64(len(lines))
			}
		}
		require.InDeltaSlice(t, []float64(want), []float64(got.ByOrder), 1e-12)
	}
}

// More lines than are scored at a time: each still leaves itself out.
func TestSelfBLEUOfManyLines(t *testing.T) {
	lines := make([][]int32, 2*block+2)
	for i := range lines {
		lines[i] = []int32{int32(i)}
	}
	lines[len(lines)-1] = lines[len(lines)-2] // the only two alike
	s, err := SelfBLEU(lines, Options{MaxN: 1})
	require.NoError(t, err)
	require.InDelta(t, 2/float64(len(lines)), s.ByOrder[0], 1e-15)
}

func TestBLEUDoesNotDependOn(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	refLines, hyps := randomLines(r, 300, 40, 20), randomLines(r, 9000, 42, 20)
	refs, err := NewReferences(refLines, 5)
	require.NoError(t, err)
	o := Options{Bootstrap: 20, Seed: 7}
	want, err := BLEU(refs, hyps, o)
	require.NoError(t, err)

	t.Run("threads", func(t *testing.T) {
		defer kernel.SetThreads(0)
		for _, n := range []int{1, 2, 7} {
			kernel.SetThreads(n)
			got, err := BLEU(refs, hyps, o)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
	t.Run("cuts of the stream", func(t *testing.T) {
		m, err := refs.Meter(o)
		require.NoError(t, err)
		for rest := hyps; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(2000))
			m.Add(rest[:n])
			rest = rest[n:]
		}
		got, err := m.Score()
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
	t.Run("order of lines", func(t *testing.T) {
		shuffledRefs, shuffled := permuted(r, refLines), permuted(r, hyps)
		refs, err := NewReferences(shuffledRefs, 5)
		require.NoError(t, err)
		got, err := BLEU(refs, shuffled, Options{})
		require.NoError(t, err)
		require.InDeltaSlice(t, []float64(want.ByOrder), []float64(got.ByOrder), 1e-12)
		a, err := SelfBLEU(refLines, Options{})
		require.NoError(t, err)
		b, err := SelfBLEU(shuffledRefs, Options{})
		require.NoError(t, err)
		require.InDeltaSlice(t, []float64(a.ByOrder), []float64(b.ByOrder), 1e-12)
	})
	t.Run("numbering of words", func(t *testing.T) {
		names := r.Perm(50)
		rename := func(lines [][]int32) [][]int32 {
			out := make([][]int32, len(lines))
			for i, line := range lines {
				for _, id := range line {
					out[i] = append(out[i], int32(names[id]))
				}
			}
			return out
		}
		refs, err := NewReferences(rename(refLines), 5)
		require.NoError(t, err)
		got, err := BLEU(refs, rename(hyps), o)
		require.NoError(t, err)
		require.Equal(t, want, got)
	})
}

func permuted(r *rand.Rand, lines [][]int32) [][]int32 {
	out := make([][]int32, len(lines))
	for i, j := range r.Perm(len(lines)) {
		out[i] = lines[j]
	}
	return out
}

// No resample comes twice, whatever the number of items, and all items come:
// the generator does not go in circles.
func TestResamplesAreDifferent(t *testing.T) {
	for _, n := range []int{479, 1000} {
		const resamples = 2000
		sums, seen := make([]uint64, resamples), make([]atomic.Bool, n)
		resample(resamples, n, 2, func(b int, draw func() int) {
			for range n {
				i := draw()
				seen[i].Store(true)
				sums[b] = (sums[b] ^ uint64(i)) * 1099511628211 // FNV-1a
			}
		})
		slices.Sort(sums)
		require.Len(t, slices.Compact(sums), resamples)
		for i := range seen {
			require.True(t, seen[i].Load(), i)
		}
	}
}

// The bootstrap's spread is the standard error that the formula gives.
func TestBootstrapAgreesWithStandardError(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	refs, err := NewReferences(randomLines(r, 50, 30, 15), 5)
	require.NoError(t, err)
	hyps := randomLines(r, 400, 30, 15)
	s, err := BLEU(refs, hyps, Options{Bootstrap: 4000, Confidence: 0.6827})
	require.NoError(t, err)
	for n, i := range s.Intervals {
		require.InEpsilon(t, s.StdErr[n], (i.Hi-i.Lo)/2, 0.08) // 4000 resamples: about 2 %
		require.InDelta(t, s.ByOrder[n], (i.Hi+i.Lo)/2, s.StdErr[n]/2)
	}
	corpus, err := BLEU(refs, hyps, Options{Level: Corpus, Bootstrap: 500})
	require.NoError(t, err)
	require.Nil(t, corpus.StdErr)
	for n, i := range corpus.Intervals {
		require.True(t, i.Lo < corpus.ByOrder[n] && corpus.ByOrder[n] < i.Hi && i.Hi-i.Lo < 0.2)
	}
}

func TestScoreJSON(t *testing.T) {
	x := NewLexicon()
	refs, err := NewReferences(x.Add([]string{"a b c", "d"}, strings.Fields), 2)
	require.NoError(t, err)
	s, err := BLEU(refs, x.Find([]string{"a b c"}, strings.Fields), Options{MaxN: 2, Level: Corpus, Case: "lc", Tokenizer: "word"})
	require.NoError(t, err)
	out, err := json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"bleu":{"1":1,"2":1},"level":"corpus","signature":"bleu|n:2|level:corpus|smooth:method1|weights:uniform|case:lc|tok:word|refs:2|hyps:1|version:2"}`, string(out))

	s, err = SelfBLEU([][]int32{{0, 1}, {0, 1}}, Options{MaxN: 1, Bootstrap: 10, Seed: 3})
	require.NoError(t, err)
	out, err = json.Marshal(s)
	require.NoError(t, err)
	require.JSONEq(t, `{"self_bleu":{"1":1},"std_err":{"1":0},"intervals":{"1":[1,1]},"confidence":0.95,"level":"sentence",
		"signature":"self-bleu|n:1|level:sentence|smooth:method1|weights:uniform|refs:leave-one-out|hyps:2|bs:10|seed:3|version:2"}`, string(out))
}

func TestBLEUErrors(t *testing.T) {
	_, err := NewReferences(nil, 5)
	require.ErrorContains(t, err, "no reference lines")
	_, err = NewReferences([][]int32{{1}}, MaxOrder+1)
	require.ErrorContains(t, err, "choose 1 to 9")
	refs, err := NewReferences([][]int32{{1}}, 2)
	require.NoError(t, err)
	_, err = BLEU(refs, nil, Options{})
	require.ErrorContains(t, err, "no hypothesis lines")
	_, err = SelfBLEU([][]int32{{1}}, Options{})
	require.ErrorContains(t, err, "at least 2")
	_, err = ParseSmoothing("method6")
	require.ErrorContains(t, err, "choose from method1, none")
	for _, o := range []Options{{MaxN: -1}, {MaxN: 6}, {Smoothing: 99}, {Smoothing: Method5, Level: Corpus}, {Bootstrap: -1}, {Confidence: 1}} {
		_, err = BLEU(refs, [][]int32{{1}}, o)
		require.Error(t, err, "%+v", o)
	}
}

// Words outside the lexicon match nothing, not even each other.
func TestUnknownMatchesNothing(t *testing.T) {
	x := NewLexicon()
	refs, err := NewReferences(x.Add([]string{"a b"}, strings.Fields), 2)
	require.NoError(t, err)
	hyps := x.Find([]string{"a z", "z z"}, strings.Fields)
	require.Equal(t, [][]int32{{0, Unknown}, {Unknown, Unknown}}, hyps)
	require.Equal(t, 2, x.Len())
	s, err := BLEU(refs, hyps, Options{MaxN: 1})
	require.NoError(t, err)
	require.InDelta(t, 0.25, s.ByOrder[0], 1e-15)
	same, err := SelfBLEU([][]int32{{Unknown}, {Unknown}}, Options{MaxN: 1})
	require.NoError(t, err)
	require.Zero(t, same.ByOrder[0])
}
