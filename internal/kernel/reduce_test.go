package kernel

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReductions(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, n := range append([]int{0}, lengths...) {
			x, y := random(n), random(n + 1)[:n]
			var sum, abs, dot, squares float64
			for i := range x {
				sum += float64(x[i])
				abs += math.Abs(float64(x[i]))
				dot += float64(x[i]) * float64(y[i])
				squares += float64(x[i]) * float64(x[i])
			}
			tolerance := 1e-7*abs*math.Log2(float64(n+2)) + float64(n)*1e-9
			require.InDelta(t, sum, float64(Sum(x)), tolerance)
			require.InDelta(t, dot, float64(Dot(x, y)), tolerance)
			require.InDelta(t, squares, SumSquares(x), 1e-13*squares)
			// The same bits as the plain Go.
			require.Equal(t, sumGeneric(x), Sum(x))
			require.Equal(t, sumSquaresGeneric(x), SumSquares(x))
			z := append([]float32(nil), y...)
			Add(z, x)
			addGeneric(y, x)
			requireSameBits(t, y, z)
			Scale(1.7, z)
			scaleGeneric(1.7, y)
			requireSameBits(t, y, z)
			Axpy(0.3, x, z)
			axpyGeneric(0.3, x, y)
			for i := range y {
				require.InDelta(t, y[i], z[i], 4e-7)
			}
		}
	})
}

// Work that is split among cores gives the same bits on any number of them.
func TestSplitWork(t *testing.T) {
	defer SetThreads(0)
	eachISA(t, func(t *testing.T) {
		x := random(5*squaresBlock + 17)
		exact := 0.0
		for _, v := range x {
			exact += float64(v) * float64(v)
		}
		rows, cols := 133, len(x)/133
		var sum float64
		for threads := 1; threads <= 3; threads++ {
			SetThreads(threads)
			got := SumSquares(x)
			if threads == 1 {
				sum = got
				require.InEpsilon(t, exact, sum, 1e-12)
			}
			require.Equal(t, sum, got)
			turned, want := make([]float32, rows*cols), make([]float32, rows*cols)
			Transpose(turned, x[:rows*cols], rows, cols)
			transposeGeneric(want, rows, x, cols, rows, cols)
			requireSameBits(t, want, turned)
		}
		y := make([]float32, rows*cols)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			SumSquares(x)
			Transpose(y, x[:rows*cols], rows, cols)
		}))
	})
}

func TestMax(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	negZero := float32(math.Copysign(0, -1))
	eachISA(t, func(t *testing.T) {
		for _, c := range []struct {
			x     []float32
			v     float32
			first int
		}{
			{nil, -inf, 0}, {[]float32{nan}, -inf, 0}, {[]float32{-inf, -inf}, -inf, 0}, {[]float32{nan, 1, inf, nan}, inf, 2},
			{[]float32{negZero, 0}, negZero, 0}, {[]float32{-1, 0, negZero}, 0, 1}, {[]float32{-3, -2, -2}, -2, 1},
		} {
			v, first := Max(c.x)
			require.Equal(t, math.Float32bits(c.v), math.Float32bits(v), "%v", c.x)
			require.Equal(t, c.first, first, "%v", c.x)
		}
		for _, n := range lengths {
			for _, at := range []int{0, n / 3, n - 1} {
				x := random(n)
				x[at], x[n-1] = 5, 5
				v, first := Max(x)
				require.EqualValues(t, 5, v)
				require.Equal(t, at, first)
			}
		}
	})
}

func TestMatrices(t *testing.T) {
	eachISA(t, func(t *testing.T) {
		for _, rows := range []int{1, 2, 7, 8, 9, 16, 23, 64, 71, 130} {
			for _, cols := range []int{1, 3, 7, 8, 9, 16, 17, 40, 100} {
				x := random(rows * cols)
				y := make([]float32, rows*cols)
				Transpose(y, x, rows, cols)
				for i := range rows {
					for j := range cols {
						require.Equal(t, x[i*cols+j], y[j*rows+i])
					}
				}
				ld := cols + 3
				x = random((rows-1)*ld + cols)
				for i := range x { // ties, and NaN
					x[i] = float32(math.Round(float64(3 * x[i])))
					if i%11 == 5 {
						x[i] = float32(math.NaN())
					}
				}
				top, where := random(cols), make([]int32, cols)
				wantTop, wantWhere := random(cols), make([]int32, cols)
				MaxRows(top, where, x, rows, cols, ld)
				maxRowsGeneric(wantTop, wantWhere, x, rows, ld)
				require.Equal(t, wantWhere, where)
				requireSameBits(t, wantTop, top)

				x = random((rows-1)*ld + cols)
				sums, want := random(cols), random(cols)
				AddColumnSums(sums, x, rows, cols, ld)
				addRowsGeneric(want, x, rows, ld)
				require.Equal(t, want, sums)
			}
		}
		AddColumnSums(nil, nil, 3, 0, 0)
		AddColumnSums([]float32{1}, nil, 0, 1, 1)
		Transpose(nil, nil, 0, 5)
		MaxRows(nil, nil, nil, 3, 0, 0)
		require.Panics(t, func() { MaxRows(make([]float32, 1), make([]int32, 1), nil, 0, 1, 1) })
	})
}

// Slices that do not go together are refused.
func TestLengths(t *testing.T) {
	a, b, arg := make([]float32, 3), make([]float32, 4), make([]int32, 3)
	for name, f := range map[string]func(){
		"Exp": func() { Exp(a, b) }, "Log": func() { Log(a, b) }, "Tanh": func() { Tanh(a, b) }, "Sigmoid": func() { Sigmoid(a, b) },
		"SoftmaxScaled":   func() { Softmax(a, b) },
		"SoftmaxBackward": func() { SoftmaxBackward(a, a, b, 1) }, "GumbelSoftmax": func() { GumbelSoftmax(a, b, 1, testKey) },
		"SampleRow": func() { SampleRowNext(a, b, 0, 1, 0.5, a) }, "ExpLSE": func() { ExpLSE(a, 0, b) }, "Axpy": func() { Axpy(1, a, b) }, "Dot": func() { Dot(a, b) }, "Add": func() { Add(a, b) },
		"Transpose": func() { Transpose(a, b, 1, 3) }, "Adam": func() { Adam(a, a, a, b, 0, 0, 0, 0, 1, 1, 0, 0) },
		"AddColumnSums": func() { AddColumnSums(a, b, 2, 3, 3) }, "MaxRows": func() { MaxRows(a, arg, b, 2, 3, 3) },
	} {
		message := func() (m any) {
			defer func() { m = recover() }()
			f()
			return nil
		}()
		require.Regexp(t, "^kernel: "+name+": ", message)
	}
}

func requireSameBits(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("value %d: %v (%#x), want %v (%#x)", i, got[i], math.Float32bits(got[i]), want[i], math.Float32bits(want[i]))
		}
	}
}

// The assembly of every set gives the same bits, whatever the length.
func TestAssemblySameBits(t *testing.T) {
	names := assembly()
	if len(names) < 2 {
		t.Skip("one set of assembly or none")
	}
	chosen := ISA()
	defer Use(chosen)
	results := func(n int) (out []float32) {
		x, y := random(n), random(n + 1)[:n]
		Scale(20, x)
		each := func(f func(dst []float32)) {
			dst := append([]float32(nil), y...)
			f(dst)
			out = append(out, dst...)
		}
		for _, m := range mappings {
			each(func(dst []float32) { m.f(dst, x) })
		}
		each(func(dst []float32) { Axpy(0.7, x, dst) })
		each(func(dst []float32) { SoftmaxBackward(dst, x, y, 0.3) })
		each(func(dst []float32) { Softmax(dst, x); out = append(out, LogSumExp(x), Dot(x, y)) })
		each(func(dst []float32) { Uniform(dst, testKey) })
		each(func(dst []float32) { Gumbel(dst, testKey) })
		each(func(dst []float32) { out = append(out, float32(GumbelSoftmax(dst, x, 0.8, testKey))) })
		m, v := random(n + 2)[:n], random(n + 3)[:n]
		for i := range v {
			v[i] *= v[i]
		}
		each(func(dst []float32) { Adam(dst, m, v, y, 1e-3, 0.9, 0.999, 1e-8, 0.5, 0.6, 0.7, 0.01) })
		return append(append(out, m...), v...)
	}
	for _, n := range lengths {
		Use(names[0])
		want := results(n)
		for _, name := range names[1:] {
			Use(name)
			requireSameBits(t, want, results(n))
		}
	}
}

// Rows apart are moved like rows side by side, and what lies between them stays.
func TestRowsApart(t *testing.T) {
	defer SetThreads(0)
	eachISA(t, func(t *testing.T) {
		for _, rows := range []int{1, 3, 9, 40} {
			for _, cols := range []int{1, 16, 17, 2000} {
				for threads := 1; threads <= 2; threads++ {
					SetThreads(threads)
					lds, ldd := cols+3, Stride(cols)
					require.Zero(t, ldd%16)
					require.Less(t, ldd-cols, 16)
					src, dst := random(rows*lds), random(rows*ldd)
					want := slices.Clone(dst)
					for i := range rows {
						copy(want[i*ldd:][:cols], src[i*lds:])
					}
					CopyRows(dst, ldd, src, lds, rows, cols)
					requireSameBits(t, want, dst)
					ldd = Stride(rows)
					dst = random(cols * ldd)
					want = slices.Clone(dst)
					transposeGeneric(want, ldd, src, lds, rows, cols)
					TransposeRows(dst, ldd, src, lds, rows, cols)
					requireSameBits(t, want, dst)
					require.Panics(t, func() { CopyRows(dst[:rows*cols-1], cols, src, lds, rows, cols) })
					require.Panics(t, func() { TransposeRows(dst[:rows*cols-1], rows, src, lds, rows, cols) })
				}
			}
		}
	})
}
