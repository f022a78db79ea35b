package kernel

// tileFunc computes count tiles C[rows, vectors] = alpha A B + beta X, one below
// the other, for any strides of A. All strides are in bytes; last is the number
// of values in the last vector.
type tileFunc func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int)

// gemmKernels are the microkernels of an instruction set: tiles[h][v-1] is of
// heights[h] rows and v vectors. Heights fall to 1.
type gemmKernels struct {
	width   int // values a vector
	vectors int // in a row of the widest tile of more than two rows
	heights []int
	tiles   [][]tileFunc
	even    bool // there is a tile of every height up to the greatest

	// Rows that are done at a time if there are few steps of k. The more, the
	// more rarely B is read, which a small second-level cache does not hold.
	rowsFew int
}

// next tells with which tiles to begin rows > 0 rows: how many, and which of the
// heights they have. Where there is every height, tiles differ by a row at most:
// a flat one waits for its additions.
func (g *gemmKernels) next(rows int) (count, h int) {
	if g.even {
		tiles := (rows + g.heights[0] - 1) / g.heights[0]
		height := (rows + tiles - 1) / tiles
		return rows - tiles*(height-1), g.heights[0] - height
	}
	for g.heights[h] > rows {
		h++
	}
	return rows / g.heights[h], h
}

// blockK is how many steps of k are added up before the sum is added to C. A
// value of C depends on the operands and this, and on nothing else: neither on
// how many rows and columns there are nor on how they are split.
const blockK = 128

// Other block sizes, in values.
const (
	// Rows of C done before their columns are gone through again. With few
	// steps of k there is little work a value of C, and it is best to go along
	// its rows: then they are those of gemmKernels.rowsFew.
	blockM, fewSteps = 128, 64

	// Vectors in a row of the widest tile with two rows or one.
	flatVectors = 6

	// B is packed packK steps at a time, panelB values in all: half of a small
	// cache of a core, the rest of which has room for as many rows of A as are
	// done before the next panel, blockMPacked, and their values of C.
	packK, panelB, blockMPacked = 10 * blockK, 1 << 17, 48
)

// packsB says to copy B into panels first: a transposed one, one that is gone
// through many times from outside the cache of a core, and one that is rounded.
func (p *product) packsB() bool {
	return p.bf16 || p.transB || p.m >= 192 && p.k >= 2*blockK && p.n*p.k > 1<<18
}

// tiled computes C[i0:i1, j0:j1].
func (p *product) tiled(g *gemmKernels, i0, i1, j0, j1 int) {
	if p.packsB() {
		p.byPanels(g, i0, i1, j0, j1)
		return
	}
	// The rows of a big B are far apart. No more pages than blockK at a time.
	for k := 0; k < p.k; k += blockK {
		p.byTiles(g, i0, i1, j0, j1, k, min(k+blockK, p.k), nil)
	}
}

// byTiles adds the steps [k0,k1) to C[i0:i1, j0:j1]. B is taken from panels if
// they are given.
func (p *product) byTiles(g *gemmKernels, i0, i1, j0, j1, k0, k1 int, panels []float32) {
	ars, aks := p.lda, 1
	if p.transA {
		ars, aks = 1, p.lda
	}
	rows := blockM
	switch {
	case panels != nil:
		rows = blockMPacked
	case p.k <= fewSteps:
		rows = g.rowsFew
	}
	panel := g.vectors * g.width
	if p.m <= 2 && panels == nil {
		panel = flatVectors * g.width
	}
	for ic, iEnd := i0, 0; ic < i1; ic = iEnd {
		if iEnd = ic + rows; i1-iEnd < g.heights[0] { // too few to read B again
			iEnd = i1
		}
		for j := j0; j < j1; j += panel {
			width := min(panel, j1-j)
			vectors := (width + g.width - 1) / g.width
			last := width - (vectors-1)*g.width
			for k := k0; k < k1; k += blockK {
				b, ldb := p.b, p.ldb
				at := k*ldb + j
				if panels != nil {
					b, ldb = panels, panel
					at = (j-j0)*(k1-k0) + (k-k0)*panel
				}
				beta, x, ldx := p.beta, p.x, p.ldx
				if k > 0 {
					beta, x, ldx = 1, p.c, p.ldc
				}
				for i := ic; i < iEnd; {
					count, h := g.next(iEnd - i)
					g.tiles[h][vectors-1](count, min(blockK, k1-k), &p.a[i*ars+k*aks], 4*ars, 4*aks, &b[at], 4*ldb, last,
						&p.c[i*p.ldc+j], 4*p.ldc, p.alpha, beta, &x[i*ldx+j], 4*ldx)
					i += count * g.heights[h]
				}
			}
		}
	}
}

// workspace is the room for packed panels and, of products of bf16, for rows of A
// and what is on its way into a panel.
type workspace struct{ panels, rows, turned []float32 }

var workspaces = freeList[workspace]{make: func() *workspace { return new(workspace) }}

// byPanels packs B block by block and computes C[i0:i1, j0:j1] from that.
func (p *product) byPanels(g *gemmKernels, i0, i1, j0, j1 int) {
	w := workspaces.get()
	defer workspaces.put(w)
	panel, steps := g.vectors*g.width, min(p.k, packK)
	cols := min(panelB/steps/panel*panel, (j1-j0+panel-1)/panel*panel)
	if len(w.panels) < steps*cols {
		w.panels = make([]float32, steps*cols)
	}
	for j := j0; j < j1; j += cols {
		jEnd := min(j+cols, j1)
		for k := 0; k < p.k; k += packK {
			kEnd := min(k+packK, p.k)
			p.pack(w.panels, panel, j, jEnd, k, kEnd)
			p.byTiles(g, i0, i1, j, jEnd, k, kEnd, w.panels)
		}
	}
}

// packAhead is how many rows ahead of the one that is packed are asked for.
const packAhead = 16

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
		if ahead := k + packAhead; ahead < steps { // rows are far apart
			isa.prefetch(p.b[(k0+ahead)*p.ldb+j0:][:j1-j0])
		}
		row := p.b[(k0+k)*p.ldb+j0:][:j1-j0]
		for at := k * panel; len(row) > 0; at += steps * panel {
			row = row[copy(panels[at:at+panel], row):]
		}
	}
}
