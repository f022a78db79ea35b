package cell

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// bound binds drawn weights to a core, forth and back, and returns them and what draws more
// values from the same stream.
func bound(core Core) (drawn func(n int) []float32, weights [][]float32) {
	draws := uint32(0)
	drawn = func(n int) []float32 {
		values := make([]float32, n)
		kernel.Uniform(values, rng.Key{Seed: 1, Row: draws})
		draws++
		return values
	}
	for _, w := range core.Weights() {
		size := 1
		for _, s := range w.Shape {
			size *= s
		}
		weights = append(weights, drawn(size))
	}
	core.Bind(weights)
	core.BindBack()
	return drawn, weights
}

// Grads sets the gradients, whatever was in their place, and no rows give none: the
// promise of Core, on which graphs rely that run again and again.
func TestGradsAreSet(t *testing.T) {
	const n, in, units = 5, 4, 6
	for i, kind := range []Cell{LSTM, GRU, Relational{Slots: 2, Heads: 2}, Transformer{Blocks: 2, Heads: 1, Context: 3}} {
		core := kind.Core(in, units)
		t.Run(fmt.Sprintf("%T %d", kind, i), func(t *testing.T) {
			z := core.Sizes()
			drawn, weights := bound(core)
			x, share, tape := drawn(n*in), make([]float32, n*z.Share), make([]float32, n*z.Tape)
			prev, next, out := make([]float32, n*z.State), make([]float32, n*z.State), make([]float32, n*z.Out)
			for r := range n {
				core.Start(prev[r*z.State:][:z.State])
			}
			core.Input(n, x, share)
			core.Step(n, true, share, prev, next, out, tape)
			dShare := make([]float32, n*z.Share)
			core.StepBack(n, share, prev, tape, drawn(n*z.Out), make([]float32, n*z.State), dShare)
			core.InputBack(n, dShare, nil)
			var clean, used [][]float32
			for _, w := range weights {
				clean, used = append(clean, make([]float32, len(w))), append(used, make([]float32, len(w)))
				for j := range w {
					used[len(used)-1][j] = float32(math.NaN())
				}
			}
			core.Grads(n, x, share, prev, tape, dShare, clean)
			core.Grads(n, x, share, prev, tape, dShare, used)
			require.Equal(t, clean, used)
			total := 0.0
			for _, d := range clean {
				total += kernel.SumSquares(d)
			}
			require.Positive(t, total)
			core.Grads(0, nil, nil, nil, nil, nil, used)
			for _, d := range used {
				require.Zero(t, kernel.SumSquares(d))
			}
		})
	}
}

// What a state holds beyond Used, and its gradient, is read by nobody: with NaN there, five tokens
// forth and back give what they give with whole states.
func TestUsedIsAllThatIsRead(t *testing.T) {
	const tokens, in, units = 5, 4, 6
	nan := float32(math.NaN())
	for i, kind := range []Cell{LSTM, GRU, Relational{Slots: 2, Heads: 2}, Transformer{Blocks: 2, Heads: 1, Context: 3}, Transformer{Blocks: 2, Heads: 3, Context: 8}} {
		t.Run(fmt.Sprintf("%T %d", kind, i), func(t *testing.T) {
			run := func(beyond float32) (outs, dShares [tokens][]float32) {
				core := kind.Core(in, units)
				z := core.Sizes()
				drawn, _ := bound(core)
				cut := func(state []float32, used int) []float32 {
					for j := range state[used:] {
						state[used+j] = beyond
					}
					return state
				}
				var shares, prevs, tapes [tokens][]float32
				prev := make([]float32, z.State)
				core.Start(prev)
				for s := range tokens {
					prev = cut(prev, core.Used(prev))
					next := cut(make([]float32, z.State), 0)
					share, out, tape := make([]float32, z.Share), make([]float32, z.Out), make([]float32, z.Tape)
					core.Input(1, drawn(in), share)
					core.Step(1, s == 0, share, prev, next, out, tape)
					outs[s], shares[s], prevs[s], tapes[s] = out, share, prev, tape
					prev = next
				}
				d := make([]float32, z.State)
				for s := tokens - 1; s >= 0; s-- {
					dShares[s] = make([]float32, z.Share)
					core.StepBack(1, shares[s], prevs[s], tapes[s], drawn(z.Out), d, dShares[s])
					d = cut(d, core.Used(prevs[s]))
				}
				return outs, dShares
			}
			outs, dShares := run(0)
			poisonedOuts, poisonedShares := run(nan)
			require.Equal(t, outs, poisonedOuts)
			require.Equal(t, dShares, poisonedShares)
		})
	}
}
