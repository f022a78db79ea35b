package train

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/model"
	"textgan/train/rundir"
)

// The step size falls in a straight line, what stands between adversarial steps has that of
// the end, and cuts by --lr-decay come on top.
func TestStepSizeFalls(t *testing.T) {
	for schedule, want := range map[string][3]float64{"linear": {.1, .1 * (1 - .98/2), .002}, "constant": {.1, .1, .1}} {
		for _, kind := range []string{"mle", "vae"} {
			c := tiny()
			c.Model, c.LR, c.LRSchedule, c.MLESteps, c.EvalEvery = kind, .1, schedule, 4, 0
			d, err := model.Prepare(c.Config, nil, nil)
			require.NoError(t, err)
			tr, err := New(c, d)
			require.NoError(t, err)
			now := func() float64 {
				if p, ok := tr.fit.(*mle); ok {
					return p.opt.LR
				}
				require.Equal(t, tr.fit.(*elbo).decoder.LR, tr.fit.(*elbo).encoder.LR)
				return tr.fit.(*elbo).decoder.LR
			}
			for i, at := range []int{0, 2} {
				tr.since = at
				_, err = tr.Take()
				require.NoError(t, err)
				require.InEpsilon(t, want[i], now(), 1e-9, "%s, %s", kind, schedule)
			}
			tr.since, tr.best.Decays = 0, 2
			_, err = tr.Take()
			require.NoError(t, err)
			require.InEpsilon(t, .1*c.LRDecay*c.LRDecay, now(), 1e-9)
			c.Model, c.GeneratorModel, c.AdvSteps, c.MLEEvery = "gan", map[string]string{"mle": "lm", "vae": "vae"}[kind], 1, 1
			tr, err = New(c, d)
			require.NoError(t, err)
			require.NoError(t, tr.Enter(Adversarial))
			_, err = tr.Take()
			require.NoError(t, err)
			require.InEpsilon(t, want[2], now(), 1e-9, "%s, %s", kind, schedule)
		}
	}
}

// What nobody has said follows from the text and the kind of model, as the help tells, and is
// recorded; a run of before there was a schedule has a constant step size.
func TestLengthsFollowTheText(t *testing.T) {
	for option, told := range map[string]string{
		"lr":          fmt.Sprintf("0: %g, of a relational memory or a VAE %g and of a transformer %g", ofRecurrent.lr, ofVAE.lr, ofTransformer.lr),
		"back-lr":     fmt.Sprintf("0: %g, of a relational memory %g and of a transformer %g", ofRecurrent.lr, ofMemory.lr, ofTransformer.lr),
		"lr-schedule": fmt.Sprintf("default %s, of a VAE %s", ofRecurrent.schedule, ofVAE.schedule),
		"mle-steps":   fmt.Sprintf("no fewer than %d steps and no more than %d; of a VAE twice as many", ofRecurrent.steps(0, 1), ofRecurrent.steps(1e6, 1)),
	} {
		o, ok := Options.Find(option)
		require.True(t, ok)
		require.Contains(t, o.Doc, told)
	}
	for _, x := range []struct {
		change       func(*Config)
		lines        int
		lr           float64
		schedule     string
		steps, every int
		backLR       float64
	}{
		{func(c *Config) { c.Model = "mle" }, 30, .016, "linear", 200, 25, .016},
		{func(c *Config) {}, 1000, .016, "linear", 390, 48, .016},
		{func(c *Config) { c.BackCell = "transformer" }, 100000, .016, "linear", 2000, 250, .002},
		{func(c *Config) { c.Cell = "transformer" }, 9497, .002, "linear", 2000, 250, .002},
		{func(c *Config) { c.Cell = "relational" }, 9497, .004, "linear", 2000, 250, .004},
		{func(c *Config) { c.BackCell = "relational" }, 9497, .016, "linear", 2000, 250, .004},
		{func(c *Config) { c.Model, c.Cell = "vae", "relational" }, 9497, .004, "constant", 4000, 250, .004},
		{func(c *Config) { c.Model = "vae" }, 9497, .004, "constant", 4000, 250, .016},
		{func(c *Config) { c.GeneratorModel = "vae" }, 300, .004, "constant", 400, 50, .016},
		{func(c *Config) { c.MLESteps, c.EvalEvery, c.LR, c.LRSchedule = 7, 0, .5, "constant" }, 300, .5, "constant", 7, 0, .016},
		{func(c *Config) { c.MLESteps = 0 }, 300, .016, "linear", 0, 1, .016},
	} {
		c := Options.Defaults()
		x.change(&c)
		c = c.forText(x.lines)
		require.Equal(t, []any{x.lr, x.schedule, x.steps, x.every, x.backLR}, []any{c.LR, c.LRSchedule, c.MLESteps, c.evalEvery(true), c.BackLR})
		require.Equal(t, min(max(25*x.lines/64, 200), 2000), c.BackSteps)
		require.Equal(t, map[bool]int{true: 250, false: c.EvalEvery}[c.EvalEvery < 0], c.evalEvery(false))
	}
	c := tiny()
	c.Model, c.MLESteps = "mle", 3
	dir := filepath.Join(t.TempDir(), "run")
	_, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	path := filepath.Join(dir, rundir.ConfigFile)
	text := read(t, path)
	require.Contains(t, text, "lr = 0.016\n")
	require.Contains(t, text, "lr-schedule = 'linear'\n")
	var before []string
	for _, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "lr-schedule") {
			before = append(before, line)
		}
	}
	older := strings.Join(before, "\n")
	require.NoError(t, os.WriteFile(path, []byte(older), 0o600))
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	manifest := read(t, dir, "manifest.json")
	require.Contains(t, manifest, sum(text))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(strings.Replace(manifest, sum(text), sum(older), 1)), 0o600))
	r, err := rundir.Open(dir)
	require.NoError(t, err)
	settings, err := model.Settings(r)
	require.NoError(t, err)
	require.Equal(t, "constant", settings["lr-schedule"].Text)
}
