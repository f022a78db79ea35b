package train

import (
	"fmt"
	"math"
	"slices"

	"textgan/discriminator/ratio"
	"textgan/generator"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/vocab"
)

// CooperativeOptions are those of cooperative rounds.
type CooperativeOptions struct {
	CoopRounds    int     `opt:"coop-rounds" default:"0" check:"min=0,max=1000" doc:"rounds of learning from own sentences that a critic has weighed, at the end of a run; 1 in a GAN if neither this nor --mle-steps, --adv-steps, --preset or --warm-start is given"`
	Critic        string  `opt:"critic" default:"ratio" check:"oneof=ratio|reverse-lm|stat|none" doc:"what weighs them: ratio (a backwards model and statistics of a sentence), reverse-lm (the model alone), stat (the statistics), none (every sentence the same: the control)" group:"cooperative"`
	CoopSteps     int     `opt:"coop-steps" default:"1600" check:"min=1,max=1000000" doc:"steps of a round" group:"cooperative"`
	CoopSentences int     `opt:"coop-sentences" default:"100000" check:"min=100,max=10000000" doc:"own sentences of a round" group:"cooperative"`
	CoopBatch     int     `opt:"coop-batch" default:"64" check:"min=4,max=65536" doc:"sentences of such a step" group:"cooperative"`
	CoopReal      float64 `opt:"coop-real" default:"0" check:"min=0,max=1" doc:"share of training lines among them" group:"cooperative"`
	CoopControl   bool    `opt:"coop-control" default:"true" doc:"learn what the weights say beyond the generator's own distribution, which is followed exactly and not by sentences drawn from it: far less noise" group:"cooperative"`
	CoopLearnFrom string  `opt:"coop-learn-from" default:"held-out" check:"oneof=train|held-out" doc:"real lines that a round's critic learns: held-out, by cross-validation, since the backwards model may know training lines better than other text; or train" group:"cooperative"`
	CoopNgram     int     `opt:"coop-ngram" default:"0" check:"min=0,max=9" doc:"longest n-grams of the training lines that a round's critic asks too, in --critic ratio or stat; 0: none" group:"cooperative"`
	CoopCalibrate bool    `opt:"coop-calibrate" default:"true" doc:"bring the means of the statistics under the weights to those of the training lines" group:"cooperative"`
	CoopLR        float64 `opt:"coop-lr" default:"0.002" check:"min=0,max=1e38" doc:"Adam's step size of a round, falling to a fiftieth; a quarter of it after each round that was undone" group:"cooperative"`
}

// checkCooperative is Check for what cooperative rounds add.
func (c Config) checkCooperative() error {
	if c.CoopRounds > 0 && (c.HasVAE() || c.Backwards) {
		return fmt.Errorf("train: --coop-rounds %d weigh sentences by their likelihood, which a VAE only bounds and a backwards model reads from the other side; --coop-rounds 0 leaves them out", c.CoopRounds)
	}
	if c.CoopRounds > 0 && c.criticAsks(ratio.Ngram) && c.CoopLearnFrom != "held-out" {
		return fmt.Errorf("train: the n-grams of --coop-ngram %d are those of the training lines, of which --coop-learn-from %s would learn that they are always right; learn from held-out", c.CoopNgram, c.CoopLearnFrom)
	}
	return nil
}

// asks are the features of the critics of rounds, in their order.
var asks = map[string][]string{
	"ratio":      {ratio.Ratio, ratio.Ngram, ratio.Stat},
	"reverse-lm": {ratio.Ratio},
	"stat":       {ratio.Ngram, ratio.Stat},
	"none":       nil,
}

// CriticFeatures are what the critic of a round looks at, of ratio.FeatureNames and in its order.
func (c Config) CriticFeatures() []string {
	return slices.DeleteFunc(slices.Clone(asks[c.Critic]), func(name string) bool { return name == ratio.Ngram && c.CoopNgram == 0 })
}

// criticAsks reports whether the critic of a round looks at a feature.
func (c Config) criticAsks(feature string) bool { return slices.Contains(c.CriticFeatures(), feature) }

// leastHeld is the number of held-out lines that a critic is judged by, at least: a run
// with fewer has no rounds.
const leastHeld = 2

// Cooperative is the name of the phase.
const Cooperative = "cooperative"

// cooperative is training by sentences of the generator's own that a critic weighs:
// a round draws sentences x, from the generator p and, with a backwards model, half of
// them from that; trains a fresh critic on them; gives them weights w(x) of mean 1, the
// critic's density ratio times u(x) = p(x) / (density that x was drawn from); and takes
// steps of likelihood, weighted by w, on these and a share of training lines. A round ends
// with an average of its weights, or as much of the way there as held-out text bears. If
// that is none of it, the round is undone, and the next one takes shorter steps. The phase
// ends early when the critic can hardly tell any more, or too many rounds were undone.
//
// A step's gradient is measured against p, the generator that the round began with. Under
// the density that x was drawn from, u(x) (e(x_t) - p(.|x_<t)), with e the one-hot vector of
// a word, has mean 0 at every place t. So the target w e(x_t) may be replaced by
//
//	(w - u) e(x_t) + u p(.|x_<t)
//
// which has the same mean and, where the critic says little, next to no noise: weights of u
// everywhere leave the generator as it is, where learning from its own sentences would let
// it drift by chance.
//
// Lamprier et al. 2022, https://arxiv.org/abs/2201.12320, with the density ratio as
// the critic's verdict and without resampling.
type cooperative struct {
	*common
	teaching
	fit  fitting
	back *backwards // nil unless the critic looks at the ratio, which is its first feature then
	d    *model.Data

	mean    nn.Params            // average of the round's weights
	was     *generator.Generator // as it was before the round: p
	pool    *nn.Param            // [sentences,T] own sentences, as numbers
	weights *nn.Param            // [sentences,2] of each w - u and u
	end     int                  // steps of the phase after an early end; 0 before
	undone  int                  // rounds so far
	now     roundState
}

// roundState is what the record says of a round in each of its steps.
type roundState struct {
	NLL       float64 // of held-out text before the round
	Loss      float64 // the critic's on held-out sentences, in nats
	Gain      float64 // of the residual model, nats a sentence
	Effective float64 // share of the sentences that count
}

// Where the phase ends: a critic with a held-out loss within this of ln 2 sees next to
// nothing, and so many rounds that were undone, each with a quarter of the step size of the
// one before, say that there is no more to learn.
const criticTellsNothing, mostUndone = 0.003, 3

func newCooperative(c *common, fit fitting, back *backwards, d *model.Data) (*cooperative, error) {
	gen, ok := fit.LanguageModel().(*generator.Generator)
	if !ok {
		return nil, fmt.Errorf("train: cooperative rounds need a generator with a likelihood of its own, not %T", fit.LanguageModel())
	}
	was, err := generator.New(gen.Config, 0)
	if err != nil {
		return nil, err
	}
	p := &cooperative{common: c, teaching: newTeaching(c, gen, c.CoopLR), fit: fit, back: back, d: d, mean: gen.Params().Clone(), was: was}
	p.options.Dropout = false
	if p.controlled() {
		p.options.Toward = was
	}
	var state nn.Params
	p.pool = state.New("cooperative.sentences", c.CoopSentences, c.T)
	p.weights = state.New("cooperative.weights", c.CoopSentences, 2)
	return p, nil
}

func (p *cooperative) Name() string { return Cooperative }

func (p *cooperative) Steps() int {
	if p.end > 0 {
		return p.end
	}
	return p.CoopRounds * p.CoopSteps
}

func (p *cooperative) Step(at int) (Record, error) {
	round, i := at/p.CoopSteps, at%p.CoopSteps
	if i == 0 {
		stop, err := p.begin(round)
		if err != nil && p.cut.team == nil && p.stopped() {
			err = ErrInterrupted
		}
		if err != nil {
			return Record{}, err
		}
		if stop {
			p.end = at + 1
			return p.record(0, 0), nil
		}
	}
	batch := p.mix(at, i)
	p.opt.LR = falling(math.Ldexp(p.CoopLR, -2*p.undone), i, p.CoopSteps)
	loss, norm, err := p.teach(p.common, p.Name(), batch, p.weighed(uint32(at)))
	if err != nil {
		return Record{}, err
	}
	keep := float32(min(0.98, float64(i)/float64(i+5)))
	for k, w := range p.gen.Params() {
		for j, v := range w.Data {
			p.mean[k].Data[j] = keep*p.mean[k].Data[j] + (1-keep)*v
		}
	}
	fields := []any{"nll/cooperative", loss, "norm/cooperative", norm}
	if i == p.CoopSteps-1 {
		kept, after, err := p.finish(at)
		if err != nil {
			return Record{}, err
		}
		fields = append(fields, AfterRound, after, KeptOfRound, kept)
	}
	return p.record(batch.Tokens(), loss, fields...), nil
}

// BeforeRound and AfterRound are the fields of the record with the NLL of held-out text
// before a round, and after it, in the round's last step, with the share of the round
// that was kept: 0 if it was undone.
const BeforeRound, AfterRound, KeptOfRound = "nll/before_round", "nll/after_round", "cooperative/kept"

// record is a step's record with what there is to say of its round.
func (p *cooperative) record(tokens int, loss float64, fields ...any) Record {
	if p.Critic != "none" {
		fields = append(fields, "critic/loss", p.now.Loss, "critic/gain", p.now.Gain, "cooperative/effective", p.now.Effective)
	}
	return newRecord(tokens, loss, append(fields, BeforeRound, p.now.NLL)...)
}

// weighed is the loss of a batch of mix, by the weights of its sentences.
func (p *cooperative) weighed(step uint32) lossOf {
	return func(l *generator.Likelihood, piece *vocab.Batch) (float64, error) {
		words, own := make([]float32, piece.B), make([]float32, piece.B)
		for i, k := range piece.Index {
			words[i], own[i] = 1, 0 // of a training line
			if k >= 0 {
				words[i], own[i] = p.weights.Data[2*k], p.weights.Data[2*k+1]
			}
		}
		return l.Sentences(piece, words, own, rng.Apart(p.Seed, "coop"), step)
	}
}

// controlled reports whether the generator that a round began with is a target too. With
// --critic none it is not: that would be a round that does nothing.
func (p *cooperative) controlled() bool { return p.CoopControl && p.Critic != "none" }

// shares are how much of a round may be kept.
var shares = []float32{1, 0.75, 0.5, 0.25}

// finish ends a round on the way from the weights before it to the average of its weights,
// where held-out text is predicted best: at one of shares of the way or, if all of it is
// worse than before and no part better, where the round began. What a round has learnt grows with the
// share and the chance in it with its square, so that of long steps a part is worth more
// than all. The results are the share, 0 of a round that is undone, and the NLL of held-out
// text by what is kept or, of a round that is undone, by all of it.
func (p *cooperative) finish(at int) (kept, after float64, err error) {
	best := p.now.NLL
	for _, share := range shares {
		var e Evaluation
		p.goBack(share)
		if err := p.fit.Validate(&e, p.d.Held); err != nil {
			return 0, 0, err
		}
		if share == 1 {
			after = e.NLL
		}
		if e.NLL < best || share == 1 && e.NLL == best {
			kept, best, after = float64(share), e.NLL, e.NLL
		}
	}
	if kept > 0 {
		p.goBack(float32(kept))
		return kept, after, nil
	}
	if p.undone++; p.undone == mostUndone {
		p.end = at + 1
	}
	return 0, after, p.gen.Params().Set(p.was.Params())
}

// goBack sets the generator's weights to those of a share of the way of a round, which are
// not finite where the end of the way is not: none of it is p.was itself.
func (p *cooperative) goBack(share float32) {
	was, mean := p.was.Params(), p.mean
	for i, w := range p.gen.Params() {
		for j := range w.Data {
			w.Data[j] = (1-share)*was[i].Data[j] + share*mean[i].Data[j]
		}
	}
}

// mix is the batch of step i of a round: training lines drawn at random, whose Index is -1,
// and the next of the own sentences, with their places in the pool.
func (p *cooperative) mix(at, i int) *vocab.Batch {
	real := int(math.Round(p.CoopReal * float64(p.CoopBatch)))
	draws := rng.Key{Seed: rng.Apart(p.Seed, "coop"), Stream: rng.Data, Step: uint32(at)}.Rand()
	type row struct {
		ids   []int32
		index int32
	}
	var rows []row
	for range real {
		rows = append(rows, row{vocab.WithEnd(p.d.Train[draws.IntN(len(p.d.Train))]), -1})
	}
	own := p.CoopBatch - real
	for k := range own {
		at := (i*own + k) % p.CoopSentences
		rows = append(rows, row{p.sentence(at), int32(at)})
	}
	slices.SortStableFunc(rows, func(a, b row) int { return len(b.ids) - len(a.ids) })
	b := &vocab.Batch{B: len(rows), T: len(rows[0].ids)}
	if p.Normalize == "corpus" {
		b.Norm = float64(b.B) * p.batches.MeanTokens()
	}
	b.IDs = make([]int32, b.B*b.T)
	for k, r := range rows {
		b.Lengths, b.Index = append(b.Lengths, int32(len(r.ids))), append(b.Index, r.index)
		copy(b.IDs[k*b.T:], r.ids)
	}
	return b
}

// sentence is one of the pool, its end included.
func (p *cooperative) sentence(i int) (s []int32) {
	for _, id := range p.pool.Data[i*p.T : (i+1)*p.T] {
		if int32(id) == vocab.Pad {
			break
		}
		s = append(s, int32(id))
	}
	return s
}

func (p *cooperative) Saved() Saved {
	s := savedAdam(p.opt, "cooperative_updates")
	s.Moments = named("cooperative.", s.Moments)
	s.Moments = append(append(append(s.Moments, named("cooperative.mean.", p.mean)...), named("cooperative.was.", p.was.Params())...), p.pool, p.weights)
	s.Numbers = append(s.Numbers, Number{"cooperative_end", &p.end}, Number{"cooperative_undone", &p.undone}, Number{"cooperative_round", &p.now})
	s.check("cooperative_end", func() string { return within(p.end, p.CoopRounds*p.CoopSteps) })
	s.check("cooperative_undone", func() string { return within(p.undone, min(p.CoopRounds, mostUndone)) })
	s.check(p.weights.Name, func() string {
		for _, w := range p.weights.Data {
			if !(w >= -maxWeight && w <= maxWeight) {
				return fmt.Sprintf("%v is no weight between -%d and %d", w, maxWeight, maxWeight)
			}
		}
		return ""
	})
	s.check(p.pool.Name, func() string {
		for _, id := range p.pool.Data {
			if id < 0 || int(id) >= p.d.Vocab.Size() || id != float32(int(id)) {
				return fmt.Sprintf("%v is no word of the vocabulary", id)
			}
		}
		return ""
	})
	return s
}
