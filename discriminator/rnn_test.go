package discriminator

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
)

func rnnConfig(cell string) Config {
	return Config{Kind: "rnn", Vocab: 11, Emb: 3, Cell: cell, Units: 4}
}

// newRNNOf has weights that matter, biases included.
func newRNNOf(t testing.TB, c Config) *rnn {
	d, err := New(c, 1)
	require.NoError(t, err)
	for i, p := range d.Params() {
		r := rng.Key{Seed: 3, Row: uint32(i)}.Rand()
		for j := range p.Data {
			p.Data[j] = float32(.6 * r.NormFloat64())
		}
	}
	return d.(*rnn)
}

// plainRNN is the network in float64, one number after the other.
type plainRNN struct {
	Config
	weights map[string][]float64
}

// read returns the states of one direction at the tokens it reads, in their order.
func (m plainRNN) read(name string, tokens [][]float64) (states [][]float64) {
	wx, wh, b := m.weights["d."+name+".wx"], m.weights["d."+name+".wh"], m.weights["d."+name+".b"]
	U := m.Units
	gates := 4
	if m.Cell == "gru" {
		gates = 3
	}
	h, c := make([]float64, U), make([]float64, U)
	product := func(x, w []float64, j int) (sum float64) {
		for i, v := range x {
			sum += v * w[i*gates*U+j]
		}
		return sum
	}
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	for _, x := range tokens {
		next := make([]float64, U)
		for j := range U {
			gate := func(k int) float64 { return product(x, wx, k*U+j) + product(h, wh, k*U+j) + b[k*U+j] }
			if m.Cell == "gru" {
				z := sigmoid(gate(1))
				n := math.Tanh(product(x, wx, 2*U+j) + b[2*U+j] + sigmoid(gate(0))*(product(h, wh, 2*U+j)+b[3*U+j]))
				next[j] = (1-z)*n + z*h[j]
				continue
			}
			c[j] = sigmoid(gate(1))*c[j] + sigmoid(gate(0))*math.Tanh(gate(3))
			next[j] = sigmoid(gate(2)) * math.Tanh(c[j])
		}
		h = next
		states = append(states, h)
	}
	return states
}

func (m plainRNN) score(tokens [][]float64) float64 {
	from, back := m.read("forwards", tokens), slices.Clone(tokens)
	slices.Reverse(back)
	to := m.read("backwards", back)
	slices.Reverse(to)
	query, U := m.weights["d.query"], m.Units
	mean, top, attended, total := make([]float64, 2*U), make([]float64, 2*U), make([]float64, 2*U), 0.0
	for t := range tokens {
		h, logit := slices.Concat(from[t], to[t]), 0.0
		for j, v := range h {
			logit += v * query[j]
		}
		total += math.Exp(logit)
		for j, v := range h {
			mean[j] += v / float64(len(tokens))
			attended[j] += math.Exp(logit) * v
			if t == 0 || v > top[j] {
				top[j] = v
			}
		}
	}
	for j := range attended {
		attended[j] /= total
	}
	s := m.weights["d.score.b"][0]
	for j, v := range slices.Concat(mean, top, attended) {
		s += v * m.weights["d.score.w"][j]
	}
	return s
}

// Scores and the gradients of all weights, against float64.
func TestRNN(t *testing.T) {
	for _, cell := range []string{"lstm", "gru"} {
		d := newRNNOf(t, rnnConfig(cell))
		x, m := ragged(7, 8, d.Vocab), plainRNN{d.Config, map[string][]float64{}}
		for _, p := range d.Params() {
			for _, w := range p.Data {
				m.weights[p.Name] = append(m.weights[p.Name], float64(w))
			}
		}
		all := func() (scores []float64) {
			for b := range x.B {
				var tokens [][]float64
				for _, id := range x.ids[b*x.T:][:x.lengths[b]] {
					tokens = append(tokens, m.weights["d.embedding"][int(id)*m.Emb:][:m.Emb])
				}
				scores = append(scores, m.score(tokens))
			}
			return scores
		}
		loss := func() (sum float64) {
			for b, s := range all() {
				sum += float64(coefficients(x.B)[b]) * s
			}
			return sum
		}
		_, scores := newScorer(t, d, x, false, false).run(t)
		require.LessOrEqual(t, gradcheck.Distance(scores, all()), valueTol)
		s := newScorer(t, d, x, false, true)
		s.run(t)
		for i, p := range d.Params() {
			w := m.weights[p.Name]
			dw := make([]float64, len(w))
			for j, was := range w {
				w[j] = was + plainStep
				dw[j] = loss()
				w[j] = was - plainStep
				dw[j] = (dw[j] - loss()) / (2 * plainStep)
				w[j] = was
			}
			require.NotZero(t, kernel.SumSquares(s.Grad(i)), p.Name)
			require.LessOrEqual(t, gradcheck.Distance(s.Grad(i), dw), gradTol, p.Name)
		}
	}
}

// A score belongs to one sentence, whose order in the batch does not matter; and
// tokens that are one-hot have the scores of their ids.
func TestRNNScoresSentences(t *testing.T) {
	d := newRNNOf(t, rnnConfig("lstm"))
	x := ragged(7, 8, d.Vocab)
	_, want := newScorer(t, d, x, false, false).run(t)
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(want))), x.B, "all scores differ")
	_, wider := newScorer(t, d, ragged(7, 13, d.Vocab), false, false).run(t)
	require.Equal(t, want, wider)
	mixed := text{B: x.B, T: x.T}
	var expected []float32
	for i := range x.B {
		b := i * 3 % x.B
		mixed.ids = append(mixed.ids, x.ids[b*x.T:][:x.T]...)
		mixed.lengths = append(mixed.lengths, x.lengths[b])
		expected = append(expected, want[b])
	}
	_, scores := newScorer(t, d, mixed, false, false).run(t)
	require.Equal(t, expected, scores)
	s := newScorer(t, d, x, true, false)
	for b, n := range x.lengths {
		for i, id := range x.ids[b*x.T:][:n] {
			copy(s.tokens[(b*x.T+i)*d.Emb:][:d.Emb], d.table.Data[int(id)*d.Emb:])
		}
	}
	_, scores = s.run(t)
	require.Equal(t, want, scores)
}

// Dropout and the state of spectral normalisation belong to training graphs.
func TestRNNTraining(t *testing.T) {
	c := rnnConfig("gru")
	c.Dropout, c.SpectralNorm = .5, true
	d := newRNNOf(t, c)
	x := ragged(7, 8, c.Vocab)
	state := d.State().Hash()
	_, without := newScorer(t, d, x, false, false).run(t)
	require.Equal(t, state, d.State().Hash())
	s := newScorer(t, d, x, false, true)
	_, first := s.run(t)
	require.NotEqual(t, without, first)
	require.NotEqual(t, state, d.State().Hash())
	g := op.NewGraph()
	for i, n := range d.Bind(g, nil, false).Params() {
		require.False(t, g.Needs(n), d.Params()[i].Name)
	}
}

func TestRNNRefuses(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		`cell "rnn" is not known; use lstm or gru`:       func(c *Config) { c.Cell = "rnn" },
		"vocab 11, emb 3 and units 0 must be at least 1": func(c *Config) { c.Units = 0 },
		"dropout 1 must lie in [0, 1)":                   func(c *Config) { c.Dropout = 1 },
	} {
		c := rnnConfig("lstm")
		spoil(&c)
		_, err := New(c, 1)
		require.EqualError(t, err, "discriminator: "+want)
	}
}
