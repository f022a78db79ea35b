package tour

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"textgan/cmd/textgan/tour/gates"
	"textgan/eval/plot"
)

var channelGates = Lesson{
	Name: "gates", Title: "Channel gates",
	Sentences: []string{
		"Of 64 channels eight decide the label, eight are noisy copies of these, and 48 are noise. In front of each stands a gate that is open with a probability of its own, and an open gate costs a little.",
		"The number of open gates is differentiable on average, the loss through gates that are open or shut is not: they are trained as binary concrete variables, the Gumbel-Softmax of two categories, and drawn on or off afterwards.",
	},
	Formula: "E[−log p(label | x·gate)] + price · Σ σ(α),  gate = σ((α + g₁ − g₂)/τ)\nopen with probability σ(α), whatever τ",
	Next:    "textgan eval variance --problem builtin:rebar-toy-0.45",
	Sources: []Source{{"textgan/cmd/textgan/tour/gates", "NewTrainer"}, {"textgan/internal/op", "Categorical"}, {"textgan/internal/op", "Bernoulli"}},
	compute: computeGates,
}

const (
	gateChannels, gateInformative  = 64, 8
	gateExamples, gateHeldExamples = 800, 4000
	gateDraws                      = 20
	fairPrice                      = .01
)

var gatePrices = []float64{0, .002, .005, fairPrice, .02, .04, .08}

func computeGates(ctx context.Context, o Options, r *Results) error {
	steps := 600
	if o.small {
		steps = 150
	}
	p := gates.NewProblem(gateChannels, gateInformative, o.Seed)
	x, labels := p.Examples(gateExamples, 0, o.Seed)
	heldX, heldLabels := p.Examples(gateHeldExamples, 1<<20, o.Seed)

	// Channels in the order of what they are, informative ones by their weight.
	rank := map[gates.Role]int{gates.Informative: 0, gates.Copy: 1, gates.Noise: 2}
	order := make([]int, gateChannels)
	for c := range order {
		order[c] = c
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(rank[p.Roles[a]], rank[p.Roles[b]]), cmp.Compare(p.W[b]*p.W[b], p.W[a]*p.W[a]))
	})
	layers := []plot.Layer{{Name: "informative, strongest first", Colour: 2}, {Name: "copies of these", Colour: 1}, {Name: "noise", Colour: 6}}
	for i := range layers {
		layers[i].Kind, layers[i].Size = plot.Bars, .8
	}
	r.Add("best", p.Best(), "accuracy of who knows the weights of the channels")
	var count, accuracy plot.Points
	var values, texts []string
	for _, price := range gatePrices {
		t, err := gates.NewTrainer(x, labels, gates.Options{Relaxation: "gumbel-softmax", Tau: .5, Price: price, Batch: 32, Steps: steps, LR: .04, Seed: o.Seed})
		if err != nil {
			return err
		}
		if err := take(ctx, steps, t.Step); err != nil {
			return err
		}
		open := t.Open()
		frames := make([]plot.Points, 3)
		expected, stay, right := 0.0, 0, 0
		for i, c := range order {
			k := rank[p.Roles[c]]
			frames[k].Add(float64(i+1), open[c])
			expected += open[c]
			if open[c] > .5 {
				stay++
				if p.Roles[c] == gates.Informative {
					right++
				}
			}
		}
		for k := range layers {
			layers[k].Frames = append(layers[k].Frames, frames[k])
		}
		drawn, told := 0.0, 0.0
		for i := range gateDraws {
			g := t.Draw(o.Seed, i)
			for _, on := range g {
				drawn += float64(on) / gateDraws
			}
			told += t.Accuracy(heldX, heldLabels, g) / gateDraws
		}
		values = append(values, fmt.Sprintf("%g", price))
		texts = append(texts, fmt.Sprintf("%.1f gates open on average (drawn: %.1f); accuracy %.3f of at most %.3f", expected, drawn, told, p.Best()))
		count.Add(expected, told)
		if price == 0 || price == fairPrice {
			tag := map[bool]string{true: "free", false: "fair"}[price == 0]
			r.Add("expected-"+tag, expected, "gates open on average at a price of %g nats each: the sum of σ(α)", price)
			r.Add("drawn-"+tag, drawn, "gates open in the mean of %d draws", gateDraws)
			r.Add("accuracy-"+tag, told, "accuracy on %d held-out examples behind drawn gates", gateHeldExamples)
			r.Add("recall-"+tag, float64(right)/gateInformative, "share of the informative channels whose gates are more often open than not")
			r.Add("precision-"+tag, float64(right)/float64(max(stay, 1)), "share of such gates whose channels are informative")
		}
	}
	r.Draw(plot.Chart{
		Title: "Probability of each gate to be open", X: plot.Axis{Label: "channel", Lo: 0, Hi: gateChannels + 1, Ticks: []float64{1, 8, 16, 32, 48, 64}}, Y: plot.Axis{Label: "open", Lo: 0, Hi: 1.02},
		Text:   "Bars for 64 gates, ordered by what their channels are. Without a price most stay open; at a fair one those of the informative channels alone; at a high one these shut too, the weakest first.",
		Layers: layers,
	}, []Control{{Label: "price", Values: values, Start: slices.Index(gatePrices, fairPrice)}}, texts)
	accuracy = plot.Points{X: []float64{0, gateChannels}, Y: []float64{p.Best(), p.Best()}}
	dots := plot.Layer{Colour: 0, Kind: plot.Dots, Size: 6, Frames: []plot.Points{count}}
	r.Draw(plot.Chart{
		Title: "What open gates buy", X: plot.Axis{Label: "gates open on average", Lo: 0, Hi: gateChannels}, Y: plot.Axis{Label: "accuracy on held-out examples"},
		Text: "Accuracy over the number of open gates, one point for each price. It is highest with about as many gates as there are informative channels; with more the noise of the channels is learnt too.",
		Layers: []plot.Layer{
			{Name: "one price each", Colour: 0, Frames: []plot.Points{count}}, dots, {Name: "who knows the weights", Colour: 6, Size: 1, Frames: []plot.Points{accuracy}},
		},
	}, nil, nil)
	return nil
}
