package discriminator

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
)

func relganConfig() Config {
	c := small()
	c.Kind, c.Emb, c.Representations = "relgan", 6, 3
	return c
}

// scores of sentence b, one after the other, each of a network that sees the
// columns of one representation alone.
func (m *plain) scores(x text, b int) (scores []float64) {
	one := *m
	one.Emb /= m.Representations
	for r := range m.Representations {
		var tokens [][]float64
		for _, id := range x.ids[b*x.T:][:x.lengths[b]] {
			tokens = append(tokens, m.weights["d.embedding"][int(id)*m.Emb+r*one.Emb:][:one.Emb])
		}
		scores = append(scores, one.score(tokens))
	}
	return scores
}

// Scores [B,R] and the gradients of all weights.
func TestRelGAN(t *testing.T) {
	for _, spectral := range []bool{false, true} {
		c := relganConfig()
		c.SpectralNorm = spectral
		d := sharpened(t, c)
		x, m := ragged(7, 8, c.Vocab), plainOf(d)
		loss := func() (sum float64) {
			k := coefficients(x.B * c.Representations)
			for b := range x.B {
				for r, s := range m.scores(x, b) {
					sum += float64(k[b*c.Representations+r]) * s
				}
			}
			return sum
		}
		var want []float64
		for b := range x.B {
			want = append(want, m.scores(x, b)...)
		}
		_, scores := newScorer(t, d, x, false, false).run(t)
		require.LessOrEqual(t, gradcheck.Distance(scores, want), valueTol)
		s := newScorer(t, d, x, false, true)
		s.run(t)
		for i, p := range d.Params() {
			w := m.weights[p.Name]
			dw := make([]float64, len(w))
			for j, was := range w {
				w[j] = was + plainStep
				dw[j] = loss()
				w[j] = was - plainStep
				dw[j] = (dw[j] - loss()) / (2 * plainStep)
				w[j] = was
			}
			require.NotZero(t, kernel.SumSquares(s.Grad(i)), p.Name)
			require.LessOrEqual(t, gradcheck.Distance(s.Grad(i), dw), gradTol, p.Name)
		}
	}
}

func TestRelGANRefuses(t *testing.T) {
	for _, R := range []int{0, 4} {
		c := relganConfig()
		c.Representations = R
		_, err := New(c, 1)
		require.ErrorContains(t, err, fmt.Sprintf("--d-emb: 6 is no multiple of --d-reps %d", R))
	}
}
