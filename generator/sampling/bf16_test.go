package sampling

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Sentences of rounded products are the same for any number of threads and rows and
// with either set of instructions; their logits are those of plain Go, and near to, but
// not, those of float32.
func TestBF16(t *testing.T) {
	was := kernel.ISA()
	defer kernel.Use(was)
	defer kernel.SetThreads(0)
	for _, c := range []Config{
		{Cell: "lstm", Vocab: 50, Emb: 7, Hidden: 13, Layers: 2},
		{Cell: "gru", Vocab: 50, Emb: 16, Hidden: 16, Layers: 1, Tie: true},
		{Cell: "relational", Vocab: 50, Emb: 8, Hidden: 6, Layers: 1, Slots: 2, Heads: 3},
		{Cell: "transformer", Vocab: 50, Emb: 8, Hidden: 12, Layers: 2, Heads: 2, Context: 12},
	} {
		t.Run(c.Cell, func(t *testing.T) {
			g, err := New(c, 3)
			require.NoError(t, err)
			for _, p := range g.Params { // so that sentences differ
				for i, v := range p.Data {
					if v > neverLogit/2 {
						p.Data[i] = 3 * v
					}
				}
			}
			const n = 70
			type drawn struct {
				ids    []int32
				logits []float32 // of the first tokens
			}
			draw := func(rounded bool, parts int) (d drawn) {
				s, err := g.NewSampler(Options{MaxLen: 12, BF16: rounded})
				require.NoError(t, err)
				first := make([][]float32, n)
				s.Watch(func(row, t int, logits []float32, _ int32) {
					if t == 0 {
						first[row] = append([]float32(nil), logits[3:]...)
					}
				})
				d.ids = make([]int32, n*12)
				lengths := make([]int32, n)
				for p := range parts {
					lo, hi := p*n/parts, (p+1)*n/parts
					s.Draw(d.ids[lo*12:hi*12], lengths[lo:hi], rng.Key{Seed: 1, Stream: rng.Sample}, lo)
				}
				for _, l := range first {
					d.logits = append(d.logits, l...)
				}
				return d
			}
			kernel.SetThreads(1)
			want := draw(true, 1)
			kernel.SetThreads(2)
			require.Equal(t, want, draw(true, 1), "threads")
			require.Equal(t, want, draw(true, 5), "rows")
			if was == "avx512" {
				require.True(t, kernel.Use("avx2"))
				require.Equal(t, want, draw(true, 1), "instructions")
			}
			require.True(t, kernel.Use("generic"))
			plain := draw(true, 1)
			kernel.Use(was)
			single := draw(false, 1)
			near, far := 0., 0.
			for i, v := range want.logits {
				near = max(near, math.Abs(float64(v-plain.logits[i])))
				far = max(far, math.Abs(float64(v-single.logits[i])))
			}
			require.Less(t, far, .2)
			require.Greater(t, far, 1e-4)
			require.Less(t, near, far/2, "plain Go")
		})
	}
}
