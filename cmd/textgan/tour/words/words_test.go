package words

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"textgan/corpora"
	"textgan/discriminator"
	"textgan/eval"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/train"
	"textgan/train/model"
	"textgan/vocab"
)

// What filters fire for is what the discriminator's graph computes of the same ids, a
// sentence shorter than some filters among them, and the window holds the value.
func TestFireAgainstTheGraph(t *testing.T) {
	const B, T, V, F = 7, 9, 20, 5
	widths := []int{2, 4}
	d, err := discriminator.New(discriminator.Config{Vocab: V, Emb: 6, Widths: widths, Filters: F}, 3)
	require.NoError(t, err)
	ids, lengths := make([]int32, B*T), []int32{9, 8, 7, 6, 5, 4, 2}
	src := rng.Key{Seed: 2}.Rand()
	for i := range ids {
		ids[i] = int32(src.IntN(V))
	}
	f, err := NewFilters(d.Params(), widths)
	require.NoError(t, err)
	require.Equal(t, len(widths)*F, f.Len())
	require.Equal(t, 2, f.Width(F-1))
	require.Equal(t, 4, f.Width(F))

	g := op.NewGraph()
	long := g.Ints("lengths", lengths, B)
	p := d.Params() // embedding, then weights and bias of each width
	x := g.Lookup(g.Weights(p[0], false), g.Ints("ids", ids, B, T), long)
	conv := g.TextConv(x, long, widths, nodes(g.Weights(p[1], false), g.Weights(p[3], false)), nodes(g.Weights(p[2], false), g.Weights(p[4], false)))
	program, err := g.Compile(conv)
	require.NoError(t, err)
	_, err = program.Run()
	require.NoError(t, err)
	for b, n := range lengths {
		sentence := ids[b*T : b*T+int(n)]
		value, at := f.Fire(sentence)
		for i, v := range value {
			require.InDelta(t, program.Output()[b*f.Len()+i], v, 1e-6)
			window := sentence[at[i]:min(at[i]+f.Width(i), int(n))]
			again, _ := f.Fire(window)
			require.InDelta(t, v, again[i], 1e-12, "the window alone has the value")
		}
	}
}

func nodes[T any](n ...T) []T { return n }

// Told is means, their difference in deviations, and the strongest windows.
func TestTell(t *testing.T) {
	d, err := discriminator.New(discriminator.Config{Vocab: 12, Emb: 4, Widths: []int{2}, Filters: 3}, 3)
	require.NoError(t, err)
	f, err := NewFilters(d.Params(), []int{2})
	require.NoError(t, err)
	src := rng.Key{Seed: 5}.Rand()
	set := func() (s [][]int32) {
		for range 20 {
			s = append(s, []int32{int32(src.IntN(12)), int32(src.IntN(12)), int32(src.IntN(12))})
		}
		return s
	}
	real, generated := set(), set()
	last := math.Inf(1)
	for _, told := range f.Tell(real, generated, 4) {
		column := func(s [][]int32) (v []float64) {
			for _, ids := range s {
				value, _ := f.Fire(ids)
				v = append(v, value[told.Filter])
			}
			return v
		}
		mr, sr := stat.MeanStdDev(column(real), nil)
		mg, sg := stat.MeanStdDev(column(generated), nil)
		require.InDelta(t, mr, told.Real, 1e-12)
		require.InDelta(t, mg, told.Generated, 1e-12)
		require.InDelta(t, (mr-mg)/math.Sqrt((sr*sr+sg*sg)/2), told.Separation, 1e-9)
		require.LessOrEqual(t, math.Abs(told.Separation), last)
		last = math.Abs(told.Separation)
		require.InDelta(t, max(slices.Max(column(real)), slices.Max(column(generated))), told.Grams[0].Value, 1e-12)
		for i, g := range told.Grams {
			again, _ := f.Fire(g.IDs)
			require.InDelta(t, g.Value, again[told.Filter], 1e-12)
			require.True(t, i == 0 || g.Value <= told.Grams[i-1].Value)
		}
	}
}

func TestOnlyACNNHasFilters(t *testing.T) {
	_, err := NewFilters(nil, []int{2})
	require.ErrorContains(t, err, "d.embedding")
}

// A short run: it trains what train trains, likelihood approaches the entropy from
// above, and validity and BLEU are those of the sentences that are shown.
func TestTrain(t *testing.T) {
	o := Options{Lines: 600, MLESteps: 60, DSteps: 5, AdvSteps: 10, Every: 30, Samples: 80, Filters: 4, Temperatures: []float64{.7, 1, 1.4}, Seed: 3}
	r, err := Train(context.Background(), o)
	require.NoError(t, err)

	c := train.Options.Defaults()
	c.CorpusLines, c.ValidFraction, c.Hidden, c.Dropout, c.GLR, c.Seed, c.SplitSeed = 600, .1, 64, 0, 1e-4, 3, 3
	c.MLESteps, c.DPre, c.AdvSteps, c.DFilters, c.EvalEvery = 60, 5, 10, 4, 30
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	plain, err := train.New(c, d)
	require.NoError(t, err)
	require.NoError(t, plain.Run(context.Background(), train.Watcher{}))
	require.Equal(t, plain.Hash(), r.Hash, "who looks changes nothing")

	require.Greater(t, r.Looks[0].NLL, r.Looks[1].NLL)
	require.Greater(t, r.Looks[1].NLL, r.Entropy)
	lang, err := corpora.NewLanguage("captions", corpora.Options{})
	require.NoError(t, err)
	tokenizer, err := vocab.NewTokenizer("word", "keep")
	require.NoError(t, err)
	tokenize := tokenizer.Tokenize
	lexicon := eval.NewLexicon()
	refs, err := eval.NewReferences(lexicon.Add(d.Valid.Lines, tokenize), Order)
	require.NoError(t, err)
	for _, l := range r.Looks {
		require.Len(t, l.Lines, o.Samples)
		valid := 0.
		for _, line := range l.Lines {
			if _, ok := lang.LogProb(line); ok {
				valid++
			}
		}
		require.InDelta(t, valid/float64(o.Samples), l.Valid, 1e-12)
		bleu, err := eval.BLEU(refs, lexicon.Find(l.Lines, tokenize), eval.Options{MaxN: Order})
		require.NoError(t, err)
		require.InDelta(t, bleu.ByOrder[Order-1], l.BLEU.Y, 1e-12)
	}
	require.Len(t, r.Curve, 3)
	for i := range 2 { // colder is less diverse
		require.Greater(t, r.Curve[i].X, r.Curve[i+1].X)
	}
	for _, f := range r.Fired {
		require.Equal(t, len(f.Words), len(f.Count))
	}
}
