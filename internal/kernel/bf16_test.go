package kernel

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// anyBits draws from all float32, as often near the ends as elsewhere.
func anyBits(r *rand.Rand) float32 {
	bits := r.Uint32()
	switch r.IntN(6) {
	case 0:
		bits &= 1<<31 | 1<<24 - 1 // denormal or small
	case 1:
		bits |= 0xff << 23 // infinite or NaN
	case 2:
		bits = bits&0xffff0000 | [4]uint32{0, 0x7fff, 0x8000, 0x8001}[r.IntN(4)]
	case 3:
		bits = bits&(1<<31) | 0x7f7f0000 | r.Uint32()&0xffff // may round to infinity
	}
	return math.Float32frombits(bits)
}

func TestRoundBF16(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	src := make([]float32, 1<<16+7)
	for i := range src {
		src[i] = anyBits(r)
	}
	inf := math.Inf(1)
	for i, c := range [][2]float64{
		{0, 0}, {1, 1}, {1 + 0x1p-8, 1}, {1 + 0x1p-8 + 0x1p-23, 1 + 0x1p-7}, {1 + 3*0x1p-8, 1 + 0x1p-6}, {-1 - 0x1p-9, -1},
		{math.MaxFloat32, inf}, {-inf, -inf}, {0x1p-126, 0x1p-126}, {0x1p-127, 0}, {0x1p-126 - 0x1p-149, 0},
	} {
		src[i] = float32(c[0])
		require.Equal(t, float32(c[1]), math.Float32frombits(bf16(src[i])))
	}
	want := make([]float32, len(src))
	roundBF16Generic(want, src)
	for i, x := range src {
		if x != x {
			require.True(t, want[i] != want[i])
			continue
		}
		require.Equal(t, math.Signbit(float64(x)), math.Signbit(float64(want[i])))
		// No value of bf16 is nearer.
		if got := math.Abs(float64(want[i])); !math.IsInf(got, 0) && math.Abs(float64(x)) >= 0x1p-126 {
			unit := math.Ldexp(1, math.Ilogb(got)-7)
			require.LessOrEqual(t, math.Abs(math.Abs(float64(x))-got), unit/2)
		}
	}
	eachISA(t, func(t *testing.T) {
		for _, n := range []int{0, 1, 2, 7, 8, 15, 16, 17, 31, 33, 64, 65, len(src)} {
			dst := make([]float32, n)
			isa.roundBF16(dst, src[:n])
			requireSameBits(t, want[:n], dst)

			isa.pairBF16(dst, src[:n], src[len(src)-n:])
			pairs := make([]float32, n)
			pairBF16Generic(pairs, src[:n], src[len(src)-n:])
			requireSameBits(t, pairs, dst)

			half := make([]float32, (n+1)/2)
			isa.halveBF16(half, src[:n])
			halves := make([]float32, (n+1)/2)
			halveBF16Generic(halves, src[:n])
			requireSameBits(t, halves, half)
		}
	})
	require.Equal(t, uint32(0x3f80c000), math.Float32bits(func() float32 { d := []float32{0}; pairBF16Generic(d, []float32{1}, []float32{-2}); return d[0] }()))
}

// Panels hold rows, or pairs of rows, whatever packs them.
func TestPanels(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	eachISA(t, func(t *testing.T) {
		panel := isa.gemm.vectors * isa.gemm.width
		if panel == 0 {
			panel = 5
		}
		for cols := 1; cols <= panel; cols++ {
			steps, ld := 1+r.IntN(5), cols+r.IntN(3)
			src := make([]float32, 2*steps*ld)
			for i := range src {
				src[i] = anyBits(r)
			}
			got, want := make([]float32, steps*panel), make([]float32, steps*panel)
			check := func() {
				for l := range steps {
					requireSameBits(t, want[l*panel:][:cols], got[l*panel:][:cols])
				}
			}
			isa.roundPanel(got, src, ld, steps, panel, cols)
			roundPanelRows(roundBF16Generic)(want, src, ld, steps, panel, cols)
			check()
			isa.pairPanel(got, src, ld, steps, panel, cols)
			pairPanelRows(pairBF16Generic)(want, src, ld, steps, panel, cols)
			check()
		}
	})
}

// A fused multiplication and addition rounds once, and flushes.
func TestFusedFlushed(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	number := func() float32 {
		x := math.Ldexp(1+r.Float64(), r.IntN(60)-30)
		if r.IntN(3) == 0 {
			x = math.Ldexp(1, r.IntN(60)-30)
		}
		return float32(math.Copysign(x, r.Float64()-0.5))
	}
	exact := func(x float32) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(float64(x)) }
	for range 100000 {
		x, y, z := number(), number(), number()
		if r.IntN(4) == 0 {
			z = float32(-float64(x) * float64(y)) // cancels
		}
		sum := exact(x)
		sum.Mul(sum, exact(y)).Add(sum, exact(z))
		want, _ := sum.Float32()
		require.Equal(t, want, fusedFlushed(x, y, z), "%v %v %v", x, y, z)
	}
	const least = 0x1p-126
	for _, c := range []struct{ x, y, z, want float32 }{
		{least, 1, -least * (1 + 0x1p-23), 0}, // the result is denormal
		{least / 2, 1, 0, 0},
		{0x1p-64, 0x1p-64, least, least * (1 + 0x1p-2)},
		{0x1p-64, 0x1p-64, 0, 0},
		{1, 1, least / 2, 1},
		{3e38, 3e38, 0, float32(math.Inf(1))},
	} {
		require.Equal(t, c.want, fusedFlushed(c.x, c.y, c.z), "%v", c)
	}
	require.True(t, math.Signbit(float64(fusedFlushed(-0x1p-64, 0x1p-64, 0))))
}

// eachBF16 runs f on every way to multiply bf16 that the CPU has, the one that it
// does not choose for being slower too.
func eachBF16(t *testing.T, f func(t *testing.T)) {
	eachISA(t, f)
	tiles, of := otherBF16()
	if of == nil {
		return
	}
	t.Run("the other way", func(t *testing.T) {
		defer func(chosen *instructionSet, tiles gemmKernels) { isa, of.pairs = chosen, tiles }(isa, of.pairs)
		isa, of.pairs = of, tiles
		f(t)
	})
}

// The meaning of a product of bf16 is genericBF16: the assembly has its bits, on
// all small sizes and on large ones, with any number of threads, whether or not
// the CPU has the instruction for it. Denormals are part of it.
func TestGemmBF16IsItsMeaning(t *testing.T) {
	defer SetThreads(0)
	eachBF16(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(5, 6))
		check := func(p *call) {
			if r.IntN(3) == 0 { // tiny operands: sums that are flushed
				for i := range p.a {
					p.a[i] *= 0x1p-70
				}
				for i := range p.b {
					p.b[i] *= 0x1p-56
				}
				for i := range p.c {
					p.c[i] *= 0x1p-125
				}
			}
			want, got := append([]float32(nil), p.c...), append([]float32(nil), p.c...)
			meaning := product{p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.beta, p.a, p.b, want, want, p.lda, p.ldb, p.ldc, p.ldc, true, nil, 0}
			if p.bias != nil {
				meaning.alpha, meaning.beta, meaning.x, meaning.ldx = 1, 1, p.bias, 0
			}
			meaning.genericBF16(0, p.m, 0, p.n)
			SetThreads(1 + r.IntN(3))
			if p.bias != nil {
				GemmBiasBF16(p.transA, p.transB, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.bias, got, p.ldc)
			} else {
				GemmBF16(p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, got, p.ldc)
			}
			for i := range want {
				if math.Float32bits(want[i]) != math.Float32bits(got[i]) && (want[i] == want[i] || got[i] == got[i]) {
					t.Fatalf("%v %v %dx%dx%d alpha %v beta %v: value %d: %v (%#x), want %v (%#x)", p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.beta,
						i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
				}
			}
		}
		for m := 1; m <= 9; m++ {
			for n := 1; n <= 17; n += 1 + m%2 {
				for k := 1; k <= 6; k++ {
					p := &call{transA: r.IntN(2) == 0, transB: r.IntN(2) == 0, m: m, n: n, k: k, alpha: 1, beta: float32(r.IntN(2)), lda: k, ldb: n, ldc: n}
					if p.transA {
						p.lda = m
					}
					if p.transB {
						p.ldb = k
					}
					p.a, p.b, p.c = random(m*k), random(k*n), random(m*n)
					check(p)
				}
			}
		}
		for range 60 {
			if p := randomCall(r); !testing.Short() || p.m*p.n*p.k < 1<<20 {
				check(p)
			}
		}
	})
}

// For operands that bf16 holds the bits are those of a float32 product.
func TestGemmBF16OfRoundedOperands(t *testing.T) {
	if len(assembly()) == 0 {
		t.Skip("plain Go adds up in another order")
	}
	eachBF16(t, func(t *testing.T) {
		if ISA() == "generic" {
			t.Skip("plain Go adds up in another order")
		}
		r := rand.New(rand.NewPCG(7, 8))
		for range 40 {
			p := randomCall(r)
			isa.roundBF16(p.a, p.a)
			isa.roundBF16(p.b, p.b)
			want, got := append([]float32(nil), p.c...), append([]float32(nil), p.c...)
			p.run(want)
			if p.bias != nil {
				GemmBiasBF16(p.transA, p.transB, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.bias, got, p.ldc)
			} else {
				GemmBF16(p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, got, p.ldc)
			}
			for i := range p.m {
				requireSameBits(t, want[i*p.ldc:][:p.n], got[i*p.ldc:][:p.n])
			}
		}
	})
}

func TestGemmBF16Edges(t *testing.T) {
	eachBF16(t, func(t *testing.T) {
		c := []float32{1, 2}
		GemmBF16(false, false, 0, 2, 3, 1, nil, 3, nil, 2, 0, c, 2)
		require.Equal(t, []float32{1, 2}, c)
		GemmBF16(false, false, 1, 2, 0, 1, nil, 0, nil, 2, 3, c, 2)
		require.Equal(t, []float32{3, 6}, c)
		GemmBiasBF16(false, true, 1, 2, 0, nil, 0, nil, 0, []float32{7, 8}, c, 2)
		require.Equal(t, []float32{7, 8}, c)
		GemmBF16(false, false, 1, 2, 1, 1, []float32{float32(math.Inf(1))}, 1, []float32{0, 1}, 2, 0, c, 2)
		require.True(t, c[0] != c[0] && math.IsInf(float64(c[1]), 1))
		require.PanicsWithValue(t, "kernel: GemmBiasBF16: bias of 1 values for 2 columns", func() {
			GemmBiasBF16(false, true, 1, 2, 0, nil, 0, nil, 0, []float32{7}, c, 2)
		})
		defer SetThreads(0)
		SetThreads(2)
		a, b, d := random(96*96), random(96*96), make([]float32, 96*96)
		for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			if ISA() != "generic" {
				require.Zero(t, testing.AllocsPerRun(20, func() { GemmBF16(trans[0], trans[1], 96, 96, 96, 1, a, 96, b, 96, 0, d, 96) }))
			}
		}
	})
}
