package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
)

// Every temperature of samples has the limits of the sampler, told before a run is opened.
func TestTemperatureLimits(t *testing.T) {
	t.Chdir(t.TempDir())
	limits := map[string]string{"0.0009": "want at least 0.001", "1000.5": "want at most 1000"}
	for tau, want := range map[float64]bool{0.0009: false, 0.001: true, 1000: true, 1000.5: false} {
		err := generator.SampleOptions{MaxLen: 5, Temperature: tau}.Check(9)
		require.Equal(t, want, err == nil, "%v: %v", tau, err)
	}
	found := 0
	for _, at := range places("", (&process{}).app().Commands) {
		for _, f := range at.flags {
			if !strings.HasPrefix(f.Name, "temperature") {
				continue
			}
			found++
			line := "textgan " + at.path + " --run none "
			if strings.HasPrefix(at.path, "vae ") {
				line += map[string]string{"reconstruct": "--corpus none ", "interpolate": "--from a --to b "}[strings.Fields(at.path)[1]]
			} else if at.path == "eval nll" {
				line += "--corpus none "
			}
			for tau, want := range limits {
				var talk strings.Builder
				require.Equal(t, 2, runOut(io.Discard, &talk, line+"--"+f.Name+" "+tau), "%s: %s", at.path, talk.String())
				require.Contains(t, talk.String(), want, at.path)
			}
			for _, tau := range []string{"0.001", "1000"} {
				var talk strings.Builder
				require.Equal(t, 1, runOut(io.Discard, &talk, line+"--"+f.Name+" "+tau), "%s: %s", at.path, talk.String())
				require.Contains(t, talk.String(), "none", at.path)
			}
		}
	}
	require.Equal(t, 6, found)
}
