package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// relu is max(x, 0), never -0; NaN stays.
func (g isa) relu(x vecs) vecs {
	zero := g.zero()
	return each(x, func(x vec) vec {
		r := g.reg()
		VMAXPS(x, zero, r) // x if it is NaN or both are zero
		VADDPS(zero, r, r)
		return r
	})
}

// wherePositive clears the lanes of x in which y is not above 0.
func (g isa) wherePositive(x, y vecs) vecs {
	zero := g.zero()
	for i := range x {
		g.keep(x[i], g.cmp(greater, y[i], zero))
	}
	return x
}

// minus is 1 - x.
func (g isa) minus(x vecs) vecs { return g.sub(g.fill(g.f(1), len(x)), x) }

func (g isa) layers() {
	g.function("relu", "is reluGeneric.", g.relu)

	g.text("reluBack", "func(dst, y, dy []float32)", "is reluBackGeneric.")
	dst, y, dy := base("dst"), base("y"), base("dy")
	g.loop(length("dst"), 2, func(at []place) {
		g.stores(g.wherePositive(g.loads(at, dy), g.loads(at, y)), at, dst)
	})
	g.ret()

	g.text("highway", "func(y, h, gate, x []float32)", "is highwayGeneric.")
	y, h, gate, x := base("y"), base("h"), base("gate"), base("x")
	g.loop(length("y"), 1, func(at []place) {
		a, t := g.relu(g.loads(at, h)), g.loads(at, gate)
		g.stores(a, at, h)
		g.stores(g.add(g.mul(t, a), g.mul(g.minus(t), g.loads(at, x))), at, y)
	})
	g.ret()

	g.text("highwayBack", "func(dh, dgate, dx, dy, h, gate, x []float32)", "is highwayBackGeneric.")
	dh, dgate, dx, dy := base("dh"), base("dgate"), base("dx"), base("dy")
	h, gate, x = base("h"), base("gate"), base("x")
	g.loop(length("dh"), 1, func(at []place) {
		for _, p := range at { // AVX2 has registers for one vector
			p := []place{p}
			d, t, a := g.loads(p, dy), g.loads(p, gate), g.loads(p, h)
			rest := g.minus(t)
			change := g.mul(g.mul(g.mul(d, g.sub(a, g.loads(p, x))), t), rest)
			g.stores(g.mul(d, rest), p, dx)
			g.stores(change, p, dgate)
			g.stores(g.wherePositive(g.mul(d, t), a), p, dh)
		}
	})
	g.ret()

	g.text("subtract", "func(dst, x []float32, by float32)", "is subtractGeneric.")
	dst, x = base("dst"), base("x")
	by := g.scalar("by")
	g.loop(length("dst"), 2, func(at []place) { g.stores(g.sub(g.loads(at, x), by), at, dst) })
	g.ret()

	g.text("multiply", "func(dst, x, y []float32)", "is multiplyGeneric.")
	dst, x, y = base("dst"), base("x"), base("y")
	g.loop(length("dst"), 2, func(at []place) { g.stores(g.mul(g.loads(at, x), g.loads(at, y)), at, dst) })
	g.ret()

	g.text("normalise", "func(y, hat, gain, bias []float32, scale float32)", "is normaliseGeneric.")
	y, hat, gain, bias, scale := base("y"), base("hat"), base("gain"), base("bias"), g.scalar("scale")
	g.loop(length("y"), 2, func(at []place) {
		x := g.mul(g.loads(at, hat), scale)
		g.stores(x, at, hat)
		g.stores(g.add(g.mul(x, g.loads(at, gain)), g.loads(at, bias)), at, y)
	})
	g.ret()

	g.text("normaliseBack", "func(dx, hat, dy []float32, scale, mean, along float32)", "is normaliseBackGeneric.")
	dx, hat, dy = base("dx"), base("hat"), base("dy")
	scale, mean, along := g.scalar("scale"), g.scalar("mean"), g.scalar("along")
	g.loop(length("dx"), 1, func(at []place) {
		x := g.loads(at, hat)
		d := g.sub(g.sub(g.loads(at, dx), mean), g.mul(x, along))
		g.stores(g.mul(d, scale), at, dx)
		g.stores(g.mul(x, g.loads(at, dy)), at, hat)
	})
	g.ret()

	g.axpyRows()
	g.axpyGather()
}

// axpyGather holds dst in registers while it goes through the rows: eight vectors of
// it at a time, then four, then 16 lanes.
func (g isa) axpyGather() {
	g.text("axpyGather", "func(dst, alpha []float32, src *float32, at []int32)", "is axpyGatherGeneric.")
	dst, left := base("dst"), length("dst")
	src := word("src")
	run := func(groups int, masks []*mask, next string) {
		alpha, at, rows := base("alpha"), base("at"), length("alpha")
		var sums vecs
		for v := range groups * g.parts() {
			sums = append(sums, g.load(operandAt(dst, v*g.bytes()), masks[v%g.parts()]))
		}
		row, end := label("row"), label("end")
		Label(row)
		SUBQ(operand.Imm(1), rows)
		JLT(operand.LabelRef(end))
		place, factor := GP64(), g.reg()
		MOVLQSX(operandAt(at, 0), place)
		VBROADCASTSS(operandAt(alpha, 0), factor)
		for v, sum := range sums {
			x := operand.Mem{Base: src, Index: place, Scale: 4, Disp: v * g.bytes()}
			if m := masks[v%g.parts()]; m != nil {
				VFMADD231PS(g.load(x, m), factor, sum)
			} else {
				VFMADD231PS(x, factor, sum)
			}
		}
		ADDQ(operand.Imm(4), alpha)
		ADDQ(operand.Imm(4), at)
		JMP(operand.LabelRef(row))
		Label(end)
		for v, sum := range sums {
			g.store(sum, operandAt(dst, v*g.bytes()), masks[v%g.parts()])
		}
		ADDQ(operand.U32(uint32(64*groups)), dst)
		ADDQ(operand.U32(uint32(64*groups)), src)
		SUBQ(operand.U32(uint32(16*groups)), left)
		JMP(operand.LabelRef(next))
	}
	whole := make([]*mask, g.parts())
	wide := 8 / g.parts()
	Label("wide")
	CMPQ(left, operand.U32(uint32(16*wide)))
	JLT(operand.LabelRef("half"))
	run(wide, whole, "wide")
	Label("half")
	CMPQ(left, operand.U32(uint32(8*wide)))
	JLT(operand.LabelRef("last"))
	run(wide/2, whole, "half")
	Label("last")
	CMPQ(left, operand.Imm(0))
	JLE(operand.LabelRef("done"))
	run(1, g.lanes(left, 0), "last")
	Label("done")
	g.ret()
}

// axpyRows has loops for rows of up to 16, of up to 32 and of more values.
func (g isa) axpyRows() {
	g.text("axpyRows", "func(alpha, src []float32, n int, dst []float32, at []int32, stride int)", "is axpyRowsGeneric.")
	alpha, left := base("alpha"), length("alpha")
	src, n, dst, at, stride := base("src"), word("n"), base("dst"), base("at"), word("stride")
	SHLQ(operand.Imm(2), stride)
	bytes := GP64()
	MOVQ(n, bytes)
	SHLQ(operand.Imm(2), bytes)
	rows := func(add func(row reg.GPVirtual, factor vec)) {
		next, skip, done := label("row"), label("skip"), label("done")
		Label(next)
		SUBQ(operand.Imm(1), left)
		JLT(operand.LabelRef(done))
		row, bits, factor := GP64(), GP32(), g.reg()
		MOVL(operandAt(alpha, 0), bits)
		ADDL(bits, bits) // without the sign
		JZ(operand.LabelRef(skip))
		VBROADCASTSS(operandAt(alpha, 0), factor)
		MOVLQSX(operandAt(at, 0), row)
		IMULQ(stride, row)
		ADDQ(dst, row)
		add(row, factor)
		Label(skip)
		ADDQ(bytes, src)
		ADDQ(operand.Imm(4), alpha)
		ADDQ(operand.Imm(4), at)
		JMP(operand.LabelRef(next))
		Label(done)
		g.ret()
	}
	add := func(x, y operand.Mem, factor vec, m *mask) {
		sum := g.load(y, m)
		VFMADD231PS(g.load(x, m), factor, sum)
		g.store(sum, y, m)
	}
	short := func(groups int) {
		var masks []*mask
		for group := range groups {
			masks = append(masks, g.lanes(n, 16*group)...)
		}
		rows(func(row reg.GPVirtual, factor vec) {
			for v, m := range masks {
				add(operandAt(src, v*g.bytes()), operandAt(row, v*g.bytes()), factor, m)
			}
		})
	}
	CMPQ(n, operand.Imm(16))
	JLE(operand.LabelRef("one"))
	CMPQ(n, operand.Imm(32))
	JLE(operand.LabelRef("two"))
	rows(func(row reg.GPVirtual, factor vec) {
		g.loop(n, 4, func(at []place) {
			for _, p := range at {
				add(p.in(src), p.in(row), factor, p.m)
			}
		})
	})
	Label("one")
	short(1)
	Label("two")
	short(2)
}
