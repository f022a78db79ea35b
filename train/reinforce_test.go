package train

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"

	"textgan/generator"
	"textgan/vocab"
)

// A batch's rewards are the generator's loss with the sign turned.
func TestRewardIsLossOfG(t *testing.T) {
	r, f := []float64{2.5, -0.3, 40, .7, -90}, []float64{-1.5, 0.4, -30, 1.2, 60}
	for _, o := range Objectives() {
		if o == RAGAN {
			continue
		}
		mean := 0.0
		for i := range r {
			mean += o.reward(r[i], f[i]) / float64(len(r))
		}
		_, loss := plainLosses(o, r, f, 0)
		require.InEpsilon(t, loss, -mean, 1e-9, o)
	}
}

// sentencesOf calls f with every sentence of up to T tokens over V ids; the end
// counts as a token, and one of T tokens may lack it.
func sentencesOf(V, T int, f func(ids []int32)) {
	var grow func(ids []int32)
	grow = func(ids []int32) {
		f(append(ids[:len(ids):len(ids)], vocab.Eos))
		for id := vocab.Unk; int(id) < V; id++ {
			longer := append(ids[:len(ids):len(ids)], id)
			if len(longer) < T {
				grow(longer)
			} else {
				f(longer)
			}
		}
	}
	grow(nil)
}

// allSentences is a batch of the sentences of sentencesOf, the longest first.
func allSentences(V, T int) vocab.Batch {
	all := vocab.Batch{T: T}
	for n := int32(T); n > 0; n-- {
		sentencesOf(V, T, func(ids []int32) {
			if len(ids) == int(n) {
				all.B++
				all.IDs = append(append(all.IDs, ids...), make([]int32, T-len(ids))...)
				all.Lengths = append(all.Lengths, n)
			}
		})
	}
	return all
}

// No score function is biased: the mean of its gradients is the gradient of the
// expected loss, summed over all sentences there are.
func TestScoreFunctionsAreUnbiased(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	const V, T, B, steps = 6, 3, 32, 600
	gen, dis := tinyModels(t, "lstm", V, 0)
	var real *vocab.Batch
	for real = range vocab.InOrder([][]int32{{4, 3}, {5, 5}, {3}, nil}, 4) {
	}
	for len(real.Lengths) < B { // the same ones again, in the order of their rows
		real.IDs, real.Lengths = append(real.IDs, real.IDs[:4*real.T]...), append(real.Lengths, real.Lengths[:4]...)
	}
	real.B = B

	all := allSentences(V, T)
	l, err := gen.Likelihood(generator.LikelihoodOptions{B: all.B, T: T, Train: true})
	require.NoError(t, err)
	defer l.Close()
	ofReal, ofAll := scoresOf(t, dis, real), scoresOf(t, dis, &all)
	_, err = l.Mean(&all, 0, 0)
	require.NoError(t, err)
	weights, total, loss := make([]float32, all.B*T), 0.0, 0.0
	const objective = RSGAN
	for i, f := range ofAll {
		p := 0.0
		for _, nll := range l.Tokens(i) {
			p += float64(nll)
		}
		p = math.Exp(-p)
		reward := 0.0
		for _, r := range ofReal {
			reward += objective.reward(float64(r), float64(f)) / B
		}
		total, loss = total+p, loss-p*reward
		for k := range T {
			weights[i*T+k] = float32(p * reward)
		}
	}
	require.InDelta(t, 1, total, 1e-5)
	_, err = l.Weighted(&all, weights, 0, 0)
	require.NoError(t, err)
	var want []float64
	for i := range gen.Params() {
		for _, g := range l.Grad(i) {
			want = append(want, float64(g))
		}
	}

	// Four ids can be drawn: some of these leave a remainder, others do not.
	names := []string{"all-action:k=1", "all-action:k=2,m=2", "unordered-set:k=2", "unordered-set:k=3,m=2", "double-cv:alpha=0.7", "double-cv:alpha=auto"}
	for _, info := range scoreFunctions() {
		if info.Name != "maligan" { // has another objective
			names = append(names, info.Spec())
		}
	}
	for _, name := range names {
		t.Run(name, func(t *testing.T) {
			s, err := newGeneratorStep(gen, dis, game{B: B, T: T, objective: objective, estimator: estimatorOf(t, name)})
			require.NoError(t, err)
			defer s.Close()
			sum, squares, lossSum, lossSquares := make([]float64, len(want)), make([]float64, len(want)), 0.0, 0.0
			for step := range uint32(steps) {
				v, err := s.Run(real, 1, step, 1)
				require.NoError(t, err)
				lossSum, lossSquares = lossSum+v, lossSquares+v*v
				at := 0
				for i := range gen.Params() {
					for _, g := range s.Grad(i) {
						sum[at] += float64(g)
						squares[at] += float64(g) * float64(g)
						at++
					}
				}
			}
			// z is how many standard errors a mean is away.
			z := func(sum, squares, want float64) float64 {
				mean := sum / steps
				return (mean - want) / math.Sqrt((squares/steps-mean*mean)/steps+1e-20)
			}
			require.Less(t, math.Abs(z(lossSum, lossSquares, loss)), 4.)
			signal, noise := 0.0, 0.0
			for i, w := range want {
				require.Less(t, math.Abs(z(sum[i], squares[i], w)), 5., "weight %d: mean %v, want %v", i, sum[i]/steps, w)
				signal += w * w
				noise += (squares[i]/steps - sum[i]*sum[i]/steps/steps) / steps
			}
			require.Greater(t, math.Sqrt(signal/noise), 7., "too noisy to say anything")
		})
	}
}

// The completions of a prefix are different ones, and so are those of equal
// prefixes of two sentences.
func TestCompletionsDiffer(t *testing.T) {
	const B, T, m = 16, 5, 3
	gen, dis := tinyModels(t, "lstm", 9, 0)
	s, err := newReinforceStep(gen, dis, game{B: B, T: T, objective: Standard, estimator: estimatorOf(t, fmt.Sprintf("seqgan:m=%d", m))})
	require.NoError(t, err)
	defer s.Close()
	_, err = s.Run(nil, 1, 1, 0)
	require.NoError(t, err)
	seen := map[float32]bool{}
	for i := range B {
		for _, v := range s.values[i*T*m:][:m] { // after the first token
			seen[v] = true
		}
	}
	require.Greater(t, len(seen), B*m/3)
}

// relaxations and scoreFunctions are the two kinds of rows of the table.
func relaxations() []relax.Estimator { return kindOf(true) }

func scoreFunctions() []relax.Estimator { return kindOf(false) }

func kindOf(relaxed bool) []relax.Estimator {
	return slices.DeleteFunc(relax.Estimators(), func(e relax.Estimator) bool { return e.Relaxed != relaxed })
}

// MaliGAN's mean is a sum over all pairs of sentences, two being a batch.
func TestMaliGANIsEnumerated(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	const V, T, steps = 6, 3, 6000
	gen, dis := tinyModels(t, "gru", V, 0)
	all := allSentences(V, T)
	l, err := gen.Likelihood(generator.LikelihoodOptions{B: all.B, T: T, Train: true})
	require.NoError(t, err)
	defer l.Close()
	scores := scoresOf(t, dis, &all)
	_, err = l.Mean(&all, 0, 0)
	require.NoError(t, err)
	p, weights := make([]float64, all.B), make([]float32, all.B*T)
	for i := range p {
		for _, nll := range l.Tokens(i) {
			p[i] -= float64(nll)
		}
		p[i] = math.Exp(p[i])
	}
	for i := range p {
		w := 0.0
		for j := range p {
			w += 2 * p[i] * p[j] * (1/(1+math.Exp(float64(scores[j]-scores[i]))) - .5)
		}
		for k := range T {
			weights[i*T+k] = float32(w)
		}
	}
	_, err = l.Weighted(&all, weights, 0, 0)
	require.NoError(t, err)
	s, err := newGeneratorStep(gen, dis, game{B: 2, T: T, objective: Standard, estimator: estimatorOf(t, "maligan")})
	require.NoError(t, err)
	defer s.Close()
	sum, squares := make([][]float64, len(gen.Params())), make([][]float64, len(gen.Params()))
	for step := range uint32(steps) {
		_, err := s.Run(nil, 1, step, 1)
		require.NoError(t, err)
		for i := range sum {
			if sum[i] == nil {
				sum[i], squares[i] = make([]float64, len(s.Grad(i))), make([]float64, len(s.Grad(i)))
			}
			for k, g := range s.Grad(i) {
				sum[i][k] += float64(g) / steps
				squares[i][k] += float64(g) * float64(g) / steps
			}
		}
	}
	signal, noise := 0.0, 0.0
	for i := range sum {
		for k, want := range l.Grad(i) {
			v := (squares[i][k] - sum[i][k]*sum[i][k]) / steps
			require.LessOrEqual(t, math.Abs(sum[i][k]-float64(want)), 5*math.Sqrt(v)+1e-7, "%s[%d]", gen.Params()[i].Name, k)
			signal, noise = signal+float64(want)*float64(want), noise+v
		}
	}
	require.Greater(t, math.Sqrt(signal/noise), 7., "too noisy to say anything")
}
