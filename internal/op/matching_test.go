package op

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/internal/gradcheck"
)

// What numpy says of the values and their gradients: testdata/matching.py.
func TestMatchingAgainstNumpy(t *testing.T) {
	type result struct {
		Value  float64
		Dx, Dy []float64
	}
	var want struct {
		X, Y          []float32
		Bandwidths    []float64
		Eps           float64
		MMD, Sinkhorn result
	}
	text, err := os.ReadFile("testdata/matching.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &want))
	for name, f := range map[string]func(g *Graph, x, y *G.Node) (*G.Node, result){
		"mmd":      func(g *Graph, x, y *G.Node) (*G.Node, result) { return g.MMD(x, y, want.Bandwidths), want.MMD },
		"sinkhorn": func(g *Graph, x, y *G.Node) (*G.Node, result) { return g.Sinkhorn(x, y, want.Eps), want.Sinkhorn },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewGraph()
			x, y := g.Leaf("x", want.X, true, len(want.X)/3, 3), g.Leaf("y", want.Y, true, len(want.Y)/3, 3)
			loss, r := f(g, x, y)
			p, err := g.Compile(loss, x, y)
			require.NoError(t, err)
			defer p.Close()
			got, err := p.Run()
			require.NoError(t, err)
			require.InEpsilon(t, r.Value, got, 1e-6)
			require.LessOrEqual(t, gradcheck.Distance(p.Grad(0), r.Dx), 2e-6)
			require.LessOrEqual(t, gradcheck.Distance(p.Grad(1), r.Dy), 2e-6)
		})
	}
}

func matchingTrials() map[string]*trial {
	inputs := func() []*input { return []*input{random("x", 1, 5, 3), random("y", 0.7, 4, 3)} }
	square := func(a, b []num) num {
		d := plus(a, b, -1)
		return dot(d, d)
	}
	bandwidths := []float64{0.5, 2}
	const eps = 0.3
	return map[string]*trial{
		"mmd": {
			scalar: true, inputs: inputs(),
			build: func(g *Graph, in []*G.Node) *G.Node { return g.MMD(in[0], in[1], bandwidths) },
			plain: func(t *tape, in [][]num) []num {
				mean := func(a, b []num) num {
					total := t.lift(0)
					for i := range len(a) / 3 {
						for j := range len(b) / 3 {
							for _, s := range bandwidths {
								total = total.add(square(row(a, i, 3), row(b, j, 3)).times(-1 / (2 * s * s)).exp())
							}
						}
					}
					return total.times(9 / float64(len(a)*len(b)))
				}
				return []num{mean(in[0], in[0]).add(mean(in[1], in[1])).sub(mean(in[0], in[1]).times(2))}
			},
		},
		"sinkhorn": { // all of it on the tape, scaling by scaling
			scalar: true, inputs: inputs(),
			build: func(g *Graph, in []*G.Node) *G.Node { return g.Sinkhorn(in[0], in[1], eps) },
			plain: func(t *tape, in [][]num) []num {
				const N, M = 5, 4
				inverseNorm := func(a []num) num { return dot(a, a).log().times(-0.5).exp() }
				var cost, kernel []num
				for i := range N {
					for j := range M {
						a, b := row(in[0], i, 3), row(in[1], j, 3)
						c := dot(a, b).mul(inverseNorm(a)).mul(inverseNorm(b)).times(-1).plus(1)
						cost, kernel = append(cost, c), append(kernel, c.times(-1/eps).exp())
					}
				}
				u, v := make([]num, N), each(t.zeros(M), func(n num) num { return n.plus(1) })
				for range 200 {
					for i := range u {
						u[i] = dot(row(kernel, i, M), v).times(N).inverse()
					}
					for j := range v {
						v[j] = dot(column(kernel, j, M), u).times(M).inverse()
					}
				}
				total := t.lift(0)
				for i := range N {
					for j := range M {
						p := u[i].mul(kernel[i*M+j]).mul(v[j])
						total = total.add(p.mul(cost[i*M+j].add(p.log().plus(math.Log(N * M)).times(eps))))
					}
				}
				return []num{total}
			},
		},
	}
}

func TestMatching(t *testing.T) {
	for name, tr := range matchingTrials() {
		t.Run(name, tr.check)
	}
}

// A set is as far from itself as it can be near: MMD is 0; rows of zeros are no NaN.
func TestMatchingAtItsEdges(t *testing.T) {
	x := []float32{1, 2, 3, 0, 0, 0}
	for name, f := range map[string]func(g *Graph, x, y *G.Node) *G.Node{
		"mmd":      func(g *Graph, x, y *G.Node) *G.Node { return g.MMD(x, y, []float64{1}) },
		"sinkhorn": func(g *Graph, x, y *G.Node) *G.Node { return g.Sinkhorn(x, y, 0.01) },
	} {
		g := NewGraph()
		a, b := g.Leaf("x", x, true, 2, 3), g.Leaf("y", x, true, 2, 3)
		p, err := g.Compile(f(g, a, b), a, b)
		require.NoError(t, err)
		got, err := p.Run()
		require.NoError(t, err)
		if name == "mmd" {
			require.InDelta(t, 0, got, 1e-9)
		}
		for i := range 2 {
			for _, d := range p.Grad(i) {
				require.False(t, math.IsNaN(float64(d)), name)
			}
		}
		require.NoError(t, p.Close())
	}
	g := NewGraph()
	require.Nil(t, g.Sinkhorn(g.Leaf("x", x, true, 2, 3), g.Leaf("y", x, true, 3, 2), 1))
	require.ErrorContains(t, g.Err(), "do not fit")
}
