package op

import (
	G "gorgonia.org/gorgonia"

	"textgan/internal/kernel"
)

// FreeBits is the price of the codes in a loss, with two thresholds in nats
// below which they cost nothing more:
//
//	beta max(total, sum over d of max(each, sum over b of weights[b] kl[b,d]))
//
// kl [B,D]; weights [B], 1/n for n sentences; beta [1]. With both thresholds 0
// it is beta times the mean divergence. A divergence below its threshold has no
// gradient.
//
// The mean divergences are those of the sentences of the graph, or, if that is a part of a
// batch, those of the batch: mean [D], nil for none. The result is the part's share of the
// price then, by the sum of its weights.
//
// Kingma et al. 2016, appendix C.8, for each; the same on the sum, as in Li et
// al. 2019, section 2.
func (g *Graph) FreeBits(kl, weights, beta, mean *G.Node, each, total float64) *G.Node {
	if g.err != nil {
		return nil
	}
	B, D := kl.Shape()[0], kl.Shape()[1]
	if weights.Shape()[0] != B {
		return g.fail("FreeBits: divergences %v and weights %v do not fit", kl.Shape(), weights.Shape())
	}
	f := &freeBits{B: B, D: D, each: float32(each), total: float32(total), mean: make([]float32, D), pays: make([]float32, D)}
	in := []*G.Node{kl, weights, beta}
	if mean != nil {
		if mean.Shape()[0] != D {
			return g.fail("FreeBits: divergences %v and mean %v do not fit", kl.Shape(), mean.Shape())
		}
		in = append(in, mean)
	}
	return g.apply("FreeBits", f, nil, in...)
}

type freeBits struct {
	B, D        int
	each, total float32
	mean        []float32 // [D]
	pays        []float32 // [D] slope of the price along mean
	price       G.F32
}

func (f *freeBits) forward(in []G.Value) G.Value {
	kl, weights, beta := f32(in[0]), f32(in[1]), f32(in[2])[0]
	share := float32(1)
	if len(in) > 3 {
		copy(f.mean, f32(in[3]))
		share = 0
		for _, w := range weights {
			share += w
		}
	} else {
		clear(f.mean)
		for b, w := range weights {
			kernel.Axpy(w, kl[b*f.D:][:f.D], f.mean)
		}
	}
	sum := float32(0)
	for d, m := range f.mean {
		f.pays[d] = 0
		if m > f.each || f.each == 0 { // a Monte Carlo estimate may be negative
			f.pays[d] = beta
		} else {
			m = f.each
		}
		sum += m
	}
	if f.total > 0 && sum <= f.total {
		clear(f.pays)
		sum = f.total
	}
	f.price = G.F32(beta * sum * share)
	return &f.price
}

func (f *freeBits) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	up := scalarOf(grad)
	for b, w := range f32(in[1]) {
		d := dIn[0][b*f.D:][:f.D]
		copy(d, f.pays)
		kernel.Scale(up*w, d)
	}
}
