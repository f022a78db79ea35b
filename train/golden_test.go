package train

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/train/model"
	"textgan/train/rundir"
)

var newGolden = flag.String("golden", "", "make golden runs of this version; with -golden=again learn their ends under the instruction set in use")

// goldenRuns are stopped in the middle of a phase, at that step.
var goldenRuns = map[string]struct {
	at     int
	change func(*Config)
}{
	"mle":   {5, func(c *Config) { c.Model, c.MLESteps, c.Cell = "mle", 10, "gru" }},
	"gan":   {9, func(c *Config) { c.TauSchedule, c.SpectralNorm = "adaptive:entropy=1", true }},
	"score": {9, func(c *Config) { c.Estimator, c.Cell = "reinforce-moving-average", "relational" }},
	"vae":   {5, func(c *Config) { c.Model, c.MLESteps, c.LatentDim, c.VAESamples = "vae", 10, 2, 1 }},
}

// ends is what a golden run comes to under an instruction set.
type ends struct{ Weights, Record string } // checksums

const goldenDir = "testdata/golden"

// TestGoldenRuns: runs of all versions that were kept are resumed and end with the bits
// that they have ended with ever since, or they are refused by the version that wrote
// them.
func TestGoldenRuns(t *testing.T) {
	if *newGolden != "" && *newGolden != "again" {
		makeGolden(t, filepath.Join(goldenDir, *newGolden))
	}
	versions, err := os.ReadDir(goldenDir)
	require.NoError(t, err)
	require.NotEmpty(t, versions)
	for _, version := range versions {
		for name := range goldenRuns {
			t.Run(version.Name()+"/"+name, func(t *testing.T) {
				kept := filepath.Join(goldenDir, version.Name(), name)
				dir := filepath.Join(t.TempDir(), "run")
				require.NoError(t, os.CopyFS(dir, os.DirFS(kept)))
				tr, w, err := Resume(dir, nil, rundir.Start{Textgan: version.Name()})
				if err != nil {
					oneLine(t, err, version.Name())
					return
				}
				require.Empty(t, w.Note)
				got := ends{play(t, tr, w, 0), fmt.Sprintf("%x", sumOf([]byte(read(t, dir, rundir.MetricsFile))))}
				_, err = model.Load(dir, rundir.Last)
				require.NoError(t, err)
				path := filepath.Join(kept, "ends.json")
				var all map[string]ends
				if text, err := os.ReadFile(path); err == nil {
					require.NoError(t, json.Unmarshal(text, &all))
				}
				isa := runtime.GOARCH + " " + kernel.ISA()
				if *newGolden != "" {
					if all == nil {
						all = map[string]ends{}
					}
					all[isa] = got
					text, err := json.MarshalIndent(all, "", " ")
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(path, append(text, '\n'), 0o666))
				}
				want, known := all[isa]
				if !known {
					t.Skipf("what it comes to with %s is not on record", isa)
				}
				require.Equal(t, want, got)
			})
		}
	}
}

// makeGolden keeps what TestGoldenRuns resumes.
func makeGolden(t *testing.T, into string) {
	require.NoDirExists(t, into)
	for name, g := range goldenRuns {
		c := Options.Defaults()
		c.Corpus, c.CorpusLines = "builtin:arithmetic", 40
		c.Emb, c.Hidden, c.DEmb, c.DFilters, c.DWidths, c.Batch = 4, 4, 2, 2, []int{2}, 4
		c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples, c.LogEvery, c.EvalEvery, c.SaveEvery, c.Keep = 4, 2, 6, 2, 2, 3, 50, 1
		g.change(&c)
		dir := filepath.Join(into, name)
		tr, w, err := Start(c, dir, nil, rundir.Start{Textgan: filepath.Base(into), Command: []string{"textgan", "train"}})
		require.NoError(t, err)
		play(t, tr, w, g.at)
		events, err := filepath.Glob(filepath.Join(dir, "events.out.*"))
		require.NoError(t, err)
		for _, path := range append(events, filepath.Join(dir, ".lock"), filepath.Join(dir, "samples")) {
			require.NoError(t, os.RemoveAll(path))
		}
	}
}
