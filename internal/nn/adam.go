package nn

import (
	"fmt"
	"math"

	"textgan/internal/kernel"
)

// AdamConfig of an optimiser.
type AdamConfig struct {
	LR           float64 // step size
	Beta1, Beta2 float64 // decay of the moments
	Eps          float64 // added to the root of the second moment
	Clip         float64 // largest global norm of the gradient; 0 means no limit
}

// Adam is the optimiser of Kingma and Ba 2015, algorithm 1, with the gradient
// clipped by its global norm first (Pascanu et al. 2013) and with state that
// can be saved: the moments, in the order of the weights, and the step count.
type Adam struct {
	AdamConfig
	params Params
	m, v   Params
	step   int
}

// NewAdam returns an optimiser of the given weights.
func NewAdam(c AdamConfig, params Params) *Adam {
	a := &Adam{AdamConfig: c, params: params}
	for _, p := range params {
		a.m.New("m."+p.Name, p.Shape...)
		a.v.New("v."+p.Name, p.Shape...)
	}
	return a
}

// State is the moments; together with Steps it is all that Adam remembers.
func (a *Adam) State() Params { return append(append(Params{}, a.m...), a.v...) }

// Steps is the number of updates so far.
func (a *Adam) Steps() int { return a.step }

// Restore sets the number of updates; the moments are restored through State.
func (a *Adam) Restore(steps int) { a.step = steps }

// Check reports moments that no sequence of gradients leads to: the second one is a
// mean of squares.
func (a *Adam) Check() error {
	for _, p := range a.v {
		for i, v := range p.Data {
			if v < 0 {
				return fmt.Errorf("nn: value %d of tensor %q is %v, and a mean of squares is never negative", i, p.Name, v)
			}
		}
	}
	return nil
}

// Update takes one step. grad(i) is the gradient of the i-th weight tensor. It
// returns the global norm before clipping; if that is not finite, the weights
// stay as they are.
func (a *Adam) Update(grad func(i int) []float32) (norm float64, err error) {
	sum := 0.0
	for i := range a.params {
		sum += kernel.SumSquares(grad(i))
	}
	norm = math.Sqrt(sum)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm, fmt.Errorf("gradient norm is %v", norm)
	}
	scale := 1.0
	if a.Clip > 0 && norm > a.Clip {
		scale = a.Clip / norm
	}
	a.step++
	c1, c2 := 1-math.Pow(a.Beta1, float64(a.step)), 1-math.Pow(a.Beta2, float64(a.step))
	for i, p := range a.params {
		kernel.Adam(p.Data, a.m[i].Data, a.v[i].Data, grad(i), float32(a.LR), float32(a.Beta1), float32(a.Beta2), float32(a.Eps), float32(c1), float32(c2), float32(scale), 0)
	}
	return norm, nil
}
