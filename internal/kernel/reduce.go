package kernel

import "math"

// fold adds lanes up in halves: lane i takes in lane i + n/2 until one is left.
// The number of lanes, a power of two, is overwritten.
func fold(lanes []float32) float32 {
	for n := len(lanes) / 2; n > 0; n /= 2 {
		for i := range n {
			lanes[i] += lanes[i+n]
		}
	}
	return lanes[0]
}

// Dot returns the sum of x*y.
func Dot(x, y []float32) float32 {
	sameLength("Dot", len(x), len(y))
	return isa.dot(x, y)
}

func dotGeneric(x, y []float32) float32 {
	var lanes [64]float32
	for i, v := range x {
		lanes[i%64] += v * y[i]
	}
	return fold(lanes[:])
}

// Sum returns the sum of x, in 64 lanes: the same bits on every instruction set.
func Sum(x []float32) float32 { return isa.sum(x) }

func sumGeneric(x []float32) float32 {
	var lanes [64]float32
	for i, v := range x {
		lanes[i%64] += v
	}
	return fold(lanes[:])
}

// SumSquares returns the sum of x^2, on all cores, added up in float64 in 32
// lanes of blocks of squaresBlock values: the same bits on every instruction
// set.
func SumSquares(x []float32) float64 {
	if len(x) <= squaresBlock {
		return isa.sumSquares(x)
	}
	s := squareSums.get()
	blocks := (len(x) + squaresBlock - 1) / squaresBlock
	if len(s.sums) < blocks {
		s.sums = make([]float64, blocks)
	}
	s.x = x
	Parallel(blocks, 1, s.run)
	sum := 0.0
	for _, v := range s.sums[:blocks] {
		sum += v
	}
	s.x = nil
	squareSums.put(s)
	return sum
}

const squaresBlock = 1 << 15

// squareSum is a call of SumSquares under way.
type squareSum struct {
	x    []float32
	sums []float64 // of each block

	run func(lo, hi int) // blocks
}

var squareSums = freeList[squareSum]{make: func() *squareSum {
	s := new(squareSum)
	s.run = func(lo, hi int) {
		for i := lo; i < hi; i++ {
			s.sums[i] = isa.sumSquares(s.x[i*squaresBlock : min((i+1)*squaresBlock, len(s.x))])
		}
	}
	return s
}}

func sumSquaresGeneric(x []float32) float64 {
	var lanes [32]float64
	for i, v := range x {
		lanes[i%32] += float64(v) * float64(v)
	}
	for n := 16; n > 0; n /= 2 {
		for i := range n {
			lanes[i] += lanes[i+n]
		}
	}
	return lanes[0]
}

// Max returns the greatest value of x and where it stands first. NaN is passed
// over; if there is nothing else (or nothing at all) the result is -Inf, 0.
func Max(x []float32) (v float32, first int) {
	v = isa.max(x)
	first = isa.index(x, v)
	if first < 0 {
		return v, 0
	}
	return x[first], first // of 0 and -0 the one that stands first
}

func maxGeneric(x []float32) float32 {
	v := float32(math.Inf(-1))
	for _, e := range x {
		if e > v {
			v = e
		}
	}
	return v
}

// indexGeneric returns the first i with x[i] == v, or -1.
func indexGeneric(x []float32, v float32) int {
	for i, e := range x {
		if e == v {
			return i
		}
	}
	return -1
}

// AddColumnSums sets dst[j] += sum over i of src[i*ld+j], row after row.
func AddColumnSums(dst, src []float32, rows, cols, ld int) {
	sameLength("AddColumnSums", len(dst), cols)
	checkMatrix("AddColumnSums", "src", src, rows, cols, ld)
	if cols > 0 {
		isa.addRows(dst, src, rows, ld)
	}
}

func addRowsGeneric(dst, src []float32, rows, ld int) {
	for i := range rows {
		addGeneric(dst, src[i*ld:][:len(dst)])
	}
}

// MaxRows sets dst[j] to the greatest src[i*ld+j] over the rows i and arg[j] to
// the first such row: a maximum over time. rows > 0. A column that begins with
// NaN gives NaN, later ones are passed over.
func MaxRows(dst []float32, arg []int32, src []float32, rows, cols, ld int) {
	sameLength("MaxRows", len(dst), cols)
	sameLength("MaxRows", len(arg), cols)
	if rows <= 0 {
		panic("kernel: MaxRows: no rows")
	}
	checkMatrix("MaxRows", "src", src, rows, cols, ld)
	if cols > 0 {
		isa.maxRows(dst, arg, src, rows, ld)
	}
}

func maxRowsGeneric(dst []float32, arg []int32, src []float32, rows, ld int) {
	copy(dst, src)
	clear(arg)
	for i := 1; i < rows; i++ {
		for j, v := range src[i*ld:][:len(dst)] {
			if v > dst[j] {
				dst[j], arg[j] = v, int32(i)
			}
		}
	}
}
