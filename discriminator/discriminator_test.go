package discriminator

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
)

const (
	// Some hundred float32 roundings of 6e-8.
	valueTol = 2e-6
	gradTol  = 2e-5
	// In float64 the square of the step and the rounding over the step are both
	// some 1e-10. It is small against the distance to the next kink of ReLU.
	plainStep = 1e-6
)

// small is a network with everything but dropout.
func small() Config {
	return Config{Vocab: 11, Emb: 3, Widths: []int{2, 3, 5}, Filters: 4, Highway: true, SpectralNorm: true}
}

// sharpened returns a network whose scores differ well, biases included.
func sharpened(t testing.TB, c Config) *cnn {
	t.Helper()
	made, err := New(c, 1)
	require.NoError(t, err)
	d := made.(*cnn)
	for i, p := range d.Params() {
		r := rng.Key{Seed: 3, Row: uint32(i)}.Rand()
		for j := range p.Data {
			p.Data[j] = float32(.6 * r.NormFloat64())
		}
	}
	return d
}

// text is a batch of ids; those behind the end of a sentence are junk.
type text struct {
	B, T         int
	ids, lengths []int32
}

// ragged has sentences of every length from 1 to longest.
func ragged(longest, T, V int) text {
	x := text{B: longest, T: T}
	r := rng.Key{Seed: 7, Step: uint32(T)}.Rand()
	for b := range x.B {
		s := rng.Key{Seed: 8, Row: uint32(b)}.Rand()
		for t := range T {
			if t <= b {
				x.ids = append(x.ids, int32(s.IntN(V)))
			} else {
				x.ids = append(x.ids, int32(r.IntN(V)))
			}
		}
		x.lengths = append(x.lengths, int32(b+1))
	}
	return x
}

// coefficients of the scores in the loss.
func coefficients(B int) []float32 {
	r := rng.Key{Seed: 9}.Rand()
	c := make([]float32, B)
	for i := range c {
		c[i] = float32(r.NormFloat64())
	}
	return c
}

// scorer is a program of the loss sum_b c_b score_b.
type scorer struct {
	*op.Program
	net    Net
	score  func() []float32
	tokens []float32 // [B,T,De] if the sentences are given embedded
	key    []uint32
}

func (s *scorer) run(t testing.TB) (loss float64, scores []float32) {
	t.Helper()
	loss, err := s.Run()
	require.NoError(t, err)
	return loss, slices.Clone(s.score())
}

// newScorer scores x by id, or with embed set by tokens that the caller
// writes, whose gradient is then the last one. With train set the gradients
// are those of Params.
func newScorer(t testing.TB, d Discriminator, x text, embedded, train bool) *scorer {
	t.Helper()
	g, emb := op.NewGraph(), d.Params()[0].Shape[1]
	s := &scorer{key: []uint32{1, 2, 3}}
	s.net = d.Bind(g, g.Key("key", s.key), train)
	lengths := g.Ints("lengths", x.lengths, x.B)
	var wanted []*G.Node
	if train {
		wanted = append(wanted, s.net.Params()...)
	}
	var tokens *G.Node
	if embedded {
		s.tokens = make([]float32, x.B*x.T*emb)
		tokens = g.Leaf("tokens", s.tokens, true, x.B, x.T, emb)
		wanted = append(slices.Clone(wanted[min(1, len(wanted)):]), tokens) // the table is not read
	} else {
		tokens = s.net.Embed(g.Ints("ids", x.ids, x.B, x.T), lengths)
	}
	score := s.net.Score(tokens, lengths)
	R := score.Shape()[1]
	loss := g.Must(G.Sum(g.Must(G.HadamardProd(score, g.Leaf("c", coefficients(x.B*R), false, x.B, R)))))
	s.score = g.Reader(score)
	var err error
	s.Program, err = g.Compile(loss, wanted...)
	require.NoError(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

// plain is the network written a second time, in float64 and one number after
// the other.
type plain struct {
	Config
	weights map[string][]float64
	u, v    map[string][]float64 // singular vectors, which count as constants
}

func plainOf(d *cnn) *plain {
	m := &plain{d.Config, map[string][]float64{}, map[string][]float64{}, map[string][]float64{}}
	for _, p := range d.Params() {
		for _, w := range p.Data {
			m.weights[p.Name] = append(m.weights[p.Name], float64(w))
		}
	}
	for _, p := range d.State() { // d.NAME.u beside d.NAME.w
		name := p.Name[:len(p.Name)-1] + "w"
		w := m.weights[name]
		rows := len(p.Data)
		cols := len(w) / rows
		u, v := make([]float64, rows), make([]float64, cols)
		for i := range w {
			v[i%cols] += w[i] * float64(p.Data[i/cols])
		}
		unit(v)
		for i := range w {
			u[i/cols] += w[i] * v[i%cols]
		}
		unit(u)
		m.u[name], m.v[name] = u, v
	}
	return m
}

func unit(x []float64) {
	norm := 0.0
	for _, v := range x {
		norm += v * v
	}
	for i := range x {
		x[i] /= math.Sqrt(norm)
	}
}

// dense is x W + b, W divided by sigma = u'Wv where it is normalised.
func (m *plain) dense(layer string, x []float64) []float64 {
	w, y := m.weights["d."+layer+".w"], slices.Clone(m.weights["d."+layer+".b"])
	sigma, n := 1.0, len(y)
	if u := m.u["d."+layer+".w"]; u != nil {
		sigma = 0
		for i := range w {
			sigma += u[i/n] * w[i] * m.v["d."+layer+".w"][i%n]
		}
	}
	for i, v := range x {
		for j := range y {
			y[j] += v * w[i*n+j] / sigma
		}
	}
	return y
}

// score of a sentence of embedded tokens.
func (m *plain) score(tokens [][]float64) float64 {
	var x []float64
	for _, k := range m.Widths {
		best := make([]float64, m.Filters) // ReLU: not below 0
		for at := 0; at == 0 || at+k <= len(tokens); at++ {
			window := make([]float64, 0, k*m.Emb)
			for i := at; i < at+k; i++ {
				if i < len(tokens) {
					window = append(window, tokens[i]...)
				} else {
					window = append(window, make([]float64, m.Emb)...)
				}
			}
			for f, z := range m.dense(fmt.Sprint("conv", k), window) {
				best[f] = max(best[f], z)
			}
		}
		x = append(x, best...)
	}
	if m.Highway {
		high, gate := m.dense("highway", x), m.dense("gate", x)
		for i := range x {
			g := 1 / (1 + math.Exp(-gate[i]))
			x[i] = g*max(high[i], 0) + (1-g)*x[i]
		}
	}
	if m.weights["d.linear.w"] != nil {
		x = m.dense("linear", x)
	}
	return m.dense("score", x)[0]
}

// embed looks the ids of sentence b up.
func (m *plain) embed(x text, b int) (tokens [][]float64) {
	for _, id := range x.ids[b*x.T:][:x.lengths[b]] {
		tokens = append(tokens, m.weights["d.embedding"][int(id)*m.Emb:][:m.Emb])
	}
	return tokens
}

func variants(t *testing.T, f func(t *testing.T, c Config)) {
	for _, highway := range []bool{false, true} {
		for _, spectral := range []bool{false, true} {
			c := small()
			c.Highway, c.SpectralNorm = highway, spectral
			t.Run(fmt.Sprintf("highway %v, spectral %v", highway, spectral), func(t *testing.T) { f(t, c) })
		}
	}
}

// Scores and the gradients of all weights, with sentences shorter than every
// filter and longer than all.
func TestAgainstPlain(t *testing.T) {
	variants(t, func(t *testing.T, c Config) {
		d := sharpened(t, c)
		x := ragged(7, 8, c.Vocab)
		m := plainOf(d)
		var want []float64
		for b := range x.B {
			want = append(want, m.score(m.embed(x, b)))
		}
		_, scores := newScorer(t, d, x, false, false).run(t)
		require.LessOrEqual(t, gradcheck.Distance(scores, want), valueTol)

		s := newScorer(t, d, x, false, true)
		_, again := s.run(t)
		require.Equal(t, scores, again, "without dropout a training graph gives the same scores")
		loss := func() (sum float64) {
			for b, k := range coefficients(x.B) {
				sum += float64(k) * m.score(m.embed(x, b))
			}
			return sum
		}
		for i, p := range d.Params() {
			w := m.weights[p.Name]
			d := make([]float64, len(w))
			for j, was := range w {
				w[j] = was + plainStep
				d[j] = loss()
				w[j] = was - plainStep
				d[j] = (d[j] - loss()) / (2 * plainStep)
				w[j] = was
			}
			require.NotZero(t, kernel.SumSquares(s.Grad(i)), p.Name)
			require.LessOrEqual(t, gradcheck.Distance(s.Grad(i), d), gradTol, p.Name)
		}
	})
}

// The network sees embedded tokens alone: one-hot rows times its table score
// as the ids do, to the bit, and mixtures as their mean embedding.
func TestRelaxedTokens(t *testing.T) {
	d := sharpened(t, small())
	x := ragged(7, 8, d.Vocab)
	_, want := newScorer(t, d, x, false, false).run(t)
	s := newScorer(t, d, x, true, false)
	write := func(y func(b, t int) []float32) { // tokens = y Table
		clear(s.tokens)
		for b, n := range x.lengths {
			for t := range int(n) {
				for v, w := range y(b, t) {
					kernel.Axpy(w, d.table.Data[v*d.Emb:][:d.Emb], s.tokens[(b*x.T+t)*d.Emb:][:d.Emb])
				}
			}
		}
	}
	write(func(b, t int) []float32 {
		y := make([]float32, d.Vocab)
		y[x.ids[b*x.T+t]] = 1
		return y
	})
	_, scores := s.run(t)
	require.Equal(t, want, scores)

	soft := func(b, t int) []float32 {
		y := make([]float32, d.Vocab)
		kernel.Gumbel(y, rng.Key{Seed: 1, Row: uint32(b*x.T + t)})
		kernel.Softmax(y, y)
		return y
	}
	write(soft)
	_, scores = s.run(t)
	m := plainOf(d)
	for b, n := range x.lengths {
		tokens := make([][]float64, n)
		for t := range tokens {
			tokens[t] = make([]float64, d.Emb)
			for v, w := range soft(b, t) {
				for e := range d.Emb {
					tokens[t][e] += float64(w) * m.weights["d.embedding"][v*d.Emb+e]
				}
			}
		}
		require.InDelta(t, m.score(tokens), scores[b], 10*valueTol)
	}
}

// A score belongs to one sentence: what lies behind its end, how much room
// there is, and who else is in the batch do not matter.
func TestScoreBelongsToOneSentence(t *testing.T) {
	d := sharpened(t, small())
	x := ragged(7, 8, d.Vocab)
	_, want := newScorer(t, d, x, false, false).run(t)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(want))), x.B, "all scores differ")

	wider := ragged(7, 13, d.Vocab) // the same sentences before other junk
	_, scores := newScorer(t, d, wider, false, false).run(t)
	require.Equal(t, want, scores)

	for b := range x.B {
		one := text{B: 1, T: x.T, ids: x.ids[b*x.T:][:x.T], lengths: x.lengths[b:][:1]}
		_, scores := newScorer(t, d, one, false, false).run(t)
		require.Equal(t, want[b:b+1], scores)
	}
}

// A frozen network passes gradients to its input, and asks for none of its own.
func TestFrozen(t *testing.T) {
	variants(t, func(t *testing.T, c Config) {
		d := sharpened(t, c)
		x := ragged(7, 8, c.Vocab)
		tokens := make([]float32, x.B*x.T*c.Emb)
		kernel.Normal(tokens, rng.Key{Seed: 2})
		grad := func(train bool) []float32 {
			s := newScorer(t, d, x, true, train)
			for b, n := range x.lengths {
				at := b * x.T * c.Emb
				copy(s.tokens[at:][:int(n)*c.Emb], tokens[at:])
			}
			s.run(t)
			if train {
				return slices.Clone(s.Grad(len(d.Params()) - 1))
			}
			return slices.Clone(s.Grad(0))
		}
		frozen := grad(false)
		require.NotZero(t, kernel.SumSquares(frozen))
		require.Equal(t, frozen, grad(true))

		for _, train := range []bool{false, true} {
			g := op.NewGraph()
			for i, n := range d.Bind(g, g.Key("key", make([]uint32, 3)), train).Params() {
				require.Equal(t, train, g.Needs(n), d.Params()[i].Name)
			}
		}
		g := op.NewGraph()
		net := d.Bind(g, nil, false)
		lengths := g.Ints("lengths", x.lengths, x.B)
		require.False(t, g.Needs(net.Score(net.Embed(g.Ints("ids", x.ids, x.B, x.T), lengths), lengths)))
	})
}

// The singular vectors move in training graphs only, weights move in none, and
// the vectors find the largest singular value.
func TestSpectralState(t *testing.T) {
	d := sharpened(t, small())
	x := ragged(7, 8, d.Vocab)
	weights, state := d.Params().Hash(), d.State().Hash()
	frozen := newScorer(t, d, x, false, false)
	_, before := frozen.run(t)
	_, again := frozen.run(t)
	require.Equal(t, before, again)
	require.Equal(t, state, d.State().Hash())

	s := newScorer(t, d, x, false, true)
	s.run(t)
	require.NotEqual(t, state, d.State().Hash())
	for range 300 {
		s.run(t)
	}
	require.Equal(t, weights, d.Params().Hash())
	_, after := frozen.run(t)
	require.NotEqual(t, before, after, "a frozen graph sees the vectors of the training graph")
	for _, u := range d.State() {
		for _, p := range d.Params() {
			if p.Name[:len(p.Name)-1] != u.Name[:len(u.Name)-1] || p.Name[len(p.Name)-1] != 'w' {
				continue
			}
			W := mat.NewDense(p.Shape[0], p.Shape[1], nil)
			for i, w := range p.Data {
				W.Set(i/p.Shape[1], i%p.Shape[1], float64(w))
			}
			var svd mat.SVD
			require.True(t, svd.Factorize(W, mat.SVDNone))
			v := make([]float32, p.Shape[1])
			kernel.Gemm(false, false, 1, len(v), len(u.Data), 1, u.Data, len(u.Data), p.Data, len(v), 0, v, len(v))
			require.InEpsilon(t, svd.Values(nil)[0], math.Sqrt(kernel.SumSquares(v)), 1e-4, p.Name)
		}
	}
}

// Dropout belongs to training graphs; its masks are named by the key, and two
// scorings in one graph draw different ones.
func TestDropout(t *testing.T) {
	c := small()
	c.Dropout, c.SpectralNorm = .5, false
	d := sharpened(t, c)
	x := ragged(7, 8, c.Vocab)
	_, without := newScorer(t, d, x, false, false).run(t)
	s := newScorer(t, d, x, false, true)
	_, first := s.run(t)
	require.NotEqual(t, without, first)
	_, again := s.run(t)
	require.Equal(t, first, again)
	s.key[2]++
	_, other := s.run(t)
	require.NotEqual(t, first, other)

	g := op.NewGraph()
	net := d.Bind(g, g.Key("key", []uint32{1, 2, 3}), true)
	ids, lengths := g.Ints("ids", x.ids, x.B, x.T), g.Ints("lengths", x.lengths, x.B)
	var scores [2]func() []float32
	var sums [2]*G.Node
	for i := range scores {
		n := net.Score(net.Embed(ids, lengths), lengths)
		scores[i] = g.Reader(n)
		sums[i] = g.Must(G.Sum(n))
	}
	p, err := g.Compile(g.Must(G.Add(sums[0], sums[1])), net.Params()...)
	require.NoError(t, err)
	defer p.Close()
	_, err = p.Run()
	require.NoError(t, err)
	require.Equal(t, first, scores[0]())
	require.NotEqual(t, first, scores[1]())
}

func TestNew(t *testing.T) {
	hash := func(c Config, seed uint64) string {
		d, err := New(c, seed)
		require.NoError(t, err)
		return d.Params().Hash() + d.State().Hash()
	}
	require.Equal(t, hash(small(), 1), hash(small(), 1))
	require.NotEqual(t, hash(small(), 1), hash(small(), 2))
	require.Equal(t, 5, sharpened(t, small()).MinT())

	for want, spoil := range map[string]func(*Config){
		"vocab 0, emb 3 and filters 4 must be at least 1":                                          func(c *Config) { c.Vocab = 0 },
		"vocab 11, emb 3 and filters 0 must be at least 1":                                         func(c *Config) { c.Filters = 0 },
		"--d-widths is empty: the discriminator needs filters; give their widths, such as 2,3,4,5": func(c *Config) { c.Widths = nil },
		"filter width 0 must be at least 1":                                                        func(c *Config) { c.Widths = []int{2, 0} },
		"filter width 3 is given twice":                                                            func(c *Config) { c.Widths = []int{3, 2, 3} },
		"dropout 1 must lie in [0, 1)":                                                             func(c *Config) { c.Dropout = 1 },
		"dropout NaN must lie in [0, 1)":                                                           func(c *Config) { c.Dropout = math.NaN() },
	} {
		c := small()
		spoil(&c)
		_, err := New(c, 1)
		require.EqualError(t, err, "discriminator: "+want)
	}
	c := small()
	c.Kind = "cnm"
	_, err := New(c, 1)
	require.EqualError(t, err, `discriminator: "cnm" is not known; use cnn, relgan, rnn, reverse-lm`)

	// A sentence has to have room for the widest filter.
	d, err := New(small(), 1)
	require.NoError(t, err)
	g := op.NewGraph()
	d.Bind(g, nil, false).Score(g.Leaf("tokens", make([]float32, 2*4*3), false, 2, 4, 3), g.Ints("lengths", make([]int32, 2), 2))
	require.ErrorContains(t, g.Err(), "width 5")
}
