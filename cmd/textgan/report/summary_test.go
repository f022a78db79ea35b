package report

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/corpora"
	"textgan/train/rundir"
)

// An evaluation belongs to the phase of its step, even if that has logged no step yet;
// a phase that keeps its best weights is told by them; what the language does not
// hold is marked.
func TestSummary(t *testing.T) {
	w, err := rundir.Create(filepath.Join(t.TempDir(), "run"), rundir.Content{}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	step := func(step int, phase string) {
		require.NoError(t, w.Log(step, rundir.Field{Name: "phase", Value: phase}, rundir.Field{Name: "accuracy/d", Value: 1.}))
	}
	eval := func(step int, nll, bleu, self float64) {
		require.NoError(t, w.Log(step, rundir.Field{Name: "nll/valid", Value: nll}, rundir.Field{Name: "bleu/4", Value: bleu}, rundir.Field{Name: "self_bleu/4", Value: self}, rundir.Field{Name: "different", Value: .1},
			rundir.Field{Name: "valid", Value: 0.}, rundir.Field{Name: "nll_oracle", Value: 0.}, rundir.Field{Name: "mi", Value: math.NaN()}))
	}
	eval(5, 2.5, .3, .2)
	eval(10, 2.75, .4, .3)
	step(10, "likelihood")
	step(20, "discriminator")
	eval(25, 2.6, .5, .6)
	step(30, "adversarial")
	language, err := corpora.NewLanguage("captions", corpora.Options{})
	require.NoError(t, err)
	require.NoError(t, w.SaveSamples(30, []string{language.Sample(1, 0), "dog dog"}))
	require.NoError(t, w.Close())
	require.NoError(t, Write(&w.Run, Options{Language: language}))
	content, err := os.ReadFile(w.Path(HTMLFile))
	require.NoError(t, err)
	page := string(content)
	for _, want := range []string{
		"worse after the adversarial phase than after the likelihood phase: 2.6000 against 2.5000 nats a token (&#43;0.1000, a single evaluation each).",
		"closer to real text at the price of variety",
		"The samples have collapsed: 10.0 %",
		"The discriminator tells 100.0 % of the pairs right",
		"after likelihood</th><td>5</td><td>2.5000</td>",
		"after adversarial</th><td>25</td><td>2.6000</td>",
		"entropy of the language",
		"Mutual information</b>: This chart cannot be drawn: no finite value to draw.",
		"<li>" + language.Sample(1, 0) + "</li>",
		`<span class="invalid">dog dog</span>`,
	} {
		require.Contains(t, page, want)
	}
	require.NotContains(t, page, "after discriminator")
	require.NotContains(t, page, "<b>NLL_oracle</b>", "of no valid sentence")
}
