package train

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/gorgonia"

	"textgan/internal/op"
)

// The same losses, written down in float64.
func plainLosses(o Objective, r, f []float64, smooth float64) (lossD, lossG float64) {
	sp := func(x float64) float64 { return math.Max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }
	relu := func(x float64) float64 { return math.Max(x, 0) }
	n := float64(len(r))
	var mr, mf float64
	for i := range r {
		mr, mf = mr+r[i]/n, mf+f[i]/n
	}
	for i := range r {
		real := func(x float64) float64 { return (1-smooth)*sp(-x) + smooth*sp(x) }
		var d, g float64
		switch o {
		case Standard:
			d, g = real(r[i])+sp(f[i]), sp(-f[i])
		case RSGAN:
			d, g = real(r[i]-f[i]), sp(r[i]-f[i])
		case RAGAN:
			d, g = real(r[i]-mf)+sp(f[i]-mr), sp(r[i]-mf)+sp(mr-f[i])
		case Hinge:
			d, g = relu(1-r[i])+relu(1+f[i]), -f[i]
		case LSGAN:
			a := r[i] - (1 - smooth)
			d, g = (a*a+f[i]*f[i])/2, (f[i]-1)*(f[i]-1)/2
		}
		lossD, lossG = lossD+d/n, lossG+g/n
	}
	return lossD, lossG
}

func TestObjectives(t *testing.T) {
	r64, f64 := []float64{2.5, -0.3, 40, .7, -90}, []float64{-1.5, 0.4, -30, 1.2, 60}
	for _, o := range Objectives() {
		for _, smooth := range []float64{0, .1} {
			if o == Hinge && smooth > 0 {
				_, err := o.LossD(op.NewGraph(), nil, nil, smooth)
				require.Error(t, err)
				continue
			}
			for side := range 2 { // 0: discriminator, 1: generator
				r, f := []float32{2.5, -0.3, 40, .7, -90}, []float32{-1.5, 0.4, -30, 1.2, 60}
				g := op.NewGraph()
				rn, fn := g.Leaf("r", r, side == 0, 5, 1), g.Leaf("f", f, true, 5, 1)
				loss, err := o.LossD(g, rn, fn, smooth)
				if side == 1 {
					loss, err = o.LossG(g, rn, fn)
				}
				require.NoError(t, err)
				train := []int{1}
				nodes := []*gorgonia.Node{fn}
				if side == 0 {
					train, nodes = []int{1, 0}, []*gorgonia.Node{fn, rn}
				}
				p, err := g.Compile(loss, nodes...)
				require.NoError(t, err)
				got, err := p.Run()
				require.NoError(t, err)
				plain := func(r, f []float64) float64 {
					d, g := plainLosses(o, r, f, smooth)
					return []float64{d, g}[side]
				}
				require.InEpsilon(t, plain(r64, f64)+100, got+100, 1e-6, "%s smooth %v side %d", o, smooth, side)
				// Central differences in float64; kinks lie elsewhere.
				for k, which := range train {
					for i := range r64 {
						const h = 1e-5
						up, down := [][]float64{append([]float64{}, r64...), append([]float64{}, f64...)}, [][]float64{append([]float64{}, r64...), append([]float64{}, f64...)}
						up[which][i] += h
						down[which][i] -= h
						want := (plain(up[0], up[1]) - plain(down[0], down[1])) / (2 * h)
						require.InDelta(t, want, p.Grad(k)[i], 1e-5*(1+math.Abs(want)), "%s smooth %v side %d input %d value %d", o, smooth, side, which, i)
					}
				}
			}
		}
	}
}
