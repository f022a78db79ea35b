package tour

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mathext"

	"textgan/eval/plot"
	"textgan/internal/rng"
)

var rejection = Lesson{
	Name: "rejection", Title: "Rejection sampling",
	Sentences: []string{
		"To draw from a curve that fits into a box, throw points into the box and keep those below the curve: their x are draws. The share that is kept is the curve's area over the box's.",
		"In d dimensions the shares multiply, so that soon nothing is kept. And no gradient comes through: when the curve moves a little, the kept points stay where they are, until suddenly one is dropped.",
	},
	Formula: "keep x if u < f(x)/M,  u ~ U(0,1)\nP(keep) = ∫f / (M · width),   in d dimensions P(keep)ᵈ",
	Next:    "textgan eval samplers",
	Sources: []Source{{"textgan/internal/rng", "Key.Float64"}},
	compute: computeRejection,
}

// The curve is x^a (1-x)^b, over its greatest value.
const curveA, curveB = 2., 4.

func curve(x, a, b float64) float64 {
	top := a / (a + b)
	return math.Exp(a*math.Log(x/top) + b*math.Log((1-x)/(1-top)))
}

// thrown are the first n points of the lesson in the unit square: point i is draws 2i
// and 2i+1 of row 0 of the Sample stream.
func thrown(n int, seed uint64) (x, u []float64) {
	key := rng.Key{Seed: rng.Apart(seed, "thrown"), Stream: rng.Sample}
	for i := range uint32(n) {
		x, u = append(x, key.Float64(2*i)), append(u, key.Float64(2*i+1))
	}
	return x, u
}

func computeRejection(_ context.Context, o Options, r *Results) error {
	const most = 100000
	x, u := thrown(most, o.Seed)

	var outline plot.Points
	for i := range 101 {
		at := float64(i) / 100
		outline.Add(at, curve(at, curveA, curveB))
	}
	kept := plot.Layer{Name: "kept", Colour: 2, Kind: plot.Dots, Size: 3}
	refused := plot.Layer{Name: "refused", Colour: 1, Kind: plot.Dots, Size: 3}
	var counts, texts []string
	for _, n := range []int{10, 30, 100, 300, 1000, 2000} {
		var in, out plot.Points
		for i := range n {
			if u[i] < curve(x[i], curveA, curveB) {
				in.Add(x[i], u[i])
			} else {
				out.Add(x[i], u[i])
			}
		}
		kept.Frames, refused.Frames = append(kept.Frames, in), append(refused.Frames, out)
		counts = append(counts, fmt.Sprint(n))
		texts = append(texts, fmt.Sprintf("%d of %d points kept: %.1f %%", len(in.X), n, 100*float64(len(in.X))/float64(n)))
	}
	r.Draw(plot.Chart{
		Title: "A curve in a box", X: plot.Axis{Label: "x", Lo: 0, Hi: 1}, Y: plot.Axis{Label: "u", Lo: 0, Hi: 1},
		Text:   "A curve with one hump in a unit box, and points thrown into the box at random. Those below the curve are kept, those above it refused.",
		Layers: []plot.Layer{refused, kept, {Name: "curve", Size: 2.4, Frames: []plot.Points{outline}}},
	}, []Control{{Label: "points", Values: counts, Start: 3}}, texts)

	// What was kept, as a histogram against the density.
	const bins = 20
	hist := plot.Layer{Name: "kept", Colour: 2, Kind: plot.Bars, Size: 1. / bins}
	count, n, mean := [bins]float64{}, 0., 0.
	for i := range most {
		if u[i] < curve(x[i], curveA, curveB) {
			count[int(x[i]*bins)]++
			n++
			mean += x[i]
		}
	}
	area := mathext.Beta(curveA+1, curveB+1)
	bars, density, chi := plot.Points{}, plot.Points{}, 0.
	for i, c := range count {
		lo, hi := float64(i)/bins, float64(i+1)/bins
		want := n * (mathext.RegIncBeta(curveA+1, curveB+1, hi) - mathext.RegIncBeta(curveA+1, curveB+1, lo))
		chi += (c - want) * (c - want) / want
		bars.Add((lo+hi)/2, c/n*bins)
	}
	for _, at := range outline.X {
		density.Add(at, math.Pow(at, curveA)*math.Pow(1-at, curveB)/area)
	}
	hist.Frames = []plot.Points{bars}
	r.Add("rate", n/most, "share of %d points that is kept", most)
	r.Add("mean", mean/n, "mean of the kept x")
	r.Add("chi-square", chi, "of the kept x in %d cells against the density", bins)
	r.Add("p", mathext.GammaIncRegComp((bins-1)/2., chi/2), "chance of a greater chi-square")
	r.Draw(plot.Chart{
		Title: fmt.Sprintf("What is kept of %d points", most), X: plot.Axis{Label: "x", Lo: 0, Hi: 1}, Y: plot.Axis{Label: "density", Lo: 0, Hi: 2.7},
		Text:   "A histogram of the kept points, and the density of the curve, which the bars follow.",
		Layers: []plot.Layer{hist, {Name: "density", Colour: 0, Frames: []plot.Points{density}}},
	}, nil, nil)

	// In more dimensions a draw is kept if all its coordinates are.
	measured := plot.Layer{Name: "measured", Colour: 1, Kind: plot.Dots, Size: 6, Frames: make([]plot.Points, 1)}
	exact := plot.Layer{Name: "product of the shares", Frames: make([]plot.Points, 1)}
	one := area / (math.Pow(curveA/(curveA+curveB), curveA) * math.Pow(curveB/(curveA+curveB), curveB))
	for d := 1; d <= 8; d++ {
		tries, all := most/8, 0.
		for i := range tries {
			ok := true
			for k := i * d; k < (i+1)*d && ok; k++ {
				ok = u[k] < curve(x[k], curveA, curveB)
			}
			if ok {
				all++
			}
		}
		rate := all / float64(tries)
		measured.Frames[0].Add(float64(d), rate)
		exact.Frames[0].Add(float64(d), math.Pow(one, float64(d)))
		r.Add(fmt.Sprintf("rate-%d", d), rate, "share of %d tries that is kept in %s", tries, dimensions(d))
	}
	r.Draw(plot.Chart{
		Title: "Share that is kept", X: plot.Axis{Label: "dimensions", Lo: .5, Hi: 8.5, Ticks: []float64{1, 2, 3, 4, 5, 6, 7, 8}}, Y: plot.Axis{Label: "share", Log: true},
		Text:   "The share of tries that is kept, over the number of dimensions, on a logarithmic axis: a straight line downwards.",
		Layers: []plot.Layer{exact, measured},
	}, nil, nil)
	noGradient(r, x, u)
	return nil
}

// noGradient follows the mean of what is kept of few points while the curve moves.
func noGradient(r *Results, x, u []float64) {
	const few = 40
	meanKept := func(a float64) float64 {
		sum, n := 0., 0.
		for i := range few {
			if u[i] < curve(x[i], a, curveB) {
				sum, n = sum+x[i], n+1
			}
		}
		return sum / n
	}
	kept := plot.Layer{Name: fmt.Sprintf("mean of what is kept of %d points", few), Colour: 1, Frames: make([]plot.Points, 1)}
	truth := plot.Layer{Name: "mean of the curve", Frames: make([]plot.Points, 1)}
	for i := range 401 {
		a := .5 + float64(i)*.01
		kept.Frames[0].Add(a, meanKept(a))
		truth.Frames[0].Add(a, (a+1)/(a+curveB+2))
	}
	const h = 1e-9
	r.Add("slope-kept", (meanKept(curveA+h)-meanKept(curveA-h))/(2*h), "derivative in a of the mean of what is kept, the points fixed, at a = %g", curveA)
	r.Add("slope", (curveB+1)/((curveA+curveB+2)*(curveA+curveB+2)), "derivative of the curve's mean there")
	r.Draw(plot.Chart{
		Title: "No gradient: the curve moves, the points do not", X: plot.Axis{Label: "exponent a of xᵃ(1−x)⁴"}, Y: plot.Axis{Label: "mean"},
		Text:   "The mean of the kept points while the curve moves: a staircase, level everywhere but for its jumps. The mean of the curve itself rises smoothly.",
		Layers: []plot.Layer{kept, truth},
	}, nil, nil)
}
