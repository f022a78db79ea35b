package kernel

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// unitsTested are around the sizes of vectors.
var unitsTested = []int{1, 3, 7, 8, 9, 15, 16, 17, 32, 33, 100}

// cellInput is n rows of H units: gates [n,4H] of some size, and five [n,H].
func cellInput(n, H int) (gates, cPrev, dh, dc, h, c []float32) {
	gates = random(4 * n * H)
	Scale(6, gates)
	return gates, random(n * H), random(n*H + 1)[:n*H], random(n*H + 2)[:n*H], make([]float32, n*H), make([]float32, n*H)
}

func sigmoidExact(x float32) float64 { return 1 / (1 + math.Exp(-float64(x))) }

func TestLSTM(t *testing.T) {
	const n = 3
	bits := map[int][]float32{}
	eachISA(t, func(t *testing.T) {
		for _, H := range unitsTested {
			x, cPrev, dh, dcNext, h, c := cellInput(n, H)
			act, u := append([]float32(nil), x...), make([]float32, n*H)
			LSTM(n, H, act, cPrev, u, h, c)
			dc, dx := append([]float32(nil), dcNext...), make([]float32, 4*n*H)
			LSTMBackward(n, H, act, u, cPrev, dh, dc, dx)
			for r := range n {
				for j := range H {
					at := r*H + j
					gate := func(k int) int { return r*4*H + k*H + j }
					i, f, o := sigmoidExact(x[gate(0)]), sigmoidExact(x[gate(1)]), sigmoidExact(x[gate(2)])
					g := math.Tanh(float64(x[gate(3)]))
					was := float64(cPrev[at])
					cell := f*was + i*g
					tanh := math.Tanh(cell)
					close := func(want float64, got float32) { require.InDelta(t, want, float64(got), 2e-6) }
					close(i, act[gate(0)])
					close(f, act[gate(1)])
					close(o, act[gate(2)])
					close(g, act[gate(3)])
					close(cell, c[at])
					close(tanh, u[at])
					close(o*tanh, h[at])

					d := float64(dcNext[at]) + float64(dh[at])*o*(1-tanh*tanh)
					close(d*g*i*(1-i), dx[gate(0)])
					close(d*was*f*(1-f), dx[gate(1)])
					close(float64(dh[at])*tanh*o*(1-o), dx[gate(2)])
					close(d*i*(1-g*g), dx[gate(3)])
					close(d*f, dc[at])
				}
			}
			// c may be cPrev, and the rest stays as it is.
			again, h2 := append([]float32(nil), x...), make([]float32, n*H)
			LSTM(n, H, again, cPrev, make([]float32, n*H), h2, cPrev)
			requireSameBits(t, c, cPrev)
			requireSameBits(t, h, h2)
			requireSameBits(t, act, again)
			if ISA() != "generic" {
				all := append(append(append(act, h...), dc...), dx...)
				if bits[H] == nil {
					bits[H] = all
				}
				requireSameBits(t, bits[H], all)
			}
		}
	})
}

func TestLSTMRefuses(t *testing.T) {
	s, short := make([]float32, 8), make([]float32, 7)
	require.Panics(t, func() { LSTM(1, 2, short, s, s, s, s) })
	require.Panics(t, func() { LSTM(4, 2, make([]float32, 32), s, s, short, s) })
	require.Panics(t, func() { LSTMBackward(4, 2, make([]float32, 32), s, s, s, s, short) })
}
