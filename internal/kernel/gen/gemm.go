package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const epilogue = "c *float32, ldc int, alpha, beta float32, x *float32, ldx int"

// rowsOf addresses up to eight rows, ld bytes apart, from a base that moves.
type rowsOf struct{ p, p4, ld, ld3 reg.GPVirtual }

func rows(p, ld reg.GPVirtual, n int) rowsOf {
	r := rowsOf{p: p, ld: ld}
	if n > 3 {
		r.ld3 = GP64()
		LEAQ(operand.Mem{Base: ld, Index: ld, Scale: 2}, r.ld3)
	}
	if n > 4 {
		r.p4 = GP64()
		LEAQ(operand.Mem{Base: p, Index: ld, Scale: 4}, r.p4)
	}
	return r
}

func (r rowsOf) at(i, disp int) operand.Mem {
	m := operand.Mem{Base: r.p, Disp: disp}
	if i >= 4 {
		m.Base = r.p4
	}
	switch i % 4 {
	case 1, 2:
		m.Index, m.Scale = r.ld, uint8(i%4)
	case 3:
		m.Index, m.Scale = r.ld3, 1
	}
	return m
}

func (r rowsOf) move(by operand.Op) {
	ADDQ(by, r.p)
	if r.p4 != nil {
		ADDQ(by, r.p4)
	}
}

// lastLanes addresses a vector whose first lanes, as many as the parameter last
// says, are all ones: AVX2 has no register to keep it in while a tile adds up.
func (g isa) lastLanes() operand.Mem {
	p, n := GP64(), word("last")
	LEAQ(firstLanes(0), p)
	SHLQ(operand.Imm(2), n)
	SUBQ(n, p)
	return operand.Mem{Base: p}
}

// firstLanes is a vector whose first n <= 8 lanes are all ones.
func firstLanes(n int) operand.Mem {
	table, ok := tables["firstLanes"]
	if !ok {
		table = GLOBL("firstLanes", RODATA|NOPTR)
		for i := range 8 {
			DATA(4*i, operand.U32(1<<32-1))
		}
		for i := range 8 {
			DATA(32+4*i, operand.U32(0))
		}
		tables["firstLanes"] = table
	}
	return table.Offset(32 - 4*n)
}

// tile emits C[m, nv vectors] = alpha A B + beta X, and goes on with the next m
// rows of A, C and X, count times in all. A has any stride of rows and of steps
// of k, so that neither operand needs packing; B is row-major. The last vector
// of a row has last lanes. X is not read if beta is 0; its stride is 0 for a
// bias, ldc for C itself. Strides are in bytes.
func (g isa) tile(m, nv int) {
	g.text(fmt.Sprintf("tile%dx%dx", m, nv), "func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, "+epilogue+")",
		fmt.Sprintf("is a tileFunc of %d x %d vectors.", m, nv))
	s := g.reg()
	under := &mask{}
	var lanes operand.Mem
	if g.wide() {
		under = g.above(g.spreadInt(word("last")), g.iota(0))
	} else {
		lanes = g.lastLanes()
	}
	maskOf := func(v int) *mask {
		if v < nv-1 {
			return nil
		}
		if !g.wide() {
			VMOVUPS(lanes, s)
			under.v = s
		}
		return under
	}
	Label("tile")
	k, aks, b, bks := word("k"), word("aks"), word("b"), word("bks")
	a := rows(word("a"), word("ars"), m)
	acc := make([]vecs, m)
	for i := range acc {
		for range nv {
			acc[i] = append(acc[i], g.zero())
		}
	}
	bv := make(vecs, nv)
	TESTQ(k, k)
	JZ(operand.LabelRef("done"))
	Label("loop")
	if m <= 2 { // more columns than registers: hold the values of A
		av := make(vecs, m)
		for i := range av {
			av[i] = g.reg()
			VBROADCASTSS(a.at(i, 0), av[i])
		}
		for v := range nv {
			x := g.load(operandAt(b, v*g.bytes()), maskOf(v))
			for i := range av {
				VFMADD231PS(x, av[i], acc[i][v])
			}
		}
	} else {
		for v := range bv {
			bv[v] = g.load(operandAt(b, v*g.bytes()), maskOf(v))
		}
		if nv == 3 && 2*m >= g.w { // the next tile's columns, while a whole tile runs
			for v := range bv {
				PREFETCHT0(operandAt(b, (nv+v)*g.bytes()))
			}
		}
		for i := range m {
			VBROADCASTSS(a.at(i, 0), s)
			for v := range bv {
				VFMADD231PS(bv[v], s, acc[i][v])
			}
		}
	}
	a.move(aks)
	ADDQ(bks, b)
	DECQ(k)
	JNZ(operand.LabelRef("loop"))
	Label("done")
	g.finish(acc, func(i, v int, p reg.Register) (operand.Mem, *mask) { return operandAt(p, v*g.bytes()), maskOf(v) })
	// The parameters are this function's own to change.
	for _, p := range [][2]string{{"a", "ars"}, {"c", "ldc"}, {"x", "ldx"}} {
		step := word(p[1])
		IMUL3Q(operand.Imm(uint64(m)), step, step)
		ADDQ(step, param(p[0]))
	}
	DECQ(param("count"))
	JNZ(operand.LabelRef("tile"))
	g.ret()
}

// finish is the epilogue of tile and dots: sums times alpha, plus beta X, to C.
func (g isa) finish(acc []vecs, at func(i, v int, p reg.Register) (operand.Mem, *mask)) {
	skip := GP32()
	MOVL(param("alpha"), skip)
	CMPL(skip, operand.U32(math.Float32bits(1)))
	JE(operand.LabelRef("addend"))
	factor := g.scalar("alpha")
	for i := range acc {
		for _, x := range acc[i] {
			VMULPS(factor, x, x)
		}
	}
	Label("addend")
	MOVL(param("beta"), skip)
	TESTL(skip, skip)
	JZ(operand.LabelRef("store"))
	factor = g.scalar("beta")
	x, ldx := word("x"), word("ldx")
	for i := range acc {
		for v := range acc[i] {
			m, under := at(i, v, x)
			VFMADD231PS(g.load(m, under), factor, acc[i][v])
		}
		ADDQ(ldx, x)
	}
	Label("store")
	c, ldc := word("c"), word("ldc")
	for i := range acc {
		for v := range acc[i] {
			m, under := at(i, v, c)
			g.store(acc[i][v], m, under)
		}
		ADDQ(ldc, c)
	}
}

// dots emits C[m,n] = alpha A B^T + beta X, n <= 4, with both operands
// contiguous in k: sums in 16 lanes each, folded at the end.
func (g isa) dots(m, n int) {
	g.text(fmt.Sprintf("dots%dx%dx", m, n), "func(k int, a *float32, lda int, b *float32, ldb int, "+epilogue+")",
		fmt.Sprintf("is a dotsFunc of %d x %d values.", m, n))
	k := word("k")
	a, b := rows(word("a"), word("lda"), m), rows(word("b"), word("ldb"), n)
	acc := make([]vecs, m)
	for i := range acc {
		acc[i] = g.accumulators(n, g.zero) // n groups of parts
	}
	step := func(lanes func(part int) *mask) {
		for p := range g.parts() {
			under := lanes(p)
			bv := make(vecs, n)
			for j := range bv {
				bv[j] = g.load(b.at(j, p*g.bytes()), under)
			}
			for i := range m {
				av := g.load(a.at(i, p*g.bytes()), under)
				for j := range bv {
					VFMADD231PS(bv[j], av, acc[i][j*g.parts()+p])
				}
			}
		}
	}
	Label("loop")
	CMPQ(k, operand.Imm(16))
	JLT(operand.LabelRef("rest"))
	step(func(int) *mask { return nil })
	a.move(operand.Imm(64))
	b.move(operand.Imm(64))
	SUBQ(operand.Imm(16), k)
	JMP(operand.LabelRef("loop"))
	Label("rest")
	TESTQ(k, k)
	JZ(operand.LabelRef("done"))
	step(func(part int) *mask { return g.above(g.spreadInt(k), g.iota(part*g.w)) })
	Label("done")
	for i := range m {
		acc[i] = vecs{g.foldEach(acc[i], n)}
	}
	x := isa{4} // the sums of a row fill one XMM register
	var under *mask
	if n < 4 {
		lanes := XMM()
		VMOVUPS(firstLanes(n), lanes)
		under = &mask{v: lanes}
	}
	x.finish(acc, func(_, _ int, p reg.Register) (operand.Mem, *mask) { return operandAt(p, 0), under })
	g.ret()
}

// foldEach sums the lanes of each of n <= 4 groups; sum j is lane j of an XMM.
func (g isa) foldEach(acc vecs, n int) vec {
	var y [4]vec
	for j := range y {
		if j >= n {
			y[j] = y[0]
			continue
		}
		if !g.wide() {
			y[j] = acc[2*j]
			VADDPS(acc[2*j+1], y[j], y[j])
			continue
		}
		high := YMM()
		VEXTRACTF64X4(operand.Imm(1), acc[j], high)
		y[j] = acc[j].AsY().(vec)
		VADDPS(high, y[j], y[j])
	}
	// VHADDPS spelt out, since it has no form for registers 16 to 31.
	pairs := func(a, b vec) vec {
		even, odd := YMM(), YMM()
		VSHUFPS(operand.Imm(0x88), b, a, even)
		VSHUFPS(operand.Imm(0xdd), b, a, odd)
		VADDPS(odd, even, even)
		return even
	}
	low, high := pairs(pairs(y[0], y[1]), pairs(y[2], y[3])), XMM()
	if g.wide() {
		VEXTRACTF32X4(operand.Imm(1), low, high)
	} else {
		VEXTRACTF128(operand.Imm(1), low, high)
	}
	VADDPS(high, low.AsX(), low.AsX())
	return low.AsX().(vec)
}

// tiles emits every tile and its smaller ones for the edges of C.
func (g isa) tiles() {
	heights, dotHeights, dotWidth := []int{8, 4, 2, 1}, []int{6, 3, 1}, 4
	if !g.wide() {
		heights, dotHeights, dotWidth = []int{4, 2, 1}, []int{3, 1}, 2
	}
	for _, m := range heights {
		vectors := 3
		if m <= 2 { // enough sums to hide the latency of an addition
			vectors = 6
		}
		for nv := 1; nv <= vectors; nv++ {
			g.tile(m, nv)
		}
	}
	for _, m := range dotHeights {
		for n := 1; n <= dotWidth; n++ {
			g.dots(m, n)
		}
	}
}
