package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator"
	"textgan/discriminator/ratio"
	"textgan/internal/nn"
	"textgan/internal/rng"
)

// No two tensors of a run begin equal or proportional, whatever models it has:
// weights that are drawn from one row are scaled copies of each other.
func TestTensorsStartApart(t *testing.T) {
	const V = 40
	apart := func(t *testing.T, models ...nn.Params) {
		type start struct {
			name string
			at   []float32
		}
		var starts []start
		for _, ps := range models {
			for _, p := range ps {
				const enough = 6
				distinct := map[float32]bool{}
				for _, v := range p.Data {
					distinct[v] = true
				}
				if len(distinct) >= enough { // biases start at a constant
					starts = append(starts, start{p.Name, p.Data[:min(len(p.Data), 12)]})
				}
			}
		}
		require.GreaterOrEqual(t, len(starts), 4)
		for i, a := range starts {
			for _, b := range starts[:i] {
				var ab, aa, bb float64
				for k := range min(len(a.at), len(b.at)) {
					x, y := float64(a.at[k]), float64(b.at[k])
					ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
				}
				require.Less(t, math.Abs(ab), .99999*math.Sqrt(aa*bb), "%s and %s start proportional", a.name, b.name)
			}
		}
	}
	discriminators := map[string]nn.Params{}
	for kind := range 4 {
		for _, k := range discriminator.Kinds {
			c := discriminator.Config{Kind: k.Name, Vocab: V, Emb: 5, Widths: []int{1, 2, 3}, Filters: 4, Highway: kind&1 > 0, SpectralNorm: kind&2 > 0,
				Representations: 5, Cell: []string{"lstm", "gru"}[kind&1], Units: 4}
			d, err := discriminator.New(c, 7)
			require.NoError(t, err)
			discriminators[fmt.Sprint(k.Name, kind)] = append(append(nn.Params{}, d.Params()...), d.State()...)
		}
	}
	choices := func(option string) []string {
		o, ok := Options.Find(option)
		require.True(t, ok && len(o.Choices) > 0, option)
		return o.Choices
	}
	// Every generator that the options allow, with the backwards model and the critic of
	// a cooperative run.
	for _, cell := range choices("cell") {
		for _, tie := range []bool{false, true} {
			c := Options.Defaults()
			c.Cell, c.Tie, c.Seed, c.Emb, c.Hidden, c.Layers, c.Slots, c.LatentDim, c.Categories, c.EncHidden, c.MaxLen = cell, tie, 7, 8, 8, 2, 1, 3, 4, 4, 9
			models := map[string]nn.Params{}
			add := func(name string, c Config) {
				require.NoError(t, c.Architecture(V).Check())
				m, err := c.Architecture(V).New(c.Seed)
				require.NoError(t, err)
				models[name] = append(models[name], m.Params()...)
			}
			add("none", c)
			c.Seed = rng.Apart(7, "back")
			add("none", c)
			texts := [][]int32{{5, 6}, {7}}
			critic, err := ratio.New([]ratio.Features{ratio.NewStatistics(V, texts)}, nil)
			require.NoError(t, err)
			_, err = critic.Fit(ratio.Texts{Real: texts, Fake: texts, HeldReal: texts, HeldFake: texts}, ratio.FitOptions{Steps: 1, Batch: 2, LR: 1e-30, Seed: 7})
			require.NoError(t, err)
			models["none"] = append(models["none"], critic.Params()...)
			c.Model, c.Seed = "vae", 7
			for _, c.Latent = range choices("latent") {
				for _, c.Bidirectional = range []bool{false, true} {
					c.LearnedPrior = c.Latent == "categorical"
					add(fmt.Sprint(c.Latent, c.Bidirectional), c)
				}
			}
			for code, ps := range models {
				for kind, d := range discriminators {
					t.Run(fmt.Sprint(cell, " tied ", tie, " code ", code, " discriminator ", kind), func(t *testing.T) { apart(t, ps, d) })
				}
			}
		}
	}
}
