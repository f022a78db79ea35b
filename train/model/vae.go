package model

import (
	"errors"

	"textgan/generator"
	"textgan/vocab"
)

// ErrNoVAE is the error of what only a VAE can do.
var ErrNoVAE = errors.New("train: the model of this run is no VAE; train one with --model vae")

// boundDraws is how many draws of each code stand for a likelihood.
const boundDraws = 10

// rowsAtOnce is how many of n sentences of up to T tokens are scored or encoded
// at once: 64, or fewer if they are so long that memory would suffer.
func rowsAtOnce(n, T int) int { return max(1, min(64, n, (1<<15)/T)) }

// Bound scores lines by a VAE, with that many draws of each code; see
// generator.Evaluator.
func (m *Model) ELBO(lines []string, samples int, seed uint64) (t generator.VAETally, err error) {
	if m.VAE == nil {
		return t, ErrNoVAE
	}
	ids, T, err := m.sentences(lines)
	if err != nil {
		return t, err
	}
	s, err := m.VAE.NewEvaluator(rowsAtOnce(len(ids), T), T)
	if err != nil {
		return t, err
	}
	defer s.Close()
	return s.Evaluate(ids, samples, seed)
}

// Encode returns the posteriors that a VAE gives to lines.
func (m *Model) Encode(lines []string) (*generator.Posteriors, error) {
	if m.VAE == nil {
		return nil, ErrNoVAE
	}
	ids, T, err := m.sentences(lines)
	if err != nil {
		return nil, err
	}
	e, err := m.VAE.Encoder(rowsAtOnce(len(ids), T), T)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.Encode(ids)
}

// Decode writes a sentence for every code [n,Width] of a VAE, under the options
// and a seed for the words that are drawn.
func (m *Model) Decode(codes []float32, o generator.SampleOptions, seed uint64) ([]string, error) {
	if m.VAE == nil {
		return nil, ErrNoVAE
	}
	s, err := m.VAE.NewCodeSampler(codes, o)
	if err != nil {
		return nil, err
	}
	lines := make([]string, len(codes)/m.VAE.Width())
	for i, ids := range s.Sample(len(lines), generator.Key{Seed: seed}) {
		lines[i] = m.Vocab.Decode(ids)
	}
	return lines, nil
}

// sentences are lines as ids, and the longest of them in tokens with its end.
func (m *Model) sentences(lines []string) (ids [][]int32, T int, err error) {
	ids, err = m.Vocab.EncodeAll(lines, vocab.EncodeOptions{})
	for _, s := range ids {
		T = max(T, len(s)+1)
	}
	return ids, max(T, 1), err
}
