package tour

import (
	"context"
	"fmt"
	"math"

	"textgan/eval/plot"
	"textgan/generator/relax"
	"textgan/internal/rng"
)

var gumbelSoftmax = Lesson{
	Name: "gumbel-softmax", Title: "Gumbel-Softmax on the simplex",
	Sentences: []string{
		"Replace the argmax of Gumbel-max by a softmax at temperature τ: the draw is a point of the simplex, and a smooth function of the logits. As τ falls it comes to a corner, each with its softmax probability; as τ grows, to the middle.",
		"A small τ is close to a choice, and its gradient close to that of a choice, which has none: most draws pass nothing on, their coordinates are dead, and a few pass on a lot. A large τ has a calm gradient, of another problem.",
	},
	Formula: "y = softmax((logits + g)/τ)\n∂L/∂logits = (diag(y) − y yᵀ) ∂L/∂y / τ",
	Next:    "textgan eval variance --problem builtin:bandit --estimators 'gumbel-softmax*' --tau 0.1,0.5,1,2",
	Sources: []Source{{"textgan/generator/relax", "New"}, {"textgan/generator/relax", "Relaxed.Backward"}},
	compute: computeGumbelSoftmax,
}

var (
	simplexLogits = []float64{1, 0, -.5}
	simplexSlope  = []float64{1, 0, -1} // of a loss that is linear in y
	simplexTaus   = []float64{.05, .1, .15, .2, .3, .4, .5, .7, 1, 1.4, 2, 3, 5, 10}
)

// Below deadBelow a coordinate of the gradient is dead, above cornerAbove a draw is in
// a corner.
const (
	deadBelow   = 1e-3
	cornerAbove = .99
	simplexMany = 20000
	simplexFew  = 400
)

func computeGumbelSoftmax(_ context.Context, o Options, r *Results) error {
	m, err := relax.New[float64]("gumbel-softmax")
	if err != nil {
		return err
	}
	triangle := func(y []float64) (float64, float64) { return y[1] + y[2]/2, y[2] * math.Sqrt(3) / 2 }
	edge := plot.Layer{Colour: 6, Size: 1, Frames: []plot.Points{{X: []float64{0, 1, .5, 0}, Y: []float64{0, 0, math.Sqrt(3) / 2, 0}}}}
	dots := plot.Layer{Name: fmt.Sprintf("%d draws", simplexFew), Colour: 1, Kind: plot.Dots, Size: 3.5}
	size := plot.Layer{Name: "size of the gradient, root mean square", Colour: 0, Frames: make([]plot.Points, 1)}
	spread := plot.Layer{Name: "standard deviation of its first coordinate", Colour: 3, Frames: make([]plot.Points, 1)}
	dead := plot.Layer{Name: "share of dead coordinates", Colour: 1, Frames: make([]plot.Points, 1)}
	corner := plot.Layer{Name: "share of draws in a corner", Colour: 2, Frames: make([]plot.Points, 1)}
	var texts, values []string
	y, g := make([]float64, 3), make([]float64, 3)
	for _, tau := range simplexTaus {
		var p plot.Points
		var mean [3]float64
		var squares, first, firstSquare, dying, corners float64
		for i := range simplexMany {
			key := rng.Key{Seed: rng.Apart(o.Seed, "simplex"), Stream: rng.Noise, Row: uint32(i)}
			copy(y, simplexLogits)
			id := m.Relaxed.Forward(y, tau, key)
			m.Relaxed.Backward(g, y, simplexSlope, id, tau, key)
			if i < simplexFew {
				a, b := triangle(y)
				p.Add(a, b)
			}
			for k, v := range g {
				mean[k] += y[k] / simplexMany
				squares += v * v / simplexMany
				if math.Abs(v) < deadBelow {
					dying += 1. / 3 / simplexMany
				}
			}
			first, firstSquare = first+g[0]/simplexMany, firstSquare+g[0]*g[0]/simplexMany
			if max(y[0], y[1], y[2]) > cornerAbove {
				corners += 1. / simplexMany
			}
		}
		sd := math.Sqrt(firstSquare - first*first)
		dots.Frames = append(dots.Frames, p)
		for _, l := range []struct {
			layer *plot.Layer
			v     float64
		}{{&size, math.Sqrt(squares)}, {&spread, sd}, {&dead, dying}, {&corner, corners}} {
			f := &l.layer.Frames[0]
			f.Add(tau, l.v)
		}
		values = append(values, fmt.Sprintf("%g", tau))
		texts = append(texts, fmt.Sprintf("mean of y (%.3f, %.3f, %.3f); %.0f %% of the draws in a corner, %.0f %% of the coordinates dead; gradient of root mean square %.3f", mean[0], mean[1], mean[2], 100*corners, 100*dying, math.Sqrt(squares)))
		if tau == .1 || tau == 1 || tau == 10 {
			at := fmt.Sprintf("tau-%g-", tau)
			r.Add(at+"mean", mean[0], "mean of the first coordinate of y, of %d draws", simplexMany)
			r.Add(at+"corner", corners, "share of draws with a coordinate above %g", cornerAbove)
			r.Add(at+"size", math.Sqrt(squares), "root mean square of the gradient's length")
			r.Add(at+"gradient", first, "mean of the gradient's first coordinate")
			r.Add(at+"sd", sd, "its standard deviation")
			r.Add(at+"dead", dying, "share of the gradient's coordinates that are below %g", deadBelow)
		}
	}
	for i, v := range softmaxOf(simplexLogits) {
		r.Add(fmt.Sprintf("softmax-%d", i+1), v, "probability of word %d, where the corners' shares go as τ falls", i+1)
	}
	r.Draw(plot.Chart{
		Title: "Draws on the simplex", X: plot.Axis{Lo: -.12, Hi: 1.12}, Y: plot.Axis{Lo: -.14, Hi: 1}, Width: 360, Height: 330, Bare: true,
		Text:   "A triangle whose corners are three words, with the draws as dots. At a small temperature they lie in the corners, at a large one they crowd in the middle.",
		Notes:  []plot.Note{{X: 0, Y: -.07, Text: "word 1"}, {X: 1, Y: -.07, Text: "word 2"}, {X: .5, Y: .93, Text: "word 3"}},
		Layers: []plot.Layer{edge, dots},
	}, []Control{{Label: "τ", Values: values, Start: 8}}, texts)
	x := plot.Axis{Label: "τ", Log: true, Lo: .045, Hi: 11, Ticks: []float64{.05, .1, .2, .5, 1, 2, 5, 10}}
	r.Draw(plot.Chart{
		Title: "Size of the gradient", X: x, Y: plot.Axis{Label: "gradient", Log: true},
		Text:   "The root mean square of the gradient and the standard deviation of one coordinate over the temperature, on logarithmic axes. Both grow as the temperature falls, and fall as it grows.",
		Layers: []plot.Layer{size, spread},
	}, nil, nil)
	r.Draw(plot.Chart{
		Title: "Dead coordinates", X: x, Y: plot.Axis{Label: "share", Lo: 0, Hi: 1},
		Text:   "The share of dead coordinates of the gradient and the share of draws in a corner over the temperature: both are near one at a low temperature and small at a high one.",
		Layers: []plot.Layer{dead, corner},
	}, nil, nil)
	return nil
}

func softmaxOf(logits []float64) []float64 {
	p := make([]float64, len(logits))
	relax.Softmax(p, logits, 1)
	return p
}
