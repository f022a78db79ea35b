package train

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

func TestNLLsAndFeatures(t *testing.T) {
	c := small()
	c.Model, c.MLESteps = "mle", 2
	dir := t.TempDir()
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 0)
	m, err := Load(dir, rundir.Last)
	require.NoError(t, err)

	learnt, held, err := m.Text()
	require.NoError(t, err)
	require.Equal(t, tr.Data.Corpus.Lines, learnt.Lines)
	require.Equal(t, tr.Data.Valid.Lines, held.Lines)

	// Two sentences of 2 and 5 tokens, that is 3 and 6 with their ends, in 5
	// positions each.
	two := []string{"the dog", "the dog sees a cat"}
	n, err := m.NLLs(held.Lines, two, two)
	require.NoError(t, err)
	require.InEpsilon(t, n.Train*9/10, n.Gen, 1e-12)
	require.Equal(t, n.Own, n.Train)
	require.Equal(t, n.Div, n.Gen)
	require.LessOrEqual(t, n.Known, n.Held)

	all, err := m.Features(two)
	require.NoError(t, err)
	one, err := m.Features(two[1:])
	require.NoError(t, err)
	require.InDeltaSlice(t, all.RawRowView(1), one.RawRowView(0), 1e-6)

	m.Manifest.Corpus.SHA256 = "another"
	_, _, err = m.Text()
	require.ErrorContains(t, err, "not the text")
	m.Config.Corpus = "-"
	_, _, err = m.Text()
	require.ErrorContains(t, err, "standard input")
}

// The encoder is a language model of its text: it has to beat one that knows
// nothing.
func TestEncoder(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := small()
	d, err := Prepare(c, nil, nil)
	require.NoError(t, err)
	m, err := Encoder(context.Background(), d.Corpus.Lines, 1)
	require.NoError(t, err)
	tally, err := m.Score(d.Valid.Lines)
	require.NoError(t, err)
	require.Less(t, tally.PerToken(), .6*math.Log(float64(m.Vocab.Size())))
	require.Contains(t, m.EncoderName(), "lstm-1x128")
}
