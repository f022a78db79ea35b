package generator

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"textgan/internal/op"
	"textgan/network"
	"textgan/vocab"
)

// Likelihood is a graph that scores given sentences token by token:
//
//	loss = sum of weight[b,t] * -log p(ids[b,t] | ids[b,<t])
//
// over real tokens, the end of sentence included. With weights of one over the
// number of tokens it is the mean negative log-likelihood in nats; with
// advantages it is the REINFORCE surrogate. Toward adds the cross-entropy to another
// model q at every place,
//
//	sum of soft[b,t] * sum over words k of q(k | ids[b,<t]) * -log p(k | ids[b,<t])
type Likelihood struct {
	*network.Program
	B, T    int
	ids     []int32   // [B,T]
	lengths []int32   // [B]
	weights []float32 // [B,T]
	soft    []float32 // [B,T] weights of the cross-entropy to Toward; nil: there is none
	nll     []float32 // [B,T] of the last run
	key     []uint32
	places  *op.Plan // of the tokens of a whole batch; nil: batches are whole
	own     *op.Plan // of those of a part
	Others  []Others // as many as asked for; the loss has their weighted -log p too
	// Codes are what the sentences are given of a LanguageModel that reads codes: the
	// model is p(ids[b,t] | ids[b,<t], z[b]) then. nil for the others.
	Codes *Codes
}

// LikelihoodOptions of a graph.
type LikelihoodOptions struct {
	B, T  int  // sentences of a batch; longest sentence, its end included
	Train bool // compute gradients, in the order of Params
	// Dropout applies the configured dropout; only for training.
	Dropout bool
	BF16    bool // products read operands rounded to bf16
	Parts   bool // batches are parts of larger ones
	// Toward is another language model of the same words, whose distribution at every place
	// is a target too, weighted by Sentences. It has the weights that it has at each run, gets
	// no gradient and no dropout. Not with Others.
	Toward *Generator
	Others int // tokens that are scored at every place besides the one that is read
}

// Others are tokens that stand where a batch has others, with their weights in
// the loss: [B,T] each, in the order of its rows.
type Others struct {
	IDs     []int32
	Weights []float32
}

// Likelihood builds the graph.
func (g *Generator) Likelihood(o LikelihoodOptions) (*Likelihood, error) {
	return newLikelihood(g, g.Dropout, o)
}

func newLikelihood(p LanguageModel, dropout float64, o LikelihoodOptions) (*Likelihood, error) {
	l := &Likelihood{B: o.B, T: o.T, ids: make([]int32, o.B*o.T), lengths: make([]int32, o.B), weights: make([]float32, o.B*o.T), key: op.NewKey(0)}
	if o.Parts {
		l.key, l.places, l.own = op.NewKey(o.B*o.T), op.NewPlan(o.T), op.NewPlan(o.T)
	}
	graph := op.NewGraph()
	if o.BF16 {
		graph.UseBF16()
	}
	net, params, codes := p.BindBatch(graph, o.B, o.Train)
	l.Codes = codes
	ids, lengths := graph.Ints("ids", l.ids, o.B, o.T), graph.Ints("lengths", l.lengths, o.B)
	weights := graph.Leaf("weights", l.weights, false, o.B, o.T)
	if !o.Dropout {
		dropout = 0
	}
	key := graph.Key("key", l.key)
	h := states(graph, net, ids, lengths, func(x *G.Node, layer uint32) *G.Node { return graph.Dropout(x, dropout, key, layer) })
	var to *op.Toward
	if o.Toward != nil {
		l.soft = make([]float32, o.B*o.T)
		other, _ := o.Toward.BindAs(graph, "toward.", false)
		plain := func(x *G.Node, _ uint32) *G.Node { return x }
		to = &op.Toward{H: states(graph, other, ids, lengths, plain), W: other.W, B: other.B, Tied: other.Tied,
			Weights: graph.Leaf("toward weights", l.soft, false, o.B, o.T)}
	}
	loss, nll := graph.PackedXentToward(h, net.W, net.B, ids, lengths, weights, net.Tied, to)
	l.nll = nll
	for j := range o.Others {
		x := Others{make([]int32, o.B*o.T), make([]float32, o.B*o.T)}
		l.Others = append(l.Others, x)
		more := graph.PackedXent(h, net.W, net.B, graph.Ints(fmt.Sprint("others", j), x.IDs, o.B, o.T), lengths, graph.Leaf(fmt.Sprint("weights", j), x.Weights, false, o.B, o.T), net.Tied)
		if graph.Err() == nil {
			loss = graph.Must(G.Add(loss, more))
		}
	}
	if !o.Train {
		params = nil
	}
	var err error
	l.Program, err = graph.Compile(loss, params...)
	if err != nil {
		return nil, fmt.Errorf("generator: likelihood: %w", err)
	}
	return l, nil
}

// states are the h [N,H] of the top layer under teacher forcing, packed, of a
// network that reads ids. drop is done to what every layer reads, from 0 on, and
// to the last h.
func states(g *op.Graph, net op.Net, ids, lengths *G.Node, drop func(x *G.Node, layer uint32) *G.Node) *G.Node {
	h := drop(g.PackedLookup(net.Table, ids, lengths, vocab.Bos), 0)
	if g.Err() != nil {
		return nil
	}
	for i, core := range net.Cores() {
		h0, cond := net.Conditioning.Of(i)
		h = drop(g.RNN(core, h, lengths, net.Layers[i].Weights, h0, cond), uint32(i+1))
	}
	return h
}

// Mean runs the graph on a batch and returns its negative log-likelihood in nats over
// the batch's Divisor: the mean per real token, unless the batch has another Norm; of a
// part of a batch its share of that. seed and step name the dropout masks.
func (l *Likelihood) Mean(b *vocab.Batch, seed uint64, step uint32) (float64, error) {
	if err := l.Load(b); err != nil {
		return 0, err
	}
	w := 1 / float32(b.Divisor())
	for i := range l.weights {
		l.weights[i] = w
	}
	return l.RunAt(seed, step)
}

// Weighted runs the graph on a batch with weights [B,T], the row stride that of
// the batch.
func (l *Likelihood) Weighted(b *vocab.Batch, weights []float32, seed uint64, step uint32) (float64, error) {
	if err := l.Load(b); err != nil {
		return 0, err
	}
	for r := range b.B {
		copy(l.weights[r*l.T:][:l.T], weights[r*b.T:][:b.T])
	}
	return l.RunAt(seed, step)
}

// Sentences runs the graph on a batch with one weight for each of its sentences: words
// [B] in the loss, toward [B] in the cross-entropy to Toward, if there is one, both over the
// batch's Divisor.
func (l *Likelihood) Sentences(b *vocab.Batch, words, toward []float32, seed uint64, step uint32) (float64, error) {
	if err := l.Load(b); err != nil {
		return 0, err
	}
	n := float32(b.Divisor())
	for r := range b.B {
		for t := range b.T {
			l.weights[r*l.T+t] = words[r] / n
			if l.soft != nil {
				l.soft[r*l.T+t] = toward[r] / n
			}
		}
	}
	return l.RunAt(seed, step)
}

// Load copies a batch into the graph's inputs. It may have fewer rows and
// fewer steps than the graph.
func (l *Likelihood) Load(b *vocab.Batch) error {
	err := LoadBatch(b, l.ids, l.lengths, l.B, l.T)
	if err == nil && l.places != nil {
		packedRows(op.KeyRows(l.key), b, l.places, l.own)
	}
	return err
}

// packedRows sets rows to the places that the packed tokens of a batch have among those of
// the one that it is a part of. The plans are scratch.
func packedRows(rows []uint32, b *vocab.Batch, whole, own *op.Plan) {
	whole.Set(b.Of().Lengths)
	own.Set(b.Lengths)
	for t := range own.Steps {
		for i := range own.Count[t] {
			rows[own.Off[t]+i] = uint32(whole.Off[t] + b.Part.Row(i))
		}
	}
	clear(rows[own.N:])
}

// LoadBatch copies a batch into ids [B,T] and lengths [B] of a graph.
func LoadBatch(b *vocab.Batch, ids, lengths []int32, B, T int) error {
	if b.B > B || b.T > T {
		return fmt.Errorf("generator: a batch of %d x %d tokens for a graph of %d x %d", b.B, b.T, B, T)
	}
	clear(ids)
	clear(lengths)
	copy(lengths, b.Lengths)
	for r := range b.B {
		copy(ids[r*T:], b.IDs[r*b.T:][:b.T])
	}
	return nil
}

// RunAt runs the graph on what is loaded.
func (l *Likelihood) RunAt(seed uint64, step uint32) (float64, error) {
	op.RunKey{Seed: seed, Step: step}.Put(l.key)
	return l.Run()
}

// Tokens returns the -log p [T] of row b's tokens in the last run.
func (l *Likelihood) Tokens(b int) []float32 { return l.nll[b*l.T:][:l.lengths[b]] }
