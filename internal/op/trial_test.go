package op

import (
	"fmt"
	"hash/fnv"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

const (
	// An operation is some hundred float32 roundings of 6e-8 deep.
	valueTol = 2e-6
	// The gradient passes through the operation twice and through sums of
	// terms that cancel.
	gradTol = 2e-5
	// Central differences: the square of the step, and the rounding of the
	// float32 loss. ReLU and maximum want a short step. Memory that is shared by
	// mistake costs far more; what is subtle is found by the other comparison.
	fdStep, fdShort = 1e-2, 2e-3
	fdTol           = 3e-3
	fdMost          = 8 // values of each input that are moved
)

// A trial is one operation, its inputs, and its meaning written plainly.
type trial struct {
	bf16   bool // rounded products
	inputs []*input
	build  func(g *Graph, in []*G.Node) *G.Node
	plain  func(t *tape, in [][]num) []num
	scalar bool            // the output is a number, not a tensor
	kinks  bool            // it is only piecewise smooth
	vary   func(batch int) // sets batch 0 or 1 in what build binds besides the inputs
	// The inputs whose gradient is the derivative of the value; nil for all. A
	// straight-through gradient is not.
	smooth []string
}

// An input is a float32 slice that the operation reads.
type input struct {
	name  string
	shape []int
	data  []float32
	bare  bool // goes straight into the operation even in company
}

// random returns an input of normal values, the same at every call.
func random(name string, scale float64, shape ...int) *input {
	n := 1
	for _, s := range shape {
		n *= s
	}
	h := fnv.New32a()
	h.Write([]byte(name))
	r := rng.Key{Seed: 1, Row: h.Sum32(), Step: uint32(n)}.Rand()
	in := &input{name: name, shape: shape, data: make([]float32, n)}
	for i := range in.data {
		in.data[i] = float32(scale * r.NormFloat64())
	}
	return in
}

// company says who lives beside the operation in the graph.
type company int

const (
	alone  company = iota
	before         // other nodes read its inputs and output too; those of the inputs come first
	after          // ... come last
)

// Constants of the loss.
func nearOne(in *input) []float32 {
	k := random("near one "+in.name, 0.1, in.shape...).data
	for i := range k {
		k[i]++
	}
	return k
}
func weightsOf(in *input) []float32 { return random("weights "+in.name, 0.5, in.shape...).data }
func shiftOf(in *input) []float32   { return random("shift "+in.name, 0.5, in.shape...).data }

// world is a trial as a program.
type world struct {
	*Program
	trained []*input
	spy     *spy
	out     func() G.Value
}

// spy keeps what an operation was called with.
type spy struct {
	fused
	in   []G.Value
	grad G.Value
	dIn  [][]float32
}

func (s *spy) forward(in []G.Value) G.Value { s.in = in; return s.fused.forward(in) }
func (s *spy) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	s.grad, s.dIn = grad, dIn
	s.fused.backward(in, grad, dIn)
}

// program builds the graph of
//
//	loss = sum(y w)                                                  alone, or
//	loss = sum((y+v)^2) + sum(tanh(y-w)) + mean(tanh(p)) + mean((q+c)^2)
//
// with y = op(q) and q = p k for each input p; alone, q = p. For a scalar y it
// is y^2, and y v. The sums have q and y on their left, and their gradients do
// not read them again: the library writes into q and y as soon as it believes
// that nobody else wants them.
func (tr *trial) program(t testing.TB, c company, frozen func(*input) bool) *world {
	t.Helper()
	g, w := NewGraph(), &world{}
	if tr.bf16 {
		g.UseBF16()
	}
	var terms, train, given []*G.Node
	total := func(n *G.Node, err error) { terms = append(terms, g.Must(G.Sum(g.Must(n, err)))) }
	constant := func(kind string, data []float32, shape []int) *G.Node {
		return g.Leaf(kind, data, false, shape...)
	}
	var readInputs []func()
	for _, in := range tr.inputs {
		p := g.Leaf(in.name, in.data, !frozen(in), in.shape...)
		if !frozen(in) {
			train, w.trained = append(train, p), append(w.trained, in)
		}
		q := p
		if c != alone && !in.bare {
			q = g.Must(G.HadamardProd(p, constant("k "+in.name, nearOne(in), in.shape)))
			readInputs = append(readInputs, func() {
				terms = append(terms, g.Must(G.Mean(g.Must(G.Tanh(p)))))
				terms = append(terms, g.Must(G.Mean(g.Must(G.Square(g.Must(G.Add(q, constant("c "+in.name, weightsOf(in), in.shape))))))))
			})
		}
		given = append(given, q)
	}
	read := func() {
		for _, f := range readInputs {
			f()
		}
	}
	if c == before {
		read()
	}
	y := tr.build(g, given)
	require.NoError(t, g.Err())
	if o, ok := y.Op().(*operation); ok {
		w.spy = &spy{fused: o.f}
		o.f = w.spy
	}
	out := &input{name: "y", shape: y.Shape()}
	switch {
	case tr.scalar:
		terms = append(terms, g.Must(G.Square(y)))
		if c != alone {
			terms = append(terms, g.Must(G.Mul(y, G.NewConstant(shiftOf(out)[0]))))
		}
	case c == alone:
		total(G.HadamardProd(y, constant("w", weightsOf(out), out.shape)))
	default:
		total(G.Square(g.Must(G.Add(y, constant("v", shiftOf(out), out.shape)))))
		total(G.Tanh(g.Must(G.Sub(y, constant("w", weightsOf(out), out.shape)))))
	}
	if c == after {
		read()
	}
	loss := terms[0]
	for _, n := range terms[1:] {
		loss = g.Must(G.Add(loss, n))
	}
	if c == alone {
		w.out = func() G.Value { return g.values[y].value }
	}
	var err error
	w.Program, err = g.Compile(loss, train...)
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

// reference does the same on a tape and returns y, the loss, and the gradient
// of every input.
func (tr *trial) reference(c company) (y []float64, loss float64, grads map[string][]float64) {
	t := new(tape)
	var leaves [][]num
	var terms []num
	given := make([][]num, len(tr.inputs))
	for i, in := range tr.inputs {
		p := t.lifts(in.data)
		leaves, given[i] = append(leaves, p), p
		if c != alone && !in.bare {
			given[i] = times(p, t.lifts(nearOne(in)))
			q := plus(given[i], t.lifts(weightsOf(in)), 1)
			terms = append(terms, sum(each(p, num.tanh)).add(dot(q, q)).times(1/float64(len(p))))
		}
	}
	out := tr.plain(t, given)
	shape := &input{name: "y", shape: []int{len(out)}}
	w, v := t.lifts(weightsOf(shape)), t.lifts(shiftOf(shape))
	switch {
	case tr.scalar:
		terms = append(terms, out[0].mul(out[0]))
		if c != alone {
			terms = append(terms, out[0].mul(v[0]))
		}
	case c == alone:
		terms = append(terms, dot(out, w))
	default:
		y := plus(out, v, 1)
		terms = append(terms, dot(y, y), sum(each(plus(out, w, -1), num.tanh)))
	}
	total := sum(terms)
	t.back(total)
	grads = map[string][]float64{}
	for i, in := range tr.inputs {
		grads[in.name] = gradients(leaves[i])
	}
	return values(out), total.val(), grads
}

func none(*input) bool { return false }

// result is all that a run leaves behind.
type result struct {
	loss  float64
	grads map[string][]float32
}

func (w *world) run(t testing.TB) result {
	t.Helper()
	loss, err := w.Run()
	require.NoError(t, err)
	r := result{loss, map[string][]float32{}}
	for i, in := range w.trained {
		r.grads[in.name] = slices.Clone(w.Grad(i))
	}
	return r
}

// same asks for equal bits.
func (r result) same(t testing.TB, got result, when string) {
	t.Helper()
	require.Equal(t, r.loss, got.loss, "loss, %s", when)
	for name, grad := range r.grads {
		require.True(t, slices.Equal(grad, got.grads[name]), "gradient of %s, %s", name, when)
	}
}

// check holds the operation against its plain meaning, against differences of
// itself, and against itself under other circumstances.
func (tr *trial) check(t *testing.T) {
	t.Helper()
	if tr.vary != nil {
		tr.vary(0)
	}
	t.Run("meaning", tr.checkMeaning)
	t.Run("differences", tr.checkDifferences)
	t.Run("frozen", tr.checkFrozen)
	t.Run("again", tr.checkAgain)
	t.Run("threads", tr.checkThreads)
	t.Run("allocations", tr.checkAllocations)
}

func (tr *trial) checkMeaning(t *testing.T) {
	for _, c := range []company{alone, before, after} {
		w := tr.program(t, c, none)
		got := w.run(t)
		y, loss, grads := tr.reference(c)
		if c == alone {
			require.LessOrEqual(t, gradcheck.Distance(flat(w.out()), y), valueTol)
		}
		require.InEpsilon(t, loss, got.loss, 10*valueTol, "loss, company %d", c)
		for _, in := range tr.inputs {
			require.LessOrEqual(t, gradcheck.Distance(got.grads[in.name], grads[in.name]), gradTol, "gradient of %s, company %d", in.name, c)
		}
	}
}

func flat(v G.Value) []float32 {
	if x, ok := v.Data().(float32); ok {
		return []float32{x}
	}
	return v.Data().([]float32)
}

func (tr *trial) checkDifferences(t *testing.T) {
	for _, c := range []company{before, after} {
		w := tr.program(t, c, none)
		got := w.run(t)
		for _, in := range tr.inputs {
			if tr.smooth != nil && !slices.Contains(tr.smooth, in.name) {
				continue
			}
			step := float32(fdStep)
			if tr.kinks {
				step = fdShort
			}
			n := min(fdMost, len(in.data))
			want, grad := make([]float64, n), make([]float32, n)
			for k := range n {
				i := (2*k + int(c) - 1) * len(in.data) / (2 * n) // others in either company
				d, err := gradcheck.Central(w.Run, in.data[i:i+1], step)
				require.NoError(t, err)
				want[k], grad[k] = d[0], got.grads[in.name][i]
			}
			tol := fdTol + gradcheck.Rounding(got.loss, step, n)/gradcheck.Norm(want)
			require.Less(t, tol, 0.2, "too much rounding for a check of %s", in.name)
			require.LessOrEqual(t, gradcheck.Distance(grad, want), tol, "gradient of %s, company %d", in.name, c)
		}
	}
}

// checkFrozen trains every input by itself, and all but it: gradients do not
// depend on which others are asked for.
func (tr *trial) checkFrozen(t *testing.T) {
	all := tr.program(t, alone, none).run(t)
	for _, it := range tr.inputs {
		for _, frozen := range []func(*input) bool{
			func(in *input) bool { return in == it },
			func(in *input) bool { return in != it },
		} {
			w := tr.program(t, alone, frozen)
			if len(w.trained) == 0 {
				continue
			}
			for name, grad := range w.run(t).grads {
				require.True(t, slices.Equal(all.grads[name], grad), "gradient of %s, with %s by itself or frozen", name, it.name)
			}
		}
	}
}

// checkAgain runs batch A, another batch B, and A again: a run depends on its
// inputs alone.
func (tr *trial) checkAgain(t *testing.T) {
	set := func(batch int) {
		if tr.vary != nil {
			tr.vary(batch)
		}
		for _, in := range tr.inputs {
			slices.Reverse(in.data)
			kernel.Scale(-1, in.data)
		}
	}
	w := tr.program(t, after, none)
	a := w.run(t)
	a.same(t, w.run(t), "the same batch twice")
	set(1)
	b := w.run(t)
	fresh := tr.program(t, after, none).run(t)
	set(0)
	fresh.same(t, b, "after another batch")
	require.NotEqual(t, a.loss, b.loss)
	a.same(t, w.run(t), "the first batch again")
}

// checkThreads wants the same bits from any number of cores.
func (tr *trial) checkThreads(t *testing.T) {
	defer kernel.SetThreads(0)
	var one result
	for n := 1; n <= 3; n++ {
		kernel.SetThreads(n)
		got := tr.program(t, after, none).run(t)
		if n == 1 {
			one = got
		}
		one.same(t, got, fmt.Sprintf("%d threads", n))
	}
}

func (tr *trial) checkAllocations(t *testing.T) {
	defer kernel.SetThreads(0)
	w := tr.program(t, alone, none)
	w.run(t)
	for n := 1; n <= 2; n++ {
		kernel.SetThreads(n)
		require.Zero(t, testing.AllocsPerRun(5, func() { w.spy.fused.forward(w.spy.in) }), "forward, %d threads", n)
		require.Zero(t, testing.AllocsPerRun(5, func() { w.spy.fused.backward(w.spy.in, w.spy.grad, w.spy.dIn) }), "backward, %d threads", n)
	}
}
