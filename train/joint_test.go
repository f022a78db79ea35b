package train

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
	"textgan/internal/op"
	"textgan/vocab"
)

// The gradient of a joint step is that of its formula, written out in float64
// for the sentences that were drawn: probabilities of all next tokens by teacher
// forcing, the discriminator's derivatives by its own graph.
func TestJointSteps(t *testing.T) {
	const V, T, B, tau = 7, 4, 6, 0.7
	var real *vocab.Batch
	for real = range vocab.InOrder([][]int32{{4, 3, 5}, {5, 5}, {3}, {6, 6}, {4}, nil}, B) {
	}
	// One row of dLogits [V] from p, the drawn id, the sentence's own derivative and
	// the mean of the others', all shares of the loss, and the sentence's weight.
	type row func(p []float64, id int, own, mean []float64, weight float64) []float64
	jacobian := func(q, v []float64) []float64 {
		out, mean := make([]float64, V), 0.0
		for k := range q {
			mean += q[k] * v[k]
		}
		for k := range q {
			out[k] = q[k] * (v[k] - mean)
		}
		return out
	}
	tempered := func(p []float64) []float64 {
		r, sum := make([]float64, V), 0.0
		for k := range p {
			r[k] = math.Pow(p[k], 1/tau)
			sum += r[k]
		}
		for k := range r {
			r[k] /= sum
		}
		return r
	}
	reinmax := func(p []float64, id int, v []float64) []float64 {
		q := tempered(p)
		q[id]++
		for k := range q {
			q[k] /= 2
		}
		out := jacobian(q, v)
		for k, d := range jacobian(p, v) {
			out[k] = 2*out[k] - d/2
		}
		return out
	}
	const alpha = -0.7
	for name, rowOf := range map[string]row{
		"reinmax": func(p []float64, id int, own, _ []float64, _ float64) []float64 { return reinmax(p, id, own) },
		"reinmax-loo": func(p []float64, id int, own, mean []float64, _ float64) []float64 {
			out := reinmax(p, id, own)
			for k, d := range reinmax(p, id, mean) {
				out[k] -= d
			}
			for drawn, q := range p {
				for k, d := range reinmax(p, drawn, mean) {
					out[k] += q * d
				}
			}
			return out
		},
		"double-cv:alpha=-0.7": func(p []float64, id int, _, mean []float64, weight float64) []float64 {
			out := jacobian(p, mean)
			for k := range out {
				out[k] = -alpha*out[k] - weight*p[k]
			}
			out[id] += weight
			return out
		},
	} {
		for _, objective := range []Objective{Standard, RSGAN} {
			gen, dis := tinyModels(t, "lstm", V, 0)
			step, err := newGeneratorStep(gen, dis, game{B: B, T: T, objective: objective, estimator: estimatorOf(t, name), feedback: feedback.Detached})
			require.NoError(t, err)
			defer step.Close()
			loss, err := step.Run(real, 1, 5, tau)
			require.NoError(t, err)
			drawn := vocab.Batch{B: B, T: T, IDs: make([]int32, B*T), Lengths: make([]int32, B)}
			step.(*relaxedStep).rollout.IDs(drawn.IDs, vocab.Pad)
			for i := range B {
				drawn.Lengths[i] = T
				if end := slices.Index(drawn.IDs[i*T:][:T], vocab.Eos); end >= 0 {
					drawn.Lengths[i] = int32(end + 1)
				}
			}
			require.Less(t, slices.Min(drawn.Lengths), int32(T))

			p, share, grads := nextTokens(t, gen, &drawn, V), make([]float64, B), directGradients(t, dis, &drawn, real, objective, V)
			scores := scoresOf(t, dis, &drawn)
			ofReal := scoresOf(t, dis, real)
			total := 0.0
			for i := range share {
				share[i] = -objective.reward(float64(ofReal[i]), float64(scores[i])) / B
				total += share[i]
			}
			require.InDelta(t, total, loss, 1e-5)
			// what the others say, and how the sentences are weighed
			mean, h, sum := make([]float64, B*T*V), slices.Clone(share), 0.0
			for i := range B {
				for at := range T * V {
					for j := range B {
						if j != i {
							mean[i*T*V+at] += grads[j*T*V+at] / (B - 1)
						}
					}
				}
				for k := range drawn.Lengths[i] {
					at := (i*T + int(k)) * V
					h[i] += alpha * mean[at+int(drawn.IDs[i*T+int(k)])]
					for v := range V {
						h[i] -= alpha * mean[at+v] * p[at+v]
					}
				}
				sum += h[i]
			}

			// The rows add up to 0, so they may weigh log p of every id in the place of
			// the logits.
			l, err := gen.Likelihood(generator.LikelihoodOptions{B: B, T: T, Train: true, Others: V})
			require.NoError(t, err)
			defer l.Close()
			s := &reinforceStep{Likelihood: l, game: game{B: B, T: T}, draft: &draft{batch: drawn, weights: make([]float32, B*T)}}
			for i := range B {
				for k := range int(drawn.Lengths[i]) {
					at := (i*T + k) * V
					weight := h[i] - (sum-h[i])/(B-1)
					for v, d := range rowOf(p[at:at+V], int(drawn.IDs[i*T+k]), grads[at:at+V], mean[at:at+V], weight) {
						if l.Others[v].IDs[i*T+k] = int32(v); p[at+v] > 0 {
							l.Others[v].Weights[i*T+k] = float32(-d)
						}
					}
				}
			}
			s.sort()
			_, err = l.Weighted(&s.batch, s.weights, 0, 0)
			require.NoError(t, err)
			for i, w := range gen.Params() {
				var want []float64
				for _, g := range l.Grad(i) {
					want = append(want, float64(g))
				}
				require.LessOrEqual(t, gradcheck.Distance(step.Grad(i), want), 2e-5, "%s, %s: %s", name, objective, w.Name)
			}
		}
	}
}

// nextTokens are the probabilities [B,T,V] of every next token of the batch.
func nextTokens(t *testing.T, gen *generator.Generator, b *vocab.Batch, V int) []float64 {
	all, where := vocab.Batch{T: b.T}, []int{}
	for n := b.T; n > 0; n-- {
		for i, length := range b.Lengths {
			if int(length) < n {
				continue
			}
			for v := int(vocab.Eos); v < V; v++ {
				all.B, all.Lengths = all.B+1, append(all.Lengths, int32(n))
				all.IDs = append(append(append(all.IDs, b.IDs[i*b.T:][:n-1]...), int32(v)), make([]int32, b.T-n)...)
				where = append(where, (i*b.T+n-1)*V+v)
			}
		}
	}
	l, err := gen.Likelihood(generator.LikelihoodOptions{B: all.B, T: all.T})
	require.NoError(t, err)
	defer l.Close()
	_, err = l.Mean(&all, 0, 0)
	require.NoError(t, err)
	p := make([]float64, b.B*b.T*V)
	for row, at := range where {
		nll := l.Tokens(row)
		p[at] = math.Exp(-float64(nll[len(nll)-1]))
	}
	return p
}

// directGradients are those of the loss in the one-hot vectors of the batch
// [B,T,V], 0 behind the ends.
func directGradients(t *testing.T, dis discriminator.Discriminator, b, real *vocab.Batch, o Objective, V int) []float64 {
	g := op.NewGraph()
	d := dis.Bind(g, nil, false)
	var table []float32
	for _, p := range dis.Params() {
		if p.Shape[0] == V && table == nil {
			table = p.Data
		}
	}
	De := len(table) / V
	data := make([]float32, b.B*b.T*De)
	for i := range b.B {
		for k := range int(b.Lengths[i]) {
			copy(data[(i*b.T+k)*De:][:De], table[int(b.IDs[i*b.T+k])*De:])
		}
	}
	tokens := g.Leaf("tokens", data, true, b.B, b.T, De)
	fake := d.Score(tokens, g.Ints("lengths", b.Lengths, b.B))
	var r *G.Node
	if o.Relative() {
		in := newTextInput(g, "real", b.B, b.T)
		require.NoError(t, in.load(real))
		r = d.Score(d.Embed(in.idsN, in.lenN), in.lenN)
	}
	loss, err := o.LossG(g, r, fake)
	require.NoError(t, err)
	program, err := g.Compile(loss, tokens)
	require.NoError(t, err)
	defer program.Close()
	_, err = program.Run()
	require.NoError(t, err)
	grads := make([]float64, b.B*b.T*V)
	for i := range b.B {
		for k := range int(b.Lengths[i]) {
			for v := range V {
				for c := range De {
					grads[(i*b.T+k)*V+v] += float64(program.Grad(0)[(i*b.T+k)*De+c]) * float64(table[v*De+c])
				}
			}
		}
	}
	return grads
}

// scoresOf are the discriminator's of a batch.
func scoresOf(t *testing.T, dis discriminator.Discriminator, b *vocab.Batch) []float32 {
	c, err := newScorer(dis, b.B, b.T)
	require.NoError(t, err)
	defer c.Close()
	require.NoError(t, c.text.load(b))
	scores, err := c.scores()
	require.NoError(t, err)
	return slices.Clone(scores)
}
