package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/feedback"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// gumbelSoftmax is y = softmax((logits+g)/tau), or the one-hot of its largest
// entry with the gradient of y.
type gumbelSoftmax struct{ hard bool }

// scratch is room for the noise of as many rows as there are cores in a test.
var scratch = func() chan *[256]float32 {
	c := make(chan *[256]float32, 3)
	for range cap(c) {
		c <- new([256]float32)
	}
	return c
}()

func (s gumbelSoftmax) Hard() bool { return s.hard }

func (s gumbelSoftmax) Forward(row []float32, tau float32, key rng.Key) (id int) {
	noise := <-scratch
	defer func() { scratch <- noise }()
	kernel.Gumbel(noise[:len(row)], key)
	for i := range row {
		if row[i] += noise[i]; row[i] > row[id] {
			id = i
		}
	}
	top, total := row[id], 0.0
	for i, z := range row {
		e := math.Exp(float64(z-top) / float64(tau))
		row[i], total = float32(e), total+e
	}
	for i := range row {
		row[i] = float32(float64(row[i]) / total)
	}
	return id
}

func (s gumbelSoftmax) Backward(dLogits, y, dy []float32, _ int, tau float32, _ rng.Key) {
	mean := 0.0
	for i, p := range y {
		mean += float64(p) * float64(dy[i])
	}
	for i, p := range y {
		dLogits[i] = float32(float64(p) * (float64(dy[i]) - mean) / float64(tau))
	}
}

// plain does the same for one row and returns the emitted token.
func (s gumbelSoftmax) plain(logits []num, tau float64, key rng.Key) (token []num, id int) {
	noise := make([]float32, len(logits))
	kernel.Gumbel(noise, key)
	z := make([]num, len(logits))
	for i, l := range logits {
		if z[i] = l.plus(float64(noise[i])); z[i].val() > z[id].val() {
			id = i
		}
	}
	y := softmax(each(z, func(x num) num { return x.times(1 / tau) }))
	if s.hard {
		y = onehot(y, id)
	}
	return y, id
}

// onehot has the value of a one-hot vector and the derivative of y.
func onehot(y []num, id int) []num {
	hot := make([]num, len(y))
	for v := range y {
		hot[v] = y[v].instead(0)
	}
	hot[id] = y[id].instead(1)
	return hot
}

// plainChoice is a Relaxation that has its meaning with it.
type plainChoice interface {
	plain(logits []num, tau float64, key rng.Key) (token []num, id int)
}

// A writer is a language model with all that its rollout depends on.
type writer struct {
	cell           Cell
	hidden         []int // units of each layer
	tied           bool
	choice         Relaxation
	feed           feedback.Feedback
	sparse         float32
	h0, cond       bool // are sentences conditioned?
	B, T, V, E, De int
	tau            []float32
	key            []uint32

	rollout      Rollout // of the last graph built
	ids, lengths []int32 // of the last plain run
	rows         [][]num // and its relaxed rows
}

const eos = 2

// cores are the layers.
func (w *writer) cores() (cores []Core) {
	n := w.E
	for _, h := range w.hidden {
		core := w.cell.Core(n, h)
		cores, n = append(cores, core), core.Sizes().Out
	}
	return cores
}

// width is the number of values that the output layer reads.
func (w *writer) width() int {
	cores := w.cores()
	return cores[len(cores)-1].Sizes().Out
}

func (w *writer) net(in []*G.Node) (net Net, reader *G.Node) {
	net = Net{Cell: w.cell, Tied: w.tied, Table: in[1], B: in[2], W: in[1]}
	rest := in[3:]
	if !w.tied {
		net.W, rest = rest[0], rest[1:]
	}
	for i, core := range w.cores() {
		n := min(len(core.Weights()), len(rest))
		net.Layers, rest = append(net.Layers, Layer{w.hidden[i], rest[:n]}), rest[n:]
	}
	if w.h0 {
		net.Conditioning.H0, rest = rest[:len(w.hidden)], rest[len(w.hidden):]
	}
	if w.cond {
		net.Conditioning.Cond = rest[0]
	}
	return net, in[0]
}

func (w *writer) build(g *Graph, in []*G.Node) *G.Node {
	net, reader := w.net(in)
	w.rollout = g.Rollout(net, reader, g.Leaf("tau", w.tau, false, 1), g.Key("key", w.key),
		RolloutConfig{B: w.B, T: w.T, Relaxation: w.choice, Feedback: w.feed, Bos: bos, Eos: eos, Sparse: w.sparse})
	return w.rollout.Tokens
}

// plain writes one sentence after the other.
func (w *writer) plain(t *tape, in [][]num) []num {
	reader, table, bias, rest := in[0], in[1], in[2], in[3:]
	W := table
	if !w.tied {
		W, rest = rest[0], rest[1:]
	}
	H, cores := w.width(), w.cores()
	var weights [][][]num
	for _, core := range cores {
		n := len(core.Weights())
		weights, rest = append(weights, rest[:n]), rest[n:]
	}
	out := t.zeros(w.B * w.T * w.De)
	w.ids, w.lengths, w.rows = make([]int32, w.B*w.T), make([]int32, w.B), nil
	for s := range w.B {
		var states [][]num
		given := rest
		for _, core := range cores {
			state := plainStart(t, w.cell, core)
			if w.h0 {
				copy(state, row(given[0], s, core.Sizes().Out))
				given = given[1:]
			}
			states = append(states, state)
		}
		var cond []num
		if w.cond {
			cond = row(given[0], s, cores[0].Sizes().Cond)
		}
		read := row(table, bos, w.E)
		for i := range w.T {
			x := read
			for l := range cores {
				c := cond
				if l > 0 {
					c = nil
				}
				x, states[l] = plainLayer(w.cell, x, states[l], weights[l], c)
			}
			logits := make([]num, w.V)
			for v := range logits {
				weights := column(W, v, w.V)
				if w.tied {
					weights = row(W, v, H)
				}
				logits[v] = dot(x, weights).add(bias[v])
			}
			key := rng.Key{Seed: uint64(w.key[1])<<32 | uint64(w.key[0]), Stream: rng.Noise, Step: w.key[2], Row: uint32(s*w.T + i)}
			token, id := w.choice.(plainChoice).plain(logits, float64(w.tau[0]), key)
			copy(row(out, s*w.T+i, w.De), mix(token, reader))
			w.rows = append(w.rows, token)
			w.ids[s*w.T+i], w.lengths[s] = int32(id), int32(i+1)
			if id == eos {
				break
			}
			switch w.feed {
			case feedback.Soft:
				read = mix(token, table)
			case feedback.StraightThrough:
				read = mix(onehot(token, id), table)
			case feedback.Detached:
				read = row(table, id, w.E)
			}
		}
	}
	return out
}

// set names one of two draws of the noise, with another tau.
func (w *writer) set(batch int) {
	RunKey{Seed: 7<<32 | 3, Step: uint32(batch)}.Put(w.key)
	w.tau[0] = []float32{0.8, 1.3}[batch]
}

func newWriter(cell Cell, layers int, tied, hard bool, feed feedback.Feedback) *writer {
	w := &writer{cell: cell, hidden: []int{5, 4}[2-layers:], tied: tied, choice: gumbelSoftmax{hard}, feed: feed,
		B: 6, T: 5, V: 7, E: 3, De: 2, tau: make([]float32, 1), key: make([]uint32, 3)}
	if tied {
		w.E = 4
	}
	return w
}

func (w *writer) trial() *trial {
	tr := &trial{vary: w.set, build: w.build, plain: w.plain}
	add := func(name string, scale float64, shape ...int) *input {
		in := random(name, scale, shape...)
		tr.inputs = append(tr.inputs, in)
		return in
	}
	add("reader", 1, w.V, w.De)
	add("table", 0.7, w.V, w.E)
	add("bias", 0.3, w.V).data[eos] = 1 // so that sentences end
	if !w.tied {
		add("W", 0.7, w.width(), w.V)
	}
	for i, core := range w.cores() {
		for _, weight := range core.Weights() {
			name, scale := fmt.Sprint(weight.Name, i), 0.5
			if len(weight.Shape) > 1 {
				name, scale = "W"+name[1:], 0.7
			}
			add(name, scale, weight.Shape...)
		}
	}
	if w.h0 {
		for i, core := range w.cores() {
			add(fmt.Sprint("h0", i), 0.7, w.B, core.Sizes().Out)
		}
	}
	if w.cond {
		add("cond", 0.5, w.B, w.cores()[0].Sizes().Cond)
	}
	// Where the one-hot goes on, only the reader's gradient is the derivative
	// of the value.
	if w.choice.Hard() || w.feed == feedback.StraightThrough {
		tr.smooth = []string{"reader"}
	}
	w.set(0)
	return tr
}

// checkText compares the text of the last run with that of the plain one.
func (w *writer) checkText(t *testing.T, tr *trial) {
	t.Helper()
	p := tr.program(t, alone, none)
	p.run(t)
	tr.reference(alone)
	ids := make([]int32, w.B*w.T)
	w.rollout.IDs(ids, 0)
	require.Equal(t, w.ids, ids)
	require.Equal(t, w.lengths, i32(w.rollout.op.lengths))
	for s, n := range w.lengths { // the end is counted and nothing stands behind it
		text := ids[s*w.T : (s+1)*w.T]
		require.True(t, text[n-1] == eos || int(n) == w.T)
		require.NotContains(t, text[:n-1], int32(eos))
		for _, id := range text[n:] {
			require.Zero(t, id)
		}
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(w.lengths)))
	require.Greater(t, len(distinct), 2, "lengths %v are no test", w.lengths)
	require.Less(t, int(distinct[0]), w.T-2)
}

func TestRollout(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for _, layers := range []int{1, 2} {
			for _, tied := range []bool{false, true} {
				for _, hard := range []bool{false, true} {
					for feed, name := range []string{"soft", "straight-through", "detached"} {
						w := newWriter(cell, layers, tied, hard, feedback.All[feed])
						t.Run(fmt.Sprintf("layers %d, tied %v, hard %v, feed %s", layers, tied, hard, name), func(t *testing.T) {
							tr := w.trial()
							w.checkText(t, tr)
							if layers == 1 {
								tr.checkMeaning(t)
								return
							}
							tr.check(t)
						})
					}
				}
			}
		}
	})
}

// Entries of the vocabulary that never come up, by a bias of -Inf or -1e9, get
// no gradient.
func TestRolloutExcludes(t *testing.T) {
	for _, hard := range []bool{false, true} {
		w := newWriter(GRU, 1, true, hard, feedback.Soft)
		tr := w.trial()
		bias := tr.inputs[2]
		bias.bare, bias.data[0], bias.data[bos] = true, float32(math.Inf(-1)), -1e9
		tr.checkMeaning(t)
		got := tr.program(t, alone, none).run(t).grads["bias"]
		require.Zero(t, got[0])
		require.Zero(t, got[bos])
		require.NotZero(t, got[eos])
	}
}

// Gradients of logits that are gathered in two runs give the bits of those that are
// gathered in one.
func TestRolloutGathersTheSame(t *testing.T) {
	defer func(n int) { ownCache = n }(ownCache)
	for _, tied := range []bool{false, true} {
		for _, thin := range []bool{false, true} {
			w := newWriter(LSTM, 1, tied, true, feedback.StraightThrough)
			if thin { // some rows dense, some not
				w, _ = newThinWriter(LSTM, 1, tied, true, feedback.StraightThrough)
			}
			w.B, w.T = 120, 12
			tr := w.trial()
			tr.vary = func(batch int) { w.set(batch); w.tau[0] = 0.3 }
			tr.vary(0)
			ownCache = 1 << 18
			one := tr.program(t, after, none).run(t)
			require.Equal(t, gatherRows, w.rollout.op.groups[0].room)
			require.Greater(t, w.rollout.op.groups[0].plan.N, 2*gatherRows)
			ownCache = 0
			for n := 1; n <= 3; n++ {
				kernel.SetThreads(n)
				two := tr.program(t, after, none).run(t)
				require.Equal(t, 2*gatherRows, w.rollout.op.groups[0].room)
				one.same(t, two, fmt.Sprintf("%d threads", n))
			}
			kernel.SetThreads(0)
		}
	}
}

func TestRolloutSizes(t *testing.T) {
	for _, size := range [][2]int{{1, 1}, {1, 4}, {3, 1}} {
		w := newWriter(LSTM, 2, false, false, feedback.Soft)
		w.B, w.T = size[0], size[1]
		w.trial().checkMeaning(t)
	}
	// The gradients of some logits are gathered over several steps, and added in
	// several goes; those of many sentences step by step.
	for _, size := range [][2]int{{50, 6}, {2*gatherRows + 5, 3}} {
		for _, tied := range []bool{false, true} {
			w := newWriter(LSTM, 1, tied, true, feedback.StraightThrough)
			w.B, w.T = size[0], size[1]
			tr := w.trial()
			tr.checkMeaning(t)
			tr.checkThreads(t)
			require.Greater(t, w.rollout.op.groups[0].plan.N, gatherRows)
		}
	}
	// Blocks of as many rows as an output layer beyond the cache has.
	defer func(n int) { ownCache = n }(ownCache)
	ownCache = 0
	for _, hard := range []bool{false, true} {
		w := newWriter(LSTM, 1, false, hard, feedback.Soft)
		w.B = 4*blockRows + 5
		tr := w.trial()
		tr.checkMeaning(t)
		tr.checkThreads(t)
	}
	// Every sentence ends with its first token.
	w := newWriter(LSTM, 1, false, true, feedback.StraightThrough)
	tr := w.trial()
	tr.inputs[2].data[eos] = 1000
	tr.checkMeaning(t)
	require.Equal(t, []int32{1, 1, 1, 1, 1, 1}, i32(w.rollout.op.lengths))
	// None does.
	tr.inputs[2].data[eos] = -1000
	tr.checkMeaning(t)
	require.Equal(t, []int32{5, 5, 5, 5, 5, 5}, i32(w.rollout.op.lengths))
}

func TestRolloutOnCores(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for _, hard := range []bool{false, true} {
			for _, feed := range []feedback.Feedback{feedback.Soft, feedback.Detached} {
				w := newWriter(cell, 2, hard, hard, feed)
				w.B, w.V, w.De = 13, 150, 5
				w.trial().checkThreads(t)
			}
		}
	})
}

// Groups whose last sentences end at different steps, either of them first.
func TestRolloutGroupsEndApart(t *testing.T) {
	var first, second bool
	for seed := uint64(1); !first || !second; seed++ {
		w := newWriter(LSTM, 1, false, true, feedback.StraightThrough)
		w.B = 5
		tr := w.trial()
		tr.vary = func(batch int) { RunKey{Seed: seed, Step: uint32(batch)}.Put(w.key) }
		tr.vary(0)
		tr.program(t, alone, none).run(t)
		a, b := w.rollout.op.groups[0].plan.Steps, w.rollout.op.groups[1].plan.Steps
		if a == b {
			continue
		}
		first, second = first || a < b, second || b < a
		tr.checkMeaning(t)
		tr.checkThreads(t)
	}
}

func TestRolloutMean(t *testing.T) {
	w := newWriter(LSTM, 1, false, false, feedback.Soft)
	tr := w.trial()
	tr.program(t, alone, none).run(t)
	tr.reference(alone)
	var want float64
	for _, y := range w.rows {
		for _, p := range values(y) {
			want += p * p / float64(len(w.rows))
		}
	}
	sum, n := w.rollout.Sum(func(row []float32) (squares float64) {
		for _, p := range row {
			squares += float64(p) * float64(p)
		}
		return squares
	})
	require.InEpsilon(t, want, sum/float64(n), valueTol)
}

func TestRolloutRefuses(t *testing.T) {
	w := newWriter(LSTM, 1, false, false, feedback.Soft)
	w.h0, w.cond = true, true
	tr := w.trial()
	p := tr.program(t, alone, none)
	good := p.run(t)
	for _, tau := range []float32{0, -1, float32(math.NaN())} {
		w.tau[0] = tau
		_, err := p.Run()
		require.EqualError(t, err, fmt.Sprintf("op: Rollout: tau is %v; it divides the logits and must be positive", tau))
	}
	w.set(0)
	good.same(t, p.run(t), "after a mistake")

	for i, in := range tr.inputs { // one weight too many in each input in turn
		g := NewGraph()
		var nodes []*G.Node
		for k, other := range tr.inputs {
			shape := slices.Clone(other.shape)
			if k == i && in.name == "reader" {
				shape[0]++ // any width will do
			} else if k == i {
				shape[len(shape)-1]++
			}
			nodes = append(nodes, g.Leaf(other.name, random(other.name, 1, shape...).data, true, shape...))
		}
		require.Nil(t, w.build(g, nodes), in.name)
		require.ErrorContains(t, g.Err(), "op: Rollout: ")
	}
}
