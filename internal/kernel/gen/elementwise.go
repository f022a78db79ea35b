package main

import (
	. "github.com/mmcloughlin/avo/build"
)

// function is dst[i] = f(src[i]).
func (g isa) function(name, doc string, f func(vec) vec) {
	g.text(name, "func(dst, src []float32)", doc)
	dst, src := base("dst"), base("src")
	g.each(length("src"), 1, func(a at, _ int, m *mask) {
		g.store(f(g.load(a.in(src), m)), a.in(dst), m)
	})
	g.ret()
}

func (g isa) elementwise() {
	g.function("exp", "is expGeneric.", func(x vec) vec { return g.exp(x, expMax) })
	g.function("log", "is logGeneric.", g.log)
	g.function("tanh", "is tanhGeneric.", g.tanh)
	g.function("sigmoid", "is sigmoidGeneric.", g.sigmoid)
	g.axpy()
	g.add2()
	g.scale()
	g.softmaxBackward()
	g.adam()
}

func (g isa) axpy() {
	g.text("axpy", "func(alpha float32, x, y []float32)", "is axpyGeneric.")
	x, y, alpha := base("x"), base("y"), g.scalar("alpha")
	g.each(length("x"), 2, func(a at, _ int, m *mask) {
		t := g.load(a.in(y), m)
		if m == nil {
			VFMADD231PS(a.in(x), alpha, t)
		} else {
			VFMADD231PS(g.load(a.in(x), m), alpha, t)
		}
		g.store(t, a.in(y), m)
	})
	g.ret()
}

func (g isa) add2() {
	g.text("add", "func(dst, x []float32)", "is addGeneric.")
	dst, x := base("dst"), base("x")
	g.each(length("x"), 2, func(a at, _ int, m *mask) {
		g.store(g.add(g.load(a.in(x), m), g.load(a.in(dst), m)), a.in(dst), m)
	})
	g.ret()
}

func (g isa) scale() {
	g.text("scale", "func(alpha float32, x []float32)", "is scaleGeneric.")
	x, alpha := base("x"), g.scalar("alpha")
	g.each(length("x"), 2, func(a at, _ int, m *mask) {
		g.store(g.mul(alpha, g.load(a.in(x), m)), a.in(x), m)
	})
	g.ret()
}

func (g isa) softmaxBackward() {
	g.text("softmaxBackward", "func(dx, y, dy []float32, scale, dot float32)", "is softmaxBackwardGeneric.")
	dx, y, dy := base("dx"), base("y"), base("dy")
	scale, dot := g.scalar("scale"), g.scalar("dot")
	g.each(length("dx"), 2, func(a at, _ int, m *mask) {
		t := g.mul(scale, g.load(a.in(y), m))
		d := g.sub(g.load(a.in(dy), m), dot)
		g.store(g.mul(t, d), a.in(dx), m)
	})
	g.ret()
}

func (g isa) adam() {
	g.text("adam", "func(w, m, v, grad []float32, scale, keepM, takeM, keepV, takeV, correct, eps, step, decay float32)", "is adamGeneric.")
	w, m, v, grad := base("w"), base("m"), base("v"), base("grad")
	scale, keepM, takeM := g.scalar("scale"), g.scalar("keepM"), g.scalar("takeM")
	keepV, takeV, correct := g.scalar("keepV"), g.scalar("takeV"), g.scalar("correct")
	eps, step, decay := g.scalar("eps"), g.scalar("step"), g.scalar("decay")
	g.each(length("w"), 1, func(a at, _ int, mask *mask) {
		x := g.mul(scale, g.load(a.in(grad), mask))
		t := g.mul(takeM, x)
		VMULPS(x, x, x)
		VMULPS(takeV, x, x)
		mean := g.load(a.in(m), mask)
		VFMADD213PS(t, keepM, mean)
		g.store(mean, a.in(m), mask)
		square := g.load(a.in(v), mask)
		VFMADD213PS(x, keepV, square)
		g.store(square, a.in(v), mask)
		VMULPS(correct, square, square)
		VSQRTPS(square, square)
		VADDPS(eps, square, square)
		VMULPS(step, mean, mean)
		VDIVPS(square, mean, mean)
		old := g.load(a.in(w), mask)
		VFMADD231PS(decay, old, mean)
		VSUBPS(mean, old, old)
		g.store(old, a.in(w), mask)
	})
	g.ret()
}
