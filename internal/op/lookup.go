package op

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
)

// Lookup embeds the tokens of whole sentences: table [V,E], ids [B,T] and
// lengths [B] give [B,T,E], zero behind a sentence's end.
func (g *Graph) Lookup(table, ids, lengths *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, T, E := ids.Shape()[0], ids.Shape()[1], table.Shape()[1]
	l := &lookup{E: E, T: T, V: table.Shape()[0], out: zeros(B, T, E), rows: make([]int32, B*T)}
	l.find = l.bySentence
	l.copyRows, l.scatterRows = l.gather, l.scatter
	return g.apply("Lookup", l, l.out, table, ids, lengths)
}

// PackedLookup embeds the inputs of teacher forcing: at step t the token
// before t, which is bos at t = 0. table [V,E], ids [B,T] and falling lengths
// [B] give a packed [B*T,E].
func (g *Graph) PackedLookup(table, ids, lengths *G.Node, bos int32) *G.Node {
	if g.err != nil {
		return nil
	}
	B, T, E := ids.Shape()[0], ids.Shape()[1], table.Shape()[1]
	l := &lookup{E: E, T: T, V: table.Shape()[0], out: zeros(B*T, E), rows: make([]int32, B*T), plan: NewPlan(T), bos: bos}
	l.find = l.shifted
	l.copyRows, l.scatterRows = l.gather, l.scatter
	return g.apply("PackedLookup", l, l.out, table, ids, lengths)
}

type lookup struct {
	E, T, V int
	out     *tensor.Dense
	rows    []int32 // table row of each output row, -1 for none
	plan    *Plan
	bos     int32
	find    func(ids, lengths []int32)

	table, dTable, grad   []float32 // of the current run
	copyRows, scatterRows func(lo, hi int)
}

func (l *lookup) bySentence(ids, lengths []int32) {
	checkLengths(lengths, l.T)
	for b, n := range lengths {
		row := l.rows[b*l.T:][:l.T]
		for t := range row {
			row[t] = -1
			if t < int(n) {
				row[t] = l.row(ids[b*l.T+t])
			}
		}
	}
}

// row is the table row of an id.
func (l *lookup) row(id int32) int32 {
	if id < 0 || int(id) >= l.V {
		panic(fmt.Sprintf("id %d outside 0..%d", id, l.V-1))
	}
	return id
}

func (l *lookup) shifted(ids, lengths []int32) {
	l.pack(lengths, func(b, t int) int32 {
		if t == 0 {
			return l.bos
		}
		return ids[b*l.T+t-1]
	})
}

// pack finds the table row of every real token, time by time.
func (l *lookup) pack(lengths []int32, id func(b, t int) int32) {
	l.plan.Set(lengths)
	i := 0
	for t := range l.plan.Steps {
		for b := range l.plan.Count[t] {
			l.rows[i] = l.row(id(b, t))
			i++
		}
	}
	for ; i < len(l.rows); i++ {
		l.rows[i] = -1
	}
}

func (l *lookup) forward(in []G.Value) G.Value {
	l.table = f32(in[0])
	l.find(i32(in[1]), i32(in[2]))
	kernel.Parallel(len(l.rows), 1+lookupGrain/l.E, l.copyRows)
	return l.out
}

// lookupGrain is how many values a core copies at least.
const lookupGrain = 1 << 13

// gather copies the table rows of output rows lo..hi-1.
func (l *lookup) gather(lo, hi int) {
	out := f32(l.out)
	for i := lo; i < hi; i++ {
		dst, id := out[i*l.E:][:l.E], l.rows[i]
		if id < 0 {
			clear(dst)
			continue
		}
		copy(dst, l.table[int(id)*l.E:])
	}
}

func (l *lookup) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	l.dTable, l.grad = dIn[0], f32(grad)
	kernel.Parallel(l.V, 64, l.scatterRows)
}

// scatter sums the gradients of table rows lo..hi-1 in token order.
func (l *lookup) scatter(lo, hi int) {
	clear(l.dTable[lo*l.E : hi*l.E])
	scatterRows(l.dTable, l.E, l.rows, l.grad, lo, hi)
}
