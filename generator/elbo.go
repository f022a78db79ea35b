package generator

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/network"
	"textgan/vocab"
)

// ELBO is a training graph of a VAE, by the evidence lower bound. Its loss, in nats per token, is
//
//	( sum of -log p(x|z)  +  B beta max(total, sum over units max(each, mean KL)) ) / tokens
//
// over a batch of B sentences, with one draw of z for each; tokens is the batch's Divisor. With beta = 1 and
// no free bits it is the negative ELBO. The loss of a part of a batch is its share of that
// of the batch.
type ELBO struct {
	*network.Program
	B, T                     int
	ids, read, lengths, rows []int32
	weights, rowWeights      []float32 // [B,T], [B]
	beta, tau, dropped       []float32
	key                      []uint32
	mean                     []float32        // [units] divergences of the batch that this is a part of; nil: batches are whole, or cost nothing together
	divergences              *op.Program      // those of the sentences [B,units]; nil with mean
	places, own              *op.Plan         // of packed tokens: of a whole batch, of its part; nil: batches are whole
	nll                      []float32        // [B,T] of the last run
	kl                       func() []float32 // [B,units] of the last run
	sentences, whole         int              // of the last run; whole is that of the whole batch
}

// ELBOOptions of a graph.
type ELBOOptions struct {
	B, T int // sentences of a batch; longest sentence, its end included
	// Gradients come in the order of Params, for the parts that are trained.
	Encoder, Decoder bool
	BF16             bool // products read operands rounded to bf16
	Parts            bool // batches are parts of larger ones
	// FreeBits is the divergence in nats that each unit of a code has for free,
	// FreeBitsTotal that of the whole code; see op.FreeBits.
	FreeBits, FreeBitsTotal float64
	// Relaxation is the estimator of the gradient through a categorical code.
	Relaxation network.Relaxation
}

// ELBO builds the graph.
func (v *VAE) ELBO(o ELBOOptions) (*ELBO, error) {
	if v.Categorical() && o.Relaxation == nil {
		return nil, fmt.Errorf("generator: a categorical code needs an estimator")
	}
	b := &ELBO{B: o.B, T: o.T,
		ids: make([]int32, o.B*o.T), read: make([]int32, o.B*o.T), lengths: make([]int32, o.B), rows: make([]int32, o.B),
		weights: make([]float32, o.B*o.T), rowWeights: make([]float32, o.B), beta: []float32{1}, tau: []float32{1},
		dropped: make([]float32, o.B*o.T), key: op.NewKey(0),
	}
	if o.Parts {
		b.key, b.places, b.own = op.NewKey(o.B*o.T), op.NewPlan(o.T), op.NewPlan(o.T)
	}
	for i := range b.rows {
		b.rows[i] = int32(i)
	}
	g := op.NewGraph()
	if o.BF16 {
		g.UseBF16()
	}
	ids, read, lengths := g.Ints("ids", b.ids, o.B, o.T), g.Ints("read", b.read, o.B, o.T), g.Ints("lengths", b.lengths, o.B)
	weights, rowWeights := g.Leaf("weights", b.weights, false, o.B, o.T), g.Leaf("row weights", b.rowWeights, false, o.B)
	beta, key := g.Leaf("beta", b.beta, false, 1), g.Key("key", b.key)

	posterior, params := v.bindEncoder(g, ids, lengths, o.Encoder)
	d := v.bindDecoder(g, v.dec, o.Decoder)
	nodes := codeNodes{posterior: posterior, rows: g.Ints("rows", b.rows, o.B), key: key, prior: d.prior(g), relaxation: o.Relaxation}
	if v.Categorical() {
		nodes.tau = g.Leaf("tau", b.tau, false, 1)
	}
	z, kl := v.code.bind(g, nodes)
	drop := func(x *G.Node, layer uint32) *G.Node { return g.Dropout(x, v.decoder.Dropout, key, layer) }
	rec, nll := d.crossEntropy(g, z, ids, read, lengths, weights, drop)
	var mean *G.Node
	if o.Parts && (o.FreeBits > 0 || o.FreeBitsTotal > 0) { // thresholds on means over the whole batch
		b.mean = make([]float32, v.code.units())
		mean = g.Leaf("mean", b.mean, false, len(b.mean))
		if err := b.newDivergences(v, o); err != nil {
			return nil, err
		}
	}
	price := g.FreeBits(kl, rowWeights, beta, mean, o.FreeBits, o.FreeBitsTotal)
	if err := g.Err(); err != nil {
		return nil, fmt.Errorf("generator: ELBO: %w", err)
	}
	b.nll = nll
	b.kl = g.Reader(kl)
	if !o.Encoder {
		params = nil
	}
	if o.Decoder {
		params = append(params, d.params...)
	}
	var err error
	if b.Program, err = g.Compile(g.Must(G.Add(rec, price)), params...); err != nil {
		return nil, fmt.Errorf("generator: ELBO: %w", err)
	}
	return b, nil
}

// newDivergences makes the graph of the encoder alone, on the same inputs.
func (b *ELBO) newDivergences(v *VAE, o ELBOOptions) (err error) {
	g := op.NewGraph()
	if o.BF16 {
		g.UseBF16()
	}
	ids, lengths := g.Ints("ids", b.ids, o.B, o.T), g.Ints("lengths", b.lengths, o.B)
	posterior, _ := v.bindEncoder(g, ids, lengths, false)
	d := v.bindDecoder(g, v.dec, false)
	nodes := codeNodes{posterior: posterior, rows: g.Ints("rows", b.rows, o.B), key: g.Key("key", b.key), prior: d.prior(g), relaxation: o.Relaxation}
	if v.Categorical() {
		nodes.tau = g.Leaf("tau", b.tau, false, 1)
	}
	_, kl := v.code.bind(g, nodes)
	if b.divergences, err = g.Compile(kl); err != nil {
		err = fmt.Errorf("generator: divergences: %w", err)
	}
	return err
}

// Divergences are a part's share of the mean divergences of a batch, by unit of the code, in
// nats; nil if Step does not read them.
func (b *ELBO) Divergences(batch *vocab.Batch, s ELBOStep) ([]float64, error) {
	if b.divergences == nil {
		return nil, nil
	}
	if err := b.load(batch, s); err != nil {
		return nil, err
	}
	if _, err := b.divergences.Run(); err != nil {
		return nil, err
	}
	kl, sum := b.divergences.Output(), make([]float64, len(b.mean))
	for i, v := range kl[:b.sentences*len(sum)] {
		sum[i%len(sum)] += float64(v) / float64(batch.Of().B)
	}
	return sum, nil
}

// ELBOStep is what a training step reads besides weights and sentences.
type ELBOStep struct {
	Seed        uint64
	Step        uint32  // names the noise and the dropout masks
	Beta        float64 // weight of the divergence
	Tau         float64 // of a categorical code's relaxation; 0 means 1
	WordDropout float64 // probability that the decoder reads <unk> for a word; 1: it reads none
	// Mean is what Divergences of all parts of the batch add up to; not read if that is nil.
	Mean []float64
}

// Step runs the graph on a batch and returns the loss.
func (b *ELBO) Step(batch *vocab.Batch, s ELBOStep) (float64, error) {
	if err := b.load(batch, s); err != nil {
		return 0, err
	}
	for i := range b.mean {
		b.mean[i] = float32(s.Mean[i])
	}
	return b.Run()
}

// load writes the inputs of a step.
func (b *ELBO) load(batch *vocab.Batch, s ELBOStep) error {
	if err := LoadBatch(batch, b.ids, b.lengths, b.B, b.T); err != nil {
		return err
	}
	if b.places != nil {
		packedRows(op.KeyRows(b.key), batch, b.places, b.own)
		for i := range b.rows {
			b.rows[i] = int32(batch.Part.Row(i))
		}
	}
	whole, tokens := batch.Of(), batch.Divisor()
	b.sentences, b.whole = batch.B, whole.B
	copy(b.read, b.ids)
	if s.WordDropout > 0 {
		if n := whole.B * b.T; n > len(b.dropped) {
			b.dropped = make([]float32, n)
		}
		kernel.Uniform(b.dropped, rng.Key{Seed: s.Seed, Stream: rng.Dropout, Step: s.Step, Row: rng.WordDropoutRow})
		for i := range b.read {
			if u := b.dropped[batch.Part.Row(i/b.T)*b.T+i%b.T]; float64(u) < s.WordDropout {
				b.read[i] = vocab.Unk
			}
		}
	}
	for i := range b.weights {
		b.weights[i] = 1 / float32(tokens)
	}
	for i := range b.rowWeights {
		b.rowWeights[i] = 0
		if i < b.sentences {
			b.rowWeights[i] = 1 / float32(whole.B)
		}
	}
	// The price is nats per sentence, the loss nats per token.
	b.beta[0] = float32(s.Beta * float64(whole.B) / tokens)
	if b.tau[0] = float32(s.Tau); s.Tau == 0 {
		b.tau[0] = 1
	}
	op.RunKey{Seed: s.Seed, Step: s.Step}.Put(b.key)
	return nil
}

// Parts returns the two sides of the bound in the last step, as means over the
// sentences in nats: reconstruction -log p(x|z) and divergence, without beta
// and free bits. Of a part of a batch they are its shares of the means.
func (b *ELBO) Parts() (rec, kl float64) {
	for i, n := range b.lengths {
		for _, v := range b.nll[i*b.T:][:n] {
			rec += float64(v)
		}
	}
	all := b.kl()
	for _, v := range all[:len(all)/b.B*b.sentences] {
		kl += float64(v)
	}
	n := float64(b.whole)
	return rec / n, kl / n
}
