package tour

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"

	"textgan/eval/plot"
	"textgan/eval/variance"
	"textgan/generator/relax"
)

var relatives = Lesson{
	Name: "relatives", Title: "Straight-through and its relatives",
	Sentences: []string{
		"Every estimator of training on one problem that is small enough to know its gradient: two words out of three, the second depending on the first, and a small network for f. Its bias is an error that no number of draws mends; its variance goes down with draws.",
		"The relaxed ones trade one for the other by τ. The score functions but maligan have no bias, so that with enough evaluations of f they win: REINFORCE with the mean of the other draws for its baseline overtakes each relaxed estimator somewhere.",
	},
	Formula: "MSE of n draws = bias² + variance / n",
	Next:    "textgan eval variance --problem builtin:short-sequence",
	Sources: []Source{{"textgan/eval/variance", "Run"}, {"textgan/generator/relax", "Estimators"}},
	compute: computeRelatives,
}

var relativesTaus = []float64{.1, .25, .5, 1, 2, 4}

// relativesSamples are the draws of an estimator that has no finite sum; those whose
// numbers are listed get more.
const relativesSamples, listedSamples = 1000, 20000

// relativesProblem is the problem of the lesson.
const relativesProblem = `{"id": "tour", "K": 3, "T": 2, "structure": "autoregressive", "eos_token": null,
	"params": {"b": [[0.4, 0, -0.6], [-0.3, 0.5, 0]], "W_2_1": [[0.9, -0.7, 0], [-0.4, 0.6, 0.8], [0, -0.5, 1.2]]},
	"f": {"type": "mlp", "W1": [[1.2, -0.8, 0.3, -1.1, 0.9, 0.2], [-0.6, 1.4, -0.9, 0.7, -1.3, 0.8]], "b1": [0.2, -0.3], "w2": [1.1, 0.9], "b2": 0}}`

// laboratory are the specs by which the laboratory measures a row of the table: over
// tau, or the one there is.
func laboratory(e relax.Estimator) (specs []string, swept bool) {
	const draws = 4 // of the estimators that look at several at once
	switch e.Name {
	case "reinforce-constant":
		return []string{"reinforce-mean"}, false // the constant being E f
	case "rloo", "rloo-optimal", "reinmax-loo", "maligan":
		return []string{fmt.Sprintf("%s:n=%d", e.Name, draws)}, false
	case "double-cv":
		return []string{fmt.Sprintf("double-cv:n=%d,alpha=-1", draws)}, false
	case "all-action", "unordered-set":
		return []string{e.Name + ":k=2,m=1"}, false
	}
	if !e.Relaxed || e.IgnoresTau {
		return []string{e.Spec()}, false
	}
	for _, tau := range relativesTaus {
		separator := ","
		if e.Defaults == "" {
			separator = ":"
		}
		specs = append(specs, fmt.Sprintf("%s%stau=%g", e.Spec(), separator, tau))
	}
	return specs, true
}

func computeRelatives(ctx context.Context, o Options, r *Results) error {
	p, err := variance.Read(bytes.NewReader([]byte(relativesProblem)), "tour")
	if err != nil {
		return err
	}
	all := map[string][]variance.Result{} // of a row of the table, over tau, or the only one
	rows := relax.Estimators()
	for _, e := range rows {
		specs, _ := laboratory(e)
		samples := relativesSamples
		if e.Name == "gumbel-softmax" || e.Name == "st-gumbel" {
			samples = listedSamples
		}
		x, err := variance.Run(ctx, p, variance.Options{Estimators: specs, Samples: samples, Seed: o.Seed}, nil)
		if err != nil {
			return err
		}
		all[e.Name] = x.Estimators
		if e.Name == rows[0].Name {
			length := 0.
			for i, g := range x.Gradient {
				length += g * g
				r.Add(fmt.Sprintf("gradient-%d", i+1), g, "exact derivative in parameter %d", i+1)
			}
			r.Add("mean", x.Objective, "E f, over all nine sentences")
			r.Add("gradient", math.Sqrt(length), "length of the exact gradient")
		}
	}
	at := func(name string, k int) variance.Result { return all[name][min(k, len(all[name])-1)] }

	// Two bars for each row of the table, at every tau.
	n := len(rows)
	bias := plot.Layer{Name: "bias²", Colour: 1, Kind: plot.Lying, Size: .38}
	spread := plot.Layer{Name: "variance of one estimate", Colour: 0, Kind: plot.Lying, Size: .38}
	var values, texts []string
	var ticks []float64
	var names []string
	for i, e := range rows {
		name := e.Name
		if specs, _ := laboratory(e); strings.Contains(specs[0], "n=4") {
			name += ", 4 draws"
		}
		ticks, names = append(ticks, float64(n-i)), append(names, name)
	}
	const least, most = 1e-5, 30
	for k, tau := range relativesTaus {
		var b, v plot.Points
		best, bestMSE := "", math.Inf(1)
		for i, e := range rows {
			x, y := at(e.Name, k), float64(n-i)
			squared := math.NaN()
			if x.Biased {
				squared = x.Bias * x.Bias
			}
			b.Add(squared, y+.2)
			v.Add(x.Trace, y-.2)
			if e.Relaxed && x.Evals == 1 && x.MSE < bestMSE {
				best, bestMSE = e.Name, x.MSE
			}
		}
		bias.Frames, spread.Frames = append(bias.Frames, b), append(spread.Frames, v)
		values = append(values, fmt.Sprintf("%g", tau))
		gs, st := at("gumbel-softmax", k), at("straight-through", k)
		texts = append(texts, fmt.Sprintf("gumbel-softmax: bias %.3f, variance %.3g; straight-through: bias %.3f, variance %.3g; least mean squared error of one draw: %s", gs.Bias, gs.Trace, st.Bias, st.Trace, best))
		if tau == .5 || tau == 1 {
			for _, name := range []string{"gumbel-softmax", "st-gumbel", "straight-through", "reinmax"} {
				x := at(name, k)
				r.Add(fmt.Sprintf("%s-%g-bias", name, tau), x.Bias, "length of the bias of %s at τ = %g", name, tau)
				r.Add(fmt.Sprintf("%s-%g-variance", name, tau), x.Trace, "its variance, summed over the parameters")
			}
		}
	}
	for _, name := range []string{"reinforce", "self-critic", "rloo"} {
		r.Add(name+"-variance", at(name, 0).Trace, "variance of %s, which has no bias, of one estimate", at(name, 0).Name)
	}
	r.Draw(plot.Chart{
		Title: "Bias and variance of every estimator", Height: 30 + 23*float64(n),
		X:      plot.Axis{Label: "squared units of the gradient", Log: true, Lo: least, Hi: most, Ticks: []float64{1e-4, 1e-2, 1}},
		Y:      plot.Axis{Lo: .2, Hi: float64(n) + .8, Ticks: ticks, Names: names},
		Text:   "Two lying bars for each estimator of training, of its squared bias and of its variance, on a logarithmic axis. The relaxed ones have both and change with the temperature; the score functions have no bias and more variance.",
		Layers: []plot.Layer{bias, spread},
	}, []Control{{Label: "τ", Values: values, Start: 3}}, texts)
	overtaken(r, at, rows)
	return nil
}

// overtaken draws from how many evaluations of f on leave-one-out has the lower mean
// squared error.
func overtaken(r *Results, at func(name string, k int) variance.Result, rows []relax.Estimator) {
	c := plot.Chart{
		Title:  "From where REINFORCE with a baseline wins",
		X:      plot.Axis{Label: "τ", Log: true, Lo: .09, Hi: 4.5, Ticks: relativesTaus},
		Y:      plot.Axis{Label: "evaluations of f", Log: true},
		Height: 330,
		Text:   "For relaxed estimators over the temperature: the number of evaluations of f from which on leave-one-out, which has no bias, has the lower mean squared error. The curves are highest where bias and variance are both small.",
	}
	for _, e := range rows {
		if _, swept := laboratory(e); !swept || e.Warning != "" {
			continue
		}
		l := plot.Layer{Name: e.Name, Colour: len(c.Layers) / 2, Frames: make([]plot.Points, 1)}
		for k, tau := range relativesTaus {
			x := at(e.Name, k)
			if x.BreakEven == nil {
				continue
			}
			l.Frames[0].Add(tau, *x.BreakEven)
			if tau == 1 && (e.Name == "straight-through" || e.Name == "reinmax") {
				r.Add(e.Name+"-overtaken", *x.BreakEven, "evaluations of f from which on rloo has the lower mean squared error than %s at τ = 1", e.Name)
			}
		}
		dots := l
		dots.Kind, dots.Name, dots.Size = plot.Dots, "", 5
		c.Layers = append(c.Layers, l, dots)
	}
	r.Draw(c, nil, nil)
}
