package kernel

import "fmt"

// Weights is the matrix B [k,n] of many products whose rows of A may be few, and which
// stays as it is until it is held again: what is rounded to bf16 is rounded once.
type Weights struct {
	bf16      bool
	k, n, ldb int
	b         []float32

	// B rounded, unless products read it itself.
	packing           // that it was packed for
	panels  []float32 // packKBF16 steps of all panels after the other: [steps,panel] each
	partsFn func(lo, hi int)
}

// Hold takes B with rows ldb values apart, for products of float32 or, on all cores, for
// those of bf16. B has to stay as it is while products are formed with it.
func (w *Weights) Hold(bf16 bool, k, n int, b []float32, ldb int) {
	checkMatrix("Hold", "B", b, k, n, ldb)
	w.bf16, w.k, w.n, w.b, w.ldb, w.packing = bf16, k, n, b, ldb, packing{}
	if bf16 {
		w.packing = packingNow()
	}
	if w.tiles == nil || k <= 0 || n <= 0 {
		return
	}
	if w.partsFn == nil {
		w.partsFn = w.parts
	}
	w.panels = grown(w.panels, (k+w.each-1)/w.each*w.columns())
	Parallel(w.columns()/w.panel(), 1, w.partsFn)
}

// columns are those of B in whole panels.
func (w *Weights) columns() int { return (w.n + w.panel() - 1) / w.panel() * w.panel() }

// parts packs panels lo..hi-1.
func (w *Weights) parts(lo, hi int) {
	p := product{n: w.n, k: w.k, b: w.b, ldb: w.ldb}
	for k := 0; k < w.k; k += packKBF16 {
		for at := lo; at < hi; at++ {
			j := at * w.panel()
			p.packBF16(w.packing, nil, w.from(j, k), j, min(j+w.panel(), w.n), k, min(k+packKBF16, w.k))
		}
	}
}

// from is the panel of column j, the first of one, and of step k, a multiple of packKBF16.
func (w *Weights) from(j, k int) []float32 {
	steps := (min(packKBF16, w.k-k) + w.each - 1) / w.each
	return w.panels[k/w.each*w.columns()+j*steps:]
}

// Gemm sets C [m,n] = alpha A B[:, from:from+n] + beta C, as [Gemm] or [GemmBF16] would;
// A [m,k]. from is a multiple of PanelGrain.
func (w *Weights) Gemm(from, n, m int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int) {
	if beta == 0 {
		beta = 0 // not -0: the kernels look at the bits
	}
	w.do(from, product{m: m, n: n, alpha: alpha, beta: beta, a: a, c: c, x: c, lda: lda, ldc: ldc, ldx: ldc})
}

// GemmBias sets C [m,n] = A B + bias, as [GemmBias] or [GemmBiasBF16] would; A [m,k].
func (w *Weights) GemmBias(m int, a []float32, lda int, bias, c []float32, ldc int) {
	if len(bias) < w.n {
		panic(fmt.Sprintf("kernel: GemmBias: bias of %d values for %d columns", len(bias), w.n))
	}
	w.do(0, product{m: m, n: w.n, alpha: 1, beta: 1, a: a, c: c, x: bias, lda: lda, ldc: ldc})
}

// PanelGrain is what columns of Weights can be taken by.
const PanelGrain = columnGrain

func (w *Weights) do(from int, p product) {
	if from < 0 || from%PanelGrain != 0 || from+p.n > w.n {
		panic(fmt.Sprintf("kernel: columns %d to %d of weights of %d", from, from+p.n, w.n))
	}
	p.k, p.b, p.ldb, p.bf16 = w.k, w.b, w.ldb, w.bf16
	if w.tiles == nil {
		p.b = p.b[min(from, len(p.b)):]
	} else {
		p.packed, p.from = w, from
	}
	p.do()
}
