package op

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/location"
	"textgan/internal/rng"
)

func families(t *testing.T, f func(t *testing.T, family location.Family)) {
	for family, name := range []string{"gaussian", "logistic", "laplace"} {
		got, err := location.Parse(name)
		require.NoError(t, err)
		require.EqualValues(t, family, got)
		t.Run(name, func(t *testing.T) { f(t, got) })
	}
}

// coder is what names the noise of a batch of codes.
type coder struct {
	B, D int
	rows []int32
	key  []uint32
}

func newCoder(B, D int) *coder {
	c := &coder{B: B, D: D, rows: make([]int32, B), key: make([]uint32, 3)}
	c.set(0)
	return c
}

func (c *coder) set(batch int) {
	for b := range c.rows {
		c.rows[b] = int32(3*b + 7*batch)
	}
	RunKey{Seed: 3 << 40, Step: uint32(9 + batch)}.Put(c.key)
}

func (c *coder) nodes(g *Graph) (rows, key *G.Node) {
	return g.Ints("rows", c.rows, c.B), g.Key("key", c.key)
}

// noise is the draw of row b of the batch, found without the operation.
func (c *coder) noise(f location.Family, b int) []float32 {
	eps := make([]float32, c.D)
	f.Noise(eps, rng.Key{Seed: 3 << 40, Stream: rng.Noise, Step: c.key[2], Row: uint32(c.rows[b])})
	return eps
}

func TestReparameterise(t *testing.T) {
	families(t, func(t *testing.T, f location.Family) {
		c := newCoder(4, 3)
		tr := &trial{
			inputs: []*input{random("stats", 0.7, c.B, 2*c.D)},
			vary:   c.set,
			build: func(g *Graph, in []*G.Node) *G.Node {
				rows, key := c.nodes(g)
				return g.Reparameterise(f, in[0], rows, key)
			},
			plain: func(_ *tape, in [][]num) (z []num) {
				for b := range c.B {
					stats := row(in[0], b, 2*c.D)
					for d, eps := range c.noise(f, b) {
						z = append(z, stats[d].add(stats[c.D+d].times(.5).exp().times(float64(eps))))
					}
				}
				return z
			},
		}
		tr.check(t)
	})
}

// plainLogDensity is written from the densities, not from their logarithms.
func plainLogDensity(f location.Family, x num) num {
	switch f {
	case location.Logistic:
		e := x.times(-1).exp()
		return e.mul(e.plus(1).mul(e.plus(1)).inverse()).log()
	case location.Laplace:
		return abs(x).times(-1).plus(-math.Log(2))
	}
	return x.mul(x).times(-.5).exp().times(1 / math.Sqrt(2*math.Pi)).log()
}

func abs(x num) num { return x.times(math.Copysign(1, x.val())) }

func TestLatentKL(t *testing.T) {
	families(t, func(t *testing.T, f location.Family) {
		c := newCoder(4, 3)
		tr := &trial{
			inputs: []*input{random("stats", 0.7, c.B, 2*c.D)},
			vary:   c.set,
			build: func(g *Graph, in []*G.Node) *G.Node {
				rows, key := c.nodes(g)
				return g.LatentKL(f, in[0], rows, key)
			},
			plain: func(t *tape, in [][]num) (kl []num) {
				for b := range c.B {
					stats := row(in[0], b, 2*c.D)
					for d, eps := range c.noise(f, b) {
						mean, scale := stats[d], stats[c.D+d].times(.5).exp()
						switch f {
						case location.Logistic:
							x := mean.add(scale.times(float64(eps)))
							kl = append(kl, plainLogDensity(f, t.lift(float64(eps))).sub(scale.log()).sub(plainLogDensity(f, x)))
						case location.Laplace:
							a := abs(mean)
							kl = append(kl, a.add(scale.mul(a.mul(scale.inverse()).times(-1).exp())).plus(-1).sub(scale.log()))
						default:
							kl = append(kl, mean.mul(mean).add(scale.mul(scale)).plus(-1).times(.5).sub(scale.log()))
						}
					}
				}
				return kl
			},
		}
		tr.check(t)
	})
}

// The gradient of E[z^2] = mean^2 + scale^2 for a Gaussian z, along the draw
// and by the score function, each with the mean and variance that theory says:
//
//	           estimate of d/dmean       variance                              of d/dlogVar
//	draw       2z                        4 s^2                                 z eps s
//	score      z^2 (z-m)/s^2             m^4/s^2 + 14 m^2 + 15 s^2             z^2 (eps^2-1)/2
func TestReparameterisedGradientAgainstScoreFunction(t *testing.T) {
	const n, mean, logVar = 200_000, .7, -.6
	scale := math.Exp(logVar / 2)
	g := NewGraph()
	stats := make([]float32, 2*n)
	rows, key := make([]int32, n), make([]uint32, 3)
	for i := range n {
		stats[2*i], stats[2*i+1], rows[i] = mean, logVar, int32(i)
	}
	RunKey{Seed: 12}.Put(key)
	x := g.Leaf("stats", stats, true, n, 2)
	z := g.Reparameterise(location.Gaussian, x, g.Ints("rows", rows, n), g.Key("key", key))
	p, err := g.Compile(g.Must(G.Sum(g.Must(G.Square(z)))), x)
	require.NoError(t, err)
	_, err = p.Run()
	require.NoError(t, err)
	var draw, score [2][]float64
	for i := range n {
		z := float64(p.Grad(0)[2*i]) / 2 // the gradient of z^2 along the mean says which draw it was
		eps := (z - mean) / scale
		draw[0], draw[1] = append(draw[0], float64(p.Grad(0)[2*i])), append(draw[1], float64(p.Grad(0)[2*i+1]))
		score[0], score[1] = append(score[0], z*z*eps/scale), append(score[1], z*z*(eps*eps-1)/2)
	}
	m2, s2 := mean*mean, scale*scale
	for name, c := range map[string]struct {
		draws          []float64
		mean, variance float64
	}{
		"draw, mean":         {draw[0], 2 * mean, 4 * s2},
		"score, mean":        {score[0], 2 * mean, m2*m2/s2 + 14*m2 + 15*s2},
		"draw, log-variance": {draw[1], s2, m2*s2 + 2*s2*s2},
		// E[z^4 (eps^2-1)^2]/4 - s^4 from the moments 1, 3, 15, 105 of eps^2..8
		"score, log-variance": {score[1], s2, (2*m2*m2+60*m2*s2+78*s2*s2)/4 - s2*s2},
	} {
		got, variance := stat.MeanVariance(c.draws, nil)
		require.InDelta(t, c.mean, got, 5*math.Sqrt(c.variance/n), name)
		require.InEpsilon(t, c.variance, variance, .1, name) // whose own draws are sixteenth powers
		t.Logf("%-20s mean %8.5f (exact %8.5f)  variance %9.5f (exact %9.5f)", name, got, c.mean, variance, c.variance)
	}
}

func TestCategorical(t *testing.T) {
	const N, K = 2, 3
	for name, r := range map[string]gumbelSoftmax{"soft": {}, "hard": {hard: true}} {
		t.Run(name, func(t *testing.T) {
			c := newCoder(4, N)
			tau := []float32{.7}
			tr := &trial{
				inputs: []*input{random("logits", 1, c.B, N*K)},
				vary:   c.set,
				build: func(g *Graph, in []*G.Node) *G.Node {
					rows, key := c.nodes(g)
					return g.Categorical(r, K, in[0], g.Leaf("tau", tau, false, 1), rows, key)
				},
				plain: func(_ *tape, in [][]num) (y []num) {
					for b := range c.B {
						for n := range N {
							key := rng.Key{Seed: 3 << 40, Stream: rng.Noise, Step: c.key[2], Row: uint32(c.rows[b]*N) + uint32(n)}
							token, _ := r.plain(row(in[0], b*N+n, K), float64(tau[0]), key)
							y = append(y, token...)
						}
					}
					return y
				},
			}
			if r.hard {
				tr.smooth = []string{}
			}
			tr.check(t)
		})
	}
}

func TestCategoricalKL(t *testing.T) {
	const B, N, K = 4, 2, 3
	tr := &trial{
		inputs: []*input{random("logits", 1, B, N*K), random("prior", 1, N*K)},
		build: func(g *Graph, in []*G.Node) *G.Node {
			return g.CategoricalKL(K, in[0], in[1])
		},
		plain: func(t *tape, in [][]num) (kl []num) {
			for i := range B * N {
				q, p := softmax(row(in[0], i, K)), softmax(row(in[1], i%N, K))
				sum := t.lift(0)
				for k := range K {
					sum = sum.add(q[k].mul(q[k].log().sub(p[k].log())))
				}
				kl = append(kl, sum)
			}
			return kl
		},
	}
	tr.check(t)
}

func TestFreeBits(t *testing.T) {
	const B, D = 4, 3
	weights, beta := []float32{.5, .25, .25, 0}, []float32{.6}
	for name, c := range map[string]struct{ each, total float64 }{
		"none": {}, "some dimensions": {each: .3}, "below the total": {total: 9}, "above the total": {total: .1}, "both": {.3, .2},
	} {
		t.Run(name, func(t *testing.T) {
			tr := &trial{
				scalar: true,
				inputs: []*input{random("kl", 1, B, D)},
				build: func(g *Graph, in []*G.Node) *G.Node {
					return g.FreeBits(in[0], g.Leaf("weights", weights, false, B), g.Leaf("beta", beta, false, 1), nil, c.each, c.total)
				},
				plain: func(t *tape, in [][]num) []num {
					sum := t.lift(0)
					for d := range D {
						mean := dot(column(in[0], d, D), t.lifts(weights))
						if c.each > 0 && mean.val() < c.each {
							mean = t.lift(c.each)
						}
						sum = sum.add(mean)
					}
					if c.total > 0 && sum.val() < c.total {
						sum = t.lift(c.total)
					}
					return []num{sum.times(float64(beta[0]))}
				},
			}
			tr.check(t)
		})
	}
}

func TestLatentShapesThatDoNotFit(t *testing.T) {
	for name, build := range map[string]func(g *Graph, f func(...int) *G.Node, rows, key *G.Node) *G.Node{
		"Last": func(g *Graph, f func(...int) *G.Node, rows, _ *G.Node) *G.Node { return g.Last(f(7, 3), rows) },
		"RNN cond": func(g *Graph, f func(...int) *G.Node, n, _ *G.Node) *G.Node {
			return g.RNN(GRU.Core(3, 2), f(8, 3), n, []*G.Node{f(3, 6), f(2, 6), f(8)}, nil, f(4, 8))
		},
		"Reparameterise": func(g *Graph, f func(...int) *G.Node, rows, key *G.Node) *G.Node {
			return g.Reparameterise(location.Gaussian, f(4, 3), rows, key)
		},
		"LatentKL": func(g *Graph, f func(...int) *G.Node, rows, key *G.Node) *G.Node {
			return g.LatentKL(location.Gaussian, f(5, 4), rows, key)
		},
		"Categorical": func(g *Graph, f func(...int) *G.Node, rows, key *G.Node) *G.Node {
			return g.Categorical(gumbelSoftmax{}, 3, f(4, 8), f(1), rows, key)
		},
		"CategoricalKL": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.CategoricalKL(2, f(4, 8), f(6))
		},
		"FreeBits": func(g *Graph, f func(...int) *G.Node, _, _ *G.Node) *G.Node {
			return g.FreeBits(f(4, 8), f(8), f(1), nil, 0, 0)
		},
	} {
		g := NewGraph()
		leaf := func(shape ...int) *G.Node {
			return g.Leaf(string(rune('a'+len(g.names))), make([]float32, tensor.Shape(shape).TotalSize()), true, shape...)
		}
		require.Nil(t, build(g, leaf, g.Ints("rows", make([]int32, 4), 4), g.Key("key", make([]uint32, 3))), name)
		require.ErrorContains(t, g.Err(), "fit", name)
	}
}
