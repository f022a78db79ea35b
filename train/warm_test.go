package train

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/internal/config"
	"textgan/train/model"
	"textgan/train/rundir"
)

// endedRun makes a run and lets it end.
func endedRun(t *testing.T, c Config, dir string) (hash string) {
	t.Helper()
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	return play(t, tr, w, 0)
}

// given is a layer as the command line makes it.
func given(values ...string) config.Layer {
	flags := map[string][]string{}
	for i := 0; i < len(values); i += 2 {
		flags[values[i]] = []string{values[i+1]}
	}
	return config.Flags(flags)
}

// Likelihood training and a GAN that begins with it come to the bits of the two
// in one run, whether or not the GAN was stopped on the way; and it needs the
// other run no more once it has begun.
func TestWarmStartGoesOn(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"mle": func(c *Config) { c.Model = "mle" },
		"gaussian": func(c *Config) {
			c.Model, c.LatentDim, c.WordDropout, c.KLAnneal, c.LRDecay = "vae", 3, .2, "cyclical", .7
		},
		"categorical": func(c *Config) {
			c.Model, c.Latent, c.LatentDim, c.Categories, c.LearnedPrior, c.Aggressive, c.Cell = "vae", "categorical", 2, 3, true, 4, "gru"
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.VAESamples, c.Estimator, c.MLEEvery = 1, "st-gumbel", 3
			change(&c)
			likelihood := filepath.Join(t.TempDir(), "likelihood")
			endedRun(t, c, likelihood)
			first := c.Model
			if c.Model = "gan"; first == "vae" {
				c.GeneratorModel = "vae"
			}
			one := filepath.Join(t.TempDir(), "one")
			want := endedRun(t, c, one)

			g := c
			layer, err := Options.File("config.toml", Options.TOML(g))
			require.NoError(t, err)
			for name := range layer { // what a user would say of the second part
				switch name {
				case "d-emb", "d-filters", "spectral-norm", "d-pretrain", "adv-steps", "eval-every", "eval-samples", "save-every", "log-every", "mle-every", "estimator":
				default:
					delete(layer, name)
				}
			}
			layer["warm-start"] = config.Given{Text: likelihood}
			g, err = Inherit(likelihood, layer)
			require.NoError(t, err)
			require.Equal(t, [3]any{c.GeneratorModel, c.Hidden, c.CorpusLines}, [3]any{g.GeneratorModel, g.Hidden, g.CorpusLines})
			require.Zero(t, g.MLESteps)
			whole := filepath.Join(t.TempDir(), "whole")
			require.Equal(t, want, endedRun(t, g, whole))
			m, err := model.Load(whole, rundir.Best)
			require.NoError(t, err)
			n, err := model.Load(one, rundir.Best)
			require.NoError(t, err)
			require.Equal(t, n.Generator.Params().Hash(), m.Generator.Params().Hash())
			require.Equal(t, rundir.WarmStart{Run: likelihood, Model: first, Step: c.MLESteps, Corpus: m.Manifest.Corpus}, *m.Manifest.WarmStart)

			parts := filepath.Join(t.TempDir(), "parts")
			_, w, err := Start(g, parts, nil, rundir.Start{})
			require.NoError(t, err)
			require.NoError(t, w.Close()) // before the first step
			tr, w, err := Resume(parts, nil, rundir.Start{})
			require.NoError(t, err)
			play(t, tr, w, 4)
			require.NoError(t, os.RemoveAll(likelihood))
			for _, stop := range []int{9, 17, 0} {
				tr, w, err = Resume(parts, nil, rundir.Start{})
				require.NoError(t, err)
				hash := play(t, tr, w, stop)
				if stop == 0 {
					require.Equal(t, want, hash)
				}
			}
			require.Equal(t, read(t, whole, rundir.MetricsFile), read(t, parts, rundir.MetricsFile))
			m, err = model.Load(parts, rundir.Last)
			require.NoError(t, err)
			v, err := m.VAE()
			require.Equal(t, first == "vae", err == nil)
			lines, err := m.Sample(3, generator.SampleOptions{}, 1)
			require.NoError(t, err)
			require.Len(t, lines, 3)
			if first == "vae" {
				require.Equal(t, tr.fit.Saved().Weights.Hash(), m.Generator.Params().Hash())
				_, err = v.Encode(lines)
				require.NoError(t, err)
			}
		})
	}
}

func TestThreadsDoNotMatterToDecoder(t *testing.T) {
	c := small()
	c.GeneratorModel, c.LatentDim, c.VAESamples, c.MLEEvery, c.Layers = "vae", 3, 1, 2, 2
	anyThreads(t, c)
}

// A run that was stopped gives its best weights, with the step size that its schedule ends with.
func TestWarmStartFromAStoppedRun(t *testing.T) {
	c := tiny()
	c.Model, c.MLESteps, c.EvalEvery, c.LR, c.LRDecay, c.Keep, c.Patience = "mle", 60, 5, .1, .5, 20, 0
	dir := filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 48)
	best, err := model.Load(dir, rundir.Best)
	require.NoError(t, err)
	require.Less(t, best.Step, 48)
	g, err := Inherit(dir, given("warm-start", dir))
	require.NoError(t, err)
	o, err := openSource(dir, "gan")
	require.NoError(t, err)
	require.Equal(t, best.Step, o.ck.Step)
	require.InEpsilon(t, c.LR*math.Pow(c.LRDecay, float64(o.decays))*model.LastRate, g.LR, 1e-9)
	require.Equal(t, "constant", g.LRSchedule)
	tr, w, err = Start(g, filepath.Join(t.TempDir(), "gan"), nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, best.Generator.Params().Hash(), tr.LanguageModel().Params().Hash())

	g, err = Inherit(dir, given("warm-start", dir, "lr", "0.1", "corpus", "x.txt"), given("seed", "7"))
	require.NoError(t, err)
	require.Equal(t, [4]any{.1, "x.txt", uint64(7), 6}, [4]any{g.LR, g.Corpus, g.Seed, g.Hidden})
}

func TestWarmStartRefuses(t *testing.T) {
	at := t.TempDir()
	file := filepath.Join(at, "corpus.txt")
	text := "the cat sat\na dog ran\nbirds fly away\nno\nyes\nthe dog sat\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	lm, vae, gan := filepath.Join(at, "lm"), filepath.Join(at, "vae"), filepath.Join(at, "gan")
	for dir, change := range map[string]func(*Config){
		lm:  func(c *Config) { c.Model = "mle" },
		vae: func(c *Config) { c.Model = "vae" },
		gan: func(c *Config) {},
	} {
		c := tiny()
		c.Corpus, c.LatentDim, c.VAESamples, c.ValidFraction = file, 2, 1, .4
		change(&c)
		endedRun(t, c, dir)
	}
	for i, x := range []struct {
		dir   string
		given []string
		says  string
	}{
		{at, nil, "train: warm start: "},
		{gan, nil, "run " + gan + " is a GAN; a warm start begins with a run of --model mle or vae"},
		{vae, []string{"hidden", "7"}, "--hidden 7: run " + vae + " has hidden 6, and its weights fix that; drop this"},
		{vae, []string{"latent-dim", "3"}, "--latent-dim 3: run " + vae + " has latent-dim 2"},
		{lm, []string{"generator", "vae"}, "--generator vae: run " + lm + " has generator lm"},
		{vae, []string{"generator", "lm"}, "--generator lm: run " + vae + " has generator vae"},
		{lm, []string{"min-count", "2"}, "--min-count 2: run " + lm + " has min-count 1"},
		{vae, []string{"model", "vae"}, "--warm-start begins a GAN or --model mle, not --model vae"},
		{lm, []string{"mle-steps", "5"}, "takes the place of likelihood training; drop --mle-steps 5"},
		{lm, []string{"split-seed", "2"}, "lines of " + file + " would be held out that run " + lm + " has learnt"},
		{lm, []string{"valid-fraction", "0.2"}, "would be held out that run"},
		{lm, []string{"max-len", "2"}, "sentence of 3 tokens, longer than 2"},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			g, err := Inherit(x.dir, given(append(x.given, "warm-start", x.dir)...))
			if err == nil {
				_, _, err = Start(g, filepath.Join(at, "new"), nil, rundir.Start{})
			}
			oneLine(t, err, x.says)
			require.NoDirExists(t, filepath.Join(at, "new"))
		})
	}
	for _, fine := range [][]string{{"hidden", "6"}, {"hidden", "06"}, {"seed", "2", "valid", file}, {"generator", "vae"}} {
		_, err := Inherit(vae, given(append(fine, "warm-start", vae)...))
		require.NoError(t, err, fine)
	}

	// Who sets all options by hand has to say what the weights are of.
	c := tiny()
	c.Corpus, c.ValidFraction, c.WarmStart, c.MLESteps = file, .4, vae, 0
	_, _, err := Start(c, filepath.Join(at, "new"), nil, rundir.Start{})
	oneLine(t, err, "the generator is not that of run "+vae)
	c.GeneratorModel, c.LatentDim, c.Hidden = "vae", 2, 5
	_, _, err = Start(c, filepath.Join(at, "new"), nil, rundir.Start{})
	oneLine(t, err, "the generator is not that of run "+vae)

	// The text has changed since: what would be held out may have been learnt.
	require.NoError(t, os.WriteFile(file, []byte(text+"a cat ran\n"), 0o600))
	g, err := Inherit(vae, given("warm-start", vae))
	require.NoError(t, err)
	_, _, err = Start(g, filepath.Join(at, "new"), nil, rundir.Start{})
	oneLine(t, err, "would be held out that run")
}

// A model of one text goes on with another: its weights stay with its words, and words
// that it does not know are <unk> or get the weights that the seed gives them.
func TestWarmStartOnAnotherText(t *testing.T) {
	at := t.TempDir()
	first, second := filepath.Join(at, "first.txt"), filepath.Join(at, "second.txt")
	require.NoError(t, os.WriteFile(first, []byte("the cat sat\na dog ran\nbirds fly\nno\nyes\nthe dog sat\n"), 0o600))
	require.NoError(t, os.WriteFile(second, []byte("the gnu sat down\na gnu ran\na yak\nno gnu\nyes\n"), 0o600))
	held := filepath.Join(at, "held.txt")
	require.NoError(t, os.WriteFile(held, []byte("the cat ran\na dog sat\n"), 0o600))
	for _, cell := range []string{"lstm", "relational", "transformer"} {
		for _, tie := range []bool{false, true} {
			t.Run(fmt.Sprint(cell, tie), func(t *testing.T) {
				c := tiny()
				c.Model, c.Corpus, c.Valid, c.Cell, c.Tie, c.Emb, c.Hidden, c.MLESteps, c.Patience = "mle", first, held, cell, tie, 8, 8, 5, 0
				c.Slots, c.Heads, c.Layers, c.LR = 1, 2, 1, .004
				dir := filepath.Join(t.TempDir(), "first")
				endedRun(t, c, dir)
				was, err := model.Load(dir, rundir.Last)
				require.NoError(t, err)

				options := []string{"warm-start", dir, "model", "mle", "corpus", second, "valid-fraction", "0.3", "seed", "5", "mle-steps", "4", "eval-samples", "4", "eval-every", "2"}
				start := func(more ...string) (*Trainer, *rundir.Writer, string) {
					w, err := Inherit(dir, given(append(more, options...)...))
					require.NoError(t, err)
					require.Equal(t, [4]any{c.Hidden, c.LR, c.Batch, 4}, [4]any{w.Hidden, w.LR, w.Batch, w.MLESteps})
					to := filepath.Join(t.TempDir(), "second")
					tr, run, err := Start(w, to, nil, rundir.Start{})
					require.NoError(t, err)
					return tr, run, to
				}

				tr, w, _ := start("warm-vocab", "keep")
				require.Equal(t, was.Vocab.Hash(), tr.Data.Vocab.Hash())
				require.Equal(t, was.Generator.Params().Hash(), tr.LanguageModel().Params().Hash())
				require.Equal(t, &rundir.WarmStart{Run: dir, Model: "mle", Step: 5, Corpus: was.Manifest.Corpus, Vocab: "keep"}, w.Manifest.WarmStart)
				require.Len(t, tr.Data.Valid.Lines, 2) // of the second text
				require.NoError(t, w.Close())

				tr, w, to := start("warm-vocab", "extend")
				require.Equal(t, "extend", w.Manifest.WarmStart.Vocab)
				old, v := was.Vocab.Size(), tr.Data.Vocab.Size()
				require.Equal(t, v-old, w.Manifest.WarmStart.NewWords)
				require.Greater(t, v, old)
				for id := range int32(old) {
					require.Equal(t, was.Vocab.Token(id), tr.Data.Vocab.Token(id))
				}
				share, err := tr.Data.Unknown()
				require.NoError(t, err)
				require.Zero(t, share)
				fresh, err := New(tr.Config, tr.Data) // as the seed makes it
				require.NoError(t, err)
				beginning := was.Generator.Params()
				words := 0
				for i, p := range tr.LanguageModel().Params() {
					b, f := beginning[i], fresh.LanguageModel().Params()[i]
					if len(p.Data) == len(b.Data) {
						require.Equal(t, b.Data, p.Data, p.Name)
						continue
					}
					words++
					require.Equal(t, v, p.Shape[slices.Index(p.Shape, v)])
					cols, oldCols := 1, 1
					if len(p.Shape) == 2 {
						cols, oldCols = p.Shape[1], b.Shape[1]
					}
					for j, x := range p.Data {
						if row, col := j/cols, j%cols; row < b.Shape[0] && col < oldCols {
							require.Equal(t, b.Data[row*oldCols+col], x, p.Name)
						} else {
							require.Equal(t, f.Data[j], x, p.Name)
						}
					}
				}
				require.Equal(t, map[bool]int{true: 2, false: 3}[tie], words) // table, bias, and weights of the output

				// Stopped before its first step and in the middle, the source gone: the same.
				require.NoError(t, w.Close())
				tr, w, err = Resume(to, nil, rundir.Start{})
				require.NoError(t, err)
				want := play(t, tr, w, 0)
				tr, w, to = start("warm-vocab", "extend")
				play(t, tr, w, 1)
				require.NoError(t, os.Rename(dir, dir+"-moved"))
				tr, w, err = Resume(to, nil, rundir.Start{})
				require.NoError(t, err)
				require.Equal(t, want, play(t, tr, w, 0))
				require.Equal(t, 3, strings.Count(read(t, to, rundir.MetricsFile), "nll/valid")) // steps 0, 2 and 4
				require.NoError(t, os.Rename(dir+"-moved", dir))
				_, err = Inherit(dir, given("warm-start", dir, "model", "mle", "min-count", "2"))
				oneLine(t, err, "--min-count 2: run "+dir+" has min-count 1")
				far, err := Inherit(dir, given(options...))
				require.NoError(t, err)
				_, _, err = Start(far, filepath.Join(t.TempDir(), "no"), nil, rundir.Start{})
				oneLine(t, err, "of the tokens of "+second+" (of its own held-out lines 0.0 %)")
			})
		}
	}
	c := tiny()
	c.Model, c.Corpus, c.ValidFraction, c.Backwards = "mle", first, .3, true
	dir := filepath.Join(at, "backwards")
	endedRun(t, c, dir)
	_, err := Inherit(dir, given("warm-start", dir))
	oneLine(t, err, "writes lines from their end (--backwards), and a GAN from their beginning")
	on, err := Inherit(dir, given("warm-start", dir, "model", "mle", "mle-steps", "3", "eval-samples", "4"))
	require.NoError(t, err)
	require.True(t, on.Backwards)
	endedRun(t, on, filepath.Join(at, "on"))
}
