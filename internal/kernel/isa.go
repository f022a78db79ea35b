package kernel

import (
	"fmt"
	"os"
	"strings"
)

// instructionSet is one implementation of everything that has assembly. The
// fields are documented by the functions of genericSet, which are their
// meaning in plain Go.
type instructionSet struct {
	name string

	exp, log, tanh, sigmoid func(dst, src []float32)
	softmaxBackward         func(dx, y, dy []float32, scale, dot float32)
	lstm                    func(gates, cPrev, u, h, c []float32)
	lstmBack                func(act, u, cPrev, dh, dc, dgates []float32)
	adam                    func(w, m, v, grad []float32, scale, keepM, takeM, keepV, takeV, correct, eps, step, decay float32)

	relu          func(dst, src []float32)
	reluBack      func(dst, y, dy []float32)
	highway       func(y, h, gate, x []float32)
	highwayBack   func(dh, dgate, dx, dy, h, gate, x []float32)
	subtract      func(dst, x []float32, by float32)
	multiply      func(dst, x, y []float32)
	normalise     func(y, hat, gain, bias []float32, scale float32)
	normaliseBack func(dx, hat, dy []float32, scale, mean, along float32)
	axpyRows      func(alpha, src []float32, n int, dst []float32, at []int32, stride int)
	axpyGather    func(dst, alpha, src []float32, at []int32)

	axpy       func(alpha float32, x, y []float32)
	scale      func(alpha float32, x []float32)
	add        func(dst, x []float32)
	dot        func(x, y []float32) float32
	sum, max   func(x []float32) float32
	sumSquares func(x []float32) float64
	index      func(x []float32, v float32) int
	above      func(places []int32, x []float32, bound float32) int
	expSum     func(dst, src []float32, scale, shift float32) float32
	sumExp     func(src []float32, scale, shift float32) float32
	expSumMax  func(dst, src []float32, scale, shift float32, next []float32) (sum, top float32)
	expSums    func(sums, src []float32, scale, shift float32, next []float32) float32
	addRows    func(dst, src []float32, rows, ld int)
	maxRows    func(dst []float32, arg []int32, src []float32, rows, ld int)
	transpose  func(dst []float32, ldd int, src []float32, lds, rows, cols int)

	prefetch func(x []float32)
	stream   func(dst, src []float32)

	uniform, gumbel func(dst []float32, seed uint64, stream, step, row uint32)
	gumbelAdd       func(dst, logits []float32, seed uint64, stream, step, row uint32) float32
	gumbelArgmax    func(logits []float32, seed uint64, stream, step, row uint32) int

	gemm gemmKernels

	// Products of bf16: by the tiles of gemm, or of pairs where the CPU has an
	// instruction for them that is faster.
	pairs                 gemmKernels
	roundBF16, halveBF16  func(dst, src []float32)
	pairBF16              func(dst, first, second []float32)
	roundPanel, pairPanel func(dst, src []float32, ld, steps, panel, cols int)
}

var genericSet = instructionSet{
	name: "generic",

	exp: expGeneric, log: logGeneric, tanh: tanhGeneric, sigmoid: sigmoidGeneric,
	softmaxBackward: softmaxBackwardGeneric, adam: adamGeneric,
	lstm: lstmGeneric, lstmBack: lstmBackGeneric,
	relu: reluGeneric, reluBack: reluBackGeneric, highway: highwayGeneric, highwayBack: highwayBackGeneric,
	subtract: subtractGeneric, multiply: multiplyGeneric, normalise: normaliseGeneric, normaliseBack: normaliseBackGeneric,
	axpyRows: axpyRowsGeneric, axpyGather: axpyGatherGeneric,

	axpy: axpyGeneric, scale: scaleGeneric, add: addGeneric, dot: dotGeneric,
	sum: sumGeneric, max: maxGeneric, sumSquares: sumSquaresGeneric, index: indexGeneric, above: aboveGeneric,
	expSum: expSumGeneric, sumExp: sumExpGeneric, expSumMax: expSumMaxGeneric, expSums: expSumsGeneric,
	addRows: addRowsGeneric, maxRows: maxRowsGeneric, transpose: transposeGeneric,
	prefetch: func([]float32) {}, stream: func(dst, src []float32) { copy(dst, src) },

	uniform: uniformGeneric, gumbel: gumbelGeneric,
	gumbelAdd: gumbelAddGeneric, gumbelArgmax: gumbelArgmaxGeneric,

	roundBF16: roundBF16Generic, halveBF16: halveBF16Generic, pairBF16: pairBF16Generic,
	roundPanel: roundPanelRows(roundBF16Generic), pairPanel: pairPanelRows(pairBF16Generic),
}

// available holds what this CPU can run, the best first.
var available = append(nativeSets(), &genericSet)

var isa = fromEnvironment()

// EnvISA is the environment variable that chooses an instruction set.
const EnvISA = "TEXTGAN_ISA"

// fromEnvironment is the set that EnvISA names, the best if it names none.
func fromEnvironment() *instructionSet {
	if s := named(os.Getenv(EnvISA)); s != nil {
		return s
	}
	return available[0]
}

// named is the available set of that name, or nil.
func named(name string) *instructionSet {
	for _, s := range available {
		if s.name == name {
			return s
		}
	}
	return nil
}

// CheckISA returns an error if EnvISA cannot be name: there is no such set, or
// this CPU or build has not got it. The empty name is that of the best.
func CheckISA(name string) error {
	if name == "" || named(name) != nil {
		return nil
	}
	var names []string
	for _, s := range available {
		names = append(names, s.name)
	}
	return fmt.Errorf("%s=%q: this machine has %s", EnvISA, name, strings.Join(names, ", "))
}

// ISA names the instruction set in use: "avx512", "avx2" or "generic". The
// best that the CPU has is chosen at the start; the environment variable
// EnvISA can name another.
func ISA() string { return isa.name }

// Use changes the instruction set, for tests and reports, while no other
// function of the package runs. It reports whether the CPU has it, and changes
// nothing if not.
func Use(name string) bool {
	if s := named(name); s != nil {
		isa = s
		return true
	}
	return false
}
