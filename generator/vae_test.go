package generator

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/vocab"
)

// straightSoft is the Gumbel-Softmax relaxation, whose derivative is that of
// its value.
type straightSoft struct{}

func (straightSoft) Hard() bool { return false }
func (straightSoft) Forward(row []float32, tau float32, key rng.Key) int {
	return kernel.GumbelSoftmax(row, row, 1/tau, key)
}
func (straightSoft) Backward(dLogits, saved, dy []float32, _ int, tau float32, _ rng.Key) {
	kernel.SoftmaxBackward(dLogits, saved, dy, 1/tau)
}

// vaes calls f on VAEs of every kind, with weights that matter.
func vaes(t *testing.T, f func(t *testing.T, v *VAE)) {
	for _, c := range []VAEConfig{
		{Latent: "gaussian", Decoder: Config{Cell: "lstm", Layers: 1}},
		{Latent: "gaussian", Decoder: Config{Cell: "gru", Layers: 2, Tie: true}, Bidirectional: true},
		{Latent: "logistic", Decoder: Config{Cell: "lstm", Layers: 2}, Bidirectional: true},
		{Latent: "laplace", Decoder: Config{Cell: "gru", Layers: 1}},
		{Latent: "categorical", Categories: 3, Decoder: Config{Cell: "lstm", Layers: 1}, Bidirectional: true},
		{Latent: "categorical", Categories: 2, LearnedPrior: true, Decoder: Config{Cell: "gru", Layers: 1}},
	} {
		c.Hidden, c.Dim, c.Decoder.Vocab, c.Decoder.Emb, c.Decoder.Hidden = 3, 2, 9, 4, 4
		t.Run(fmt.Sprintf("%s, %s, bidirectional %v, learned %v", c.Latent, c.Decoder.Cell, c.Bidirectional, c.LearnedPrior), func(t *testing.T) {
			f(t, sharpenedVAE(t, c, .6))
		})
	}
}

func sharpenedVAE(t testing.TB, c VAEConfig, scale float64) *VAE {
	t.Helper()
	v, err := NewVAE(c, 1)
	require.NoError(t, err)
	for i, p := range v.Params() {
		r := rng.Key{Seed: 10, Row: uint32(i)}.Rand()
		for j := range p.Data {
			if p.Data[j] != neverLogit {
				p.Data[j] = float32(scale * r.NormFloat64())
			}
		}
	}
	return v
}

func doubles(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// product is x W for one row.
func product(x []float64, W *nn.Param) []float64 {
	y := make([]float64, W.Shape[1])
	for i, v := range x {
		for j := range y {
			y[j] += v * float64(W.Data[i*len(y)+j])
		}
	}
	return y
}

// plainGiven is the decoder given a code, as a plain model that begins in a
// state of its own and whose first bias has the code's share of the gates.
func plainGiven(v *VAE, z []float64) (plain, plainState) {
	m, s := plainOf(v.decoder), plainState{}
	for j, x := range product(z, v.reads.Gates) {
		m.weights["g.layer0.b"][j] += x
	}
	for _, p := range v.reads.Initial {
		h := product(z, p[0])
		for j := range h {
			h[j] = math.Tanh(h[j] + float64(p[1].Data[j]))
		}
		s.h, s.c = append(s.h, h), append(s.c, make([]float64, len(h)))
	}
	return m, s
}

func (m plain) nllFrom(s plainState, tokens []int32) (sum float64) {
	read := vocab.Bos
	for _, id := range tokens {
		var logits []float64
		s, logits = m.next(s, read)
		sum -= math.Log(softmax(logits, 1)[id])
		read = id
	}
	return sum
}

// plainPosterior is the encoder: the last states of plain recurrent layers.
func plainPosterior(v *VAE, tokens []int32) []float64 {
	out := doubles(v.bias.Data)
	for i, l := range v.readers {
		c := Config{Cell: v.Decoder().Cell, Vocab: v.VAEConfig.Decoder.Vocab, Emb: v.VAEConfig.Decoder.Emb, Hidden: v.Hidden, Layers: 1}
		m := plain{c, map[string][]float64{
			"g.embedding": doubles(v.embedding.Data), "g.layer0.wx": doubles(l.Weights[0].Data), "g.layer0.wh": doubles(l.Weights[1].Data), "g.layer0.b": doubles(l.Weights[2].Data),
		}}
		order := slices.Clone(tokens)
		if i == 1 {
			slices.Reverse(order)
		}
		var s plainState
		for _, id := range order {
			s, _ = m.next(s, id)
		}
		for j, x := range product(s.h[0], v.posterior[i]) {
			out[j] += x
		}
	}
	return out
}

// The encoder's posteriors and the decoder's -log p(x|z), sentence by sentence,
// and from them the reconstruction and divergence of a training step.
func TestVAEAgainstPlain(t *testing.T) {
	vaes(t, func(t *testing.T, v *VAE) {
		const B, T = 4, 8
		sentences := ragged(7, 6, 9)
		e, err := v.Encoder(B, T)
		require.NoError(t, err)
		post, err := e.Encode(sentences)
		require.NoError(t, err)
		r, err := v.newReader(B, T)
		require.NoError(t, err)
		codes := post.Draws(Key{Seed: 3, Stream: rng.Noise, Step: 5})
		seen := 0
		require.NoError(t, r.read(sentences, codes, func(i int, nats, _ float64) {
			seen++
			require.LessOrEqual(t, gradcheck.Distance(post.Stats(i), plainPosterior(v, withEnd(sentences[i]))), valueTol)
			m, s := plainGiven(v, doubles(codes[i*v.Width():][:v.Width()]))
			require.InEpsilon(t, m.nllFrom(s, withEnd(sentences[i])), nats, 2*valueTol)
		}))
		require.Equal(t, len(sentences), seen)

		b, err := v.ELBO(ELBOOptions{B: 9, T: T, Relaxation: straightSoft{}})
		require.NoError(t, err)
		var batch *vocab.Batch
		for batch = range vocab.InOrder(sentences, 9) {
		}
		loss, err := b.Step(batch, ELBOStep{Seed: 3, Step: 5, Beta: .7})
		require.NoError(t, err)
		rec, kl := b.Parts()
		require.InEpsilon(t, float64(batch.B)*(rec+.7*kl)/float64(batch.Tokens()), loss, 2*valueTol)
		batch.Norm = 100
		loss, err = b.Step(batch, ELBOStep{Seed: 3, Step: 5, Beta: .7})
		require.NoError(t, err)
		require.InEpsilon(t, float64(batch.B)*(rec+.7*kl)/100, loss, 2*valueTol)
		units, want := make([]float64, v.code.units()), 0.0
		for row, i := range batch.Index { // draws of a batch are named by its rows
			z := make([]float32, v.Width())
			v.code.draw(z, post.Stats(int(i)), Key{Seed: 3, Stream: rng.Noise, Step: 5}, uint32(row))
			v.code.divergence(units, post.Stats(int(i)), z)
			for _, u := range units {
				want += u / float64(batch.B)
			}
		}
		require.InEpsilon(t, want, kl, 2*valueTol)
	})
}

// Every weight of encoder and decoder, against differences of the loss.
func TestBoundGradient(t *testing.T) {
	vaes(t, func(t *testing.T, v *VAE) {
		const B, T = 5, 8
		var batch *vocab.Batch
		for batch = range vocab.InOrder(ragged(B, 6, 9), B) {
		}
		batch.Norm = 15.5
		step := ELBOStep{Seed: 3, Step: 5, Beta: .7, Tau: .8, WordDropout: .3}
		b, err := v.ELBO(ELBOOptions{B: B, T: T, Encoder: true, Decoder: true, FreeBits: .1, Relaxation: straightSoft{}})
		require.NoError(t, err)
		run := func() (float64, error) { return b.Step(batch, step) }
		_, err = run()
		require.NoError(t, err)
		got := make([][]float32, len(v.Params()))
		for i := range got {
			got[i] = slices.Clone(b.Grad(i))
		}
		alone, err := v.ELBO(ELBOOptions{B: B, T: T, Encoder: true, FreeBits: .1, Relaxation: straightSoft{}})
		require.NoError(t, err)
		_, err = alone.Step(batch, step)
		require.NoError(t, err)
		for i := range v.EncoderParams() {
			require.Equal(t, got[i], alone.Grad(i), "the encoder alone: %s", v.Params()[i].Name)
		}
		for i, p := range v.Params() {
			n := min(20, len(p.Data))
			d, err := gradcheck.Central(run, p.Data[:n], 1e-2)
			require.NoError(t, err)
			for j := range n { // rounding of a float32 loss of some 2 nats, and the square of the step
				if p.Data[j] == neverLogit { // beyond the step
					require.Zero(t, got[i][j])
					continue
				}
				require.InDelta(t, d[j], float64(got[i][j]), 3e-4+3e-3*math.Abs(d[j]), "%s[%d]", p.Name, j)
			}
		}
	})
}

// With codes that can be counted, -log p(x) is a finite sum: the bounds lie
// above it, and the weighted one comes down to it.
func TestBoundsAgainstExactLikelihood(t *testing.T) {
	v := sharpenedVAE(t, VAEConfig{Latent: "categorical", Categories: 2, LearnedPrior: true, Hidden: 3, Dim: 2,
		Decoder: Config{Cell: "lstm", Vocab: 9, Emb: 4, Hidden: 4, Layers: 1}}, .6)
	sentences := ragged(6, 5, 9)
	exact := 0.0
	for _, x := range sentences {
		p, total := 0.0, 0.0
		for k := range 4 {
			z := []float32{0, 0, 0, 0}
			z[k/2], z[2+k%2] = 1, 1
			prior := math.Exp(v.code.logPrior(z))
			m, s := plainGiven(v, doubles(z))
			p += prior * math.Exp(-m.nllFrom(s, withEnd(x)))
			total += prior
		}
		require.InDelta(t, 1, total, 1e-6)
		exact -= math.Log(p) / float64(len(sentences))
	}
	s, err := v.NewEvaluator(4, 6)
	require.NoError(t, err)
	defer s.Close()
	few, err := s.Evaluate(sentences, 1, 1)
	require.NoError(t, err)
	many, err := s.Evaluate(sentences, 4000, 1)
	require.NoError(t, err)
	require.InDelta(t, exact, many.Weighted, .01)
	require.Greater(t, -many.ELBO(), exact+.02)
	require.InEpsilon(t, few.KL, many.KL, 1e-9) // exact: no matter what was drawn
	require.Equal(t, 6, many.Sentences)
	require.InEpsilon(t, exact*6/float64(many.Tokens), many.PerToken(exact), 1e-12)
}

// For a Gaussian model that is linear, the log-likelihood weights of a draw
// average to the exact one; here: logPosterior and logPrior integrate to 1.
func TestCodeDensities(t *testing.T) {
	vaes(t, func(t *testing.T, v *VAE) {
		P, Z := v.code.stats(), v.Width()
		stats, z := make([]float32, P), make([]float32, Z)
		for i := range stats {
			stats[i] = float32(i%3)*.4 - .5
		}
		// E_q[p(z)/q(z)] = 1, and E_q[log q - log p] is the divergence.
		const n = 40_000
		q := v.code.logPosterior(stats)
		ratio, squares, kl, kl2 := 0.0, 0.0, 0.0, 0.0
		units, exact := make([]float64, v.code.units()), 0.0
		for i := range n {
			v.code.draw(z, stats, Key{Seed: 5}, uint32(i))
			l := v.code.logPrior(z) - q(z)
			ratio, squares = ratio+math.Exp(l)/n, squares+math.Exp(2*l)/n
			kl, kl2 = kl-l/n, kl2+l*l/n
			v.code.divergence(units, stats, z)
			for _, u := range units {
				exact += u / n
			}
		}
		require.InDelta(t, 1, ratio, 5*math.Sqrt((squares-ratio*ratio)/n))
		require.InDelta(t, exact, kl, 5*math.Sqrt((kl2-kl*kl)/n)+1e-6)
	})
}

// Codes that tell all sentences apart carry log n nats; codes that tell nothing
// carry none, and no unit of theirs is active.
func TestMutualInformationAndActiveUnits(t *testing.T) {
	v := sharpenedVAE(t, VAEConfig{Latent: "gaussian", Hidden: 3, Dim: 2, Decoder: Config{Cell: "lstm", Vocab: 9, Emb: 4, Hidden: 4, Layers: 1}}, 1)
	const n = 50
	of := func(stats func(i int) []float32) (float64, int) {
		p := &Posteriors{v: v, n: n}
		var logQ []func([]float32) float64
		for i := range n {
			p.stats = append(p.stats, stats(i)...)
			logQ = append(logQ, v.code.logPosterior(stats(i)))
		}
		return mutual(logQ, p.Draws(Key{Seed: 1}), v.Width()), active(p, v.code.units())
	}
	mi, units := of(func(i int) []float32 { return []float32{float32(i), .3, -9, 0} })
	require.InDelta(t, math.Log(n), mi, 1e-6)
	require.Equal(t, 1, units)
	mi, units = of(func(int) []float32 { return []float32{5, -5, 0, 0} })
	require.InDelta(t, 0, mi, 1e-9)
	require.Zero(t, units)
	// A mean that varies by .05 has a variance below .01, one by .2 above.
	_, units = of(func(i int) []float32 { return []float32{.05 * float32(i%2*2-1), .2 * float32(i%2*2-1), 0, 0} })
	require.Equal(t, 1, units)
}

// A writer draws from the plain decoder's distribution given its code, and a
// prior sampler from the mixture over codes of the prior.
func TestVAESamplers(t *testing.T) {
	vaes(t, func(t *testing.T, v *VAE) {
		const n, T = 30_000, 2
		Z := v.Width()
		o := SampleOptions{MaxLen: T}
		s, err := v.NewSampler(o)
		require.NoError(t, err)
		ids, lengths := make([]int32, n*T), make([]int32, n)
		key := Key{Seed: 8, Stream: rng.Sample}
		s.Draw(ids, lengths, key, 0)
		codes := make([]float32, n*Z)
		for i := range n {
			v.code.Prior(codes[i*Z:][:Z], key, ^uint32(i))
		}
		w, err := v.NewCodeSampler(codes, o)
		require.NoError(t, err)
		again, ends := make([]int32, n*T), make([]int32, n)
		w.Draw(again, ends, key, 0)
		require.Equal(t, ids, again)

		// The first word of each of the first codes, drawn many times.
		for i := range 3 {
			z := codes[i*Z:][:Z]
			m, state := plainGiven(v, doubles(z))
			_, logits := m.next(state, vocab.Bos)
			p := softmax(logits, 1)
			w, err := v.NewCodeSampler(slices.Repeat(z, n), o)
			require.NoError(t, err)
			w.Draw(again, ends, key, 0)
			count := make([]float64, len(p))
			for j := range n {
				count[again[j*T]]++
			}
			for id, want := range p {
				require.InDelta(t, want*n, count[id], 5*math.Sqrt(n*want*(1-want))+1e-9, "word %d", id)
			}
		}
	})
}

func TestPath(t *testing.T) {
	require.Equal(t, []float32{0, 1, 1, 1, 2, 1}, Path([]float32{0, 1}, []float32{2, 1}, 3))
}

func TestVAEConfigCheck(t *testing.T) {
	good := VAEConfig{Decoder: Config{Cell: "gru", Vocab: 9, Emb: 2, Hidden: 2, Layers: 1}, Hidden: 2, Latent: "gaussian", Dim: 2}
	require.NoError(t, good.Check())
	for want, change := range map[string]func(*VAEConfig){
		"cell \"rnn\" is not known":                           func(c *VAEConfig) { c.Decoder.Cell = "rnn" },
		"an encoder of 0 units and a code of 2 parts":         func(c *VAEConfig) { c.Hidden = 0 },
		"a choice among 1 categories; there must be at least": func(c *VAEConfig) { c.Latent, c.Categories = "categorical", 1 },
		"only a categorical code has a prior to learn":        func(c *VAEConfig) { c.LearnedPrior = true },
		"latent \"gauss\" is not known":                       func(c *VAEConfig) { c.Latent = "gauss" },
	} {
		c := good
		change(&c)
		_, err := NewVAE(c, 1)
		require.ErrorContains(t, err, "generator: "+want)
	}
	v, err := NewVAE(VAEConfig{Decoder: good.Decoder, Hidden: 2, Latent: "categorical", Dim: 2, Categories: 2}, 1)
	require.NoError(t, err)
	_, err = v.ELBO(ELBOOptions{B: 2, T: 3})
	require.ErrorContains(t, err, "a categorical code needs an estimator")
}
