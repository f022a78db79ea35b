package sampling

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// cut sorts ids by probability, keeps the k likeliest, then the smallest set of
// likeliest with the given share of their mass, and renormalises.
func cut(p []float64, k int, mass float64) (ids []int32, q []float64) {
	for i := range p {
		if p[i] > 0 {
			ids = append(ids, int32(i))
		}
	}
	slices.SortFunc(ids, func(a, b int32) int { return cmp.Or(cmp.Compare(p[b], p[a]), cmp.Compare(a, b)) })
	massOf := func(ids []int32) (sum float64) {
		for _, id := range ids {
			sum += p[id]
		}
		return sum
	}
	if k > 0 {
		ids = ids[:min(k, len(ids))]
	}
	if mass > 0 && mass < 1 {
		n := 1
		for massOf(ids[:n])/massOf(ids) < mass {
			n++
		}
		ids = ids[:n]
	}
	for _, id := range ids {
		q = append(q, p[id]/massOf(ids))
	}
	return ids, q
}

// Probabilities that are multiples of 2^-10, with many ties, and masses that
// are hit exactly, so that both sides compute without rounding.
func TestChooseFiltered(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	r := rng.Key{Seed: 6}.Rand()
	equal := slices.Repeat([]float64{1.0 / 32}, 32)
	for trial := range 5000 {
		V := 1 + r.IntN(40)
		p := make([]float64, V)
		for range 1024 { // some shares of 1024 fall on few ids, some on all
			p[r.IntN(1+r.IntN(V))] += 1.0 / 1024
		}
		if trial%7 == 0 {
			p = equal
		}
		row, order := make([]float32, len(p)), make([]int32, len(p))
		for i, x := range p {
			row[i] = float32(x)
		}
		k, mass := r.IntN(len(p)+3), float64(1+r.IntN(16))/16
		ids, q := cut(p, k, mass)
		for _, u := range []float64{r.Float64(), 0x1p-53, 1 - 0x1p-53} {
			want := ids[len(ids)-1]
			sum := 0.0
			for i, x := range q {
				if sum += x; u < sum {
					want = ids[i]
					break
				}
			}
			require.Equal(t, want, chooseFiltered(order, row, k, mass, u), "p %v, k %d, mass %v, u %v", p, k, mass, u)
		}
	}
	row, order := make([]float32, 5000), make([]int32, 5000)
	for i := range row {
		row[i] = r.Float32() / 2500
	}
	require.Zero(t, testing.AllocsPerRun(10, func() { chooseFiltered(order, row, 40, .9, .5) }))
}

// A row without a greatest value, from weights that overflow, must not panic.
func TestChooseFilteredWithoutNumbers(t *testing.T) {
	nan := float32(math.NaN())
	for _, k := range []int{0, 1, 2} {
		id := chooseFiltered(make([]int32, 3), []float32{nan, nan, nan}, k, .5, .5)
		require.True(t, id >= 0 && id < 3)
	}
}
