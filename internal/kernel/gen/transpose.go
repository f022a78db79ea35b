package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose8 is one function for both instruction sets: shuffles across 256
// bits are as good as any here.
func transpose8() {
	TEXT("transpose8", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds int, blocks int)")
	Doc("transpose8 transposes eight rows of src, 8*blocks columns long, into", "8*blocks rows of dst. The strides are in values.")
	Pragma("noescape")
	dst, ldd, src, lds, n := word("dst"), word("ldd"), word("src"), word("lds"), word("blocks")
	SHLQ(operand.Imm(2), ldd)
	SHLQ(operand.Imm(2), lds)
	ldd3, lds3, low := GP64(), GP64(), GP64()
	LEAQ(operand.Mem{Base: ldd, Index: ldd, Scale: 2}, ldd3)
	LEAQ(operand.Mem{Base: lds, Index: lds, Scale: 2}, lds3)
	row := func(p, ld, ld3 reg.Register, r, disp int) operand.Mem {
		switch r {
		case 0:
			return operand.Mem{Base: p, Disp: disp}
		case 3:
			return operand.Mem{Base: p, Index: ld3, Scale: 1, Disp: disp}
		}
		return operand.Mem{Base: p, Index: ld, Scale: uint8(r), Disp: disp}
	}
	Label("loop")
	LEAQ(operand.Mem{Base: src, Index: lds, Scale: 4}, low)
	// Rows r and r+4 share registers: their first four columns in one, the
	// other four in another.
	var x [8]reg.VecVirtual
	for r := range 4 {
		for half := range 2 {
			y := YMM()
			VMOVUPS(row(src, lds, lds3, r, 16*half), y.AsX())
			VINSERTF128(operand.Imm(1), row(low, lds, lds3, r, 16*half), y, y)
			x[4*half+r] = y
		}
	}
	for half := range 2 {
		a, b, c, d := x[4*half], x[4*half+1], x[4*half+2], x[4*half+3]
		ab, cd, abHi, cdHi := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(b, a, ab)
		VUNPCKLPS(d, c, cd)
		VUNPCKHPS(b, a, abHi)
		VUNPCKHPS(d, c, cdHi)
		out := func(hi uint64, p, q reg.VecVirtual, r int) {
			y := YMM()
			if hi == 0 {
				VUNPCKLPD(q, p, y)
			} else {
				VUNPCKHPD(q, p, y)
			}
			VMOVUPS(y, row(dst, ldd, ldd3, r, 0))
		}
		out(0, ab, cd, 0)
		out(1, ab, cd, 1)
		out(0, abHi, cdHi, 2)
		out(1, abHi, cdHi, 3)
		LEAQ(operand.Mem{Base: dst, Index: ldd, Scale: 4}, dst)
	}
	ADDQ(operand.Imm(32), src)
	DECQ(n)
	JNZ(operand.LabelRef("loop"))
	VZEROUPPER()
	RET()
}
