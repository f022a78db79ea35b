package train

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/train/rundir"
	"textgan/vocab"
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
	require.InEpsilon(t, *n.Train*9/10, *n.Gen, 1e-12)
	require.Equal(t, n.Own, *n.Train)
	require.Equal(t, n.Div, n.Gen)
	require.LessOrEqual(t, n.Known, n.Held)
	alone, err := m.NLLs(held.Lines, nil, two) // the training text is gone
	require.NoError(t, err)
	require.Equal(t, NLLs{Held: n.Held, Known: n.Known, Own: n.Own}, alone)

	all, err := m.Features(two)
	require.NoError(t, err)
	one, err := m.Features(two[1:])
	require.NoError(t, err)
	require.InDeltaSlice(t, all.RawRowView(1), one.RawRowView(0), 1e-6)

	m.run.Manifest.Corpus.SHA256 = "another"
	_, _, err = m.Text()
	require.ErrorContains(t, err, "not the text")
	m.Config.Corpus = "-"
	_, _, err = m.Text()
	require.ErrorContains(t, err, "standard input")
}

// From the files of a model and lines of text to features, scores and the name
// in signatures, by another program.
func TestFeaturesAgainstGolden(t *testing.T) {
	var want struct {
		Lines  []string
		Models []struct {
			Cell                string
			Layers, Emb, Hidden int
			SHA256              string
			Features            [][]float64
			Scores              []float64
		}
	}
	data, err := os.ReadFile("testdata/encoder.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &want))
	f, err := os.Open("testdata/vocab.json")
	require.NoError(t, err)
	defer f.Close()
	v, err := vocab.Load(f)
	require.NoError(t, err)
	for _, w := range want.Models {
		g, err := generator.New(generator.Config{Cell: w.Cell, Vocab: v.Size(), Emb: w.Emb, Hidden: w.Hidden, Layers: w.Layers}, 1)
		require.NoError(t, err)
		require.NoError(t, g.Params().ReadFile("testdata/encoder-"+w.Cell+".safetensors"))
		m := &Model{Vocab: v, Generator: g}
		require.Contains(t, m.EncoderName(), "weights:"+w.SHA256[:12])
		got, err := m.Features(slices.Repeat(want.Lines, 6)) // more than a batch
		require.NoError(t, err)
		for i := range 6 * len(want.Lines) {
			require.InDeltaSlice(t, w.Features[i%len(want.Lines)], got.RawRowView(i), 1e-5, want.Lines[i%len(want.Lines)])
		}
		for i, line := range want.Lines {
			tally, err := m.Score([]string{line})
			require.NoError(t, err)
			require.InEpsilon(t, w.Scores[i], tally.Nats, 1e-5, line)
		}
	}
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
