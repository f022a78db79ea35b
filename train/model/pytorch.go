package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"textgan/generator"
	"textgan/internal/nn"
	"textgan/internal/safetensors"
)

// ErrNotPyTorch is the error of a model that PyTorch has no modules for.
var ErrNotPyTorch = errors.New("model: PyTorch has no module for this model; take --format single")

// gateOrders say where PyTorch's gates stand among ours.
var gateOrders = map[string]struct {
	names string // PyTorch's
	ours  []int  // the block of each
}{
	"lstm": {"i,f,g,o", []int{0, 1, 3, 2}}, // ours are i, f, o, g
	"gru":  {"r,z,n", []int{0, 1, 2}},
}

// WritePyTorch writes the model as a safetensors file that holds the state_dict of
// nn.Embedding "embedding", nn.LSTM or nn.GRU "rnn" and nn.Linear "output", in
// PyTorch's order of gates:
//
//	embedding.weight [V,E]  output.weight [V,H]  output.bias [V]
//	rnn.weight_ih_lK [GH,In]  rnn.weight_hh_lK [GH,H]  rnn.bias_ih_lK, rnn.bias_hh_lK [GH]
//
// Both GRUs reset behind the recurrent product, so that one is exact too. Where one
// bias serves for two, the second is 0. The metadata hold "format" (pt),
// "textgan_version" of this layout, "cell", "layers", "gates", "step" and, as JSON,
// the "tokens" by id. The error of a VAE, of a relational memory and of a model that
// writes backwards is an ErrNotPyTorch.
func (m *Model) WritePyTorch(w io.Writer) error {
	g, ok := m.Generator.(*generator.Generator)
	order, known := gateOrders[m.Config.Cell]
	switch {
	case !ok:
		return fmt.Errorf("%w (a VAE's decoder reads a code at every step)", ErrNotPyTorch)
	case !known:
		return fmt.Errorf("%w (--cell %s)", ErrNotPyTorch, m.Config.Cell)
	case m.Config.Backwards:
		return fmt.Errorf("%w (--backwards)", ErrNotPyTorch)
	}
	weights := map[string]*nn.Param{}
	for _, p := range g.Params() {
		weights[p.Name] = p
	}
	var tensors []safetensors.Tensor
	put := func(name string, data []float32, shape ...int) {
		tensors = append(tensors, safetensors.Tensor{Name: name, Shape: shape, Data: data})
	}
	V, H := g.Vocab, g.Hidden
	table := weights["g.embedding"]
	put("embedding.weight", table.Data, V, g.Emb)
	for l := range g.Layers {
		in := func(name string) *nn.Param { return weights[fmt.Sprintf("g.layer%d.%s", l, name)] }
		out := func(name string) string { return fmt.Sprintf("rnn.%s_l%d", name, l) }
		wx, wh, b := in("wx"), in("wh"), in("b").Data
		put(out("weight_ih"), gatesOf(wx, H, order.ours), len(order.ours)*H, wx.Shape[0])
		put(out("weight_hh"), gatesOf(wh, H, order.ours), len(order.ours)*H, H)
		biases, second := make([]float32, 0, len(b)), make([]float32, len(order.ours)*H)
		for _, at := range order.ours {
			biases = append(biases, b[at*H:][:H]...)
		}
		if m.Config.Cell == "gru" { // the bias inside the reset
			copy(second[2*H:], b[3*H:])
		}
		put(out("bias_ih"), biases, len(biases))
		put(out("bias_hh"), second, len(second))
	}
	if g.Tie {
		put("output.weight", slices.Clone(table.Data), V, H)
	} else {
		put("output.weight", transposed(weights["g.output.w"]), V, H)
	}
	put("output.bias", weights["g.output.b"].Data, V)

	tokens := make([]string, V)
	for i := range tokens {
		tokens[i] = m.Vocab.Token(int32(i))
	}
	text, err := json.Marshal(tokens)
	if err != nil {
		return err
	}
	return safetensors.Write(w, tensors, map[string]string{
		"format": "pt", "textgan_version": "1", "cell": m.Config.Cell, "layers": strconv.Itoa(g.Layers), "gates": order.names,
		"step": strconv.Itoa(m.Step), "tokens": string(text),
	})
}

// gatesOf turns weights [In,GH] into [GH,In], with the blocks of H rows in order.
func gatesOf(p *nn.Param, H int, order []int) []float32 {
	t, in := transposed(p), p.Shape[0]
	out := make([]float32, 0, len(t))
	for _, at := range order {
		out = append(out, t[at*H*in:][:H*in]...)
	}
	return out
}

func transposed(p *nn.Param) []float32 {
	rows, cols := p.Shape[0], p.Shape[1]
	t := make([]float32, len(p.Data))
	for i := range rows {
		for j := range cols {
			t[j*rows+i] = p.Data[i*cols+j]
		}
	}
	return t
}
