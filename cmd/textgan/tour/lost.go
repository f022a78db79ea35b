package tour

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"

	"textgan/eval/plot"
	"textgan/eval/variance"
	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

var lostTerm = Lesson{
	Name: "lost-term", Title: "The lost term",
	Sentences: []string{
		"A model draws z and pays f. What it pays on average is a sum over all z, weighed by p(z; θ), and θ stands in the weights: the gradient has a term for the weights and one for f.",
		"Whoever draws z and then differentiates f as if z were a constant gets the second term alone. Here that is the gradient of a small penalty, and descending along it ends where the true loss is not least.",
		"The score function puts the lost term back: f times the derivative of log p, averaged over draws. It is right on average, and noisy.",
	},
	Formula: "L(θ) = E[f(z, θ)],  z ~ p(z; θ)\n∇L = E[f ∇ log p(z; θ)]   the lost term\n   + E[∇f]                the naive gradient",
	Next:    "textgan eval variance --problem builtin:bandit --estimators 'reinforce*'",
	Sources: []Source{{"textgan/eval/variance", "Run"}, {"textgan/internal/kernel", "GumbelArgmax"}},
	compute: computeLostTerm,
}

// The coin of the lesson: z is 1 with probability sigmoid(theta), and
// f = (z - coinTarget)^2 + coinPrice theta^2 / 2.
const (
	coinTarget = .7
	coinPrice  = .05
	coinDraws  = 1000
)

// coinProblem is f without its penalty, for the laboratory: its parameters are the
// logits 0 and theta.
func coinProblem(theta float64) (*variance.Problem, error) {
	return labProblem("coin", 2, []float64{0, theta}, "linear", "c", []float64{coinTarget * coinTarget, (1 - coinTarget) * (1 - coinTarget)})
}

// labProblem is one choice with the given logits and a function of one array.
func labProblem(id string, k int, logits []float64, f, array string, values []float64) (*variance.Problem, error) {
	file, err := json.Marshal(map[string]any{
		"id": id, "K": k, "T": 1, "structure": "independent", "eos_token": nil,
		"params": map[string]any{"logits": [][]float64{logits}}, "f": map[string]any{"type": f, array: values},
	})
	if err != nil {
		return nil, err
	}
	return variance.Read(bytes.NewReader(file), id)
}

// coin is the lesson's loss at theta and what its gradients are.
type coin struct {
	loss        float64
	lost, naive float64 // the two terms
	sd          float64 // of the score function with one draw
}

func coinAt(ctx context.Context, theta float64) (coin, error) {
	p, err := coinProblem(theta)
	if err != nil {
		return coin{}, err
	}
	r, err := variance.Run(ctx, p, variance.Options{Estimators: []string{"reinforce"}}, nil)
	if err != nil {
		return coin{}, err
	}
	return coin{
		loss: r.Objective + coinPrice*theta*theta/2, lost: r.Gradient[1], naive: coinPrice * theta,
		sd: math.Sqrt(r.Estimators[0].Variance[1]),
	}, nil
}

// drawnCoin is the mean of n estimates of the lost term by the score function, with
// its standard error: draw i by row i of the Sample stream at the given step.
func drawnCoin(theta float64, n int, seed uint64, step uint32) (mean, se float64) {
	p := []float64{0, theta}
	relax.Softmax(p, p, 1)
	logits := []float32{0, float32(theta)}
	var sum, squares float64
	for i := range n {
		z := float64(kernel.GumbelArgmax(logits, rng.Key{Seed: rng.Apart(seed, "coin"), Stream: rng.Sample, Step: step, Row: uint32(i)}))
		g := (z - coinTarget) * (z - coinTarget) * (z - p[1])
		sum, squares = sum+g, squares+g*g
	}
	mean = sum / float64(n)
	return mean, math.Sqrt(max(squares/float64(n)-mean*mean, 0) / float64(n))
}

func computeLostTerm(ctx context.Context, o Options, r *Results) error {
	var thetas, losses []float64
	var coins []coin
	for i := range 33 {
		theta := -4 + float64(i)/4
		c, err := coinAt(ctx, theta)
		if err != nil {
			return err
		}
		thetas, losses, coins = append(thetas, theta), append(losses, c.loss), append(coins, c)
	}

	// At every theta the slopes that the two gradients claim, as lines through the loss.
	curve := plot.Layer{Name: "loss L(θ)", Frames: []plot.Points{{X: thetas, Y: losses}}}
	whole := plot.Layer{Name: "true gradient", Colour: 2, Size: 2.4}
	naive := plot.Layer{Name: "naive gradient", Colour: 1, Size: 2.4}
	here := plot.Layer{Colour: 0, Kind: plot.Dots, Size: 8}
	var texts, values []string
	for i, c := range coins {
		theta := thetas[i]
		tangent := func(slope float64) plot.Points {
			return plot.Points{X: []float64{theta - .9, theta + .9}, Y: []float64{c.loss - .9*slope, c.loss + .9*slope}}
		}
		whole.Frames, naive.Frames = append(whole.Frames, tangent(c.lost+c.naive)), append(naive.Frames, tangent(c.naive))
		here.Frames = append(here.Frames, plot.Points{X: []float64{theta}, Y: []float64{c.loss}})
		mean, se := drawnCoin(theta, coinDraws, o.Seed, uint32(i))
		texts = append(texts, fmt.Sprintf("true %+.4f, naive %+.4f; score function from %d draws %+.4f ± %.4f", c.lost+c.naive, c.naive, coinDraws, mean+c.naive, se))
		values = append(values, fmt.Sprintf("%.2f", theta))
		if theta == 1 {
			r.Add("loss", c.loss, "L at θ = 1")
			r.Add("gradient", c.lost+c.naive, "its derivative there")
			r.Add("naive", c.naive, "what is left if z is taken for a constant: E[∇f]")
			r.Add("lost", c.lost, "the lost term E[f ∇ log p]")
			r.Add("score-sd", c.sd, "standard deviation of the lost term from one draw, exact")
			r.Add("score", mean+c.naive, "the gradient by the score function from %d draws", coinDraws)
			r.Add("score-se", se, "its standard error")
		}
	}
	r.Draw(plot.Chart{
		Title: "Slopes of the loss", X: plot.Axis{Label: "θ"}, Y: plot.Axis{Label: "L(θ)", Lo: .05, Hi: .95},
		Text:   "The average loss over theta, and at one theta two straight lines: the true slope, which touches the curve, and the naive one, which crosses it.",
		Layers: []plot.Layer{curve, whole, naive, here},
	}, []Control{{Label: "θ", Values: values, Start: 20}}, texts)
	return descents(ctx, r, o)
}

// descents follows each gradient from the same start.
func descents(ctx context.Context, r *Results, o Options) error {
	const steps, rate, draws = 120, 2., 4
	chart := plot.Chart{
		Title: "Descending along each", X: plot.Axis{Label: "step"}, Y: plot.Axis{Label: "L(θ)"},
		Text: "The average loss over the steps of three descents. Along the true gradient it falls to its least value, along the score function too, with noise; along the naive gradient it ends higher.",
	}
	for k, way := range []struct{ name, text string }{{"true gradient", "true"}, {"naive gradient", "naive"}, {"score function, 4 draws a step", "score"}} {
		theta := -2.
		layer := plot.Layer{Name: way.name, Colour: []int{2, 1, 3}[k], Frames: make([]plot.Points, 1)}
		for step := range steps + 1 {
			c, err := coinAt(ctx, theta)
			if err != nil {
				return err
			}
			p := &layer.Frames[0]
			p.Add(float64(step), c.loss)
			if step == steps {
				r.Add("theta-"+way.text, theta, "θ after %d steps along the %s", steps, way.name)
				r.Add("loss-"+way.text, c.loss, "the loss there")
				break
			}
			slope := c.naive
			switch k {
			case 0:
				slope += c.lost
			case 2:
				mean, _ := drawnCoin(theta, draws, o.Seed, uint32(1000+step))
				slope += mean
			}
			theta -= rate * slope
		}
		chart.Layers = append(chart.Layers, layer)
	}
	r.Draw(chart, nil, nil)
	return nil
}
