package kernel

// Transpose sets dst [cols,rows] to the transpose of src [rows,cols], on all
// cores.
func Transpose(dst, src []float32, rows, cols int) {
	sameLength("Transpose", len(dst), rows*cols)
	sameLength("Transpose", len(src), rows*cols)
	TransposeRows(dst, rows, src, cols, rows, cols)
}

// TransposeRows is Transpose with rows of dst and src ldd and lds values apart.
func TransposeRows(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	checkMatrix("TransposeRows", "dst", dst, cols, rows, ldd)
	checkMatrix("TransposeRows", "src", src, rows, cols, lds)
	t := transpositions.get()
	t.dst, t.ldd, t.src, t.lds, t.cols = dst, ldd, src, lds, cols
	if rows*cols < smallTransposition {
		t.part(0, rows)
	} else {
		Parallel(rows, transpositionGrain, t.parts)
	}
	t.dst, t.src = nil, nil
	transpositions.put(t)
}

// smallTransposition is the number of values that one core moves before another
// has joined it; a part writes whole cache lines.
const smallTransposition, transpositionGrain = 1 << 16, 16

// transposition is a call under way.
type transposition struct {
	dst, src       []float32
	ldd, lds, cols int
	parts          func(lo, hi int) // part, as a value that need not be made again
}

var transpositions = freeList[transposition]{make: func() *transposition {
	t := new(transposition)
	t.parts = t.part
	return t
}}

// part does rows lo..hi-1 of src.
func (t *transposition) part(lo, hi int) {
	isa.transpose(t.dst[lo:], t.ldd, t.src[lo*t.lds:], t.lds, hi-lo, t.cols)
}

// transposeGeneric has rows of dst and src ldd and lds apart.
func transposeGeneric(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*lds:][:cols] {
			dst[j*ldd+i] = v
		}
	}
}
