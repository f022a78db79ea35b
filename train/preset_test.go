package train

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/config"
	"textgan/train/rundir"
)

// Every preset is what testdata/presets.txt says, and a run that can be.
func TestPresets(t *testing.T) {
	var text strings.Builder
	for _, p := range Presets {
		fmt.Fprintf(&text, "%s: %s\n", p.Name, p)
		layers, err := WithPreset([]config.Layer{{"preset": {Text: p.Name}}})
		require.NoError(t, err)
		c, err := Options.Resolve(layers...)
		require.NoError(t, err)
		require.NoError(t, c.Check(), p.Name)
		require.Equal(t, PresetName(p.Name), c.Preset)
		for _, o := range p.options {
			why, _ := c.Idle(o[0])
			require.Empty(t, why, "%s: --%s", p.Name, o[0])
		}
	}
	want, err := os.ReadFile("testdata/presets.txt")
	require.NoError(t, err)
	require.Equal(t, string(want), text.String())
	o, _ := Options.Find("preset")
	for i, p := range Presets {
		require.Equal(t, p.Name, o.Choices[i])
	}
	require.Len(t, o.Choices, len(Presets))
	// None is a choice too, in a file and by a flag.
	for _, layer := range []config.Layer{{}, {"preset": {Text: ""}}} {
		c, err := Options.Resolve(layer)
		require.NoError(t, err)
		require.Empty(t, c.Preset)
		again, err := Options.File("config.toml", Options.TOML(c))
		require.NoError(t, err)
		resolved, err := Options.Resolve(again)
		require.NoError(t, err)
		require.Equal(t, c, resolved)
	}
}

// What is given beside a preset is stronger, wherever it comes from.
func TestOptionsOverridePresets(t *testing.T) {
	layers, err := WithPreset([]config.Layer{{"hidden": {Text: "48"}}, {"preset": {Text: "seqgan"}, "g-lr": {Text: "0.002"}}})
	require.NoError(t, err)
	c, err := Options.Resolve(layers...)
	require.NoError(t, err)
	require.Equal(t, 48, c.Hidden)
	require.Equal(t, .002, c.GLR)
	require.Equal(t, 32, c.Emb)
	_, err = WithPreset([]config.Layer{{"preset": {Text: "leakgan"}}})
	require.ErrorContains(t, err, `preset "leakgan" is not known; use lstm-mle, seqgan, `)
	same := []config.Layer{{"hidden": {Text: "48"}}}
	layers, err = WithPreset(same)
	require.NoError(t, err)
	require.Equal(t, same, layers)
}

// Every preset trains, made small, and the manifest names it.
func TestPresetsTrain(t *testing.T) {
	for _, p := range Presets {
		if testing.Short() && p.Name != "gsgan" {
			continue
		}
		t.Run(p.Name, func(t *testing.T) {
			layers, err := WithPreset([]config.Layer{{"preset": {Text: p.Name}}})
			require.NoError(t, err)
			c, err := Options.Resolve(layers...)
			require.NoError(t, err)
			c.Corpus, c.CorpusLines, c.Batch, c.Hidden, c.DFilters, c.EvalEvery, c.EvalSamples = "builtin:oracle", 200, 8, 8, 4, 0, 20
			c.MLESteps, c.DPre, c.AdvSteps, c.GSteps, c.DSteps = min(2, c.MLESteps), min(2, c.DPre), 2, 1, 1
			dir := filepath.Join(t.TempDir(), "run")
			tr, w, err := Start(c, dir, nil, rundir.Start{})
			require.NoError(t, err)
			play(t, tr, w, 0)
			var m struct{ Preset string }
			require.NoError(t, json.Unmarshal([]byte(read(t, dir, "manifest.json")), &m))
			require.Equal(t, p.Name, m.Preset)
		})
	}
}
