package kernel

import (
	"fmt"
	"math"
)

// sameLength panics if two slices that must go together do not.
func sameLength(function string, a, b int) {
	if a != b {
		panic(fmt.Sprintf("kernel: %s: lengths %d and %d differ", function, a, b))
	}
}

const leastNormal = 0x1p-126

// Exp sets dst = e^src; dst may be src. Results below 2^-126 are 0 (src below
// -87.33654), above the greatest float32 +Inf (src above 88.72283).
func Exp(dst, src []float32) {
	sameLength("Exp", len(dst), len(src))
	isa.exp(dst, src)
}

func expGeneric(dst, src []float32) {
	for i, x := range src {
		dst[i] = flush(float32(math.Exp(float64(x))))
	}
}

// flush turns a denormal result into 0, as the assembly does to stay clear of
// the microcode that some CPUs need for one.
func flush(x float32) float32 {
	if x < leastNormal {
		return 0
	}
	return x
}

// Log sets dst to the natural logarithm of src; dst may be src. It is NaN
// below zero and -Inf at 0, and takes denormals in full.
func Log(dst, src []float32) {
	sameLength("Log", len(dst), len(src))
	isa.log(dst, src)
}

func logGeneric(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Log(float64(x)))
	}
}

// Tanh sets dst = tanh(src); dst may be src.
func Tanh(dst, src []float32) {
	sameLength("Tanh", len(dst), len(src))
	isa.tanh(dst, src)
}

func tanhGeneric(dst, src []float32) {
	for i, x := range src {
		dst[i] = float32(math.Tanh(float64(x)))
	}
}

// Sigmoid sets dst = 1/(1+e^-src); dst may be src. Results below 2^-126 are 0
// (src below -87.33654).
func Sigmoid(dst, src []float32) {
	sameLength("Sigmoid", len(dst), len(src))
	isa.sigmoid(dst, src)
}

func sigmoidGeneric(dst, src []float32) {
	for i, x := range src {
		dst[i] = flush(float32(1 / (1 + math.Exp(-float64(x)))))
	}
}

// Axpy sets y += alpha*x.
func Axpy(alpha float32, x, y []float32) {
	sameLength("Axpy", len(x), len(y))
	isa.axpy(alpha, x, y)
}

func axpyGeneric(alpha float32, x, y []float32) {
	for i, v := range x {
		y[i] += alpha * v
	}
}

// Scale sets x *= alpha.
func Scale(alpha float32, x []float32) { isa.scale(alpha, x) }

func scaleGeneric(alpha float32, x []float32) {
	for i := range x {
		x[i] *= alpha
	}
}

// Add sets dst += x.
func Add(dst, x []float32) {
	sameLength("Add", len(dst), len(x))
	isa.add(dst, x)
}

func addGeneric(dst, x []float32) {
	for i, v := range x {
		dst[i] += v
	}
}
