package critic

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/train"
	"textgan/vocab"
)

// The likelihood of a sentence is that of all its tokens and, if it was not cut, of its end.
func TestNgramLogProbs(t *testing.T) {
	sentences := [][]int32{{5, 6, 7}, {5, 6}, {6, 5, 7, 7}, {5}}
	k, err := eval.NewKneserNey(sentences, 3, 8)
	require.NoError(t, err)
	asked := [][]int32{{5, 6, 6, vocab.Eos}, {5, 6, 6}, {vocab.Eos}, {}}
	got := make([]float64, len(asked))
	require.NoError(t, ratio.Counted{Counts: k}.LogProbs(got, asked))
	all := k.LogProb([]int32{5, 6, 6})
	require.Len(t, all, 4)
	require.InDelta(t, all[0]+all[1]+all[2]+all[3], got[0], 1e-12)
	require.InDelta(t, all[0]+all[1]+all[2], got[1], 1e-12)
	require.InDelta(t, k.LogProb(nil)[0], got[2], 1e-12)
	require.Zero(t, got[3])
}

// A critic that counts n-grams learns held-out lines, tells more than statistics, and is the
// same when it was kept and loaded, after the training text is gone.
func TestCriticOfNgrams(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m := load(t, dir)
	o := options()
	o.Features = []string{"stat"}
	stat, err := Train(m, o)
	require.NoError(t, err)
	o.Features = []string{"ngram", "stat"}
	k, err := Train(m, o)
	require.NoError(t, err)
	t.Log(k.Report, stat.Report)
	require.Less(t, k.Loss, stat.Loss-0.01)
	require.Greater(t, k.Gain, stat.Gain)
	require.NoError(t, k.Save(dir))
	again, err := Load(dir, load(t, dir))
	require.NoError(t, err)
	sameScores(t, k, again)
	var drawn [2][][]int32
	for i, c := range []*Critic{k, again} {
		s, err := c.NewSampler(SampleOptions{Seed: 3})
		require.NoError(t, err)
		drawn[i], err = s.Draw(30)
		require.NoError(t, err)
	}
	require.Equal(t, drawn[0], drawn[1])

	path := filepath.Join(dir, "critic", "lines.safetensors")
	file, err := os.ReadFile(path)
	require.NoError(t, err)
	file[len(file)-8] ^= 1
	require.NoError(t, os.WriteFile(path, file, 0o644))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "lines.safetensors: its checksum")
	require.NoError(t, os.Remove(path))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "lines.safetensors")
	// One that counts nothing leaves nothing of it behind.
	require.NoError(t, stat.Save(dir))
	require.NoFileExists(t, path)
}

// N-grams stand beside backwards models, in any order of names; those propose, these do not.
func TestCriticOfNgramsAndBackwardsModels(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m, back := load(t, dir), load(t, run(t, func(c *train.Config) { c.Backwards = true }))
	o := options(back)
	o.Features = []string{"ngram", "stat", "ratio"}
	k, err := Train(m, o)
	require.NoError(t, err)
	require.Equal(t, 9, k.Width())
	f, err := k.Critic.Features([][]int32{{5, 6, 7, vocab.Eos}})
	require.NoError(t, err)
	other := options(back)
	other.Features = []string{"stat", "ratio"}
	b, err := Train(m, other)
	require.NoError(t, err)
	g, err := b.Critic.Features([][]int32{{5, 6, 7, vocab.Eos}})
	require.NoError(t, err)
	require.Equal(t, g[0][7], f[0][0], "the log ratio of the backwards model comes first")
	require.NoError(t, k.Save(dir))
	again, err := Load(dir, m)
	require.NoError(t, err)
	sameScores(t, k, again)
	s, err := again.NewSampler(SampleOptions{Both: true, Seed: 3})
	require.NoError(t, err)
	_, err = s.Draw(20)
	require.NoError(t, err)
}

// A VAE, whose likelihood is not known, is told from the text by what the n-grams say of it.
func TestNgramsOfAVAE(t *testing.T) {
	dir := run(t, func(c *train.Config) { c.Model, c.MLESteps, c.LatentDim, c.VAESamples = "vae", 20, 4, 1 })
	m := load(t, dir)
	o := options()
	o.Features = []string{"stat", "ngram"}
	k, err := Train(m, o)
	require.NoError(t, err)
	require.Less(t, k.Loss, math.Ln2)
	require.NoError(t, k.Save(dir))
	again, err := Load(dir, m)
	require.NoError(t, err)
	sameScores(t, k, again)
	s, err := again.NewSampler(SampleOptions{})
	require.NoError(t, err)
	x, err := s.Draw(5)
	require.NoError(t, err)
	require.Len(t, x, 5)
}

// A critic of format 3, which knew n-grams, is read as one of today.
func TestCriticOfFormat3(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	m := load(t, dir)
	o := options()
	o.Features = []string{"stat", "ngram"}
	k, err := Train(m, o)
	require.NoError(t, err)
	require.NoError(t, k.Save(dir))
	at := filepath.Join(dir, "critic")
	require.NoError(t, os.Rename(filepath.Join(at, "lines.safetensors"), filepath.Join(at, "ngram.safetensors")))
	path := filepath.Join(at, "critic.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var d map[string]any
	require.NoError(t, json.Unmarshal(text, &d))
	delete(d, "sha256")
	d["format"], d["ngram"] = 3, map[string]any{"order": d["ngram_order"], "sentences": d["training_lines"]}
	delete(d, "ngram_order")
	delete(d, "training_lines")
	text, err = json.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
	require.True(t, HoldsText(dir))
	again, err := Load(dir, m)
	require.NoError(t, err)
	sameScores(t, k, again)
}
