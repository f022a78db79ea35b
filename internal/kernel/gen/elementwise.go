package main

import . "github.com/mmcloughlin/avo/build"

// function is dst[i] = f(src[i]).
func (g isa) function(name, doc string, f func(vecs) vecs) {
	g.text(name, "func(dst, src []float32)", doc)
	dst, src := base("dst"), base("src")
	g.loop(length("src"), g.side()/g.parts(), func(at []place) {
		g.stores(f(g.loads(at, src)), at, dst)
	})
	g.ret()
}

// side is how many vectors the registers can hold side by side in a long
// computation.
func (g isa) side() int {
	if g.wide() {
		return 4
	}
	return 2
}

func (g isa) elementwise() {
	g.function("exp", "is expGeneric.", func(x vecs) vecs { return g.exp(x, expMax) })
	g.function("log", "is logGeneric.", g.log)
	g.function("tanh", "is tanhGeneric.", g.tanh)
	g.function("sigmoid", "is sigmoidGeneric.", g.sigmoid)

	g.text("axpy", "func(alpha float32, x, y []float32)", "is axpyGeneric.")
	x, y, alpha := base("x"), base("y"), g.scalar("alpha")
	g.loop(length("x"), 2, func(at []place) {
		r := g.loads(at, y)
		g.fma(r, g.loads(at, x), alpha)
		g.stores(r, at, y)
	})
	g.ret()

	g.text("add", "func(dst, x []float32)", "is addGeneric.")
	dst, x := base("dst"), base("x")
	g.loop(length("x"), 2, func(at []place) {
		g.stores(g.add(g.loads(at, dst), g.loads(at, x)), at, dst)
	})
	g.ret()

	g.text("scale", "func(alpha float32, x []float32)", "is scaleGeneric.")
	restore := flushDenormals()
	x, alpha = base("x"), g.scalar("alpha")
	g.loop(length("x"), 2, func(at []place) {
		g.stores(g.mul(g.loads(at, x), alpha), at, x)
	})
	restore()
	g.ret()

	g.text("softmaxBackward", "func(dx, y, dy []float32, scale, dot float32)", "is softmaxBackwardGeneric.")
	restore = flushDenormals()
	dx, y, dy := base("dx"), base("y"), base("dy")
	scale, dot := g.scalar("scale"), g.scalar("dot")
	g.loop(length("dx"), 2, func(at []place) {
		t := g.mul(g.loads(at, y), scale)
		g.stores(g.mul(t, g.sub(g.loads(at, dy), dot)), at, dx)
	})
	restore()
	g.ret()

	g.adam()
}

func (g isa) adam() {
	g.text("adam", "func(w, m, v, grad []float32, scale, keepM, takeM, keepV, takeV, correct, eps, step, decay float32)", "is adamGeneric.")
	w, m, v, grad := base("w"), base("m"), base("v"), base("grad")
	scale, keepM, takeM := g.scalar("scale"), g.scalar("keepM"), g.scalar("takeM")
	keepV, takeV, correct := g.scalar("keepV"), g.scalar("takeV"), g.scalar("correct")
	eps, step, decay := g.scalar("eps"), g.scalar("step"), g.scalar("decay")
	g.loop(length("w"), 1, func(at []place) {
		for _, p := range at { // AVX2 has registers for one vector
			p := []place{p}
			x := g.mul(g.loads(p, grad), scale)
			mean := g.mul(x, takeM)
			g.fma(mean, g.loads(p, m), keepM)
			g.stores(mean, p, m)
			square := g.mul(g.mul(x, x), takeV)
			g.fma(square, g.loads(p, v), keepV)
			g.stores(square, p, v)
			root := g.mul(square, correct)
			VSQRTPS(root[0], root[0])
			change := g.div(g.mul(mean, step), g.add(root, eps))
			old := g.loads(p, w)
			g.fma(change, old, decay)
			g.stores(g.sub(old, change), p, w)
		}
	})
	g.ret()
}
