package main

import (
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
)

// The coefficients are the output of fit.py.

// poly is Horner's rule, highest power first.
func (g isa) poly(x vecs, cs ...float64) vecs {
	p := g.fill(g.f(cs[0]), len(x))
	for _, c := range cs[1:] {
		g.fmaTo(p, x, g.f(c))
	}
	return p
}

// poly2 is Horner's rule for the even and for the odd powers of x, given x^2:
// two short chains instead of a long one.
func (g isa) poly2(x, x2 vecs, cs ...float64) vecs {
	var odd, even []float64
	for i, c := range cs {
		if (len(cs)-i)%2 == 0 {
			odd = append(odd, c)
		} else {
			even = append(even, c)
		}
	}
	p, q := g.poly(x2, odd...), g.poly(x2, even...)
	g.fmaTo(p, x, q)
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

// reduce splits x = n ln2 + r, n an integer, |r| <= ln2/2. n is returned where
// the exponent of a float32 is; it is 0 there if x is NaN.
func (g isa) reduce(x vecs) (n, r vecs) {
	n, r = g.toInt(g.mul(x, g.f(1/math.Ln2))), g.copy(x)
	t := g.toFloat(n)
	g.fma(r, t, g.f(-ln2Hi))
	g.fma(r, t, g.f(-ln2Lo))
	return g.shift(VPSLLD, 23, n), r
}

// exp is e^x, with 0 below expMin (results that would be denormal are flushed)
// and +Inf above the float32 with bits max; max = 0 says that x <= 0.
func (g isa) exp(x vecs, max uint32) vecs {
	n, r := g.reduce(x)
	p := g.poly(r, 0.00138435594, 0.00837423652, 0.041668009, 0.166664302, 0.49999994, 1, 1)
	low := g.shared(g.c(expMin), len(x))
	y := make(vecs, len(x))
	for i := range x {
		m := g.cmp(notLess, x[i], of(low, i))
		y[i] = g.reg()
		if g.wide() {
			VPADDD_Z(n[i], p[i], m.k, y[i])
		} else {
			VPADDD(n[i], p[i], y[i])
			VANDPS(m.v, y[i], y[i])
		}
	}
	if max != 0 {
		g.choose(y, greater, x, g.c(max), g.f(math.Inf(1)))
	}
	return y
}

func (g isa) sigmoid(x vecs) vecs {
	// Above -expMin the result is below the least normal number: 1/Inf.
	e := g.exp(g.neg(x), expMin&^(1<<31))
	return g.div(g.fill(g.f(1), len(x)), g.add(e, g.f(1)))
}

// tanh is -em/(em+2) with em = expm1(-2|x|), and the sign of x.
func (g isa) tanh(x vecs) vecs {
	y := g.mul(g.and(x, g.c(1<<31-1)), g.f(-2))
	low := g.load(g.f(-40), nil)
	for _, v := range y {
		VMAXPS(v, low, v) // v if it is NaN
	}
	n, r := g.reduce(y)
	p := g.poly(r, 0.00138825085, 0.00836658012, 0.0416672006, 0.166665435, 0.49999997)
	g.fmaTo(p, g.mul(r, r), r) // expm1(r)
	n = g.addInt(n, g.f(1))    // 2^n
	em := g.sub(n, g.f(1))
	g.fma(em, p, n)
	return g.copySign(g.div(em, g.add(em, g.f(2))), x)
}

const sqrtHalf = 0x3f3504f3

// split takes a positive normal x apart: x = 2^e m, m in [sqrt(1/2), sqrt(2)).
func (g isa) split(x vecs) (e, m vecs) { return g.splitAt(x, sqrtHalf) }

// splitAt takes a normal x apart, which has the sign of the float32 with bits
// low: x = 2^e m, m from low to 2 low, which is left out.
func (g isa) splitAt(x vecs, low uint32) (e, m vecs) {
	t := g.subInt(x, g.c(low))
	m = g.subInt(x, g.and(t, g.c(0xff800000)))
	return g.shift(VPSRAD, 23, t), m
}

// logTail is q with log(1+f) = f + f^2 q.
func (g isa) logTail(f, f2 vecs) vecs {
	return g.poly2(f, f2, -0.0763446018, 0.127615631, -0.1316019, 0.142017603, -0.166233569, 0.200012267, -0.250008196, 0.333333313, -0.5)
}

// log is the natural logarithm of any float32.
func (g isa) log(x vecs) vecs {
	const leastNormal = 0x00800000
	s := g.copy(x)
	g.choose(s, less, x, g.c(leastNormal), g.mul(x, g.f(1<<23)))
	n, m := g.split(s)
	e := g.toFloat(n)
	g.choose(e, less, x, g.c(leastNormal), g.sub(e, g.f(23)))
	f := g.sub(m, g.f(1))
	f2 := g.mul(f, f)
	t := g.mul(g.logTail(f, f2), f2)
	g.fma(t, e, g.f(ln2Lo))
	y := g.add(t, f)
	g.fma(y, e, g.f(ln2Hi))
	g.choose(y, notLess, x, g.f(math.Inf(1)), x) // Inf and NaN
	g.choose(y, less, x, g.f(0), g.c(0x7fc00000))
	g.choose(y, equal, x, g.f(0), g.f(math.Inf(-1)))
	return y
}

// uniform turns random words into (w>>9 + 1/2) / 2^23, exactly.
func (g isa) uniform(w vecs) vecs {
	u := g.fill(g.f(0x1p-24), len(w))
	g.fma(u, g.toFloat(g.shift(VPSRLD, 9, w)), g.f(0x1p-23))
	return u
}

// gumbel turns random words into -log(-log(1-u)), u = (w + 1/2) / 2^32.
//
// Let h be the distance of u from the nearer end of (0,1), which float32 holds
// with full relative precision at both. For u < 1/2 the inner logarithm is
// log1p(-h), else it is log(h), with the mantissa in [1/2, 1) so that both need
// the same range. Of the outer one only the absolute error counts.
//
// Horner's rule keeps the fewest registers for a vector, so that enough of them
// are under way at once.
func (g isa) gumbel(w vecs) vecs {
	var f, e vecs
	for w := range slices.Chunk(w, g.side()) {
		upper := g.shift(VPSRAD, 31, w) // all ones where u >= 1/2
		minusH := g.fill(g.f(-0x1p-33), len(w))
		g.fma(minusH, g.toFloat(g.xor(w, upper)), g.f(-0x1p-32))
		n, m := g.splitAt(minusH, math.Float32bits(-0.5))
		one := g.fill(g.f(-1), 1)[0]
		for i := range w {
			if g.wide() {
				k := g.signs(upper[i]).k
				VSUBPS(m[i], one, k, minusH[i])
				VCVTDQ2PS_Z(n[i], k, n[i])
			} else {
				VSUBPS(m[i], one, m[i])
				VBLENDVPS(upper[i], m[i], minusH[i], minusH[i])
				VPAND(upper[i], n[i], n[i])
				VCVTDQ2PS(n[i], n[i])
			}
		}
		f, e = append(f, minusH...), append(e, n...)
	}
	// Exponential noise: -(f + f^2 p + e ln2).
	x := g.poly(f, 1.41454041, 1.63957548, 1.2087028, 0.180947781, 0.263689935, -0.243682727, 0.333632112, -0.499995232)
	for i := range x {
		VMULPS(f[i], x[i], x[i])
	}
	g.fmaTo(x, f, f)
	g.fnms(x, e, g.f(math.Ln2))

	f, e = nil, nil
	for x := range slices.Chunk(x, g.side()) {
		n, m := g.splitAt(x, sqrtHalf)
		f, e = append(f, g.sub(m, g.f(1))...), append(e, g.toFloat(n)...)
	}
	y := g.poly(f, -0.100798614, 0.164811999, -0.173710331, 0.198641524, -0.24953711, 0.333365828, -0.500009179, 0.999999762, 2.77534244e-08)
	g.fnms(y, e, g.f(math.Ln2))
	return y
}
