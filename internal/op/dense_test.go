package op

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	G "gorgonia.org/gorgonia"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

func denseTrial(act Activation, N, I, O int) *trial {
	return &trial{
		kinks:  act == ReLU,
		inputs: []*input{random("x", 1, N, I), random("W", 0.5, I, O), random("b", 0.5, O)},
		build:  func(g *Graph, in []*G.Node) *G.Node { return g.Dense(in[0], in[1], in[2], act) },
		plain: func(_ *tape, in [][]num) (y []num) {
			for n := range N {
				z := affine(row(in[0], n, I), in[1], in[2])
				switch act {
				case ReLU:
					z = each(z, num.relu)
				case Tanh:
					z = each(z, num.tanh)
				}
				y = append(y, z...)
			}
			return y
		},
	}
}

func TestDense(t *testing.T) {
	for act, name := range []string{"identity", "relu", "tanh"} {
		t.Run(name, denseTrial(Activation(act), 5, 4, 3).check)
	}
	t.Run("one value", denseTrial(Tanh, 1, 1, 1).check)
	t.Run("cores", denseTrial(ReLU, 70, 65, 50).checkThreads)
}

func highwayTrial(N, I int) *trial {
	return &trial{
		kinks:  true,
		inputs: []*input{random("x", 1, N, I), random("Wh", 0.5, I, I), random("bh", 0.5, I), random("Wg", 0.5, I, I), random("bg", 0.5, I)},
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.Highway(in[0], in[1], in[2], in[3], in[4])
		},
		plain: func(_ *tape, in [][]num) (y []num) {
			for n := range N {
				x := row(in[0], n, I)
				h, gate := affine(x, in[1], in[2]), affine(x, in[3], in[4])
				for i := range x {
					g := gate[i].sigmoid()
					y = append(y, g.mul(h[i].relu()).add(g.times(-1).plus(1).mul(x[i])))
				}
			}
			return y
		},
	}
}

func TestHighway(t *testing.T) {
	t.Run("small", highwayTrial(5, 4).check)
	t.Run("cores", highwayTrial(60, 50).checkThreads)
}

func dropoutTrial(p float64, layer uint32, shape ...int) (*trial, []uint32) {
	key := make([]uint32, 3)
	tr := &trial{
		inputs: []*input{random("x", 1, shape...)},
		vary:   func(batch int) { RunKey{Seed: 5 << 33, Step: uint32(batch)}.Put(key) },
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.Dropout(in[0], p, g.Key("key", key), layer)
		},
		plain: func(t *tape, in [][]num) []num {
			u := make([]float32, len(in[0]))
			kernel.Uniform(u, rng.Key{Seed: 5 << 33, Stream: rng.Dropout, Step: key[2], Row: layer})
			y := t.zeros(len(u))
			for i, x := range in[0] {
				if float64(u[i]) >= p {
					y[i] = x.times(1 / (1 - p))
				}
			}
			return y
		},
	}
	tr.vary(0)
	return tr, key
}

func TestDropout(t *testing.T) {
	tr, _ := dropoutTrial(0.3, 2, 5, 4)
	tr.check(t)
	tr, _ = dropoutTrial(0.5, 0, 3, 4, 2)
	tr.check(t)
}

// The mask is a function of key and layer; each value is kept with probability
// 1-p, so that the mean stays.
func TestDropoutMask(t *testing.T) {
	const n = 20000
	for _, p := range []float64{0.1, 0.5, 0.9} {
		mask := func(layer, step uint32) []float32 {
			tr, key := dropoutTrial(p, layer, n)
			for i := range tr.inputs[0].data {
				tr.inputs[0].data[i] = 1
			}
			key[2] = step
			w := tr.program(t, alone, none)
			w.run(t)
			return flat(w.out())
		}
		a := mask(0, 7)
		kept := 0
		for _, v := range a {
			if v != 0 {
				kept++
				require.InEpsilon(t, 1/(1-p), v, 1e-6)
			}
		}
		spread := math.Sqrt(n * p * (1 - p))
		require.InDelta(t, n*(1-p), kept, 4*spread)
		require.Equal(t, a, mask(0, 7))
		for _, b := range [][]float32{mask(1, 7), mask(0, 8)} { // independent: both keep (1-p)^2
			both := 0
			for i := range a {
				if a[i] != 0 && b[i] != 0 {
					both++
				}
			}
			q := (1 - p) * (1 - p)
			require.InDelta(t, n*q, both, 4*math.Sqrt(n*q*(1-q)))
		}
	}
	g := NewGraph()
	x := g.Leaf("x", make([]float32, 3), true, 3)
	require.Same(t, x, g.Dropout(x, 0, nil, 0)) // nothing is dropped, nothing is drawn
	require.Nil(t, g.Dropout(x, 1, g.Key("key", make([]uint32, 3)), 0))
	require.ErrorContains(t, g.Err(), "0 <= p < 1")
}

func TestRows(t *testing.T) {
	tr := &trial{
		inputs: []*input{random("x", 1, 6, 3)},
		build:  func(g *Graph, in []*G.Node) *G.Node { return g.Rows(in[0], 2, 5) },
		plain:  func(_ *tape, in [][]num) []num { return in[0][2*3 : 5*3] },
	}
	tr.check(t)
	far := &trial{ // the library takes its slices x[0:4] and x[256:260] for one node
		inputs: []*input{random("x", 1, 260, 2)},
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.Must(G.HadamardProd(g.Rows(in[0], 0, 4), g.Rows(in[0], 256, 260)))
		},
		plain: func(_ *tape, in [][]num) []num { return times(in[0][:8], in[0][512:]) },
	}
	far.checkMeaning(t)
	w := far.program(t, alone, none)
	w.run(t).same(t, w.run(t), "again") // the two gradients are added up inside one of them
	g := NewGraph()
	require.Nil(t, g.Rows(g.Leaf("x", make([]float32, 6), true, 3, 2), 2, 4))
	require.ErrorContains(t, g.Err(), "rows 2..3 of (3, 2)")
}

// powerStep is v = W'u/|W'u|, u = Wv/|Wv| in float64.
func powerStep(W, u []float32) (v, next []float32) {
	I := len(u)
	O := len(W) / I
	a, b := make([]float64, O), make([]float64, I)
	for i := range I {
		for o := range O {
			a[o] += float64(u[i]) * float64(W[i*O+o])
		}
	}
	v = unit32(a)
	for i := range I {
		for o := range O {
			b[i] += float64(W[i*O+o]) * float64(v[o])
		}
	}
	return v, unit32(b)
}

func unit32(x []float64) (y []float32) {
	norm := 0.0
	for _, e := range x {
		norm += e * e
	}
	for _, e := range x {
		y = append(y, float32(e/math.Sqrt(norm)))
	}
	return y
}

// spectralTrial starts from a u that has seen some steps. The gradient is that
// of W / u'Wv with the u and v of the run as constants.
func spectralTrial(I, O, steps int) (tr *trial, u []float32) {
	W := random("W", 1, I, O)
	u = random("u", 1, I).data
	for range steps {
		_, u = powerStep(W.data, u)
	}
	return &trial{
		inputs: []*input{W},
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.SpectralNorm(in[0], g.Leaf("u", u, false, I), false)
		},
		plain: func(t *tape, in [][]num) []num {
			w := make([]float32, len(in[0]))
			for i, v := range in[0] {
				w[i] = float32(v.val())
			}
			v, next := powerStep(w, u)
			sigma := t.lift(0)
			for i, ui := range t.lifts(next) {
				sigma = sigma.add(ui.mul(dot(row(in[0], i, O), t.lifts(v))))
			}
			return each(in[0], sigma.inverse().mul)
		},
	}, u
}

func TestSpectralNorm(t *testing.T) {
	tr, u := spectralTrial(5, 4, 0)
	was := slices.Clone(u)
	for _, check := range []func(*testing.T){tr.checkMeaning, tr.checkFrozen, tr.checkAgain, tr.checkThreads, tr.checkAllocations} {
		check(t)
		require.Equal(t, was, u)
	}
	// At the fixed point u and v do not move to first order.
	tr, _ = spectralTrial(5, 4, 200)
	tr.inputs[0].bare = true
	tr.checkDifferences(t)
	tr, _ = spectralTrial(70, 60, 0)
	tr.checkThreads(t)
}

// With update one run is one step, and sigma comes to the largest singular
// value.
func TestSpectralNormConverges(t *testing.T) {
	for _, shape := range [][2]int{{6, 4}, {3, 7}, {5, 1}, {1, 5}} {
		I, O := shape[0], shape[1]
		W, u := random("W", 1, I, O).data, random("u", 1, I).data
		g := NewGraph()
		nW := g.Leaf("W", W, true, I, O)
		y := g.SpectralNorm(nW, g.Leaf("u", u, false, I), true)
		require.NoError(t, g.Err())
		out := g.Reader(y)
		p, err := g.Compile(g.Must(G.Sum(y)), nW)
		require.NoError(t, err)
		for range 300 {
			_, want := powerStep(W, u)
			_, err := p.Run()
			require.NoError(t, err)
			require.LessOrEqual(t, gradcheck.Distance(u, want), 10*valueTol)
		}
		w64 := mat.NewDense(I, O, nil)
		for i, v := range W {
			w64.Set(i/O, i%O, float64(v))
		}
		var svd mat.SVD
		require.True(t, svd.Factorize(w64, mat.SVDNone))
		w64.Scale(1/svd.Values(nil)[0], w64)
		require.LessOrEqual(t, gradcheck.Distance(out(), w64.RawMatrix().Data), 10*valueTol)
	}
}

// A layer that starts from zero stays zero, and its u survives for later.
func TestSpectralNormOfZero(t *testing.T) {
	W, u := make([]float32, 6), []float32{0.6, 0, 0.8}
	g := NewGraph()
	nW := g.Leaf("W", W, true, 3, 2)
	y := g.SpectralNorm(nW, g.Leaf("u", u, false, 3), true)
	p, err := g.Compile(g.Must(G.Sum(y)), nW)
	require.NoError(t, err)
	loss, err := p.Run()
	require.NoError(t, err)
	require.Zero(t, loss)
	require.Equal(t, []float32{0.6, 0, 0.8}, u)
	copy(W, []float32{1, 2, 3, 4, 5, 6})
	for range 50 {
		loss, err = p.Run()
		require.NoError(t, err)
	}
	require.InDelta(t, 21/9.5255181, loss, 1e-5) // the matrix's largest singular value
}
