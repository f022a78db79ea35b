package op

import (
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/kernel"
	"textgan/internal/location"
	"textgan/internal/rng"
)

// Reparameterise draws a code from the posterior of every sentence, with the
// gradient along the draw:
//
//	z = mean + exp(logVar/2) eps
//
// stats [B,2D] holds D means and then D values of logVar; rows [B] int32 names
// the row of the Noise stream that sentence b draws eps from under key; the
// result is [B,D].
//
// Kingma and Welling 2014, section 2.4.
func (g *Graph) Reparameterise(f location.Family, stats, rows, key *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, D, ok := codeShape(stats, rows)
	if !ok {
		return g.fail("Reparameterise: stats %v and rows %v do not fit", stats.Shape(), rows.Shape())
	}
	r := &reparameterise{noise: noise{f: f, D: D, eps: make([]float32, B*D)}, z: zeros(B, D), scale: make([]float32, B*D)}
	return g.apply("Reparameterise", r, r.z, stats, rows, key)
}

func codeShape(stats, rows *G.Node) (B, D int, ok bool) {
	s := stats.Shape()
	return s[0], s[1] / 2, s[1]%2 == 0 && rows.Shape()[0] == s[0]
}

// noise draws eps [B,D], a function of the inputs rows and key.
type noise struct {
	f   location.Family
	D   int
	eps []float32
}

func (n *noise) draw(in []G.Value) {
	key := KeyOf(in[2])
	for b, row := range i32(in[1]) {
		n.f.Noise(n.eps[b*n.D:][:n.D], key.stream(rng.Noise, uint32(row)))
	}
}

type reparameterise struct {
	noise
	z     *tensor.Dense
	scale []float32 // [B,D]
}

func (r *reparameterise) forward(in []G.Value) G.Value {
	r.draw(in)
	stats, z, D := f32(in[0]), f32(r.z), r.D
	for i := range len(z) / D {
		mean, logVar := stats[2*i*D:][:D], stats[(2*i+1)*D:][:D]
		scale := r.scale[i*D:][:D]
		for d, v := range logVar {
			scale[d] = v / 2
		}
		kernel.Exp(scale, scale)
		for d, s := range scale {
			z[i*D+d] = mean[d] + s*r.eps[i*D+d]
		}
	}
	return r.z
}

func (r *reparameterise) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	dStats, dz, D := dIn[0], f32(grad), r.D
	for i := range len(dz) / D {
		row := dz[i*D:][:D]
		copy(dStats[2*i*D:], row)
		dLogVar := dStats[(2*i+1)*D:][:D]
		for d, g := range row {
			dLogVar[d] = g * r.scale[i*D+d] * r.eps[i*D+d] / 2
		}
	}
}

// LatentKL is the divergence [B,D] of every sentence's posterior from the
// prior, in nats and by dimension; see package location. Inputs are those of
// Reparameterise, whose draw a Monte Carlo estimate shares.
func (g *Graph) LatentKL(f location.Family, stats, rows, key *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, D, ok := codeShape(stats, rows)
	if !ok {
		return g.fail("LatentKL: stats %v and rows %v do not fit", stats.Shape(), rows.Shape())
	}
	k := &latentKL{noise: noise{f: f, D: D, eps: make([]float32, B*D)}, kl: zeros(B, D), slope: make([]float32, 2*B*D)}
	return g.apply("LatentKL", k, k.kl, stats, rows, key)
}

type latentKL struct {
	noise
	kl    *tensor.Dense
	slope []float32 // of kl along stats, in the layout of stats
}

func (k *latentKL) forward(in []G.Value) G.Value {
	if k.f == location.Logistic { // the others do not look at it
		k.draw(in)
	}
	stats, kl, D := f32(in[0]), f32(k.kl), k.D
	for i := range kl {
		at := i/D*2*D + i%D
		v, dMean, dLogVar := k.f.Divergence(float64(stats[at]), float64(stats[at+D]), float64(k.eps[i]))
		kl[i], k.slope[at], k.slope[at+D] = float32(v), float32(dMean), float32(dLogVar)
	}
	return k.kl
}

func (k *latentKL) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	for i, g := range f32(grad) {
		at := i/k.D*2*k.D + i%k.D
		dIn[0][at], dIn[0][at+k.D] = g*k.slope[at], g*k.slope[at+k.D]
	}
}
