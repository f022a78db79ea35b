package op

import (
	"encoding/binary"
	"fmt"
	"hash"
	"hash/fnv"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// The gradient of a is the very node that the gradients of b and c are
// computed from, some of them in place.
func TestGradOutlivesItsReaders(t *testing.T) {
	g := NewGraph()
	w := []float32{2, 3, 4}
	leaf := func(name string, data ...float32) *G.Node { return g.Leaf(name, data, true, 3) }
	a, b, c := leaf("a", 1, 2, 3), leaf("b", 0.5, 1, 1.5), leaf("c", 1, 3, 5)
	y := g.Must(G.Add(g.Must(G.HadamardDiv(g.Must(G.Tanh(b)), g.Must(G.Exp(c)))), a))
	loss := g.Must(G.Sum(g.Must(G.HadamardProd(y, g.Leaf("w", w, false, 3)))))
	p, err := g.Compile(loss, a, b, c)
	require.NoError(t, err)
	for range 2 {
		_, err = p.Run()
		require.NoError(t, err)
		require.Equal(t, w, p.Grad(0))
	}
	require.NoError(t, p.Close())
}

// An operation that does what it is told.
type fake struct {
	out     *tensor.Dense
	problem string
	late    bool // panics in backward
}

func (f *fake) forward([]G.Value) G.Value {
	if !f.late && f.problem != "" {
		panic(f.problem)
	}
	return f.out
}

func (f *fake) backward(_ []G.Value, _ G.Value, dIn [][]float32) {
	if f.problem != "" {
		panic(f.problem)
	}
	clear(dIn[0])
}

func TestPanicsAreErrors(t *testing.T) {
	for name, late := range map[string]bool{"Fake": false, "dFake": true} {
		g := NewGraph()
		x := g.Leaf("x", []float32{1, 2}, true, 2)
		f := &fake{out: zeros(2), late: late}
		p, err := g.Compile(g.Must(G.Sum(g.apply("Fake", f, f.out, x))), x)
		require.NoError(t, err)
		for range 2 {
			f.problem = "out of paper"
			_, err = p.Run()
			require.EqualError(t, err, "op: "+name+": out of paper")
			f.problem = ""
			_, err = p.Run()
			require.NoError(t, err)
		}
	}
}

// A run ends with one error, whoever finds that something is wrong.
func TestRunErrors(t *testing.T) {
	g := NewGraph()
	x := G.NewTensor(g.ExprGraph, G.Float32, 1, G.WithName("x"), G.WithShape(2)) // without a value
	p, err := g.Compile(g.Must(G.Sum(x)))
	require.NoError(t, err)
	_, err = p.Run()
	require.ErrorContains(t, err, "op: run: no value bound to leaf x")

	g = NewGraph() // the library finds another type than it was told
	half := G.NewScalar(g.ExprGraph, G.Float32, G.WithName("half"), G.WithValue(float32(.5)))
	p, err = g.Compile(g.Must(G.Sum(g.Must(G.Mul(g.Leaf("y", []float32{1, 2}, false, 2), half)))))
	require.NoError(t, err)
	_, err = p.Run()
	require.NoError(t, err)
	require.NoError(t, G.Let(half, .5))
	_, err = p.Run()
	require.ErrorContains(t, err, "op: run: ")
	require.ErrorContains(t, err, "float64")
}

// What a node has computed is there after the run, though its reader could have
// written into it.
func TestReader(t *testing.T) {
	g := NewGraph()
	x := g.Leaf("x", []float32{1, 2}, false, 2)
	y := g.Must(G.Exp(g.Must(G.HadamardProd(x, x))))
	square := g.Reader(g.Must(G.HadamardProd(x, x))) // the same node as above
	p, err := g.Compile(g.Must(G.Sum(g.Must(G.Add(y, x)))))
	require.NoError(t, err)
	for range 2 {
		_, err = p.Run()
		require.NoError(t, err)
		require.Equal(t, []float32{1, 4}, square())
	}
}

func TestCompileRefuses(t *testing.T) {
	data := []float32{1, 2}
	t.Run("a leaf without a way to the loss", func(t *testing.T) {
		g := NewGraph()
		x, lost := g.Leaf("x", data, true, 2), g.Leaf("lost", data, true, 2)
		_, err := g.Compile(g.Must(G.Sum(g.Must(G.Square(x)))), x, lost)
		require.ErrorContains(t, err, "op: differentiate: ")
	})
	t.Run("a leaf behind a frozen way", func(t *testing.T) {
		g := NewGraph()
		x := g.Leaf("x", []float32{1, 2}, false, 1, 2)
		W, b := g.Leaf("W", data, true, 2, 1), g.Leaf("b", data[:1], true, 1)
		_, err := g.Compile(g.Must(G.Sum(g.Dense(x, W, b, Tanh))), W, b, x)
		require.ErrorContains(t, err, "op: differentiate: ")
	})
	t.Run("a mistake made before", func(t *testing.T) {
		g := NewGraph()
		x := g.Leaf("x", data, true, 3)
		require.Nil(t, x)
		require.Nil(t, g.Dense(x, x, x, Tanh)) // takes nil nodes from then on
		require.Nil(t, g.RNN(LSTM.Core(1, 1), x, x, nil, x, x))
		require.Nil(t, g.Ints("ids", nil, 2))
		require.Empty(t, g.Rollout(Net{}, x, x, x, RolloutConfig{}))
		require.Nil(t, g.Must(nil, fmt.Errorf("another")))
		_, err := g.Compile(x)
		require.EqualError(t, err, "op: x: 2 values for shape [3]")
	})
	t.Run("a statement", func(t *testing.T) {
		g := NewGraph()
		x := g.Leaf("x", data, true, 2)
		var v G.Value
		G.Read(x, &v)
		_, err := g.Compile(g.Must(G.Sum(x)), x)
		require.ErrorContains(t, err, "computes nothing; a Reader")
	})
	t.Run("an error of the library", func(t *testing.T) {
		g := NewGraph()
		_, err := G.Add(g.Leaf("x", data, true, 2), g.Leaf("y", []float32{1, 2, 3}, true, 3))
		require.Error(t, err)
		g.Must(nil, err)
		require.ErrorIs(t, g.Err(), err)
	})
}

// salted is an operation that chooses what it adds to its node's hash.
type salted struct {
	operation
	salt uint32
}

func (s *salted) WriteHash(h hash.Hash) { binary.Write(h, binary.LittleEndian, s.salt) }

// The library takes one of two colliding nodes for the other.
func TestCompileRefusesHashCollision(t *testing.T) {
	g := NewGraph()
	leaves := []*G.Node{g.Leaf("x", []float32{1, 2}, false, 2), g.Leaf("y", []float32{3, 4}, false, 2)}
	node := func(x *G.Node, salt uint32) *G.Node {
		f := &fake{out: zeros(2)}
		o := &salted{operation{base: newBase("Fake", f.out), f: f, need: []bool{false}}, salt}
		o.types = append(o.types, typeOf(x))
		return g.Must(G.ApplyOp(o, x))
	}
	// By the birthday paradox two families of 2^18 nodes share some sixteen of
	// 2^32 hashes; how the library hashes a node is checked below.
	hashes := func(x *G.Node, salt uint32) uint32 {
		h := fnv.New32a()
		fmt.Fprintf(h, "%v%v", x.Type(), x.Shape())
		binary.Write(h, binary.LittleEndian, salt)
		h.Write([]byte{1})
		binary.Write(h, binary.LittleEndian, x.Hashcode())
		return h.Sum32()
	}
	first := map[uint32]uint32{}
	const odd = 0x9e3779b1 // scatters the salts: FNV mixes neighbours badly
	for i := range uint32(1 << 18) {
		first[hashes(leaves[0], i*odd)] = i * odd
	}
	for i := range uint32(1 << 18) {
		salt := i * odd
		other, found := first[hashes(leaves[1], salt)]
		if !found {
			continue
		}
		a, b := node(leaves[0], other), node(leaves[1], salt)
		require.NotSame(t, a, b)
		require.Equal(t, a.Hashcode(), b.Hashcode())
		_, err := g.Compile(g.Must(G.Sum(g.Must(G.Add(a, b)))))
		require.ErrorContains(t, err, "share a hash")
		return
	}
	t.Fatal("no two nodes with one hash")
}

func TestOutput(t *testing.T) {
	g := NewGraph()
	x := []float32{1, 2, 3}
	p, err := g.Compile(g.Must(G.Square(g.Leaf("x", x, false, 3))))
	require.NoError(t, err)
	for _, v := range []float32{1, 5} {
		x[0] = v
		_, err = p.Run()
		require.NoError(t, err)
		require.Equal(t, []float32{v * v, 4, 9}, p.Output())
	}
}

// The library would bind both names to the first slice.
func TestLeavesOfOneName(t *testing.T) {
	g := NewGraph()
	g.Leaf("x", []float32{1}, true, 1)
	require.Nil(t, g.Leaf("x", []float32{2}, true, 1))
	require.ErrorContains(t, g.Err(), "x: two leaves have this name")
}

func TestShapesThatDoNotFit(t *testing.T) {
	for name, build := range map[string]func(g *Graph, f func(...int) *G.Node, ids, lengths *G.Node) *G.Node{
		"Dense": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.Dense(f(2, 3), f(4, 5), f(5), Tanh)
		},
		"Dense bias": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.Dense(f(2, 3), f(3, 5), f(4), Tanh)
		},
		"Highway": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.Highway(f(2, 3), f(3, 3), f(3), f(3, 4), f(3))
		},
		"Highway bias": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.Highway(f(2, 3), f(3, 3), f(2), f(3, 3), f(3))
		},
		"SpectralNorm": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.SpectralNorm(f(2, 3), f(3), true)
		},
		"RNN": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.RNN(GRU.Core(3, 2), f(8, 3), n, []*G.Node{f(3, 8), f(2, 6), f(8)}, nil, nil)
		},
		"RNN rows": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.RNN(GRU.Core(3, 2), f(7, 3), n, []*G.Node{f(3, 6), f(2, 6), f(8)}, nil, nil)
		},
		"RNN bias": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.RNN(GRU.Core(3, 2), f(8, 3), n, []*G.Node{f(3, 6), f(2, 6), f(6)}, nil, nil)
		},
		"RNN h0": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.RNN(GRU.Core(3, 2), f(8, 3), n, []*G.Node{f(3, 6), f(2, 6), f(8)}, f(4, 3), nil)
		},
		"PackedXent": func(g *Graph, f func(...int) *G.Node, i, n *G.Node) *G.Node {
			return g.PackedXent(f(8, 3), f(3, 5), f(5), i, n, f(4, 2), true)
		},
		"PackedXent w": func(g *Graph, f func(...int) *G.Node, i, n *G.Node) *G.Node {
			return g.PackedXent(f(8, 3), f(3, 5), f(5), i, n, f(4, 3), false)
		},
		"TextConv": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.TextConv(f(4, 2, 3), n, []int{3}, []*G.Node{f(9, 5)}, []*G.Node{f(5)})
		},
		"TextConv bias": func(g *Graph, f func(...int) *G.Node, _, n *G.Node) *G.Node {
			return g.TextConv(f(4, 2, 3), n, []int{1, 2}, []*G.Node{f(3, 5), f(6, 5)}, []*G.Node{f(5), f(4)})
		},
	} {
		g := NewGraph()
		ids, lengths := g.Ints("ids", make([]int32, 8), 4, 2), g.Ints("lengths", make([]int32, 4), 4)
		leaf := func(shape ...int) *G.Node {
			return g.Leaf(fmt.Sprint(len(g.names)), make([]float32, tensor.Shape(shape).TotalSize()), true, shape...)
		}
		require.Nil(t, build(g, leaf, ids, lengths), name)
		require.ErrorContains(t, g.Err(), "fit", name)
	}
}

func TestNeeds(t *testing.T) {
	g := NewGraph()
	data := make([]float32, 4)
	x, W, b := g.Leaf("x", data[:2], false, 1, 2), g.Leaf("W", data, false, 2, 2), g.Leaf("b", data[:2], true, 2)
	frozen := g.Must(G.Tanh(g.Dense(x, W, g.Leaf("c", data[:2], false, 2), Tanh)))
	y := g.Dense(frozen, W, b, Tanh)
	require.NoError(t, g.Err())
	require.False(t, g.Needs(frozen))
	require.True(t, g.Needs(y))
	require.Equal(t, []bool{false, false, true}, y.Op().(*operation).need)
	require.True(t, g.Needs(g.Must(G.Add(frozen, y))))
}

func TestPlan(t *testing.T) {
	p := NewPlan(5)
	for range 2 {
		p.Set([]int32{4, 2, 2, 0})
		require.Equal(t, Plan{Count: []int{3, 3, 1, 1, 0}, Off: []int{0, 3, 6, 7, 8}, N: 8, Steps: 4}, *p)
		p.Set([]int32{0, 0})
		require.Equal(t, Plan{Count: []int{0, 0, 0, 0, 0}, Off: []int{0, 0, 0, 0, 0}}, *p)
		p.Set([]int32{5})
		require.Equal(t, Plan{Count: []int{1, 1, 1, 1, 1}, Off: []int{0, 1, 2, 3, 4}, N: 5, Steps: 5}, *p)
	}
	require.PanicsWithValue(t, "lengths must fall: row 1 has 3 after 2", func() { p.Set([]int32{2, 3}) })
	require.PanicsWithValue(t, "lengths must lie in 0..5: row 0 has 6", func() { p.Set([]int32{6}) })
	require.PanicsWithValue(t, "lengths must lie in 0..5: row 1 has -1", func() { p.Set([]int32{1, -1}) })
}

func TestRunKey(t *testing.T) {
	words := make([]uint32, 3)
	k := RunKey{Seed: 0x0123456789abcdef, Step: 42}
	k.Put(words)
	require.Equal(t, []uint32{0x89abcdef, 0x01234567, 42}, words)
	require.Equal(t, k, KeyOf(tensor.New(tensor.WithShape(3), tensor.WithBacking(words))))
}
