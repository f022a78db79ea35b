package kernel

import "math"

// Softmax sets dst = softmax(src), one row; dst may be src. -Inf has
// probability 0. A row with NaN or +Inf, or of nothing but -Inf, gives NaN
// everywhere.
func Softmax(dst, src []float32) { SoftmaxScaled(dst, src, 1) }

// SoftmaxScaled sets dst = softmax(scale*src), one row, where scale >= 0 is
// 1/tau; dst may be src.
func SoftmaxScaled(dst, src []float32, scale float32) {
	sameLength("SoftmaxScaled", len(dst), len(src))
	softmaxFrom(dst, src, scale, isa.max(src))
}

// softmaxFrom is SoftmaxScaled with the maximum of src at hand.
func softmaxFrom(dst, src []float32, scale, top float32) {
	isa.scale(1/expSum(dst, src, scale, top), dst)
}

// expLimit bounds scale*top where exp(scale*src - scale*top) can be computed in
// that form: the product rounds to 2^-24 of itself, here 0.06, by which all values
// are off alike, and which their sum takes out again. Far beyond, the error alone
// would overflow.
const expLimit = 1 << 20

func inOneProduct(scale, top float32) bool {
	x := math.Abs(float64(top))
	return math.Abs(float64(scale*top)) <= expLimit || math.IsNaN(x) || math.IsInf(x, 0)
}

// expSum sets dst = exp(scale*(src - top)), top being the maximum of src, and
// returns the sum; dst may be src. scale may be anything from 0 to infinity, which
// leaves 1 where src is top and 0 elsewhere.
func expSum(dst, src []float32, scale, top float32) float32 {
	if inOneProduct(scale, top) {
		return isa.expSum(dst, src, scale, scale*top)
	}
	var lanes [16]float32
	for i, x := range src {
		e := float32(1)
		if x != top {
			e = flush(float32(math.Exp(float64(scale) * (float64(x) - float64(top)))))
		}
		dst[i] = e
		lanes[i%16] += e
	}
	return fold(lanes[:])
}

// LogSumExp returns log(sum(exp(src))), one row: -Inf for an empty one or one
// of nothing but -Inf, +Inf if that is among the values, else NaN if that is.
func LogSumExp(src []float32) float32 {
	top := isa.max(src)
	switch {
	case math.IsInf(float64(top), 1):
		return top
	case math.IsInf(float64(top), -1):
		return top + isa.sum(src) // NaN was passed over so far
	}
	return top + log(isa.sumExp(src, 1, top))
}

// ExpLSE replaces a row by exp(row - top), top being its maximum, and returns the sum
// of that, and LogSumExp of the row: a softmax that is still to be divided by its sum,
// for who can do that where it costs less. NaN spreads to both. It also
// returns the maximum of next, as long as row, which costs little meanwhile: for who
// goes through rows one after the other. row may stand for a next one that is not there.
func ExpLSE(row []float32, top float32, next []float32) (sum, lse, nextTop float32) {
	sameLength("ExpLSE", len(row), len(next))
	sum, nextTop = isa.expSumMax(row, row, 1, top, next)
	return sum, top + log(sum), nextTop
}

func log(x float32) float32 { return float32(math.Log(float64(x))) }

// expSumGeneric sets dst = exp(scale*src - shift), for arguments up to about 0
// of exp, and returns the sum.
func expSumGeneric(dst, src []float32, scale, shift float32) float32 {
	var lanes [16]float32
	for i, x := range src {
		e := flush(float32(math.Exp(float64(scale)*float64(x) - float64(shift))))
		dst[i] = e
		lanes[i%16] += e
	}
	return fold(lanes[:])
}

// expSumMaxGeneric is expSumGeneric, and the maximum of next, which is as long as src.
func expSumMaxGeneric(dst, src []float32, scale, shift float32, next []float32) (sum, top float32) {
	top = maxGeneric(next)
	return expSumGeneric(dst, src, scale, shift), top
}

// expSumsGeneric sets sums to those of the exponentials of expSumGeneric of as many
// blocks of sumBlock values, and returns the maximum of as many values of next.
func expSumsGeneric(sums, src []float32, scale, shift float32, next []float32) float32 {
	var e [sumBlock]float32
	for i := range sums {
		expSumGeneric(e[:], src[i*sumBlock:][:sumBlock], scale, shift)
		sums[i] = sumGeneric(e[:])
	}
	return maxGeneric(next[:len(sums)*sumBlock])
}

// sumExpGeneric is the sum of expSumGeneric alone.
func sumExpGeneric(src []float32, scale, shift float32) float32 {
	var lanes [16]float32
	for i, x := range src {
		lanes[i%16] += flush(float32(math.Exp(float64(scale)*float64(x) - float64(shift))))
	}
	return fold(lanes[:])
}

// SoftmaxBackward is the gradient of SoftmaxScaled, one row:
//
//	dx = scale * y * (dy - <dy,y>)
//
// with y the softmax; dx may be dy or y.
func SoftmaxBackward(dx, y, dy []float32, scale float32) {
	sameLength("SoftmaxBackward", len(dx), len(y))
	sameLength("SoftmaxBackward", len(dy), len(y))
	isa.softmaxBackward(dx, y, dy, scale, isa.dot(y, dy))
}

func softmaxBackwardGeneric(dx, y, dy []float32, scale, dot float32) {
	for i, v := range y {
		dx[i] = scale * v * (dy[i] - dot)
	}
}
