package train

import (
	"bytes"
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/cache"
	"textgan/internal/kernel"
	"textgan/train/model"
)

// The encoder is a language model of its text: it has to beat one that knows
// nothing.
func TestEncoder(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := small()
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	learnt, err := d.LearntCorpus(nil)
	require.NoError(t, err)
	e, err := NewEncoder(learnt.Lines, 1)
	require.NoError(t, err)
	m, err := e.Train(context.Background())
	require.NoError(t, err)
	tally, err := m.NLL(d.Valid.Lines)
	require.NoError(t, err)
	require.Less(t, tally.PerToken(), .6*math.Log(float64(m.Vocab.Size())))
	require.Contains(t, m.EncoderName(), "lstm-1x128")
}

// short is an encoder of a built-in text that is trained for a moment.
func short(t *testing.T, change func(*Config)) *Encoder {
	c := small()
	c.Corpus, c.CorpusLines = "builtin:captions", 200
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	e, err := NewEncoder(d.Valid.Lines, 1)
	require.NoError(t, err)
	e.config.MLESteps, e.config.EvalEvery, e.config.Hidden, e.config.Emb = 4, 2, 8, 8
	change(&e.config)
	e.key = encoderKey(e.config, e.data.SHA256)
	return e
}

// What is kept is what was trained, to the bit, and of these settings and this text.
func TestEncoderIsKept(t *testing.T) {
	dir := cache.Dir(t.TempDir())
	same := func(*Config) {}
	require.Nil(t, short(t, same).Kept(dir))
	m, err := short(t, same).Train(context.Background())
	require.NoError(t, err)
	require.NoError(t, short(t, same).Keep(dir, m))
	kept := short(t, same).Kept(dir)
	require.NotNil(t, kept)
	require.Equal(t, m.EncoderName(), kept.EncoderName())
	require.Equal(t, m.Step, kept.Step)
	lines := []string{"a girl feeds the horses", "the dogs sleep", ""}
	want, err := m.Features(lines)
	require.NoError(t, err)
	got, err := kept.Features(lines)
	require.NoError(t, err)
	require.Equal(t, want.RawMatrix().Data, got.RawMatrix().Data)

	require.Nil(t, short(t, func(c *Config) { c.Seed = 2 }).Kept(dir))
	require.Nil(t, short(t, func(c *Config) { c.LR *= 2 }).Kept(dir))
	other := short(t, same)
	other.key = encoderKey(other.config, "other text")
	require.Nil(t, other.Kept(dir))
	// Weights of another shape, as of a program that forgot to change its version.
	wide := short(t, func(c *Config) { c.Hidden = 16 })
	var b bytes.Buffer
	require.NoError(t, m.Generator.Params().Write(&b))
	require.NoError(t, dir.Put(wide.key, append(make([]byte, 8), b.Bytes()...)))
	require.Nil(t, wide.Kept(dir))
}

// Other weights than before need another encoderVersion, lest those of an earlier
// program be taken for them.
func TestEncoderVersion(t *testing.T) {
	if runtime.GOARCH != "amd64" || kernel.ISA() == "generic" {
		t.Skip("its bits are known for the assembly of amd64")
	}
	for hash, change := range map[string]func(*Config){
		"5dcd5b2da955": func(*Config) {},
		"002524e6e895": func(c *Config) { c.MLESteps, c.LR, c.Patience = 12, 1, 9 }, // whose step size is cut
	} {
		m, err := short(t, change).Train(context.Background())
		require.NoError(t, err)
		require.Equal(t, hash, map[int]string{3: m.Generator.Params().Hash()[:12]}[encoderVersion])
	}
}
