// Package gates trains a classifier that may shut its input channels: a gate in front
// of each is open with a probability of its own, and an open one has a price.
//
// It is an example of how a relaxation of package relax is used for something that is
// not text. Which channels matter is known by construction (NewProblem).
package gates

import (
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// Role of a channel.
type Role int

// The roles.
const (
	Noise       Role = iota // knows nothing
	Informative             // has a weight in the log odds of the label
	Copy                    // an informative channel with noise: useful only to those who lack the other
)

// Problem is standard normal channels and a label that is 1 with log odds w.x, where
// most of w is 0.
type Problem struct {
	W     []float64 // [C]
	Roles []Role    // [C]
	of    []int     // [C] what a copy is a copy of
}

// correlation of a copy with its original.
const correlation = .8

// NewProblem makes C channels, of which informative ones have weights of either sign
// from 0.8 to 2 and as many are copies. It draws from row 0 of the Corpus stream.
func NewProblem(C, informative int, seed uint64) *Problem {
	p := &Problem{make([]float64, C), make([]Role, C), make([]int, C)}
	src := rng.Key{Seed: seed, Stream: rng.Corpus}.Rand()
	order := src.Perm(C)
	for i, c := range order[:informative] {
		p.Roles[c] = Informative
		p.W[c] = (.8 + 1.2*float64(i)/float64(max(informative-1, 1))) * float64(1-2*(i%2))
		copied := order[informative+i]
		p.Roles[copied], p.of[copied] = Copy, c
	}
	return p
}

// Examples are n rows x [n,C] with labels [n] of 0 and 1: example i is a function of the
// seed and of from+i alone, by a row of the Data stream.
func (p *Problem) Examples(n, from int, seed uint64) (x, labels []float32) {
	C := len(p.W)
	x, labels = make([]float32, n*C), make([]float32, n)
	for i := range n {
		key := rng.Key{Seed: seed, Stream: rng.Data, Row: uint32(from + i)}
		row := x[i*C : (i+1)*C]
		kernel.Normal(row, key)
		odds := 0.0
		for c, role := range p.Roles {
			if role == Copy {
				row[c] = correlation*row[p.of[c]] + float32(math.Sqrt(1-correlation*correlation))*row[c]
			}
			odds += p.W[c] * float64(row[c])
		}
		if key.At(1, key.Row).Float64(0) < 1/(1+math.Exp(-odds)) {
			labels[i] = 1
		}
	}
	return x, labels
}

// Options of a training.
type Options struct {
	Relaxation string  // of the gates, a spec of package relax
	Tau        float64 // its temperature
	Price      float64 // of an open gate, in nats an example
	Batch      int
	Steps      int
	LR         float64
	Seed       uint64
}

// Classifier is logistic regression behind gates: gate c is open with probability
// sigmoid(Alpha_c).
type Classifier struct {
	Alpha   []float32 // [C], 1 at first
	w, bias []float32 // [C], [1], 0 at first
	params  nn.Params
}

// Open is the probability of each gate to be open [C].
func (c *Classifier) Open() []float64 {
	p := make([]float64, len(c.Alpha))
	for i, a := range c.Alpha {
		p[i] = 1 / (1 + math.Exp(-float64(a)))
	}
	return p
}

// Trainer moves a classifier and its gates.
type Trainer struct {
	Options
	*Classifier
	*op.Program
	x, labels   []float32 // all examples
	bx, blabels []float32 // of a batch
	key         []uint32
	gates       func() []float32 // [B,C] of the last run
	adam        *nn.Adam
	step        int
}

// NewTrainer prepares training on examples x [n,C] with labels [n]. The loss is
//
//	E over the gates g of -log p(label | x g)  +  Price sum over c of sigmoid(Alpha_c)
//
// with one draw of all gates an example. Of the two categories of a gate the first is
// open and has the logit Alpha, the other has 0: a relaxation of it is a binary
// concrete variable (Maddison, Mnih and Teh 2017, section 5.1), and hard it is open with
// probability sigmoid(Alpha).
func NewTrainer(x, labels []float32, o Options) (*Trainer, error) {
	B, C := o.Batch, len(x)/len(labels)
	t := &Trainer{Options: o, Classifier: &Classifier{}, x: x, labels: labels, bx: make([]float32, B*C), blabels: make([]float32, B), key: make([]uint32, 3)}
	for _, s := range []struct {
		data *[]float32
		p    *nn.Param
	}{{&t.Alpha, t.params.New("alpha", 1, C)}, {&t.w, t.params.New("w", C, 1)}, {&t.bias, t.params.New("bias", 1)}} {
		*s.data = s.p.Data
	}
	for i := range t.Alpha {
		t.Alpha[i] = 1
	}
	relaxation, err := relax.Parse[float32](o.Relaxation)
	if err != nil {
		return nil, err
	}
	spread, first := make([]float32, C*2*C), make([]float32, 2*C*C) // [C] to [2C] and back
	prices, ones, rows := make([]float32, C), make([]float32, B), make([]int32, B)
	for c := range C {
		spread[c*2*C+2*c], first[2*c*C+c] = 1, 1
		prices[c] = float32(o.Price)
	}
	for b := range B {
		ones[b], rows[b] = 1, int32(b)
	}
	g := op.NewGraph()
	alpha, w, bias := g.Weights(t.params[0], true), g.Weights(t.params[1], true), g.Weights(t.params[2], true)
	zero2C, zeroC, zero1 := g.Leaf("zero2C", make([]float32, 2*C), false, 2*C), g.Leaf("zeroC", make([]float32, C), false, C), g.Leaf("zero1", make([]float32, 1), false, 1)
	logits := g.Dense(g.Leaf("ones", ones, false, B, 1), g.Dense(alpha, g.Leaf("spread", spread, false, C, 2*C), zero2C, op.Identity), zero2C, op.Identity)
	drawn := g.Categorical(relaxation, 2, logits, g.Leaf("tau", []float32{float32(o.Tau)}, false, 1), g.Ints("rows", rows, B), g.Key("key", t.key))
	gate := g.Dense(drawn, g.Leaf("first", first, false, 2*C, C), zeroC, op.Identity)
	if g.Err() != nil {
		return nil, g.Err()
	}
	seen := g.Must(G.HadamardProd(g.Leaf("x", t.bx, false, B, C), gate))
	nll := g.Bernoulli(g.Leaf("labels", t.blabels, false, B, 1), g.Dense(seen, w, bias, op.Identity))
	price := g.Dense(g.Must(G.Sigmoid(alpha)), g.Leaf("prices", prices, false, C, 1), zero1, op.Identity)
	if g.Err() != nil {
		return nil, g.Err()
	}
	t.gates = g.Reader(gate)
	loss := g.Must(G.Add(g.Must(G.Mean(nll)), g.Must(G.Sum(price))))
	t.Program, err = g.Compile(loss, alpha, w, bias)
	t.adam = nn.NewAdam(nn.AdamConfig{LR: o.LR, Beta1: .9, Beta2: .999, Eps: 1e-8}, t.params)
	return t, err
}

// Step takes a batch and moves the weights.
func (t *Trainer) Step() error {
	n, C := len(t.labels), len(t.Alpha)
	src := rng.Key{Seed: t.Seed, Stream: rng.Sample, Step: uint32(t.step)}.Rand()
	for b := range t.Batch {
		i := src.IntN(n)
		copy(t.bx[b*C:(b+1)*C], t.x[i*C:])
		t.blabels[b] = t.labels[i]
	}
	if _, err := t.run(t.step); err != nil {
		return err
	}
	t.step++
	_, err := t.adam.Update(t.Grad)
	return err
}

// run leaves loss and gradient of the batch, with the gates of a step of the Noise
// stream.
func (t *Trainer) run(step int) (float64, error) {
	op.RunKey{Seed: t.Seed, Step: uint32(step)}.Put(t.key)
	return t.Run()
}

// Draw draws gates [C]: 1 for open, by a row of the Eval stream.
func (c *Classifier) Draw(seed uint64, row int) []float32 {
	gates := make([]float32, len(c.Alpha))
	key := rng.Key{Seed: seed, Stream: rng.Eval, Row: uint32(row)}
	for i, p := range c.Open() {
		if key.Float64(uint32(i)) < p {
			gates[i] = 1
		}
	}
	return gates
}

// Accuracy is the share of examples x [n,C] that the classifier tells behind gates [C].
func (c *Classifier) Accuracy(x, labels, gates []float32) float64 {
	right, C := 0, len(c.w)
	for i, l := range labels {
		odds := c.bias[0]
		for j, w := range c.w {
			odds += w * gates[j] * x[i*C+j]
		}
		if (odds > 0) == (l == 1) {
			right++
		}
	}
	return float64(right) / float64(len(labels))
}

// Best is the accuracy of a classifier that knows w, the greatest there is: the mean of
// sigmoid(|s|) over log odds s, which are normal with deviation |w|, by the midpoint
// rule.
func (p *Problem) Best() float64 {
	norm, sum, mass := 0.0, 0.0, 0.0
	for _, w := range p.W {
		norm += w * w
	}
	const cells = 4000
	for i := range cells {
		z := 10 * (float64(i) + .5) / cells
		density := math.Exp(-z * z / 2)
		sum += density / (1 + math.Exp(-z*math.Sqrt(norm)))
		mass += density
	}
	return sum / mass
}
