package relax

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func actionsOf[F Float](t testing.TB, spec string) Actions[F] {
	m, err := New[F](spec)
	require.NoError(t, err)
	require.NotNil(t, m.Actions)
	return m.Actions
}

// choice is one distribution with the value of every id; two ids can never be
// drawn, and one hardly ever is.
var (
	choiceLogits = []float64{math.Inf(-1), 0.3, 1.7, -0.4, 1.7, -1e9, -13, 0.9}
	choiceValues = []float64{99, 2, -1, 4, 0.5, -99, 7, 3}
)

// addGradient adds the sum of w_j (onehot(a_j) - p) to g.
func addGradient(g []float64, scale float64, ids []int32, w, p []float64) {
	for j, id := range ids {
		if id < 0 {
			continue
		}
		for v := range g {
			g[v] -= scale * w[j] * p[v]
		}
		g[id] += scale * w[j]
	}
}

func exactChoice() (p, gradient []float64) {
	p = make([]float64, len(choiceLogits))
	Softmax(p, choiceLogits, 1)
	mean := 0.0
	for v, q := range choiceValues {
		mean += p[v] * q
	}
	for v, q := range choiceValues {
		gradient = append(gradient, p[v]*(q-mean))
	}
	return p, gradient
}

// Summed over what can be drawn, the sum over the likeliest and the sample of
// the others have the gradient as their mean, also where the value of an
// outcome is a draw that depends on the draw of the id.
func TestAllActionIsUnbiased(t *testing.T) {
	p, want := exactChoice()
	for k := 1; k <= 8; k++ {
		a := actionsOf[float64](t, fmt.Sprintf("all-action:k=%d", k))
		got, S := make([]float64, len(p)), a.Slots()
		require.Equal(t, k+1, S)
		for drawn, mass := range p {
			if mass == 0 {
				continue
			}
			ids, probs, w, values := make([]int32, S), make([]float64, S+1), make([]float64, S), make([]float64, 2*S)
			a.Choose(ids, probs, slices.Clone(choiceLogits), drawn, Key{})
			require.EqualValues(t, drawn, ids[0])
			rest := 1.0
			for j, id := range ids {
				if id < 0 {
					require.Zero(t, probs[j])
					continue
				}
				require.Equal(t, p[id], probs[j])
				require.NotContains(t, ids[:j], id)
				require.NotContains(t, []int32{0, 5}, id, "it can never be drawn")
				rest -= p[id]
			}
			require.InDelta(t, rest, probs[S], 1e-15)
			// Two values of every outcome, the noise of the first slot being its own.
			for _, sign := range []float64{-1, 1} {
				for j, id := range ids {
					values[2*j] = math.NaN() // of an empty slot: not to be read
					if id >= 0 {
						values[2*j], values[2*j+1] = choiceValues[id]+sign*3, choiceValues[id]-sign
					}
				}
				values[0] -= sign * 5
				a.Weigh(w, probs, values)
				addGradient(got, mass/2, ids, w, p)
			}
		}
		require.InDeltaSlice(t, want, got, 1e-13, "k = %d", k)
	}
}

// The weights of all sets of k ids, each as often as it is drawn, sum to the
// gradient; and sets are drawn as often as they should.
func TestUnorderedSetIsUnbiased(t *testing.T) {
	p, want := exactChoice()
	for _, k := range []int{2, 3, 6, 7} {
		var ids []int32 // those that can be drawn
		for v := range p {
			if p[v] > 0 {
				ids = append(ids, int32(v))
			}
		}
		n := min(k, len(ids))
		got, total := make([]float64, len(p)), 0.0
		chance := map[string]float64{}
		for members := range 1 << len(ids) {
			var set []int32
			var probs, f []float64
			rest := 0.0
			for j, id := range ids {
				if members>>j&1 == 0 {
					rest += p[id]
					continue
				}
				set, probs, f = append(set, id), append(probs, p[id]), append(f, choiceValues[id])
			}
			if len(set) != n {
				continue
			}
			w := make([]float64, n)
			chance[fmt.Sprint(set)] = UnorderedSet(w, probs, rest, f)
			total += chance[fmt.Sprint(set)]
			addGradient(got, chance[fmt.Sprint(set)], set, w, p)
		}
		require.InDelta(t, 1, total, 1e-12)
		require.InDeltaSlice(t, want, got, 1e-12, "k = %d", k)

		const draws = 20_000
		a := actionsOf[float64](t, fmt.Sprintf("unordered-set:k=%d", k))
		seen, first := map[string]float64{}, make([]float64, len(p))
		set, probs, noise := make([]int32, k), make([]float64, k+1), make([]float64, len(p))
		for i := range uint32(draws) {
			Gumbel(noise, Key{Seed: 1, Stream: 1, Step: i})
			for v, l := range choiceLogits {
				noise[v] += l
			}
			_, drawn := maxOf(noise)
			a.Choose(set, probs, slices.Clone(choiceLogits), drawn, Key{Seed: 1, Stream: 2, Step: i})
			require.EqualValues(t, drawn, set[0])
			first[drawn]++
			sorted := slices.Sorted(slices.Values(set[:n]))
			seen[fmt.Sprint(sorted)]++
		}
		for s, c := range chance {
			require.InDelta(t, c, seen[s]/draws, 5*math.Sqrt(c*(1-c)/draws)+5./draws, s)
		}
	}
}

// Behind a word that has nearly all of the mass, equal ones are drawn equally
// wherever they stand: keys like u^(1/p) would be 0 for most of them, and those
// in front be taken.
func TestSetOfASureRow(t *testing.T) {
	const others, tenths, draws, k = 1000, 10, 500, 12
	logits := make([]float32, 1+others)
	for i := range others {
		logits[1+i] = float32(math.Log(1e-5 / .99))
	}
	a := actionsOf[float32](t, fmt.Sprintf("unordered-set:k=%d", k))
	ids, probs, counts := make([]int32, k), make([]float32, k+1), make([]float64, tenths)
	for i := range uint32(draws) {
		a.Choose(ids, probs, slices.Clone(logits), 0, Key{Seed: 1, Stream: 2, Step: i})
		for _, id := range ids[1:] {
			counts[(id-1)*tenths/others]++
		}
	}
	var chi2 float64
	for _, c := range counts {
		const mean = draws * (k - 1) / tenths
		chi2 += (c - mean) * (c - mean) / mean
	}
	require.Less(t, chi2, 33.7, "%v: a chance of 1e-4, 9 degrees of freedom", counts)
}

// Both precisions choose the same ids and weigh them alike, a shift of all
// values changes nothing, and one likely id loses nothing to rounding.
func TestActionsOfBothPrecisions(t *testing.T) {
	for _, spec := range []string{"all-action:k=3", "all-action:k=8", "unordered-set:k=2", "unordered-set:k=5"} {
		for _, sure := range []float64{0, 20} {
			logits := slices.Clone(choiceLogits)
			logits[7] += sure
			logits32 := make([]float32, len(logits))
			for v, l := range logits {
				logits32[v] = float32(l)
			}
			a, b := actionsOf[float64](t, spec), actionsOf[float32](t, spec)
			S := a.Slots()
			for _, drawn := range []int{7, 3} {
				ids, p, ids32, p32 := make([]int32, S), make([]float64, S+1), make([]int32, S), make([]float32, S+1)
				key := Key{Seed: 4, Step: uint32(drawn)}
				a.Choose(ids, p, slices.Clone(logits), drawn, key)
				b.Choose(ids32, p32, slices.Clone(logits32), drawn, key)
				require.Equal(t, ids, ids32)
				values, shifted, values32 := make([]float64, 2*S), make([]float64, 2*S), make([]float32, 2*S)
				for j := range values {
					values[j] = math.Sin(float64(3 * j))
					shifted[j], values32[j] = values[j]+11, float32(values[j])
				}
				w, moved, w32 := make([]float64, S), make([]float64, S), make([]float32, S)
				a.Weigh(w, p, values)
				a.Weigh(moved, p, shifted)
				b.Weigh(w32, p32, values32)
				for j := range w {
					require.InEpsilon(t, 1+p[j], 1+p32[j], 1e-6)
					require.InDelta(t, w[j], moved[j], 1e-13)
					require.InDelta(t, w[j], w32[j], 2e-5*math.Abs(w[j])+1e-7, "%s slot %d", spec, j)
				}
			}
		}
	}
}

func TestParseActions(t *testing.T) {
	for _, spec := range []string{"all-action", "unordered-set", "all-action:k=4,m=1"} {
		m, err := New[float32](spec)
		require.NoError(t, err)
		require.NotNil(t, m.Actions)
		require.Equal(t, 1, m.Completions)
	}
	for spec, say := range map[string]string{
		"all-action:k=0":        "from 1 to 64",
		"all-action:k=1.5":      "from 1 to 64",
		"unordered-set:k=1":     "from 2 to 12",
		"unordered-set:k=13":    "from 2 to 12",
		"all-action:m=0":        "m must be a whole number from 1",
		"unordered-set:k=2,n=3": `no option "n"`,
		"every-action":          "is unknown",
		"all-action:k":          "key=value",
	} {
		_, err := New[float64](spec)
		require.ErrorContains(t, err, say, spec)
	}
}
