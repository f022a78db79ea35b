package ratio

import (
	"fmt"
	"math"
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/network"
)

// hidden is the width of the tanh layer.
const hidden = 16

// Critic scores sentences by features. Its weights are float32 tensors that can
// be saved (Params).
type Critic struct {
	features []Features
	width    int // of a row of features
	learnt   int // of these the critic learns the first: all, or all but the limited one

	params     nn.Params // trained
	scale      nn.Params // mean and deviation of each feature over real sentences
	mean, sd   []float32 // [F], the data of scale
	linW       *nn.Param // [F,1]
	midW, midB *nn.Param // [F,16], [16]
	outW, outB *nn.Param // [16,1], [1]
	first      []float64 // [F] linear weights of raw features before training
	limit      *nn.Param // [2] what is added to the score: a multiple of the limited feature, and a constant; nil without
	more       float64   // what the mean of the limited feature may rise by
}

// New returns a critic of the given features whose score is the sum of the raw
// features times their first weights (one per feature; nil for none) until it is
// trained. A good sum of the first weights of a LogRatio is 1/2.
func New(features []Features, first []float64) (*Critic, error) {
	c := &Critic{features: features, first: first}
	for _, f := range features {
		c.width += f.Width()
	}
	if c.width == 0 {
		return nil, fmt.Errorf("critic: no features")
	}
	if first == nil {
		c.first = make([]float64, c.width)
	}
	if len(c.first) != c.width {
		return nil, fmt.Errorf("critic: %d first weights of %d features", len(c.first), c.width)
	}
	F := c.width
	c.learnt = F
	c.mean, c.sd = c.scale.New("critic.mean", F).Data, c.scale.New("critic.deviation", F).Data
	for i := range c.sd {
		c.sd[i] = 1
	}
	c.linW = c.params.New("critic.linear.w", F, 1)
	c.midW, c.midB = c.params.New("critic.hidden.w", F, hidden), c.params.New("critic.hidden.b", hidden)
	c.outW, c.outB = c.params.New("critic.output.w", hidden, 1), c.params.New("critic.output.b", 1)
	c.begin()
	return c, nil
}

// begin makes the score that of the first weights, whatever the scale.
func (c *Critic) begin() {
	shift := 0.0
	for i, w := range c.first {
		c.linW.Data[i] = float32(w * float64(c.sd[i]))
		shift += w * float64(c.mean[i])
	}
	clear(c.outW.Data)
	c.outB.Data[0] = float32(shift)
}

// Params are all that a critic has learnt, to be saved and set.
func (c *Critic) Params() network.Params {
	all := append(append(nn.Params{}, c.scale...), c.params...)
	if c.limit != nil {
		all = append(all, c.limit)
	}
	return all
}

// Width is the number of features of a sentence.
func (c *Critic) Width() int { return c.width }

// Features computes those of sentences, [n][Width].
func (c *Critic) Features(sentences [][]int32) ([][]float32, error) {
	return c.featuresKnown(sentences, Known{})
}

// knower are Features that need not score what is known.
type knower interface {
	FillKnown(dst [][]float32, sentences [][]int32, known Known) error
}

// knows reports whether any of the features is one of them.
func (c *Critic) knows() bool {
	return slices.ContainsFunc(c.features, func(f Features) bool { _, ok := f.(knower); return ok })
}

func (c *Critic) featuresKnown(sentences [][]int32, known Known) ([][]float32, error) {
	all := make([]float32, len(sentences)*c.width)
	rows := make([][]float32, len(sentences))
	part := make([][]float32, len(sentences))
	for i := range rows {
		rows[i] = all[i*c.width:][:c.width]
	}
	at := 0
	for _, f := range c.features {
		for i := range part {
			part[i] = rows[i][at:][:f.Width()]
		}
		var err error
		if k, ok := f.(knower); ok {
			err = k.FillKnown(part, sentences, known)
		} else {
			err = f.Fill(part, sentences)
		}
		if err != nil {
			return nil, err
		}
		at += f.Width()
	}
	return rows, nil
}

// Score is the log density ratio that the critic sees in features [Width].
func (c *Critic) Score(features []float32) float64 {
	var mid [hidden]float64
	for j, b := range c.midB.Data {
		mid[j] = float64(b)
	}
	s := float64(c.outB.Data[0])
	for i, f := range features[:c.learnt] {
		z := float64(f-c.mean[i]) / float64(c.sd[i])
		s += z * float64(c.linW.Data[i])
		for j, w := range c.midW.Data[i*hidden:][:hidden] {
			mid[j] += z * float64(w)
		}
	}
	for j, v := range mid {
		s += math.Tanh(v) * float64(c.outW.Data[j])
	}
	if c.limit != nil {
		s += float64(c.limit.Data[0])*float64(features[c.learnt]) + float64(c.limit.Data[1])
	}
	return s
}

// Scores are those of sentences, and their features.
func (c *Critic) Scores(sentences [][]int32) (scores []float64, features [][]float32, err error) {
	return c.ScoresKnown(sentences, Known{})
}

// ScoresKnown is Scores for sentences some of whose log p are known.
func (c *Critic) ScoresKnown(sentences [][]int32, known Known) (scores []float64, features [][]float32, err error) {
	if features, err = c.featuresKnown(sentences, known); err != nil {
		return nil, nil, err
	}
	return c.scoreAll(features), features, nil
}

func (c *Critic) scoreAll(features [][]float32) []float64 {
	s := make([]float64, len(features))
	kernel.Parallel(len(s), fewSentences, func(lo, hi int) {
		for i, f := range features[lo:hi] {
			s[lo+i] = c.Score(f)
		}
	})
	return s
}

// standardise takes mean and deviation of each feature from real sentences, and
// begins anew: the tanh layer's weights are the row of the Critic stream that
// their name gives, the score is that of the first weights.
func (c *Critic) standardise(real [][]float32, seed uint64) {
	for j := range c.learnt {
		sum, sq := 0.0, 0.0
		for _, f := range real {
			sum += float64(f[j])
		}
		m := sum / float64(len(real))
		for _, f := range real {
			d := float64(f[j]) - m
			sq += d * d
		}
		c.mean[j], c.sd[j] = float32(m), 1
		if sd := math.Sqrt(sq / float64(len(real))); sd > 1e-6*(1+math.Abs(m)) {
			c.sd[j] = float32(sd)
		}
	}
	c.begin()
	clear(c.midB.Data)
	c.midW.Xavier(c.learnt, hidden, rng.Key{Seed: seed, Stream: rng.Critic, Step: rng.CriticWeights})
}

// fitGraph is the training step: N sentences, half of them real.
type fitGraph struct {
	*network.Program
	x, labels []float32 // [N,F] standardised, [N,1] of 1 and -1
}

func (c *Critic) graph(n int) (*fitGraph, error) {
	g := op.NewGraph()
	s := &fitGraph{x: make([]float32, n*c.learnt), labels: make([]float32, n)}
	x, labels := g.Leaf("features", s.x, false, n, c.learnt), g.Leaf("labels", s.labels, false, n, 1)
	var nodes []*G.Node
	for _, p := range c.params {
		nodes = append(nodes, g.Weights(p, true))
	}
	linear := g.Dense(x, nodes[0], g.Leaf("none", make([]float32, 1), false, 1), op.Identity)
	curved := g.Dense(g.Dense(x, nodes[1], nodes[2], op.Tanh), nodes[3], nodes[4], op.Identity)
	if err := g.Err(); err != nil {
		return nil, err
	}
	score := g.Must(G.Add(linear, curved))
	// -log sigmoid(label * score), the mean of both halves
	loss := g.Must(G.Mean(g.Must(G.Softplus(g.Must(G.Neg(g.Must(G.HadamardProd(score, labels))))))))
	var err error
	s.Program, err = g.Compile(loss, nodes...)
	return s, err
}
