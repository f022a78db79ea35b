package finished_test

import (
	"context"
	"math"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/train"
	"textgan/train/finished"
	"textgan/train/model"
	"textgan/train/rundir"
)

// run trains for a few steps and returns the run's directory.
func run(t testing.TB, change func(*train.Config)) string {
	t.Helper()
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.MLESteps, c.EvalSamples, c.Emb, c.Hidden = "mle", 300, 20, 20, 16, 16
	change(&c)
	dir := t.TempDir() + "/run"
	tr, w, err := train.Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, tr.Run(context.Background(), train.Watcher{}))
	require.NoError(t, w.Close())
	return dir
}

// Whatever the network, sentences are those of package model, one stream or many.
func TestSameAsModel(t *testing.T) {
	for name, change := range map[string]func(*train.Config){
		"lstm":        func(c *train.Config) { c.Layers = 2 },
		"tied gru":    func(c *train.Config) { c.Cell, c.Tie = "gru", true },
		"relational":  func(c *train.Config) { c.Cell, c.Slots = "relational", 2 },
		"transformer": func(c *train.Config) { c.Cell = "transformer" },
		"backwards":   func(c *train.Config) { c.Backwards = true },
		"char":        func(c *train.Config) { c.Tokenizer = "char" },
		"vae":         func(c *train.Config) { c.Model, c.Latent = "vae", "logistic" },
		"choices":     func(c *train.Config) { c.Model, c.Latent, c.LearnedPrior = "vae", "categorical", true },
	} {
		t.Run(name, func(t *testing.T) {
			dir := run(t, change)
			want, err := model.Load(dir, rundir.Last)
			require.NoError(t, err)
			_, err = finished.Open(os.DirFS(dir + "-none"))
			require.EqualError(t, err, "rundir: run: not a run directory (no such directory)")
			_, err = finished.Open(os.DirFS(dir+"/checkpoints"), "last", "best")
			require.EqualError(t, err, "rundir: run: not a run directory (it has no manifest.json)")
			_, err = finished.Open(os.DirFS(dir), "last", "best")
			require.ErrorContains(t, err, `2 checkpoints ["last" "best"] are named`)
			m, err := finished.Open(os.DirFS(dir))
			require.NoError(t, err)
			require.Equal(t, want.Step, m.Step())
			for _, o := range []finished.Options{{}, {Temperature: .7, TopK: 20, TopP: .9, Seed: 3}, {AllowUnk: true, MaxLen: 4, Seed: 5}} {
				o.N = 70
				lines, err := want.Sample(o.N, generator.SampleOptions{Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, MaxLen: o.MaxLen, NoUnk: !o.AllowUnk}, o.Seed)
				require.NoError(t, err)
				got, err := m.Lines(context.Background(), o)
				require.NoError(t, err)
				require.Equal(t, lines, got)
			}
		})
	}
}

// A sentence does not depend on the prompts beside its own, on how many are asked
// for, or on the calls that go on at the same time.
func TestPromptsAndCalls(t *testing.T) {
	dir := run(t, func(c *train.Config) { c.Tie = true })
	m, err := finished.Open(os.DirFS(dir), rundir.Best)
	require.NoError(t, err)
	prompts := []string{"the dog", "", "a"}
	var want []string
	for _, p := range prompts {
		lines, err := m.Lines(context.Background(), finished.Options{N: 20, Prompts: []string{p}, Seed: 9})
		require.NoError(t, err)
		for _, line := range lines {
			require.True(t, strings.HasPrefix(line, p), "%q", line)
		}
		want = append(want, lines...)
	}
	var calls sync.WaitGroup
	for range 4 {
		calls.Go(func() {
			got, err := m.Lines(context.Background(), finished.Options{N: 20, Prompts: prompts, Seed: 9})
			if err != nil || !reflect.DeepEqual(want, got) {
				t.Errorf("another text beside other calls: %v", err)
			}
		})
	}
	calls.Wait()
}

// What a client may ask for does not end the service: options that no memory is enough
// for are errors, or take what has been written until the call is given up.
func TestTooMuchIsAskedFor(t *testing.T) {
	m, err := finished.Open(os.DirFS(run(t, func(*train.Config) {})), rundir.Best)
	require.NoError(t, err)
	_, err = m.Lines(context.Background(), finished.Options{MaxLen: 1 << 40})
	require.ErrorContains(t, err, "give at most 1048576")
	_, err = m.Lines(context.Background(), finished.Options{N: math.MaxInt, Prompts: []string{"the", "a"}})
	require.ErrorContains(t, err, "more than can be counted")
	ctx, stop := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer stop()
	_, err = m.Lines(ctx, finished.Options{N: math.MaxInt})
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// Tokens come in order, and only the last of a sentence is its end.
func TestTokens(t *testing.T) {
	m, err := finished.Open(os.DirFS(run(t, func(*train.Config) {})))
	require.NoError(t, err)
	texts, ended := make([]string, 40), make([]bool, 40)
	for token, err := range m.Sample(context.Background(), finished.Options{N: 40}) {
		require.NoError(t, err)
		require.False(t, ended[token.Sentence])
		texts[token.Sentence] += token.Text
		ended[token.Sentence] = token.End
	}
	require.NotContains(t, ended, false)
	lines, err := m.Lines(context.Background(), finished.Options{N: 40})
	require.NoError(t, err)
	require.Equal(t, lines, texts)

	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	n := 0
	var last error
	for _, err := range m.Sample(ctx, finished.Options{N: 1000}) {
		if n++; n == 5 {
			cancel()
		}
		last = err
	}
	require.Equal(t, 6, n)
	require.ErrorIs(t, last, context.Canceled)
	for range m.Sample(context.Background(), finished.Options{N: 1000}) { // a reader that has enough
		break
	}
	for want, o := range map[string]finished.Options{
		"a word that it does not know":  {Prompts: []string{"the zyzzyva"}},
		"3 tokens leave no room in 2":   {Prompts: []string{"the dog sleeps"}, MaxLen: 2},
		"-1 sentences":                  {N: -1},
		"longest sample of -1 tokens":   {Prompts: []string{"the dog"}, MaxLen: -1},
		"top-k -2 must not be negative": {TopK: -2},
	} {
		_, err := m.Lines(context.Background(), o)
		require.ErrorContains(t, err, want)
	}
}

// A single file holds all that Open reads of a directory.
func TestSingleFile(t *testing.T) {
	dir := run(t, func(*train.Config) {})
	want, err := finished.Open(os.DirFS(dir), rundir.Best)
	require.NoError(t, err)
	file, err := os.Create(t.TempDir() + "/run.textgan")
	require.NoError(t, err)
	m, err := model.Load(dir, rundir.Best)
	require.NoError(t, err)
	require.NoError(t, m.Pack(file, nil))
	require.NoError(t, file.Close())
	content, err := os.ReadFile(file.Name())
	require.NoError(t, err)
	got, err := finished.Read(content)
	require.NoError(t, err)
	lines, err := want.Lines(context.Background(), finished.Options{N: 10})
	require.NoError(t, err)
	again, err := got.Lines(context.Background(), finished.Options{N: 10})
	require.NoError(t, err)
	require.Equal(t, lines, again)
	packed, err := model.Load(file.Name(), rundir.Last)
	require.NoError(t, err)
	require.Equal(t, m.Generator.Params().Hash(), packed.Generator.Params().Hash())

	longer := append(slices.Clone(content), 0)
	_, err = finished.Read(longer)
	require.EqualError(t, err, "rundir: something stands behind the end of the file; export it again")
	require.NoError(t, os.WriteFile(file.Name(), longer, 0o600))
	_, err = model.Load(file.Name(), rundir.Last)
	require.EqualError(t, err, "rundir: "+file.Name()+": not a run directory: rundir: something stands behind the end of the file; export it again")
	require.NoError(t, os.WriteFile(file.Name(), content[:len(content)-100], 0o600))
	_, err = model.Load(file.Name(), rundir.Last)
	require.ErrorContains(t, err, "the file is cut off or damaged; export it again")
	content[len(content)/2] ^= 1
	_, err = finished.Read(content)
	require.Error(t, err)
	require.NoError(t, os.WriteFile(file.Name(), content, 0o600))
	_, err = model.Load(file.Name(), rundir.Last)
	require.ErrorContains(t, err, "; export it again")
	_, err = finished.Read([]byte("no run"))
	require.ErrorContains(t, err, "no run in a single file")
}

// The table of settings repeats some rows of that of package model.
func TestSettingsAreThoseOfModel(t *testing.T) {
	rows := map[string]string{}
	c := reflect.TypeFor[model.Config]()
	for i := range c.NumField() {
		f := c.Field(i)
		rows[f.Tag.Get("opt")] = f.Tag.Get("default") + " " + f.Type.String()
	}
	s := finished.Settings
	for i := range s.NumField() {
		f := s.Field(i)
		require.Equal(t, rows[f.Tag.Get("opt")], f.Tag.Get("default")+" "+f.Type.String(), f.Name)
	}
}

// What a service imports: no graph, no trainer, few modules.
func TestImports(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.ImportPath}} {{with .Module}}{{.Path}}{{end}}", ".").Output()
	if err != nil {
		t.Skipf("go list: %v", err)
	}
	modules := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		path, module, _ := strings.Cut(strings.TrimSpace(line), " ")
		require.False(t, strings.HasPrefix(path, "gorgonia.org/"), "imports %s", path)
		require.NotContains(t, []string{"textgan/train", "textgan/generator", "textgan/corpora"}, path)
		if module != "" {
			modules[module] = true
		}
	}
	require.LessOrEqual(t, len(modules), 15)
}

// BenchmarkLines is the load of a service: calls of one sentence each, from as many
// goroutines as -cpu says.
func BenchmarkLines(b *testing.B) {
	m, err := finished.Open(os.DirFS(run(b, func(c *train.Config) { c.Emb, c.Hidden = 128, 256 })))
	require.NoError(b, err)
	b.ResetTimer() // the run was trained above
	b.RunParallel(func(pb *testing.PB) {
		for seed := uint64(0); pb.Next(); seed++ {
			if _, err := m.Lines(context.Background(), finished.Options{Seed: seed}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
