package generator

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/rng"
	"textgan/vocab"
)

const (
	// A few hundred float32 roundings of 6e-8, some of them in sums that cancel.
	valueTol = 2e-6
	gradTol  = 2e-5
	// In float64 the square of the step and the rounding over the step are both
	// some 1e-10.
	plainStep = 1e-5
)

// ragged are sentences of all lengths, the empty one included.
func ragged(n, maxLen, V int) [][]int32 {
	r := rng.Key{Seed: 4}.Rand()
	out := make([][]int32, n)
	for i := range out {
		for range r.IntN(maxLen + 1) {
			out[i] = append(out[i], vocab.Unk+int32(r.IntN(V-int(vocab.Unk))))
		}
	}
	out[n/2] = nil
	return out
}

func withEnd(s []int32) []int32 { return append(slices.Clone(s), vocab.Eos) }

// Every token of every sentence, in full batches and in the last one, which
// has fewer rows and fewer steps than the graph.
func TestLikelihoodAgainstPlain(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .7)
		m := plainOf(g)
		sentences := ragged(11, 6, c.Vocab)
		l, err := g.Likelihood(LikelihoodOptions{B: 4, T: 8})
		require.NoError(t, err)
		defer l.Close()
		var want Tally
		for b := range vocab.InOrder(sentences, 4) {
			mean, err := l.Mean(b, 1, 1)
			require.NoError(t, err)
			batch := 0.0
			for r, i := range b.Index {
				tokens := withEnd(sentences[i])
				nll := m.nll(tokens)
				require.Len(t, l.Tokens(r), len(nll))
				require.LessOrEqual(t, gradcheck.Distance(l.Tokens(r), nll), valueTol)
				for k, v := range nll {
					batch += v
					want.Tokens++
					if tokens[k] == vocab.Unk {
						want.UnkNats += v
						want.Unk++
					}
				}
			}
			require.InEpsilon(t, batch/float64(b.Tokens()), mean, valueTol)
			want.Nats += batch
		}
		got, err := NLL(g.NewScorer(), sentences, 4)
		require.NoError(t, err)
		require.Equal(t, want.Tokens, got.Tokens)
		require.Equal(t, want.Unk, got.Unk)
		require.Positive(t, got.Unk)
		require.InEpsilon(t, want.PerToken(), got.PerToken(), valueTol)
		require.InEpsilon(t, want.PerKnown(), got.PerKnown(), valueTol)
	})
}

// A temperature divides the logits, of tied and untied output layers.
func TestLikelihoodAtATemperature(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .7)
		m := plainOf(g)
		sentences := ragged(5, 6, c.Vocab)
		for _, tau := range []float64{.5, 1.7} {
			s, err := g.Scorer(ScoreOptions{Temperature: tau})
			require.NoError(t, err)
			want := 0.0
			for _, x := range sentences {
				for _, v := range m.nllAt(tau, withEnd(x)) {
					want += v
				}
			}
			got, err := NLL(s, sentences, 3)
			require.NoError(t, err)
			require.InEpsilon(t, want, got.Nats, valueTol)
		}
		_, err := g.Scorer(ScoreOptions{Temperature: -1})
		require.ErrorContains(t, err, "temperature -1 must lie in")
	})
}

// The gradient of every weight, with weights of tokens that differ, are
// negative and are zero.
func TestLikelihoodGradient(t *testing.T) {
	architectures(t, func(t *testing.T, c Config) {
		g := sharpened(t, c, .7)
		sentences := [][]int32{{4, 5, 3, 8, 5}, nil, {7, 4, 4}}
		l, err := g.Likelihood(LikelihoodOptions{B: 4, T: 7, Train: true})
		require.NoError(t, err)
		defer l.Close()
		for b := range vocab.InOrder(sentences, 4) {
			r := rng.Key{Seed: 5}.Rand()
			weights := make([]float32, b.B*b.T)
			for i := range weights {
				weights[i] = float32(r.NormFloat64())
			}
			weights[1] = 0
			m := plainOf(g)
			loss := func() float64 {
				sum := 0.0
				for row, i := range b.Index {
					for k, v := range m.nll(withEnd(sentences[i])) {
						sum += float64(weights[row*b.T+k]) * v
					}
				}
				return sum
			}
			got, err := l.Weighted(b, weights, 1, 1)
			require.NoError(t, err)
			require.InDelta(t, loss(), got, 10*valueTol)
			for i, p := range g.Params() {
				w := m.weights[p.Name]
				want := make([]float64, len(w))
				for j, was := range w {
					w[j] = was + plainStep
					want[j] = loss()
					w[j] = was - plainStep
					want[j] = (want[j] - loss()) / (2 * plainStep)
					w[j] = was
				}
				require.NotZero(t, kernel.SumSquares(l.Grad(i)), p.Name)
				require.LessOrEqual(t, gradcheck.Distance(l.Grad(i), want), gradTol, p.Name)
			}
			// No gradient ever moves the two ids that cannot be written.
			bias := l.Grad(len(g.Params()) - 1)
			require.Zero(t, bias[vocab.Pad])
			require.Zero(t, bias[vocab.Bos])
		}
	})
}

// A batch larger than the graph, an id outside the vocabulary and an empty list
// are errors.
func TestLikelihoodRefuses(t *testing.T) {
	g := sharpened(t, Config{Cell: "lstm", Vocab: 9, Emb: 3, Hidden: 4, Layers: 1}, .7)
	l, err := g.Likelihood(LikelihoodOptions{B: 2, T: 3})
	require.NoError(t, err)
	defer l.Close()
	for i, sentences := range [][][]int32{{{4, 5, 6}}, {{4}, {9}}, {{4}, {8, 7}}} {
		for b := range vocab.InOrder(sentences, 2) {
			mean, err := l.Mean(b, 0, 0)
			switch i {
			case 0:
				require.EqualError(t, err, "generator: a batch of 1 x 4 tokens for a graph of 2 x 3")
			case 1:
				require.ErrorContains(t, err, "id 9 outside 0..8")
			case 2: // and the graph is still good
				require.NoError(t, err)
				require.False(t, math.IsNaN(mean))
			}
		}
	}
	_, err = NLL(g.NewScorer(), nil, 2)
	require.EqualError(t, err, "generator: no sentences to score")
	_, err = NLL(g.NewScorer(), [][]int32{{4}, {9}}, 2)
	require.ErrorContains(t, err, "id 9 outside 0..8")
}

// Dropout masks are named by seed and step, and stay away unless asked for.
func TestDropout(t *testing.T) {
	c := Config{Cell: "lstm", Vocab: 9, Emb: 6, Hidden: 8, Layers: 2, Dropout: .5}
	g := sharpened(t, c, .7)
	sentences := ragged(8, 5, c.Vocab)
	loss := func(o LikelihoodOptions, seed uint64, step uint32) (loss float64) {
		o.B, o.T = 8, 6
		l, err := g.Likelihood(o)
		require.NoError(t, err)
		defer l.Close()
		for b := range vocab.InOrder(sentences, 8) {
			loss, err = l.Mean(b, seed, step)
			require.NoError(t, err)
		}
		return loss
	}
	without := loss(LikelihoodOptions{}, 1, 1)
	require.Equal(t, without, loss(LikelihoodOptions{Train: true}, 1, 2))
	drop := LikelihoodOptions{Train: true, Dropout: true}
	with := loss(drop, 1, 1)
	require.NotEqual(t, without, with)
	require.Equal(t, with, loss(drop, 1, 1))
	require.NotEqual(t, with, loss(drop, 1, 2))
	require.NotEqual(t, with, loss(drop, 2, 1))
}

func TestConfigCheck(t *testing.T) {
	good := Config{Cell: "gru", Vocab: 5, Emb: 2, Hidden: 3, Layers: 1}
	require.NoError(t, good.Check())
	for want, spoil := range map[string]func(*Config){
		`cell "rnn" is not known; use lstm, gru, relational or transformer`: func(c *Config) { c.Cell = "rnn" },
		"a vocabulary of 4 ids leaves no word":                              func(c *Config) { c.Vocab = 4 },
		"emb 0, hidden 3 and layers 1 must be at least 1":                   func(c *Config) { c.Emb = 0 },
		"emb 2, hidden 3 and layers 0 must be at least 1":                   func(c *Config) { c.Layers = 0 },
		"dropout 1 must lie in [0, 1)":                                      func(c *Config) { c.Dropout = 1 },
		"dropout NaN must lie in [0, 1)":                                    func(c *Config) { c.Dropout = math.NaN() },
		"tied output weights need emb = hidden, not 2 and 3":                func(c *Config) { c.Tie = true },
	} {
		c := good
		spoil(&c)
		_, err := New(c, 1)
		require.EqualError(t, err, "generator: "+want)
	}
}

// Fresh weights are a function of the configuration and the seed.
func TestNew(t *testing.T) {
	c := Config{Cell: "lstm", Vocab: 50, Emb: 6, Hidden: 8, Layers: 2}
	hash := func(c Config, seed uint64) string {
		g, err := New(c, seed)
		require.NoError(t, err)
		return g.Params().Hash()
	}
	require.Equal(t, hash(c, 1), hash(c, 1))
	require.NotEqual(t, hash(c, 1), hash(c, 2))
	g, err := New(c, 1)
	require.NoError(t, err)
	for _, p := range g.Params() {
		bound := 1 / math.Sqrt(8)
		switch p.Name {
		case "g.embedding":
			bound = .1
		case "g.output.b":
			require.EqualValues(t, []float32{neverLogit, neverLogit}, p.Data[:2])
			require.Zero(t, kernel.SumSquares(p.Data[2:]))
			continue
		case "g.layer0.b", "g.layer1.b":
			require.EqualValues(t, slices.Repeat([]float32{1}, 8), p.Data[8:16], "the forget gate")
			require.EqualValues(t, 8, kernel.SumSquares(p.Data))
			continue
		}
		// Variance a^2/3 of a uniform in +-a; the error of the mean square over n
		// weights is some 0.9/sqrt(n) of it, of which 5.
		n := float64(len(p.Data))
		require.InEpsilon(t, bound*bound/3, kernel.SumSquares(p.Data)/n, 4.5/math.Sqrt(n), p.Name)
		require.LessOrEqual(t, float64(slices.Max(p.Data)), bound)
		require.GreaterOrEqual(t, float64(slices.Min(p.Data)), -bound)
	}
}

// A relational memory writes with the probabilities that its likelihood has, layer
// upon layer, in or without a code.
func TestRelationalSamplerAndLikelihood(t *testing.T) {
	samplerAndLikelihood(t, Config{Cell: "relational", Vocab: 9, Emb: 8, Hidden: 4, Slots: 2, Heads: 2, Layers: 2, Tie: true}, 6)
}

// So does a transformer, which forgets what is further back than it sees.
func TestTransformerSamplerAndLikelihood(t *testing.T) {
	for _, tie := range []bool{false, true} {
		samplerAndLikelihood(t, Config{Cell: "transformer", Vocab: 9, Emb: 8, Hidden: 8, Heads: 2, Layers: 2, Context: 3, Tie: tie}, 4)
	}
}

func samplerAndLikelihood(t *testing.T, c Config, encoder int) {
	const n, T = 40, 7
	models := map[string]LanguageModel{"lm": sharpened(t, c, .7)}
	v, err := NewVAE(VAEConfig{Decoder: c, Hidden: encoder, Bidirectional: true, Latent: "gaussian", Dim: 3}, 1)
	require.NoError(t, err)
	models["vae"] = v.LanguageModel()
	for name, m := range models {
		t.Run(fmt.Sprintf("%s, tied %v", name, c.Tie), func(t *testing.T) {
			for _, p := range m.Params() {
				if strings.HasSuffix(p.Name, "output.b") { // some sentences end early, whatever the weights
					p.Data[vocab.Eos] = 2
				}
			}
			codes := m.Codes(n)
			codes.Draw(Key{Seed: 5})
			s, err := m.NewCodeSampler(codes, SampleOptions{MaxLen: T})
			require.NoError(t, err)
			want := make([]float64, n*T)
			s.Watch(func(row, t int, logits []float32, id int32) {
				p := make([]float64, len(logits))
				for i, z := range logits {
					p[i] = float64(z)
				}
				want[row*T+t] = -math.Log(softmax(p, 1)[id])
			})
			ids, lengths := make([]int32, n*T), make([]int32, n)
			s.Draw(ids, lengths, Key{Seed: 7}, 0)
			order := make([]int, n)
			for i := range order {
				order[i] = i
			}
			slices.SortStableFunc(order, func(a, b int) int { return int(lengths[b] - lengths[a]) })
			l, err := m.Likelihood(LikelihoodOptions{B: n, T: T})
			require.NoError(t, err)
			for row, i := range order {
				copy(l.ids[row*T:][:T], ids[i*T:])
				l.lengths[row] = lengths[i]
				l.Codes.Copy(row, codes, i)
			}
			_, err = l.RunAt(0, 0)
			require.NoError(t, err)
			for row, i := range order {
				for k, got := range l.Tokens(row) {
					require.InDelta(t, want[i*T+k], float64(got), 2e-5)
				}
			}
			require.Less(t, lengths[order[n-1]], lengths[order[0]])
		})
	}
}

// What a sampler tells of its sentences while it draws them is what scoring them gives,
// however they were drawn, and to be scored does not change them.
func TestDrawScored(t *testing.T) {
	defer kernel.SetThreads(0)
	const n, T = 150, 9
	for _, c := range []Config{
		{Cell: "lstm", Vocab: 37, Emb: 6, Hidden: 11, Layers: 2},
		{Cell: "gru", Vocab: 48, Emb: 8, Hidden: 8, Layers: 1, Tie: true},
		{Cell: "transformer", Vocab: 37, Emb: 8, Hidden: 8, Heads: 2, Layers: 2, Context: 4},
	} {
		for name, o := range map[string]SampleOptions{
			"plain": {}, "warm": {Temperature: 1.7, NoUnk: true}, "filtered": {Temperature: .8, TopK: 9, TopP: .9}, "prompt": {Prompt: []int32{5, 7}},
		} {
			t.Run(c.Cell+", "+name, func(t *testing.T) {
				g := sharpened(t, c, .7)
				o.MaxLen = T
				s, err := g.NewSampler(o)
				require.NoError(t, err)
				key := Key{Seed: 7, Stream: rng.Sample}
				plain := s.Rows(n, key, 30)
				for threads := 1; threads <= 2; threads++ {
					kernel.SetThreads(threads)
					ids, lengths, got := make([]int32, n*T), make([]int32, n), slices.Repeat([]float64{1}, n)
					s.DrawScored(ids, lengths, got, key, 30)
					score, err := g.Likelihood(LikelihoodOptions{B: 32, T: T})
					require.NoError(t, err)
					want, prompt := make([]float64, n), make([]float64, 1)
					require.NoError(t, logProbs(score, want, plain))
					require.NoError(t, logProbs(score, prompt, [][]int32{o.Prompt}))
					for i, x := range plain {
						require.Equal(t, x, ids[i*T:][:lengths[i]])
						require.InDelta(t, want[i]-prompt[0], got[i], 2e-5)
					}
				}
			})
		}
	}
}

func TestRelationalRefuses(t *testing.T) {
	for says, c := range map[string]Config{
		"0 slots with 2 heads": {Heads: 2},
		"1 slots with 3 heads": {Slots: 1, Heads: 3},
		"tied output weights need emb = slots x hidden, not 4 and 2 x 4": {Slots: 2, Heads: 2, Tie: true},
	} {
		c.Cell, c.Vocab, c.Emb, c.Hidden, c.Layers = "relational", 9, 4, 4, 1
		_, err := New(c, 1)
		require.ErrorContains(t, err, says)
	}
}

func TestTransformerRefuses(t *testing.T) {
	for says, c := range map[string]Config{
		"4 units with 2 heads that sees 0 tokens": {Heads: 2},
		"4 units with 4 heads that sees 3 tokens": {Heads: 4, Context: 3},
		"tied output weights need emb = hidden":   {Heads: 2, Context: 3, Emb: 5, Tie: true},
	} {
		c.Cell, c.Vocab, c.Emb, c.Hidden, c.Layers = "transformer", 9, max(4, c.Emb), 4, 1
		_, err := New(c, 1)
		require.ErrorContains(t, err, says)
	}
}
