package relax

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// The polynomial programming of the ReinMax paper, trained by our estimators and by
// PyTorch (testdata/make_reinmax.py): five estimators, three powers, the expected
// loss at three times, 45 losses. Each is a mean over 128 variables that learn from
// noise, so two programs agree within the spread of seeds. All of it takes minutes:
// make test-slow; otherwise the first time of four estimators is compared.
func TestReinMaxLosses(t *testing.T) {
	if testing.Short() {
		t.Skip("trainings")
	}
	slow := os.Getenv("TEXTGAN_SLOW_TESTS") != ""
	text, err := os.ReadFile("testdata/reinmax.json")
	require.NoError(t, err)
	var want struct {
		Rows []struct {
			Estimator          string
			Tau, P             float64
			Losses, Deviations []float64
		}
	}
	require.NoError(t, json.Unmarshal(text, &want))
	require.Len(t, want.Rows, 15)
	for _, row := range want.Rows {
		times := 3
		if !slow {
			times = 1
		}
		if !slow && row.Estimator == "gumbel-rao" {
			continue // ten inner draws
		}
		t.Run(row.Estimator, func(t *testing.T) {
			t.Parallel()
			got := polynomialLosses(t, row.Estimator, row.Tau, row.P, times)
			require.Len(t, row.Losses, 3)
			require.Len(t, got, times)
			for i, loss := range got {
				require.InDelta(t, row.Losses[i], loss, 0.0005, "power %v, epoch %d", row.P, 5*(i+1))
			}
		})
	}
}

// polynomialLosses trains 128 two-way variables as make_reinmax.py does and returns
// the expected loss after 5, 10 and 15 epochs, or the first so many of these.
func polynomialLosses(t *testing.T, estimator string, tau, p float64, times int) (losses []float64) {
	const n, batch, epoch, target = 128, 64, 100, 0.45
	r, err := Parse[float64](estimator)
	require.NoError(t, err)
	var z, grad, m, v [2 * n]float64
	row, dy := make([]float64, 2), make([]float64, 2)
	for step := range 5 * times * epoch {
		clear(grad[:])
		for i := range n {
			for b := range batch {
				copy(row, z[2*i:])
				key := rng.Key{Seed: 1, Stream: rng.Noise, Step: uint32(step), Row: uint32(i*batch + b)}
				id := r.Forward(row, tau, key)
				d := float64(id) - target
				dy[0], dy[1] = 0, p*math.Copysign(math.Pow(math.Abs(d), p-1), d)/(n*batch)
				r.Backward(dy, row, dy, id, tau, key)
				grad[2*i] += dy[0]
				grad[2*i+1] += dy[1]
			}
		}
		c1, c2 := 1-math.Pow(0.9, float64(step+1)), 1-math.Pow(0.999, float64(step+1))
		for i, g := range grad {
			m[i], v[i] = 0.9*m[i]+0.1*g, 0.999*v[i]+0.001*g*g
			z[i] -= 0.001 * m[i] / c1 / (math.Sqrt(v[i]/c2) + 1e-8)
		}
		if (step+1)%(5*epoch) == 0 {
			loss := 0.0
			for i := range n {
				q := 1 / (1 + math.Exp(z[2*i]-z[2*i+1]))
				loss += (q*math.Pow(1-target, p) + (1-q)*math.Pow(target, p)) / n
			}
			losses = append(losses, loss)
		}
	}
	return losses
}

// The draws of every hard estimator have the frequencies of the softmax, whatever
// tau: torch's own test of hard Gumbel samples asks the same.
func TestHardCounts(t *testing.T) {
	logits := []float64{math.Log(0.1), math.Log(0.6), math.Log(0.3)}
	const n = 10000
	for _, name := range []string{"st-gumbel", "straight-through", "gumbel-rao:m=2", "reinmax", "zgr", "gapped-st"} {
		r, err := Parse[float64](name)
		require.NoError(t, err)
		require.True(t, r.Hard())
		for _, tau := range []float64{0.1, 1, 10} {
			counts := [3]float64{}
			row := make([]float64, 3)
			for i := range uint32(n) {
				copy(row, logits)
				counts[r.Forward(row, tau, rng.Key{Seed: 2, Stream: rng.Noise, Row: i})]++
			}
			for id, c := range counts {
				p := math.Exp(logits[id])
				require.InDelta(t, n*p, c, 4.5*math.Sqrt(n*p*(1-p)), "%s at %v", name, tau)
			}
		}
	}
}
