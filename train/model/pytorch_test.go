package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/internal/rng"
	"textgan/vocab"
)

// The loader of docs/python.md reads what WritePyTorch writes: likelihoods and, under
// the same uniforms, sentences are those of this program.
func TestPyTorch(t *testing.T) {
	const python = "/usr/bin/python3" // the system's, which has the system's torch
	if out, err := exec.Command(python, "-c", "import torch, numpy").CombinedOutput(); err != nil {
		t.Skipf("no torch to compare with (apt-get install python3-torch): %v %.100s", err, out)
	}
	page, err := os.ReadFile("../../docs/python.md")
	require.NoError(t, err)
	loader := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	require.NotNil(t, loader)
	const n, T = 12, 9
	lines := []string{"the dog sleeps", "a cat is seen by the dog", "zyzzyva"}
	tok, err := vocab.NewTokenizer("word", "")
	require.NoError(t, err)
	v, err := vocab.Build(lines[:2], tok, vocab.Options{})
	require.NoError(t, err)
	type task struct {
		Path      string
		Sentences [][]int32
		Uniforms  [][]float64
	}
	type answer struct {
		NLL []float64
		IDs [][]int32
	}
	var tasks []task
	var want []answer
	dir := t.TempDir()
	for i, c := range []generator.Config{
		{Cell: "lstm", Emb: 5, Hidden: 7, Layers: 2},
		{Cell: "lstm", Emb: 6, Hidden: 6, Layers: 1, Tie: true},
		{Cell: "gru", Emb: 5, Hidden: 8, Layers: 2},
		{Cell: "gru", Emb: 6, Hidden: 6, Layers: 1, Tie: true},
	} {
		c.Vocab = v.Size()
		g, err := generator.New(c, 3)
		require.NoError(t, err)
		for _, p := range g.Params() { // biases of fresh weights are 0
			key := rng.Weights(4, p.Name)
			for j := range p.Data {
				if p.Data[j] > -1e8 {
					p.Data[j] += float32(key.Float64(uint32(j))) - .5
				}
			}
		}
		m := &Model{Config: Config{Cell: c.Cell, Seed: 1}, Vocab: v, Generator: g}
		path := filepath.Join(dir, fmt.Sprint(i))
		var file bytes.Buffer
		require.NoError(t, m.WritePyTorch(&file))
		require.NoError(t, os.WriteFile(path, file.Bytes(), 0o666))
		now, expect := task{Path: path}, answer{}
		for _, line := range lines {
			ids := v.Encode(line)
			now.Sentences = append(now.Sentences, ids)
			tally, err := m.NLL([]string{line})
			require.NoError(t, err)
			expect.NLL = append(expect.NLL, tally.Nats)
		}
		s, err := g.NewSampler(generator.SampleOptions{MaxLen: T, NoUnk: true})
		require.NoError(t, err)
		key := generator.Key{Seed: 5, Stream: rng.Sample}
		expect.IDs = s.Sample(n, key)
		for row := range n {
			u := make([]float64, T)
			for t := range u {
				u[t] = key.At(0, uint32(row)).Float64(uint32(t))
			}
			now.Uniforms = append(now.Uniforms, u)
		}
		tasks, want = append(tasks, now), append(want, expect)
	}
	text, err := json.Marshal(tasks)
	require.NoError(t, err)
	script := string(loader[1]) + `
import sys
answers = []
for t in json.load(sys.stdin):
    m = Model(t["Path"])
    assert m.tokens[:4] == ["<pad>", "<bos>", "<eos>", "<unk>"], m.tokens
    answers.append({"NLL": [m.nll(s) for s in t["Sentences"]], "IDs": [m.sample(u) for u in t["Uniforms"]]})
print(json.dumps(answers))
`
	cmd := exec.Command(python, "-c", script)
	cmd.Stdin, cmd.Stderr = bytes.NewReader(text), os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	var got []answer
	require.NoError(t, json.Unmarshal(out, &got))
	require.Len(t, got, len(want))
	for i := range want {
		require.InDeltaSlice(t, want[i].NLL, got[i].NLL, 1e-5)
		require.Equal(t, want[i].IDs, got[i].IDs)
	}
}

func TestNotPyTorch(t *testing.T) {
	tok, err := vocab.NewTokenizer("word", "")
	require.NoError(t, err)
	v, err := vocab.Build([]string{"a b"}, tok, vocab.Options{})
	require.NoError(t, err)
	g, err := generator.New(generator.Config{Cell: "relational", Vocab: v.Size(), Emb: 4, Hidden: 4, Layers: 1, Slots: 1, Heads: 1}, 1)
	require.NoError(t, err)
	m := &Model{Config: Config{Cell: "relational"}, Vocab: v, Generator: g}
	require.ErrorIs(t, m.WritePyTorch(&bytes.Buffer{}), ErrNotPyTorch)
	m.Config = Config{Cell: "lstm", Backwards: true}
	require.ErrorIs(t, m.WritePyTorch(&bytes.Buffer{}), ErrNotPyTorch)
}
