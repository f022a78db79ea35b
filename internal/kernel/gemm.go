package kernel

import "fmt"

// Gemm sets C = alpha op(A) op(B) + beta C, on all cores: op(A) [m,k], op(B)
// [k,n], C [m,n], row-major, with rows lda, ldb and ldc values apart. An
// operand with its flag set is stored transposed: A [k,m], B [n,k].
//
// lda may be less than the length of a row of A, whose rows then overlap: the
// windows of a text convolution are such a matrix. C is not read if beta is 0.
// With k = 0, C = beta C. It panics if a slice is too short.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if beta == 0 {
		beta = 0 // not -0: the kernels look at the bits
	}
	p := product{transA, transB, m, n, k, alpha, beta, a, b, c, c, lda, ldb, ldc, ldc, false, nil, 0}
	p.do()
}

// GemmBias sets C = op(A) op(B) + bias, the row bias [n] added to each row.
func GemmBias(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, bias []float32, c []float32, ldc int) {
	p := biased("GemmBias", transA, transB, m, n, k, a, lda, b, ldb, bias, c, ldc)
	p.do()
}

func biased(function string, transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, bias []float32, c []float32, ldc int) product {
	if len(bias) < n {
		panic(fmt.Sprintf("kernel: %s: bias of %d values for %d columns", function, len(bias), n))
	}
	return product{transA, transB, m, n, k, 1, 1, a, b, c, bias, lda, ldb, ldc, 0, false, nil, 0}
}

// product is a call under way: C = alpha op(A) op(B) + beta X, where X is C or
// a bias whose rows are all the same.
type product struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    float32
	a, b, c, x     []float32

	lda, ldb, ldc, ldx int

	bf16   bool     // operands are rounded
	packed *Weights // columns of B from from on, if they are packed
	from   int
}

// sharedProduct is one that several cores work on.
type sharedProduct struct {
	product
	byRows, byColumns func(lo, hi int) // parts, as values that need not be made again
}

var products = freeList[sharedProduct]{make: func() *sharedProduct {
	p := new(sharedProduct)
	p.byRows = func(lo, hi int) { p.part(lo, hi, 0, p.n) }
	p.byColumns = func(lo, hi int) { p.part(0, p.m, lo, hi) }
	return p
}}

// smallProduct is what one core does alone, in multiplications, to which every
// value read or written adds perValue: two microseconds, which is what meeting
// another core twice may cost.
const smallProduct, perValue = 1 << 19, 8

func (p *product) small() bool {
	return p.m*p.n*p.k+perValue*(p.m*p.k+p.k*p.n+p.m*p.n) < smallProduct
}

// Parts are whole tiles of every instruction set, or of few columns whole
// vectors: shares of work that differ cost more than narrow tiles do.
const rowGrain, columnGrain, vectorGrain = 24, 48, 16

// splitColumns is the grain for the columns of C.
func (p *product) splitColumns() int {
	switch {
	case p.packed != nil:
		return columnGrain
	case p.n < 8*columnGrain: // one part for each core
		each := (p.n + Threads() - 1) / Threads()
		return (each + vectorGrain - 1) / vectorGrain * vectorGrain
	case p.n < 16*columnGrain:
		return vectorGrain
	}
	return columnGrain
}

// do runs the product, its longer side split among the cores. One that belongs
// to a part of a call of Parallel touches nothing that another core writes, unless it packs B.
func (p *product) do() {
	if p.m <= 0 || p.n <= 0 {
		return
	}
	p.check()
	if p.small() || busy() {
		p.part(0, p.m, 0, p.n)
		return
	}
	s := products.get()
	s.product = *p
	defer s.release()
	switch {
	case p.n >= p.m || p.packsB() && p.n >= 8*columnGrain:
		Parallel(p.n, p.splitColumns(), s.byColumns)
	case p.packsB(): // by every part: as few as can be
		Parallel(p.m, (p.m+Threads()-1)/Threads(), s.byRows)
	default:
		Parallel(p.m, rowGrain, s.byRows)
	}
}

func (p *sharedProduct) release() {
	p.product = product{}
	products.put(p)
}

func (p *product) check() {
	if p.k < 0 {
		panic("kernel: Gemm: k < 0")
	}
	if p.k > 0 {
		rows, cols := p.m, p.k
		if p.transA {
			rows, cols = cols, rows
		}
		checkMatrix("Gemm", "A", p.a, rows, cols, p.lda)
		rows, cols = p.k, p.n
		if p.transB {
			rows, cols = cols, rows
		}
		checkMatrix("Gemm", "B", p.b, rows, cols, p.ldb)
	}
	checkMatrix("Gemm", "C", p.c, p.m, p.n, p.ldc)
	if p.ldc < p.n && p.m > 1 {
		panic(fmt.Sprintf("kernel: Gemm: rows of C overlap: stride %d for %d columns", p.ldc, p.n))
	}
}

// checkMatrix panics if a slice is too short for its last row.
func checkMatrix(function, name string, s []float32, rows, cols, ld int) {
	if rows > 0 && (ld < 0 || len(s) < (rows-1)*ld+cols) {
		panic(fmt.Sprintf("kernel: %s: %s of %d values is too short for [%d,%d] with stride %d", function, name, len(s), rows, cols, ld))
	}
}

// part computes C[i0:i1, j0:j1].
func (p *product) part(i0, i1, j0, j1 int) {
	g := &isa.gemm
	switch {
	case p.bf16 && (g.tiles == nil || p.k == 0):
		p.genericBF16(i0, i1, j0, j1)
	case p.bf16:
		p.tiledBF16(i0, i1, j0, j1)
	case g.tiles == nil || p.k == 0:
		p.generic(i0, i1, j0, j1)
	default:
		p.tiled(g, i0, i1, j0, j1)
	}
}
