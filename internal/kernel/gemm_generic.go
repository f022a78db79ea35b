package kernel

// generic computes C[i0:i1, j0:j1] in plain Go. It is the meaning of a product
// and what runs where there is no assembly.
func (p *product) generic(i0, i1, j0, j1 int) {
	ars, aks := p.lda, 1
	if p.transA {
		ars, aks = 1, p.lda
	}
	for i := i0; i < i1; i++ {
		row := p.c[i*p.ldc:][j0:j1]
		if p.beta == 0 {
			clear(row)
		} else {
			for j, x := range p.x[i*p.ldx:][j0:j1] {
				row[j] = p.beta * x
			}
		}
		if p.k == 0 {
			continue
		}
		if a := p.a[i*ars:]; p.transB {
			p.addDots(row, a, aks, j0)
		} else {
			p.addRowsOfB(row, a, aks, j0)
		}
	}
}

// addRowsOfB adds alpha times the rows of B, each times its value of a, to a row
// of C that begins at column j0: four rows in a pass.
func (p *product) addRowsOfB(row, a []float32, aks, j0 int) {
	l := 0
	for ; l+4 <= p.k; l += 4 {
		a0, a1, a2, a3 := p.alpha*a[l*aks], p.alpha*a[(l+1)*aks], p.alpha*a[(l+2)*aks], p.alpha*a[(l+3)*aks]
		b0, b1 := p.b[l*p.ldb+j0:][:len(row)], p.b[(l+1)*p.ldb+j0:][:len(row)]
		b2, b3 := p.b[(l+2)*p.ldb+j0:][:len(row)], p.b[(l+3)*p.ldb+j0:][:len(row)]
		for j, c := range row {
			row[j] = c + a0*b0[j] + a1*b1[j] + a2*b2[j] + a3*b3[j]
		}
	}
	for ; l < p.k; l++ {
		axpyGeneric(p.alpha*a[l*aks], p.b[l*p.ldb+j0:][:len(row)], row)
	}
}

// addDots adds alpha times the dot products of a with the rows of B from j0 on
// to a row of C: four in a pass.
func (p *product) addDots(row, a []float32, aks, j0 int) {
	j := 0
	for ; j+4 <= len(row); j += 4 {
		b := p.b[(j0+j)*p.ldb:]
		b0, b1, b2, b3 := b[:p.k], b[p.ldb:][:p.k], b[2*p.ldb:][:p.k], b[3*p.ldb:][:p.k]
		var s0, s1, s2, s3 float32
		for l := range b0 {
			v := a[l*aks]
			s0 += v * b0[l]
			s1 += v * b1[l]
			s2 += v * b2[l]
			s3 += v * b3[l]
		}
		row[j] += p.alpha * s0
		row[j+1] += p.alpha * s1
		row[j+2] += p.alpha * s2
		row[j+3] += p.alpha * s3
	}
	for ; j < len(row); j++ {
		var s float32
		for l, v := range p.b[(j0+j)*p.ldb:][:p.k] {
			s += a[l*aks] * v
		}
		row[j] += p.alpha * s
	}
}
