package generator

import (
	"fmt"

	"textgan/internal/op"
	"textgan/network"
	"textgan/vocab"
)

// Features turns sentences into vectors for distances between texts: the mean
// over a sentence of the top layer's state,
//
//	f = (h_0 + ... + h_n) / (n+1)    [H]
//
// h_t having read <bos> and the first t of the n tokens. Sentences with more
// tokens than the graph has room for are an error.
type Features struct {
	*network.Program
	B, T    int
	hidden  int
	ids     []int32 // [B,T]
	lengths []int32 // [B]
	plan    *op.Plan
}

// Features builds the graph for batches of B sentences of up to T tokens, the
// end included.
func (g *Generator) Features(B, T int) (*Features, error) {
	f := &Features{B: B, T: T, hidden: g.width(), ids: make([]int32, B*T), lengths: make([]int32, B), plan: op.NewPlan(T)}
	graph := op.NewGraph()
	net, _ := g.Bind(graph, false)
	lengths := graph.Ints("lengths", f.lengths, B)
	var err error
	if f.Program, err = graph.Compile(states(graph, net, graph.Ints("ids", f.ids, B, T), lengths, noDropout)); err != nil {
		return nil, fmt.Errorf("generator: features: %w", err)
	}
	return f, nil
}

// Of returns the features [N,H] of N sentences of ids, in their order.
func (f *Features) Of(sentences [][]int32) ([]float64, error) {
	H := f.hidden
	out := make([]float64, len(sentences)*H)
	for b := range vocab.InOrder(sentences, f.B) {
		if err := LoadBatch(b, f.ids, f.lengths, f.B, f.T); err != nil {
			return nil, err
		}
		if _, err := f.Run(); err != nil {
			return nil, err
		}
		f.plan.Set(f.lengths)
		h := f.Output() // packed: step t holds the rows that have a token there
		for r := range b.B {
			n := int(f.lengths[r])
			sum := out[int(b.Index[r])*H:][:H]
			for t := range n {
				for i, v := range h[(f.plan.Off[t]+r)*H:][:H] {
					sum[i] += float64(v) / float64(n)
				}
			}
		}
	}
	return out, nil
}
