package kernel

import (
	"fmt"
	"math"
)

// ReLU sets dst = max(src, 0); dst may be src. NaN stays.
func ReLU(dst, src []float32) {
	sameLength("ReLU", len(dst), len(src))
	isa.relu(dst, src)
}

func reluGeneric(dst, src []float32) {
	for i, x := range src {
		dst[i] = max(x, 0)
	}
}

// ReLUBackward sets dst to dy where y, what ReLU has left, is above 0, and to 0
// elsewhere; dst may be dy.
func ReLUBackward(dst, y, dy []float32) {
	sameLength("ReLUBackward", len(dst), len(y))
	sameLength("ReLUBackward", len(dst), len(dy))
	isa.reluBack(dst, y, dy)
}

func reluBackGeneric(dst, y, dy []float32) {
	for i, d := range dy {
		dst[i] = 0
		if y[i] > 0 {
			dst[i] = d
		}
	}
}

// Highway sets h = relu(h) and y = gate h + (1-gate) x, value by value.
func Highway(y, h, gate, x []float32) {
	for _, s := range [][]float32{h, gate, x} {
		sameLength("Highway", len(y), len(s))
	}
	isa.highway(y, h, gate, x)
}

func highwayGeneric(y, h, gate, x []float32) {
	for i, g := range gate {
		h[i] = max(h[i], 0)
		y[i] = g*h[i] + (1-g)*x[i]
	}
}

// HighwayBackward goes back through Highway, from dy, with gate the sigmoid of
// what dgate is the gradient of. dh is that of h before its ReLU. dx may be dgate,
// and is not kept then.
func HighwayBackward(dh, dgate, dx, dy, h, gate, x []float32) {
	for _, s := range [][]float32{dgate, dx, dy, h, gate, x} {
		sameLength("HighwayBackward", len(dh), len(s))
	}
	isa.highwayBack(dh, dgate, dx, dy, h, gate, x)
}

func highwayBackGeneric(dh, dgate, dx, dy, h, gate, x []float32) {
	for i, g := range gate {
		d := dy[i]
		dx[i] = d * (1 - g)
		dgate[i] = d * (h[i] - x[i]) * g * (1 - g)
		dh[i] = 0
		if h[i] > 0 {
			dh[i] = d * g
		}
	}
}

// normFloor is added to a variance before it divides, as everywhere.
const normFloor = 1e-5

// Normalise sets hat to x with mean 0 and variance 1, and y to hat gain + bias:
// the layer normalisation of one row (Ba, Kiros and Hinton 2016). It returns 1
// over the standard deviation. hat may be x.
func Normalise(y, hat, x, gain, bias []float32) (scale float32) {
	for _, s := range [][]float32{hat, x, gain, bias} {
		sameLength("Normalise", len(y), len(s))
	}
	n := float32(len(x))
	isa.subtract(hat, x, isa.sum(x)/n)
	scale = float32(1 / math.Sqrt(float64(isa.dot(hat, hat)/n)+normFloor))
	isa.normalise(y, hat, gain, bias, scale)
	return scale
}

// NormaliseBackward sets dx to the gradient of x, from that of y and the scale that
// Normalise returned, and replaces hat by hat dy, the terms of the gain's gradient.
func NormaliseBackward(dx, dy, hat, gain []float32, scale float32) {
	for _, s := range [][]float32{dy, hat, gain} {
		sameLength("NormaliseBackward", len(dx), len(s))
	}
	n := float32(len(dy))
	isa.multiply(dx, dy, gain)
	isa.normaliseBack(dx, hat, dy, scale, isa.sum(dx)/n, isa.dot(dx, hat)/n)
}

func subtractGeneric(dst, x []float32, by float32) {
	for i, v := range x {
		dst[i] = v - by
	}
}

func multiplyGeneric(dst, x, y []float32) {
	for i, v := range x {
		dst[i] = v * y[i]
	}
}

func normaliseGeneric(y, hat, gain, bias []float32, scale float32) {
	for i, v := range hat {
		hat[i] = v * scale
		y[i] = hat[i]*gain[i] + bias[i]
	}
}

func normaliseBackGeneric(dx, hat, dy []float32, scale, mean, along float32) {
	for i, h := range hat {
		dx[i] = scale * (dx[i] - mean - h*along)
		hat[i] = h * dy[i]
	}
}

// AxpyRows adds alpha[i] times row i of src [len(alpha),n] to the n values of dst
// from at[i]*stride on, row by row. Rows with an alpha of 0 are passed over.
func AxpyRows(alpha, src []float32, n int, dst []float32, at []int32, stride int) {
	sameLength("AxpyRows", len(alpha), len(at))
	if len(alpha) == 0 || n <= 0 {
		return
	}
	low, high := at[0], at[0]
	for _, p := range at {
		low, high = min(low, p), max(high, p)
	}
	if low < 0 || int(high)*stride+n > len(dst) || len(alpha)*n > len(src) {
		panic(fmt.Sprintf("kernel: AxpyRows: %d rows of %d out of %d values, at %d to %d times %d of %d", len(alpha), n, len(src), low, high, stride, len(dst)))
	}
	isa.axpyRows(alpha, src, n, dst, at, stride)
}

func axpyRowsGeneric(alpha, src []float32, n int, dst []float32, at []int32, stride int) {
	for i, a := range alpha {
		if a != 0 {
			axpyGeneric(a, src[i*n:][:n], dst[int(at[i])*stride:][:n])
		}
	}
}

// AxpyGather adds alpha[i] times the len(dst) values of src from at[i] on to dst, one
// i after the other: as many times Axpy, but dst stays in registers.
func AxpyGather(dst, alpha, src []float32, at []int32) {
	sameLength("AxpyGather", len(alpha), len(at))
	for _, p := range at {
		if p < 0 || int(p)+len(dst) > len(src) {
			panic(fmt.Sprintf("kernel: AxpyGather: %d values from %d on of %d", len(dst), p, len(src)))
		}
	}
	if len(dst) > 0 && len(at) > 0 {
		isa.axpyGather(dst, alpha, src, at)
	}
}

func axpyGatherGeneric(dst, alpha, src []float32, at []int32) {
	for i, a := range alpha {
		axpyGeneric(a, src[at[i]:][:len(dst)], dst)
	}
}
