package corpora

import (
	"errors"
	"fmt"
	"strconv"

	"textgan/internal/safetensors"
)

// readOracle reads the weights of an oracle and the length of its sentences from
// a safetensors file of F32 or F64 tensors:
//
//	embedding  [V,E]
//	wx         [E,4H]  from the embedded word to the gates i, f, o, g
//	wh         [H,4H]  from the hidden state
//	b          [4H]
//	output.w   [H,V]
//	output.b   [V]
//
// and, in the metadata, "length", by default 20. Other tensors may be there too.
// testdata/convert_seqgan.py makes such a file of the weights that SeqGAN's
// authors have published.
func readOracle(path string) (w *oracleWeights, length int, err error) {
	f, err := safetensors.Load(path)
	if err != nil {
		return nil, 0, err
	}
	fail := func(err error) (*oracleWeights, int, error) {
		return nil, 0, fmt.Errorf("%s: %w", path, err)
	}
	length = 20
	if text, ok := f.Meta["length"]; ok {
		if length, err = strconv.Atoi(text); err != nil {
			return fail(fmt.Errorf("length %.20q in the metadata is no number", text))
		}
	}
	w = &oracleWeights{}
	embedding, wh := f.Shape("embedding"), f.Shape("wh")
	if len(embedding) != 2 || len(wh) != 2 {
		return fail(errors.New("no oracle: it needs tensors embedding [V,E], wx [E,4H], wh [H,4H], b [4H], output.w [H,V] and output.b [V]"))
	}
	w.words, w.inputs, w.units = embedding[0], embedding[1], wh[0]
	if w.inputs < 1 || w.inputs > maxCells/max(1, w.words) {
		return fail(fmt.Errorf("embeddings of %d numbers", w.inputs))
	}
	for _, t := range []struct {
		name  string
		to    *[]float64
		shape []int
	}{
		{"embedding", &w.embedding, []int{w.words, w.inputs}},
		{"wx", &w.toGates, []int{w.inputs, 4 * w.units}},
		{"wh", &w.state, []int{w.units, 4 * w.units}},
		{"b", &w.gateBias, []int{4 * w.units}},
		{"output.w", &w.out, []int{w.units, w.words}},
		{"output.b", &w.bias, []int{w.words}},
	} {
		if *t.to, err = safetensors.Floats(f, t.name, t.shape...); err != nil {
			return fail(err)
		}
	}
	return w, length, nil
}
