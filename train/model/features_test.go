package model_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/train"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// finished makes a run of a small language model in dir and lets it end.
func finished(t *testing.T, dir string, change func(*train.Config)) *train.Trainer {
	t.Helper()
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.Emb, c.Hidden, c.Batch, c.MLESteps, c.Dropout = "mle", 400, 16, 16, 16, 2, .2
	c.EvalSamples, c.SaveEvery, c.Patience = 20, 10, 0
	change(&c)
	tr, w, err := train.Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, tr.Run(context.Background(), train.Watcher{}))
	require.NoError(t, w.Close())
	return tr
}

func TestNLLsAndFeatures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	tr := finished(t, dir, func(*train.Config) {})
	m, err := model.Load(dir, rundir.Last)
	require.NoError(t, err)

	_, err = m.Sample(-1, generator.SampleOptions{}, 1)
	require.ErrorContains(t, err, "-1 sentences")
	learnt, held, err := m.Text()
	require.NoError(t, err)
	require.Equal(t, tr.Data.Learnt.Lines, len(learnt.Lines))
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
	nats, tokens, err := m.PerLine(held.Lines)
	require.NoError(t, err)
	sum, count := 0., 0
	for i, line := range held.Lines {
		require.Len(t, strings.Fields(line), tokens[i]-1)
		sum, count = sum+nats[i], count+tokens[i]
	}
	require.InEpsilon(t, n.Held, sum/float64(count), 1e-6)
	alone, err := m.NLLs(held.Lines, nil, two) // the training text is gone
	require.NoError(t, err)
	require.Equal(t, model.NLLs{Held: n.Held, Known: n.Known, Own: n.Own}, alone)

	all, err := m.Features(two)
	require.NoError(t, err)
	one, err := m.Features(two[1:])
	require.NoError(t, err)
	require.InDeltaSlice(t, all.RawRowView(1), one.RawRowView(0), 1e-6)

	manifest := filepath.Join(dir, "manifest.json")
	text, err := os.ReadFile(manifest)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(manifest, bytes.ReplaceAll(text, []byte(m.Manifest.Corpus.SHA256), []byte("another")), 0o600))
	m, err = model.Load(dir, rundir.Last)
	require.NoError(t, err)
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
		m := &model.Model{Vocab: v, Generator: g}
		require.Contains(t, m.EncoderName(), "weights:"+w.SHA256[:12])
		got, err := m.Features(slices.Repeat(want.Lines, 6)) // more than a batch
		require.NoError(t, err)
		for i := range 6 * len(want.Lines) {
			require.InDeltaSlice(t, w.Features[i%len(want.Lines)], got.RawRowView(i), 1e-5, want.Lines[i%len(want.Lines)])
		}
		for i, line := range want.Lines {
			tally, err := m.NLL([]string{line})
			require.NoError(t, err)
			require.InEpsilon(t, w.Scores[i], tally.Nats, 1e-5, line)
		}
	}
}
