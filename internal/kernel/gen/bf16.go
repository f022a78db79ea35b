package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// toBF16 rounds to bf16, which is left in the upper half of each lane: see
// roundBF16 of package kernel.
func (g isa) toBF16(x vecs) vecs {
	odd := g.and(g.shift(VPSRLD, 16, x), g.c(1))
	r := g.and(g.addInt(g.addInt(x, odd), g.c(0x7fff)), g.c(0xffff0000))
	g.choose(r, less, g.and(x, g.c(1<<31-1)), g.f(0x1p-126), g.and(x, g.c(1<<31)))
	g.choose(r, isNaN, x, g.f(0), g.and(g.or(x, g.c(1<<22)), g.c(0xffff0000)))
	return r
}

// bf16 emits what packs operands.
func (g isa) bf16() {
	g.function("roundBF16x", "is roundBF16Generic.", g.toBF16)
	if !g.wide() {
		return
	}
	g.text("pairBF16x", "func(dst, first, second []float32)", "is pairBF16Generic.")
	dst, first, second := base("dst"), base("first"), base("second")
	g.loop(length("dst"), 2, func(at []place) {
		low := g.shift(VPSRLD, 16, g.toBF16(g.loads(at, second)))
		g.stores(g.or(g.toBF16(g.loads(at, first)), low), at, dst)
	})
	g.ret()
}

// halves is pairBF16 of values that lie beside each other.
func halves() {
	g := isa{16}
	g.text("halveBF16x", "func(dst, src *float32, blocks int)",
		"is halveBF16Generic of blocks > 0 times 16 values of src, of which it makes 8.")
	dst, src, n := word("dst"), word("src"), word("blocks")
	Label("block")
	x := g.toBF16(vecs{g.load(operandAt(src, 0), nil)})[0]
	low, half := g.reg(), YMM()
	VPSRLQ(operand.Imm(48), x, low)
	VPORQ(low, x, low)
	VPMOVQD(low, half)
	VMOVUPS(half, operandAt(dst, 0))
	ADDQ(operand.Imm(64), src)
	ADDQ(operand.Imm(32), dst)
	DECQ(n)
	JNZ(operand.LabelRef("block"))
	g.ret()
}

// flushDenormals makes denormal operands and results zero until the function that
// it returns emits the way back.
func flushDenormals() (restore func()) {
	saved, changed, word := AllocLocal(8), AllocLocal(8), GP32()
	STMXCSR(saved)
	MOVL(saved, word)
	ORL(operand.U32(1<<15|1<<6), word)
	MOVL(word, changed)
	LDMXCSR(changed)
	return func() { LDMXCSR(saved) }
}

var registers = []reg.VecPhysical{
	reg.Z0, reg.Z1, reg.Z2, reg.Z3, reg.Z4, reg.Z5, reg.Z6, reg.Z7, reg.Z8, reg.Z9, reg.Z10, reg.Z11, reg.Z12, reg.Z13, reg.Z14, reg.Z15,
	reg.Z16, reg.Z17, reg.Z18, reg.Z19, reg.Z20, reg.Z21, reg.Z22, reg.Z23, reg.Z24, reg.Z25, reg.Z26, reg.Z27, reg.Z28, reg.Z29, reg.Z30, reg.Z31,
}

// packs emits what packs operands on a CPU that has AVX512_BF16.
func packs() {
	g := isa{16}
	const panel = 3 // vectors of a row of the widest tile
	interleave := GLOBL("interleave", RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, operand.U32(uint32(16+i)<<16|uint32(i)))
	}
	for _, pairs := range []bool{false, true} {
		name, doc := "roundPanel", "packs steps > 0 rows of cols columns, ld values apart, into a panel: roundBF16Generic of each."
		if pairs {
			name, doc = "pairPanel", "packs steps > 0 pairs of rows of cols columns, ld values apart, into a panel: pairBF16Generic of each."
		}
		g.text(name, "func(dst, src *float32, ld, steps, cols int)", doc)
		dst, src, ld, steps := word("dst"), word("src"), word("ld"), word("steps")
		var under []*mask
		for v, cols := 0, g.spreadInt(word("cols")); v < panel; v++ {
			under = append(under, g.above(cols, g.iota(g.w*v)))
		}
		SHLQ(operand.Imm(2), ld)
		zero, index := registers[30], registers[31]
		VPXORD(zero, zero, zero)
		VMOVDQU32(interleave, index)
		Label("step")
		for v := range panel {
			first, second := registers[2*v], zero
			VMOVUPS_Z(operandAt(src, v*g.bytes()), under[v].k, first)
			if pairs {
				second = registers[2*v+1]
				VMOVUPS_Z(operand.Mem{Base: src, Index: ld, Scale: 1, Disp: v * g.bytes()}, under[v].k, second)
			}
			vcvtne2ps2bf16(second, first, first)
			VPERMW(first, index, first)
			VMOVUPS(first, operandAt(dst, v*g.bytes()))
		}
		ADDQ(ld, src)
		if pairs {
			ADDQ(ld, src)
		}
		ADDQ(operand.U32(uint32(panel*g.bytes())), dst)
		DECQ(steps)
		JNZ(operand.LabelRef("step"))
		g.ret()
	}

	g.text("halveBF16native", "func(dst, src *float32, blocks int)",
		"is halveBF16Generic of blocks > 0 times 32 values of src, of which it makes 16.")
	dst, src, n := word("dst"), word("src"), word("blocks")
	low, high := registers[0], registers[1]
	Label("block")
	VMOVUPS(operandAt(src, 0), low)
	VMOVUPS(operandAt(src, 64), high)
	vcvtne2ps2bf16(low, high, low)
	VPROLD(operand.Imm(16), low, low)
	VMOVUPS(low, operandAt(dst, 0))
	ADDQ(operand.U32(128), src)
	ADDQ(operand.Imm(64), dst)
	DECQ(n)
	JNZ(operand.LabelRef("block"))
	g.ret()
}

// vcvtne2ps2bf16 emits dst = low and high rounded to bf16, one behind the other:
// EVEX.512.F2.0F38.W0 72 /r.
func vcvtne2ps2bf16(low, high, dst operand.Op) { unknown(3, 0x72, low, high, dst) }

// vdpbf16ps emits sum += a.upper * b.upper, then sum += a.lower * b.lower, each
// rounded once, for pairs of bf16: EVEX.512.F3.0F38.W0 52 /r.
func vdpbf16ps(b, a, sum operand.Op) { unknown(2, 0x52, b, a, sum) }

// unknown emits an instruction EVEX.512.prefix.0F38.W0 opcode /r of AVX512_BF16, which
// the assembler does not know, of registers alone; the prefix is 2 for F3 and 3 for F2.
func unknown(prefix, opcode uint32, b, a, dst operand.Op) {
	number := func(r operand.Op) uint32 { return uint32(r.(reg.VecPhysical).PhysicalIndex()) }
	rm, v, to := number(b), number(a), number(dst)
	bit := func(r, i uint32) uint32 { return ^r >> i & 1 } // the prefix holds them inverted
	evex := 0x62 |
		(bit(to, 3)<<7|bit(rm, 4)<<6|bit(rm, 3)<<5|bit(to, 4)<<4|2)<<8 |
		(^v&15<<3|1<<2|prefix)<<16 |
		(2<<5|bit(v, 4)<<3)<<24
	Instruction(&ir.Instruction{
		Opcode: "LONG", Operands: []operand.Op{operand.U32(evex)},
		Inputs: []operand.Op{b, a, dst}, Outputs: []operand.Op{dst}, ISA: []string{"AVX512_BF16"},
	})
	Instruction(&ir.Instruction{Opcode: "WORD", Operands: []operand.Op{operand.U16(opcode | (3<<6|to&7<<3|rm&7)<<8)}})
}
