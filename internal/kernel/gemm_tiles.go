package kernel

type (
	// tileFunc computes count tiles C[rows, vectors] = alpha A B + beta X, one
	// below the other, for any strides of A. dotsFunc computes C[rows, columns]
	// = alpha A B^T + beta X. All strides are in bytes; last is the number of
	// values in the last vector.
	tileFunc func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int)
	dotsFunc func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int)
)

// gemmKernels are the microkernels of an instruction set: tiles[h][v-1] is of
// heights[h] rows and v vectors, dots[h][n-1] of dotHeights[h] rows and n
// columns. Heights fall to 1.
type gemmKernels struct {
	width      int // values a vector
	heights    []int
	tiles      [][]tileFunc
	dotHeights []int
	dots       [][]dotsFunc
}

// Block sizes. Those of k decide in what order a value of C is added up; they
// depend on nothing but the shape of the product.
const (
	// Steps of k a tile runs before it goes on to the next. A big B that is not
	// packed is read in rows far apart: their pages must not be too many.
	blockK, blockKBig = 512, 128

	// Rows of C done before their columns are gone through again. With few
	// steps of k there is little work a value of C, and it is best to go along
	// its rows.
	blockM, fewSteps, blockMFew = 128, 64, 16

	// Vectors in a row of the widest tile, and of one with two rows or one.
	tileVectors, flatVectors = 3, 6

	bigB   = 1 << 18 // values: B does not stay in the cache of a core
	panelB = 1 << 18 // values of B packed at a time
)

// useDots says to sum up along k in vectors, without packing, rather than to
// pack the transposed B: if C has too few rows to pay for the packing.
func (p *product) useDots() bool {
	return p.transB && !p.transA && (p.m < 4 || p.m < 32 && p.k > 128)
}

// packsB says to copy B into panels first: a transposed one anyway, else one
// that is gone through many times from outside the cache.
func (p *product) packsB() bool {
	return p.transB && !p.useDots() || !p.transB && p.m >= 192 && p.k >= blockK/2 && p.n*p.k > bigB
}

// tiled computes C[i0:i1, j0:j1].
func (p *product) tiled(g *gemmKernels, i0, i1, j0, j1 int) {
	switch {
	case p.useDots():
		p.byDots(g, i0, i1, j0, j1)
	case p.packsB():
		p.byPanels(g, i0, i1, j0, j1)
	default:
		steps := blockK
		if p.n*p.k > bigB {
			steps = blockKBig
		}
		for k := 0; k < p.k; k += steps {
			p.byTiles(g, i0, i1, j0, j1, k, min(k+steps, p.k), nil)
		}
	}
}

// addend is what the products of k from k0 on are added to.
func (p *product) addend(k0 int) (beta float32, x []float32, ldx int) {
	if k0 > 0 {
		return 1, p.c, p.ldc
	}
	return p.beta, p.x, p.ldx
}

// byTiles adds the steps [k0,k1) to C[i0:i1, j0:j1]. B is taken from panels if
// they are given.
func (p *product) byTiles(g *gemmKernels, i0, i1, j0, j1, k0, k1 int, panels []float32) {
	ars, aks := p.lda, 1
	if p.transA {
		ars, aks = 1, p.lda
	}
	rows := blockM
	if p.k <= fewSteps {
		rows = blockMFew
	}
	beta, x, ldx := p.addend(k0)
	panel := tileVectors * g.width
	if p.m <= 2 && panels == nil {
		panel = flatVectors * g.width
	}
	for ic := i0; ic < i1; ic += rows {
		iEnd := min(ic+rows, i1)
		for j := j0; j < j1; j += panel {
			width := min(panel, j1-j)
			vectors := (width + g.width - 1) / g.width
			last := width - (vectors-1)*g.width
			var b *float32
			ldb := p.ldb
			if panels == nil {
				b = &p.b[k0*p.ldb+j]
			} else {
				b, ldb = &panels[(j-j0)*(k1-k0)], panel
			}
			i := ic
			for h, height := range g.heights {
				if count := (iEnd - i) / height; count > 0 {
					g.tiles[h][vectors-1](count, k1-k0, &p.a[i*ars+k0*aks], 4*ars, 4*aks, b, 4*ldb, last,
						&p.c[i*p.ldc+j], 4*p.ldc, p.alpha, beta, &x[i*ldx+j], 4*ldx)
					i += count * height
				}
			}
		}
	}
}

// workspace is the room for packed panels.
type workspace struct{ panels []float32 }

var workspaces = freeList[workspace]{make: func() *workspace { return new(workspace) }}

// byPanels packs B block by block and computes C[i0:i1, j0:j1] from that.
func (p *product) byPanels(g *gemmKernels, i0, i1, j0, j1 int) {
	w := workspaces.get()
	defer workspaces.put(w)
	panel, steps := tileVectors*g.width, min(p.k, blockK)
	cols := min(panelB/steps/panel*panel, (j1-j0+panel-1)/panel*panel)
	if len(w.panels) < steps*cols {
		w.panels = make([]float32, steps*cols)
	}
	for j := j0; j < j1; j += cols {
		jEnd := min(j+cols, j1)
		for k := 0; k < p.k; k += blockK {
			kEnd := min(k+blockK, p.k)
			p.pack(w.panels, panel, j, jEnd, k, kEnd)
			p.byTiles(g, i0, i1, j, jEnd, k, kEnd, w.panels)
		}
	}
}

// pack copies op(B)[k0:k1, j0:j1] into panels [k1-k0, panel], one after the
// other.
func (p *product) pack(panels []float32, panel, j0, j1, k0, k1 int) {
	steps := k1 - k0
	if p.transB {
		for j := j0; j < j1; j += panel {
			isa.transpose(panels[(j-j0)*steps:], panel, p.b[j*p.ldb+k0:], p.ldb, min(panel, j1-j), steps)
		}
		return
	}
	for k := range steps {
		row := p.b[(k0+k)*p.ldb+j0:][:j1-j0]
		for at := k * panel; len(row) > 0; at += steps * panel {
			row = row[copy(panels[at:at+panel], row):]
		}
	}
}

// byDots computes C[i0:i1, j0:j1] of a transposed B by dot products.
func (p *product) byDots(g *gemmKernels, i0, i1, j0, j1 int) {
	for k := 0; k < p.k; k += blockK {
		steps := min(blockK, p.k-k)
		beta, x, ldx := p.addend(k)
		h := 0
		for i := i0; i < i1; i += g.dotHeights[h] {
			for g.dotHeights[h] > i1-i {
				h++
			}
			for j := j0; j < j1; j += len(g.dots[h]) {
				n := min(len(g.dots[h]), j1-j)
				g.dots[h][n-1](steps, &p.a[i*p.lda+k], 4*p.lda, &p.b[j*p.ldb+k], 4*p.ldb,
					&p.c[i*p.ldc+j], 4*p.ldc, p.alpha, beta, &x[i*ldx+j], 4*ldx)
			}
		}
	}
}
