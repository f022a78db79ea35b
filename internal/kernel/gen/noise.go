package main

import (
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

const keyed = "seed uint64, stream, step, row uint32"

// philox emits Philox4x32-10 for sets of w/2 counters held as 64-bit lanes, of
// which only the low halves count. Of each set it leaves words 0 and 1 of each
// counter side by side in one vector, words 2 and 3 in the next.
func (g isa) philox(x [4]vecs, keys operand.Mem) (words vecs) {
	for r := range 10 {
		m0, m1 := g.shared(g.c(0xD2511F53), len(x[0])), g.shared(g.c(0xCD9E8D57), len(x[0]))
		p0 := g.binary(x[0], m0, func(y, x, r operand.Op) { VPMULUDQ(y, x, r) })
		p1 := g.binary(x[2], m1, func(y, x, r operand.Op) { VPMULUDQ(y, x, r) })
		h0, h1 := g.shift(VPSRLQ, 32, p0), g.shift(VPSRLQ, 32, p1)
		xor := func(h, y vecs, key operand.Mem) { // h ^= y ^ key
			b := g.reg()
			VPBROADCASTD(key, b)
			for i := range h {
				if g.wide() {
					VPTERNLOGD(operand.Imm(0x96), b, y[i], h[i])
				} else {
					VPXOR(y[i], h[i], h[i])
					VPXOR(b, h[i], h[i])
				}
			}
		}
		xor(h1, x[1], keys.Offset(8*r))
		xor(h0, x[3], keys.Offset(8*r+4))
		x = [4]vecs{h1, p1, h0, p0}
	}
	for i := range x[0] {
		for _, pair := range [][2]vec{{x[0][i], x[1][i]}, {x[2][i], x[3][i]}} {
			even, odd := pair[0], pair[1]
			VPSLLQ(operand.Imm(32), odd, odd)
			if g.wide() {
				VMOVDQA32(odd, oddLanes, even)
			} else {
				VPBLENDD(operand.Imm(0xaa), odd, even, even)
			}
			words = append(words, even)
		}
	}
	return words
}

// oddLanes is the mask of the odd lanes in the function that is being written.
var oddLanes reg.OpmaskVirtual

// noise runs body over n values and the random words for them, a few vectors
// at a time in the order of their places. Words come in blocks of 32 out of 8
// counters: the first 16 are words 0 and 1 of each, the others words 2 and 3.
// The last step is under masks.
func (g isa) noise(n reg.GPVirtual, body func(w vecs, at []place)) {
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

	i, left, counter := GP64(), GP64(), GP32()
	XORQ(i, i)
	XORL(counter, counter)
	MOVQ(n, left)
	sets := g.side() // of w/2 counters, for 2w words
	step := func(last bool) {
		words := g.philox(g.counters(counter, rest, sets), frame)
		var at []place
		for set := range sets {
			for half := range 2 {
				lane := set/g.parts()*32 + 16*half + set%g.parts()*g.w
				at = append(at, place{i: i, disp: 4 * lane, v: len(at)})
			}
		}
		slices.SortFunc(at, func(a, b place) int { return a.disp - b.disp })
		for group := range slices.Chunk(at, g.side()) {
			var w vecs
			for j := range group {
				w = append(w, words[group[j].v])
				if last {
					group[j].m = g.above(g.spreadInt(left), g.iota(group[j].disp/4))
				}
			}
			body(w, group)
		}
	}
	values := sets * 2 * g.w
	Label("main")
	CMPQ(left, operand.Imm(uint64(values)))
	JLT(operand.LabelRef("rest"))
	step(false)
	ADDQ(operand.Imm(uint64(values)), i)
	ADDL(operand.Imm(uint64(values/4)), counter)
	SUBQ(operand.Imm(uint64(values)), left)
	JMP(operand.LabelRef("main"))
	Label("rest")
	TESTQ(left, left)
	JZ(operand.LabelRef("done"))
	step(true)
	Label("done")
}

// counters are the four words of sets of counters, from counter on.
func (g isa) counters(counter reg.GPVirtual, rest operand.Mem, sets int) (x [4]vecs) {
	table, ok := tables["counters"]
	if !ok {
		table = GLOBL("counters", RODATA|NOPTR)
		for i := range 32 {
			DATA(8*i, operand.U64(uint64(i)))
		}
		tables["counters"] = table
	}
	b := g.spreadInt(counter)
	for s := range sets {
		c := g.reg()
		VPADDD(table.Offset(s*g.bytes()), b, c)
		x[0] = append(x[0], c)
	}
	for j := range 3 {
		t := g.reg()
		VPBROADCASTD(rest.Offset(4*j), t)
		for range sets {
			x[j+1] = append(x[j+1], t)
		}
	}
	return x
}

func (g isa) noises() {
	fills := func(name string, f func(vecs) vecs) {
		g.text(name, "func(dst []float32, "+keyed+")", "is "+name+"Generic.")
		dst := base("dst")
		g.noise(length("dst"), func(w vecs, at []place) { g.stores(f(w), at, dst) })
		g.ret()
	}
	fills("uniform", g.uniform)
	fills("gumbel", g.gumbel)

	g.text("gumbelAdd", "func(dst, logits []float32, "+keyed+") float32", "is gumbelAddGeneric.")
	dst, logits := base("dst"), base("logits")
	low := g.f(math.Inf(-1))
	top := g.load(low, nil)
	g.noise(length("logits"), func(w vecs, at []place) {
		z := g.add(g.gumbel(w), g.loadsOr(at, logits, low))
		for _, v := range z {
			VMAXPS(top, v, top) // top if v is NaN
		}
		g.stores(z, at, dst)
	})
	VMOVSS(g.fold(vecs{top}, maxPS).AsX(), result())
	g.ret()

	g.gumbelArgmax()
}

func (g isa) gumbelArgmax() {
	g.text("gumbelArgmax", "func(logits []float32, "+keyed+") int", "is gumbelArgmaxGeneric.")
	logits := base("logits")
	low := g.f(math.Inf(-1))
	// Each lane keeps its greatest value and where that stood first; it sees
	// its places in rising order.
	top, arg := g.load(low, nil), g.zero()
	g.noise(length("logits"), func(w vecs, at []place) {
		z := g.add(g.gumbel(w), g.loadsOr(at, logits, low))
		for i, p := range at {
			over := g.cmp(greater, z[i], top)
			here := g.spreadInt(p.i)
			VPADDD(g.iota(p.disp/4), here, here)
			g.put(arg, over, here)
			VMAXPS(top, z[i], top) // top if z is NaN
		}
	})
	best := g.spread(g.fold(g.copy(vecs{top}), maxPS))
	// The least place of the lanes that hold the best.
	here := g.load(g.c(1<<31-1), nil)
	g.put(here, g.cmp(equal, top, best), arg)
	first := g.fold(vecs{here}, func(a, b, r operand.Op) { VPMINSD(a, b, r) })
	i := GP32()
	VMOVD(first.AsX(), i)
	MOVLQSX(i, i.As64())
	MOVQ(i.As64(), result())
	g.ret()
}
