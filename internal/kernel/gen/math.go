package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// The coefficients are the output of fit.py.

// poly is Horner's rule, highest power first.
func (g isa) poly(x vec, cs ...float64) vec {
	p := g.load(g.f(cs[0]), nil)
	for _, c := range cs[1:] {
		VFMADD213PS(g.f(c), x, p)
	}
	return p
}

// ln2 in two parts: the product of the first with a small integer is exact.
const (
	ln2Hi = 0.693359375
	ln2Lo = -2.12194440e-4
)

// Bounds of exp: the least argument with a normal result, and the greatest
// with a finite one.
const (
	expMin = 0xc2aeac4f // -87.33654
	expMax = 0x42b17217 // 88.72283
)

// reduce splits x = n ln2 + r with n an integer, |r| <= ln2/2. n is 0 shifted
// out of existence where x is NaN.
func (g isa) reduce(x vec) (n, r vec) {
	n, r = g.mul(g.f(1/math.Ln2), x), g.copy(x)
	VCVTPS2DQ(n, n)
	t := g.reg()
	VCVTDQ2PS(n, t)
	VFMADD231PS(g.f(-ln2Hi), t, r)
	VFMADD231PS(g.f(-ln2Lo), t, r)
	VPSLLD(operand.Imm(23), n, n)
	return n, r
}

// exp is e^x, with 0 below expMin (results that would be denormal are flushed)
// and +Inf above the float32 with bits max; max = 0 says that x <= 0.
func (g isa) exp(x vec, max uint32) vec {
	n, r := g.reduce(x)
	p := g.poly(r, 0.00138435594, 0.00837423652, 0.041668009, 0.166664302, 0.49999994, 1, 1)
	low := g.cmp(notLess, x, g.c(expMin))
	var y vec
	if g.wide() {
		y = g.reg()
		VPADDD_Z(n, p, low.k, y)
	} else {
		VPADDD(n, p, p)
		y = p
		VANDPS(low.v, y, y)
	}
	if max != 0 {
		g.put(y, g.cmp(greaterThn, x, g.c(max)), g.load(g.f(math.Inf(1)), nil))
	}
	return y
}

func (g isa) sigmoid(x vec) vec {
	// Above -expMin the result is below the least normal number: 1/Inf.
	e := g.exp(g.neg(x), expMin&^(1<<31))
	return g.div(g.load(g.f(1), nil), g.add(g.f(1), e))
}

// tanh is -em/(em+2) with em = expm1(-2|x|), and the sign of x.
func (g isa) tanh(x vec) vec {
	y := g.mul(g.f(-2), g.and(g.c(1<<31-1), x))
	VMAXPS(y, g.load(g.f(-40), nil), y) // y if it is NaN
	n, r := g.reduce(y)
	p := g.poly(r, 0.00138825085, 0.00836658012, 0.0416672006, 0.166665435, 0.49999997)
	VFMADD213PS(r, g.mul(r, r), p) // expm1(r)
	VPADDD(g.f(1), n, n)           // 2^n
	em := g.sub(n, g.f(1))
	VFMADD231PS(p, n, em)
	return g.copySign(g.div(em, g.add(g.f(2), em)), x)
}

// split takes a positive normal x apart: x = 2^e m, m in [sqrt(1/2), sqrt(2)).
func (g isa) split(x vec) (e, m vec) {
	e, m = g.reg(), g.reg()
	VPSUBD(g.c(0x3f3504f3), x, e)
	VPSRAD(operand.Imm(23), e, e)
	VPSLLD(operand.Imm(23), e, m)
	VPSUBD(m, x, m)
	return e, m
}

// logTail is q with log(1+f) = f + f^2 q.
func (g isa) logTail(f vec) vec {
	return g.poly(f, -0.0763446018, 0.127615631, -0.1316019, 0.142017603, -0.166233569, 0.200012267, -0.250008196, 0.333333313, -0.5)
}

// logTailWide is logTail for f from -1/2 on.
func (g isa) logTailWide(f vec) vec {
	return g.poly(f, 0.260525018, -0.147691369, 0.0499918498, -0.116646618, 0.151212275, -0.167279109, 0.199543267, -0.249983937, 0.333340853, -0.5)
}

// log is the natural logarithm of any float32.
func (g isa) log(x vec) vec {
	tiny := g.cmp(less, x, g.c(0x00800000))
	s := g.copy(x)
	g.put(s, tiny, g.mul(g.f(1<<23), x))
	e, m := g.split(s)
	VCVTDQ2PS(e, e)
	g.put(e, tiny, g.sub(e, g.f(23)))
	f := g.sub(m, g.f(1))
	t := g.mul(g.logTail(f), g.mul(f, f))
	VFMADD231PS(g.f(ln2Lo), e, t)
	y := g.add(f, t)
	VFMADD231PS(g.f(ln2Hi), e, y)
	g.put(y, g.cmp(notLess, x, g.f(math.Inf(1))), x) // Inf and NaN
	g.put(y, g.cmp(less, x, g.f(0)), g.load(g.c(0x7fc00000), nil))
	g.put(y, g.cmp(equal, x, g.f(0)), g.load(g.f(math.Inf(-1)), nil))
	return y
}

// minusLog is -(log(1+f) + e ln2), given f, e and the q of f, to about 2 ulp.
func (g isa) minusLog(f, e, q vec) vec {
	VFMADD213PS(f, g.mul(f, f), q)
	VFNMSUB231PS(g.f(math.Ln2), e, q)
	return q
}

// uniform turns random words into (w>>9 + 1/2) / 2^23, exactly.
func (g isa) uniform(w vec) vec {
	VPSRLD(operand.Imm(9), w, w)
	VCVTDQ2PS(w, w)
	u := g.load(g.f(0x1p-24), nil)
	VFMADD231PS(g.f(0x1p-23), w, u)
	return u
}

// gumbel turns random words into -log(-log(1-u)), u = (w + 1/2) / 2^32.
//
// Let h be the distance of u from the nearer end of (0,1), which float32 holds
// with full relative precision at both. For u < 1/2 the inner logarithm is
// log1p(-h), else it is log(h).
func (g isa) gumbel(w vec) vec {
	upper := g.reg() // all ones where u >= 1/2
	VPSRAD(operand.Imm(31), w, upper)
	VPXORInto(g, upper, w)
	VCVTDQ2PS(w, w)
	h := g.load(g.f(0x1p-33), nil)
	VFMADD231PS(g.f(0x1p-32), w, h)
	e, m := g.split(h)
	f := g.neg(h)
	if g.wide() {
		k := g.signs(upper).k
		VSUBPS(g.f(1), m, k, f)
		VCVTDQ2PS_Z(e, k, e)
	} else {
		VSUBPS(g.f(1), m, m)
		VBLENDVPS(upper, m, f, f)
		VPAND(upper, e, e)
		VCVTDQ2PS(e, e)
	}
	x := g.minusLog(f, e, g.logTailWide(f)) // exponential noise
	e, m = g.split(x)
	VCVTDQ2PS(e, e)
	f = g.sub(m, g.f(1))
	return g.minusLog(f, e, g.logTail(f))
}

// VPXORInto sets w ^= x: AVX-512 spells the integer form VPXORD.
func VPXORInto(g isa, x, w vec) {
	if g.wide() {
		VPXORD(x, w, w)
	} else {
		VPXOR(x, w, w)
	}
}
