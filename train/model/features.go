package model

import (
	"errors"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"textgan/vocab"
)

// Features turns lines into vectors [N,H], see generator.Features. Lines are
// cut after 200 tokens. A VAE has none (generator.ErrNoFeatures).
func (m *Model) Features(lines []string) (*mat.Dense, error) {
	ids, err := m.Vocab.EncodeAll(lines, vocab.EncodeOptions{MaxLen: LongestLine, Truncate: true})
	if err != nil {
		return nil, err
	}
	if len(ids) == 0 {
		return nil, errors.New("model: no lines to take features of")
	}
	values, err := m.Generator.Features(ids)
	if err != nil {
		return nil, err
	}
	return mat.NewDense(len(ids), len(values)/len(ids), values), nil
}

// EncoderName says where the features of m come from, for signatures.
func (m *Model) EncoderName() string {
	c := m.Config
	return fmt.Sprintf("encoder:%s-%dx%d|state:mean|weights:%.12s", c.Cell, c.Layers, c.Hidden, m.Generator.Params().Hash())
}
