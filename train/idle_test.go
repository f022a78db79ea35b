package train

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// An option that the other options leave without effect is told, by the name of the one
// that does.
func TestIdle(t *testing.T) {
	for _, x := range []struct {
		name, why string // why "": it does something
		set       func(*Config)
	}{
		{"tau-schedule", "", func(c *Config) {}},
		{"tau-schedule", "--estimator zgr", func(c *Config) { c.Estimator = "zgr" }},
		{"tau-schedule", "--estimator decoupled-st:forward=1", func(c *Config) { c.Estimator = "decoupled-st:forward=1" }},
		{"tau-schedule", "--estimator rloo", func(c *Config) { c.Estimator = "rloo" }},
		{"feedback", "", func(c *Config) { c.Estimator = "zgr" }},
		{"latent-tau", "a gaussian code", func(c *Config) { c.Model = "vae" }},
		{"latent-categories", "", func(c *Config) { c.Model, c.Latent = "vae", "categorical" }},
		{"kl-weight", "", func(c *Config) { c.Model, c.KLAnneal = "vae", "none" }},
		{"kl-from", "--kl-anneal none", func(c *Config) { c.Model, c.KLAnneal = "vae", "none" }},
		{"kl-steps", "", func(c *Config) { c.Model = "vae" }},
		{"kl-slope", "--kl-anneal linear", func(c *Config) { c.Model = "vae" }},
		{"kl-rise", "--kl-anneal logistic", func(c *Config) { c.Model, c.KLAnneal = "vae", "logistic" }},
		{"kl-rise", "", func(c *Config) { c.Model, c.KLAnneal = "vae", "cyclical" }},
		{"corpus-lines", "", func(c *Config) {}},
		{"corpus-lines", "--corpus", func(c *Config) { c.Corpus = "a.txt" }},
		{"corpus-lines", "", func(c *Config) { c.Corpus, c.Valid = "a.txt", "builtin:captions" }},
		{"valid-fraction", "--valid", func(c *Config) { c.Valid = "a.txt" }},
	} {
		c := Options.Defaults()
		x.set(&c)
		why, _ := c.Idle(x.name)
		require.Equal(t, x.why == "", why == "", "%s: %s", x.name, why)
		require.True(t, strings.Contains(why, x.why), "%s: %s", x.name, why)
	}
}
