package generator

import (
	"fmt"

	"textgan/generator/sampling"
	"textgan/internal/op"
	"textgan/network"
	"textgan/vocab"
)

// Posteriors are what an encoder says of sentences, one q(z|x) for each.
type Posteriors struct {
	v     *VAE
	n     int
	stats []float32 // [n,P]
}

// Len is the number of sentences.
func (p *Posteriors) Len() int { return p.n }

// Stats are the parameters of posterior i: of a location-scale code its D means
// and then its D values of log scale^2, of a categorical code the logits [N*K].
func (p *Posteriors) Stats(i int) []float32 {
	n := p.v.code.stats()
	return p.stats[i*n:][:n]
}

// Moments are the means [D] of posterior i, or its probabilities [N*K].
func (p *Posteriors) Moments(i int) []float32 { return p.v.code.moments(p.Stats(i)) }

// Codes returns a code for every sentence [n,Width]: the mean of its posterior,
// or its likeliest categories.
func (p *Posteriors) Codes() []float32 {
	return p.each(func(z []float32, i int) { p.v.code.likeliest(z, p.Stats(i)) })
}

// Draws returns a draw from every posterior [n,Width]; that of sentence i is a
// function of its posterior, of the key's seed, stream and step, and of i.
func (p *Posteriors) Draws(key Key) []float32 {
	return p.each(func(z []float32, i int) { p.v.code.draw(z, p.Stats(i), key, uint32(i)) })
}

func (p *Posteriors) each(f func(z []float32, i int)) []float32 {
	Z := p.v.Width()
	codes := make([]float32, p.n*Z)
	for i := range p.n {
		f(codes[i*Z:][:Z], i)
	}
	return codes
}

// Encoder is the graph from sentences to posteriors.
type Encoder struct {
	*network.Program
	v            *VAE
	B, T         int
	ids, lengths []int32
}

// Encoder builds the graph for batches of B sentences of up to T tokens, the end
// included. It reads the weights as they are at each call.
func (v *VAE) Encoder(B, T int) (*Encoder, error) {
	e := &Encoder{v: v, B: B, T: T, ids: make([]int32, B*T), lengths: make([]int32, B)}
	g := op.NewGraph()
	posterior, _ := v.bindEncoder(g, g.Ints("ids", e.ids, B, T), g.Ints("lengths", e.lengths, B), false)
	var err error
	if e.Program, err = g.Compile(posterior); err != nil {
		return nil, fmt.Errorf("generator: encoder: %w", err)
	}
	return e, nil
}

// Encode returns the posteriors of sentences of ids, in their order.
func (e *Encoder) Encode(sentences [][]int32) (*Posteriors, error) {
	P := e.v.code.stats()
	p := &Posteriors{v: e.v, n: len(sentences), stats: make([]float32, len(sentences)*P)}
	for b := range vocab.InOrder(sentences, e.B) {
		if e.v.decoder.net.Stopped() {
			return nil, sampling.ErrStopped
		}
		if err := LoadBatch(b, e.ids, e.lengths, e.B, e.T); err != nil {
			return nil, err
		}
		if _, err := e.Run(); err != nil {
			return nil, err
		}
		for r, i := range b.Index {
			copy(p.Stats(int(i)), e.Output()[r*P:][:P])
		}
	}
	return p, nil
}

// SetStop lets all samplers, encoders and evaluators of v stop early, as that of a Generator
// does; an Evaluator asks before every batch.
func (v *VAE) SetStop(stop func() bool) { v.decoder.SetStop(stop) }

// reader is the graph from codes and sentences to -log p(x|z).
type reader struct {
	*Likelihood
	stopped func() bool
}

func (v *VAE) newReader(B, T int) (reader, error) {
	l, err := v.LanguageModel().Likelihood(LikelihoodOptions{B: B, T: T})
	return reader{l, v.decoder.net.Stopped}, err
}

// read calls f with -log p(x|z) in nats of every sentence, and with the part of
// its unknown words, given codes [n,Z].
func (r reader) read(sentences [][]int32, codes []float32, f func(i int, nats, unk float64)) error {
	Z := len(r.Codes.Z) / r.B
	for b := range vocab.InOrder(sentences, r.B) {
		if r.stopped() {
			return sampling.ErrStopped
		}
		if err := r.Load(b); err != nil {
			return err
		}
		for row, i := range b.Index {
			copy(r.Codes.Z[row*Z:][:Z], codes[int(i)*Z:])
		}
		if _, err := r.Run(); err != nil {
			return err
		}
		for row, i := range b.Index {
			nats, unk := 0.0, 0.0
			for t, v := range r.nll[row*r.T:][:r.lengths[row]] {
				nats += float64(v)
				if r.ids[row*r.T+t] == vocab.Unk {
					unk += float64(v)
				}
			}
			f(int(i), nats, unk)
		}
	}
	return nil
}

// NewSampler returns a sampler that draws the code of every sentence from the
// prior: sentence i by row 2^32-1-i of the key's stream (of N rows each if the
// code is categorical), its words as those of any Sampler.
func (v *VAE) NewSampler(o SampleOptions) (*Sampler, error) {
	return v.decoder.net.NewConditioned(v.reads.From(v.code), o)
}

// NewCodeSampler returns a sampler that writes the i-th sentence of a call from code
// i of codes [n,Width].
func (v *VAE) NewCodeSampler(codes []float32, o SampleOptions) (*Sampler, error) {
	Z, c := v.Width(), *v.reads
	c.Code = func(z []float32, _ Key, _, r int) { copy(z, codes[r*Z:][:Z]) }
	return v.decoder.net.NewConditioned(&c, o)
}

// Path returns n >= 2 codes [n,Width] at equal distances on the straight line from code a
// to code b, the ends included: the homotopy of Bowman et al. 2016, section 4.3.
func Path(a, b []float32, n int) []float32 {
	codes := make([]float32, 0, n*len(a))
	for i := range n {
		t := float32(i) / float32(n-1)
		for d := range a {
			codes = append(codes, (1-t)*a[d]+t*b[d])
		}
	}
	return codes
}
