package generator

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"textgan/internal/kernel"
	"textgan/internal/rng"
	"textgan/vocab"
)

// cut sorts ids by probability, keeps the k likeliest, then the smallest set of
// likeliest with the given share of their mass, and renormalises.
func cut(p []float64, k int, mass float64) (ids []int32, q []float64) {
	for i := range p {
		if p[i] > 0 {
			ids = append(ids, int32(i))
		}
	}
	slices.SortFunc(ids, func(a, b int32) int { return cmp.Or(cmp.Compare(p[b], p[a]), cmp.Compare(a, b)) })
	massOf := func(ids []int32) (sum float64) {
		for _, id := range ids {
			sum += p[id]
		}
		return sum
	}
	if k > 0 {
		ids = ids[:min(k, len(ids))]
	}
	if mass > 0 && mass < 1 {
		n := 1
		for massOf(ids[:n])/massOf(ids) < mass {
			n++
		}
		ids = ids[:n]
	}
	for _, id := range ids {
		q = append(q, p[id]/massOf(ids))
	}
	return ids, q
}

// sentences calls f with every sentence that the options can give, padded to
// MaxLen, and its probability.
func (m plain) sentences(o SampleOptions, f func(row []int32, p float64)) {
	var grow func(s plainState, read int32, so []int32, p float64)
	grow = func(s plainState, read int32, so []int32, p float64) {
		if len(so) == o.MaxLen || read == vocab.Eos {
			f(append(slices.Clone(so), make([]int32, o.MaxLen-len(so))...), p)
			return
		}
		s, logits := m.next(s, read)
		ids, q := []int32(nil), []float64{1}
		if len(so) < len(o.Prompt) {
			ids = o.Prompt[len(so):][:1]
		} else {
			if o.NoUnk {
				logits[vocab.Unk] = math.Inf(-1)
			}
			ids, q = cut(softmax(logits, cmp.Or(o.Temperature, 1)), o.TopK, o.TopP)
		}
		for i, id := range ids {
			grow(s, id, append(so[:len(so):len(so)], id), p*q[i])
		}
	}
	grow(plainState{}, vocab.Bos, nil, 1)
}

// Whole sentences have the frequencies that the model and the options say.
func TestSamplerDistribution(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	c := Config{Cell: "lstm", Vocab: 8, Emb: 3, Hidden: 4, Layers: 1}
	for name, o := range map[string]SampleOptions{
		"plain":                   {},
		"cold":                    {Temperature: .4},
		"hot":                     {Temperature: 2.5, TopP: 1},
		"top-k":                   {TopK: 3},
		"top-p":                   {TopP: .7},
		"top-k, then top-p":       {TopK: 4, TopP: .8},
		"all, with a prompt":      {Temperature: 1.5, TopK: 5, TopP: .95, NoUnk: true, Prompt: []int32{6}},
		"k above V, without unks": {TopK: 100, NoUnk: true},
	} {
		t.Run(name, func(t *testing.T) {
			const n = 100_000
			o.MaxLen = 3
			g := sharpened(t, c, 1)
			s, err := g.NewSampler(o)
			require.NoError(t, err)
			ids, lengths := make([]int32, n*o.MaxLen), make([]int32, n)
			s.Draw(ids, lengths, Key{Seed: 8, Stream: rng.Sample}, 0)
			counts := map[[3]int32]float64{}
			for i := range n {
				counts[[3]int32(ids[3*i:])]++
			}
			total, chi2, cells := 0.0, 0.0, 0
			rest := [2]float64{} // expected and seen of sentences too rare for a cell
			plainOf(g).sentences(o, func(row []int32, p float64) {
				total += p
				want, got := p*n, counts[[3]int32(row)]
				delete(counts, [3]int32(row))
				if want < 10 {
					rest[0], rest[1] = rest[0]+want, rest[1]+got
					return
				}
				cells++
				chi2 += (got - want) * (got - want) / want
			})
			require.Empty(t, counts, "sentences that cannot be")
			require.InDelta(t, 1, total, 1e-9)
			require.Greater(t, cells, 7)
			if rest[0] >= 10 {
				cells++
				chi2 += (rest[1] - rest[0]) * (rest[1] - rest[0]) / rest[0]
			}
			p := distuv.ChiSquared{K: float64(cells - 1)}.Survival(chi2)
			require.Greater(t, p, 1e-4, "chi-square %v over %d cells", chi2, cells)
		})
	}
}

// What Likelihood says of sentences is what Sampler drew them with: the mean
// -log p of the model's own samples is its entropy.
func TestSamplesHaveTheModelsEntropy(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	architectures(t, func(t *testing.T, c Config) {
		const n, B, T = 20_000, 500, 4
		g := sharpened(t, c, .8)
		entropy := 0.0
		plainOf(g).sentences(SampleOptions{MaxLen: T}, func(_ []int32, p float64) {
			if p > 0 {
				entropy -= p * math.Log(p)
			}
		})
		s, err := g.NewSampler(SampleOptions{MaxLen: T})
		require.NoError(t, err)
		l, err := g.Likelihood(LikelihoodOptions{B: B, T: T})
		require.NoError(t, err)
		defer l.Close()
		ids, lengths := make([]int32, B*T), make([]int32, B)
		sum, squares := 0.0, 0.0
		for first := 0; first < n; first += B {
			s.Draw(ids, lengths, Key{Seed: 3}, first)
			b := vocab.Batch{B: B, T: T}
			for long := int32(T); long > 0; long-- { // longest first
				for i, length := range lengths {
					if length == long {
						b.IDs = append(b.IDs, ids[i*T:][:T]...)
						b.Lengths = append(b.Lengths, long)
					}
				}
			}
			_, err := l.Mean(&b, 0, 0)
			require.NoError(t, err)
			for r := range B {
				nll := 0.0
				for _, v := range l.Tokens(r) {
					nll += float64(v)
				}
				sum, squares = sum+nll, squares+nll*nll
			}
		}
		mean := sum / n
		se := math.Sqrt((squares/n - mean*mean) / n)
		require.Less(t, se, .02*entropy)
		require.InDelta(t, entropy, mean, 5*se)
	})
}

// Sentence i is the same however the sentences are cut into calls and spread
// over cores.
func TestSentenceDependsOnItsNumberAlone(t *testing.T) {
	defer kernel.SetThreads(0)
	for _, c := range []Config{
		{Cell: "lstm", Vocab: 1000, Emb: 24, Hidden: 40, Layers: 1},
		{Cell: "gru", Vocab: 131, Emb: 33, Hidden: 33, Layers: 2, Tie: true},
		{Cell: "relational", Vocab: 131, Emb: 16, Hidden: 24, Layers: 1, Slots: 2, Heads: 2},
	} {
		for _, o := range []SampleOptions{{}, {Temperature: .8, TopK: 50, TopP: .9}} {
			const n = 150
			o.MaxLen = 12
			g := sharpened(t, c, .3)
			g.net.B.Data[vocab.Eos] = 4 // sentences of every length
			s, err := g.NewSampler(o)
			require.NoError(t, err)
			key := Key{Seed: 2, Stream: rng.Sample, Step: 5}
			draw := func(sizes ...int) (ids, lengths []int32) {
				first := 0
				for _, size := range sizes {
					part, ends := slices.Repeat([]int32{-1}, size*o.MaxLen), make([]int32, size)
					s.Draw(part, ends, key, first)
					ids, lengths = append(ids, part...), append(lengths, ends...)
					first += size
				}
				return ids, lengths
			}
			kernel.SetThreads(1)
			ids, lengths := draw(n)
			require.Greater(t, len(slices.Compact(slices.Sorted(slices.Values(lengths)))), 3, "lengths must differ: %v %v %v", c, o, lengths)
			for threads := 1; threads <= 3; threads++ {
				kernel.SetThreads(threads)
				for _, sizes := range [][]int{{n}, {1, 31, 0, 33, 64, 21}, {75, 75}} {
					again, ends := draw(sizes...)
					require.Equal(t, ids, again, "%d threads, %v", threads, sizes)
					require.Equal(t, lengths, ends)
				}
			}
			for i, sentence := range s.Sample(n, key) {
				want := ids[i*o.MaxLen:][:lengths[i]]
				if want[len(want)-1] == vocab.Eos {
					want = want[:len(want)-1]
				}
				require.Equal(t, want, sentence)
			}
			require.NotEqual(t, s.Sample(n, key), s.Sample(n, Key{Seed: 3, Stream: rng.Sample, Step: 5}))
		}
	}
}

// Every row goes on from a beginning of its own, as it would from a prompt.
// The k likeliest of V or fewer are all: the same sentences, not only the same
// distribution.
func TestTopKOfAllChangesNothing(t *testing.T) {
	g := sharpened(t, Config{Cell: "gru", Vocab: 40, Emb: 8, Hidden: 8, Layers: 1}, .5)
	for _, o := range []SampleOptions{{}, {NoUnk: true, Temperature: .7}, {TopP: .8}} {
		o.MaxLen = 9
		var want [][]int32
		for _, k := range []int{0, 40, 41, 1 << 24} {
			o.TopK = k
			s, err := g.NewSampler(o)
			require.NoError(t, err)
			got := s.Sample(200, Key{Seed: 3})
			if k == 0 {
				want = got
			}
			require.Equal(t, want, got, "top-k %d", k)
		}
	}
}

func TestComplete(t *testing.T) {
	c := Config{Cell: "lstm", Vocab: 12, Emb: 5, Hidden: 6, Layers: 2}
	g := sharpened(t, c, .5)
	const n, T, first = 70, 7, 1000
	for kept := range T {
		r := rng.Key{Seed: 4, Row: uint32(kept)}.Rand()
		s, err := g.NewSampler(SampleOptions{MaxLen: T})
		require.NoError(t, err)
		ids, lengths := slices.Repeat([]int32{-1}, n*T), make([]int32, n)
		var want []int32
		for i := range n {
			prompt := ids[i*T:][:kept]
			for k := range prompt {
				prompt[k] = vocab.Unk + int32(r.IntN(c.Vocab-3))
			}
			one, err := g.NewSampler(SampleOptions{MaxLen: T, Prompt: prompt})
			require.NoError(t, err)
			row := make([]int32, T)
			one.Draw(row, make([]int32, 1), Key{Seed: 5}, first+i)
			want = append(want, row...)
		}
		s.Complete(ids, lengths, kept, Key{Seed: 5}, first)
		require.Equal(t, want, ids)
	}
}

// The shape of a sentence, at temperatures from one end to the other.
func TestSamplesAreWellFormed(t *testing.T) {
	c := Config{Cell: "gru", Vocab: 12, Emb: 5, Hidden: 6, Layers: 1}
	g := sharpened(t, c, 1)
	const n, T = 400, 7
	for _, tau := range []float64{1e-3, 1, 1e3} {
		for _, o := range []SampleOptions{
			{},
			{NoUnk: true},
			{TopK: 11, TopP: .999, NoUnk: true},
			{TopP: 1e-9},
			{Prompt: []int32{vocab.Unk, 7, 7}, NoUnk: true},
			{Prompt: []int32{4, 5, 6, 7, 8, 9}},
		} {
			t.Run(fmt.Sprint(tau, o), func(t *testing.T) {
				o.MaxLen, o.Temperature = T, tau
				s, err := g.NewSampler(o)
				require.NoError(t, err)
				require.Equal(t, T, s.MaxLen())
				ids, lengths := slices.Repeat([]int32{-1}, n*T), make([]int32, n)
				s.Draw(ids, lengths, Key{Seed: 1}, 0)
				full, ended := 0, 0
				for i, length := range lengths {
					row := ids[i*T:][:T]
					require.True(t, slices.Equal(o.Prompt, row[:len(o.Prompt)]))
					require.True(t, int(length) > len(o.Prompt) && length <= T, "length %d", length)
					drawn := row[len(o.Prompt):length]
					require.NotContains(t, drawn, vocab.Pad)
					require.NotContains(t, drawn, vocab.Bos)
					require.NotContains(t, drawn[:len(drawn)-1], vocab.Eos)
					if o.NoUnk {
						require.NotContains(t, drawn, vocab.Unk)
					}
					for _, id := range row[length:] {
						require.Equal(t, vocab.Pad, id)
					}
					if drawn[len(drawn)-1] == vocab.Eos {
						ended++
					} else {
						require.EqualValues(t, T, length)
						full++
					}
				}
				if tau == 1e3 && o.TopP == 0 { // every id but Pad and Bos is as good
					require.Positive(t, full)
					require.Positive(t, ended)
				}
			})
		}
	}
}

// k = 1 and a tiny p both take the likeliest token.
func TestGreedy(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .8)
		m := plainOf(g)
		var want []int32
		var s plainState
		for read := vocab.Bos; len(want) < 6 && read != vocab.Eos; {
			var logits []float64
			s, logits = m.next(s, read)
			read = 0
			for id, z := range logits {
				if z > logits[read] {
					read = int32(id)
				}
			}
			want = append(want, read)
		}
		if want[len(want)-1] == vocab.Eos {
			want = want[:len(want)-1]
		}
		for _, o := range []SampleOptions{{TopK: 1}, {TopP: 1e-6}, {TopK: 1, TopP: .5, Temperature: 9}} {
			o.MaxLen = 6
			s, err := g.NewSampler(o)
			require.NoError(t, err)
			for _, got := range s.Sample(40, Key{Seed: 1}) {
				require.Equal(t, want, got, "%+v", o)
			}
		}
	})
}

func TestSampleOptionsCheck(t *testing.T) {
	g := sharpened(t, Config{Cell: "lstm", Vocab: 9, Emb: 3, Hidden: 4, Layers: 1}, 1)
	const limits = " must lie in [0.001, 1000]; for the likeliest tokens use top-k 1"
	for want, o := range map[string]SampleOptions{
		"longest sample of 0 tokens; give at least 1":  {},
		"longest sample of -1 tokens; give at least 1": {MaxLen: -1},
		"temperature -1" + limits:                      {MaxLen: 5, Temperature: -1},
		"temperature 0.0001" + limits:                  {MaxLen: 5, Temperature: 1e-4},
		"temperature NaN" + limits:                     {MaxLen: 5, Temperature: math.NaN()},
		"temperature +Inf" + limits:                    {MaxLen: 5, Temperature: math.Inf(1)},
		"top-k -2 must not be negative":                {MaxLen: 5, TopK: -2},
		"top-p 1.5 must lie in (0, 1]":                 {MaxLen: 5, TopP: 1.5},
		"top-p NaN must lie in (0, 1]":                 {MaxLen: 5, TopP: math.NaN()},
		"a prompt of 2 tokens leaves no room in 2":     {MaxLen: 2, Prompt: []int32{4, 5}},
		"id 9 cannot stand in a prompt":                {MaxLen: 5, Prompt: []int32{4, 9}},
		"id 2 cannot stand in a prompt":                {MaxLen: 5, Prompt: []int32{vocab.Eos}},
		"id -1 cannot stand in a prompt":               {MaxLen: 5, Prompt: []int32{-1}},
	} {
		_, err := g.NewSampler(o)
		require.EqualError(t, err, "generator: "+want)
	}
}
