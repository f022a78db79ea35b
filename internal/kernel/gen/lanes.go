package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// isa is an instruction set by the number of floats in its vectors: 16 with
// AVX-512, 8 with AVX2.
//
// Both do the same operations in the same order on every value. Reductions
// think in groups of 16 lanes, which AVX2 holds in two registers, and fold
// them in halves, so that the two agree bit for bit there too.
type isa struct{ w int }

type vec = reg.VecVirtual

// vecs are vectors that go through the same operations side by side: each step
// is emitted for all of them before the next, which gives the CPU independent
// instructions to choose from.
type vecs []vec

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
	if g.wide() {
		return ZMM()
	}
	return YMM()
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

// iota is the table 0, 1, ... 127 from its element i on.
func (g isa) iota(i int) operand.Mem {
	m, ok := tables["iota"]
	if !ok {
		m = GLOBL("iota", RODATA|NOPTR)
		for i := range 128 {
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

func operandAt(p reg.Register, disp int) operand.Mem { return operand.Mem{Base: p, Disp: disp} }

// result is where the function's one result goes.
func result() operand.Mem { return resultAt(0) }

// resultAt is where the i-th result goes.
func resultAt(i int) operand.Mem {
	b, err := ReturnIndex(i).Resolve()
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

// above is the mask of lanes where the integer in x exceeds that of y.
func (g isa) above(x vec, y operand.Op) *mask {
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
	equal   = 0
	less    = 1
	isNaN   = 3 // either
	notLess = 5
	atLeast = 13
	greater = 14
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

func (g isa) store(x, at operand.Op, m *mask) {
	switch {
	case m == nil:
		VMOVUPS(x, at)
	case g.wide():
		VMOVUPS(x, m.k, at)
	default:
		VMASKMOVPS(x, m.v, at)
	}
}

// each is f of every vector.
func each(x vecs, f func(x vec) vec) (r vecs) {
	for _, v := range x {
		r = append(r, f(v))
	}
	return r
}

// of is operand y for vector i: y is one operand for all, or vecs.
func of(y any, i int) operand.Op {
	if v, ok := y.(vecs); ok {
		return v[i]
	}
	return y.(operand.Op)
}

// shared makes a constant in memory a register if several vectors use it.
func (g isa) shared(y any, n int) any {
	if m, ok := y.(operand.Mem); ok && n > 1 && g.wide() {
		return g.load(m, nil)
	}
	return y
}

// binary emits r = op(x, y); y is one operand for all, or vecs.
func (g isa) binary(x vecs, y any, op func(y, x, r operand.Op)) (r vecs) {
	y = g.shared(y, len(x))
	for i, v := range x {
		t := g.reg()
		op(of(y, i), v, t)
		r = append(r, t)
	}
	return r
}

func (g isa) add(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VADDPS(y, x, r) })
}

func (g isa) sub(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VSUBPS(y, x, r) })
}

func (g isa) mul(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VMULPS(y, x, r) })
}

func (g isa) div(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VDIVPS(y, x, r) })
}

func (g isa) and(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VANDPS(y, x, r) })
}

func (g isa) or(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VORPS(y, x, r) })
}

func (g isa) xor(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VXORPS(y, x, r) })
}

// addInt and subInt are of 32-bit integers.
func (g isa) addInt(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VPADDD(y, x, r) })
}

func (g isa) subInt(x vecs, y any) vecs {
	return g.binary(x, y, func(y, x, r operand.Op) { VPSUBD(y, x, r) })
}

// shift emits VPSLLD, VPSRLD or VPSRAD.
func (g isa) shift(op func(...operand.Op), bits uint64, x vecs) vecs {
	return each(x, func(x vec) vec { r := g.reg(); op(operand.Imm(bits), x, r); return r })
}

// toInt rounds to the nearest integer, toFloat converts back.
func (g isa) toInt(x vecs) vecs {
	return each(x, func(x vec) vec { r := g.reg(); VCVTPS2DQ(x, r); return r })
}

func (g isa) toFloat(x vecs) vecs {
	return each(x, func(x vec) vec { r := g.reg(); VCVTDQ2PS(x, r); return r })
}

func (g isa) copy(x vecs) vecs {
	return each(x, func(x vec) vec { r := g.reg(); VMOVAPS(x, r); return r })
}

// fill is n vectors of one constant.
func (g isa) fill(m operand.Mem, n int) (r vecs) {
	for range n {
		r = append(r, g.load(m, nil))
	}
	return r
}

func (g isa) neg(x vecs) vecs { return g.xor(x, g.c(1<<31)) }

// copySign is |x| with the sign of y.
func (g isa) copySign(x, y vecs) vecs {
	return g.or(g.and(x, g.c(1<<31-1)), g.and(y, g.c(1<<31)))
}

// fma emits r += x*y, fmaTo r = r*x + y, fnms r = -x*y - r.
func (g isa) fma(r, x vecs, y any) {
	y = g.shared(y, len(r))
	for i := range r {
		VFMADD231PS(of(y, i), x[i], r[i])
	}
}

func (g isa) fmaTo(r, x vecs, y any) {
	y = g.shared(y, len(r))
	for i := range r {
		VFMADD213PS(of(y, i), x[i], r[i])
	}
}

func (g isa) fnms(r, x vecs, y any) {
	y = g.shared(y, len(r))
	for i := range r {
		VFNMSUB231PS(of(y, i), x[i], r[i])
	}
}

// choose overwrites r with y where "x predicate limit" holds.
func (g isa) choose(r vecs, predicate int, x vecs, limit operand.Mem, y any) {
	y, bound := g.shared(y, len(r)), g.shared(limit, len(r))
	for i := range r {
		m := g.cmp(predicate, x[i], of(bound, i))
		v, ok := of(y, i).(vec)
		if !ok {
			v = g.load(of(y, i), nil)
		}
		g.put(r[i], m, v)
	}
}

// place is where a vector of an array lies in a loop: an offset from its base,
// the number of its vector among those of a step, and the lanes that count.
type place struct {
	i    reg.GPVirtual
	disp int
	v    int
	m    *mask
}

func (p place) in(base reg.Register) operand.Mem {
	return operand.Mem{Base: base, Index: p.i, Scale: 4, Disp: p.disp}
}

// loads reads the vectors of an array, stores writes them.
func (g isa) loads(at []place, base reg.Register) (x vecs) {
	for _, p := range at {
		x = append(x, g.load(p.in(base), p.m))
	}
	return x
}

func (g isa) loadsOr(at []place, base reg.Register, fill operand.Mem) (x vecs) {
	for _, p := range at {
		x = append(x, g.loadOr(p.in(base), p.m, fill))
	}
	return x
}

func (g isa) stores(x vecs, at []place, base reg.Register) {
	for i, p := range at {
		g.store(x[i], p.in(base), p.m)
	}
}

var labels int

// label is a fresh name: a loop may stand in one function more than once.
func label(name string) string {
	labels++
	return fmt.Sprintf("%s%d", name, labels)
}

// loop runs body over n values: groups blocks of 16 lanes at a time while they
// last, then block by block, the last one under masks. Vector v of a place is
// counted through the groups, so that a reduction can have one accumulator for
// each of them.
func (g isa) loop(n reg.GPVirtual, groups int, body func(at []place)) {
	i, left := GP64(), GP64()
	XORQ(i, i)
	MOVQ(n, left)
	// block is the places of one group, at the index or behind other groups.
	block := func(group int, behind bool, masks []*mask) (at []place) {
		for p := range g.parts() {
			v := group*g.parts() + p
			disp := p * g.bytes()
			if behind {
				disp = v * g.bytes()
			}
			at = append(at, place{i, disp, v, masks[p]})
		}
		return at
	}
	forward := func(values int) {
		ADDQ(operand.Imm(uint64(values)), i)
		SUBQ(operand.Imm(uint64(values)), left)
	}
	all := make([]*mask, g.parts())
	main, rest, done := label("main"), label("rest"), label("done")
	Label(main)
	CMPQ(left, operand.Imm(uint64(16*groups)))
	JLT(operand.LabelRef(rest))
	var at []place
	for group := range groups {
		at = append(at, block(group, true, all)...)
	}
	body(at)
	forward(16 * groups)
	JMP(operand.LabelRef(main))
	Label(rest)
	for group := range groups {
		next := label("next")
		if group < groups-1 {
			CMPQ(left, operand.Imm(16))
			JGE(operand.LabelRef(next))
		}
		TESTQ(left, left)
		JZ(operand.LabelRef(done))
		body(block(group, false, g.lanes(left, 0)))
		JMP(operand.LabelRef(done))
		if group < groups-1 {
			Label(next)
			body(block(group, false, all))
			forward(16)
		}
	}
	Label(done)
}

// lanes are the masks of 16 lanes of which those before left - first count.
func (g isa) lanes(left reg.GPVirtual, first int) (masks []*mask) {
	b := g.spreadInt(left)
	for p := range g.parts() {
		masks = append(masks, g.above(b, g.iota(first+p*g.w)))
	}
	return masks
}

// accumulators are the vectors of groups blocks of 16 lanes.
func (g isa) accumulators(groups int, start func() vec) (acc vecs) {
	for range groups * g.parts() {
		acc = append(acc, start())
	}
	return acc
}

// fold reduces accumulators to the first lane of the first, in halves: lane i
// takes in lane i + n/2 until one is left.
func (g isa) fold(acc vecs, op func(a, b, r operand.Op)) vec {
	return g.foldLanes(foldVectors(acc, op), op)
}

// foldVectors is the first part of fold, down to one vector.
func foldVectors(acc vecs, op func(a, b, r operand.Op)) vec {
	for len(acc) > 1 {
		half := len(acc) / 2
		for i := range half {
			op(acc[i+half], acc[i], acc[i])
		}
		acc = acc[:half]
	}
	return acc[0]
}

// foldLanes is the second, down to the first lane of x.
func (g isa) foldLanes(x vec, op func(a, b, r operand.Op)) vec {
	t := g.reg()
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

// foldFour adds up the lanes of four vectors of AVX-512 as foldLanes would each, and
// leaves the sums in lanes 0, 4, 8 and 12.
func (g isa) foldFour(a, b, c, d vec) vec {
	t := g.reg()
	halves := func(low, high uint64, x, y vec) { // of each 256 or 128 bits that are left, the upper ones to the lower
		VSHUFF64X2(operand.Imm(high), y, x, t)
		VSHUFF64X2(operand.Imm(low), y, x, x)
		VADDPS(t, x, x)
	}
	halves(0x44, 0xee, a, b)
	halves(0x44, 0xee, c, d)
	halves(0x88, 0xdd, a, c)
	VSHUFPS(operand.Imm(0xee), a, a, t)
	VADDPS(t, a, a)
	VMOVSHDUP(a, t)
	VADDPS(t, a, a)
	return a
}

func addPS(a, b, r operand.Op) { VADDPS(a, b, r) }
func maxPS(a, b, r operand.Op) { VMAXPS(a, b, r) }
