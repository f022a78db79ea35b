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
		{"slots", "is no relational memory", func(c *Config) {}},
		{"slots", "", func(c *Config) { c.CoopRounds, c.BackCell = 1, "relational" }},
		{"slots", "--cell lstm is no", func(c *Config) { c.CoopRounds, c.BackCell, c.BackSlots = 1, "relational", 2 }},
		{"heads", "--cell lstm pays no", func(c *Config) { c.CoopRounds, c.BackCell, c.BackHeads = 1, "transformer", 2 }},
		{"back-emb", "nothing asks a backwards model", func(c *Config) {}},
		{"back-emb", "--back-run brings", func(c *Config) { c.CoopRounds, c.BackRun = 1, "b" }},
		{"back-slots", "the backwards model is no relational memory", func(c *Config) { c.CoopRounds, c.BackCell = 1, "transformer" }},
		{"back-heads", "", func(c *Config) { c.CoopRounds, c.BackCell = 1, "transformer" }},
		{"back-heads", "the backwards model pays no attention", func(c *Config) { c.CoopRounds = 1 }},
		{"coop-control", "--critic none weighs nothing", func(c *Config) { c.CoopRounds, c.Critic = 1, "none" }},
		{"coop-calibrate", "--critic none weighs nothing", func(c *Config) { c.CoopRounds, c.Critic = 1, "none" }},
		{"coop-learn-from", "--critic none weighs nothing", func(c *Config) { c.CoopRounds, c.Critic = 1, "none" }},
		{"coop-ngram", "--critic reverse-lm does not ask it", func(c *Config) { c.CoopRounds, c.Critic = 1, "reverse-lm" }},
		{"coop-ngram", "", func(c *Config) { c.CoopRounds, c.Critic = 1, "stat" }},
		{"coop-calibrate", "", func(c *Config) { c.CoopRounds, c.Critic = 1, "reverse-lm" }},
		{"coop-real", "", func(c *Config) { c.CoopRounds, c.Critic = 1, "none" }},
		{"valid-fraction", "--valid", func(c *Config) { c.Valid = "a.txt" }},
	} {
		c := Options.Defaults()
		x.set(&c)
		why, _ := c.Idle(x.name)
		require.Equal(t, x.why == "", why == "", "%s: %s", x.name, why)
		require.True(t, strings.Contains(why, x.why), "%s: %s", x.name, why)
	}
}
