package kernel

import (
	"flag"
	"math"
	"math/bits"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var exhaustive = flag.Bool("exhaustive", false, "test the elementwise functions on every float32")

// mapping is an elementwise function with its exact form and the greatest
// error allowed, in units of the last place of the exact result.
type mapping struct {
	name  string
	f     func(dst, src []float32)
	exact func(float64) float64
	ulp   float64
}

var mappings = []mapping{
	{"exp", Exp, math.Exp, 1.07},
	{"log", Log, math.Log, 1.05},
	{"tanh", Tanh, math.Tanh, 2.5},
	{"sigmoid", Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }, 2.5},
}

// ulpError is |got - want| in units of the last place of want as a float32. It
// is 0 where want is flushed to 0 and +Inf where one of the two alone is NaN or
// infinite.
func (m mapping) ulpError(got float32, want float64) float64 {
	g := float64(got)
	rounded := float64(float32(want))
	switch {
	case math.IsNaN(want) || math.IsInf(rounded, 0):
		if math.Float64bits(g) == math.Float64bits(rounded) || math.IsNaN(g) && math.IsNaN(want) {
			return 0
		}
		return math.Inf(1)
	case got == 0 && math.Abs(want) < 0x1p-126 && (m.name == "exp" || m.name == "sigmoid"):
		return 0
	}
	_, e := math.Frexp(want)
	return math.Abs(g-want) / math.Ldexp(1, max(e-24, -149))
}

// sweep calls f on runs of float32s that cover the whole range: all of them, or
// of each binade of both signs its ends and some thousand in between.
func sweep(f func(src []float32)) {
	const run = 1 << 13
	src := make([]float32, run)
	if *exhaustive {
		for b := uint64(0); b < 1<<32; b += run {
			for i := range src {
				src[i] = math.Float32frombits(uint32(b) + uint32(i))
			}
			f(src)
		}
		return
	}
	for binade := range uint32(512) {
		for i := range src {
			// The bits of i, reversed, are spread evenly over the mantissa.
			mantissa := bits.Reverse32(uint32(i)) >> 9
			if i >= run/2 {
				mantissa = mantissa ^ 1<<23 - 1 // and from the other end
			}
			src[i] = math.Float32frombits(binade<<23 | mantissa&(1<<23-1))
		}
		f(src)
	}
}

func TestAccuracy(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, m := range mappings {
			dst := make([]float32, 1<<13)
			worst, at := 0.0, float32(0)
			sweep(func(src []float32) {
				m.f(dst, src)
				for i, x := range src {
					if e := m.ulpError(dst[i], m.exact(float64(x))); e > worst {
						worst, at = e, x
					}
				}
			})
			t.Logf("%s: %.3f ulp at %v", m.name, worst, at)
			assert.LessOrEqual(t, worst, m.ulp, "%s(%v)", m.name, at)
		}
	})
}

func TestSpecialValues(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	negZero := float32(math.Copysign(0, -1))
	signalling := math.Float32frombits(0x7f800001)
	eachISA(t, func(t *testing.T) {
		for _, c := range []struct {
			f       func(dst, src []float32)
			x, want float32
		}{
			{Exp, nan, nan}, {Exp, signalling, nan}, {Exp, inf, inf}, {Exp, -inf, 0}, {Exp, 0, 1}, {Exp, negZero, 1},
			{Exp, 88.72284, inf}, {Exp, -87.33655, 0}, {Exp, 1e-45, 1},
			{Log, nan, nan}, {Log, signalling, nan}, {Log, inf, inf}, {Log, -inf, nan}, {Log, 0, -inf}, {Log, negZero, -inf}, {Log, -1, nan}, {Log, 1, 0},
			{Tanh, nan, nan}, {Tanh, signalling, nan}, {Tanh, inf, 1}, {Tanh, -inf, -1}, {Tanh, 0, 0}, {Tanh, negZero, negZero}, {Tanh, 1e-45, 1e-45},
			{Sigmoid, nan, nan}, {Sigmoid, signalling, nan}, {Sigmoid, inf, 1}, {Sigmoid, -inf, 0}, {Sigmoid, 0, 0.5}, {Sigmoid, negZero, 0.5}, {Sigmoid, -87.33655, 0},
		} {
			got := []float32{c.x}
			c.f(got, got)
			if math.IsNaN(float64(c.want)) {
				require.True(t, math.IsNaN(float64(got[0])), "%v: %v", c.x, got[0])
				continue
			}
			require.Equal(t, math.Float32bits(c.want), math.Float32bits(got[0]), "%v: %v, want %v", c.x, got[0], c.want)
		}
	})
}
