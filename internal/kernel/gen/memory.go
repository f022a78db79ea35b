package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// prefetch is one function for both instruction sets.
func prefetch() {
	TEXT("prefetchLines", NOSPLIT, "func(x *float32, lines int)")
	Doc("prefetchLines asks for lines > 0 cache lines from x on, for the second-level cache.")
	Pragma("noescape")
	x, n := word("x"), word("lines")
	Label("line")
	PREFETCHT1(operandAt(x, 0))
	ADDQ(operand.Imm(64), x)
	DECQ(n)
	JNZ(operand.LabelRef("line"))
	RET()
}

// stream is one function for both instruction sets, which have vectors of 32
// bytes in common: two make a line.
func stream() {
	TEXT("streamLines", NOSPLIT, "func(dst, src *float32, lines int)")
	Doc("streamLines copies lines > 0 cache lines past the caches; dst is where one begins.")
	Pragma("noescape")
	dst, src, n := word("dst"), word("src"), word("lines")
	lo, hi := YMM(), YMM()
	Label("line")
	VMOVUPS(operandAt(src, 0), lo)
	VMOVUPS(operandAt(src, 32), hi)
	VMOVNTPS(lo, operandAt(dst, 0))
	VMOVNTPS(hi, operandAt(dst, 32))
	ADDQ(operand.Imm(64), src)
	ADDQ(operand.Imm(64), dst)
	DECQ(n)
	JNZ(operand.LabelRef("line"))
	SFENCE()
	VZEROUPPER()
	RET()
}
