package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transpose8 is one function for both instruction sets: shuffles across 256
// bits are as good as any here.
func transpose8() {
	TEXT("transpose8", NOSPLIT, "func(dst *float32, ldd int, src *float32, lds int, rows, cols int)")
	Doc("transpose8 transposes src [8*rows, 8*cols], all rows of eight columns before", "the next. The strides are in values, rows and cols are not 0.")
	Pragma("noescape")
	dst, ldd, src, lds, n := word("dst"), word("ldd"), word("src"), word("lds"), word("cols")
	SHLQ(operand.Imm(2), ldd)
	SHLQ(operand.Imm(2), lds)
	ldd3, lds3 := GP64(), GP64()
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
	Label("columns")
	from, to, left, low := GP64(), GP64(), word("rows"), GP64()
	MOVQ(src, from)
	MOVQ(dst, to)
	Label("rows")
	LEAQ(operand.Mem{Base: from, Index: lds, Scale: 4}, low)
	// Rows r and r+4 share registers: their first four columns in one, the
	// other four in another.
	var x [8]reg.VecVirtual
	for r := range 4 {
		for half := range 2 {
			y := YMM()
			VMOVUPS(row(from, lds, lds3, r, 16*half), y.AsX())
			VINSERTF128(operand.Imm(1), row(low, lds, lds3, r, 16*half), y, y)
			x[4*half+r] = y
		}
	}
	out := to
	for half := range 2 {
		a, b, c, d := x[4*half], x[4*half+1], x[4*half+2], x[4*half+3]
		ab, cd, abHi, cdHi := YMM(), YMM(), YMM(), YMM()
		VUNPCKLPS(b, a, ab)
		VUNPCKLPS(d, c, cd)
		VUNPCKHPS(b, a, abHi)
		VUNPCKHPS(d, c, cdHi)
		for r := range 4 {
			p, q, y := ab, cd, YMM()
			if r >= 2 {
				p, q = abHi, cdHi
			}
			if r%2 == 0 {
				VUNPCKLPD(q, p, y)
			} else {
				VUNPCKHPD(q, p, y)
			}
			VMOVUPS(y, row(out, ldd, ldd3, r, 0))
		}
		if half == 0 {
			out = GP64()
			LEAQ(operand.Mem{Base: to, Index: ldd, Scale: 4}, out)
		}
	}
	LEAQ(operand.Mem{Base: from, Index: lds, Scale: 8}, from)
	ADDQ(operand.Imm(32), to)
	DECQ(left)
	JNZ(operand.LabelRef("rows"))
	ADDQ(operand.Imm(32), src)
	LEAQ(operand.Mem{Base: dst, Index: ldd, Scale: 8}, dst)
	DECQ(n)
	JNZ(operand.LabelRef("columns"))
	VZEROUPPER()
	RET()
}
