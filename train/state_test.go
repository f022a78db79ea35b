package train

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
)

// putBack replaces a file of a checkpoint, its checksum too, as a stranger would.
func putBack(t *testing.T, ck, name string, is []byte) {
	t.Helper()
	sum := func(text []byte) string { return fmt.Sprintf("%x  %s", sumOf(text), name) }
	path, sums := filepath.Join(ck, name), filepath.Join(ck, "SHA256SUMS")
	was := []byte(read(t, path))
	require.NoError(t, os.WriteFile(path, is, 0o600))
	list := read(t, sums)
	require.Contains(t, list, sum(was))
	require.NoError(t, os.WriteFile(sums, []byte(strings.Replace(list, sum(was), sum(is), 1)), 0o600))
}

// stopped is a run that was stopped at a step, and the directory of its checkpoint.
func stopped(t *testing.T, c Config, at int) (dir, ck string) {
	dir = filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, at)
	return dir, filepath.Join(dir, "checkpoints", fmt.Sprintf("step-%d", at))
}

// Every number of state.json, whatever it is replaced with, is refused by its name, and
// the run left alone, or is one that a run may well have.
func TestEveryNumberOfTheStateIsChecked(t *testing.T) {
	whatever := []string{"last_loss", "best_nll", "last_mi"} // any number will do
	for name, c := range map[string]func(*Config){
		"gan":         func(c *Config) { c.Estimator, c.TauSchedule = "gumbel-softmax", "adaptive:entropy=1" },
		"score":       func(c *Config) { c.Estimator = "reinforce-moving-average" },
		"vae":         func(c *Config) { c.Model, c.MLESteps = "vae", 40 },
		"cooperative": func(c *Config) { c.Model, c.CoopRounds, c.CoopSteps, c.CoopSentences = "mle", 1, 20, 100 },
	} {
		t.Run(name, func(t *testing.T) {
			conf := small()
			c(&conf)
			dir, ck := stopped(t, conf, 23)
			run, err := rundir.Open(dir)
			require.NoError(t, err)
			before := content(t, dir)
			was := read(t, ck, model.StateFile)
			var state map[string]json.RawMessage
			require.NoError(t, json.Unmarshal([]byte(was), &state))
			tr, err := reopen(run, nil)
			require.NoError(t, err)
			try := func(number, value string) {
				is := maps.Clone(state)
				is[number] = json.RawMessage(value)
				text, err := json.MarshalIndent(is, "", "  ")
				require.NoError(t, err)
				putBack(t, ck, model.StateFile, append(text, '\n'))
				checkpoint, err := run.LoadCheckpoint(rundir.Last)
				require.NoError(t, err)
				err = tr.restore(run, checkpoint)
				if err == nil {
					require.True(t, slices.Contains(whatever, number) || number == "scored" || number == "caught_up" || plausible(value), "%s = %s", number, value)
				} else {
					oneLine(t, err, number, ck)
				}
				putBack(t, ck, model.StateFile, []byte(was))
			}
			for number := range state {
				if number == "vocab" { // see TestLoadRefuses
					continue
				}
				for _, value := range []string{"null", "-1", "9223372036854775807", "1e300", `"discriminator "`, `""`, "{}", "[]", "[1]", "[0.5,7]", "true", `{"NLL":1}`, "1", "0.5", "40"} {
					try(number, value)
				}
			}
			try("phase", `"encoder"`)
			if name != "gan" && name != "score" {
				try("phase", `"adversarial"`) // of another model
			}
			require.Equal(t, before, content(t, dir))
			_, w, err := Resume(dir, nil, rundir.Start{})
			require.NoError(t, err)
			require.NoError(t, w.Close())
		})
	}
}

// plausible tells values of this test that some number of a run may have.
func plausible(value string) bool { return slices.Contains([]string{"1", "0.5", "40", "true"}, value) }

// The same of tensors: a second moment is never negative, and the ids among them are
// words of the vocabulary.
func TestTensorsOfTheStateAreChecked(t *testing.T) {
	c := small()
	c.Model, c.CoopRounds, c.CoopSteps, c.CoopSentences = "mle", 1, 20, 100
	dir, ck := stopped(t, c, 23)
	run, err := rundir.Open(dir)
	require.NoError(t, err)
	before := content(t, dir)
	for tensor, wrong := range map[string][]float32{"v.": {-1}, "cooperative.sentences": {-1, 1e9, 4.5}, "cooperative.weights": {-51, 51}} {
		for _, value := range wrong {
			tr, err := reopen(run, nil)
			require.NoError(t, err)
			last, err := run.LoadCheckpoint(rundir.Last)
			require.NoError(t, err)
			require.NoError(t, tr.restore(run, last))
			moments := tr.saved().Moments
			i := slices.IndexFunc(moments, func(p *nn.Param) bool { return strings.HasPrefix(p.Name, tensor) })
			moments[i].Data[len(moments[i].Data)-1] = value
			var b strings.Builder
			require.NoError(t, moments.Write(&b))
			was := read(t, ck, optimiserFile)
			putBack(t, ck, optimiserFile, []byte(b.String()))
			changed := content(t, dir)
			_, _, err = Resume(dir, nil, rundir.Start{})
			oneLine(t, err, moments[i].Name, fmt.Sprint(value), ck)
			require.Equal(t, changed, content(t, dir))
			putBack(t, ck, optimiserFile, []byte(was))
		}
	}
	require.Equal(t, before, content(t, dir))
}

// The checkpoint of another step, and a configuration that the manifest contradicts.
func TestResumeRefusesWhatContradicts(t *testing.T) {
	c := small()
	c.Model, c.MLESteps = "mle", 30
	dir, ck := stopped(t, c, 23)
	moved := filepath.Join(dir, "checkpoints", "step-24")
	require.NoError(t, os.Rename(ck, moved))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoints", rundir.Last), []byte("step-24\n"), 0o600))
	before := content(t, dir)
	_, _, err := Resume(dir, nil, rundir.Start{})
	oneLine(t, err, "step: 23 in checkpoint "+moved)
	require.Equal(t, before, content(t, dir))

	asOld(t, dir)
	path := filepath.Join(dir, rundir.ConfigFile)
	text := read(t, path)
	for _, change := range []string{"seed = 1|seed = 7", "model = 'mle'|model = 'gan'"} {
		was, is, _ := strings.Cut(change, "|")
		require.Contains(t, text, "\n"+was)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(text, "\n"+was, "\n"+is, 1)), 0o600))
		_, _, err := Resume(dir, nil, rundir.Start{})
		oneLine(t, err, "the run was started with --model mle --seed 1, and config.toml now says")
	}
}

// FuzzState: whatever stands in state.json is refused, or is a state that a run can go on
// from.
func FuzzState(f *testing.F) {
	c := small()
	c.Estimator, c.TauSchedule, c.CoopRounds, c.CoopSteps, c.CoopSentences, c.Batch, c.Critic = "gumbel-softmax", "adaptive:entropy=1", 1, 3, 100, 3, "none"
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(f, err)
	t, err := New(c, d)
	require.NoError(f, err)
	add := func() {
		state, err := t.saved().state()
		require.NoError(f, err)
		text, err := json.MarshalIndent(state, "", "  ")
		require.NoError(f, err)
		f.Add(text)
	}
	add()
	for range 24 {
		_, err := t.Take()
		require.NoError(f, err)
		t.enter()
	}
	add()
	f.Fuzz(func(test *testing.T, text []byte) {
		t.phase, t.since, t.Step = 0, 0, 0
		var state map[string]json.RawMessage
		if json.Unmarshal(text, &state) != nil {
			return
		}
		s := t.saved()
		if s.setState(state, func(name string) error { return fmt.Errorf("no %s", name) }) != nil || s.wrong(state) != nil {
			return
		}
		for range 2 {
			if t.enter(); t.phase == len(t.phases) {
				return
			}
			if _, err := t.Take(); err != nil {
				var diverged *Diverged
				require.ErrorAs(test, err, &diverged)
			}
		}
		if _, err := t.saved().state(); err != nil {
			test.Fatal(err)
		}
	})
}
