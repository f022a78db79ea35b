package sweep

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train"
	"textgan/train/rundir"
)

const example = `
[base]
model = "mle"
batch = 8

[axes]
seed = [1, 2, 3]
hidden = [16, 32]
d-widths = [[2, 3], [4]]

[[cell]]
hidden = 64

[[exclude]]
hidden = 16
d-widths = [4]
`

func read(t *testing.T, text string) *Plan {
	p, err := Read("x/s.toml", []byte(text), "")
	require.NoError(t, err)
	return p
}

// Cells and their order follow from the file alone.
func TestPlan(t *testing.T) {
	p := read(t, example)
	require.Equal(t, "x/s", p.Dir)
	var got []string
	for i, c := range p.Cells {
		require.Equal(t, i, c.Index)
		require.Equal(t, []Setting{{"batch", "8"}, {"model", "mle"}}, c.Common)
		var own []string
		for _, s := range c.Own {
			own = append(own, s.Name+"="+s.Value)
		}
		got = append(got, strings.Join(own, " "))
	}
	require.Equal(t, []string{
		"d-widths=2,3 hidden=16 seed=1", "d-widths=2,3 hidden=16 seed=2", "d-widths=2,3 hidden=16 seed=3",
		"d-widths=2,3 hidden=32 seed=1", "d-widths=2,3 hidden=32 seed=2", "d-widths=2,3 hidden=32 seed=3",
		"d-widths=4 hidden=32 seed=1", "d-widths=4 hidden=32 seed=2", "d-widths=4 hidden=32 seed=3",
		"hidden=64",
	}, got)
	require.Equal(t, p.Cells, read(t, "# another order\n[axes]\nhidden = [16, 32]\nd-widths = [[2, 3], [4]]\nseed = [1, 2, 3]\n"+
		"[base]\nbatch = 8\nmodel = \"mle\"\n[[cell]]\nhidden = 64\n[[exclude]]\nd-widths = [4]\nhidden = 16\n").Cells)
	require.Equal(t, filepath.Join("x/s", "0-"+p.Cells[0].Hash), p.RunDir(p.Cells[0]))
	one := read(t, "[base]\nseed = 4\n")
	require.Len(t, one.Cells, 1, "without axes there is one cell")
}

func TestAxesAreLists(t *testing.T) {
	_, err := Read("s.toml", []byte("[axes]\nseed = 1\n"), "")
	require.EqualError(t, err, "s.toml: axis seed is no list; give one, as seed = [...], or put it under [base]")
	require.ErrorAs(t, err, new(*config.Error))
	require.Equal(t, read(t, example).Cells, read(t, "\ufeff"+example).Cells) // as an editor on Windows writes it
}

func TestTooManyCells(t *testing.T) {
	list := "[" + strings.Repeat("1,", 999) + "1]"
	_, err := Read("s.toml", []byte("[axes]\nseed = "+list+"\nbatch = "+list), "")
	require.ErrorContains(t, err, "more than 100000 cells")
	require.ErrorAs(t, err, new(*config.Error))
}

// A run of the same index with other options is never gone on with.
func TestLook(t *testing.T) {
	p := read(t, example)
	p.Dir = t.TempDir()
	c := p.Cells[1]
	state, _, err := p.Look(c)
	require.NoError(t, err)
	require.Equal(t, Missing, state)
	require.NoError(t, p.Note(c, "no luck"))
	state, why, err := p.Look(c)
	require.NoError(t, err)
	require.Equal(t, Failed, state)
	require.Equal(t, "no luck", why)
	require.NoError(t, p.Note(c, ""))
	require.NoError(t, p.Note(c, ""), "nothing to forget")
	require.NoError(t, os.Mkdir(p.RunDir(c), 0o777))
	state, _, err = p.Look(c)
	require.NoError(t, err)
	require.Equal(t, Stopped, state)
	require.NoError(t, os.Mkdir(filepath.Join(p.Dir, "11-abc"), 0o777), "of another index")
	_, _, err = p.Look(c)
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(p.Dir, "1-abc"), 0o777))
	_, _, err = p.Look(c)
	require.ErrorIs(t, err, ErrChanged)
}

func TestMoments(t *testing.T) {
	runs := []map[string]float64{{"a": 1, "b": 1}, {"a": 2}, {"a": 4}, {"a": math.NaN()}}
	a := momentsOf("a", runs)
	require.Equal(t, 3, a.N)
	require.InDelta(t, 7./3, *a.Mean, 1e-12)
	require.InDelta(t, math.Sqrt(7./3), *a.SD, 1e-12) // (16+1+25)/9 over 2
	b := momentsOf("b", runs)
	require.Equal(t, 1., *b.Mean)
	require.Nil(t, b.SD)
	require.Nil(t, momentsOf("c", runs).Mean)
}

func FuzzRead(f *testing.F) {
	f.Add(example)
	f.Add("[axes]\nseed = [1]\n[[exclude]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Read("s.toml", []byte(text), "")
		if err != nil {
			require.ErrorAs(t, err, new(*config.Error), fmt.Sprint(err))
			return
		}
		again, err := Read("s.toml", []byte(text), "")
		require.NoError(t, err)
		require.Equal(t, p, again)
	})
}

// NLL_oracle is of the valid samples: without any there is none, and not the 0 of the record.
func TestNoOracleOfNoSentence(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "r")
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.Emb, c.Hidden, c.Batch, c.MLESteps, c.EvalSamples = "mle", 100, 4, 4, 4, 1, 3
	tr, w, err := train.Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, tr.Run(context.Background(), train.Watcher{}))
	log := func(valid float64) {
		require.NoError(t, w.Log(tr.Step, rundir.Field{Name: "different", Value: 1.0}, rundir.Field{Name: "valid", Value: valid}, rundir.Field{Name: "nll_oracle", Value: 0.0}))
	}
	log(0)
	last, err := lastEvaluation(dir)
	require.NoError(t, err)
	require.Equal(t, []Metric{{"different", 1}, {"valid", 0}}, last)
	log(0.5)
	last, err = lastEvaluation(dir)
	require.NoError(t, err)
	require.Equal(t, []Metric{{"different", 1}, {"valid", 0.5}, {"nll_oracle", 0}}, last)
	require.NoError(t, w.Close())
}
