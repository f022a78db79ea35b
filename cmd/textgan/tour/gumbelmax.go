package tour

import (
	"context"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"textgan/eval/plot"
	"textgan/eval/variance"
	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

var gumbelMax = Lesson{
	Name: "gumbel-max", Title: "Gumbel-max",
	Sentences: []string{
		"Add noise to the logits and take the largest: with Gumbel noise, and with no other, the winner is a draw from the softmax. A draw has become a function of logits and noise.",
		"Other noise of the same variance, or Gumbel noise of another scale, gives other frequencies; a chi-square says how many draws it takes to notice.",
		"Gumbel's law is what maxima come to: of one hundred normal heart rates the highest is on its way there, as its skewness says, and a long tail to the right is what it has already.",
	},
	Formula: "g = −log(−log u),  u ~ U(0,1)\nargmax (logits + g) ~ softmax(logits)\nargmax (logits + s g) ~ softmax(logits/s)",
	Next:    "textgan eval samplers --draws 1000000",
	Sources: []Source{{"textgan/eval/variance", "Samplers"}, {"textgan/internal/kernel", "GumbelArgmax"}, {"textgan/internal/kernel", "Normal"}},
	compute: computeGumbelMax,
}

// The numbers of draws that the lesson shows.
var gumbelDraws = []int{1000, 10000, 100000}

func computeGumbelMax(ctx context.Context, o Options, r *Results) error {
	if err := frequencies(ctx, r, o); err != nil {
		return err
	}
	heartRates(r, o)
	return nil
}

// frequencies are the shares of the winners under each noise.
func frequencies(ctx context.Context, r *Results, o Options) error {
	type cell struct {
		share  []float64
		chi, p float64
	}
	names := []string{"gumbel", "normal", "uniform", "logistic", "half the gumbel", "twice the gumbel"}
	table := make([][]cell, len(names))
	var softmax []float64
	for _, draws := range gumbelDraws {
		s, err := variance.Samplers(ctx, variance.SamplerOptions{Draws: draws, Vocabs: []int{}, Seed: o.Seed})
		if err != nil {
			return err
		}
		if softmax == nil {
			softmax = make([]float64, len(s.Logits))
			relax.Softmax(softmax, s.Logits, 1)
		}
		for i, name := range names {
			var c cell
			for _, x := range s.Samplers {
				if x.Name == "argmax, "+name+" noise" {
					c = cell{x.Frequency, x.ChiSquare, x.P}
				}
			}
			if scale := []float64{0, 0, 0, 0, .5, 2}[i]; scale > 0 {
				c.share = scaledWinners(s.Logits, scale, draws, o.Seed)
				c.chi, c.p = chiSquare(c.share, softmax, draws)
			}
			if c.share == nil {
				return fmt.Errorf("eval/variance has no sampler by %s noise", name)
			}
			table[i] = append(table[i], c)
		}
	}
	bars := plot.Layer{Name: "share of the winners", Colour: 4, Kind: plot.Bars, Size: .7}
	exact := plot.Layer{Name: "softmax", Colour: 0, Kind: plot.Dots, Size: 8}
	var texts, counts []string
	for _, n := range gumbelDraws {
		counts = append(counts, fmt.Sprint(n))
	}
	ids := make([]float64, len(softmax))
	words := make([]string, len(softmax))
	for i := range ids {
		ids[i], words[i] = float64(i), fmt.Sprintf("w%d", i+1)
	}
	exact.Frames = []plot.Points{{X: ids, Y: softmax}}
	for i, name := range names {
		for k, c := range table[i] {
			bars.Frames = append(bars.Frames, plot.Points{X: ids, Y: c.share})
			verdict := "this noise does not draw from the softmax"
			if c.p > .001 {
				verdict = "nothing speaks against the softmax"
			}
			texts = append(texts, fmt.Sprintf("chi-square %.1f with %d degrees of freedom, p = %.2g: %s", c.chi, len(ids)-1, c.p, verdict))
			if k == len(gumbelDraws)-1 {
				short := strings.ReplaceAll(name, " the ", "-")
				r.Add(short+"-chi-square", c.chi, "%s noise, of %d draws against the softmax", name, gumbelDraws[k])
				r.Add(short+"-p", c.p, "chance of a greater one if it were the softmax")
				r.Add(short+"-first", c.share[0], "share of the first word; the softmax gives it %.5f", softmax[0])
			}
		}
	}
	r.Draw(plot.Chart{
		Title: "Which word wins", X: plot.Axis{Label: "word", Lo: -.6, Hi: 7.6, Ticks: ids, Names: words}, Y: plot.Axis{Label: "share", Lo: 0, Hi: .75},
		Text:   "Bars of how often each of eight words has the largest sum of logit and noise, and dots at its probability under the softmax. With Gumbel noise the bars end at the dots, with other noise they miss them.",
		Layers: []plot.Layer{bars, exact},
	}, []Control{{Label: "noise", Values: names, Names: true}, {Label: "draws", Values: counts, Start: 2}}, texts)
	return nil
}

// scaledWinners are the shares of the winners with Gumbel noise times scale: dividing
// the logits instead leaves the order as it is.
func scaledWinners(logits []float64, scale float64, draws int, seed uint64) []float64 {
	row := make([]float32, len(logits))
	for i, l := range logits {
		row[i] = float32(l / scale)
	}
	share := make([]float64, len(logits))
	for i := range draws {
		share[kernel.GumbelArgmax(row, rng.Key{Seed: rng.Apart(seed, "scaled"), Stream: rng.Sample, Row: uint32(i)})] += 1 / float64(draws)
	}
	return share
}

// chiSquare compares shares of n draws with probabilities.
func chiSquare(share, want []float64, n int) (chi, p float64) {
	for i, s := range share {
		chi += float64(n) * (s - want[i]) * (s - want[i]) / want[i]
	}
	return chi, mathext.GammaIncRegComp(float64(len(share)-1)/2, chi/2)
}

// The heart rates of the lesson, in beats a minute.
const heartMean, heartSD = 70., 10.

// heartRates shows the law of the highest of n heart rates, and Gumbel's with the same
// mean and variance.
func heartRates(r *Results, o Options) {
	const groups, most, bins, low, wide = 20000, 100, 52, 40., 1.5
	sizes := []int{1, 2, 5, 10, 20, 50, 100}
	maxima := make([][]float64, len(sizes))
	rates := make([]float32, most)
	for i := range groups {
		kernel.Normal(rates, rng.Key{Seed: rng.Apart(o.Seed, "hearts"), Stream: rng.Noise, Row: uint32(i)})
		top, k := math.Inf(-1), 0
		for n, z := range rates {
			top = max(top, heartMean+heartSD*float64(z))
			if n+1 == sizes[k] {
				maxima[k] = append(maxima[k], top)
				k++
			}
		}
	}
	hist := plot.Layer{Name: "highest of n heart rates", Colour: 4, Kind: plot.Bars, Size: wide}
	limit := plot.Layer{Name: "Gumbel of that mean and variance", Colour: 0}
	bell := plot.Layer{Name: "normal of that mean and variance", Colour: 3, Size: 1.2}
	var texts, values []string
	for k, n := range sizes {
		var mean, square float64
		bars := plot.Points{Y: make([]float64, bins)}
		for b := range bins {
			bars.X = append(bars.X, low+wide*(float64(b)+.5))
		}
		for _, m := range maxima[k] {
			mean, square = mean+m/groups, square+m*m/groups
			if b := int(math.Floor((m - low) / wide)); b >= 0 && b < bins {
				bars.Y[b] += 1 / (groups * wide)
			}
		}
		sd := math.Sqrt(square - mean*mean)
		beta := sd * math.Sqrt(6) / math.Pi
		g := distuv.GumbelRight{Mu: mean - beta*eulerGamma, Beta: beta}
		normal := distuv.Normal{Mu: mean, Sigma: sd}
		var gumbel, bellCurve plot.Points
		for i := range 157 {
			x := low + .5*float64(i)
			gumbel.Add(x, g.Prob(x))
			bellCurve.Add(x, normal.Prob(x))
		}
		hist.Frames, limit.Frames, bell.Frames = append(hist.Frames, bars), append(limit.Frames, gumbel), append(bell.Frames, bellCurve)
		skew := 0.
		for _, m := range maxima[k] {
			skew += math.Pow((m-mean)/sd, 3) / groups
		}
		values = append(values, fmt.Sprint(n))
		texts = append(texts, fmt.Sprintf("mean %.1f, standard deviation %.2f beats a minute; skewness %.2f, where a normal has 0 and Gumbel 1.14", mean, sd, skew))
		if n == 1 || n == most {
			name := fmt.Sprintf("highest-of-%d", n)
			r.Add(name+"-mean", mean, "beats a minute, mean of %d groups", groups)
			r.Add(name+"-sd", sd, "beats a minute, standard deviation")
			r.Add(name+"-skewness", skew, "0 for a normal, 1.14 for Gumbel")
		}
	}
	r.Draw(plot.Chart{
		Title: "The highest of n heart rates", X: plot.Axis{Label: "beats a minute", Lo: low, Hi: low + bins*wide}, Y: plot.Axis{Label: "density", Lo: 0, Hi: .13},
		Text:   "A histogram of the highest of n normal heart rates, and the densities of a Gumbel and of a normal law of the same mean and variance. For one heart rate the normal fits; for a hundred the Gumbel does, whose right tail is longer.",
		Layers: []plot.Layer{hist, limit, bell},
	}, []Control{{Label: "n", Values: values, Start: 6}}, texts)
}

// eulerGamma is the mean of standard Gumbel noise.
const eulerGamma = 0.57721566490153286
