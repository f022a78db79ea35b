package report

import (
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
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

// What moves of BLEU and self-BLEU mean depends on what real text has.
func TestWhatBLEUMeans(t *testing.T) {
	for _, c := range []struct {
		before, after, real float64
		want                string
	}{
		{.5, .6, .7, ": closer to real text, and more varied."},
		{.5, .8, .7, ": more BLEU than real text is a sign of safe sentences rather than of better ones."},
		{.7, .6, .8, ": more varied, and farther from real text."},
		{.9, .8, .7, ": no less BLEU than real text as far as can be told, and more varied."},
		{.9, .71, .72, ": no less BLEU than real text as far as can be told, and more varied."},
	} {
		at := func(bleu, self float64) evaluation {
			return evaluation{values: map[string]float64{"bleu/4": bleu, "self_bleu/4": self}, stdErr: map[string]float64{"bleu/4": .01, "self_bleu/4": .01}}
		}
		var p page
		d := document{reference: reference{real: map[string]float64{"bleu/4": c.real, "self_bleu/4": .6}, realErr: .01}}
		d.tellBLEU(&p, at(c.before, .9), at(c.after, .8))
		require.Len(t, p.Verdict, 1)
		require.True(t, strings.HasSuffix(p.Verdict[0], c.want), p.Verdict[0])
	}
}

// Samples of a text that repeats itself have not collapsed by repeating themselves.
func TestCollapsed(t *testing.T) {
	require.True(t, Collapsed(.1, .98))
	require.True(t, Collapsed(.1, math.NaN()))
	require.False(t, Collapsed(.1, .3))
	require.False(t, Collapsed(.3, .98))
	require.InDelta(t, 2./3, DifferentShare(strings.Fields("a b a")), 1e-9)
	require.Zero(t, DifferentShare(nil))

	warnings := func(phase string, real float64, values map[string]float64) string {
		values["nll/valid"] = 2
		e := evaluation{Phase: phase, Step: 1, values: values}
		var p page
		d := document{evaluations: []evaluation{e}, final: values, reference: reference{different: real}}
		d.verdict(&p, e, e, nil)
		return strings.Join(p.Warnings, "\n")
	}
	require.Contains(t, warnings("adversarial", .98, map[string]float64{"different": .1}), "have collapsed: 10.0 % of them are different sentences. Go back to an earlier checkpoint; a smaller --g-lr")
	require.Equal(t, "The samples have collapsed: 10.0 % of them are different sentences.", warnings("likelihood", .98, map[string]float64{"different": .1}))
	require.Empty(t, warnings("adversarial", .01, map[string]float64{"different": .1}))
	require.Contains(t, warnings("elbo", .98, map[string]float64{"kl/valid": .01}), "Try a smaller --kl-weight, more --free-bits or --word-dropout.")
}

// A record that has lost lines is told: its evaluations are what a report is made of.
func TestRecordThatHasLostLines(t *testing.T) {
	w, err := rundir.Create(filepath.Join(t.TempDir(), "run"), rundir.Content{}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	for step := 1; step <= 2; step++ {
		require.NoError(t, w.Log(step, rundir.Field{Name: "phase", Value: "likelihood"}, rundir.Field{Name: "nll/valid", Value: 2.}))
	}
	weights := rundir.File{Name: "weights", Write: func(out io.Writer) error { _, err := io.WriteString(out, "w"); return err }}
	require.NoError(t, w.SaveCheckpoint(2, []rundir.File{weights}, true))
	require.NoError(t, w.Close())
	page := func() string {
		require.NoError(t, Write(&w.Run, Options{}))
		content, err := os.ReadFile(w.Path(HTMLFile))
		require.NoError(t, err)
		return string(content)
	}
	require.NotContains(t, page(), "not what it was")
	require.NoError(t, os.Truncate(w.Path(rundir.MetricsFile), 10))
	require.Contains(t, page(), "The record is not what it was: ")
}
