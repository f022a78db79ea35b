// Package nn holds the weights of a model outside any graph.
//
// Several graphs (the generator's step, the discriminator's step, evaluation)
// share the memory of one set of weights: each graph binds the same slices.
package nn

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"

	"textgan/internal/kernel"
	"textgan/internal/memory"
	"textgan/internal/rng"
)

// Param is one weight tensor, row-major.
type Param struct {
	Name  string
	Shape []int
	Data  []float32
}

// Params is the weights of a model in a fixed order.
type Params []*Param

// New returns a zero tensor and appends it to the list.
func (ps *Params) New(name string, shape ...int) *Param {
	n := 1
	for _, s := range shape {
		n *= s
	}
	p := &Param{Name: name, Shape: shape, Data: memory.Floats(n)[0]}
	*ps = append(*ps, p)
	return p
}

// Size is the number of weights.
func (ps Params) Size() int {
	n := 0
	for _, p := range ps {
		n += len(p.Data)
	}
	return n
}

// Hash is a SHA-256 over names, shapes and bits: equal hashes, equal weights.
func (ps Params) Hash() string {
	h := sha256.New()
	for _, p := range ps {
		fmt.Fprintln(h, p.Name, p.Shape)
		binary.Write(h, binary.LittleEndian, p.Data)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Clone returns a copy with memory of its own.
func (ps Params) Clone() Params {
	c := make(Params, len(ps))
	for i, p := range ps {
		c[i] = &Param{p.Name, p.Shape, append([]float32(nil), p.Data...)}
	}
	return c
}

// Set copies the values of from, which must have the same names and shapes.
func (ps Params) Set(from Params) error {
	if len(from) != len(ps) {
		return fmt.Errorf("nn: %d tensors where the model has %d", len(from), len(ps))
	}
	for i, p := range ps {
		q := from[i]
		if p.Name != q.Name || fmt.Sprint(p.Shape) != fmt.Sprint(q.Shape) || len(p.Data) != len(q.Data) {
			return fmt.Errorf("nn: tensor %s %v where the model has %s %v", q.Name, q.Shape, p.Name, p.Shape)
		}
	}
	for i, p := range ps {
		copy(p.Data, from[i].Data)
	}
	return nil
}

// SetPart copies the values of from, a tensor of the same name, into the beginning of
// every dimension of p, and leaves the others as they are.
func (p *Param) SetPart(from *Param) error {
	fits := p.Name == from.Name && len(p.Shape) == len(from.Shape)
	for i := range p.Shape {
		fits = fits && p.Shape[i] >= from.Shape[i]
	}
	if !fits {
		return fmt.Errorf("nn: tensor %s %v is no part of %s %v", from.Name, from.Shape, p.Name, p.Shape)
	}
	setPart(p.Data, from.Data, p.Shape, from.Shape)
	return nil
}

func setPart(to, from []float32, shape, part []int) {
	if len(shape) < 2 {
		copy(to, from)
		return
	}
	for i := range part[0] {
		setPart(to[i*(len(to)/shape[0]):][:len(to)/shape[0]], from[i*(len(from)/part[0]):][:len(from)/part[0]], shape[1:], part[1:])
	}
}

// Uniform draws the weights from [-a, a), from the row of the key. That of
// initial weights is rng.Weights of their name.
func (p *Param) Uniform(a float64, key rng.Key) {
	kernel.Uniform(p.Data, key)
	for i, u := range p.Data {
		p.Data[i] = float32(a) * (2*u - 1)
	}
}

// Xavier is Uniform with a = sqrt(6/(in+out)); Glorot and Bengio 2010, equation 16.
func (p *Param) Xavier(in, out int, key rng.Key) {
	p.Uniform(math.Sqrt(6/float64(in+out)), key)
}
