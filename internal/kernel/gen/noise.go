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
// which only the low halves count: word 0 of each is given, the others are the
// row's. Of each set it leaves words 0 and 1 of each counter side by side in one
// vector, words 2 and 3 in the next.
func (g isa) philox(c vecs, f row) (words vecs) {
	m0, m1 := g.c(mul0), g.c(mul1)
	times := func(x vecs, m operand.Mem) vecs {
		return g.binary(x, m, func(y, x, r operand.Op) { VPMULUDQ(y, x, r) })
	}
	high := func(x vecs) vecs { return g.shift(VPSRLQ, 32, x) }
	p0 := times(c, m0)
	p1 := times(g.xor(high(p0), g.broadcast(f.third)), m1)
	x := [4]vecs{g.xor(high(p1), g.broadcast(f.first)), p1, g.xor(p0, g.broadcast(f.second)), slices.Repeat(vecs{g.broadcast(f.last)}, len(c))}
	for r := 2; r < 10; r++ {
		k0, k1 := g.broadcast(f.keys.Offset(8*r)), g.broadcast(f.keys.Offset(8*r+4))
		p0, p1 := times(x[0], m0), times(x[2], m1)
		if r == 9 {
			for i := range c {
				words = append(words, g.lastRound(p1[i], x[1][i], k0), g.lastRound(p0[i], x[3][i], k1))
			}
			break
		}
		h0, h1 := high(p0), high(p1)
		g.xorBoth(h1, x[1], k0)
		g.xorBoth(h0, x[3], k1)
		x = [4]vecs{h1, p1, h0, p0}
	}
	return words
}

const mul0, mul1 = 0xD2511F53, 0xCD9E8D57

// xorBoth emits h ^= x ^ key. h comes last: with AVX2, x is there before.
func (g isa) xorBoth(h, x vecs, key vec) {
	for i := range h {
		if g.wide() {
			VPTERNLOGD(operand.Imm(0x96), key, x[i], h[i])
			continue
		}
		if i == 0 || x[i] != x[i-1] { // it may be one for all
			VPXOR(key, x[i], x[i])
		}
		VPXOR(x[i], h[i], h[i])
	}
}

// lastRound is a product with its halves exchanged and the lower one ^= x ^ key.
func (g isa) lastRound(p, x, key vec) vec {
	VPSHUFD(operand.Imm(0xb1), p, p)
	if g.wide() {
		VPTERNLOGD(operand.Imm(0x96), key, x, evenLanes, p)
		return p
	}
	t := g.reg()
	VPXOR(x, key, t)
	VPBLENDD(operand.Imm(0xaa), g.c(0), t, t)
	VPXOR(t, p, p)
	return p
}

// evenLanes is the mask of the even lanes in the function that is being written.
var evenLanes reg.OpmaskVirtual

// row is the frame of a function of noise: the ten pairs of round keys and what
// the first two rounds make of the words that are the same in the whole row.
type row struct{ keys, third, first, second, last operand.Mem }

func (g isa) row() row {
	frame := AllocLocal(4*20 + 4*4)
	r := row{frame, frame.Offset(80), frame.Offset(84), frame.Offset(88), frame.Offset(92)}
	k0, seed := GP32(), word("seed")
	MOVL(seed.As32(), k0)
	SHRQ(operand.Imm(32), seed)
	k1 := seed.As32()
	for i := range 10 {
		MOVL(k0, r.keys.Offset(8*i))
		MOVL(k1, r.keys.Offset(8*i+4))
		ADDL(operand.U32(0x9E3779B9), k0)
		ADDL(operand.U32(0xBB67AE85), k1)
	}
	load := func(from operand.Op) reg.GPVirtual {
		t := GP64()
		MOVL(from, t.As32())
		return t
	}
	keep := func(t reg.GPVirtual, key int, to operand.Mem) {
		XORL(r.keys.Offset(4*key), t.As32())
		MOVL(t.As32(), to)
	}
	times := func(t reg.GPVirtual, by uint32) (high reg.GPVirtual) { // leaves the low half in t
		IMULQ(load(operand.U32(by)), t)
		high = GP64()
		MOVQ(t, high)
		SHRQ(operand.Imm(32), high)
		return high
	}
	keep(load(param("row")), 1, r.third)
	x1 := load(param("step"))
	x0 := times(x1, mul1)
	XORL(param("stream"), x0.As32())
	XORL(r.keys, x0.As32())
	keep(x1, 2, r.first)
	keep(times(x0, mul0), 3, r.second)
	MOVL(x0.As32(), r.last)
	return r
}

// broadcast is the 32-bit word at m in every lane.
func (g isa) broadcast(m operand.Mem) vec {
	t := g.reg()
	VPBROADCASTD(m, t)
	return t
}

// noise runs body over n values and the random words for them, some vectors at
// a time in the order of their places. Words come in blocks of 32 out of 8
// counters: the first 16 are words 0 and 1 of each, the others words 2 and 3.
// The last step is under masks.
func (g isa) noise(n reg.GPVirtual, body func(w vecs, at []place)) {
	r := g.row()
	if g.wide() {
		t := GP32()
		evenLanes = K()
		MOVL(operand.U32(0x5555), t)
		KMOVW(t, evenLanes)
	}

	i, left, counter := GP64(), GP64(), GP32()
	XORQ(i, i)
	XORL(counter, counter)
	MOVQ(n, left)
	sets := g.side() // of w/2 counters, for 2w words
	step := func(last bool) {
		words := g.philox(g.counters(counter, sets), r)
		var at []place
		for set := range sets {
			for half := range 2 {
				lane := set/g.parts()*32 + 16*half + set%g.parts()*g.w
				at = append(at, place{i: i, disp: 4 * lane, v: len(at)})
			}
		}
		slices.SortFunc(at, func(a, b place) int { return a.disp - b.disp })
		together := len(at)
		if last {
			together = g.side() // so many masks there are
		}
		for group := range slices.Chunk(at, together) {
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

// counters are sets of counters, from counter on.
func (g isa) counters(counter reg.GPVirtual, sets int) (x vecs) {
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
		x = append(x, c)
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
