package critic

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/train"
	"textgan/vocab"
)

// The share is that of the longest run; neither <unk> nor an end is copied.
func TestCopied(t *testing.T) {
	f := newCopied([][]int32{{5, 6, 7, 8}, {5, vocab.Unk, 6}, {}})
	for _, c := range []struct {
		sentence []int32
		share    float32
	}{
		{[]int32{5, 6, 7, 8, vocab.Eos}, 1},
		{[]int32{9, 6, 7, 9, vocab.Eos}, 0.5},
		{[]int32{9, 6, 7, 9}, 0.5}, // one that was cut
		{[]int32{5, vocab.Unk, 6, vocab.Eos}, 1. / 3},
		{[]int32{vocab.Unk, vocab.Eos}, 0},
		{[]int32{vocab.Eos}, 0},
		{nil, 0},
	} {
		dst := [][]float32{{9}}
		require.NoError(t, f.Fill(dst, [][]int32{c.sentence}))
		require.Equal(t, c.share, dst[0][0], "%v", c.sentence)
	}
}

// A critic with a limit makes sentences that copy less, is the same when it was kept and loaded, and
// keeps the training lines for it.
func TestCopyLimit(t *testing.T) {
	dir := run(t, func(c *train.Config) { c.MLESteps = 60 })
	m := load(t, dir)
	back := load(t, run(t, func(c *train.Config) { c.Backwards, c.MLESteps = true, 600 }))
	o := options(back)
	free, err := Train(m, o)
	require.NoError(t, err)
	require.NoError(t, free.Save(dir))
	require.False(t, HoldsText(dir))
	limit := 0.01
	o.CopyLimit = &limit
	k, err := Train(m, o)
	require.NoError(t, err)
	require.Equal(t, free.Width()+1, k.Width())
	require.NoError(t, k.Save(dir))
	require.True(t, HoldsText(dir))
	again, err := Load(dir, load(t, dir))
	require.NoError(t, err)
	sameScores(t, k, again)

	learnt, _, err := m.Text()
	require.NoError(t, err)
	train, err := m.Vocab.EncodeAll(learnt.Lines, vocab.EncodeOptions{MaxLen: m.Config.MaxLen, Truncate: true})
	require.NoError(t, err)
	index := eval.NewCopyIndex(train)
	share := func(c *Critic, candidates int) float64 {
		s, err := c.NewSampler(SampleOptions{Candidates: candidates, Seed: 3})
		require.NoError(t, err)
		x, err := s.Draw(2000)
		require.NoError(t, err)
		for i := range x {
			x[i] = vocab.WithoutEnd(x[i])
		}
		return eval.CopiesOf(x, index).Share
	}
	own := share(free, 1)
	require.Greater(t, share(free, 4), own+0.03)
	require.InDelta(t, own+limit, share(again, 4), 0.02)

	require.NoError(t, os.Remove(filepath.Join(dir, "critic", "lines.safetensors")))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "lines.safetensors")
	path := filepath.Join(dir, "critic", "critic.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var d description
	require.NoError(t, json.Unmarshal(text, &d))
	d.Format, d.Sum, d.Lines = 4, "", ""
	text, err = json.Marshal(d)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, text, 0o644))
	_, err = Load(dir, m)
	require.ErrorContains(t, err, "without the training lines")

	less := -0.01
	o.CopyLimit = &less
	_, err = Train(m, o)
	var option *OptionError
	require.ErrorAs(t, err, &option)
}
