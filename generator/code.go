package generator

import (
	"math"

	G "gorgonia.org/gorgonia"

	"textgan/generator/sampling"
	"textgan/internal/kernel"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// A code is the latent variable of a VAE: what an encoder says of it, how it is
// drawn, and what it costs. One sentence has a code of width values (what the
// decoder reads) and a posterior of stats values (what the encoder gives).
type code interface {
	sampling.Prior
	stats() int // P
	units() int // parts of a code, each with a divergence of its own

	// bind draws codes z [B,Z] from posteriors [B,P] in a graph; kl is [B,units].
	bind(g *op.Graph, b codeNodes) (z, kl *G.Node)

	// draw draws a code by the row of the key that belongs to sentence
	// row, the same as bind for the same names.
	draw(z, stats []float32, key rng.Key, row uint32)
	// likeliest is the code that stands for a posterior without a draw.
	likeliest(z, stats []float32)
	// moments [M] are what the posteriors of a unit differ in: the mean, or
	// probabilities. Unit u owns M/units of them, from u*M/units on.
	moments(stats []float32) []float32

	// divergence fills dst [units] with KL(posterior || prior), at the draw z if
	// there is no closed form.
	divergence(dst []float64, stats, z []float32)
	// logPosterior prepares log q(z|x); logPrior is log p(z).
	logPosterior(stats []float32) func(z []float32) float64
	logPrior(z []float32) float64
}

// codeNodes is what bind reads.
type codeNodes struct {
	posterior, rows, key *G.Node
	tau, prior           *G.Node       // of a categorical code
	relaxation           op.Relaxation // the same
}

// locationScale is a code of real numbers.
type locationScale struct{ sampling.LocationScale }

func (c locationScale) stats() int { return 2 * c.D }
func (c locationScale) units() int { return c.D }

func (c locationScale) bind(g *op.Graph, b codeNodes) (z, kl *G.Node) {
	return g.Reparameterise(c.Family, b.posterior, b.rows, b.key), g.LatentKL(c.Family, b.posterior, b.rows, b.key)
}

func (c locationScale) draw(z, stats []float32, key rng.Key, row uint32) {
	c.Prior(z, key, row)
	for d, eps := range z {
		z[d] = stats[d] + float32(scaleOf(stats[c.D+d]))*eps
	}
}

func scaleOf(logVar float32) float64 { return math.Exp(float64(logVar) / 2) }

func (c locationScale) likeliest(z, stats []float32)      { copy(z, stats[:c.D]) }
func (c locationScale) moments(stats []float32) []float32 { return stats[:c.D] }

func (c locationScale) divergence(dst []float64, stats, z []float32) {
	for d := range dst {
		mean, logVar := float64(stats[d]), float64(stats[c.D+d])
		dst[d], _, _ = c.Divergence(mean, logVar, (float64(z[d])-mean)/scaleOf(stats[c.D+d]))
	}
}

func (c locationScale) logPosterior(stats []float32) func(z []float32) float64 {
	scale, logScale := make([]float64, c.D), 0.0
	for d := range scale {
		scale[d] = scaleOf(stats[c.D+d])
		logScale += float64(stats[c.D+d]) / 2
	}
	return func(z []float32) float64 {
		sum := -logScale
		for d, v := range z {
			sum += c.LogDensity((float64(v) - float64(stats[d])) / scale[d])
		}
		return sum
	}
}

func (c locationScale) logPrior(z []float32) (sum float64) {
	for _, v := range z {
		sum += c.LogDensity(float64(v))
	}
	return sum
}

// categorical is a code of choices.
type categorical struct{ sampling.Categorical }

func (c categorical) stats() int { return c.N * c.K }
func (c categorical) units() int { return c.N }

func (c categorical) bind(g *op.Graph, b codeNodes) (z, kl *G.Node) {
	return g.Categorical(b.relaxation, c.K, b.posterior, b.tau, b.rows, b.key), g.CategoricalKL(c.K, b.posterior, b.prior)
}

func (c categorical) draw(z, stats []float32, key rng.Key, row uint32) { c.Draw(z, stats, key, row) }

func (c categorical) likeliest(z, stats []float32) {
	clear(z)
	for n := range c.N {
		_, k := kernel.Max(stats[n*c.K:][:c.K])
		z[n*c.K+k] = 1
	}
}

func (c categorical) moments(stats []float32) []float32 {
	p := make([]float32, c.N*c.K)
	for n := range c.N {
		kernel.Softmax(p[n*c.K:][:c.K], stats[n*c.K:][:c.K])
	}
	return p
}

func (c categorical) divergence(dst []float64, stats, _ []float32) {
	q, p := make([]float64, c.K), make([]float64, c.K)
	for n := range dst {
		op.LogSoftmax64(q, stats[n*c.K:])
		op.LogSoftmax64(p, c.Logits.Data[n*c.K:])
		dst[n] = op.CategoricalDivergence(q, p)
	}
}

func (c categorical) logPosterior(stats []float32) func(z []float32) float64 {
	logs := make([]float64, c.N*c.K)
	for n := range c.N {
		op.LogSoftmax64(logs[n*c.K:][:c.K], stats[n*c.K:])
	}
	return func(z []float32) (sum float64) {
		for i, v := range z {
			if v > 0 {
				sum += logs[i]
			}
		}
		return sum
	}
}

func (c categorical) logPrior(z []float32) float64 { return c.logPosterior(c.Logits.Data)(z) }
