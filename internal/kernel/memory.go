package kernel

// line is the number of values in a cache line.
const line = 16

// Prefetch has x, which another function is going to read, brought into the
// cache of the core while this one goes on. It changes nothing else.
func Prefetch(x []float32) { isa.prefetch(x) }

// Stride is the distance of rows of n values that all begin on a cache line, if the
// first does. A product is up to a fifth slower where the vectors of B lie across two
// lines.
func Stride(n int) int { return (n + line - 1) / line * line }

// CopyRows copies a matrix [rows,cols] whose rows are lds values apart to one whose
// rows are ldd apart, on all cores. What lies between rows stays.
func CopyRows(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	checkMatrix("CopyRows", "dst", dst, rows, cols, ldd)
	checkMatrix("CopyRows", "src", src, rows, cols, lds)
	c := rowCopies.get()
	c.dst, c.ldd, c.src, c.lds, c.cols = dst, ldd, src, lds, cols
	Parallel(rows, 1+smallTransposition/2/cols, c.parts)
	c.dst, c.src = nil, nil
	rowCopies.put(c)
}

// rowCopy is a call of CopyRows under way.
type rowCopy struct {
	dst, src       []float32
	ldd, lds, cols int
	parts          func(lo, hi int) // rows
}

var rowCopies = freeList[rowCopy]{make: func() *rowCopy {
	c := new(rowCopy)
	c.parts = func(lo, hi int) {
		for i := lo; i < hi; i++ {
			copy(c.dst[i*c.ldd:][:c.cols], c.src[i*c.lds:])
		}
	}
	return c
}}

// Stream copies src to dst, which is as long, past the caches: for what is not
// going to be read soon.
func Stream(dst, src []float32) {
	sameLength("Stream", len(dst), len(src))
	isa.stream(dst, src)
}
