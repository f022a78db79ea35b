package kernel

import (
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// layerCalls run every function of layers.go on values of a length and return
// all that they have written.
func layerCalls(n int) []float32 {
	new := func(seed int) []float32 { return random(n + seed)[seed:] }
	x, dy, gate, gain, bias := new(0), new(1), new(2), new(3), new(4)
	gate[0], x[n/2] = 0, 0
	Sigmoid(gate, gate)
	var all []float32
	out := func(k int) (s [][]float32) {
		for range k {
			s = append(s, make([]float32, n))
		}
		return s
	}
	r := out(2)
	ReLU(r[0], x)
	ReLUBackward(r[1], r[0], dy)
	h, w := new(5), out(4)
	Highway(w[0], h, gate, x)
	HighwayBackward(w[1], w[2], w[3], dy, h, gate, x)
	m := out(3)
	scale := Normalise(m[0], m[1], x, gain, bias)
	NormaliseBackward(m[2], dy, m[1], gain, scale)
	for _, s := range slices.Concat(r, w, m, [][]float32{h, {scale}}) {
		all = append(all, s...)
	}
	return all
}

// TestLayers: the instruction sets give the same bits, and plain Go the same values.
func TestLayers(t *testing.T) {
	bits := map[int][]float32{}
	eachISA(t, func(t *testing.T) {
		for _, n := range lengths {
			if n == 0 {
				continue
			}
			all := layerCalls(n)
			if bits[n] == nil {
				bits[n] = all
			}
			if ISA() != "generic" {
				requireSameBits(t, bits[n], all)
			} else if runtime.GOARCH == "amd64" || len(available) == 1 {
				for i, v := range all { // the mean of squares is rounded otherwise
					require.InDelta(t, float64(bits[n][i]), float64(v), 1e-4*(1+math.Abs(float64(v))))
				}
			}
		}
	})
}

func TestReLU(t *testing.T) {
	nan, negZero := float32(math.NaN()), float32(math.Copysign(0, -1))
	eachISA(t, func(t *testing.T) {
		x := []float32{1, -1, 0, negZero, nan}
		y := make([]float32, len(x))
		ReLU(y, x)
		require.Equal(t, []uint32{math.Float32bits(1), 0, 0, 0}, []uint32{math.Float32bits(y[0]), math.Float32bits(y[1]), math.Float32bits(y[2]), math.Float32bits(y[3])})
		require.True(t, math.IsNaN(float64(y[4])))
		ReLUBackward(x, y, []float32{5, 5, 5, 5, 5})
		require.Equal(t, []float32{5, 0, 0, 0, 0}, x)
	})
}

func TestHighway(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		h, gate, x, y := []float32{2, -3}, []float32{0.25, 0.75}, []float32{4, 8}, make([]float32, 2)
		Highway(y, h, gate, x)
		require.Equal(t, []float32{2, 0}, h)
		require.Equal(t, []float32{0.25*2 + 0.75*4, 0.25 * 8}, y)
		dh, dgate, dx := make([]float32, 2), make([]float32, 2), make([]float32, 2)
		dy := []float32{1, 2}
		HighwayBackward(dh, dgate, dx, dy, h, gate, x)
		require.Equal(t, []float32{0.25, 0}, dh)
		require.Equal(t, []float32{(2 - 4) * 0.25 * 0.75, 2 * -8 * 0.75 * 0.25}, dgate)
		require.Equal(t, []float32{0.75, 0.5}, dx)
		want := slices.Clone(dgate)
		HighwayBackward(dh, dgate, dgate, dy, h, gate, x)
		require.Equal(t, want, dgate)
	})
}

// Normalise and its way back, by the mean, the variance and finite differences.
func TestNormalise(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range []int{2, 5, 16, 100} {
			x, dy, gain, bias := random(n), random(n + 1)[:n], random(n + 2)[:n], random(n + 3)[:n]
			exact := func(x []float32) (y []float64, loss float64) {
				mean, square := 0.0, 0.0
				for _, v := range x {
					mean += float64(v) / float64(n)
				}
				for _, v := range x {
					square += (float64(v) - mean) * (float64(v) - mean) / float64(n)
				}
				for i, v := range x {
					y = append(y, (float64(v)-mean)/math.Sqrt(square+1e-5)*float64(gain[i])+float64(bias[i]))
					loss += y[i] * float64(dy[i])
				}
				return y, loss
			}
			y, hat, dx := make([]float32, n), slices.Clone(x), make([]float32, n)
			scale := Normalise(y, hat, hat, gain, bias)
			want, _ := exact(x)
			for i := range y {
				require.InDelta(t, want[i], float64(y[i]), 1e-5)
			}
			terms := slices.Clone(hat)
			NormaliseBackward(dx, dy, terms, gain, scale)
			for i := range x {
				require.Equal(t, hat[i]*dy[i], terms[i])
				up, down := slices.Clone(x), slices.Clone(x)
				up[i] += 1e-2
				down[i] -= 1e-2
				_, above := exact(up)
				_, below := exact(down)
				require.InDelta(t, (above-below)/(float64(up[i])-float64(down[i])), float64(dx[i]), 2e-2*(1+math.Abs(float64(dx[i]))))
			}
		}
	})
}

func TestAxpyRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	eachISA(t, func(t *testing.T) {
		for n := 1; n <= 150; n++ {
			const rows, places, stride = 9, 5, 3
			alpha, src, dst := random(rows), random(rows*n), random(places*stride+n)
			alpha[2], alpha[4] = 0, float32(math.Copysign(0, -1))
			src[2*n] = float32(math.NaN()) // not read
			at := make([]int32, rows)
			for i := range at {
				at[i] = int32(r.IntN(places))
			}
			want := slices.Clone(dst)
			for i, a := range alpha {
				if a != 0 {
					Axpy(a, src[i*n:][:n], want[int(at[i])*stride:][:n])
				}
			}
			AxpyRows(alpha, src, n, dst, at, stride)
			requireSameBits(t, want, dst)
			require.Panics(t, func() { AxpyRows(alpha, src[1:], n, dst, at, stride) })
			require.Panics(t, func() { AxpyRows(alpha, src, n, dst[:n-1], at, stride) })
			at[3] = -1
			require.Panics(t, func() { AxpyRows(alpha, src, n, dst, at, stride) })
		}
		AxpyRows(nil, nil, 3, nil, nil, 1)
	})
}

func TestAxpyGather(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	eachISA(t, func(t *testing.T) {
		for n := 1; n <= 330; n += 1 + n/40 {
			const rows, places = 9, 40
			alpha, src, dst := random(rows), random(places+n), random(n)
			at := make([]int32, rows)
			for i := range at {
				at[i] = int32(r.IntN(places + 1))
			}
			want := slices.Clone(dst)
			for i, a := range alpha {
				Axpy(a, src[at[i]:][:n], want)
			}
			AxpyGather(dst, alpha, src, at)
			requireSameBits(t, want, dst)
			at[3] = places + 1
			require.Panics(t, func() { AxpyGather(dst, alpha, src, at) })
			at[3] = -1
			require.Panics(t, func() { AxpyGather(dst, alpha, src, at) })
		}
		AxpyGather(nil, []float32{1}, []float32{1}, []int32{0})
		AxpyGather([]float32{1}, nil, nil, nil)
	})
}
