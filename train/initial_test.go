package train

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/internal/nn"
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
		c := discriminator.Config{Vocab: V, Emb: 5, Representations: 5, Cell: "lstm", Units: 4, Widths: []int{1, 2, 3}, Filters: 4, Highway: kind&1 > 0, SpectralNorm: kind&2 > 0}
		for _, k := range discriminator.Kinds {
			c.Kind = k.Name
			d, err := discriminator.New(c, 7)
			require.NoError(t, err)
			discriminators[fmt.Sprint(k.Name, kind)] = append(append(nn.Params{}, d.Params()...), d.State()...)
		}
	}
	for _, cell := range []string{"lstm", "gru"} {
		for _, tie := range []bool{false, true} {
			lm := generator.Config{Cell: cell, Vocab: V, Emb: 6, Hidden: 6, Layers: 2, Tie: tie}
			g, err := generator.New(lm, 7)
			require.NoError(t, err)
			models := map[string]nn.Params{"none": g.Params()}
			for _, latent := range []string{"gaussian", "logistic", "categorical"} {
				for _, both := range []bool{false, true} {
					v, err := generator.NewVAE(generator.VAEConfig{Latent: latent, Dim: 3, Categories: 4, Hidden: 5, Bidirectional: both,
						LearnedPrior: latent == "categorical", Decoder: lm}, 7)
					require.NoError(t, err)
					models[fmt.Sprint(latent, both)] = v.Params()
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
