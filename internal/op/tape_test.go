package op

import "math"

// A tape records scalar arithmetic in float64 and goes back through it. On it
// the meaning of every operation is written a second time, slowly and plainly.
type tape struct {
	value, grad []float64
	from        [][2]int32
	slope       [][2]float64
}

// num is a number on a tape.
type num struct {
	t *tape
	i int32
}

func (t *tape) put(value float64, a, b int32, da, db float64) num {
	t.value = append(t.value, value)
	t.from = append(t.from, [2]int32{a, b})
	t.slope = append(t.slope, [2]float64{da, db})
	return num{t, int32(len(t.value) - 1)}
}

// lift puts a constant, or a variable, on the tape.
func (t *tape) lift(x float64) num { return t.put(x, 0, 0, 0, 0) }

func (t *tape) lifts(x []float32) []num {
	n := make([]num, len(x))
	for i, v := range x {
		n[i] = t.lift(float64(v))
	}
	return n
}

func (t *tape) zeros(n int) []num { return t.lifts(make([]float32, n)) }

// back differentiates y with respect to everything on the tape.
func (t *tape) back(y num) {
	t.grad = make([]float64, len(t.value))
	t.grad[y.i] = 1
	for i := y.i; i >= 0; i-- {
		if g := t.grad[i]; g != 0 {
			for k, p := range t.from[i] {
				if s := t.slope[i][k]; s != 0 {
					t.grad[p] += g * s
				}
			}
		}
	}
}

func (a num) val() float64  { return a.t.value[a.i] }
func (a num) grad() float64 { return a.t.grad[a.i] }

func (a num) map1(f, slope float64) num { return a.t.put(f, a.i, 0, slope, 0) }

func (a num) add(b num) num         { return a.t.put(a.val()+b.val(), a.i, b.i, 1, 1) }
func (a num) sub(b num) num         { return a.t.put(a.val()-b.val(), a.i, b.i, 1, -1) }
func (a num) mul(b num) num         { return a.t.put(a.val()*b.val(), a.i, b.i, b.val(), a.val()) }
func (a num) times(c float64) num   { return a.map1(c*a.val(), c) }
func (a num) plus(c float64) num    { return a.map1(c+a.val(), 1) }
func (a num) inverse() num          { return a.map1(1/a.val(), -1/(a.val()*a.val())) }
func (a num) exp() num              { e := math.Exp(a.val()); return a.map1(e, e) }
func (a num) log() num              { return a.map1(math.Log(a.val()), 1/a.val()) }
func (a num) tanh() num             { y := math.Tanh(a.val()); return a.map1(y, 1-y*y) }
func (a num) sigmoid() num          { return a.times(-1).exp().plus(1).inverse() }
func (a num) instead(v float64) num { return a.map1(v, 1) } // straight-through: another value, the same derivative
func (a num) relu() num {
	if a.val() > 0 {
		return a
	}
	return a.times(0)
}

func sum(xs []num) num {
	s := xs[0]
	for _, x := range xs[1:] {
		s = s.add(x)
	}
	return s
}

func dot(xs, ys []num) num {
	s := xs[0].mul(ys[0])
	for i := range xs[1:] {
		s = s.add(xs[i+1].mul(ys[i+1]))
	}
	return s
}

func times(xs, ys []num) []num {
	z := make([]num, len(xs))
	for i := range xs {
		z[i] = xs[i].mul(ys[i])
	}
	return z
}

// plus is x + a y.
func plus(xs, ys []num, a float64) []num {
	z := make([]num, len(xs))
	for i := range xs {
		z[i] = xs[i].add(ys[i].times(a))
	}
	return z
}

// row is row i of a matrix with n columns.
func row(x []num, i, n int) []num { return x[i*n : (i+1)*n] }

// column is column j of a matrix with n columns.
func column(x []num, j, n int) []num {
	var c []num
	for ; j < len(x); j += n {
		c = append(c, x[j])
	}
	return c
}

// affine is x W + b, for one row x, with b as long as W has columns.
func affine(x, W, b []num) []num {
	y := make([]num, len(b))
	for j := range b {
		y[j] = dot(x, column(W, j, len(b))).add(b[j])
	}
	return y
}

// mix is the sum of the rows of a table, each times its weight.
func mix(weights, table []num) []num {
	E := len(table) / len(weights)
	y := make([]num, E)
	for e := range E {
		y[e] = dot(weights, column(table, e, E))
	}
	return y
}

// softmax of a row, whose infinities stand for excluded entries.
func softmax(x []num) []num {
	top := math.Inf(-1)
	for _, v := range x {
		top = max(top, v.val())
	}
	y := make([]num, len(x))
	for i, v := range x {
		if y[i] = v.t.lift(0); !math.IsInf(v.val(), -1) {
			y[i] = v.plus(-top).exp()
		}
	}
	scale := sum(y).inverse()
	for i := range y {
		y[i] = y[i].mul(scale)
	}
	return y
}

func each(x []num, f func(num) num) []num {
	y := make([]num, len(x))
	for i, v := range x {
		y[i] = f(v)
	}
	return y
}

func values(x []num) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v.val()
	}
	return y
}

func gradients(x []num) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = v.grad()
	}
	return y
}
