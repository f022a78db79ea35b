package tour

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"textgan/cmd/textgan/tour/images"
	"textgan/eval/plot"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

var imageVAE = Lesson{
	Name: "images", Title: "A VAE on images",
	Sentences: []string{
		"An encoder says where in a plane an image may lie, a decoder draws what lies at a point. The bound on the likelihood asks for points from which the image can be drawn again, and for a plane filled as the prior fills it.",
		"The gradient goes through the point by reparameterisation. If the code is choices instead (here two of ten, 100 codes in all), it needs a relaxation or a score function; and as 100 codes can be summed over, the bound and its gradient are known exactly.",
	},
	Formula: "−log p(x) ≤ E[−log p(x|z)] + KL(q(z|x) ‖ p(z)),  z ~ q(z|x)",
	Next:    "textgan train --model vae --latent categorical",
	Sources: []Source{{"textgan/cmd/textgan/tour/images", "NewTrainer"}, {"textgan/internal/op", "Reparameterise"}, {"textgan/internal/op", "Categorical"}, {"textgan/generator/relax", "New"}},
	Images:  true,
	compute: computeImages,
}

// imageSizes are those of the lesson.
type imageSizes struct{ count, held, hidden, gaussian, categorical, draws int }

func sizesOfImages(o Options) imageSizes {
	if o.small {
		return imageSizes{600, 60, 24, 60, 30, 20}
	}
	return imageSizes{10_000, 500, 128, 800, 400, 50}
}

const imageBatch = 100

// side of the digits that the program draws.
const side = 20

func (o Options) imageSet(n int) (*images.Set, error) {
	if o.Images != "" {
		return images.Read(o.Images, n, o.Seed)
	}
	return images.Draw(n, side, o.Seed), nil
}

func computeImages(ctx context.Context, o Options, r *Results) error {
	z := sizesOfImages(o)
	all, err := o.imageSet(z.count)
	if err != nil {
		return err
	}
	held := min(z.held, all.Len()/2)
	learnt := all.Part(0, all.Len()-held)
	rest := all.Part(all.Len()-held, all.Len())
	r.Add("learnt", float64(learnt.Len()), "images that are learnt")
	r.Add("pixels", float64(all.Side*all.Side), "pixels of an image, black or white")
	alone := 0.0 // what images cost without a code
	for i := range rest.Len() {
		for j, ink := range learnt.Ink() {
			p := ink
			if rest.Image(i)[j] == 0 {
				p = 1 - ink
			}
			alone -= math.Log(p) / float64(rest.Len())
		}
	}
	r.Add("no-code", alone, "nats of a held-out image by the frequency of each pixel alone")
	if err := gaussianImages(ctx, r, o, z, learnt, rest); err != nil {
		return err
	}
	return choiceImages(ctx, r, o, z, learnt, rest)
}

// plane is n x n points of the plane, row by row, between which the prior has equal
// mass.
func plane(n int) (codes []float32) {
	at := func(i int) float32 { return float32(distuv.UnitNormal.Quantile((float64(i) + .5) / float64(n))) }
	for y := range n {
		for x := range n {
			codes = append(codes, at(x), at(n-1-y))
		}
	}
	return codes
}

func gaussianImages(ctx context.Context, r *Results, o Options, z imageSizes, learnt, rest *images.Set) error {
	vae := images.NewVAE(images.Config{Pixels: learnt.Side * learnt.Side, Hidden: z.hidden, Dim: 2}, learnt.Ink(), o.Seed)
	t, err := images.NewTrainer(vae, learnt, images.Options{Batch: imageBatch, Steps: z.gaussian, LR: .003, Seed: o.Seed})
	if err != nil {
		return err
	}
	const shown = 10
	prior := make([]float32, 2*shown)
	kernel.Normal(prior, rng.Key{Seed: o.Seed, Stream: rng.Eval})
	some := rest.Part(0, shown)
	var planes, rows, texts, values []string
	var w, h, w2, h2 int
	looks := []int{0, z.gaussian / 40, z.gaussian / 12, z.gaussian / 5, z.gaussian / 2, z.gaussian}
	for _, step := range looks {
		if err := take(ctx, step-t.Taken(), t.Step); err != nil {
			return err
		}
		ink, err := vae.Decode(plane(12))
		if err != nil {
			return err
		}
		var uri string
		uri, w, h = sheet(ink, learnt.Side, 12)
		planes = append(planes, uri)
		posterior, err := vae.Posterior(some)
		if err != nil {
			return err
		}
		again, err := vae.Decode(vae.Likeliest(posterior))
		if err != nil {
			return err
		}
		fresh, err := vae.Decode(prior)
		if err != nil {
			return err
		}
		var three []float32
		for _, p := range some.Pixels {
			three = append(three, float32(p))
		}
		uri, w2, h2 = sheet(append(append(three, again...), fresh...), learnt.Side, shown)
		rows = append(rows, uri)
		tally, err := vae.Evaluate(rest, o.Seed)
		if err != nil {
			return err
		}
		texts = append(texts, fmt.Sprintf("bound %.1f nats an image = %.1f to draw it again + %.1f for its place", tally.Bound(), tally.Rec, tally.KL))
		values = append(values, fmt.Sprint(step))
		if step == z.gaussian {
			r.Add("bound", tally.Bound(), "nats of a held-out image after %d steps: an upper bound on −log p(x)", step)
			r.Add("reconstruction", tally.Rec, "of these, to draw the image again from its point")
			r.Add("kl", tally.KL, "of these, to say the point: KL(q(z|x) ‖ p(z))")
		}
	}
	control := []Control{{Label: "step", Values: values, Start: len(values) - 1}}
	d := newDrawing("The latent plane", "Images that the decoder draws at 12 by 12 points of the plane, between which the prior has equal mass. Before training all are one blur; then kinds of digits part and take regions of the plane, with forms in between.", 360, 360)
	d.image(0, 0, 360, 360*float64(h)/float64(w), len(planes)-1, planes...)
	d.add(r, control, texts)
	high := 340 * float64(h2) / float64(w2)
	d = newDrawing("Drawn again, and drawn afresh", "Three rows of ten images: held-out images, the same drawn again from the middle of what the encoder says, and images drawn at points from the prior.", 360, int(high)+60)
	for i, label := range []string{"held-out images", "drawn again", "drawn afresh"} {
		d.write(10, 14+float64(i)*(high/3+18), "", 0, label)
	}
	// One image, shown in three strips.
	for i := range 3 {
		y := 18 + float64(i)*(high/3+18)
		fmt.Fprintf(d, `<svg x="10" y="%g" width="340" height="%g" viewBox="0 %g %d %g" preserveAspectRatio="none">`, y, high/3, float64(i*h2)/3, w2, float64(h2)/3)
		d.image(0, 0, float64(w2), float64(h2), len(rows)-1, rows...)
		fmt.Fprint(d, `</svg>`)
	}
	d.add(r, control, texts)
	return scatter(r, vae, rest)
}

// scatter is where held-out images lie, by label.
func scatter(r *Results, vae *images.VAE, rest *images.Set) error {
	posterior, err := vae.Posterior(rest)
	if err != nil {
		return err
	}
	mean := vae.Likeliest(posterior)
	points := make([]plot.Points, 11)
	for i := range rest.Len() {
		labels := []int{10}
		if rest.Labels != nil {
			labels = append(labels, int(rest.Labels[i]))
		}
		for _, l := range labels {
			points[l].Add(float64(mean[2*i]), float64(mean[2*i+1]))
		}
	}
	c := plot.Chart{
		Title: "Where images lie", Height: 300, Width: 360, X: plot.Axis{Label: "z₁", Lo: -3.2, Hi: 3.2}, Y: plot.Axis{Label: "z₂", Lo: -3.2, Hi: 3.2},
		Text:   "The means of the posteriors of held-out images in the plane. With labels, those of one digit at a time stand out: they lie together.",
		Layers: []plot.Layer{{Name: "all held-out images", Colour: 6, Kind: plot.Dots, Size: 3, Frames: points[10:]}},
	}
	if rest.Labels == nil {
		r.Draw(c, nil, nil)
		return nil
	}
	c.Layers = append(c.Layers, plot.Layer{Name: "of one digit", Colour: 1, Kind: plot.Dots, Size: 4.5, Frames: points[:10]})
	var values, texts []string
	for l := range 10 {
		values = append(values, fmt.Sprint(l))
		texts = append(texts, fmt.Sprintf("%d images of the digit %d", len(points[l].X), l))
	}
	r.Draw(c, []Control{{Label: "digit", Values: values, Start: 2}}, texts)
	return nil
}

// choiceWays are the estimators of the second half, with the draws of an image.
var choiceWays = []struct {
	spec, name string
	draws      int
}{{"gumbel-softmax", "Gumbel-Softmax, tau 1 to 0.5", 1}, {"reinforce-moving-average", "REINFORCE, average of before", 1}, {"rloo", "REINFORCE, 4 draws leaving one out", 4}}

func choiceImages(ctx context.Context, r *Results, o Options, z imageSizes, learnt, rest *images.Set) error {
	config := images.Config{Pixels: learnt.Side * learnt.Side, Hidden: z.hidden, Dim: 2, Categories: 10}
	looks := []int{0, z.categorical / 10, z.categorical * 3 / 10, z.categorical * 6 / 10, z.categorical}
	chart := plot.Chart{Title: "The exact bound, by estimator", X: plot.Axis{Label: "step"}, Y: plot.Axis{Label: "nats an image"},
		Text: "The bound of held-out images, summed over all 100 codes, over the steps of training by three estimators of the gradient through the choices."}
	var sheets, texts, names, values []string
	var w, h int
	for k, way := range choiceWays {
		vae := images.NewVAE(config, learnt.Ink(), o.Seed)
		t, err := images.NewTrainer(vae, learnt, images.Options{Batch: imageBatch, Steps: z.categorical, LR: .003, Estimator: way.spec, Tau: "exponential:from=1,to=0.5", Draws: way.draws, Seed: o.Seed})
		if err != nil {
			return err
		}
		var curve plot.Points
		for i, step := range looks {
			if err := take(ctx, step-t.Taken(), t.Step); err != nil {
				return err
			}
			e, err := vae.Exact(rest)
			if err != nil {
				return err
			}
			curve.Add(float64(step), e.Bound())
			ink, err := vae.Decode(vae.Codes())
			if err != nil {
				return err
			}
			var uri string
			uri, w, h = sheet(ink, learnt.Side, 10)
			sheets = append(sheets, uri)
			texts = append(texts, fmt.Sprintf("bound %.1f nats an image, −log p(x) %.1f, both exact", e.Bound(), e.NLL))
			if k == 0 {
				values = append(values, fmt.Sprint(step))
			}
			if i == len(looks)-1 {
				r.Add("bound-"+way.spec, e.Bound(), "exact bound of held-out images after %d steps with %s", step, way.name)
				r.Add("nll-"+way.spec, e.NLL, "exact −log p(x) there")
			}
		}
		q, err := t.Quality(z.draws)
		if err != nil {
			return err
		}
		r.Add("gradient-"+way.spec, q.Norm, "length of the exact gradient along the biases of the code layer, for one batch")
		r.Add("bias-"+way.spec, q.Bias, "distance of the mean of %d estimates from it", z.draws)
		r.Add("chance-"+way.spec, q.Error, "the distance that is expected without a bias")
		r.Add("variance-"+way.spec, q.Variance, "summed variance of one estimate")
		names = append(names, way.name)
		chart.Layers = append(chart.Layers, plot.Layer{Name: way.name, Colour: k, Frames: []plot.Points{curve}})
	}
	d := newDrawing("All 100 codes", "What the decoder draws for each of the 100 codes: the first choice is the row, the second the column. After training, one choice says mostly which digit and the other how it is written.", 360, 360)
	d.image(0, 0, 360, 360*float64(h)/float64(w), len(looks)-1, sheets...)
	d.add(r, []Control{{Label: "estimator", Values: names, Names: true}, {Label: "step", Values: values, Start: len(values) - 1}}, texts)
	r.Draw(chart, nil, nil)
	return nil
}
