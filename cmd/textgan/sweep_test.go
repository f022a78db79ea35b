package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train/rundir"
	"textgan/train/sweep"
)

// asCommand makes the test program the command, for runs in processes of their
// own.
const asCommand = "RUN_AS_COMMAND=1"

func TestMain(m *testing.M) {
	if slices.Contains(os.Environ(), asCommand) {
		main()
	}
	os.Exit(m.Run())
}

const smallSweep = `
[base]
corpus-lines = 100
emb = 8
hidden = 8
d-emb = 8
d-filters = 4
batch = 8
mle-steps = 4
d-pretrain = 1
adv-steps = 2
eval-samples = 4
[axes]
seed = [1, 2]
estimator = ["gumbel-softmax", "rloo"]
[[cell]]
corpus = "nowhere.txt"
`

// A directory that cannot be made is told once.
func TestSweepWithoutDirectory(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("s.toml", []byte(smallSweep), 0o666))
	require.NoError(t, os.Symlink("nowhere/at/all", "s"))
	var talk bytes.Buffer
	require.NotZero(t, runOut(io.Discard, &talk, "textgan sweep run s.toml --index 0"))
	require.Equal(t, 1, strings.Count(talk.String(), "mkdir"), talk.String())
}

// What a file of train --config may not say, that of a sweep may not either, and it says what there is instead.
func TestSweepRefusesWhatIsNoSetting(t *testing.T) {
	for _, o := range config.New[trainOptions]().Options {
		if o.InFile {
			continue
		}
		_, err := sweep.Read("s.toml", []byte("[base]\n"+o.Name+" = 1\n"), "")
		require.ErrorContains(t, err, "s.toml: cell 0: "+o.Name+" is no setting of a run; ")
	}
}

// All runs here, two at a time, come to what one after the other by index come to.
func TestSweepAll(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("s.toml", []byte(smallSweep), 0o666))
	var talk bytes.Buffer
	p := &process{in: strings.NewReader(""), out: io.Discard, talk: &talk, environ: append(os.Environ(), asCommand), now: time.Now}
	require.Equal(t, 1, p.run(context.Background(), []string{"textgan", "sweep", "run", "s.toml", "--all", "--jobs", "2"}))
	require.Contains(t, talk.String(), "textgan: 1 of 5 runs failed: 4; textgan sweep table s.toml says why\n")
	require.Equal(t, 6, strings.Count(talk.String(), "\n"), talk.String())

	for _, index := range []string{"3", "0", "1", "2"} {
		require.Zero(t, runOut(io.Discard, io.Discard, "textgan sweep run s.toml --dir one --index "+index))
	}
	runs, err := filepath.Glob("one/*-*/checkpoints/last")
	require.NoError(t, err)
	require.Len(t, runs, 4)
	for _, path := range runs {
		step, err := os.ReadFile(path)
		require.NoError(t, err)
		weights := filepath.Join(filepath.Dir(path), strings.TrimSpace(string(step)), "weights.safetensors")
		here, err := os.ReadFile(weights)
		require.NoError(t, err)
		all, err := os.ReadFile(strings.Replace(weights, "one", "s", 1))
		require.NoError(t, err)
		require.True(t, bytes.Equal(here, all), weights)
	}

	// The tables are the same but for the run that nobody has tried.
	tables := [2]string{}
	for i, dir := range []string{"s", "one"} {
		var out bytes.Buffer
		talk.Reset()
		require.Zero(t, runOut(&out, &talk, "textgan sweep table s.toml --html "+dir+".html --dir "+dir))
		tables[i] = out.String()
	}
	require.Equal(t, tables[0], tables[1])
	require.Equal(t, "runs: 4 done, 1 missing\n", talk.String())
	page, err := os.ReadFile("s.html")
	require.NoError(t, err)
	require.Contains(t, string(page), "<svg")
	require.Contains(t, string(page), "open nowhere.txt: no such file or directory")
	require.NotContains(t, string(page), "cannot be drawn")
	require.NotContains(t, string(page), "<script")

	var out bytes.Buffer
	require.Zero(t, runOut(&out, io.Discard, "textgan sweep table s.toml --frontier --json"))
	require.Contains(t, out.String(), `"planes":[`)
}

// A run that another process is writing is left to it: it has not failed.
func TestSweepLeavesRunsToOthers(t *testing.T) {
	t.Chdir(t.TempDir())
	file := strings.Split(strings.Replace(smallSweep, "[1, 2]", "[1]", 1), "[[cell]]")[0]
	require.NoError(t, os.WriteFile("s.toml", []byte(file), 0o666))
	plan, err := sweep.Read("s.toml", []byte(file), "")
	require.NoError(t, err)
	require.Len(t, plan.Cells, 2)
	dir := plan.RunDir(plan.Cells[0])
	w, err := rundir.Create(dir, rundir.Content{}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	var talk bytes.Buffer
	require.Equal(t, 1, runOut(io.Discard, &talk, "textgan sweep run s.toml --index 0"))
	require.Equal(t, "textgan: run 0 of s.toml is being written by another process: "+dir+"\n", talk.String())
	talk.Reset()
	p := &process{in: strings.NewReader(""), out: io.Discard, talk: &talk, environ: append(os.Environ(), asCommand), now: time.Now}
	require.Zero(t, p.run(context.Background(), []string{"textgan", "sweep", "run", "s.toml", "--all", "--dir", "s"}), talk.String())
	require.Contains(t, talk.String(), "run 0 of 2 is left to another process: "+dir+"\n")
	require.Contains(t, talk.String(), "run 1 of 2 done in ")
	require.Contains(t, talk.String(), "1 of 2 runs are left to other processes: 0; textgan sweep table s.toml --dir s tells how far they are\n")
	require.NoFileExists(t, dir+".error")
	require.NoError(t, w.Close())
}

// Of two processes that begin a run at once one makes its directory first: the other leaves the
// run to it, although it is not locked yet. A directory of other files is a failure.
func TestSweepLeavesRunsThatAreBegun(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("s.toml", []byte(smallSweep), 0o666))
	plan, err := sweep.Read("s.toml", []byte(smallSweep), "")
	require.NoError(t, err)
	dir := plan.RunDir(plan.Cells[0])
	require.NoError(t, os.MkdirAll(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes"), nil, 0o666))
	var talk bytes.Buffer
	require.Equal(t, 2, runOut(io.Discard, &talk, "textgan sweep run s.toml --index 0"))
	require.Contains(t, talk.String(), "holds other files")
	require.FileExists(t, dir+".error")

	require.NoError(t, os.RemoveAll(dir))
	require.NoError(t, os.Remove(dir+".error"))
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.False(t, taken(plan.Cells[0], plan, false))
	quicker := make(chan *rundir.Writer)
	go func() {
		time.Sleep(300 * time.Millisecond)
		w, _ := rundir.Create(dir, rundir.Content{}, rundir.Start{}, rundir.Options{})
		quicker <- w
	}()
	require.True(t, taken(plan.Cells[0], plan, true))
	w := <-quicker
	require.NotNil(t, w)
	require.NoError(t, w.Close())
}

// What the formats make of a table.
func TestSweepFormats(t *testing.T) {
	mean, sd := .12346, .01
	table := &sweep.Table{
		Options: []string{"estimator"}, Metrics: []string{"self_bleu/4", "nll"},
		Rows: []sweep.Row{
			{Options: []sweep.Setting{{Name: "estimator", Value: "a|b_{\x1b\n"}}, Runs: 3, Done: 2, Values: []sweep.Moments{{N: 2, Mean: &mean, SD: &sd}, {N: 1, Mean: &mean}}},
			{Options: []sweep.Setting{{Name: "estimator", Value: "c,d"}}, Runs: 3, Values: make([]sweep.Moments, 2)},
		},
	}
	for name, want := range map[string]string{
		"text": "estimator    runs  self_bleu/4      nll\n" +
			"a|b_{\\x1b\\n  2/3   0.1235 ± 0.0100  0.1235\n" +
			"c,d          0/3   -                -\n",
		"csv": "estimator,runs,done,self_bleu/4,self_bleu/4 sd,self_bleu/4 n,nll,nll sd,nll n\n" +
			"\"a|b_{\x1b\n\",3,2,0.12346,0.01,2,0.12346,,1\n" +
			"\"c,d\",3,0,,,0,,,0\n",
		"markdown": "| estimator | runs | self\\_bleu/4 | nll |\n|---|---:|---:|---:|\n" +
			"| a\\|b\\_{\\x1b\\n | 2/3 | 0.1235 ± 0.0100 | 0.1235 |\n" +
			"| c,d | 0/3 | - | - |\n",
		"latex": "\\begin{tabular}{lrrr}\n\\toprule\nestimator & runs & self\\_bleu/4 & nll \\\\\n\\midrule\n" +
			"a|b\\_\\{\\textbackslash{}x1b\\textbackslash{}n & 2/3 & 0.1235 $\\pm$ 0.0100 & 0.1235 \\\\\n" +
			"c,d & 0/3 & - & - \\\\\n\\bottomrule\n\\end{tabular}\n",
	} {
		var b bytes.Buffer
		require.NoError(t, sweepFormats[name](&b, table))
		require.Equal(t, want, b.String(), name)
	}
}
