package train

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/model"
	"textgan/train/rundir"
)

// Every metric of the table chooses the checkpoint that the record says, stopped and
// resumed or not, and moves no weight.
func TestBestByEveryMetric(t *testing.T) {
	hash := map[string]string{} // by model
	for _, m := range metrics {
		c := tiny()
		c.Corpus, c.EvalEvery, c.LogEvery, c.Keep, c.LR, c.GLR = "builtin:arithmetic", 3, 1, 1, .02, .05
		c.MLESteps, c.AdvSteps, c.Best = 6, 12, m.name
		if m.needs == "vae" {
			c.Model, c.MLESteps, c.LatentDim, c.VAESamples, c.KLAnneal = "vae", 15, 2, 1, "none"
		}
		dir := filepath.Join(t.TempDir(), "run")
		tr, w, err := Start(c, dir, nil, rundir.Start{})
		require.NoError(t, err, m.name)
		play(t, tr, w, 7)
		tr, w, err = Resume(dir, nil, rundir.Start{})
		require.NoError(t, err)
		end := play(t, tr, w, 0)
		if hash[c.Model] == "" {
			hash[c.Model] = end
		}
		require.Equal(t, hash[c.Model], end, m.name)
		require.NotEmpty(t, tr.Config.Best)

		r, err := rundir.Open(dir)
		require.NoError(t, err)
		require.Equal(t, string(m.name), r.Manifest.Best)
		step, value, values := 0, 0., 0
		for rec, err := range r.Metrics() {
			require.NoError(t, err)
			v, ok := rec.Float(m.field)
			if !ok || m.field == "nll_oracle" && validOf(rec) == 0 {
				continue
			}
			if values++; values == 1 || m.better(v, value) {
				step, value = rec.Step, v
			}
		}
		require.Greater(t, values, 2, m.name)
		best, err := model.Load(dir, rundir.Best)
		require.NoError(t, err)
		require.Equal(t, step, best.Step, m.name)

		// The name is found again in the record.
		require.NoError(t, os.WriteFile(filepath.Join(dir, "checkpoints", "best"), []byte("step-99\n"), 0o600))
		did, err := Repair(dir)
		require.NoError(t, err)
		require.Equal(t, []string{fmt.Sprintf("best now names the checkpoint of step %d", step)}, did)
	}
}

func validOf(rec rundir.Record) float64 {
	v, _ := rec.Float("valid")
	return v
}

func TestBestRefuses(t *testing.T) {
	for best, says := range map[Metric]string{
		"bleu":        `metric "bleu" is not known; use nll, bleu-2, `,
		"elbo":        "--best elbo is a number of the codes of a VAE",
		"self-bleu-3": "raise --eval-samples",
		"valid":       "of a built-in language",
	} {
		c := tiny()
		c.Best, c.EvalSamples = best, 1
		if best == "valid" {
			c.Corpus = filepath.Join(t.TempDir(), "c.txt")
			require.NoError(t, os.WriteFile(c.Corpus, []byte("a b\nc d\ne f\n"), 0o600))
			c.ValidFraction = .4
		}
		_, _, err := Start(c, filepath.Join(t.TempDir(), "run"), nil, rundir.Start{})
		oneLine(t, err, says)
	}
	for _, m := range metrics { // each is a field of the record, which the help names
		o, _ := Options.Find("best")
		require.Contains(t, o.Choices, string(m.name))
	}
	c := tiny()
	tr := trained(t, c, dataOf(t, c))
	e, _, err := tr.Evaluate(tr.Step)
	require.NoError(t, err)
	v, ok := metrics[0].of(e)
	require.True(t, ok)
	require.Equal(t, e.NLL, v)
}
