package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const keyed = "seed uint64, stream, step, row uint32"

// philox emits Philox4x32-10 for w/2 counters held as 64-bit lanes, of which
// only the low halves count. It leaves words 0 and 1 of each counter side by
// side in the first vector, words 2 and 3 in the second.
func (g isa) philox(x [4]vec, keys operand.Mem) (low, high vec) {
	for r := range 10 {
		p0, p1, h0, h1 := g.reg(), g.reg(), g.reg(), g.reg()
		VPMULUDQ(g.c(0xD2511F53), x[0], p0)
		VPMULUDQ(g.c(0xCD9E8D57), x[2], p1)
		VPSRLQ(operand.Imm(32), p0, h0)
		VPSRLQ(operand.Imm(32), p1, h1)
		xor := func(y vec, key operand.Mem, h vec) { // h ^= y ^ key
			if g.wide() {
				VPTERNLOGD_BCST(operand.Imm(0x96), key, y, h)
				return
			}
			b := g.reg()
			VPBROADCASTD(key, b)
			VPXOR(y, h, h)
			VPXOR(b, h, h)
		}
		xor(x[1], keys.Offset(8*r), h1)
		xor(x[3], keys.Offset(8*r+4), h0)
		x = [4]vec{h1, p1, h0, p0}
	}
	pair := func(even, odd vec) {
		VPSLLQ(operand.Imm(32), odd, odd)
		if g.wide() {
			VMOVDQA32(odd, g.odd(), even)
		} else {
			VPBLENDD(operand.Imm(0xaa), odd, even, even)
		}
	}
	pair(x[0], x[1])
	pair(x[2], x[3])
	return x[0], x[2]
}

// odd is the mask of the odd lanes, made once for each function.
func (g isa) odd() reg.OpmaskVirtual { return oddLanes }

var oddLanes reg.OpmaskVirtual

// noise runs body over n values in blocks of 32 random words, which come of 8
// counters: the first 16 are words 0 and 1 of each, the others words 2 and 3.
// The last block is under masks. disp and lane say where in the block the
// words of a vector go; part tells the vectors of 16 lanes apart.
func (g isa) noise(n reg.GPVirtual, body func(w vec, a at, part, lane int, m *mask)) {
	// The frame: ten pairs of round keys, then words 1 to 3 of the counter.
	frame := AllocLocal(4*20 + 4*4)
	k0, seed := GP32(), word("seed")
	MOVL(seed.As32(), k0)
	SHRQ(operand.Imm(32), seed)
	k1 := seed.As32()
	for r := range 10 {
		MOVL(k0, frame.Offset(8*r))
		MOVL(k1, frame.Offset(8*r+4))
		ADDL(operand.U32(0x9E3779B9), k0)
		ADDL(operand.U32(0xBB67AE85), k1)
	}
	rest := frame.Offset(80)
	for i, name := range []string{"stream", "step", "row"} {
		t := GP32()
		MOVL(param(name), t)
		MOVL(t, rest.Offset(4*i))
	}
	if g.wide() {
		t := GP32()
		oddLanes = K()
		MOVL(operand.U32(0xaaaa), t)
		KMOVW(t, oddLanes)
	}
	counters, ok := tables["counters"]
	if !ok {
		counters = GLOBL("counters", RODATA|NOPTR)
		for i := range 8 {
			DATA(8*i, operand.U64(uint64(i)))
		}
		tables["counters"] = counters
	}
	i, left, counter := GP64(), GP64(), GP32()
	XORQ(i, i)
	XORL(counter, counter)
	MOVQ(n, left)
	block := func(last bool) {
		for p := range g.parts() {
			c := g.spreadInt(counter)
			VPADDD(counters.Offset(p*32), c, c)
			x := [4]vec{c, g.reg(), g.reg(), g.reg()}
			for w := range 3 {
				VPBROADCASTD(rest.Offset(4*w), x[w+1])
			}
			low, high := g.philox(x, frame)
			for half, w := range []vec{low, high} {
				lane := 16*half + p*g.w
				var m *mask
				if last {
					m = g.greater(g.spreadInt(left), g.iota(lane))
				}
				body(w, at{i, 4 * lane}, p, lane, m)
			}
		}
	}
	Label("loop")
	CMPQ(left, operand.Imm(32))
	JLT(operand.LabelRef("rest"))
	block(false)
	ADDQ(operand.Imm(32), i)
	ADDL(operand.Imm(8), counter)
	SUBQ(operand.Imm(32), left)
	JMP(operand.LabelRef("loop"))
	Label("rest")
	TESTQ(left, left)
	JZ(operand.LabelRef("done"))
	block(true)
	Label("done")
}

func (g isa) noises() {
	g.text("uniform", "func(dst []float32, "+keyed+")", "is uniformGeneric.")
	dst := base("dst")
	g.noise(length("dst"), func(w vec, a at, _, _ int, m *mask) { g.store(g.uniform(w), a.in(dst), m) })
	g.ret()

	g.text("gumbel", "func(dst []float32, "+keyed+")", "is gumbelGeneric.")
	dst = base("dst")
	g.noise(length("dst"), func(w vec, a at, _, _ int, m *mask) { g.store(g.gumbel(w), a.in(dst), m) })
	g.ret()

	g.text("gumbelAdd", "func(dst, logits []float32, "+keyed+") float32", "is gumbelAddGeneric.")
	dst, logits := base("dst"), base("logits")
	low := g.f(math.Inf(-1))
	top := g.load(low, nil)
	g.noise(length("logits"), func(w vec, a at, _, _ int, m *mask) {
		z := g.add(g.loadOr(a.in(logits), m, low), g.gumbel(w))
		VMAXPS(top, z, top) // top if z is NaN
		g.store(z, a.in(dst), m)
	})
	VMOVSS(g.fold([]vec{top}, maxPS).AsX(), result())
	g.ret()

	g.gumbelArgmax()
}

func (g isa) gumbelArgmax() {
	g.text("gumbelArgmax", "func(logits []float32, "+keyed+") int", "is gumbelArgmaxGeneric.")
	logits := base("logits")
	low := g.f(math.Inf(-1))
	// Each lane keeps its greatest value and where that stood first. A part
	// sees its places in rising order.
	top := g.accumulators(1, func() vec { return g.load(low, nil) })
	arg := g.accumulators(1, g.zero)
	g.noise(length("logits"), func(w vec, a at, p, lane int, m *mask) {
		z := g.add(g.loadOr(a.in(logits), m, low), g.gumbel(w))
		above := g.cmp(greaterThn, z, top[p])
		place := g.spreadInt(a.i)
		VPADDD(g.iota(lane), place, place)
		g.put(top[p], above, z)
		g.put(arg[p], above, place)
	})
	best := g.copy(top[0])
	for _, t := range top[1:] {
		VMAXPS(t, best, best)
	}
	best = g.spread(g.fold([]vec{best}, maxPS))
	for p := range top { // the least place of the lanes that hold the best
		place := g.load(g.c(1<<31-1), nil)
		g.put(place, g.cmp(equal, top[p], best), arg[p])
		arg[p] = place
	}
	first := g.fold(arg, func(a, b, r operand.Op) { VPMINSD(a, b, r) })
	i := GP32()
	VMOVD(first.AsX(), i)
	MOVLQSX(i, i.As64())
	MOVQ(i.As64(), result())
	g.ret()
}
