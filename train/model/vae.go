package model

import (
	"errors"

	"textgan/generator"
)

// VAE is a model that is one: what only that can do.
type VAE struct {
	*Model
	net *generator.VAE
}

// VAE is m as a VAE; it is an error if it is none.
func (m *Model) VAE() (VAE, error) {
	v, ok := m.Generator.(*generator.VAE)
	if !ok {
		return VAE{}, errors.New("model: the model of this run is no VAE; train one with --model vae")
	}
	return VAE{m, v}, nil
}

// Width is the number of values of a code.
func (v VAE) Width() int { return v.net.Width() }

// Categorical reports whether codes are choices.
func (v VAE) Categorical() bool { return v.net.Categorical() }

// ELBO scores lines with that many draws of each code; see generator.Evaluator.
func (v VAE) ELBO(lines []string, samples int, seed uint64) (t generator.VAETally, err error) {
	ids, T, err := v.sentences(lines)
	if err != nil {
		return t, err
	}
	s, err := v.net.NewEvaluator(rowsAtOnce(len(ids), T), T)
	if err != nil {
		return t, err
	}
	defer s.Close()
	return s.Evaluate(ids, samples, seed)
}

// Encode returns the posteriors of lines.
func (v VAE) Encode(lines []string) (*generator.Posteriors, error) {
	ids, T, err := v.sentences(lines)
	if err != nil {
		return nil, err
	}
	e, err := v.net.Encoder(rowsAtOnce(len(ids), T), T)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	return e.Encode(ids)
}

// Decode writes a sentence for every code [n,Width], under the options and a seed
// for the words that are drawn.
func (v VAE) Decode(codes []float32, o generator.SampleOptions, seed uint64) ([]string, error) {
	s, err := v.net.NewCodeSampler(codes, o)
	if err != nil {
		return nil, err
	}
	return v.Vocab.DecodeAll(s.Sample(len(codes)/v.Width(), generator.Key{Seed: seed})), nil
}
