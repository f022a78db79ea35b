package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// blocks calls body for each place of n values with its places in four blocks
// of n values that lie one behind the other.
func (g isa) blocks(n reg.GPVirtual, body func(at, f, o, c []place)) {
	g.loop(n, 1, func(at []place) {
		index := [4]reg.GPVirtual{at[0].i}
		for b := 1; b < 4; b++ {
			index[b] = GP64()
			LEAQ(operand.Mem{Base: index[b-1], Index: n, Scale: 1}, index[b])
		}
		for _, p := range at { // AVX2 has registers for one vector
			in := func(b int) []place { return []place{{index[b], p.disp, p.v, p.m}} }
			body(in(0), in(1), in(2), in(3))
		}
	})
}

func (g isa) cell() {
	g.text("lstm", "func(gates, cPrev, u, h, c []float32)", "is lstmGeneric.")
	gates, cPrev, u, h, c := base("gates"), base("cPrev"), base("u"), base("h"), base("c")
	g.blocks(length("c"), func(atI, atF, atO, atG []place) {
		sum := g.sigmoid(g.loads(atI, gates))
		g.stores(sum, atI, gates)
		x := g.tanh(g.loads(atG, gates))
		g.stores(x, atG, gates)
		sum = g.mul(sum, x)
		x = g.sigmoid(g.loads(atF, gates))
		g.stores(x, atF, gates)
		sum = g.add(g.mul(x, g.loads(atI, cPrev)), sum)
		g.stores(sum, atI, c)
		sum = g.tanh(sum)
		g.stores(sum, atI, u)
		x = g.sigmoid(g.loads(atO, gates))
		g.stores(x, atO, gates)
		g.stores(g.mul(x, sum), atI, h)
	})
	g.ret()

	g.text("lstmBack", "func(act, u, cPrev, dh, dc, dgates []float32)", "is lstmBackGeneric.")
	act, u, cPrev := base("act"), base("u"), base("cPrev")
	dh, dc, dgates := base("dh"), base("dc"), base("dgates")
	g.blocks(length("dc"), func(atI, atF, atO, atG []place) {
		d, t, o := g.loads(atI, dh), g.loads(atI, u), g.loads(atO, act)
		dcv := g.mul(g.mul(d, o), g.minus(g.mul(t, t)))
		dcv = g.add(dcv, g.loads(atI, dc))
		g.stores(g.mul(g.mul(g.mul(d, t), o), g.minus(o)), atO, dgates)
		i, c := g.loads(atI, act), g.loads(atG, act)
		g.stores(g.mul(g.mul(g.mul(dcv, c), i), g.minus(i)), atI, dgates)
		g.stores(g.mul(g.mul(dcv, i), g.minus(g.mul(c, c))), atG, dgates)
		f := g.loads(atF, act)
		g.stores(g.mul(g.mul(g.mul(dcv, g.loads(atI, cPrev)), f), g.minus(f)), atF, dgates)
		g.stores(g.mul(dcv, f), atI, dc)
	})
	g.ret()
}
