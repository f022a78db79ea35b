package op

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
)

// plainNorm is a layer normalisation of one row.
func plainNorm(x, gain, bias []num) []num {
	n := float64(len(x))
	mean := sum(x).times(1 / n)
	centred := each(x, func(v num) num { return v.sub(mean) })
	scale := dot(centred, centred).times(1 / n).plus(1e-5).log().times(-0.5).exp()
	return plus(times(each(centred, func(v num) num { return v.mul(scale) }), gain), bias, 1)
}

// plainRelational is one step of a relational memory for one row.
func plainRelational(c Relational, x, m []num, w [][]num, cond []num) (out, next []num) {
	M, S, t := len(w[1]), c.Slots, m[0].t
	zeros := func(n int) []num { return t.zeros(n) }
	u := affine(x, w[0], w[1])
	rows := [][]num{}
	for s := range S {
		rows = append(rows, affine(row(m, s, M), w[2], zeros(3*M)))
	}
	ofU, gatesOfU := affine(u, w[2], zeros(3*M)), affine(u, w[13], zeros(2*M))
	if cond != nil {
		ofU, gatesOfU = plus(ofU, cond[:3*M], 1), plus(gatesOfU, cond[3*M:], 1)
	}
	rows = append(rows, ofU)
	for i := range rows {
		rows[i] = plainNorm(rows[i], w[3], w[4])
	}
	d := M / c.Heads
	part := func(i, head, which int) []num { return rows[i][(3*head+which)*d:][:d] }
	for s := range S {
		var attended []num
		for h := range c.Heads {
			var logits []num
			for j := range rows {
				logits = append(logits, dot(part(s, h, 0), part(j, h, 1)).times(1/math.Sqrt(float64(3*d))))
			}
			var values []num
			for j := range rows {
				values = append(values, part(j, h, 2)...)
			}
			attended = append(attended, mix(softmax(logits), values)...)
		}
		slot := row(m, s, M)
		y := plainNorm(plus(slot, attended, 1), w[5], w[6])
		z := plainNorm(plus(y, affine(each(affine(y, w[7], w[8]), num.relu), w[9], w[10]), 1), w[11], w[12])
		gates := plus(affine(each(slot, num.tanh), w[14], zeros(2*M)), gatesOfU, 1)
		for j := range M {
			in, forget := gates[j].sigmoid(), gates[M+j].plus(1).sigmoid()
			next = append(next, in.mul(z[j].tanh()).add(forget.mul(slot[j])))
		}
	}
	return next, next
}

// coreTrial is teacher forcing through a layer of any cell.
func coreTrial(cell Cell, b *batch, E, units int, h0, cond bool) *trial {
	core := cell.Core(E, units)
	z := core.Sizes()
	tr := &trial{inputs: []*input{random("x", 1, b.B*b.T, E)}, vary: b.set}
	for _, w := range core.Weights() {
		in := random(w.Name, 0.5, w.Shape...)
		if strings.HasSuffix(w.Name, "b1") { // no unit near the kink of its ReLU, half of them beyond it
			for i := range in.data {
				in.data[i] += float32(3 - 6*(i%2))
			}
		}
		tr.inputs = append(tr.inputs, in)
	}
	n := len(tr.inputs)
	if h0 {
		tr.inputs = append(tr.inputs, random("h0", 0.7, b.B, z.Out))
	}
	if cond {
		tr.inputs = append(tr.inputs, random("cond", 0.5, b.B, z.Cond))
	}
	tr.build = func(g *Graph, in []*G.Node) *G.Node {
		_, lengths := b.nodes(g)
		rest := append(in[n:len(in):len(in)], nil, nil)
		if !h0 {
			rest = append([]*G.Node{nil}, rest...)
		}
		return g.RNN(cell.Core(E, units), in[0], lengths, in[1:n], rest[0], rest[1])
	}
	tr.plain = func(t *tape, in [][]num) []num {
		out, i := t.zeros(b.B*b.T*z.Out), 0
		states := make([][]num, b.B)
		b.packed(func(s, _ int) {
			rest := in[n:]
			if states[s] == nil {
				states[s] = plainStart(t, cell, core)
				if h0 {
					copy(states[s], row(rest[0], s, z.Out))
				}
			}
			var c []num
			if cond {
				c = row(rest[len(rest)-1], s, z.Cond)
			}
			var y []num
			y, states[s] = plainLayer(cell, row(in[0], i, E), states[s], in[1:n], c)
			copy(row(out, i, z.Out), y)
			i++
		})
		return out
	}
	return tr
}

func TestRelational(t *testing.T) {
	for _, c := range []Relational{{Slots: 1, Heads: 1}, {Slots: 1, Heads: 2}, {Slots: 3, Heads: 2}} {
		t.Run(fmt.Sprint(c), coreTrial(c, newBatch(4, 5, 7), 3, 6, false, false).check)
	}
	t.Run("more slots than units", coreTrial(Relational{Slots: 5, Heads: 1}, newBatch(3, 3, 7), 2, 4, false, false).checkMeaning)
	t.Run("conditioned", coreTrial(Relational{Slots: 2, Heads: 1}, newBatch(4, 5, 7), 3, 4, true, true).check)
	coreTrial(Relational{Slots: 2, Heads: 4}, newBatch(13, 6, 7), 20, 16, false, false).checkThreads(t)
}

func TestRelationalRollout(t *testing.T) {
	for _, feed := range feedback.All {
		for _, hard := range []bool{false, true} {
			t.Run(fmt.Sprintf("hard %v, feed %s", hard, feed), func(t *testing.T) {
				w := newWriter(Relational{Slots: 2, Heads: 2}, 1, hard, hard, feed)
				w.hidden = []int{4}
				if w.tied {
					w.E = 8
				}
				w.h0, w.cond = hard, hard
				tr := w.trial()
				tr.kinks = true
				w.checkText(t, tr)
				tr.check(t)
			})
		}
	}
}

// What numpy says: testdata/relational.py reads the same definition once more,
// in float64, for a batch of two sentences.
func TestRelationalAgainstNumpy(t *testing.T) {
	againstNumpy(t, "relational", func(c numpyCore) Cell { return Relational{Slots: c.Slots, Heads: c.Heads} })
}

// numpyCore is the shape of a layer whose values a script has written.
type numpyCore struct{ In, Units, Slots, Heads, Blocks, Context, Steps int }

// againstNumpy holds teacher forcing through a layer against testdata/NAME.json.
func againstNumpy(t *testing.T, name string, cell func(numpyCore) Cell) {
	var want struct {
		numpyCore
		Lengths                  []int32
		X, Coefficients, Out, Dx []float32
		Weights                  []struct {
			Name            string
			Value, Gradient []float32
		}
	}
	text, err := os.ReadFile("testdata/" + name + ".json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	B, T := len(want.Lengths), want.Steps
	plan := NewPlan(T)
	plan.Set(want.Lengths)
	pack := func(x []float32) []float32 { // [B,T,n] by sentence to packed rows
		n, packed, i := len(x)/B/T, make([]float32, len(x)), 0
		for s := range plan.Steps {
			for b := range plan.Count[s] {
				copy(packed[i*n:][:n], x[(b*T+s)*n:])
				i++
			}
		}
		return packed
	}
	core := cell(want.numpyCore).Core(want.In, want.Units)
	g := NewGraph()
	x := g.Leaf("x", pack(want.X), true, B*T, want.In)
	nodes := []*G.Node{x}
	for i, w := range core.Weights() {
		require.Equal(t, w.Name, want.Weights[i].Name)
		nodes = append(nodes, g.Leaf(w.Name, want.Weights[i].Value, true, w.Shape...))
	}
	out := g.RNN(core, x, g.Ints("lengths", want.Lengths, B), nodes[1:], nil, nil)
	got := g.Reader(out)
	p, err := g.Compile(g.Must(G.Sum(g.Must(G.HadamardProd(out, g.Leaf("c", pack(want.Coefficients), false, B*T, core.Sizes().Out))))), nodes...)
	require.NoError(t, err)
	_, err = p.Run()
	require.NoError(t, err)
	require.LessOrEqual(t, gradcheck.Distance(got(), pack(want.Out)), valueTol)
	require.LessOrEqual(t, gradcheck.Distance(p.Grad(0), pack(want.Dx)), gradTol)
	for i, w := range want.Weights {
		require.LessOrEqual(t, gradcheck.Distance(p.Grad(i+1), w.Gradient), gradTol, w.Name)
	}
}
