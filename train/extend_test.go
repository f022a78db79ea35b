package train

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train/rundir"
)

// leftBy is all that a run leaves behind and that follows from its options: the last
// checkpoint, the record, settings, samples, and which checkpoint is the best.
func leftBy(t *testing.T, dir string) map[string]string {
	t.Helper()
	r, err := rundir.Open(dir)
	require.NoError(t, err)
	last, err := r.LoadCheckpoint(rundir.Last)
	require.NoError(t, err)
	left := map[string]string{"last": fmt.Sprint(last.Step)}
	if best, err := r.LoadCheckpoint(rundir.Best); err == nil {
		left["best"] = fmt.Sprint(best.Step)
	}
	files, err := filepath.Glob(filepath.Join(last.Dir, "*"))
	require.NoError(t, err)
	samples, err := filepath.Glob(filepath.Join(dir, "samples", "*"))
	require.NoError(t, err)
	for _, path := range append(append(files, samples...), r.Path(rundir.MetricsFile), r.Path(rundir.ConfigFile)) {
		left[filepath.Base(path)] = read(t, path)
	}
	return left
}

// longer runs c, which is then made longer by options, and holds it against one long run.
func longer(t *testing.T, c, long Config, stop int, options ...string) {
	t.Helper()
	c.Hidden, c.Emb, c.CorpusLines, long.Hidden, long.Emb, long.CorpusLines = 8, 8, 200, 8, 8, 200
	one, parts := filepath.Join(t.TempDir(), "run"), filepath.Join(t.TempDir(), "run")
	endedRun(t, long, one)
	want := leftBy(t, one)
	tr, w, err := Start(c, parts, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, stop)
	_, w, err = Extend(parts, layers(options...), nil, rundir.Start{Command: []string{"extend"}})
	require.NoError(t, err)
	require.NoError(t, w.Close()) // cut off before it has taken a step
	require.Empty(t, wrong(t, parts))
	tr, w, err = Resume(parts, nil, rundir.Start{})
	require.NoError(t, err)
	if stop == 0 && !tr.beforeEnd() {
		play(t, tr, w, tr.Step+1) // and stopped once more
		tr, w, err = Resume(parts, nil, rundir.Start{})
		require.NoError(t, err)
	}
	play(t, tr, w, 0)
	got := leftBy(t, parts)
	if c.Model == "gan" && c.ScoreFunction() { // whose schedule of tau is another, and not read
		tau := regexp.MustCompile(`"tau":[0-9.e-]+`)
		for _, left := range []map[string]string{want, got} {
			left[rundir.MetricsFile] = tau.ReplaceAllString(left[rundir.MetricsFile], `"tau":`)
			delete(left, "record.json") // its checksum, and that of this
			delete(left, "SHA256SUMS")
		}
	}
	for name := range want {
		require.Equal(t, want[name], got[name], name)
	}
	require.Len(t, got, len(want))
	r, err := rundir.Open(parts)
	require.NoError(t, err)
	require.Equal(t, options[1], r.Manifest.Starts[1].Extended[options[0]])
	require.NoFileExists(t, filepath.Join(parts, "config.toml.next"))
	_, err = r.Settings()
	require.NoError(t, err)
}

// rounds gives a run two of them, which are small, and ofRounds says so as options.
func rounds(c *Config) {
	c.CoopRounds, c.CoopSteps, c.CoopSentences, c.CoopBatch, c.BackSteps, c.BackHidden = 2, 8, 300, 16, 9, 12
}

var ofRounds = []string{"coop-steps", "8", "coop-sentences", "300", "coop-batch", "16"}

func layers(options ...string) []config.Layer { return []config.Layer{given(options...)} }

// A run that was made longer is one long run, bit for bit: weights, the best of them,
// optimisers, counters, record, samples and settings.
func TestExtendedRunsAreLongOnes(t *testing.T) {
	for name, x := range map[string]struct {
		change, more func(*Config)
		stop         int // of the shorter run; 0: it ends
		options      []string
	}{
		"mle": {func(c *Config) { c.Model, c.MLESteps = "mle", 14 }, func(c *Config) { c.MLESteps = 30 }, 0, []string{"mle-steps", "30"}},
		"mle between evaluations": {func(c *Config) { c.Model, c.MLESteps, c.LogEvery = "mle", 10, 4 }, func(c *Config) { c.MLESteps = 25 }, 0,
			[]string{"mle-steps", "25", "hidden", "8"}},
		"mle with rates that fell": {func(c *Config) { c.Model, c.MLESteps, c.EvalEvery, c.LR, c.Patience, c.Keep = "mle", 30, 3, .3, 9, 20 }, func(c *Config) { c.MLESteps = 36 }, 0,
			[]string{"mle-steps", "36"}},
		"by another metric": {func(c *Config) { c.Model, c.MLESteps, c.Best, c.EvalEvery, c.Keep = "mle", 13, "self-bleu-2", 4, 9 }, func(c *Config) { c.MLESteps = 30 }, 0,
			[]string{"mle-steps", "30"}},
		"mle in the middle": {func(c *Config) { c.Model, c.MLESteps = "mle", 14 }, func(c *Config) { c.MLESteps = 30 }, 9, []string{"mle-steps", "30"}},
		"gan":               {func(c *Config) { c.TauSchedule, c.AdvSteps = "0.7", 8 }, func(c *Config) { c.AdvSteps = 17 }, 0, []string{"adv-steps", "17"}},
		"gan, adaptive": {func(c *Config) { c.TauSchedule, c.AdvSteps = "adaptive:entropy=1", 7 }, func(c *Config) { c.AdvSteps = 10 }, 0,
			[]string{"adv-steps", "10"}},
		"gan, a schedule of its own": {func(c *Config) { c.TauSchedule, c.AdvSteps, c.Keep = "linear:from=1,to=0.5,steps=5", 4, 9 }, func(c *Config) { c.AdvSteps = 9 }, 0,
			[]string{"adv-steps", "9"}},
		"gan that asks a backwards model": {func(c *Config) {
			c.DKind, c.Estimator, c.SpectralNorm, c.BackSteps, c.AdvSteps, c.Keep = "reverse-lm", "rloo", false, 4, 6, 9
		},
			func(c *Config) { c.AdvSteps = 11 }, 0, []string{"adv-steps", "11"}},
		"gan with one and without a game": {func(c *Config) {
			c.DKind, c.Estimator, c.SpectralNorm, c.BackSteps, c.AdvSteps = "reverse-lm", "rloo", false, 4, 0
		},
			func(c *Config) { c.AdvSteps = 5 }, 0, []string{"adv-steps", "5"}},
		"gan with rounds": {func(c *Config) { coop(c); c.Model, c.AdvSteps, c.CoopRounds, c.Critic = "gan", 4, 1, "stat" }, func(c *Config) { c.CoopRounds = 2 }, 0,
			[]string{"coop-rounds", "2"}},
		"gan before its game": {func(c *Config) {}, func(c *Config) { c.MLESteps, c.AdvSteps = 21, 30 }, 6, []string{"mle-steps", "21", "adv-steps", "30"}},
		"gan without a game":  {func(c *Config) { c.AdvSteps = 0 }, func(c *Config) { c.AdvSteps = 9 }, 0, []string{"adv-steps", "9"}},
		"vae": {func(c *Config) {
			c.Model, c.MLESteps, c.LatentDim, c.VAESamples, c.KLAnneal = "vae", 14, 3, 1, "none"
		}, func(c *Config) { c.MLESteps = 24 }, 0, []string{"mle-steps", "24"}},
		"vae, a rise of its own": {func(c *Config) {
			c.Model, c.MLESteps, c.LatentDim, c.VAESamples, c.KLSteps, c.Aggressive = "vae", 10, 3, 1, 9, 10
		}, func(c *Config) { c.MLESteps = 16 }, 0, []string{"mle-steps", "16"}},
		"mle without rounds": {func(c *Config) { c.Model, c.MLESteps, c.LRSchedule = "mle", 14, "linear" }, func(c *Config) { rounds(c); c.BackCell = "transformer" }, 0,
			append([]string{"coop-rounds", "2", "back-cell", "transformer", "back-hidden", "12", "back-steps", "9"}, ofRounds...)},
		"mle without rounds, and longer": {func(c *Config) { c.Model, c.MLESteps = "mle", 14 },
			func(c *Config) { rounds(c); c.MLESteps, c.Critic, c.BackSteps, c.BackHidden = 20, "stat", -1, 0 }, 0,
			append([]string{"coop-rounds", "2", "mle-steps", "20", "critic", "stat"}, ofRounds...)},
		"mle without rounds, in the middle": {func(c *Config) { c.Model, c.MLESteps = "mle", 14 }, func(c *Config) { rounds(c); c.BackSteps, c.BackHidden = -1, 0; c.CoopRounds = 1 }, 9,
			append([]string{"coop-rounds", "1"}, ofRounds...)},
		"gan without rounds": {func(c *Config) { c.AdvSteps = 4 }, rounds, 0, append([]string{"coop-rounds", "2", "back-hidden", "12", "back-steps", "9"}, ofRounds...)},
		"gan that asks a backwards model, without rounds": {func(c *Config) {
			c.DKind, c.Estimator, c.SpectralNorm, c.BackSteps, c.BackHidden, c.AdvSteps = "reverse-lm", "rloo", false, 9, 12, 4
		}, rounds, 0, append([]string{"coop-rounds", "2"}, ofRounds...)},
		"cooperative": {func(c *Config) { coop(c); c.CoopRounds = 1 }, func(c *Config) { c.CoopRounds = 2 }, 0, []string{"coop-rounds", "2"}},
	} {
		t.Run(name, func(t *testing.T) {
			if few := []string{"mle between evaluations", "gan", "vae", "cooperative"}; testing.Short() && !slices.Contains(few, name) {
				t.Skip("one run of every model is made longer")
			}
			c := small()
			c.LRSchedule = "constant"
			x.change(&c)
			long := c
			x.more(&long)
			longer(t, c, long, x.stop, x.options...)
		})
	}
}

// What one long run would not have been is refused, with the reason, and left as it is.
func TestExtendRefuses(t *testing.T) {
	for name, x := range map[string]struct {
		change  func(*Config)
		stop    int
		options []string
		says    string
	}{
		"no length":   {func(c *Config) { c.Model = "mle" }, 0, nil, "--extend needs the new length: --mle-steps, --adv-steps or --coop-rounds"},
		"shorter":     {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "3"}, "--mle-steps 3: the run has 14, and --extend makes it longer"},
		"as long":     {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "14"}, "is as long already, and done; name a greater length"},
		"another":     {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "20", "hidden", "9"}, `--hidden 9: a run that is made longer keeps its other settings, and hidden is "8"`},
		"another lr":  {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "20", "lr", "0.1"}, "--lr 0.1: a run that is made longer"},
		"no phase":    {func(c *Config) { c.Model = "mle" }, 0, []string{"adv-steps", "900"}, "has no such phase to make longer: drop --adv-steps"},
		"no number":   {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "x"}, "--mle-steps x: want a whole number"},
		"evaluations": {func(c *Config) { c.Model, c.EvalEvery = "mle", -1 }, 0, []string{"mle-steps", "20"}, "--eval-every -1 follows --mle-steps: one long run would have been evaluated every 2 steps, and this one was every 1"},
		"step size":   {func(c *Config) { c.Model, c.LRSchedule = "mle", "linear" }, 0, []string{"mle-steps", "20"}, "--lr-schedule linear follows --mle-steps: the step size of step 13 would have been larger in one long run"},
		"both": {func(c *Config) { c.Model, c.EvalEvery, c.LRSchedule = "mle", -1, "linear" }, 0, []string{"mle-steps", "20"},
			"start a new run, with --lr-schedule constant and an --eval-every of its own if it is to be made longer"},
		"tau":  {func(c *Config) {}, 0, []string{"adv-steps", "40"}, "--tau-schedule exponential:from=1,to=0.5 follows --adv-steps: tau of step 1 was 0.9659, and would have been 0.9828 in one long run"},
		"beta": {func(c *Config) { c.Model, c.LatentDim, c.VAESamples = "vae", 2, 1 }, 0, []string{"mle-steps", "40"}, "--kl-anneal linear follows --mle-steps: beta of step 1 was 0.2857, and would have been 0.1 "},
		"tau of a code": {func(c *Config) {
			c.Model, c.Latent, c.LatentDim, c.Categories, c.VAESamples, c.KLAnneal = "vae", "categorical", 2, 3, 1, "none"
		}, 0, []string{"mle-steps", "40"}, "--latent-tau exponential:from=1,to=0.5 follows --mle-steps: tau of step 1"},
		"begun":                    {func(c *Config) { c.TauSchedule = "1" }, 0, []string{"mle-steps", "20"}, "--mle-steps: phase discriminator has begun"},
		"just begun":               {func(c *Config) { c.TauSchedule = "1" }, 15, []string{"mle-steps", "20"}, "--mle-steps: phase discriminator has begun"},
		"patience":                 {func(c *Config) { c.Model, c.MLESteps, c.EvalEvery, c.LR, c.Patience = "mle", 90, 3, .5, 2 }, 0, []string{"mle-steps", "100"}, "by --patience 2; more steps would not be taken"},
		"no lines for rounds":      {func(c *Config) { c.Model, c.ValidFraction = "mle", .005 }, 0, []string{"coop-rounds", "2"}, "--coop-rounds: the run holds out 1 line"},
		"a run for rounds":         {func(c *Config) { c.Model = "mle" }, 0, []string{"coop-rounds", "2", "back-run", "b"}, "--back-run b: a run that is made longer keeps its other settings"},
		"of no round":              {func(c *Config) { c.Model = "mle" }, 0, []string{"mle-steps", "20", "coop-sentences", "300"}, "--coop-sentences 300: a run that is made longer keeps"},
		"of rounds that there are": {func(c *Config) { coop(c); c.CoopRounds = 1 }, 0, []string{"coop-rounds", "2", "coop-sentences", "400"}, "--coop-sentences 400: a run that is made longer keeps"},
		"no rounds more": {func(c *Config) {
			coop(c)
			c.Critic, c.CoopLR, c.CoopRounds = "none", 99, 3
		}, 0, []string{"coop-rounds", "4"}, "the cooperative rounds ended early, at step 34"},
		"one kept": {func(c *Config) { c.Model, c.Keep = "mle", 1 }, 0, []string{"mle-steps", "20"}, "has no checkpoint left from before its end to go on from; a run keeps one with --keep 2 or more"},
		"the best is gone": {func(c *Config) { c.Model, c.MLESteps, c.EvalEvery, c.Keep, c.SaveEvery = "mle", 13, 5, 2, 0 }, 0, []string{"mle-steps", "20"},
			"was at its best at its end"},
	} {
		t.Run(name, func(t *testing.T) {
			c := small()
			c.Hidden, c.Emb, c.CorpusLines, c.LRSchedule = 8, 8, 200, "constant"
			x.change(&c)
			dir := filepath.Join(t.TempDir(), "run")
			tr, w, err := Start(c, dir, nil, rundir.Start{})
			require.NoError(t, err)
			play(t, tr, w, x.stop)
			before := content(t, dir)
			_, _, err = Extend(dir, layers(x.options...), nil, rundir.Start{})
			oneLine(t, err, x.says)
			require.Equal(t, before, content(t, dir))
		})
	}
	_, _, err := Extend(t.TempDir(), layers("mle-steps", "9"), nil, rundir.Start{})
	oneLine(t, err, "not a run directory")
	c := small()
	c.Model = "mle"
	dir := filepath.Join(t.TempDir(), "run")
	_, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, _, err = Extend(dir, layers("mle-steps", "20"), nil, rundir.Start{})
	oneLine(t, err, "has no checkpoint to go on from; start a new one")
}

// A run that is made longer and was cut off goes on when it is asked again.
func TestExtendAgain(t *testing.T) {
	c := small()
	c.Model, c.LRSchedule = "mle", "constant"
	dir := filepath.Join(t.TempDir(), "run")
	endedRun(t, c, dir)
	for _, stop := range []int{16, 18, 0} {
		tr, w, err := Extend(dir, layers("mle-steps", "20"), nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, stop)
	}
	whole := filepath.Join(t.TempDir(), "run")
	c.MLESteps = 20
	endedRun(t, c, whole)
	require.Equal(t, leftBy(t, whole), leftBy(t, dir))

	// Settings whose place an extension has not come to put them in.
	settings := read(t, dir, rundir.ConfigFile)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.toml.next"), []byte(settings), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, rundir.ConfigFile), []byte(strings.Replace(settings, "mle-steps = 20", "mle-steps = 14", 1)), 0o600))
	r, err := rundir.Open(dir)
	require.NoError(t, err)
	text, err := r.Settings()
	require.NoError(t, err)
	require.Equal(t, settings, string(text))
	did, err := Repair(dir)
	require.NoError(t, err)
	require.Equal(t, []string{"removed config.toml.next"}, did)
	require.Equal(t, settings, read(t, dir, rundir.ConfigFile))
}
