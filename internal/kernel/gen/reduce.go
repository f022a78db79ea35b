package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// reduction runs step over the vectors of x in 64 lanes and returns their fold.
func (g isa) reduction(start func() vec, step func(acc vec, p place), op func(a, b, r operand.Op)) {
	acc := g.accumulators(4, start)
	g.loop(length("x"), 4, func(at []place) {
		for _, p := range at {
			step(acc[p.v], p)
		}
	})
	VMOVSS(g.fold(acc, op).AsX(), result())
	g.ret()
}

func (g isa) reductions() {
	g.text("sum", "func(x []float32) float32", "is sumGeneric.")
	x := base("x")
	g.reduction(g.zero, func(acc vec, p place) { VADDPS(g.load(p.in(x), p.m), acc, acc) }, addPS)

	g.text("dot", "func(x, y []float32) float32", "is dotGeneric.")
	x, y := base("x"), base("y")
	g.reduction(g.zero, func(acc vec, p place) {
		VFMADD231PS(g.load(p.in(x), p.m), g.load(p.in(y), p.m), acc)
	}, addPS)

	g.text("max", "func(x []float32) float32", "is maxGeneric.")
	x = base("x")
	low := g.f(math.Inf(-1))
	g.reduction(func() vec { return g.load(low, nil) }, func(acc vec, p place) {
		VMAXPS(acc, g.loadOr(p.in(x), p.m, low), acc) // acc if x is NaN
	}, maxPS)

	g.sumSquares()
	g.index()
	g.placesAbove()
	g.expSum("expSum", true)
	g.expSum("sumExp", false)
	g.expSumMax()
	g.expSums()
	g.addEight()
	g.maxRows()
}

// sumSquares adds up in float64, in 32 lanes.
func (g isa) sumSquares() {
	g.text("sumSquares", "func(x []float32) float64", "is sumSquaresGeneric.")
	x := base("x")
	acc := g.accumulators(2*2, g.zero) // a vector of float32 makes two of float64
	g.loop(length("x"), 2, func(at []place) {
		for _, p := range at {
			t, v := g.load(p.in(x), p.m), p.v
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
	hits, i := GP32(), GP64()
	g.loop(length("x"), 1, func(at []place) {
		for _, p := range at {
			same := g.cmp(equal, g.loadOr(p.in(x), p.m, g.f(math.NaN())), v)
			if g.wide() {
				KMOVW(same.k, hits)
			} else {
				VMOVMSKPS(same.v, hits)
			}
			LEAQ(operand.Mem{Base: p.i, Disp: p.disp / 4}, i)
			TESTL(hits, hits)
			JNZ(operand.LabelRef("found"))
		}
	})
	MOVQ(operand.I32(-1), i)
	MOVQ(i, result())
	g.ret()
	Label("found")
	BSFL(hits, hits)
	ADDQ(hits.As64(), i)
	MOVQ(i, result())
	g.ret()
}

func (g isa) placesAbove() {
	g.text("above", "func(places []int32, x []float32, bound float32) int", "is aboveGeneric.")
	places, room, x, bound := base("places"), length("places"), base("x"), g.scalar("bound")
	hits, i, t, found := GP32(), GP64(), GP32(), GP64()
	XORQ(found, found)
	g.loop(length("x"), 1, func(at []place) {
		for _, p := range at {
			over := g.cmp(atLeast, g.loadOr(p.in(x), p.m, g.f(math.NaN())), bound)
			if g.wide() {
				KMOVW(over.k, hits)
			} else {
				VMOVMSKPS(over.v, hits)
			}
			next, done := label("hit"), label("none")
			Label(next)
			TESTL(hits, hits)
			JZ(operand.LabelRef(done))
			CMPQ(found, room)
			JGE(operand.LabelRef("full"))
			BSFL(hits, i.As32())
			ADDL(p.i.As32(), i.As32())
			if p.disp > 0 {
				ADDL(operand.U32(uint32(p.disp/4)), i.As32())
			}
			MOVL(i.As32(), operand.Mem{Base: places, Index: found, Scale: 4})
			INCQ(found)
			LEAL(operand.Mem{Base: hits.As64(), Disp: -1}, t)
			ANDL(t, hits)
			JMP(operand.LabelRef(next))
			Label(done)
		}
	})
	MOVQ(found, result())
	g.ret()
	Label("full")
	MOVQ(operand.I32(-1), found)
	MOVQ(found, result())
	g.ret()
}

// expSum emits expSum, and sumExp if the exponentials are not to be kept.
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
	g.loop(length("src"), g.side()/g.parts(), func(at []place) {
		x := g.loads(at, src)
		for _, v := range x {
			VFMSUB213PS(shift, scale, v)
		}
		e := g.exp(x, 0)
		for i, p := range at {
			g.keep(e[i], p.m)
			if keep {
				g.store(e[i], p.in(dst), p.m)
			}
			VADDPS(e[i], acc[p.v%g.parts()], acc[p.v%g.parts()])
		}
	})
	VMOVSS(g.fold(acc, addPS).AsX(), result())
	g.ret()
}

// expSumMax is expSum that looks at another row meanwhile, whose maximum costs nothing
// then: its loads wait while the exponentials are worked out.
func (g isa) expSumMax() {
	g.text("expSumMax", "func(dst, src []float32, scale, shift float32, next []float32) (sum, top float32)", "is expSumMaxGeneric.")
	dst, src, next := base("dst"), base("src"), base("next")
	scale, shift := g.scalar("scale"), g.scalar("shift")
	low := g.f(math.Inf(-1))
	acc, top := g.accumulators(1, g.zero), g.accumulators(1, func() vec { return g.load(low, nil) })
	g.loop(length("src"), g.side()/g.parts(), func(at []place) {
		for _, p := range at {
			t := top[p.v%g.parts()]
			VMAXPS(t, g.loadOr(p.in(next), p.m, low), t) // t if next is NaN
		}
		x := g.loads(at, src)
		for _, v := range x {
			VFMSUB213PS(shift, scale, v)
		}
		e := g.exp(x, 0)
		for i, p := range at {
			g.keep(e[i], p.m)
			g.store(e[i], p.in(dst), p.m)
			VADDPS(e[i], acc[p.v%g.parts()], acc[p.v%g.parts()])
		}
	})
	VMOVSS(g.fold(acc, addPS).AsX(), result())
	VMOVSS(g.fold(top, maxPS).AsX(), resultAt(1))
	g.ret()
}

// expSums takes blocks of 64 values, each as expSum and sum would in turn. With
// AVX-512 four blocks at a time share what folds their lanes.
func (g isa) expSums() {
	g.text("expSums", "func(sums, src []float32, scale, shift float32, next []float32) float32", "is expSumsGeneric of whole blocks.")
	sums, blocks, src, next := base("sums"), length("sums"), base("src"), base("next")
	scale, shift := g.scalar("scale"), g.scalar("shift")
	top := g.load(g.f(math.Inf(-1)), nil)
	vectors := 64 / g.w
	lanes := func(block int) vec { // the sum of a block's vectors
		at := func(v int) int { return 4*64*block + v*g.bytes() }
		for v := range vectors {
			VMAXPS(top, g.load(operandAt(next, at(v)), nil), top) // top if next is NaN
		}
		acc := make(vecs, vectors)
		for first := 0; first < vectors; first += g.side() {
			var x vecs
			for v := range g.side() {
				x = append(x, g.load(operandAt(src, at(first+v)), nil))
				VFMSUB213PS(shift, scale, x[v])
			}
			copy(acc[first:], g.exp(x, 0))
			if !g.wide() && first >= vectors/2 { // the first halving, at once for want of registers
				for v := first; v < first+g.side(); v++ {
					VADDPS(acc[v], acc[v-vectors/2], acc[v-vectors/2])
				}
			}
		}
		if !g.wide() {
			acc = acc[:vectors/2]
		}
		return foldVectors(acc, addPS)
	}
	forward := func(n int) {
		ADDQ(operand.U32(uint32(4*n)), sums)
		ADDQ(operand.U32(uint32(4*64*n)), src)
		ADDQ(operand.U32(uint32(4*64*n)), next)
	}
	block, done := label("block"), label("done")
	if g.wide() {
		four, fewer, places := label("four"), label("fewer"), g.reg()
		VPSLLD(operand.Imm(2), g.load(g.iota(0), nil), places)
		Label(four)
		SUBQ(operand.Imm(4), blocks)
		JLT(operand.LabelRef(fewer))
		a := g.foldFour(lanes(0), lanes(1), lanes(2), lanes(3))
		VPERMD(a, places, a)
		VMOVUPS(a.AsX(), operandAt(sums, 0))
		forward(4)
		JMP(operand.LabelRef(four))
		Label(fewer)
		ADDQ(operand.Imm(4), blocks)
	}
	Label(block)
	SUBQ(operand.Imm(1), blocks)
	JLT(operand.LabelRef(done))
	VMOVSS(g.foldLanes(lanes(0), addPS).AsX(), operandAt(sums, 0))
	forward(1)
	JMP(operand.LabelRef(block))
	Label(done)
	VMOVSS(g.fold(vecs{top}, maxPS).AsX(), result())
	g.ret()
}

func (g isa) addEight() {
	g.text("addEight", "func(dst []float32, src *float32, ld int)", "adds eight rows, ld apart, to dst one after the other.")
	dst, src, ld := base("dst"), word("src"), word("ld")
	SHLQ(operand.Imm(2), ld)
	rows := []reg.GPVirtual{src}
	for range 7 {
		r := GP64()
		LEAQ(operand.Mem{Base: rows[len(rows)-1], Index: ld, Scale: 1}, r)
		rows = append(rows, r)
	}
	g.loop(length("dst"), 1, func(at []place) {
		s := g.loads(at, dst)
		for _, r := range rows {
			s = g.add(s, g.loads(at, r))
		}
		g.stores(s, at, dst)
	})
	g.ret()
}

func (g isa) maxRows() {
	g.text("maxRows", "func(dst []float32, arg []int32, src *float32, rows, ld int)", "is maxRowsGeneric for rows > 0.")
	dst, arg, src, rows, ld := base("dst"), base("arg"), word("src"), word("rows"), word("ld")
	SHLQ(operand.Imm(2), ld)
	g.loop(length("dst"), 2, func(at []place) {
		p, left, row := GP64(), GP64(), g.zero()
		LEAQ(at[0].in(src), p)
		MOVQ(rows, left)
		load := func(i int) vec { return g.load(operandAt(p, i*g.bytes()), at[i].m) }
		var best, where vecs
		for i := range at {
			best = append(best, load(i))
			where = append(where, g.zero())
		}
		next, done := label("row"), label("last")
		Label(next)
		DECQ(left)
		JZ(operand.LabelRef(done))
		ADDQ(ld, p)
		VPADDD(g.c(1), row, row)
		for i := range at {
			x := load(i)
			g.put(where[i], g.cmp(greater, x, best[i]), row)
			VMAXPS(best[i], x, best[i]) // best if x is NaN
		}
		JMP(operand.LabelRef(next))
		Label(done)
		g.stores(best, at, dst)
		g.stores(where, at, arg)
	})
	g.ret()
}
