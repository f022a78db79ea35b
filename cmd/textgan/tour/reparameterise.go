package tour

import (
	"context"
	"fmt"
	"math"

	"textgan/eval/plot"
	"textgan/eval/variance"
	"textgan/internal/location"
	"textgan/internal/rng"
)

var reparameterise = Lesson{
	Name: "reparameterise", Title: "Reparameterise",
	Sentences: []string{
		"A real number can be drawn as x = μ + σ ε, with ε from a law without parameters. Then x is a function of μ and σ, and the gradient of f goes through it: along the draw.",
		"Such a gradient knows how f slopes at x; the score function knows only how large f is there. So it costs the more variance, the more dimensions f sums over, and the other does not.",
		"Any location-scale family can be drawn so, and whatever is a smooth function of one: a log-normal is e to the power of a normal. A choice among words is no smooth function of anything, and the next lessons are about that.",
	},
	Formula: "x = μ + σ ε,  ε ~ g\n∂/∂μ E f(x)\n  = E[f′(x)]                  along the draw\n  = E[−f(x) (log g)′(ε)/σ]    score function",
	Next:    "textgan vae gradients --latent laplace",
	Sources: []Source{{"textgan/eval/variance", "Continuous"}, {"textgan/internal/location", "Family.Noise"}},
	compute: computeReparameterise,
}

// The mean and scale of the lesson's draws.
const locMean, locScale = 1., .8

const locDraws = 20000

func computeReparameterise(_ context.Context, o Options, r *Results) error {
	if err := movedDraws(r, o); err != nil {
		return err
	}
	byDimension(r, o)
	return byFamily(r, o)
}

// movedDraws shows the same noise under different scales.
func movedDraws(r *Results, o Options) error {
	const shown = 50
	curve := plot.Layer{Name: "density of x", Kind: plot.Area}
	drawn := plot.Layer{Name: fmt.Sprintf("%d draws, of the same noise", shown), Colour: 1, Kind: plot.Span}
	var families, scales, texts []string
	for _, name := range []string{"gaussian", "logistic", "laplace", "log-normal"} {
		families = append(families, name)
		family, err := location.Parse(name)
		if name == "log-normal" {
			family, err = location.Gaussian, nil
		}
		if err != nil {
			return err
		}
		noise := make([]float32, shown)
		family.Noise(noise, rng.Key{Seed: rng.Apart(o.Seed, "moved"), Stream: rng.Noise})
		for k := range 8 {
			scale := .25 * float64(k+1)
			if name == "gaussian" {
				scales = append(scales, fmt.Sprintf("%.2f", scale))
			}
			var density, draws plot.Points
			for i := range 161 {
				x := -5 + .08*float64(i)
				eps, slope := (x-locMean)/scale, 1/scale
				if name == "log-normal" {
					eps, slope = (math.Log(x)-locMean)/scale, 1/(scale*x)
				}
				y := 0.
				if name != "log-normal" || x > 0 {
					y = math.Exp(family.LogDensity(eps)) * slope
				}
				density.Add(x, y)
			}
			inside := 0
			for _, eps := range noise {
				x := locMean + scale*float64(eps)
				if name == "log-normal" {
					x = math.Exp(x)
				}
				if x >= -5 && x <= 7.8 {
					inside++
					draws.X, draws.Y, draws.Base = append(draws.X, x), append(draws.Y, .07), append(draws.Base, 0)
				}
			}
			curve.Frames, drawn.Frames = append(curve.Frames, density), append(drawn.Frames, draws)
			texts = append(texts, fmt.Sprintf("%s, μ = %g, σ = %.2f; %d of the %d draws are in the picture", name, locMean, scale, inside, shown))
		}
	}
	r.Draw(plot.Chart{
		Title: "x = μ + σ ε: the draws move with σ", X: plot.Axis{Label: "x", Lo: -5, Hi: 7.8}, Y: plot.Axis{Label: "density", Lo: 0, Hi: 1},
		Text:   "The density of x for a family and a scale, and draws of it as marks on the axis. When the scale grows each draw moves away from the mean, smoothly.",
		Layers: []plot.Layer{curve, drawn},
	}, []Control{{Label: "family", Values: families, Names: true}, {Label: "σ", Values: scales, Start: 3}}, texts)
	return nil
}

// byDimension measures both gradients of E of the sum of x_i squared in the first
// mean, over the number of Gaussian dimensions.
func byDimension(r *Results, o Options) {
	along := plot.Layer{Name: "along the draw", Colour: 2, Kind: plot.Dots, Size: 6, Frames: make([]plot.Points, 1)}
	score := plot.Layer{Name: "score function", Colour: 1, Kind: plot.Dots, Size: 6, Frames: make([]plot.Points, 1)}
	for d := 1; d <= 256; d *= 4 {
		var sums [2][2]float64
		eps := make([]float32, d)
		for i := range locDraws {
			location.Gaussian.Noise(eps, rng.Key{Seed: rng.Apart(o.Seed, "dims"), Stream: rng.Noise, Row: uint32(i)})
			f := 0.
			for _, e := range eps {
				x := locMean + locScale*float64(e)
				f += x * x
			}
			first := float64(eps[0])
			for k, g := range [2]float64{2 * (locMean + locScale*first), -f * location.Gaussian.Score(first) / locScale} {
				sums[k][0], sums[k][1] = sums[k][0]+g, sums[k][1]+g*g
			}
		}
		for k, l := range []*plot.Layer{&along, &score} {
			mean := sums[k][0] / locDraws
			variance := sums[k][1]/locDraws - mean*mean
			p := &l.Frames[0]
			p.Add(float64(d), variance)
			r.Add(fmt.Sprintf("%s-%d", []string{"along", "score"}[k], d), variance, "variance of ∂/∂μ₁, %s, in %s, from %d draws", l.Name, dimensions(d), locDraws)
		}
	}
	lines := []plot.Layer{{Colour: 2, Frames: along.Frames}, {Colour: 1, Frames: score.Frames}}
	r.Draw(plot.Chart{
		Title: "Variance over dimensions, f = Σ xᵢ²", X: plot.Axis{Label: "dimensions", Log: true, Lo: .8, Hi: 320, Ticks: []float64{1, 4, 16, 64, 256}}, Y: plot.Axis{Label: "variance of ∂/∂μ₁", Log: true},
		Text:   "The variance of one estimate over the number of dimensions, on logarithmic axes: a level line for the gradient along the draw, a steep one for the score function.",
		Layers: append(lines, along, score),
	}, nil, nil)
}

// byFamily compares the two in every family, exactly.
func byFamily(r *Results, o Options) error {
	bars := [2]plot.Layer{{Name: "along the draw", Colour: 2, Kind: plot.Bars, Size: .35}, {Name: "score function", Colour: 1, Kind: plot.Bars, Size: .35}}
	for k := range bars {
		bars[k].Frames = make([]plot.Points, 1)
	}
	names := []string{"gaussian", "logistic", "laplace", "log-normal"}
	for i, name := range names {
		var exact [2]float64
		if name == "log-normal" {
			// f(x) = x, whose derivative in μ is x along the draw.
			var sums [2][2]float64
			eps := make([]float32, locDraws)
			location.Gaussian.Noise(eps, rng.Key{Seed: rng.Apart(o.Seed, "lognorm"), Stream: rng.Noise})
			for _, e := range eps {
				x := math.Exp(locMean + locScale*float64(e))
				for k, g := range [2]float64{x, -x * location.Gaussian.Score(float64(e)) / locScale} {
					sums[k][0], sums[k][1] = sums[k][0]+g, sums[k][1]+g*g
				}
			}
			for k, s := range sums {
				mean := s[0] / locDraws
				exact[k] = s[1]/locDraws - mean*mean
				r.Add("log-normal-"+[]string{"along", "score"}[k]+"-mean", mean, "∂/∂μ E[x] of a log-normal, from %d draws", locDraws)
			}
		} else {
			rows, err := variance.Continuous(variance.ContinuousOptions{Family: name, Mean: locMean, LogVar: 2 * math.Log(locScale), Samples: locDraws, Seed: o.Seed})
			if err != nil {
				return err
			}
			for _, row := range rows {
				if row.Function == "square" && row.Parameter == "mean" {
					k := map[string]int{"along the draw": 0, "score function": 1}[row.Estimator]
					exact[k] = row.Exact
					r.Add(name+"-"+[]string{"along", "score"}[k]+"-drawn", row.Variance, "variance of ∂/∂μ E[x²], %s, from %d draws", row.Estimator, locDraws)
				}
			}
		}
		for k, v := range exact {
			p := &bars[k].Frames[0]
			p.Add(float64(i)+.4*float64(k)-.2, v)
			text := "exact variance of ∂/∂μ E[x²]"
			if name == "log-normal" {
				text = "variance of ∂/∂μ E[x] from draws"
			}
			r.Add(name+"-"+[]string{"along", "score"}[k], v, "%s, %s, %s", text, name, bars[k].Name)
		}
	}
	r.Draw(plot.Chart{
		Title: "Variance by family", X: plot.Axis{Lo: -.6, Hi: 3.6, Ticks: []float64{0, 1, 2, 3}, Names: names}, Y: plot.Axis{Label: "variance of ∂/∂μ", Log: true},
		Text:   "Bars of the variance of one estimate for four families on a logarithmic axis; in each the score function's bar is the higher.",
		Layers: bars[:],
	}, nil, nil)
	return nil
}

func dimensions(d int) string {
	if d == 1 {
		return "1 dimension"
	}
	return fmt.Sprintf("%d dimensions", d)
}
