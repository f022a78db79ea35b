package tour

import (
	"context"
	"fmt"
	"math"
	"strings"

	"textgan/cmd/textgan/tour/words"
	"textgan/eval"
	"textgan/eval/plot"
	"textgan/train"
)

var textGAN = Lesson{
	Name: "words", Title: "Words",
	Sentences: []string{
		"The default text GAN, shortened: a generator learns by likelihood to predict the next word; then a discriminator reads its relaxed sentences, and its gradient reaches the generator through the choice of every word.",
		"The language is a grammar, so it is known which sentences are valid and how few nats a token can cost. What the discriminator looks at can be read from its filters: for which words do they fire, and do they for real sentences more than for generated ones?",
		"Whether any of it was worth while, the frontier says: a language model gets better sentences for less variety by a lower temperature alone.",
	},
	Formula: "likelihood: −Σ log p(xₜ | x before t)   then   loss of D(relaxed sentence), τ from 1 to 0.5",
	Next:    "textgan train && textgan eval frontier --run runs/001",
	Sources: []Source{{"textgan/train", "Trainer.Run"}, {"textgan/eval", "NewFrontier"}, {"textgan/corpora", "Evaluate"}, {"textgan/cmd/textgan/tour/words", "Filters.Tell"}},
	compute: computeWords,
}

func wordsOptions(o Options) words.Options {
	w := words.Options{Lines: 4000, MLESteps: 400, DSteps: 60, AdvSteps: 200, Every: 50, Samples: 400, Filters: 32, Temperatures: []float64{.5, .7, .85, 1, 1.2, 1.5}, Seed: o.Seed}
	if o.small {
		w.Lines, w.MLESteps, w.DSteps, w.AdvSteps, w.Every, w.Samples, w.Filters = 500, 40, 4, 8, 20, 60, 8
	}
	return w
}

func computeWords(ctx context.Context, o Options, r *Results) error {
	w := wordsOptions(o)
	run, err := words.Train(ctx, w)
	if err != nil {
		return err
	}
	last := run.Looks[len(run.Looks)-1]
	fitted := last
	for _, l := range run.Looks {
		if l.Phase == train.Likelihood {
			fitted = l
		}
	}
	r.Add("entropy", run.Entropy, "nats per token of the language: what no model can go below but by chance")
	r.Add("nll-likelihood", fitted.NLL, "nats per held-out token after likelihood training")
	r.Add("nll-adversarial", last.NLL, "the same at the end of adversarial training")
	r.Add("valid-likelihood", fitted.Valid, "share of %d sentences that are of the language, after likelihood training", w.Samples)
	r.Add("valid-adversarial", last.Valid, "the same at the end")
	r.Add("gap", run.Verdict.Gap, "how far the end is above the frontier in %s at equal %s", run.Frontier.Axes().Y, run.Frontier.Axes().X)
	r.Add("gap-error", run.Verdict.ErrGap, "its standard error")
	r.Add("separation", run.Told[0].Separation, "d′ of the filter that tells real from generated sentences best")

	curve := func(value func(words.Look) float64, phase string) (p plot.Points) {
		for _, l := range run.Looks {
			if (l.Phase == train.Likelihood) == (phase == train.Likelihood) {
				p.Add(float64(l.Step), value(l))
			}
		}
		return p
	}
	both := func(value func(words.Look) float64) []plot.Layer {
		return []plot.Layer{
			{Name: "by likelihood", Colour: 0, Frames: []plot.Points{curve(value, train.Likelihood)}},
			{Name: "adversarial, with likelihood between", Colour: 1, Frames: []plot.Points{curve(value, train.Adversarial)}},
		}
	}
	end := float64(last.Step)
	samples(r, run)
	r.Draw(plot.Chart{
		Title: "Held-out text", X: plot.Axis{Label: "step", Lo: 0, Hi: end}, Y: plot.Axis{Label: "nats per token"},
		Text:   "The negative log-likelihood of held-out text over the steps, falling towards the entropy of the language.",
		Layers: append(both(func(l words.Look) float64 { return l.NLL }), plot.Layer{Name: "entropy of the language", Colour: 6, Size: 1, Frames: []plot.Points{{X: []float64{0, end}, Y: []float64{run.Entropy, run.Entropy}}}}),
	}, nil, nil)
	r.Draw(plot.Chart{
		Title: "Valid sentences", X: plot.Axis{Label: "step", Lo: 0, Hi: end}, Y: plot.Axis{Label: "share of samples"},
		Text:   "The share of sampled sentences that the grammar can make, rising over the steps.",
		Layers: both(func(l words.Look) float64 { return l.Valid }),
	}, nil, nil)
	if err := frontier(r, run); err != nil {
		return err
	}
	filters(r, run)
	fired(r, run)
	return nil
}

// letters of a line of text that fit a picture of 380 pixels.
const letters = 54

func samples(r *Results, run *words.Run) {
	const shown = 5
	d := newDrawing("Sentences over the steps", "Five sentences that the generator writes, from a salad of words at first to sentences that are mostly of the language.", 380, shown*38+4)
	lines := make([][]string, 2*shown)
	var values, texts []string
	for _, l := range run.Looks {
		for i := range shown {
			two := wrap(l.Lines[i], letters, 2)
			lines[2*i], lines[2*i+1] = append(lines[2*i], two[0]), append(lines[2*i+1], two[1])
		}
		values = append(values, fmt.Sprint(l.Step))
		texts = append(texts, fmt.Sprintf("%s: %.0f %% of %d sentences are valid, %.2f nats per held-out token", l.Phase, 100*l.Valid, len(l.Lines), l.NLL))
	}
	for i, frames := range lines {
		style := ""
		x := 10.
		if i%2 == 1 {
			x = 24
		}
		d.write(x, float64(18+i/2*38+i%2*16), style, len(values)-1, frames...)
	}
	d.add(r, []Control{{Label: "step", Values: values, Start: len(values) - 1}}, texts)
}

// frontier is the plane of quality and variety.
func frontier(r *Results, run *words.Run) error {
	points := func(all []eval.Point) (p plot.Points) {
		for _, x := range all {
			p.Add(x.X, x.Y)
		}
		return p
	}
	axes := run.Frontier.Axes()
	here := plot.Layer{Name: "with the discriminator", Colour: 1, Kind: plot.Dots, Size: 8}
	errors := plot.Layer{Colour: 1, Kind: plot.Span, Size: 1.5}
	var values, texts []string
	for _, l := range run.Looks {
		if l.Phase == train.Likelihood {
			continue
		}
		here.Frames = append(here.Frames, points([]eval.Point{l.BLEU}))
		errors.Frames = append(errors.Frames, plot.Points{X: []float64{l.BLEU.X}, Y: []float64{l.BLEU.Y + 1.96*l.BLEU.ErrY}, Base: []float64{l.BLEU.Y - 1.96*l.BLEU.ErrY}})
		v, err := run.Frontier.Judge(l.BLEU, .95)
		if err != nil {
			return err
		}
		values = append(values, fmt.Sprint(l.Step))
		texts = append(texts, fmt.Sprintf("step %d: %s, %+.3f ± %.3f from the curve", l.Step, v.Place, v.Gap, v.ErrGap))
	}
	layers := []plot.Layer{
		{Name: "likelihood alone, by temperature", Colour: 0, Frames: []plot.Points{points(run.Frontier.Points())}},
		{Colour: 0, Kind: plot.Dots, Size: 6, Frames: []plot.Points{points(run.Curve)}}, here, errors,
	}
	controls := []Control{{Label: "step", Values: values, Start: len(values) - 1}}
	if len(values) == 1 {
		controls, texts = nil, nil
	}
	r.Draw(plot.Chart{
		Title: "The frontier", X: plot.Axis{Label: axes.X + " (less is more diverse)"}, Y: plot.Axis{Label: axes.Y + " (more is better)"},
		Text:   "BLEU against self-BLEU. The model that likelihood made moves along a curve as its temperature changes; the generator after adversarial steps is a point beside it, with the 95 % interval of its BLEU.",
		Layers: layers,
	}, controls, texts)
	return nil
}

// filters are those that tell most.
func filters(r *Results, run *words.Run) {
	const shown, grams = 8, 6
	d := newDrawing("What a filter fires for", "For one filter of the discriminator at a time the six windows of words that it fires for most, with its values.", 380, grams*22+8)
	rows := make([][]string, grams)
	var values, texts []string
	for i, t := range run.Told[:min(shown, len(run.Told))] {
		for j := range rows {
			text := ""
			if j < len(t.Grams) {
				text = fmt.Sprintf("%.2f  %s", t.Grams[j].Value, run.Sentence(t.Grams[j].IDs))
			}
			rows[j] = append(rows[j], text)
		}
		more := "real"
		if t.Separation < 0 {
			more = "generated"
		}
		values = append(values, fmt.Sprintf("number %d, of %d words", i+1, t.Width))
		texts = append(texts, fmt.Sprintf("fires more for %s sentences: %.3f on average for real, %.3f for generated, d′ = %.2f", more, t.Real, t.Generated, t.Separation))
	}
	for j, frames := range rows {
		d.write(10, float64(18+22*j), "", 0, frames...)
	}
	d.add(r, []Control{{Label: "filter", Values: values, Names: true}}, texts)
}

// fired are sentences whose words are marked where filters fire.
func fired(r *Results, run *words.Run) {
	most := 1
	for _, f := range run.Fired {
		for _, n := range f.Count {
			most = max(most, n)
		}
	}
	// lay visits every word with its place, a heading with the width 0, and returns the
	// height of all.
	lay := func(visit func(word string, x, y, wide, share float64)) float64 {
		y := 18.
		for i, f := range run.Fired {
			if i%(len(run.Fired)/2) == 0 {
				visit(map[bool]string{true: "real", false: "generated"}[f.Real], 10, y, 0, 0)
				y += 20
			}
			x, first := 10., true
			for j, word := range f.Words {
				if word == "<eos>" {
					continue
				}
				wide := wordWidth(word)
				if x+wide > 370 && first {
					x, y, first = 24, y+18, false
				}
				visit(word, x, y, wide, float64(f.Count[j])/float64(most))
				x += wide + 1
			}
			y += 22
		}
		return y
	}
	high := lay(func(string, float64, float64, float64, float64) {})
	d := newDrawing("Where the filters fire", "Eight sentences, four real and four generated. The darker the shade behind a word, the more of the filters that tell the two apart fired for a window that holds it.", 380, int(high))
	lay(func(word string, x, y, wide, share float64) {
		if wide == 0 {
			d.write(x, y, `font-weight="600"`, 0, word)
			return
		}
		fmt.Fprintf(d, `<rect x="%.1f" y="%g" width="%.1f" height="16" rx="2" style="fill:var(--accent)" fill-opacity="%.2f"/>`, x, y-12, wide, .55*share)
		d.write(math.Round(10*x+20)/10, y, fmt.Sprintf(`textLength="%.1f" lengthAdjust="spacingAndGlyphs"`, wide-4), 0, word)
	})
	d.add(r, nil, nil)
}

// wordWidth is about that of a word in pixels; it is drawn to this width.
func wordWidth(word string) (w float64) {
	for _, c := range word {
		switch {
		case strings.ContainsRune("iljft.,'", c):
			w += 3.6
		case strings.ContainsRune("mw", c):
			w += 10
		default:
			w += 6.8
		}
	}
	return w + 4
}
