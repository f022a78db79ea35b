package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

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
func lastLanes() operand.Mem {
	table, ok := tables["lastLanes"]
	if !ok {
		table = GLOBL("lastLanes", RODATA|NOPTR)
		for i := range 16 {
			lane := uint32(0)
			if i < 8 {
				lane = 1<<32 - 1
			}
			DATA(4*i, operand.U32(lane))
		}
		tables["lastLanes"] = table
	}
	p, n := GP64(), word("last")
	LEAQ(table.Offset(32), p)
	SHLQ(operand.Imm(2), n)
	SUBQ(n, p)
	return operand.Mem{Base: p}
}

// arithmetic is what a tile multiplies.
type arithmetic struct {
	name string // of the tiles, before the size
	doc  string
	// pairs of bf16 in place of float32: k counts pairs.
	pairs bool
}

var (
	float32s = arithmetic{name: "tile", doc: "is a tileFunc of %d x %d vectors."}
	bf16s    = arithmetic{name: "tileBF16", doc: "is a tileFunc of %d x %d vectors whose k counts pairs of bf16, the first of a pair in the upper half.", pairs: true}
)

// tile emits C[m, nv vectors] = alpha A B + beta X, and goes on with the next m
// rows of A, C and X, count times in all. A has any stride of rows and of steps
// of k, so that neither operand needs packing; B is row-major. The last vector
// of a row has last lanes. X is not read if beta is 0; its stride is 0 for a
// bias, ldc for C itself. Strides are in bytes. Denormals are zero, those of the
// operands and those of the sums.
//
// With AVX2 whole vectors have code of their own: a masked store is dozens of
// microoperations on some CPUs, and a mask in memory one more load a step.
func (g isa) tile(of arithmetic, m, nv int) {
	g.text(fmt.Sprintf("%s%dx%dx", of.name, m, nv), "func(count, k int, a *float32, ars, aks int, b *float32, bks, last int, c *float32, ldc int, alpha, beta float32, x *float32, ldx int)",
		fmt.Sprintf(of.doc, m, nv))
	restore := flushDenormals()
	// Instructions that the assembler does not know name registers by number.
	t := tile{isa: g, m: m, nv: nv, pairs: of.pairs, fixed: func() operand.Op { return g.reg() }, end: restore}
	if of.pairs {
		next := 0
		t.fixed = func() operand.Op { next++; return registers[next-1] }
	}
	t.s = t.fixed()
	under := &mask{}
	if g.wide() {
		under = g.above(g.spreadInt(word("last")), g.iota(0))
	}
	for range m {
		var row []operand.Op
		for range nv {
			row = append(row, t.fixed())
		}
		t.acc = append(t.acc, row)
	}
	if g.wide() {
		t.emit("", func() *mask { return under })
		return
	}
	CMPQ(param("last"), operand.Imm(uint64(g.w)))
	JNE(operand.LabelRef("masked"))
	t.emit("Whole", func() *mask { return nil })
	Label("masked")
	lanes := lastLanes()
	t.emit("Masked", func() *mask {
		VMOVUPS(lanes, t.s)
		return &mask{v: t.s.(vec)}
	})
}

// tile is a function that is being written: s is a register for whatever is needed
// for a moment, acc are the sums.
type tile struct {
	isa
	m, nv int
	pairs bool
	fixed func() operand.Op
	s     operand.Op
	acc   [][]operand.Op
	end   func()
}

// emit writes the tiles and the return, with labels that end in suffix; last is the
// mask of the last vector of a row.
func (t *tile) emit(suffix string, last func() *mask) {
	g, m, nv := t.isa, t.m, t.nv
	maskOf := func(v int) *mask {
		if v < nv-1 {
			return nil
		}
		return last()
	}
	multiply := func(b, a, sum operand.Op) { VFMADD231PS(b, a, sum) }
	bv := make([]operand.Op, nv)
	if t.pairs {
		multiply = vdpbf16ps
		for v := range bv {
			bv[v] = t.fixed()
		}
	}
	Label("tile" + suffix)
	whole := nv == g.vectors() && 2*m >= g.w // the tile that most of C is made of
	if whole {
		c, ldc := word("c"), word("ldc")
		for range m { // C may be far away, and the sums are long under way
			for line := 0; line < nv*g.bytes(); line += 64 {
				PREFETCHT0(operandAt(c, line))
			}
			ADDQ(ldc, c)
		}
	}
	k, aks, b, bks := word("k"), word("aks"), word("b"), word("bks")
	a := rows(word("a"), word("ars"), m)
	for i := range t.acc {
		for _, sum := range t.acc[i] {
			if g.wide() {
				VPXORD(sum, sum, sum)
			} else {
				VXORPS(sum, sum, sum)
			}
		}
	}
	TESTQ(k, k)
	JZ(operand.LabelRef("done" + suffix))
	Label("loop" + suffix)
	if m <= 2 && !t.pairs { // more columns than registers: hold the values of A
		av := make(vecs, m)
		for i := range av {
			av[i] = g.reg()
			VBROADCASTSS(a.at(i, 0), av[i])
		}
		for v := range nv {
			x := g.load(operandAt(b, v*g.bytes()), maskOf(v))
			for i := range av {
				multiply(x, av[i], t.acc[i][v])
			}
		}
	} else {
		for v := range bv {
			at, m := operandAt(b, v*g.bytes()), maskOf(v)
			switch {
			case !t.pairs:
				bv[v] = g.load(at, m)
			case m == nil:
				VMOVUPS(at, bv[v])
			default:
				VMOVUPS_Z(at, m.k, bv[v])
			}
		}
		if whole { // the columns of the next tile
			if g.wide() {
				for v := range bv {
					PREFETCHT0(operandAt(b, (nv+v)*g.bytes()))
				}
			} else { // whatever line they begin in is here
				PREFETCHT0(operandAt(b, 2*nv*g.bytes()-4))
			}
		}
		for i := range m {
			VBROADCASTSS(a.at(i, 0), t.s)
			for v := range bv {
				multiply(bv[v], t.s, t.acc[i][v])
			}
		}
	}
	a.move(aks)
	ADDQ(bks, b)
	DECQ(k)
	JNZ(operand.LabelRef("loop" + suffix))
	Label("done" + suffix)
	t.finish(suffix, maskOf)
	// The parameters are this function's own to change.
	for _, p := range [][2]string{{"a", "ars"}, {"c", "ldc"}, {"x", "ldx"}} {
		step := word(p[1])
		IMUL3Q(operand.Imm(uint64(m)), step, step)
		ADDQ(step, param(p[0]))
	}
	DECQ(param("count"))
	JNZ(operand.LabelRef("tile" + suffix))
	t.end()
	g.ret()
}

// vectors are those in a row of the tile that most of C is made of: 24 or 12 sums
// hide the latency of an addition, and leave registers for the operands.
func (g isa) vectors() int {
	if g.wide() {
		return 3
	}
	return 2
}

// finish is the end of a tile: sums times alpha, plus beta X, to C.
func (t *tile) finish(suffix string, maskOf func(v int) *mask) {
	g, acc := t.isa, t.acc
	skip := GP32()
	MOVL(param("alpha"), skip)
	CMPL(skip, operand.U32(math.Float32bits(1)))
	JE(operand.LabelRef("addend" + suffix))
	factor := g.scalar("alpha")
	for i := range acc {
		for _, x := range acc[i] {
			VMULPS(factor, x, x)
		}
	}
	Label("addend" + suffix)
	MOVL(param("beta"), skip)
	TESTL(skip, skip)
	JZ(operand.LabelRef("store" + suffix))
	factor = g.scalar("beta")
	x, ldx := word("x"), word("ldx")
	for i := range acc {
		for v := range acc[i] {
			VFMADD231PS(g.load(operandAt(x, v*g.bytes()), maskOf(v)), factor, acc[i][v])
		}
		ADDQ(ldx, x)
	}
	Label("store" + suffix)
	c, ldc := word("c"), word("ldc")
	for i := range acc {
		for v := range acc[i] {
			g.store(acc[i][v], operandAt(c, v*g.bytes()), maskOf(v))
		}
		ADDQ(ldc, c)
	}
}

// tiles emits every tile and its smaller ones for the edges of C.
func (g isa) tiles() {
	heights := []int{8, 4, 2, 1}
	if !g.wide() {
		heights = []int{6, 5, 4, 3, 2, 1}
	}
	for _, m := range heights {
		vectors := g.vectors()
		if m <= 2 { // enough sums to hide the latency of an addition
			vectors = 6
		}
		for nv := 1; nv <= vectors; nv++ {
			g.tile(float32s, m, nv)
		}
	}
	for _, m := range heights {
		for nv := 1; nv <= 3 && g.wide(); nv++ {
			g.tile(bf16s, m, nv)
		}
	}
}
