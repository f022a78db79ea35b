package kernel

// Transpose sets dst [cols,rows] to the transpose of src [rows,cols].
func Transpose(dst, src []float32, rows, cols int) {
	sameLength("Transpose", len(dst), rows*cols)
	sameLength("Transpose", len(src), rows*cols)
	if len(src) > 0 {
		isa.transpose(dst, rows, src, cols, rows, cols)
	}
}

// transposeGeneric has rows of dst and src ldd and lds apart.
func transposeGeneric(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	for i := range rows {
		for j, v := range src[i*lds:][:cols] {
			dst[j*ldd+i] = v
		}
	}
}
