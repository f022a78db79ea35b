package words

import (
	"cmp"
	"context"
	"fmt"

	"textgan/corpora"
	"textgan/eval"
	"textgan/generator/sampling"
	"textgan/internal/rng"
	"textgan/train"
	"textgan/train/model"
)

// Options of a short run.
type Options struct {
	Lines, MLESteps, DSteps, AdvSteps, Every int // sentences, steps of the three phases, steps between looks
	Samples                                  int // sentences of a look
	Filters                                  int // of each width
	Temperatures                             []float64
	Seed                                     uint64
}

// Look is the generator at a step.
type Look struct {
	Phase string
	Step  int
	NLL   float64 // nats per held-out token
	Valid float64 // share of sentences that belong to the language
	BLEU  eval.Point
	Lines []string // the sentences
}

// Run is what a short run has shown.
type Run struct {
	Looks    []Look
	Entropy  float64 // of the language, nats per token: no model's NLL is below, but by chance
	Curve    []eval.Point
	Frontier *eval.Frontier
	Hash     string       // of all weights at the end
	Verdict  eval.Verdict // on the generator at the end
	Told     []Told       // the discriminator's filters at the end
	Sentence func(ids []int32) string
	// Fired are sentences with how many windows lie on each word, of the filters that
	// separate best: real ones, then generated ones.
	Fired []Fired
}

// Fired is a sentence and how often each of its words lies in the window that a filter
// fired for.
type Fired struct {
	Words []string
	Count []int
	Real  bool
}

// lookers is how many filters Fired counts.
const lookers = 16

// Order is that of the n-grams of the frontier, BLEU-n against self-BLEU-n.
const Order = 3

// Train makes the default text GAN, smaller, in fewer steps, and with fewer sentences of
// the built-in corpus captions, and looks at it on the way. What is looked at changes
// nothing of the training.
func Train(ctx context.Context, o Options) (*Run, error) {
	c := train.Options.Defaults()
	c.CorpusLines, c.ValidFraction = o.Lines, .1
	c.MLESteps, c.DPre, c.AdvSteps, c.EvalEvery, c.EvalSamples = o.MLESteps, o.DSteps, o.AdvSteps, o.Every, 2
	c.Hidden, c.Dropout, c.GLR, c.DFilters, c.Seed, c.SplitSeed = 64, 0, 1e-4, o.Filters, o.Seed, o.Seed
	d, err := model.Prepare(c.Config, nil, nil)
	if err != nil {
		return nil, err
	}
	t, err := train.New(c, d)
	if err != nil {
		return nil, err
	}
	r := &Run{Sentence: d.Vocab.Decode}
	if e, ok := d.Learnt.Language.(interface{ Entropy() corpora.Entropy }); ok {
		r.Entropy = e.Entropy().Token
	}
	sample := func(temperature float64, draw uint32) (lines []string, ids [][]int32, err error) {
		s, err := t.LanguageModel().NewSampler(sampling.Options{Temperature: temperature, MaxLen: d.MaxT, NoUnk: true})
		if err != nil {
			return nil, nil, err
		}
		ids = s.Sample(o.Samples, rng.Key{Seed: o.Seed, Stream: rng.Sample, Step: draw})
		return d.Vocab.DecodeAll(ids), ids, nil
	}
	var curve [][]string // of the model that likelihood has made, at each temperature
	var failure error
	watch := train.Watcher{
		Eval: func(e train.Evaluation) {
			l := Look{Phase: e.Phase, Step: e.Step, NLL: e.NLL}
			var err error
			if l.Lines, _, err = sample(1, uint32(e.Step)); err != nil {
				failure = cmp.Or(failure, err)
				return
			}
			judged := corpora.Evaluate(d.Learnt.Language, l.Lines)
			l.Valid = float64(judged.Valid) / float64(judged.Sentences)
			r.Looks = append(r.Looks, l)
		},
		Step: func(p train.Progress) {
			if p.Phase == train.Likelihood || curve != nil {
				return
			}
			for i, tau := range o.Temperatures { // the generator stands still while the discriminator begins
				lines, _, err := sample(tau, 1<<31|uint32(i))
				failure = cmp.Or(failure, err)
				curve = append(curve, lines)
			}
		},
	}
	if err := t.Run(ctx, watch); err != nil {
		return nil, err
	}
	if failure != nil {
		return nil, failure
	}
	if err := r.place(o, d, curve); err != nil {
		return nil, err
	}
	r.Hash = t.Hash()
	return r, r.look(c, t, d, sample)
}

// place puts the looks and the curve on one plane.
func (r *Run) place(o Options, d *model.Data, curve [][]string) error {
	suite, err := eval.NewSuite(eval.SuiteOptions{Reference: d.Valid.Lines, Tokenize: d.Vocab.Tokenizer().Tokenize, MaxN: Order})
	if err != nil {
		return err
	}
	for _, lines := range curve {
		if err := suite.Learn(lines); err != nil {
			return err
		}
	}
	for _, l := range r.Looks {
		if err := suite.Learn(l.Lines); err != nil {
			return err
		}
	}
	point := func(name string, tau float64, lines []string) (eval.Point, error) {
		points, err := suite.Points(suite.Encode(lines))
		if err != nil {
			return eval.Point{}, err
		}
		p := points[Order-2]
		p.Name, p.Temperature = name, tau
		return p, nil
	}
	for i, lines := range curve {
		p, err := point("likelihood", o.Temperatures[i], lines)
		if err != nil {
			return err
		}
		r.Curve = append(r.Curve, p)
	}
	for i := range r.Looks {
		l := &r.Looks[i]
		if l.BLEU, err = point(l.Phase, 1, l.Lines); err != nil {
			return err
		}
	}
	if r.Frontier, err = eval.NewFrontier(eval.BLEUAxes(Order), r.Curve); err != nil {
		return err
	}
	r.Verdict, err = r.Frontier.Judge(r.Looks[len(r.Looks)-1].BLEU, .95)
	return err
}

// look asks the discriminator's filters.
func (r *Run) look(c train.Config, t *train.Trainer, d *model.Data, sample func(float64, uint32) ([]string, [][]int32, error)) error {
	_, generated, err := sample(1, 1<<30)
	if err != nil {
		return err
	}
	dis := t.Discriminator()
	if dis == nil {
		return fmt.Errorf("words: the run has no discriminator")
	}
	f, err := NewFilters(dis.Params(), c.DWidths)
	if err != nil {
		return err
	}
	real := d.Held[:min(len(d.Held), len(generated))]
	r.Told = f.Tell(real, generated, 6)
	for i := range 8 {
		ids := real[i%len(real)]
		if i >= 4 {
			ids = generated[i]
		}
		x := Fired{Real: i < 4, Count: make([]int, len(ids))}
		for _, id := range ids {
			x.Words = append(x.Words, d.Vocab.Token(id))
		}
		value, at := f.Fire(ids)
		for _, t := range r.Told[:min(lookers, len(r.Told))] {
			k, from := t.Filter, at[t.Filter]
			for j := from; value[k] > 0 && j < min(from+f.Width(k), len(ids)); j++ {
				x.Count[j]++
			}
		}
		r.Fired = append(r.Fired, x)
	}
	return nil
}
