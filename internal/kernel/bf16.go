package kernel

import "math"

// GemmBF16 is Gemm with operands that are rounded to bf16, which has the range of
// float32 and 8 bits of precision; products are exact and added up in float32:
//
//	C = alpha bf16(op(A)) bf16(op(B)) + beta C
//
// Denormals are zero wherever one is read or would be written, on every machine.
// For operands that bf16 can hold the bits are those of the assembly of Gemm.
//
// A CPU whose AVX512_BF16 is faster than its float32 arithmetic multiplies pairs.
// Every other one does the same rounding with what it has: the bits do not depend on
// which, nor on the number of threads.
func GemmBF16(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	if beta == 0 {
		beta = 0 // not -0: the kernels look at the bits
	}
	p := product{transA, transB, m, n, k, alpha, beta, a, b, c, c, lda, ldb, ldc, ldc, true, nil, 0}
	p.do()
}

// GemmBiasBF16 is GemmBias with operands that are rounded to bf16; the bias is
// not.
func GemmBiasBF16(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, bias []float32, c []float32, ldc int) {
	p := biased("GemmBiasBF16", transA, transB, m, n, k, a, lda, b, ldb, bias, c, ldc)
	p.bf16 = true
	p.do()
}

// NativeBF16 tells whether products of bf16 use instructions for them: the CPU has
// them, and is faster with them.
func NativeBF16() bool { return isa.pairs.tiles != nil }

// roundBF16Generic sets dst to the nearest values of bf16, to even ones halfway; dst
// may be src. Denormals become zero. A NaN stays one.
func roundBF16Generic(dst, src []float32) {
	for i, x := range src {
		dst[i] = math.Float32frombits(bf16(x))
	}
}

// bf16 is x rounded to bf16, in the upper half of the bits.
func bf16(x float32) uint32 {
	bits := math.Float32bits(x)
	switch {
	case x != x:
		return (bits | 1<<22) & 0xffff0000
	case bits&(1<<31-1) < 1<<23:
		return bits & (1 << 31)
	}
	return (bits + 0x7fff + bits>>16&1) & 0xffff0000
}

// pairBF16Generic packs first[i] and second[i], rounded, into the upper and the
// lower half of dst[i]: a pair is multiplied with a pair, the upper halves first.
func pairBF16Generic(dst, first, second []float32) {
	for i := range dst {
		dst[i] = math.Float32frombits(bf16(first[i]) | bf16(second[i])>>16)
	}
}

// halveBF16Generic packs the pairs of values that follow one another in src, the
// last one with 0 if their number is odd.
func halveBF16Generic(dst, src []float32) {
	for i := range dst {
		bits := bf16(src[2*i])
		if 2*i+1 < len(src) {
			bits |= bf16(src[2*i+1]) >> 16
		}
		dst[i] = math.Float32frombits(bits)
	}
}

// roundPanelRows packs steps rows of cols columns, ld values apart in src, into a
// panel [steps,panel], each by round.
func roundPanelRows(round func(dst, src []float32)) func(dst, src []float32, ld, steps, panel, cols int) {
	return func(dst, src []float32, ld, steps, panel, cols int) {
		for l := range steps {
			round(dst[l*panel:][:cols], src[l*ld:][:cols])
		}
	}
}

// pairPanelRows does so with steps pairs of rows.
func pairPanelRows(pair func(dst, first, second []float32)) func(dst, src []float32, ld, steps, panel, cols int) {
	return func(dst, src []float32, ld, steps, panel, cols int) {
		for l := range steps {
			pair(dst[l*panel:][:cols], src[2*l*ld:][:cols], src[(2*l+1)*ld:][:cols])
		}
	}
}

// genericBF16 computes C[i0:i1, j0:j1] in plain Go. It is the meaning of a product
// of bf16, bit for bit.
func (p *product) genericBF16(i0, i1, j0, j1 int) {
	a, b := p.at(p.transA, p.a, p.lda), p.at(p.transB, p.b, p.ldb)
	for i := i0; i < i1; i++ {
		for j := j0; j < j1; j++ {
			c := float32(0)
			if p.beta != 0 {
				c = p.x[i*p.ldx+j]
			}
			beta := p.beta
			for k := 0; k < max(p.k, 1); k += blockK {
				sum := float32(0)
				for l := k; l < min(k+blockK, p.k); l++ {
					sum = fusedFlushed(math.Float32frombits(bf16(a(i, l))), math.Float32frombits(bf16(b(l, j))), sum)
				}
				if p.alpha != 1 {
					sum = fusedFlushed(sum, p.alpha, float32(math.Copysign(0, -1))) // no addend: -0 + 0 is 0
				}
				if beta != 0 {
					sum = fusedFlushed(beta, c, sum)
				}
				c, beta = sum, 1
			}
			p.c[i*p.ldc+j] = c
		}
	}
}

// at reads an operand that may be stored transposed.
func (p *product) at(transposed bool, s []float32, ld int) func(i, j int) float32 {
	if transposed {
		return func(i, j int) float32 { return s[j*ld+i] }
	}
	return func(i, j int) float32 { return s[i*ld+j] }
}

// fusedFlushed is x*y + z, rounded once. Denormals, given or computed, are zero.
func fusedFlushed(x, y, z float32) float32 {
	zero := func(v float32) float64 {
		if -leastNormal < v && v < leastNormal {
			return math.Copysign(0, float64(v))
		}
		return float64(v)
	}
	a, c := zero(x)*zero(y), zero(z) // the product is exact
	s := a + c
	// Rounding twice is as good as once if the first time an inexact result is
	// made odd.
	if t := s - a; !math.IsInf(s, 0) {
		if rest := (a - (s - t)) + (c - t); rest != 0 && math.Float64bits(s)&1 == 0 {
			s = math.Nextafter(s, math.Copysign(math.Inf(1), rest))
		}
	}
	if math.Abs(s) < leastNormal-0x1p-151 { // with 24 bits it would be less than normal
		return float32(math.Copysign(0, s))
	}
	return float32(s)
}

// packing is how the operands of a product of bf16 lie in panels: float32 values
// that bf16 holds, or pairs of bf16.
type packing struct {
	gemmKernels
	each int // steps of k in a value
}

// panel is the columns of a panel.
func (g *packing) panel() int { return g.vectors * g.width }

func packingNow() packing {
	if NativeBF16() {
		return packing{isa.pairs, 2}
	}
	return packing{isa.gemm, 1}
}

// tiledBF16 computes C[i0:i1, j0:j1]. Both operands are packed, packKBF16 steps of k
// at a time, if B is not already; then j0 begins a panel.
func (p *product) tiledBF16(i0, i1, j0, j1 int) {
	g := packingNow()
	w := workspaces.get()
	defer workspaces.put(w)
	panel := g.panel()
	steps := (min(p.k, packKBF16) + g.each - 1) / g.each
	cols := min(panelBBF16/steps/panel*panel, (j1-j0+panel-1)/panel*panel)
	if p.packed == nil {
		w.panels = grown(w.panels, steps*cols)
	}
	w.rows = grown(w.rows, steps*min(blockMBF16, i1-i0))
	for k := 0; k < p.k; k += packKBF16 {
		kEnd := min(k+packKBF16, p.k)
		steps := (kEnd - k + g.each - 1) / g.each
		for j := j0; j < j1; j += cols {
			jEnd, panels := min(j+cols, j1), w.panels
			if p.packed == nil {
				p.packBF16(g, w, panels, j, jEnd, k, kEnd)
			} else {
				panels = p.packed.from(p.from+j, k)
			}
			for i := i0; i < i1; i += blockMBF16 {
				iEnd := min(i+blockMBF16, i1)
				ars, aks := p.packRows(g, w, i, iEnd, k, kEnd)
				for at := j; at < jEnd; at += panel {
					p.columnsBF16(g, w.rows, ars, aks, panels[(at-j)*steps:], panel, i, iEnd, at, min(at+panel, jEnd), k, kEnd)
				}
			}
		}
	}
}

// Rows of A that are packed at a time, steps of k, and values of B.
const blockMBF16, packKBF16, panelBBF16 = 256, 4 * blockK, 1 << 18

// columnsBF16 adds the steps [k0,k1) to C[i0:i1, j0:j1], which is one panel wide.
func (p *product) columnsBF16(g packing, a []float32, ars, aks int, b []float32, panel, i0, i1, j0, j1, k0, k1 int) {
	vectors := (j1 - j0 + g.width - 1) / g.width
	last := j1 - j0 - (vectors-1)*g.width
	for k := k0; k < k1; k += blockK {
		beta, x, ldx := p.beta, p.x, p.ldx
		if k > 0 {
			beta, x, ldx = 1, p.c, p.ldc
		}
		steps, at := (min(blockK, k1-k)+g.each-1)/g.each, (k-k0)/g.each
		for i := i0; i < i1; {
			count, h := g.next(i1 - i)
			g.tiles[h][vectors-1](count, steps, &a[(i-i0)*ars+at*aks], 4*ars, 4*aks, &b[at*panel], 4*panel, last,
				&p.c[i*p.ldc+j0], 4*p.ldc, p.alpha, beta, &x[i*ldx+j0], 4*ldx)
			i += count * g.heights[h]
		}
	}
}

// packRows packs op(A)[i0:i1, k0:k1] and returns the strides of its rows and steps.
func (p *product) packRows(g packing, w *workspace, i0, i1, k0, k1 int) (ars, aks int) {
	steps := (k1 - k0 + g.each - 1) / g.each
	if p.transA {
		rows := i1 - i0
		for l := range steps {
			p.packStep(g, w.rows[l*rows:][:rows], p.a[i0:], p.lda, k0+l*g.each, k1)
		}
		if steps*g.each > k1-k0 {
			padNegative(w.rows[(steps-1)*rows:][:rows], 1)
		}
		return 1, rows
	}
	round := isa.roundBF16
	if g.each == 2 {
		round = isa.halveBF16
	}
	if p.lda < k1-k0 && p.lda%g.each == 0 && (k1-k0)%g.each == 0 { // rows overlap: every value once
		n := (i1-1-i0)*p.lda + k1 - k0
		round(w.rows[:n/g.each], p.a[i0*p.lda+k0:][:n])
		return p.lda / g.each, 1
	}
	for i := i0; i < i1; i++ {
		round(w.rows[(i-i0)*steps:][:steps], p.a[i*p.lda+k0:][:k1-k0])
	}
	if steps*g.each > k1-k0 {
		padNegative(w.rows[steps-1:(i1-i0)*steps], steps)
	}
	return steps, 1
}

// padNegative makes the 0 that fills up a pair of A -0. With the 0 of B its product
// is -0, the only addend that leaves a sum as it is if that is -0.
func padNegative(last []float32, stride int) {
	for i := 0; i < len(last); i += stride {
		last[i] = math.Float32frombits(math.Float32bits(last[i]) | 1<<15)
	}
}

// packStep packs what one step of a panel reads of a row-major operand: row k of
// it, or the rows k and k+1 as pairs, with zeros where k1 ends it.
func (p *product) packStep(g packing, dst, s []float32, ld, k, k1 int) {
	switch first := s[k*ld:][:len(dst)]; {
	case g.each == 1:
		isa.roundBF16(dst, first)
	case k+1 < k1:
		isa.pairBF16(dst, first, s[(k+1)*ld:][:len(dst)])
	default:
		isa.roundBF16(dst, first) // its lower halves are zero
	}
}

// packBF16 packs op(B)[k0:k1, j0:j1] into panels, one after the other. w is for a
// transposed B.
func (p *product) packBF16(g packing, w *workspace, panels []float32, j0, j1, k0, k1 int) {
	steps, panel := (k1-k0+g.each-1)/g.each, g.panel()
	if !p.transB {
		for j := j0; j < j1; j += panel {
			src, dst, cols := p.b[k0*p.ldb+j:], panels[(j-j0)*steps:], min(panel, j1-j)
			whole := (k1 - k0) / g.each // the last row may have none beside it
			if g.each == 1 {
				isa.roundPanel(dst, src, p.ldb, whole, panel, cols)
			} else if whole > 0 {
				isa.pairPanel(dst, src, p.ldb, whole, panel, cols)
			}
			if whole < steps {
				isa.roundBF16(dst[whole*panel:][:cols], src[g.each*whole*p.ldb:][:cols]) // lower halves are zero
			}
		}
		return
	}
	// Rows of B are columns of the panel.
	w.turned = grown(w.turned, panel*steps)
	for j := j0; j < j1; j += panel {
		cols := min(panel, j1-j)
		for c := range cols {
			row, dst := p.b[(j+c)*p.ldb+k0:][:k1-k0], w.turned[c*steps:][:steps]
			if g.each == 2 {
				isa.halveBF16(dst, row)
			} else {
				isa.roundBF16(dst, row)
			}
		}
		isa.transpose(panels[(j-j0)*steps:], panel, w.turned, steps, cols, steps)
	}
}

// grown is s, or a longer one if it has fewer than n values.
func grown(s []float32, n int) []float32 {
	if len(s) < n {
		return make([]float32, n)
	}
	return s
}
