package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// call is one product with all that it is made of.
type call struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c, bias  []float32
	lda, ldb, ldc  int
}

func (p *call) run(c []float32) {
	if p.bias != nil {
		GemmBias(p.transA, p.transB, p.m, p.n, p.k, p.a, p.lda, p.b, p.ldb, p.bias, c, p.ldc)
		return
	}
	Gemm(p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.a, p.lda, p.b, p.ldb, p.beta, c, p.ldc)
}

// want is the exact value of C[i,j] and a bound of what rounding may do to it:
// one relative error of 2^-24 for each term and for each factor outside.
func (p *call) want(i, j int) (value, tolerance float64) {
	size := 0.0
	for l := range p.k {
		ai, bi := i*p.lda+l, l*p.ldb+j
		if p.transA {
			ai = l*p.lda + i
		}
		if p.transB {
			bi = j*p.ldb + l
		}
		term := float64(p.alpha) * float64(p.a[ai]) * float64(p.b[bi])
		value += term
		size += math.Abs(term)
	}
	add := 0.0
	switch {
	case p.bias != nil:
		add = float64(p.bias[j])
	case p.beta != 0:
		add = float64(p.beta) * float64(p.c[i*p.ldc+j])
	}
	return value + add, float64(p.k+4) * 0x1p-24 * (size + math.Abs(add))
}

// randomCall draws a product. Its slices end with the last value that it needs.
func randomCall(r *rand.Rand) *call {
	p := &call{transA: r.IntN(2) == 0, transB: r.IntN(2) == 0, m: 1 + r.IntN(40), n: 1 + r.IntN(130), k: 1 + r.IntN(100), alpha: 1}
	switch r.IntN(8) {
	case 0:
		p.k = 500 + r.IntN(1500)
	case 1:
		p.m, p.n = 100+r.IntN(100), 1+r.IntN(200)
	case 2:
		p.k = 0
	case 3:
		if r.IntN(10) == 0 { // packed in several blocks of both k and n
			p.m, p.n, p.k = 192+r.IntN(20), 520+r.IntN(50), 512+r.IntN(50)
		}
	}
	p.lda, p.ldb, p.ldc = p.k+r.IntN(4), p.n+r.IntN(4), p.n+r.IntN(4)
	rowsA, colsA, rowsB, colsB := p.m, p.k, p.k, p.n
	if p.transA {
		p.lda, rowsA, colsA = p.m+r.IntN(4), p.k, p.m
	} else if r.IntN(3) == 0 {
		p.lda = r.IntN(p.k + 1) // overlapping rows
	}
	if p.transB {
		p.ldb, rowsB, colsB = p.k+r.IntN(4), p.n, p.k
	}
	size := func(rows, cols, ld int) int { return max(0, rows-1)*ld + cols }
	fill := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = 2*r.Float32() - 1
		}
		return s
	}
	if p.k > 0 {
		p.a, p.b = fill(size(rowsA, colsA, p.lda)), fill(size(rowsB, colsB, p.ldb))
	}
	p.c = fill(size(p.m, p.n, p.ldc))
	switch r.IntN(4) {
	case 0:
		p.bias = fill(p.n)
	case 1:
		p.beta = 1
	case 2:
		p.alpha, p.beta = 2*r.Float32()-1, 2*r.Float32()-1
	case 3: // C is written, not read
		for i := range p.m {
			for j := range p.n {
				p.c[i*p.ldc+j] = float32(math.NaN())
			}
		}
	}
	return p
}

func TestGemm(t *testing.T) {
	defer SetThreads(0)
	chosen := ISA()
	defer Use(chosen)
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		p := randomCall(r)
		results := map[string][]float32{}
		SetThreads(1 + r.IntN(3))
		for _, s := range available {
			Use(s.name)
			results[s.name] = append([]float32(nil), p.c...)
			p.run(results[s.name])
		}
		for i := range p.m {
			for j := range p.n {
				want, tolerance := p.want(i, j)
				for name, c := range results {
					if got := float64(c[i*p.ldc+j]); !(math.Abs(got-want) <= tolerance) {
						t.Fatalf("%s: %v %v %dx%dx%d alpha %v beta %v lda %d: C[%d,%d] = %v, want %v +- %v",
							name, p.transA, p.transB, p.m, p.n, p.k, p.alpha, p.beta, p.lda, i, j, got, want, tolerance)
					}
				}
			}
			for _, c := range results {
				if i < p.m-1 { // what lies between the rows stays
					gap := [2]int{i*p.ldc + p.n, (i + 1) * p.ldc}
					requireSameBits(t, p.c[gap[0]:gap[1]], c[gap[0]:gap[1]])
				}
			}
		}
	}
}

// The bits of a product depend neither on the number of threads nor on which
// assembly is used.
func TestGemmSameBits(t *testing.T) {
	defer SetThreads(0)
	chosen := ISA()
	defer Use(chosen)
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		p := randomCall(r)
		p.m, p.n = p.m+64, p.n+64
		p.lda, p.ldb, p.ldc = p.lda+64, p.ldb+64, p.ldc+64
		p.a, p.b, p.c, p.bias = random((p.m+p.k)*p.lda), random((p.n+p.k)*p.ldb), random(p.m*p.ldc), nil
		for _, family := range [][]string{assembly(), {"generic"}} {
			var first []float32
			for _, name := range family {
				Use(name)
				for threads := 1; threads <= 3; threads++ {
					SetThreads(threads)
					c := append([]float32(nil), p.c...)
					p.run(c)
					if first == nil {
						first = c
					}
					if !slices.Equal(first, c) {
						t.Fatalf("%s, %d threads: %v %v %dx%dx%d", name, threads, p.transA, p.transB, p.m, p.n, p.k)
					}
				}
			}
		}
	}
}

// A product that copies B into panels has the bits of one that reads it where it is.
func TestGemmPackedSameBits(t *testing.T) {
	chosen := ISA()
	defer Use(chosen)
	const m, half, n, k = 202, 101, 403, 2*packK + 37
	a, b := random(m*k), random(k*n)
	bT := make([]float32, n*k)
	Transpose(bT, b, k, n)
	for _, name := range assembly() {
		Use(name)
		require.True(t, (&product{m: m, n: n, k: k}).packsB())
		require.False(t, (&product{m: half, n: n, k: k}).packsB())
		want, packed, turned := make([]float32, m*n), make([]float32, m*n), make([]float32, m*n)
		for i := 0; i < m; i += half {
			Gemm(false, false, half, n, k, .5, a[i*k:], k, b, n, 0, want[i*n:], n)
		}
		Gemm(false, false, m, n, k, .5, a, k, b, n, 0, packed, n)
		Gemm(false, true, m, n, k, .5, a, k, bT, k, 0, turned, n)
		requireSameBits(t, want, packed)
		requireSameBits(t, want, turned)
	}
}

func TestGemmEdges(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		c := []float32{1, 2}
		Gemm(false, false, 0, 2, 3, 1, nil, 3, nil, 2, 0, c, 2)
		Gemm(false, false, 1, 0, 3, 1, nil, 3, nil, 2, 0, c, 2)
		require.Equal(t, []float32{1, 2}, c)
		Gemm(false, false, 1, 2, 0, 1, nil, 0, nil, 2, 3, c, 2)
		require.Equal(t, []float32{3, 6}, c)
		GemmBias(false, true, 1, 2, 0, nil, 0, nil, 0, []float32{7, 8}, c, 2)
		require.Equal(t, []float32{7, 8}, c)
		Gemm(false, false, 1, 2, 0, 1, nil, 0, nil, 2, 0, c, 2)
		require.Equal(t, []float32{0, 0}, c)
		c[0] = float32(math.NaN())
		negZero := float32(math.Copysign(0, -1))
		Gemm(false, false, 1, 2, 1, 1, []float32{2}, 1, []float32{3, 4}, 2, negZero, c, 2)
		require.Equal(t, []float32{6, 8}, c)

		ok := make([]float32, 12)
		for name, f := range map[string]func(){
			"A":    func() { Gemm(false, false, 2, 3, 4, 1, ok[:7], 4, ok, 3, 0, ok, 3) },
			"B":    func() { Gemm(false, false, 2, 3, 4, 1, ok, 4, ok[:11], 3, 0, ok, 3) },
			"C":    func() { Gemm(false, false, 2, 3, 4, 1, ok, 4, ok, 3, 0, ok[:5], 3) },
			"bias": func() { GemmBias(false, false, 2, 3, 4, ok, 4, ok, 3, ok[:2], ok, 3) },
			"rows": func() { Gemm(false, false, 2, 3, 4, 1, ok, 4, ok, 3, 0, ok, 2) },
		} {
			require.Panics(t, f, name)
		}
		Gemm(false, false, 2, 3, 4, 1, ok[:8], 4, ok, 3, 0, ok[:6], 3) // still works
	})
}

func TestGemmAllocatesNothing(t *testing.T) {
	defer SetThreads(0)
	SetThreads(2)
	eachISA(t, func(t *testing.T) {
		for _, trans := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
			n := 96
			a, b, c := random(n*n), random(n*n), make([]float32, n*n)
			require.Zero(t, testing.AllocsPerRun(20, func() {
				Gemm(trans[0], trans[1], n, n, n, 1, a, n, b, n, 0, c, n)
			}))
		}
	})
}
