package variance

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// objective is f: a number for the vectors x [T,K] of the choices, one-hot,
// relaxed or zero, with its gradient [T,K].
type objective interface {
	value(x []float64) float64
	// gradient sets g [T,K] and returns the value. It keeps no state.
	gradient(g, x []float64) float64
}

type functionFile struct {
	Type string          `json:"type"`
	C    json.RawMessage `json:"c"`
	T    json.RawMessage `json:"t"`
	A    json.RawMessage `json:"A"`
	W1   json.RawMessage `json:"W1"`
	B1   json.RawMessage `json:"b1"`
	W2   json.RawMessage `json:"w2"`
	B2   json.RawMessage `json:"b2"`
	P    json.RawMessage `json:"p"`
}

// build reads the arrays that the type asks for; n = T K.
func (file *functionFile) build(T, K int) (objective, error) {
	n := T * K
	var failure error
	read := func(name string, raw json.RawMessage, shape ...int) []float64 {
		v, err := numbers(raw, shape...)
		if err != nil && failure == nil {
			failure = fmt.Errorf("%s: %w", name, err)
		}
		return v
	}
	var f objective
	switch file.Type {
	case "linear":
		f = linear{read("c", file.C, T, K)}
	case "quadratic":
		f = quadratic{read("t", file.T, T, K)}
	case "quadform":
		q := quadform{a: read("A", file.A, n, n), c: make([]float64, n)}
		if len(file.C) > 0 {
			q.c = read("c", file.C, T, K)
		}
		f = q
	case "mlp":
		var b1 []any
		if err := json.Unmarshal(file.B1, &b1); err != nil || len(b1) == 0 {
			return nil, errors.New("b1 is missing or not a list; its length is the number of hidden units")
		}
		m := mlp{w1: read("W1", file.W1, len(b1), n), b1: read("b1", file.B1, len(b1)), w2: read("w2", file.W2, len(b1))}
		if b2 := read("b2", file.B2, 1); failure == nil {
			m.b2 = b2[0]
		}
		f = m
	case "power":
		t, p := read("t", file.T, 1), read("p", file.P, 1)
		if failure == nil {
			if p[0] < 1 {
				return nil, errors.New("p must be at least 1")
			}
			f = power{t[0], p[0], K, T}
		}
	default:
		return nil, fmt.Errorf("type %q is unknown; it must be linear, quadratic, quadform, mlp or power", file.Type)
	}
	return f, failure
}

// linear is c.x.
type linear struct{ c []float64 }

func (f linear) value(x []float64) float64 { return dot(f.c, x) }

func (f linear) gradient(g, x []float64) float64 {
	copy(g, f.c)
	return dot(f.c, x)
}

// quadratic is |x - t|^2.
type quadratic struct{ t []float64 }

func (f quadratic) value(x []float64) (sum float64) {
	for i, v := range x {
		sum += (v - f.t[i]) * (v - f.t[i])
	}
	return sum
}

func (f quadratic) gradient(g, x []float64) float64 {
	for i, v := range x {
		g[i] = 2 * (v - f.t[i])
	}
	return f.value(x)
}

// quadform is x'Ax + c.x; A need not be symmetric.
type quadform struct{ a, c []float64 }

func (f quadform) value(x []float64) (sum float64) {
	n := len(x)
	for i, v := range x {
		if v != 0 {
			sum += v * (dot(f.a[i*n:(i+1)*n], x) + f.c[i])
		}
	}
	return sum
}

func (f quadform) gradient(g, x []float64) float64 {
	n := len(x)
	copy(g, f.c)
	for i, v := range x {
		row := f.a[i*n : (i+1)*n]
		g[i] += dot(row, x)
		if v != 0 {
			axpy(v, row, g)
		}
	}
	return f.value(x)
}

// mlp is w2.tanh(W1 x + b1) + b2.
type mlp struct {
	w1, b1, w2 []float64
	b2         float64
}

func (f mlp) value(x []float64) float64 {
	n, sum := len(x), f.b2
	for h, b := range f.b1 {
		sum += f.w2[h] * math.Tanh(b+dot(f.w1[h*n:(h+1)*n], x))
	}
	return sum
}

func (f mlp) gradient(g, x []float64) float64 {
	n, sum := len(x), f.b2
	clear(g)
	for h, b := range f.b1 {
		row := f.w1[h*n : (h+1)*n]
		a := math.Tanh(b + dot(row, x))
		sum += f.w2[h] * a
		axpy(f.w2[h]*(1-a*a), row, g)
	}
	return sum
}

// power is the mean over t of |x_t,last - target|^p, the function of ReinMax's
// polynomial programming, where K is 2 and x_t,last is the value of a bit.
type power struct {
	target, p float64
	K, T      int
}

func (f power) value(x []float64) (sum float64) {
	for i := f.K - 1; i < len(x); i += f.K {
		sum += math.Pow(math.Abs(x[i]-f.target), f.p)
	}
	return sum / float64(f.T)
}

func (f power) gradient(g, x []float64) float64 {
	clear(g)
	for i := f.K - 1; i < len(x); i += f.K {
		d := x[i] - f.target
		g[i] = math.Copysign(f.p*math.Pow(math.Abs(d), f.p-1), d) / float64(f.T)
	}
	return f.value(x)
}

func dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// axpy adds a*x to y.
func axpy(a float64, x, y []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}
