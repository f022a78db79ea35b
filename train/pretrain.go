package train

import (
	"fmt"
	"slices"

	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/vocab"
)

// PretrainOptions are those of the discriminator's own training.
type PretrainOptions struct {
	DPre int     `opt:"d-pretrain" default:"100" check:"min=0,max=1000000000" doc:"discriminator updates before the first adversarial step" group:"adversarial"`
	DLR  float64 `opt:"d-lr" default:"0.0003" check:"min=0,max=1e38" doc:"of the discriminator" group:"adversarial"`
}

// pretraining moves the discriminator against a fixed generator. Adversarial
// training takes its steps too.
type pretraining struct {
	*common
	game game
	lm   generator.LanguageModel
	dis  discriminator.Discriminator
	opt  *Adam
	step *stepD // made when it is first needed
	sum  gradients
}

func newPretraining(c *common, lm generator.LanguageModel, dis discriminator.Discriminator) (*pretraining, error) {
	p := &pretraining{common: c, lm: lm, dis: dis, opt: c.adam(c.DLR, dis.Params())}
	var err error
	p.game, err = c.game()
	return p, err
}

func (p *pretraining) Name() string { return Discriminator }

func (p *pretraining) Steps() int {
	if p.AdvSteps == 0 {
		return 0
	}
	return p.DPre
}

// Step is an update of the discriminator at the temperature of the first adversarial step.
func (p *pretraining) Step(int) (Record, error) {
	r, err := p.update(p.game.tau.At(0))
	r.Still = true
	return r, err
}

// update is one update of the discriminator, the generator writing with tau.
func (p *pretraining) update(tau float64) (Record, error) {
	if p.step == nil {
		var err error
		if p.step, err = newStepD(p.lm, p.dis, p.game); err != nil {
			return Record{}, err
		}
	}
	batch := p.next()
	var real, generated []float32 // scores of the sentences, part after part
	state := p.dis.State()
	before := state.Clone()
	loss, grad, err := p.sum.of(p.cut, batch, p.step, p.dis.Params(), func(piece *vocab.Batch) (float64, error) {
		if err := state.Set(before); err != nil { // it moves once an update, by the weights alone
			return 0, err
		}
		loss, err := p.step.run(piece, p.Seed, uint32(p.opt.Steps()), tau)
		if err == nil {
			real, generated = append(real, p.step.means(0)...), append(generated, p.step.means(1)...)
		}
		return loss, err
	})
	if err != nil {
		return Record{}, err
	}
	norm, err := update(p.opt, p.Name(), "discriminator's loss", loss, grad)
	if err != nil {
		return Record{}, err
	}
	real, generated = p.cut.rows(real), p.cut.rows(generated)
	return newRecord(batch.Tokens(), loss, "loss/d", loss, "norm/d", norm, "accuracy/d", aboveShare(real, generated), "score/real", mean(real), "score/generated", mean(generated)), nil
}

func (p *pretraining) Saved() Saved {
	s := savedAdam(p.opt, "d_updates")
	s.Weights = append(append(s.Weights, p.dis.Params()...), p.dis.State()...)
	return s
}

// stepD is the graph of an update of the discriminator. Under a straight-through
// relaxation the generator's sentences are exact samples, drawn by id; a soft
// relaxation shows the discriminator what it will judge, relaxed tokens.
type stepD struct {
	*op.Program
	real    *textInput // [B,T], or [2B,T] with the sampled sentences behind
	sampler *generator.Sampler
	noise   *rolloutInput
	key     []uint32
	B       int
	parts   int // of a batch

	scores [2]func() []float32 // [B,R] of the real sentences and of the generated ones
}

func newStepD(lm generator.LanguageModel, dis discriminator.Discriminator, a game) (*stepD, error) {
	g := a.graph()
	s := &stepD{B: a.B, parts: a.parts}
	scored := a.B // by one reading
	if a.hard() {
		scored *= 2
	}
	s.key = a.key(scored)
	d := dis.Bind(g, g.Key("dropout", s.key), true)
	var r, f *G.Node // scores [B,R]
	if a.hard() {
		sampler, err := lm.NewSampler(generator.SampleOptions{MaxLen: a.T, Temperature: a.estimator.drawsAt(), BF16: a.bf16})
		if err != nil {
			return nil, err
		}
		s.sampler, s.real = sampler, newTextInput(g, "text", 2*a.B, a.T)
		scores := d.Score(d.Embed(s.real.idsN, s.real.lenN), s.real.lenN)
		r, f = g.Rows(scores, 0, a.B), g.Rows(scores, a.B, 2*a.B)
	} else {
		s.noise, s.real = newRolloutInput(g, a), newTextInput(g, "real", a.B, a.T)
		net, _, codes := lm.BindBatch(g, a.B, false)
		s.noise.codes = codes
		out := g.Rollout(net, d.Table(), s.noise.tauN, s.noise.keyN, a.rollout())
		f = d.Score(out.Tokens, out.Lengths)
		r = d.Score(d.Embed(s.real.idsN, s.real.lenN), s.real.lenN)
	}
	s.scores = [2]func() []float32{g.Reader(r), g.Reader(f)}
	loss, err := a.objective.LossD(g, r, f, a.smooth)
	if err != nil {
		return nil, err
	}
	if s.Program, err = g.Compile(a.share(g, loss), d.Params()...); err != nil {
		return nil, fmt.Errorf("train: discriminator's step: %w", err)
	}
	return s, nil
}

// run takes real sentences, lets the generator write as many, and leaves the
// gradients in the program.
func (s *stepD) run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error) {
	if err := s.real.load(real); err != nil {
		return 0, err
	}
	if s.noise != nil {
		s.noise.set(seed, rng.DiscriminatorStep(step), tau, real.Part)
	} else {
		s.sampler.SetPart(real.Part)
		s.sampler.Draw(s.real.ids[s.B*s.real.T:], s.real.lengths[s.B:], rng.Key{Seed: seed, Stream: rng.Sample, Step: rng.DiscriminatorStep(step)}, 0)
	}
	op.RunKey{Seed: seed, Step: step}.Put(s.key)
	for i := range op.KeyRows(s.key) { // sampled sentences stand behind all real ones
		op.KeyRows(s.key)[i] = uint32(i/s.B*s.B*s.parts + real.Part.Row(i%s.B))
	}
	return s.Run()
}

// means are the scores [B] that the last run gave the real (0) or the generated (1)
// sentences. Of several scores of a sentence the mean counts.
func (s *stepD) means(of int) []float32 { return perSentence(s.scores[of](), s.B) }

// perSentence are the means [B] over the scores [B,R] of a sentence.
func perSentence(scores []float32, B int) []float32 {
	R := len(scores) / B
	means := make([]float32, B)
	for i := range means {
		for _, x := range scores[i*R:][:R] {
			means[i] += x / float32(R)
		}
	}
	return means
}

// aboveShare is the share of pairs (a_i, b_j) with a_i > b_j, ties counted half. Of real
// sentences and generated ones it is the accuracy of a discriminator: one half is guessing. An
// objective that compares scores, as rsgan does, has no other threshold.
func aboveShare(a, b []float32) float64 {
	a, b = slices.Clone(a), slices.Clone(b)
	slices.Sort(a)
	slices.Sort(b)
	var twice, below, upTo int // of b: less than x, at most x
	for _, x := range a {
		for below < len(b) && b[below] < x {
			below++
		}
		for upTo < len(b) && b[upTo] <= x {
			upTo++
		}
		twice += below + upTo
	}
	return float64(twice) / float64(2*len(a)*len(b))
}

func mean(values []float32) float64 {
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	return sum / float64(len(values))
}
