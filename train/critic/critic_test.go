package critic

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/combin"

	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/train"
	"textgan/train/model"
	"textgan/train/rundir"
)

// run trains a tiny model on a built-in corpus and returns its directory.
func run(t *testing.T, change func(*train.Config)) string {
	t.Helper()
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.Emb, c.Hidden, c.Batch, c.MLESteps, c.EvalSamples, c.SaveEvery = "mle", 600, 16, 24, 32, 120, 20, 0
	c.LR, c.LRSchedule, c.Dropout, c.EvalEvery = .004, "constant", .3, 250
	change(&c)
	dir := filepath.Join(t.TempDir(), "run")
	tr, w, err := train.Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, tr.Run(context.Background(), train.Watcher{}))
	require.NoError(t, w.Close())
	return dir
}

func load(t *testing.T, dir string) *model.Model {
	t.Helper()
	m, err := model.Load(dir, "last")
	require.NoError(t, err)
	return m
}

func options(back ...*model.Model) Options {
	return Options{Backwards: back, Sentences: 2000, Fit: ratio.FitOptions{Steps: 150, Seed: 4}}
}

// A critic that was saved and loaded again draws the same sentences, after the
// backwards run is gone; whatever does not belong to it is refused.
func TestSavedCriticDrawsTheSame(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	back := run(t, func(c *train.Config) { c.Backwards, c.Hidden = true, 32 })
	m := load(t, dir)
	k, err := Train(m, options(load(t, back)))
	require.NoError(t, err)
	require.Less(t, k.Loss, math.Ln2)
	require.Greater(t, k.Gain, 0.0)
	require.NoError(t, k.Save(dir))
	require.NoError(t, k.Save(dir), "a second time")
	require.NoError(t, os.RemoveAll(back))

	again, err := Load(dir, load(t, dir))
	require.NoError(t, err)
	require.Equal(t, k.Report, again.Report)
	for _, o := range []SampleOptions{{Both: true}, {Method: ratio.Metropolis, Candidates: 5}, {Method: ratio.Reject}} {
		o.SampleOptions, o.Seed = generator.SampleOptions{Temperature: 0.9, NoUnk: true}, 7
		again, err := Load(dir, m) // one that has drawn nothing yet, where k has
		require.NoError(t, err)
		var texts [2][][]int32
		for i, c := range []*Critic{k, again} {
			s, err := c.NewSampler(o)
			require.NoError(t, err)
			texts[i], err = s.Draw(60)
			require.NoError(t, err)
		}
		require.Equal(t, texts[0], texts[1])
	}

	other := load(t, run(t, func(c *train.Config) { c.MLESteps = 60 }))
	_, err = Load(dir, other)
	require.ErrorContains(t, err, "belongs to the weights of step 120")
	same := load(t, run(t, func(c *train.Config) { c.Seed = 2 }))
	_, err = Load(dir, same)
	require.ErrorContains(t, err, "the critic belongs to other weights than those of step 120; train the critic again")
	_, err = Load(run(t, func(c *train.Config) { c.MLESteps = 5 }), m)
	require.ErrorIs(t, err, ErrNone)
	_, err = Load(t.TempDir(), m)
	require.ErrorContains(t, err, "not a run directory")

	path := filepath.Join(dir, "critic", "backwards.safetensors")
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	b[len(b)-2] ^= 1
	require.NoError(t, os.WriteFile(path, b, 0o644))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "checksum")
}

// sameScores asks two critics of the same sentences.
func sameScores(t *testing.T, a, b *Critic) {
	t.Helper()
	lines := [][]int32{{5, 6, 7, 2}, {9, 2}}
	want, _, err := a.Scores(lines)
	require.NoError(t, err)
	got, _, err := b.Scores(lines)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// A critic asks several backwards models, of any kind, and keeps them all.
func TestCriticOfSeveralBackwardsModels(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m := load(t, dir)
	backs := []*model.Model{
		load(t, run(t, func(c *train.Config) { c.Backwards, c.Hidden = true, 32 })),
		load(t, run(t, func(c *train.Config) { c.Backwards, c.Cell, c.Seed = true, "gru", 2 })),
	}
	k, err := Train(m, options(backs...))
	require.NoError(t, err)
	one, err := Train(m, options(backs[0]))
	require.NoError(t, err)
	require.Equal(t, one.Width()+1, k.Width())
	require.Less(t, k.Loss, math.Ln2)
	require.NoError(t, k.Save(dir))
	again, err := Load(dir, load(t, dir))
	require.NoError(t, err)
	sameScores(t, k, again)
	s, err := again.NewSampler(SampleOptions{Both: true, Seed: 3})
	require.NoError(t, err)
	_, err = s.Draw(20)
	require.NoError(t, err)
	byHeldOut := options(backs...)
	byHeldOut.LearnFrom = HeldOut
	h, err := Train(m, byHeldOut)
	require.NoError(t, err)
	require.Less(t, h.Loss, math.Ln2)
	require.NotEqual(t, k.Loss, h.Loss)

	path := filepath.Join(dir, "critic", "backwards-2.safetensors")
	require.NoError(t, os.Remove(path))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "backwards-2.safetensors")
	// One that is kept after it leaves nothing of the other behind.
	require.NoError(t, one.Save(dir))
	_, err = Load(dir, m)
	require.NoError(t, err)
}

// A critic that was kept before there could be several backwards models is read.
func TestCriticOfFormat1(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m := load(t, dir)
	k, err := Train(m, options(load(t, run(t, func(c *train.Config) { c.Backwards = true }))))
	require.NoError(t, err)
	require.NoError(t, k.Save(dir))
	path := filepath.Join(dir, "critic", "critic.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var d map[string]any
	require.NoError(t, json.Unmarshal(text, &d))
	b := d["backwards_models"].([]any)[0].(map[string]any)
	delete(d, "backwards_models")
	delete(d, "sha256")
	d["format"], d["backwards"], d["backwards_weights"] = 1, b["config"], b["weights"]
	text, err = json.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
	again, err := Load(dir, m)
	require.NoError(t, err)
	sameScores(t, k, again)
}

// Whatever is changed in the description of a critic is seen; that of before it had a checksum
// is read.
func TestDescriptionIsWhole(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m := load(t, dir)
	o := options()
	o.Fit.Steps = 5
	k, err := Train(m, o)
	require.NoError(t, err)
	require.NoError(t, k.Save(dir))
	path := filepath.Join(dir, Dir, describeFile)
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	for from, to := range map[string]string{`"bound": `: `"bound": 1`, `"report"`: "\"repor\xff\"", `"format": 5`: `"format": 4`, "{": "{ "} {
		require.Contains(t, string(whole), from)
		require.NoError(t, os.WriteFile(path, bytes.Replace(whole, []byte(from), []byte(to), 1), 0o600))
		_, err = Load(dir, m)
		require.ErrorContains(t, err, "was changed since it was written", from)
	}
	var d description
	require.NoError(t, json.Unmarshal(whole, &d))
	sum := fmt.Sprintf(",\n  \"sha256\": %q", d.Sum)
	require.Contains(t, string(whole), sum)
	require.NoError(t, os.WriteFile(path, bytes.Replace(whole, []byte(sum), nil, 1), 0o600))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "was changed since it was written", "one of today has its checksum")
	d.Format, d.Sum = 4, ""
	older, err := json.MarshalIndent(d, "", "  ")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, older, 0o600))
	again, err := Load(dir, m)
	require.NoError(t, err)
	sameScores(t, k, again)
}

// The likelihood of a backwards model is that of the whole line, and its
// sentences read forwards.
func TestBackwardsRun(t *testing.T) {
	m := load(t, run(t, func(c *train.Config) { c.Backwards, c.MLESteps = true, 600 }))
	learnt, held, err := m.Text()
	require.NoError(t, err)
	score, err := m.NLL(held.Lines)
	require.NoError(t, err)
	require.Less(t, score.PerToken(), 3.2)
	lines, err := m.Sample(300, generator.SampleOptions{}, 1)
	require.NoError(t, err)
	first := map[string]bool{}
	for _, l := range learnt.Lines {
		first[l[:1]] = true
	}
	require.NotEmpty(t, lines)
	starts, ends := 0, 0
	for _, l := range lines {
		if len(l) < 2 {
			continue
		}
		if l[:2] == "a " || l[:2] == "th" {
			starts++
		}
		if l[len(l)-2:] == " a" {
			ends++
		}
	}
	require.Greater(t, starts, 5*ends)
}

func TestTrainRefuses(t *testing.T) {
	m := load(t, run(t, func(c *train.Config) { c.MLESteps = 5 }))
	for message, o := range map[string]Options{
		"--backwards":                {Features: []string{"ratio"}},
		"not known":                  {Features: []string{"magic"}},
		"stat is named twice":        {Features: []string{"stat", "ngram", "stat"}},
		"lines to learn from":        {LearnFrom: "test"},
		"add ratio":                  {Features: []string{"stat", "ngram"}, Backwards: []*model.Model{m}},
		m.Dir() + " was not trained": {Backwards: []*model.Model{m}},
		"the generator's sentences":  {Sentences: 1 << 40},
		"vocabulary":                 {Backwards: []*model.Model{load(t, run(t, func(c *train.Config) { c.Backwards, c.MLESteps, c.MinCount = true, 5, 3 }))}},
	} {
		_, err := Train(m, o)
		require.ErrorContains(t, err, message)
	}
	// Every line holds the same words, so another split gives the same vocabulary.
	corpus := filepath.Join(t.TempDir(), "corpus.txt")
	var lines []string
	for _, order := range combin.Permutations(5, 5) {
		words := ""
		for _, i := range order {
			words += "abcde"[i:i+1] + " "
		}
		lines = append(lines, strings.TrimSpace(words))
	}
	require.NoError(t, os.WriteFile(corpus, []byte(strings.Join(lines, "\n")+"\n"), 0o644))
	same := func(c *train.Config) { c.Corpus, c.MLESteps = corpus, 5 }
	_, err := Train(load(t, run(t, same)), Options{Backwards: []*model.Model{load(t, run(t, func(c *train.Config) { same(c); c.Backwards, c.ValidFraction = true, 0.1 }))}})
	require.ErrorContains(t, err, "holds out")
	b := load(t, run(t, func(c *train.Config) { c.Backwards, c.MLESteps = true, 5 }))
	_, err = Train(b, Options{})
	require.ErrorContains(t, err, "forwards")
	k, err := Train(m, Options{Sentences: 200, Fit: ratio.FitOptions{Steps: 5}})
	require.NoError(t, err)
	_, err = k.NewSampler(SampleOptions{Both: true})
	require.ErrorContains(t, err, "--proposals forward")
	_, err = k.NewSampler(SampleOptions{SampleOptions: generator.SampleOptions{MaxLen: 10000}})
	require.ErrorContains(t, err, "up to")
}

// A critic needs two lines to be judged by.
func TestTrainRefusesOneHeldOutLine(t *testing.T) {
	m := load(t, run(t, func(c *train.Config) { c.MLESteps, c.CorpusLines, c.ValidFraction = 2, 40, 0.025 }))
	_, held, err := m.Text()
	require.NoError(t, err)
	require.Len(t, held.Lines, 1)
	_, err = Train(m, options())
	require.ErrorContains(t, err, "holds out 1 of 40 lines")
}

// A VAE has a critic too, by statistics alone.
func TestCriticOfVAE(t *testing.T) {
	m := load(t, run(t, func(c *train.Config) { c.Model, c.MLESteps, c.LatentDim, c.VAESamples = "vae", 20, 4, 1 }))
	k, err := Train(m, options())
	require.NoError(t, err)
	s, err := k.NewSampler(SampleOptions{})
	require.NoError(t, err)
	x, err := s.Draw(5)
	require.NoError(t, err)
	require.Len(t, x, 5)
	o := options()
	o.Features = []string{"stat", "ratio"}
	_, err = Train(m, o)
	require.Error(t, err)
}

// log p of sentences agrees with the tally of the same sentences.
func TestLogProbsAgreeWithTally(t *testing.T) {
	m := load(t, run(t, func(c *train.Config) { c.MLESteps = 30 }))
	_, held, err := m.Text()
	require.NoError(t, err)
	want, err := m.NLL(held.Lines)
	require.NoError(t, err)
	ids := make([][]int32, len(held.Lines))
	for i, line := range held.Lines {
		ids[i] = append(m.Vocab.Encode(line), 2)
	}
	l, err := m.Generator.Scorer(generator.ScoreOptions{})
	require.NoError(t, err)
	got := make([]float64, len(ids))
	require.NoError(t, l.LogProbs(got, ids))
	sum := 0.0
	for _, v := range got {
		sum -= v
	}
	require.InDelta(t, want.Nats, sum, 1e-3*want.Nats/100)
}

// A critic that is stopped while it draws, scores or learns is an error, and leaves the
// models as they were.
func TestTrainStops(t *testing.T) {
	m := load(t, run(t, func(*train.Config) {}))
	o := options(load(t, run(t, func(c *train.Config) { c.Backwards = true })))
	o.Sentences, o.Fit.Steps = 300, 20
	k, err := Train(m, o)
	require.NoError(t, err)
	var times, after atomic.Int64
	o.Fit.Stop = func() bool { return times.Add(1) >= after.Load() }
	after.Store(math.MaxInt64)
	_, err = Train(m, o)
	require.NoError(t, err)
	all := times.Load()
	require.Greater(t, all, int64(30))
	for _, n := range []int64{1, 2, all / 4, all / 2, all} {
		times.Store(0)
		after.Store(n)
		_, err := Train(m, o)
		require.ErrorContains(t, err, "stopped", "at question %d of %d", n, all)
	}
	o.Fit.Stop = nil
	again, err := Train(m, o)
	require.NoError(t, err)
	require.Equal(t, k.Params().Hash(), again.Params().Hash())
}
