package tour

import (
	"context"
	"fmt"
	"math"

	"textgan/eval/plot"
	"textgan/internal/rng"
	"textgan/train"
	"textgan/train/model"
)

var annealing = Lesson{
	Name: "annealing", Title: "Annealing",
	Sentences: []string{
		"Training begins with a large τ, whose gradients are calm, and comes to a small one, whose words are nearly choices. How fast is a schedule: a function of the step, fixed beforehand.",
		"An adaptive schedule looks instead at the relaxed words and moves τ until their mean entropy is where one wants it, whatever the logits have grown to. Both are seen here on a short training of the default text GAN.",
	},
	Formula: "exponential: τ = τ₀ (τ₁/τ₀)^(t/T)\nadaptive: log τ ← log τ + gain (H* − H)/H*",
	Next:    "textgan train --tau-schedule adaptive:entropy=0.5,gain=0.1",
	Sources: []Source{{"textgan/generator/relax", "ParseSchedule"}, {"textgan/train", "Trainer.Take"}},
	compute: computeAnnealing,
}

// The short training: steps of likelihood, then steps against a discriminator.
const annealLikely, annealSteps = 60, 40

// The adaptive schedule of the lesson.
const annealEntropy, annealGain = .5, .3

var annealSchedules = []struct{ name, spec string }{
	{"constant", "constant:tau=1"},
	{"linear", "linear:from=1,to=0.1"},
	{"exponential", "exponential:from=1,to=0.1"},
	{"jang", "jang:rate=0.06,min=0.1,every=5"},
	{"adaptive", fmt.Sprintf("adaptive:entropy=%g,start=1,min=0.05,gain=%g", annealEntropy, annealGain)},
}

// annealed is what a run recorded over its adversarial steps.
type annealed struct{ tau, norm []float64 }

// anneal trains under a schedule.
func anneal(ctx context.Context, spec string, d *model.Data, c train.Config) (a annealed, err error) {
	c.TauSchedule = spec
	t, err := train.New(c, d)
	if err != nil {
		return a, err
	}
	for _, phase := range []string{"likelihood", "discriminator", "adversarial"} {
		if err := t.Enter(phase); err != nil {
			return a, err
		}
		for t.Left() > 0 {
			if ctx.Err() != nil {
				return a, context.Cause(ctx)
			}
			r, err := t.Take()
			if err != nil {
				return a, err
			}
			for _, f := range r.Fields {
				if v, ok := f.Value.(float64); ok && phase == "adversarial" {
					switch f.Name {
					case "tau":
						a.tau = append(a.tau, v)
					case "norm/g":
						a.norm = append(a.norm, v)
					}
				}
			}
		}
	}
	if len(a.tau) != annealSteps || len(a.norm) != annealSteps {
		return a, fmt.Errorf("the run recorded %d temperatures and %d norms in %d steps", len(a.tau), len(a.norm), annealSteps)
	}
	return a, nil
}

func computeAnnealing(ctx context.Context, o Options, r *Results) error {
	c := train.Options.Defaults()
	c.Seed = rng.Apart(o.Seed, "anneal")
	c.CorpusLines, c.Emb, c.Hidden, c.Dropout, c.Batch, c.EvalSamples = 1000, 24, 32, 0, 16, 10
	c.LR, c.MLESteps, c.DPre, c.AdvSteps, c.GLR = .01, annealLikely, 10, annealSteps, .001
	d, err := model.Prepare(c.Config, nil, nil)
	if err != nil {
		return err
	}
	taus := plot.Chart{
		Title: "τ over the adversarial steps", X: plot.Axis{Label: "step"}, Y: plot.Axis{Label: "τ", Log: true},
		Text: "The temperature over the adversarial steps under five schedules, on a logarithmic axis: level, a line, a steady fall, stairs, and the adaptive one, which goes down until the words are as sharp as asked for and then holds.",
	}
	norm := plot.Layer{Name: "size of the generator's gradient", Colour: 0}
	other := plot.Layer{Name: "that with constant τ = 1", Colour: 6, Size: 1.2, Frames: make([]plot.Points, 1)}
	var names, texts []string
	for i, s := range annealSchedules {
		a, err := anneal(ctx, s.spec, d, c)
		if err != nil {
			return fmt.Errorf("%s: %w", s.spec, err)
		}
		steps := make([]float64, annealSteps)
		early, late := 0., 0.
		for k := range steps {
			steps[k] = float64(k + 1)
			if k < 10 {
				early += a.norm[k] / 10
			}
			if k >= annealSteps-10 {
				late += a.norm[k] / 10
			}
		}
		if s.name == "constant" {
			other.Frames[0] = plot.Points{X: steps, Y: a.norm}
		}
		taus.Layers = append(taus.Layers, plot.Layer{Name: s.name, Colour: i, Frames: []plot.Points{{X: steps, Y: a.tau}}})
		norm.Frames = append(norm.Frames, plot.Points{X: steps, Y: a.norm})
		names = append(names, s.name)
		texts = append(texts, fmt.Sprintf("%s: τ from %.3g to %.3g; the gradient's size %.3g in the first ten steps, %.3g in the last", s.spec, a.tau[0], a.tau[annealSteps-1], early, late))
		r.Add(s.name+"-tau", a.tau[annealSteps-1], "τ of step %d under %s", annealSteps, s.spec)
		if s.name == "adaptive" {
			held(r, a.tau)
		}
	}
	r.Draw(taus, nil, nil)
	r.Draw(plot.Chart{
		Title: "Size of the gradient", X: plot.Axis{Label: "step"}, Y: plot.Axis{Label: "norm", Log: true},
		Text:   "The size of the generator's gradient over the adversarial steps under a schedule, beside that under a constant temperature. It grows as the temperature falls.",
		Layers: []plot.Layer{other, norm},
	}, []Control{{Label: "schedule", Values: names, Start: 2, Names: true}}, texts)
	// The picture of the held entropy comes last.
	if n := len(r.Pictures); n == 3 {
		r.Pictures = append(r.Pictures[1:], r.Pictures[0])
	}
	return nil
}

// held draws the mean entropy of the relaxed words that the adaptive schedule saw. The
// temperatures tell it: each is the one before times exp(gain (H* - H)/H*).
func held(r *Results, tau []float64) {
	seen := plot.Layer{Name: "mean entropy of the relaxed words", Colour: 4, Frames: make([]plot.Points, 1)}
	goal := plot.Layer{Name: "target", Colour: 6, Size: 1.2, Frames: []plot.Points{{X: []float64{1, annealSteps}, Y: []float64{annealEntropy, annealEntropy}}}}
	const last = 15
	mean := 0.
	for k := range len(tau) - 1 {
		h := annealEntropy * (1 - math.Log(tau[k+1]/tau[k])/annealGain)
		seen.Frames[0].Add(float64(k+1), h)
		if k >= len(tau)-1-last {
			mean += h / last
		}
	}
	r.Add("adaptive-entropy", mean, "nats, mean entropy of the relaxed words in the last %d steps that the adaptive schedule saw; its target is %g", last, annealEntropy)
	r.Draw(plot.Chart{
		Title: "What the adaptive schedule holds", X: plot.Axis{Label: "step"}, Y: plot.Axis{Label: "nats"},
		Text:   "The mean entropy of the relaxed words over the adversarial steps: it falls to the target and stays there, with noise. An entropy of twice the target or more counts as twice.",
		Layers: []plot.Layer{goal, seen},
	}, nil, nil)
}
