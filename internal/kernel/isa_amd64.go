//go:build amd64 && !noasm

package kernel

import (
	"math"
	"time"
	"unsafe"

	"golang.org/x/sys/cpu"
)

//go:generate go -C gen run . -out ../asm_amd64.s -stubs ../asm_amd64.go -pkg kernel

func nativeSets() (sets []*instructionSet) {
	avx2 := cpu.X86.HasAVX2 && cpu.X86.HasFMA
	if avx2 && cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512VL {
		sets = append(sets, &avx512Set)
		if hasPairs() {
			avx512Set.halveBF16, avx512Set.roundPanel, avx512Set.pairPanel = halveNative, roundPanelNative, pairPanelNative
			if pairsFaster(pairs512.tiles[0][2], avx512Set.gemm.tiles[0][2]) {
				avx512Set.pairs = pairs512
			}
		}
	}
	if avx2 {
		sets = append(sets, &avx2Set)
	}
	return sets
}

var avx512Set = instructionSet{
	name: "avx512",

	exp: exp512, log: log512, tanh: tanh512, sigmoid: sigmoid512,
	softmaxBackward: softmaxBackward512, adam: adam512,
	lstm: lstm512, lstmBack: lstmBack512,
	relu: relu512, reluBack: reluBack512, highway: highway512, highwayBack: highwayBack512,
	subtract: subtract512, multiply: multiply512, normalise: normalise512, normaliseBack: normaliseBack512,
	axpyRows: axpyRows512,
	axpyGather: func(dst, alpha, src []float32, at []int32) {
		axpyGather512(dst, alpha, &src[0], at)
	},

	axpy: axpy512, scale: scale512, add: add512, dot: dot512,
	sum: sum512, max: max512, sumSquares: sumSquares512, index: index512, above: above512,
	expSum: expSum512, sumExp: sumExp512, expSumMax: expSumMax512, expSums: expSums512,
	addRows: func(dst, src []float32, rows, ld int) { addRows(addEight512, add512, dst, src, rows, ld) },
	maxRows: func(dst []float32, arg []int32, src []float32, rows, ld int) {
		maxRows512(dst, arg, &src[0], rows, ld)
	},
	transpose: transposeBlocks,
	prefetch:  prefetchAsked, stream: streamPast,

	uniform: uniform512, gumbel: gumbel512, gumbelAdd: gumbelAdd512, gumbelArgmax: gumbelArgmax512,

	gemm: gemmKernels{
		width:   16,
		vectors: 3,
		heights: []int{8, 4, 2, 1},
		tiles: [][]tileFunc{
			{tile8x1x512, tile8x2x512, tile8x3x512},
			{tile4x1x512, tile4x2x512, tile4x3x512},
			{tile2x1x512, tile2x2x512, tile2x3x512, tile2x4x512, tile2x5x512, tile2x6x512},
			{tile1x1x512, tile1x2x512, tile1x3x512, tile1x4x512, tile1x5x512, tile1x6x512},
		},
		rowsFew: 16,
	},
	roundBF16: roundBF16x512, pairBF16: pairBF16x512, halveBF16: halveBlocks,
	roundPanel: roundPanelRows(roundBF16x512), pairPanel: pairPanelRows(pairBF16x512),
}

// pairs512 are the tiles of AVX512_BF16.
var pairs512 = gemmKernels{
	width:   16,
	vectors: 3,
	heights: []int{8, 4, 2, 1},
	tiles: [][]tileFunc{
		{tileBF168x1x512, tileBF168x2x512, tileBF168x3x512},
		{tileBF164x1x512, tileBF164x2x512, tileBF164x3x512},
		{tileBF162x1x512, tileBF162x2x512, tileBF162x3x512},
		{tileBF161x1x512, tileBF161x2x512, tileBF161x3x512},
	},
}

// hasPairs tells whether the CPU has AVX512_BF16 and does with it what is meant.
func hasPairs() bool {
	return cpu.X86.HasAVX512BF16 && cpu.X86.HasAVX512BW && packsAgree(halveNative) && pairsAgree(pairs512.tiles[3][0])
}

// packsAgree tells whether the CPU rounds to bf16 as halveBF16Generic says, also what is
// halfway, denormal, infinite or no number.
func packsAgree(halve func(dst, src []float32)) bool {
	src, got, want := make([]float32, 32), make([]float32, 16), make([]float32, 16)
	for i := range src {
		bits := [...]uint32{0x3f808000, 0x3f818000, 0x3f808001, 0x00400000, 0x007fffff, 0x00800000, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fc12345}[i%10]
		src[i] = math.Float32frombits(bits | uint32(i&1)<<31)
	}
	halve(got, src)
	halveBF16Generic(want, src)
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			return false
		}
	}
	return true
}

// halveNative takes 32 values at a time.
func halveNative(dst, src []float32) {
	blocks := len(src) / 32
	if blocks > 0 {
		halveBF16native512(&dst[0], &src[0], blocks)
	}
	halveBlocks(dst[16*blocks:], src[32*blocks:])
}

func roundPanelNative(dst, src []float32, ld, steps, panel, cols int) {
	roundPanel512(&dst[0], &src[0], ld, steps, cols)
}

func pairPanelNative(dst, src []float32, ld, steps, panel, cols int) {
	pairPanel512(&dst[0], &src[0], ld, steps, cols)
}

// pairsFaster tells whether a tile of 8 x 3 vectors takes less time for 256 steps of
// k as pairs than as float32. Makers differ: an AMD core (Zen 5) issues VDPBF16PS as
// often as a float32 FMA, an Intel core (Sapphire Rapids) a quarter as often, which is
// half of the arithmetic. The answer decides the speed of a product and not its bits,
// so that it may depend on a clock: the least of eight rounds, some 60 microseconds.
func pairsFaster(pairs, single tileFunc) bool {
	const rows, columns, steps = 8, 48, 256
	a, b, c := make([]float32, rows*steps), make([]float32, steps*columns), make([]float32, rows*columns)
	least := [2]time.Duration{math.MaxInt64, math.MaxInt64}
	for range 8 {
		for i, tile := range []tileFunc{pairs, single} {
			k := steps / (2 - i)
			start := time.Now()
			tile(1, k, &a[0], 4*k, 4, &b[0], 4*columns, columns/3, &c[0], 4*columns, 1, 0, &c[0], 4*columns)
			least[i] = min(least[i], time.Since(start))
		}
	}
	return least[0] < least[1]
}

// pairsAgree tells whether a tile of one row and one vector of pairs does what
// genericBF16 says, also where sums cancel or are denormal: a maker's own idea of
// that must cost speed, not bits.
func pairsAgree(tile tileFunc) bool {
	const columns, steps = 16, 24
	var a [steps]float32
	var b [steps * columns]float32
	var got, want [columns]float32
	state := uint32(1)
	value := func() uint32 { // of bf16, exponents around those of denormal products
		state = state*1664525 + 1013904223
		return state>>16&0x80ff<<16 | (56+state>>13&15)<<23
	}
	for l := range steps {
		first, second := value(), value()
		a[l] = math.Float32frombits(first | second>>16)
		for j := range columns {
			x, y := value(), value()
			b[l*columns+j] = math.Float32frombits(x | y>>16)
			want[j] = fusedFlushed(math.Float32frombits(first), math.Float32frombits(x), want[j])
			want[j] = fusedFlushed(math.Float32frombits(second), math.Float32frombits(y), want[j])
		}
	}
	tile(1, steps, &a[0], 4*steps, 4, &b[0], 4*columns, columns, &got[0], 4*columns, 1, 0, &got[0], 4*columns)
	for j := range got {
		if math.Float32bits(got[j]) != math.Float32bits(want[j]) {
			return false
		}
	}
	return true
}

// halveBlocks takes 16 values at a time.
func halveBlocks(dst, src []float32) {
	blocks := len(src) / 16
	if blocks > 0 {
		halveBF16x512(&dst[0], &src[0], blocks)
	}
	halveBF16Generic(dst[8*blocks:], src[16*blocks:])
}

var avx2Set = instructionSet{
	name: "avx2",

	exp: exp256, log: log256, tanh: tanh256, sigmoid: sigmoid256,
	softmaxBackward: softmaxBackward256, adam: adam256,
	lstm: lstm256, lstmBack: lstmBack256,
	relu: relu256, reluBack: reluBack256, highway: highway256, highwayBack: highwayBack256,
	subtract: subtract256, multiply: multiply256, normalise: normalise256, normaliseBack: normaliseBack256,
	axpyRows: axpyRows256,
	axpyGather: func(dst, alpha, src []float32, at []int32) {
		axpyGather256(dst, alpha, &src[0], at)
	},

	axpy: axpy256, scale: scale256, add: add256, dot: dot256,
	sum: sum256, max: max256, sumSquares: sumSquares256, index: index256, above: above256,
	expSum: expSum256, sumExp: sumExp256, expSumMax: expSumMax256, expSums: expSums256,
	addRows: func(dst, src []float32, rows, ld int) { addRows(addEight256, add256, dst, src, rows, ld) },
	maxRows: func(dst []float32, arg []int32, src []float32, rows, ld int) {
		maxRows256(dst, arg, &src[0], rows, ld)
	},
	transpose: transposeBlocks,
	prefetch:  prefetchAsked, stream: streamPast,

	uniform: uniform256, gumbel: gumbel256, gumbelAdd: gumbelAdd256, gumbelArgmax: gumbelArgmax256,

	gemm: gemmKernels{
		width:   8,
		vectors: 2,
		heights: []int{6, 5, 4, 3, 2, 1},
		tiles: [][]tileFunc{
			{tile6x1x256, tile6x2x256},
			{tile5x1x256, tile5x2x256},
			{tile4x1x256, tile4x2x256},
			{tile3x1x256, tile3x2x256},
			{tile2x1x256, tile2x2x256, tile2x3x256, tile2x4x256, tile2x5x256, tile2x6x256},
			{tile1x1x256, tile1x2x256, tile1x3x256, tile1x4x256, tile1x5x256, tile1x6x256},
		},
		even:    true,
		rowsFew: 64,
	},
	roundBF16: roundBF16x256, pairBF16: pairBF16Generic, halveBF16: halveBF16Generic,
	roundPanel: roundPanelRows(roundBF16x256), pairPanel: pairPanelRows(pairBF16Generic),
}

// addRows adds rows, ld apart, to dst one after the other, eight in a pass.
func addRows(add8 func(dst []float32, src *float32, ld int), add func(dst, x []float32), dst, src []float32, rows, ld int) {
	i := 0
	for ; i+8 <= rows; i += 8 {
		add8(dst, &src[i*ld], ld)
	}
	for ; i < rows; i++ {
		add(dst, src[i*ld:][:len(dst)])
	}
}

// transposeBlocks takes 16 rows at a time, which write whole cache lines.
func transposeBlocks(dst []float32, ldd int, src []float32, lds, rows, cols int) {
	wholeRows, wholeCols := rows&^7, cols&^7
	for i := 0; i < wholeRows && wholeCols > 0; i += 16 {
		transpose8(&dst[i], ldd, &src[i*lds], lds, min(16, wholeRows-i)/8, wholeCols/8)
	}
	if wholeRows < rows {
		transposeGeneric(dst[wholeRows:], ldd, src[wholeRows*lds:], lds, rows-wholeRows, wholeCols)
	}
	if wholeCols < cols {
		transposeGeneric(dst[wholeCols*ldd:], ldd, src[wholeCols:], lds, rows, cols-wholeCols)
	}
}

func prefetchAsked(x []float32) {
	if len(x) > 0 {
		prefetchLines(&x[0], (len(x)+line-1)/line)
	}
}

// streamPast copies whole lines past the caches, and what stands before and
// behind them in dst as usual.
func streamPast(dst, src []float32) {
	if len(dst) < 2*line {
		copy(dst, src)
		return
	}
	head := int(-uintptr(unsafe.Pointer(&dst[0]))/4) % line
	lines := (len(dst) - head) / line
	copy(dst[:head], src)
	streamLines(&dst[head], &src[head], lines)
	head += lines * line
	copy(dst[head:], src[head:])
}
