package relax

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// RelGAN's inverse temperature is sound from the first step of its schedules to the
// last: tau stays between 1/beta and 1, and at its end a row of relaxed
// words and its gradient are what float64 says, as far as float32 tells logits apart.
func TestRelGANTemperatures(t *testing.T) {
	const steps, V = 2000, 4700
	for _, beta := range []float64{100, 1000} {
		for _, shape := range []string{"no", "lin", "exp", "log", "sigmoid", "quad", "sqrt"} {
			s := schedule(t, fmt.Sprintf("relgan-%s:beta=%g", shape, beta), steps)
			for step := range steps {
				tau := s.At(step)
				require.False(t, math.IsNaN(tau), "%s at %d", shape, step)
				require.GreaterOrEqual(t, tau, (1-1e-9)/beta, "%s at %d", shape, step)
				require.LessOrEqual(t, tau, 1+1e-9, "%s at %d", shape, step)
			}
			if shape != "sigmoid" { // which comes as near as 1 - e^-10 of the way
				require.InEpsilon(t, 1/beta, s.At(steps-1), 1e-2, shape)
			}
		}
		for row := range uint32(8) {
			key := rng.Key{Seed: 1, Row: row}
			scale := float32(math.Pow(4, float64(row%4))) // logits from -4 to 4, and from -250 to 250
			logits, exact := make([]float32, V), make([]float64, V)
			kernel.Normal(logits, rng.Key{Seed: 2, Row: row})
			if row == 7 { // the first two are as good as equal
				logits[0], logits[1] = 40, 40
			}
			for i := range logits {
				logits[i] *= scale
				exact[i] = float64(logits[i])
			}
			tau := float32(1 / beta)
			y := gumbelSoftmax[float32]{math: math32}
			z := gumbelSoftmax[float64]{math: math64}
			id := y.Forward(logits, tau, key)
			require.Equal(t, z.Forward(exact, float64(tau), key), id)
			sum := 0.0
			top := 0.0 // of the logits, whose rounding beta magnifies
			for i, v := range logits {
				require.False(t, math.IsNaN(float64(v)) || v < 0)
				sum += float64(v)
				top = max(top, math.Abs(float64(v)-exact[i]))
			}
			require.InDelta(t, 1, sum, 1e-5)
			require.LessOrEqual(t, top, beta*float64(scale)*2e-6)

			dy, d := make([]float32, V), make([]float32, V)
			kernel.Normal(dy, rng.Key{Seed: 3, Row: row})
			exactDy, exactD := make([]float64, V), make([]float64, V)
			for i := range dy {
				exactDy[i], exact[i] = float64(dy[i]), float64(logits[i])
			}
			y.Backward(d, logits, dy, id, tau, key)
			z.Backward(exactD, exact, exactDy, id, float64(tau), key)
			largest, off := 0.0, 0.0
			for i, v := range d {
				require.False(t, math.IsNaN(float64(v)) || math.IsInf(float64(v), 0))
				largest, off = max(largest, math.Abs(exactD[i])), max(off, math.Abs(float64(v)-exactD[i]))
			}
			require.LessOrEqual(t, off, 1e-5*largest+1e-5*beta)
		}
	}
}
