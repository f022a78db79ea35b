package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set: w floats a vector: 16 with AVX-512, 8 with AVX2
// (and 4 where a result of that length is stored).
//
// Both do the same operations in the same order on every value. Reductions
// think in groups of 16 lanes, which AVX2 holds in two registers, and fold
// them in halves, so that the two agree bit for bit there too.
type isa struct{ w int }

type vec = reg.VecVirtual

func (g isa) wide() bool { return g.w == 16 }

// parts is the number of vectors in 16 lanes.
func (g isa) parts() int { return 16 / g.w }

func (g isa) bytes() int { return 4 * g.w }

// text begins the function name256 or name512. doc goes into the stub.
func (g isa) text(name, signature string, doc ...string) {
	name = fmt.Sprintf("%s%d", name, g.w*32)
	TEXT(name, NOSPLIT, signature)
	if len(doc) > 0 {
		doc[0] = name + " " + doc[0]
		Doc(doc...)
	}
	Pragma("noescape")
}

func (g isa) ret() {
	VZEROUPPER()
	RET()
}

func (g isa) reg() vec {
	switch g.w {
	case 16:
		return ZMM()
	case 8:
		return YMM()
	}
	return XMM()
}

func (g isa) zero() vec {
	r := g.reg()
	if g.wide() {
		VPXORD(r, r, r)
	} else {
		VXORPS(r, r, r)
	}
	return r
}

var tables = map[string]operand.Mem{}

// c is a table of one constant, readable at either width.
func (g isa) c(bits uint32) operand.Mem {
	name := fmt.Sprintf("c%08x", bits)
	m, ok := tables[name]
	if !ok {
		m = GLOBL(name, RODATA|NOPTR)
		for i := range 16 {
			DATA(4*i, operand.U32(bits))
		}
		tables[name] = m
	}
	return m
}

func (g isa) f(x float64) operand.Mem { return g.c(math.Float32bits(float32(x))) }

// iota is the table 0, 1, ... 31 from its element i on.
func (g isa) iota(i int) operand.Mem {
	m, ok := tables["iota"]
	if !ok {
		m = GLOBL("iota", RODATA|NOPTR)
		for i := range 32 {
			DATA(4*i, operand.U32(uint32(i)))
		}
		tables["iota"] = m
	}
	return m.Offset(4 * i)
}

// param is where a scalar parameter lies.
func param(name string) operand.Mem {
	b, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

// result is where the function's one result goes.
func result() operand.Mem {
	b, err := ReturnIndex(0).Resolve()
	if err != nil {
		panic(err)
	}
	return b.Addr
}

func base(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name).Base(), r)
	return r
}

func length(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name).Len(), r)
	return r
}

func word(name string) reg.GPVirtual {
	r := GP64()
	Load(Param(name), r)
	return r
}

// scalar is a float32 parameter in every lane.
func (g isa) scalar(name string) vec {
	r := g.reg()
	VBROADCASTSS(param(name), r)
	return r
}

// spread is the first lane of x in every lane.
func (g isa) spread(x vec) vec {
	r := g.reg()
	VBROADCASTSS(x.AsX(), r)
	return r
}

// spreadInt is the 32-bit x in every lane.
func (g isa) spreadInt(x reg.GPVirtual) vec {
	r := g.reg()
	if g.wide() {
		VPBROADCASTD(x.As32(), r)
	} else {
		t := XMM()
		VMOVD(x.As32(), t)
		VPBROADCASTD(t, r)
	}
	return r
}

// mask names the lanes of one vector that count; nil is all of them.
type mask struct {
	k reg.OpmaskVirtual // AVX-512
	v vec               // AVX2
}

// greater is the mask of lanes where the integer in x exceeds that of y.
func (g isa) greater(x vec, y operand.Op) *mask {
	if g.wide() {
		t, k := g.reg(), K()
		VMOVDQU32(y, t)
		VPCMPGTD(t, x, k)
		return &mask{k: k}
	}
	v := g.reg()
	VPCMPGTD(y, x, v)
	return &mask{v: v}
}

// signs is the mask of lanes whose top bit is set.
func (g isa) signs(x vec) *mask {
	if g.wide() {
		k := K()
		VPMOVD2M(x, k)
		return &mask{k: k}
	}
	return &mask{v: x}
}

// Predicates of VCMPPS.
const (
	equal      = 0
	less       = 1
	notLess    = 5
	notLessEq  = 6
	greaterThn = 14
)

// cmp is the mask of lanes where "x predicate y" holds.
func (g isa) cmp(predicate int, x vec, y operand.Op) *mask {
	if g.wide() {
		k := K()
		VCMPPS(operand.Imm(uint64(predicate)), y, x, k)
		return &mask{k: k}
	}
	v := g.reg()
	VCMPPS(operand.Imm(uint64(predicate)), y, x, v)
	return &mask{v: v}
}

// put overwrites the lanes of x under m with those of y.
func (g isa) put(x vec, m *mask, y vec) {
	if g.wide() {
		VMOVAPS(y, m.k, x)
	} else {
		VBLENDVPS(m.v, y, x, x)
	}
}

// keep clears the lanes of x that are not under m.
func (g isa) keep(x vec, m *mask) {
	switch {
	case m == nil:
	case g.wide():
		VMOVAPS_Z(x, m.k, x)
	default:
		VANDPS(m.v, x, x)
	}
}

// load reads the lanes under m; the others are zero and are not touched in memory.
func (g isa) load(at operand.Op, m *mask) vec {
	r := g.reg()
	switch {
	case m == nil:
		VMOVUPS(at, r)
	case g.wide():
		VMOVUPS_Z(at, m.k, r)
	default:
		VMASKMOVPS(at, m.v, r)
	}
	return r
}

// loadOr reads the lanes under m and sets the others to fill.
func (g isa) loadOr(at operand.Op, m *mask, fill operand.Mem) vec {
	if m == nil {
		return g.load(at, nil)
	}
	if g.wide() {
		r := g.load(fill, nil)
		VMOVUPS(at, m.k, r)
		return r
	}
	r, x := g.load(fill, nil), g.load(at, m)
	VBLENDVPS(m.v, x, r, r)
	return r
}

func (g isa) store(x vec, at operand.Op, m *mask) {
	switch {
	case m == nil:
		VMOVUPS(x, at)
	case g.wide():
		VMOVUPS(x, m.k, at)
	default:
		VMASKMOVPS(x, m.v, at)
	}
}

func (g isa) copy(x vec) vec { r := g.reg(); VMOVAPS(x, r); return r }

func (g isa) add(y operand.Op, x vec) vec { r := g.reg(); VADDPS(y, x, r); return r }

func (g isa) mul(y operand.Op, x vec) vec { r := g.reg(); VMULPS(y, x, r); return r }

// sub is x - y.
func (g isa) sub(x vec, y operand.Op) vec { r := g.reg(); VSUBPS(y, x, r); return r }

// div is x / y.
func (g isa) div(x vec, y operand.Op) vec { r := g.reg(); VDIVPS(y, x, r); return r }

func (g isa) and(y operand.Op, x vec) vec { r := g.reg(); VANDPS(y, x, r); return r }

func (g isa) neg(x vec) vec { r := g.reg(); VXORPS(g.c(1<<31), x, r); return r }

// copySign is |x| with the sign of y.
func (g isa) copySign(x, y vec) vec {
	abs, sign := g.and(g.c(1<<31-1), x), g.and(g.c(1<<31), y)
	r := g.reg()
	VORPS(abs, sign, r)
	return r
}

// at is the current place in an array of a loop: its base and the offset.
type at struct {
	i    reg.GPVirtual
	disp int
}

func (a at) in(p reg.Register) operand.Mem {
	return operand.Mem{Base: p, Index: a.i, Scale: 4, Disp: a.disp}
}

// each runs body over n values: groups blocks of 16 lanes at a time while they
// last, then block by block, the last one under a mask. v counts the vectors
// of the groups, so that a reduction can keep one accumulator for each.
func (g isa) each(n reg.GPVirtual, groups int, body func(a at, v int, m *mask)) {
	i, left := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, left)
	g.eachFrom(i, left, groups, body)
}

var labels int

// label is a fresh name: each may stand in one function more than once.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

func (g isa) eachFrom(i, left reg.GPVirtual, groups int, body func(a at, v int, m *mask)) {
	block := func(group int, masks []*mask) {
		for p := range g.parts() {
			var m *mask
			if masks != nil {
				m = masks[p]
			}
			v := group*g.parts() + p
			disp := v * g.bytes()
			if masks != nil || group < 0 {
				disp = p * g.bytes()
			}
			body(at{i, disp}, v, m)
		}
	}
	loop, rest, done := label("loop"), label("rest"), label("done")
	Label(loop)
	CMPQ(left, operand.Imm(uint64(16*groups)))
	JLT(operand.LabelRef(rest))
	for group := range groups {
		block(group, nil)
	}
	ADDQ(operand.Imm(uint64(16*groups)), i)
	SUBQ(operand.Imm(uint64(16*groups)), left)
	JMP(operand.LabelRef(loop))
	Label(rest)
	for group := range groups {
		next := label("block")
		if group < groups-1 {
			CMPQ(left, operand.Imm(16))
			JGE(operand.LabelRef(next))
		}
		TESTQ(left, left)
		JZ(operand.LabelRef(done))
		block(group, g.lanes(left, 0))
		JMP(operand.LabelRef(done))
		if group < groups-1 {
			Label(next)
			for p := range g.parts() {
				body(at{i, p * g.bytes()}, group*g.parts()+p, nil)
			}
			ADDQ(operand.Imm(16), i)
			SUBQ(operand.Imm(16), left)
		}
	}
	Label(done)
}

// lanes are the masks of 16 lanes of which those before left - first count.
func (g isa) lanes(left reg.GPVirtual, first int) (masks []*mask) {
	b := g.spreadInt(left)
	for p := range g.parts() {
		masks = append(masks, g.greater(b, g.iota(first+p*g.w)))
	}
	return masks
}

// accumulators are the vectors of groups blocks of 16 lanes.
func (g isa) accumulators(groups int, start func() vec) (acc []vec) {
	for range groups * g.parts() {
		acc = append(acc, start())
	}
	return acc
}

// fold reduces accumulators to the first lane of the first, in halves: lane i
// takes in lane i + n/2 until one is left.
func (g isa) fold(acc []vec, op func(a, b, r operand.Op)) vec {
	for len(acc) > 1 {
		half := len(acc) / 2
		for i := range half {
			op(acc[i+half], acc[i], acc[i])
		}
		acc = acc[:half]
	}
	x, t := acc[0], g.reg()
	if g.wide() {
		VEXTRACTF64X4(operand.Imm(1), x, t.AsY())
		op(t.AsY(), x.AsY(), x.AsY())
		VEXTRACTF32X4(operand.Imm(1), x.AsY(), t.AsX())
	} else {
		VEXTRACTF128(operand.Imm(1), x, t.AsX())
	}
	op(t.AsX(), x.AsX(), x.AsX())
	VMOVHLPS(x.AsX(), x.AsX(), t.AsX())
	op(t.AsX(), x.AsX(), x.AsX())
	VMOVSHDUP(x.AsX(), t.AsX())
	op(t.AsX(), x.AsX(), x.AsX())
	return x
}

func addPS(a, b, r operand.Op) { VADDPS(a, b, r) }
func maxPS(a, b, r operand.Op) { VMAXPS(a, b, r) }
