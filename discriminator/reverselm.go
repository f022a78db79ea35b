package discriminator

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"

	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/network"
)

// ReverseLM is the name of a kind. Its score is
//
//	w (log p_backwards(x) - log p_generator(x)) + c
//
// in nats a sentence, with w = 1/2 and c = 0 at first: what a language model that has
// learnt the same lines from right to left says of a sentence, less what the generator
// itself does. It is an estimate of the log density ratio of real sentences to
// generated ones. A relaxed word is read by both models as the mixture of embeddings
// that it is, and predicted by its expected log p. The models are given by Read. The
// generator's likelihood is that of its present weights, through which no gradient
// flows: that of its own weights in E log p is zero in expectation.
const ReverseLM = "reverse-lm"

// LanguageModel is one that a discriminator asks how likely sentences are, as
// generator.Generator is.
type LanguageModel interface {
	Params() network.Params
	// BindAs puts the model into a graph with prefix before the names of its leaves.
	// With train set, the nodes are those of Params, for gradients.
	BindAs(g *network.Graph, prefix string, train bool) (network.Language, []*G.Node)
}

// Reader is a Discriminator that asks language models, which have to be given before
// anything else is asked of it: the generator, and one that reads sentences from right
// to left, over the same V ids.
type Reader interface {
	Discriminator
	Read(generator, backwards LanguageModel, bos, eos int32) error
}

// Reads reports whether New's result is a Reader.
func (c Config) Reads() bool { return c.Kind == ReverseLM }

// leastLogit is what an impossible token costs: the bias of one has no gradient, and
// would drown all others.
const leastLogit = -20

func (c Config) checkReverseLM() error {
	if c.Vocab < 1 {
		return fmt.Errorf("discriminator: vocab %d must be at least 1", c.Vocab)
	}
	return nil
}

type reverseLM struct {
	Config
	generator, backwards LanguageModel
	bos                  int
	end                  []float32 // [V] 1 for the end of sentence
	weight, offset       *nn.Param
	params               nn.Params
}

func newReverseLM(c Config, _ uint64) Discriminator {
	d := &reverseLM{Config: c, end: make([]float32, c.Vocab)}
	d.weight, d.offset = d.params.New("d.weight", 1, 1), d.params.New("d.offset", 1)
	d.weight.Data[0] = 0.5
	return d
}

// Read implements Reader.
func (d *reverseLM) Read(generator, backwards LanguageModel, bos, eos int32) error {
	if d.generator != nil {
		return errors.New("discriminator: reverse-lm has its models already")
	}
	if int(bos) >= d.Vocab || int(eos) >= d.Vocab {
		return fmt.Errorf("discriminator: no ids %d and %d among %d", bos, eos, d.Vocab)
	}
	d.generator, d.backwards, d.bos, d.end[eos] = generator, backwards, int(bos), 1
	if d.Tune {
		for _, p := range backwards.Params() { // the memory shared
			d.params = append(d.params, &nn.Param{Name: backwardsPrefix + p.Name, Shape: p.Shape, Data: p.Data})
		}
	}
	return nil
}

// Prefixes of the leaves that are the models' weights.
const backwardsPrefix, generatorPrefix = "d.backwards.", "d.generator."

func (d *reverseLM) Params() nn.Params { return d.params }
func (d *reverseLM) State() nn.Params  { return nil }
func (d *reverseLM) MinT() int         { return 1 }

func (d *reverseLM) Bind(g *op.Graph, _ *G.Node, train bool) Net {
	n := &reverseNet{g: g}
	if d.generator == nil {
		g.Must(nil, errors.New("discriminator: reverse-lm has no models yet"))
		return n
	}
	weight, offset := g.Weights(d.weight, train), g.Weights(d.offset, train)
	n.weight, n.offset, n.params = weight, offset, []*G.Node{weight, offset}
	end := op.Part{Node: g.Leaf("d.end", d.end, false, d.Vocab)}
	parts, D := []op.Part{end}, 1
	for i, m := range []LanguageModel{d.backwards, d.generator} {
		prefix, trained := generatorPrefix, false
		if i == 0 {
			prefix, trained = backwardsPrefix, train && d.Tune
		}
		net, nodes := m.BindAs(g, prefix, trained)
		if trained {
			n.params = append(n.params, nodes...)
		}
		if g.Err() != nil {
			return n
		}
		E := net.Table.Shape()[1]
		n.models[i] = readModel{net, op.Reading{In: D, Target: D + E, Reversed: i == 0, Bos: d.bos}, E}
		parts = append(parts, op.Part{Node: net.Table}, op.Part{Node: net.W, Turned: !net.Tied}, op.Part{Node: net.B, Least: leastLogit})
		cores := net.Cores()
		D += E + cores[len(cores)-1].Sizes().Out + 1
	}
	n.table = g.Beside(d.Vocab, parts...)
	return n
}

// reverseNet is a reverseLM inside a graph. Its table has the end of sentence, and of
// either model the embeddings, the output weights and the output bias.
type reverseNet struct {
	g                     *op.Graph
	table, weight, offset *G.Node
	params                []*G.Node
	models                [2]readModel // backwards, generator
}

type readModel struct {
	net op.Net
	op.Reading
	E int
}

// logProbs [B,1] of sentences.
func (m readModel) logProbs(g *op.Graph, tokens, table, lengths *G.Node) *G.Node {
	h, falling := g.TeacherForced(tokens, table, lengths, m.Reading, m.E)
	if g.Err() != nil {
		return nil
	}
	for i, core := range m.net.Cores() {
		h = g.RNN(core, h, falling, m.net.Layers[i].Weights, nil, nil)
	}
	return g.LogProbs(h, m.net.W, m.net.B, tokens, lengths, m.Reading, m.net.Tied)
}

func (n *reverseNet) Table() *G.Node                     { return n.table }
func (n *reverseNet) Params() []*G.Node                  { return n.params }
func (n *reverseNet) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.table, ids, lengths) }

func (n *reverseNet) Score(tokens, lengths *G.Node) *G.Node {
	back, own := n.models[0].logProbs(n.g, tokens, n.table, lengths), n.models[1].logProbs(n.g, tokens, n.table, lengths)
	if n.g.Err() != nil {
		return nil
	}
	return n.g.Dense(n.g.Must(G.Sub(back, own)), n.weight, n.offset, op.Identity)
}
