package generator

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
	"textgan/vocab"
)

// neverLogit is the bias of ids that are never written.
const neverLogit = -1e9

// plain is the model written a second time: float64, one sentence, one token,
// one unit after the other.
type plain struct {
	Config
	weights map[string][]float64 // by the names of Params
}

// plainState is h and c of each layer, nil before the first token.
type plainState struct{ h, c [][]float64 }

func plainOf(g *Generator) plain {
	m := plain{g.Config, map[string][]float64{}}
	for _, p := range g.Params() {
		w := make([]float64, len(p.Data))
		for i, v := range p.Data {
			w[i] = float64(v)
		}
		m.weights[p.Name] = w
	}
	return m
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// next reads a token and returns the logits of the one that follows. The state
// that was given stays as it was.
func (m plain) next(s plainState, id int32) (plainState, []float64) {
	x := m.weights["g.embedding"][int(id)*m.Emb:][:m.Emb]
	var out plainState
	H := m.Hidden
	for l := range m.Layers {
		weight := func(name string) []float64 { return m.weights[fmt.Sprintf("g.layer%d.%s", l, name)] }
		wx, wh, b := weight("wx"), weight("wh"), weight("b")
		gates := len(wh) / H / H
		hPrev, cPrev := make([]float64, H), make([]float64, H)
		if s.h != nil {
			hPrev, cPrev = s.h[l], s.c[l]
		}
		fromX := func(gate, j int) float64 {
			sum := 0.0
			for i, v := range x {
				sum += v * wx[i*gates*H+gate*H+j]
			}
			return sum
		}
		fromH := func(gate, j int) float64 {
			sum := 0.0
			for i, v := range hPrev {
				sum += v * wh[i*gates*H+gate*H+j]
			}
			return sum
		}
		h, c := make([]float64, H), make([]float64, H)
		for j := range H {
			pre := func(gate int) float64 { return fromX(gate, j) + fromH(gate, j) + b[gate*H+j] }
			if m.Cell == "gru" {
				r, z := sigmoid(pre(0)), sigmoid(pre(1))
				n := math.Tanh(fromX(2, j) + b[2*H+j] + r*(fromH(2, j)+b[3*H+j]))
				h[j] = (1-z)*n + z*hPrev[j]
				continue
			}
			i, f, o, g := sigmoid(pre(0)), sigmoid(pre(1)), sigmoid(pre(2)), math.Tanh(pre(3))
			c[j] = f*cPrev[j] + i*g
			h[j] = o * math.Tanh(c[j])
		}
		out.h, out.c, x = append(out.h, h), append(out.c, c), h
	}
	logits := append([]float64(nil), m.weights["g.output.b"]...)
	for v := range logits {
		for j, h := range x {
			if m.Tie {
				logits[v] += h * m.weights["g.embedding"][v*H+j]
			} else {
				logits[v] += h * m.weights["g.output.w"][j*m.Vocab+v]
			}
		}
	}
	return out, logits
}

// softmax of logits/tau.
func softmax(logits []float64, tau float64) []float64 {
	top, sum := math.Inf(-1), 0.0
	for _, z := range logits {
		top = max(top, z)
	}
	p := make([]float64, len(logits))
	for i, z := range logits {
		p[i] = math.Exp((z - top) / tau)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// nll is -log p of each token, whatever follows the last.
func (m plain) nll(tokens []int32) []float64 { return m.nllAt(1, tokens) }

// nllAt is nll of the model at a temperature.
func (m plain) nllAt(tau float64, tokens []int32) []float64 {
	var out []float64
	var s plainState
	read := vocab.Bos
	for _, id := range tokens {
		var logits []float64
		s, logits = m.next(s, read)
		out = append(out, -math.Log(softmax(logits, tau)[id]))
		read = id
	}
	return out
}

// sharpened returns a generator whose weights are large enough for every gate
// and every token to matter; the biases of Pad and Bos stay.
func sharpened(t testing.TB, c Config, scale float64) *Generator {
	t.Helper()
	g, err := New(c, 1)
	require.NoError(t, err)
	for i, p := range g.Params() {
		r := rng.Key{Seed: 9, Row: uint32(i)}.Rand()
		for j := range p.Data {
			if p.Data[j] != neverLogit {
				p.Data[j] = float32(scale * r.NormFloat64())
			}
		}
	}
	return g
}

// architectures calls f on every kind of generator.
func architectures(t *testing.T, f func(t *testing.T, c Config)) {
	for _, cell := range []string{"lstm", "gru"} {
		for layers := 1; layers <= 2; layers++ {
			for _, tie := range []bool{false, true} {
				c := Config{Cell: cell, Vocab: 9, Emb: 3, Hidden: 4, Layers: layers, Tie: tie}
				if tie {
					c.Emb = c.Hidden
				}
				t.Run(fmt.Sprintf("%s, %d layers, tied %v", cell, layers, tie), func(t *testing.T) { f(t, c) })
			}
		}
	}
}
