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

// Hold makes held the weights w [k,n], whose rows are ld values apart, for products like
// these.
func (p Products) Hold(held *kernel.Weights, k, n int, w []float32, ld int) {
	held.Hold(p.BF16, k, n, w, ld)
}
