package cell

import "textgan/internal/kernel"

// Products multiplies the matrices of an operation: float32, or with operands
// that are rounded to bf16. Sums, and whatever is no product, are float32.
type Products struct{ BF16 bool }

// Gemm is kernel.Gemm, or kernel.GemmBF16.
func (p Products) Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if p.BF16 {
		kernel.GemmBF16(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	} else {
		kernel.Gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	}
}

// GemmBias is kernel.GemmBias, or kernel.GemmBiasBF16.
func (p Products) GemmBias(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, bias, c []float32, ldc int) {
	if p.BF16 {
		kernel.GemmBiasBF16(transA, transB, m, n, k, a, lda, b, ldb, bias, c, ldc)
	} else {
		kernel.GemmBias(transA, transB, m, n, k, a, lda, b, ldb, bias, c, ldc)
	}
}

// UseBF16 makes products with rounded operands of those from here on.
func (p *Products) UseBF16() { p.BF16 = true }

// Weights is a matrix [K,N] on the right of many products, which stays as it is until
// it is held again: what is rounded is rounded once.
type Weights struct {
	k, n, ld int
	w        []float32
	packed   kernel.Packed
}

// Hold makes held the weights w [k,n], whose rows are ld values apart.
func (p Products) Hold(held *Weights, k, n int, w []float32, ld int) {
	held.k, held.n, held.w, held.ld = k, n, w, ld
	if p.BF16 {
		held.packed.Pack(k, n, w, ld)
	}
}

// Times sets C [m,n] = alpha A W + beta C, for A [m,K] and n columns of W from from
// on, a multiple of kernel.PanelGrain.
func (p Products) Times(w *Weights, from, n, m int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int) {
	if p.BF16 {
		w.packed.Gemm(from, n, m, alpha, a, lda, beta, c, ldc)
	} else {
		kernel.Gemm(false, false, m, n, w.k, alpha, a, lda, w.w[from:], w.ld, beta, c, ldc)
	}
}

// TimesBias sets C [m,N] = A W + bias, for A [m,K].
func (p Products) TimesBias(w *Weights, m int, a []float32, lda int, bias, c []float32, ldc int) {
	if p.BF16 {
		w.packed.GemmBias(m, a, lda, bias, c, ldc)
	} else {
		kernel.GemmBias(false, false, m, w.n, w.k, a, lda, w.w, w.ld, bias, c, ldc)
	}
}
