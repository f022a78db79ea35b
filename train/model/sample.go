package model

import (
	"fmt"

	"textgan/generator"
	"textgan/internal/rng"
)

// Sample draws n sentences. A MaxLen of 0 stands for the longest sentence of
// the training text, and its end. Equal options and seed give equal sentences,
// those that the command "sample" gives.
func (m *Model) Sample(n int, o generator.SampleOptions, seed uint64) ([]string, error) {
	if n < 0 {
		return nil, fmt.Errorf("model: %d sentences; give at least 0", n)
	}
	if o.MaxLen == 0 {
		o.MaxLen = m.Config.MaxLen + 1
	}
	if err := checkSamples(n, o.MaxLen); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	s, err := m.Generator.NewSampler(o)
	if err != nil {
		return nil, err
	}
	return m.Vocab.DecodeAll(s.Sample(n, rng.Key{Seed: seed, Stream: rng.Sample})), nil
}
