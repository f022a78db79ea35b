package train

import (
	"math"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator"
	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/train/rundir"
	"textgan/vocab"
)

// tinyReverse is a reverse-lm of a generator and a backwards model of another size.
func tinyReverse(t testing.TB, cell string, V int, tune bool) (gen, own, back *generator.Generator, dis discriminator.Discriminator) {
	gen, _ = tinyModels(t, cell, V, 0)
	own, _ = tinyModels(t, cell, V, 0) // so that differences of the one leave the other as it is
	back, err := generator.New(generator.Config{Cell: cell, Vocab: V, Emb: 5, Hidden: 5, Layers: 1, Tie: true}, 2)
	require.NoError(t, err)
	for i, p := range back.Params() {
		r := rng.Key{Seed: 5, Row: uint32(i)}.Rand()
		for j, never := range p.Data {
			if never > -1e8 {
				p.Data[j] = float32(.6 * r.NormFloat64())
			}
		}
	}
	dis, err = discriminator.New(discriminator.Config{Kind: discriminator.ReverseLM, Vocab: V, Tune: tune}, 1)
	require.NoError(t, err)
	require.NoError(t, dis.(discriminator.Reader).Read(own, back, vocab.Bos, vocab.Eos))
	dis.Params()[0].Data[0], dis.Params()[1].Data[0] = 0.7, -0.2
	return gen, own, back, dis
}

// logProbsOf sentences by ids.
func logProbsOf(t testing.TB, g *generator.Generator, sentences [][]int32) []float64 {
	log := make([]float64, len(sentences))
	require.NoError(t, g.NewScorer().LogProbs(log, sentences))
	return log
}

// Of words by id, looked up as one-hot tokens, the score is that of the two models'
// likelihoods, for sentences with and without an end.
func TestReverseLMScoresTheLogRatio(t *testing.T) {
	const V, T = 7, 4
	for _, cell := range []string{"lstm", "gru", "relational", "transformer"} {
		if testing.Short() && cell != "lstm" {
			continue
		}
		t.Run(cell, func(t *testing.T) {
			var gen, back *generator.Generator
			var dis discriminator.Discriminator
			if cell == "lstm" || cell == "gru" {
				_, gen, back, dis = tinyReverse(t, cell, V, false)
			} else {
				of := func(seed uint64) *generator.Generator {
					g, err := generator.New(generator.Config{Cell: cell, Vocab: V, Emb: 4, Hidden: 4, Layers: 1, Slots: 1, Heads: 1, Context: T * bool2int(cell == "transformer")}, seed)
					require.NoError(t, err)
					return g
				}
				gen, back = of(1), of(2)
				var err error
				dis, err = discriminator.New(discriminator.Config{Kind: discriminator.ReverseLM, Vocab: V}, 1)
				require.NoError(t, err)
				require.NoError(t, dis.(discriminator.Reader).Read(gen, back, vocab.Bos, vocab.Eos))
			}
			all := allSentences(V, T)
			var sentences, turned [][]int32
			for i, n := range all.Lengths {
				x := all.IDs[i*T:][:n]
				sentences, turned = append(sentences, x), append(turned, ratio.Reverse(x))
			}
			own, other := logProbsOf(t, gen, sentences), logProbsOf(t, back, turned)
			w, c := float64(dis.Params()[0].Data[0]), float64(dis.Params()[1].Data[0])
			for i, score := range scoresOf(t, dis, &all) {
				require.InDelta(t, w*(other[i]-own[i])+c, score, 2e-5, "%v", sentences[i])
			}
		})
	}
}

func bool2int(b bool) int {
	if b {
		return 1
	}
	return 0
}

// Gradients of both steps against differences: of relaxed words fed back, of words by
// id, and of a backwards model that is trained.
func TestReverseLMGradients(t *testing.T) {
	for _, cell := range []string{"lstm", "gru"} {
		if testing.Short() && cell != "lstm" {
			continue
		}
		gen, own, _, dis := tinyReverse(t, cell, 9, true)
		for _, estimator := range []string{"gumbel-softmax", "st-gumbel"} {
			t.Run(cell+", "+estimator, func(t *testing.T) {
				a := game{B: 6, T: 5, objective: Standard, estimator: estimatorOf(t, estimator), feedback: feedback.Soft}
				d, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				defer d.Close()
				// The memory of the weights is that of the backwards model; Pad and Bos are
				// worth at least -20.
				differencesOfTuned(t, d, dis.Params())
				if estimator != "gumbel-softmax" {
					return
				}
				g, err := newRelaxedStep(gen, dis, a)
				require.NoError(t, err)
				defer g.Close()
				before := own.Params().Hash()
				differences(t, g.Program, gen.Params(), func() (float64, error) { return g.Run(nil, 1, 3, .7) })
				require.Equal(t, before, own.Params().Hash())
			})
		}
	}
}

func differencesOfTuned(t *testing.T, d *stepD, params nn.Params) {
	run := func() (float64, error) { return d.run(tinyBatch(), 1, 3, .7) }
	_, err := run()
	require.NoError(t, err)
	var got []float32
	var want []float64
	for i, p := range params {
		grad := slices.Clone(d.Grad(i))
		require.NotZero(t, kernel.SumSquares(grad), p.Name)
		for j, x := range p.Data {
			if x < -1e8 {
				continue
			}
			slope, err := gradcheck.Central(run, p.Data[j:j+1], 4e-3)
			require.NoError(t, err)
			got, want = append(got, grad[j]), append(want, slope...)
		}
	}
	require.LessOrEqual(t, gradcheck.Distance(got, want), 3e-3)
}

// exact is the gradient of E score over all sentences, the score held fixed, and the
// mean score.
func exactReward(t *testing.T, gen *generator.Generator, dis discriminator.Discriminator, V, T int) (grad []float64, mean float64) {
	all := allSentences(V, T)
	l, err := gen.Likelihood(generator.LikelihoodOptions{B: all.B, T: T, Train: true})
	require.NoError(t, err)
	defer l.Close()
	scores := scoresOf(t, dis, &all)
	_, err = l.Mean(&all, 0, 0)
	require.NoError(t, err)
	weights, total := make([]float32, all.B*T), 0.0
	for i, s := range scores {
		p := 0.0
		for _, nll := range l.Tokens(i) {
			p -= float64(nll)
		}
		p = math.Exp(p)
		total, mean = total+p, mean+p*float64(s)
		for k := range T {
			weights[i*T+k] = float32(p * float64(s)) // of the loss, -E score
		}
	}
	require.InDelta(t, 1, total, 1e-5)
	_, err = l.Weighted(&all, weights, 0, 0)
	require.NoError(t, err)
	for i := range gen.Params() {
		for _, g := range l.Grad(i) {
			grad = append(grad, float64(g))
		}
	}
	return grad, mean
}

// On a language that can be enumerated: the gradient of the expected score is that of
// the divergence KL(p_generator || p_backwards), although the score's own p_generator
// is held fixed; rloo estimates it without bias, and relaxed words with a cosine that
// is stated.
func TestReverseLMOnAnEnumerableLanguage(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	const V, T, B = 6, 3, 32
	gen, own, _, dis := tinyReverse(t, "lstm", V, false)
	want, _ := exactReward(t, gen, dis, V, T)

	// w KL = -E score + c, with both p_generator moving
	var slope []float64
	for i, p := range gen.Params() {
		q := own.Params()[i]
		for j, x := range p.Data {
			if x < -1e8 {
				slope = append(slope, 0)
				continue
			}
			const h = 1e-2
			at := func(v float32) float64 {
				p.Data[j], q.Data[j] = v, v
				_, mean := exactReward(t, gen, dis, V, T)
				return -mean
			}
			if j%5 != 0 { // some are enough
				slope = append(slope, math.NaN())
				continue
			}
			slope = append(slope, (at(x+h)-at(x-h))/(2*h))
			p.Data[j], q.Data[j] = x, x
		}
	}
	var a, b []float64
	for i, s := range slope {
		if !math.IsNaN(s) {
			a, b = append(a, want[i]), append(b, s)
		}
	}
	require.LessOrEqual(t, gradcheck.Distance(a, b), 3e-3)

	for name, c := range map[string]struct{ atLeast, atMost float64 }{
		"rloo":           {0.97, 1},
		"gumbel-softmax": {0, 0.999},
		"st-gumbel":      {0, 0.999},
	} {
		s, err := newGeneratorStep(gen, dis, game{B: B, T: T, objective: Hinge, estimator: estimatorOf(t, name), feedback: feedback.Soft})
		require.NoError(t, err)
		defer s.Close()
		mean := make([]float64, len(want))
		for step := range uint32(600) {
			_, err := s.Run(nil, 1, step, 0.5)
			require.NoError(t, err)
			at := 0
			for i := range gen.Params() {
				for _, g := range s.Grad(i) {
					mean[at] += float64(g)
					at++
				}
			}
		}
		cosine := dotOf(mean, want) / math.Sqrt(dotOf(mean, mean)*dotOf(want, want))
		t.Logf("%s: cosine %.4f", name, cosine)
		require.GreaterOrEqual(t, cosine, c.atLeast, name)
		require.LessOrEqual(t, cosine, c.atMost, name)
	}
}

func dotOf(a, b []float64) (sum float64) {
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

// A run against a reverse-lm, trained or not, is resumed to the same bits, and so is
// one that takes its backwards model, of another cell and other sizes, from another run.
func TestResumeOfReverseLMIsExact(t *testing.T) {
	c := small()
	c.Model, c.Cell, c.Slots, c.Heads, c.Emb, c.Layers, c.Backwards = "mle", "relational", 2, 4, 12, 2, true
	dir := filepath.Join(t.TempDir(), "back")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 0)
	for name, change := range map[string]func(*Config){
		"tuned":  func(c *Config) { c.DTune = true },
		"frozen": func(c *Config) { c.Estimator, c.DPre, c.DSteps, c.Objective = "rloo", 0, 0, "hinge" },
		"taken":  func(c *Config) { c.BackRun, c.CoopRounds, c.Critic = dir, 1, "reverse-lm" },
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "tuned" {
				t.Skip()
			}
			c := small()
			coop(&c)
			c.Model, c.DPre, c.AdvSteps, c.DKind, c.CoopRounds, c.SpectralNorm = "gan", 3, 6, discriminator.ReverseLM, 0, false
			change(&c)
			var hashes []string
			for _, stops := range [][]int{nil, {12, 21, 24}} {
				dir := filepath.Join(t.TempDir(), "r")
				tr, w, err := Start(c, dir, nil, rundir.Start{})
				require.NoError(t, err)
				for _, stop := range stops {
					if name == "taken" && stop == 12 {
						continue
					}
					play(t, tr, w, stop)
					tr, w, err = Resume(dir, nil, rundir.Start{})
					require.NoError(t, err)
				}
				hashes = append(hashes, play(t, tr, w, 0))
				found, err := Verify(dir, nil)
				require.NoError(t, err)
				for _, f := range found {
					require.True(t, f.OK, "%v", f)
				}
			}
			require.Equal(t, hashes[0], hashes[1])
		})
	}
	// Its cell and sizes come with the run, whatever a file of settings says, and are
	// recorded: also those in which a run that was stopped before its first step goes on.
	for _, change := range []func(*Config){
		func(c *Config) { c.Cell, c.Slots, c.Heads, c.BackCell, c.BackEmb = "relational", 2, 4, "gru", 5 },
		func(c *Config) { c.Cell, c.Slots, c.Heads = "relational", 1, 2 },
		func(c *Config) { c.Cell, c.Heads, c.Layers = "transformer", 2, 3 },
		func(c *Config) { c.Emb, c.Tie, c.BackLayers, c.BackSlots, c.BackHeads = 16, true, 7, 7, 7 },
	} {
		c = small()
		c.Model, c.DKind, c.BackRun = "gan", discriminator.ReverseLM, dir
		change(&c)
		run := filepath.Join(t.TempDir(), "r")
		begun, w, err := Start(c, run, nil, rundir.Start{})
		require.NoError(t, err)
		require.NoError(t, w.Close())
		b, _ := phaseOf[*backwards](begun)
		require.Equal(t, tr.LanguageModel().(*generator.Generator).Params().Hash(), b.gen.Params().Hash())
		require.Equal(t, generator.Config{Cell: "relational", Vocab: b.gen.Vocab, Emb: 12, Hidden: 16, Layers: 2, Dropout: c.BackDropout, Slots: 2, Heads: 4}, b.gen.Config)
		again, w, err := Resume(run, nil, rundir.Start{})
		require.NoError(t, err)
		require.NoError(t, w.Close())
		require.Equal(t, begun.Hash(), again.Hash())
		require.Equal(t, begun.Config.BackwardsOptions, again.Config.BackwardsOptions)
	}
	train := func(name string, change func(*Config)) string {
		dir, c := filepath.Join(t.TempDir(), name), small()
		c.Model, c.Backwards, c.MLESteps = "mle", true, 1
		change(&c)
		tr, w, err := Start(c, dir, nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, 0)
		return dir
	}
	tied := func(c *Config) { c.Emb, c.Tie = c.Hidden, true }
	for message, change := range map[string]func(*Config){
		"the run has another vocabulary":                       func(c *Config) { c.SplitSeed = 9 },
		"its model has --tie=true, where this run's has false": func(c *Config) { c.BackRun = train("tied", tied) },
		"its model has --tie=false, where this run's has true": func(c *Config) { c.BackRun = train("untied", func(*Config) {}); tied(c) },
		"its model has --max-len=12, where this run's has ": func(c *Config) {
			c.BackRun = train("short", func(c *Config) { c.Cell, c.MaxLen, c.Truncate = "transformer", 12, true })
		},
	} {
		c = small()
		c.Model, c.DKind, c.BackRun = "gan", discriminator.ReverseLM, dir
		change(&c)
		_, _, err = Start(c, filepath.Join(t.TempDir(), "r"), nil, rundir.Start{})
		require.ErrorContains(t, err, "--back-run "+c.BackRun+": "+message)
	}
	c = small()
	c.Model, c.DKind, c.BackRun = "gan", discriminator.ReverseLM, dir+",another"
	_, _, err = Start(c, filepath.Join(t.TempDir(), "r"), nil, rundir.Start{})
	require.ErrorContains(t, err, "it takes one run")
}
