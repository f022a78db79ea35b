package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// PackedTokens embeds what an encoder reads: at step t token t of the sentence
// or, reversed, token length-1-t. table [V,E], ids [B,T] and falling lengths
// [B] give a packed [B*T,E].
func (g *Graph) PackedTokens(table, ids, lengths *G.Node, reversed bool) *G.Node {
	if g.err != nil {
		return nil
	}
	B, T, E := ids.Shape()[0], ids.Shape()[1], table.Shape()[1]
	l := &lookup{E: E, T: T, V: table.Shape()[0], out: zeros(B*T, E), rows: make([]int32, B*T), plan: NewPlan(T)}
	l.find = l.inOrder
	if reversed {
		l.find = l.backwards
	}
	l.copyRows, l.scatterRows = l.gather, l.scatter
	return g.apply("PackedTokens", l, l.out, table, ids, lengths)
}

func (l *lookup) inOrder(ids, lengths []int32) {
	l.pack(lengths, func(b, t int) int32 { return ids[b*l.T+t] })
}

func (l *lookup) backwards(ids, lengths []int32) {
	l.pack(lengths, func(b, t int) int32 { return ids[b*l.T+int(lengths[b])-1-t] })
}

// Last takes the last row of every sentence: packed h [N,H] and falling
// lengths [B] give [B,H], zero for a sentence without tokens.
func (g *Graph) Last(h, lengths *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	N, H, B := h.Shape()[0], h.Shape()[1], lengths.Shape()[0]
	if N%B != 0 {
		return g.fail("Last: h %v does not fit %d sentences", h.Shape(), B)
	}
	l := &last{H: H, plan: NewPlan(N / B), y: zeros(B, H), from: make([]int, B)}
	return g.apply("Last", l, l.y, h, lengths)
}

type last struct {
	H    int
	plan *Plan
	from []int // packed row of each sentence, -1 for none
	y    *tensor.Dense
}

func (l *last) forward(in []G.Value) G.Value {
	lengths, h, y := i32(in[1]), f32(in[0]), f32(l.y)
	l.plan.Set(lengths)
	for b, n := range lengths {
		dst := y[b*l.H:][:l.H]
		if n == 0 {
			l.from[b] = -1
			clear(dst)
			continue
		}
		l.from[b] = l.plan.Off[n-1] + b
		copy(dst, h[l.from[b]*l.H:])
	}
	return l.y
}

func (l *last) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	clear(dIn[0])
	for b, at := range l.from {
		if at >= 0 {
			copy(dIn[0][at*l.H:], f32(grad)[b*l.H:][:l.H])
		}
	}
}
