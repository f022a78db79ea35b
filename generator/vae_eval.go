package generator

import (
	"fmt"
	"math"

	"textgan/internal/rng"
	"textgan/vocab"
)

// VAETally is what a VAE says of sentences. All nats are means per sentence,
// its end included.
type VAETally struct {
	Sentences int
	Tokens    int     // ends included
	Rec       float64 // reconstruction: E_q[-log p(x|z)]
	KL        float64 // KL(q(z|x) || p(z))
	Units     []float64
	// Weighted is the importance-weighted bound on -log p(x) with Samples draws,
	// -log mean of p(x|z) p(z)/q(z|x): the tighter the more draws. Burda, Grosse
	// and Salakhutdinov 2016, equation 8. With one draw it is another estimate
	// of -ELBO.
	Weighted float64
	Samples  int
	// Active is the number of units whose posteriors differ between sentences:
	// their means have a variance above 0.01 (Burda et al. 2016, section 4.1);
	// the probabilities of a choice, all its categories together.
	Active int
	// Unk is the number of tokens that the vocabulary does not hold, UnkNats
	// their part of Rec.
	Unk     int
	UnkNats float64
	// MI is the mutual information of sentence and code in nats: E[KL] - KL of
	// the aggregate posterior from the prior, with the aggregate taken over the
	// same sentences. It cannot exceed the logarithm of their number.
	MI float64
}

// ELBO is the evidence lower bound: a lower bound on log p(x) per sentence, in
// nats.
func (t VAETally) ELBO() float64 { return -(t.Rec + t.KL) }

// PerToken turns nats per sentence into nats per token, ends included.
func (t VAETally) PerToken(nats float64) float64 {
	return nats * float64(t.Sentences) / float64(t.Tokens)
}

// Tally is the weighted bound in the place of a likelihood.
func (t VAETally) Tally() Tally {
	n := float64(t.Sentences)
	return Tally{Nats: n * t.Weighted, Tokens: t.Tokens, Unk: t.Unk, UnkNats: n * t.UnkNats}
}

const (
	activeVariance = .01
	// Mutual information compares sentences in pairs: of more than so many, the
	// first are taken.
	mutualSentences = 1000
)

// Evaluator holds the graphs that evaluate sentences under a VAE, whose weights may go
// on changing.
type Evaluator struct {
	v       *VAE
	encoder *Encoder
	reader  reader
}

// NewEvaluator returns an Evaluator for batches of B sentences of up to T tokens, the
// end included.
func (v *VAE) NewEvaluator(B, T int) (*Evaluator, error) {
	s := &Evaluator{v: v}
	var err error
	if s.encoder, err = v.Encoder(B, T); err != nil {
		return nil, err
	}
	s.reader, err = v.newReader(B, T)
	return s, err
}

// Close releases the graphs.
func (s *Evaluator) Close() error {
	if err := s.encoder.Close(); err != nil {
		return err
	}
	return s.reader.Close()
}

// Evaluate tells how well the VAE predicts sentences of ids, with that many draws of each code, at least 1.
// Draw k of sentence i is by row i of the Eval stream, step k.
func (s *Evaluator) Evaluate(sentences [][]int32, samples int, seed uint64) (VAETally, error) {
	t := VAETally{Sentences: len(sentences), Samples: max(samples, 1), Units: make([]float64, s.v.code.units())}
	if len(sentences) == 0 {
		return t, fmt.Errorf("generator: no sentences to score")
	}
	for _, x := range sentences {
		t.Tokens += len(x) + 1
		for _, id := range x {
			if id == vocab.Unk {
				t.Unk++
			}
		}
	}
	post, err := s.encoder.Encode(sentences)
	if err != nil {
		return t, err
	}
	code, Z, n := s.v.code, s.v.Width(), float64(len(sentences))
	logQ := make([]func([]float32) float64, len(sentences))
	for i := range logQ {
		logQ[i] = code.logPosterior(post.Stats(i))
	}
	weights := make([]logMean, len(sentences)) // of p(x|z) p(z) / q(z|x)
	kl := make([]float64, code.units())
	for k := range t.Samples {
		codes := post.Draws(rng.Key{Seed: seed, Stream: rng.Eval, Step: uint32(k)})
		if k == 0 {
			t.MI = mutual(logQ, codes, Z)
		}
		for i := range sentences {
			code.divergence(kl, post.Stats(i), codes[i*Z:][:Z])
			for u, v := range kl {
				t.Units[u] += v / n / float64(t.Samples)
			}
		}
		err := s.reader.read(sentences, codes, func(i int, nats, unk float64) {
			z := codes[i*Z:][:Z]
			t.UnkNats += unk / n / float64(t.Samples)
			t.Rec += nats / n / float64(t.Samples)
			weights[i].add(-nats + code.logPrior(z) - logQ[i](z))
		})
		if err != nil {
			return t, err
		}
	}
	for _, v := range t.Units {
		t.KL += v
	}
	for i := range weights {
		t.Weighted -= weights[i].value() / n
	}
	t.Active = active(post, code.units())
	return t, nil
}

// logMean is the logarithm of a mean of exponentials.
type logMean struct {
	top, sum float64 // sum of e^(x-top)
	n        int
}

func (l *logMean) add(x float64) {
	switch l.n++; {
	case l.n == 1:
		l.top, l.sum = x, 1
	case x > l.top:
		l.top, l.sum = x, l.sum*math.Exp(l.top-x)+1
	default:
		l.sum += math.Exp(x - l.top)
	}
}

func (l *logMean) value() float64 { return l.top + math.Log(l.sum/float64(l.n)) }

// mutual is the mean of log q(z_i|x_i) - log mean_j q(z_i|x_j).
func mutual(logQ []func([]float32) float64, codes []float32, Z int) (mi float64) {
	logQ = logQ[:min(len(logQ), mutualSentences)]
	for i, own := range logQ {
		z := codes[i*Z:][:Z]
		var all logMean
		for _, q := range logQ {
			all.add(q(z))
		}
		mi += (own(z) - all.value()) / float64(len(logQ))
	}
	return mi
}

// active counts the units whose moments vary over the posteriors.
func active(p *Posteriors, units int) (n int) {
	first := p.Moments(0)
	sum, squares := make([]float64, len(first)), make([]float64, len(first))
	for i := range p.Len() {
		for m, v := range p.Moments(i) {
			d := float64(v) - float64(first[m]) // no cancellation where nothing varies
			sum[m], squares[m] = sum[m]+d, squares[m]+d*d
		}
	}
	per, count := len(first)/units, float64(p.Len())
	for u := range units {
		variance := 0.0
		for m := u * per; m < (u+1)*per; m++ {
			variance += squares[m]/count - sum[m]/count*sum[m]/count
		}
		if variance > activeVariance {
			n++
		}
	}
	return n
}
