package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// wrong are the findings that are not well, with what they say, by what they are of.
func wrong(t *testing.T, dir string) map[string]string {
	t.Helper()
	before := content(t, dir)
	found := faults(t, dir)
	require.Equal(t, before, content(t, dir), "nothing is written")
	return found
}

func faults(t *testing.T, dir string) map[string]string {
	t.Helper()
	findings, err := Verify(dir, nil)
	require.NoError(t, err)
	found := map[string]string{}
	for _, f := range findings {
		require.NotEmpty(t, f.Says, f.What)
		if !f.OK {
			found[f.What] = f.Says
		}
	}
	return found
}

// What is damaged is named, what can still be done is told, and what can be mended is.
func TestVerifyAndRepair(t *testing.T) {
	c := small()
	c.Model, c.MLESteps, c.SaveEvery, c.Keep = "mle", 21, 7, 5
	whole := filepath.Join(t.TempDir(), "whole")
	tr, w, err := Start(c, whole, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 0)
	require.Empty(t, wrong(t, whole))
	findings, err := Verify(whole, nil)
	require.NoError(t, err)
	require.Equal(t, Finding{What: "manifest.json", OK: true, Says: "mle, seed 1, started once"}, findings[0])
	did, err := Repair(whole)
	require.NoError(t, err)
	require.Empty(t, did)

	write := func(name, text string) func(string) {
		return func(dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600))
		}
	}
	remove := func(name string) func(string) {
		return func(dir string) { require.NoError(t, os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name)))) }
	}
	for name, d := range map[string]struct {
		damage func(dir string)
		wrong  map[string]string
		did    []string
		left   []string // wrong after a repair
	}{
		"last gone": {remove("checkpoints/last"), map[string]string{"checkpoints/last": "no last checkpoint yet"}, []string{"last now names the checkpoint of step 21"}, nil},
		"last leads nowhere": {write("checkpoints/last", "step-40\n"), map[string]string{"checkpoints/last": "it is gone"},
			[]string{"last now names the checkpoint of step 21"}, nil},
		"best gone":          {remove("checkpoints/best"), nil, []string{"best now names the checkpoint of step 21"}, nil},
		"best leads nowhere": {write("checkpoints/best", "step-4\n"), map[string]string{"checkpoints/best": "it is gone"}, []string{"best now names the checkpoint of step 21"}, nil},
		"newest checkpoint damaged": {write("checkpoints/step-21/weights.safetensors", "x"),
			map[string]string{"checkpoints/step-21": "does not match its checksum", "checkpoints/last": "damaged", "checkpoints/best": "damaged", "can be sampled": "damaged"},
			[]string{"last now names the checkpoint of step 20", "best now names the checkpoint of step 14"}, []string{"checkpoints/step-21"}},
		"leftover":         {write("checkpoints/.last.aside-0", "step-"), map[string]string{"leftovers": "checkpoints/.last.aside-0"}, []string{"removed checkpoints/.last.aside-0"}, nil},
		"record shortened": {write(rundir.MetricsFile, ""), map[string]string{rundir.MetricsFile: "has lost lines"}, nil, []string{rundir.MetricsFile}},
		"config edited": {write(rundir.ConfigFile, "seed = 7\n"), map[string]string{rundir.ConfigFile: "was changed", "can be resumed": "was changed", "can be sampled": "was changed"}, nil,
			[]string{rundir.ConfigFile, "can be resumed", "can be sampled"}},
		"manifest edited": {func(dir string) {
			text := read(t, filepath.Join(dir, "manifest.json"))
			require.Contains(t, text, `"lines": `)
			write("manifest.json", strings.Replace(text, `"lines": `, `"lines": 1`, 1))(dir)
		}, map[string]string{"manifest.json": "was changed since it was written"}, nil, []string{"manifest.json"}},
		"manifest of before it had a checksum": {func(dir string) {
			text := read(t, filepath.Join(dir, "manifest.json"))
			older := regexp.MustCompile(`,\s*"manifest_sha256": "[0-9a-f]{64}"`).ReplaceAllString(text, "")
			require.NotEqual(t, text, older)
			write("manifest.json", older)(dir)
		}, nil, nil, nil},
		"vocabulary gone": {remove(rundir.VocabFile), map[string]string{rundir.VocabFile: "no such file", "can be resumed": "no such file", "can be sampled": "no such file"}, nil,
			[]string{rundir.VocabFile, "can be resumed", "can be sampled"}},
		"held-out lines edited": {write(rundir.HeldOutFile, "x\n"), map[string]string{rundir.HeldOutFile: "checksum differs", "can be resumed": "checksum differs", "can be compared": "checksum differs"}, nil,
			[]string{rundir.HeldOutFile, "can be resumed", "can be compared"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "run")
			require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
			d.damage(dir)
			got := wrong(t, dir)
			for what, says := range d.wrong {
				require.Contains(t, got[what], says, what)
			}
			require.Len(t, got, len(d.wrong), "%v", got)
			did, err := Repair(dir)
			require.NoError(t, err)
			require.Equal(t, d.did, did)
			got = wrong(t, dir)
			for _, what := range d.left {
				require.NotEmpty(t, got[what], what)
			}
			require.Len(t, got, len(d.left), "%v", got)
		})
	}

	_, err = Verify(t.TempDir(), nil)
	require.ErrorIs(t, err, rundir.ErrNotRun)
	_, err = Repair(t.TempDir())
	require.ErrorIs(t, err, rundir.ErrNotRun)
	running, w, err := Start(c, filepath.Join(t.TempDir(), "running"), nil, rundir.Start{})
	require.NoError(t, err)
	_, err = Repair(w.Dir)
	oneLine(t, err, "is being written by another process")
	findings, err = Verify(w.Dir, nil)
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(findings[len(findings)-1].Says, "run") || running.Step == 0)
	require.NoError(t, w.Close())
}

// A process that dies after its first checkpoint and before it has named it: the run goes
// on from there, and its best is named.
func TestBestOfACheckpointThatWasNeverNamed(t *testing.T) {
	c := small()
	c.Model, c.MLESteps, c.SaveEvery, c.LR = "mle", 21, 7, 1e-38 // the first evaluation stays the best
	dir := filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	require.ErrorIs(t, tr.Run(ctx, Watcher{Eval: func(Evaluation) { stop() }}), ErrInterrupted)
	require.NoError(t, w.Close())
	for _, name := range []string{rundir.Last, rundir.Best} {
		require.NoError(t, os.Remove(filepath.Join(dir, "checkpoints", name)))
	}
	tr, w, err = Resume(dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.Equal(t, 7, tr.Step)
	require.Equal(t, "step-7\n", read(t, dir, "checkpoints", rundir.Best))
	play(t, tr, w, 0)
	require.Equal(t, "step-7\n", read(t, dir, "checkpoints", rundir.Best))
}

// A run of which no checkpoint is whole can be resumed, sampled and mended no more, which
// is said.
func TestVerifyWithoutWholeCheckpoint(t *testing.T) {
	dir, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	all, err := filepath.Glob(filepath.Join(dir, "checkpoints", "step-*", "weights.safetensors"))
	require.NoError(t, err)
	require.NotEmpty(t, all)
	for _, path := range all {
		require.NoError(t, os.Truncate(path, 10))
	}
	found := wrong(t, dir)
	require.Contains(t, found, "can be resumed")
	require.Contains(t, found, "can be sampled")
	require.Contains(t, found["can be resumed"], "weights.safetensors does not match its checksum")
	_, err = Repair(dir)
	if err != nil {
		require.NotContains(t, err.Error(), "\n")
	}
	require.Contains(t, wrong(t, dir), "can be resumed")
}

// A run that a process is writing is not taken for damaged, whatever that process has
// half written, has just saved, and removes meanwhile.
func TestVerifyOfARunThatIsWritten(t *testing.T) {
	c := small()
	c.Model, c.MLESteps, c.SaveEvery, c.EvalEvery, c.Keep = "mle", 100_000, 1, 0, 1
	dir := filepath.Join(t.TempDir(), "r")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoints", ".last.aside-7"), []byte("step-"), 0o600))
	require.Contains(t, faults(t, dir)["can be sampled"], "no last checkpoint yet")
	require.Len(t, faults(t, dir), 1)
	require.NoError(t, os.Remove(filepath.Join(dir, "checkpoints", ".last.aside-7")))
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- errors.Join(tr.Run(ctx, Watcher{}), w.Close()) }()
	var found map[string]string
	for looks := 0; looks < 20 && len(found) == 0; {
		found = faults(t, dir)
		if looks == 0 && strings.Contains(found["can be sampled"], "no last checkpoint yet") {
			delete(found, "can be sampled")
			continue
		}
		looks++
	}
	stop()
	require.ErrorIs(t, <-done, ErrInterrupted)
	require.Empty(t, found)
	require.Empty(t, faults(t, dir), "written no more")
}
