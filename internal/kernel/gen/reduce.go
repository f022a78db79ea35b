package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func operandAt(p reg.Register, disp int) operand.Mem { return operand.Mem{Base: p, Disp: disp} }

func (g isa) reduce32(name, doc string, x string, start func() vec, step func(acc vec, a at, m *mask), op func(a, b, r operand.Op)) {
	acc := g.accumulators(4, start)
	g.each(length(x), 4, func(a at, v int, m *mask) { step(acc[v], a, m) })
	VMOVSS(g.fold(acc, op).AsX(), result())
	g.ret()
}

func (g isa) reductions() {
	g.text("sum", "func(x []float32) float32", "is sumGeneric.")
	x := base("x")
	g.reduce32("sum", "", "x", g.zero, func(acc vec, a at, m *mask) {
		VADDPS(g.load(a.in(x), m), acc, acc)
	}, addPS)

	g.text("dot", "func(x, y []float32) float32", "is dotGeneric.")
	x, y := base("x"), base("y")
	g.reduce32("dot", "", "x", g.zero, func(acc vec, a at, m *mask) {
		VFMADD231PS(g.load(a.in(x), m), g.load(a.in(y), m), acc)
	}, addPS)

	g.text("max", "func(x []float32) float32", "is maxGeneric.")
	x = base("x")
	low := g.f(math.Inf(-1))
	g.reduce32("max", "", "x", func() vec { return g.load(low, nil) }, func(acc vec, a at, m *mask) {
		VMAXPS(acc, g.loadOr(a.in(x), m, low), acc) // acc if x is NaN
	}, maxPS)

	g.sumSquares()
	g.index()
	g.expSum("expSum", true)
	g.expSum("sumExp", false)
	g.add8()
	g.maxRows()
}

// sumSquares adds up in float64, 64 lanes as well.
func (g isa) sumSquares() {
	g.text("sumSquares", "func(x []float32) float64", "is sumSquaresGeneric.")
	x := base("x")
	// A group of 16 lanes takes two vectors of float64 (AVX2: four).
	acc := g.accumulators(2*2, g.zero)
	g.each(length("x"), 2, func(a at, v int, m *mask) {
		t := g.load(a.in(x), m)
		half := func(y reg.Register, acc vec) {
			d := g.reg()
			VCVTPS2PD(y, d)
			VFMADD231PD(d, d, acc)
		}
		hi := g.reg()
		if g.wide() {
			VEXTRACTF64X4(operand.Imm(1), t, hi.AsY())
			half(t.AsY(), acc[2*v])
			half(hi.AsY(), acc[2*v+1])
		} else {
			VEXTRACTF128(operand.Imm(1), t, hi.AsX())
			half(t.AsX(), acc[2*v])
			half(hi.AsX(), acc[2*v+1])
		}
	})
	for len(acc) > 1 {
		half := len(acc) / 2
		for i := range half {
			VADDPD(acc[i+half], acc[i], acc[i])
		}
		acc = acc[:half]
	}
	s, t := acc[0], g.reg()
	if g.wide() {
		VEXTRACTF64X4(operand.Imm(1), s, t.AsY())
		VADDPD(t.AsY(), s.AsY(), s.AsY())
	}
	VEXTRACTF128(operand.Imm(1), s.AsY(), t.AsX())
	VADDPD(t.AsX(), s.AsX(), s.AsX())
	VUNPCKHPD(s.AsX(), s.AsX(), t.AsX())
	VADDSD(t.AsX(), s.AsX(), s.AsX())
	VMOVSD(s.AsX(), result())
	g.ret()
}

func (g isa) index() {
	g.text("index", "func(x []float32, v float32) int", "is indexGeneric.")
	x, v := base("x"), g.scalar("v")
	bits := GP32()
	found := label("found")
	var i reg.GPVirtual
	hit := GP64()
	g.each(length("x"), 1, func(a at, p int, m *mask) {
		i = a.i
		eq := g.cmp(equal, g.load(a.in(x), m), v)
		if g.wide() {
			KMOVW(eq.k, bits)
			if m != nil {
				t := GP32()
				KMOVW(m.k, t)
				ANDL(t, bits)
			}
		} else {
			g.keep(eq.v, m)
			VMOVMSKPS(eq.v, bits)
		}
		if p == 0 {
			XORQ(hit, hit)
		} else {
			MOVQ(operand.I32(p*g.w), hit)
		}
		TESTL(bits, bits)
		JNZ(operand.LabelRef(found))
	})
	MOVQ(operand.I32(-1), hit)
	MOVQ(hit, result())
	g.ret()
	Label(found)
	BSFL(bits, bits)
	ADDQ(i, hit)
	ADDQ(bits.As64(), hit)
	MOVQ(hit, result())
	g.ret()
}

func (g isa) expSum(name string, keep bool) {
	signature := "func(src []float32, scale, shift float32) float32"
	if keep {
		signature = "func(dst, src []float32, scale, shift float32) float32"
	}
	g.text(name, signature, "is "+name+"Generic.")
	var dst reg.GPVirtual
	if keep {
		dst = base("dst")
	}
	src, scale, shift := base("src"), g.scalar("scale"), g.scalar("shift")
	acc := g.accumulators(1, g.zero)
	g.each(length("src"), 1, func(a at, v int, m *mask) {
		x := g.load(a.in(src), m)
		VFMSUB213PS(shift, scale, x)
		e := g.exp(x, 0)
		g.keep(e, m)
		if keep {
			g.store(e, a.in(dst), m)
		}
		VADDPS(e, acc[v], acc[v])
	})
	VMOVSS(g.fold(acc, addPS).AsX(), result())
	g.ret()
}

func (g isa) add8() {
	g.text("addEight", "func(dst []float32, src *float32, ld int)", "adds eight rows, ld apart, to dst one after the other.")
	dst, src, ld := base("dst"), word("src"), word("ld")
	SHLQ(operand.Imm(2), ld)
	rows := []reg.GPVirtual{src}
	for range 7 {
		r := GP64()
		LEAQ(operand.Mem{Base: rows[len(rows)-1], Index: ld, Scale: 1}, r)
		rows = append(rows, r)
	}
	g.each(length("dst"), 1, func(a at, _ int, m *mask) {
		s := g.load(a.in(dst), m)
		for _, r := range rows {
			if m == nil {
				VADDPS(a.in(r), s, s)
			} else {
				VADDPS(g.load(a.in(r), m), s, s)
			}
		}
		g.store(s, a.in(dst), m)
	})
	g.ret()
}

func (g isa) maxRows() {
	g.text("maxRows", "func(dst []float32, arg []int32, src *float32, rows, ld int)", "is maxRowsGeneric for rows > 0.")
	dst, arg, src, rows, ld := base("dst"), base("arg"), word("src"), word("rows"), word("ld")
	SHLQ(operand.Imm(2), ld)
	g.each(length("dst"), 1, func(a at, _ int, m *mask) {
		p, left := GP64(), GP64()
		LEAQ(a.in(src), p)
		MOVQ(rows, left)
		at := operand.Mem{Base: p}
		best, where, row := g.load(at, m), g.zero(), g.zero()
		next, done := label("row"), label("last")
		Label(next)
		DECQ(left)
		JZ(operand.LabelRef(done))
		ADDQ(ld, p)
		VPADDD(g.c(1), row, row)
		x := g.load(at, m)
		above := g.cmp(greaterThn, x, best)
		g.put(best, above, x)
		g.put(where, above, row)
		JMP(operand.LabelRef(next))
		Label(done)
		g.store(best, a.in(dst), m)
		g.store(where, a.in(arg), m)
	})
	g.ret()
}
