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
