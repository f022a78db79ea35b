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

// A step is a graph with the slices that feed it. The three kinds below share
// the weights of one generator and one discriminator.

// textInput is a batch of sentences by id as two input nodes.
type textInput struct {
	B, T         int
	ids, lengths []int32
	idsN, lenN   *G.Node
}

func newTextInput(g *op.Graph, name string, B, T int) *textInput {
	in := &textInput{B: B, T: T, ids: make([]int32, B*T), lengths: make([]int32, B)}
	in.idsN, in.lenN = g.Ints(name+"IDs", in.ids, B, T), g.Ints(name+"Lengths", in.lengths, B)
	return in
}

func (in *textInput) load(b *vocab.Batch) error {
	return generator.LoadBatch(b, in.ids, in.lengths, in.B, in.T)
}

// rolloutInput is what a rollout reads besides weights.
type rolloutInput struct {
	key        []uint32
	tau        []float32
	keyN, tauN *G.Node
	codes      *generator.Codes // of the graph's sentences
}

func newRolloutInput(g *op.Graph) *rolloutInput {
	in := &rolloutInput{key: make([]uint32, 3), tau: []float32{1}}
	in.keyN, in.tauN = g.Key("noise", in.key), g.Leaf("tau", in.tau, false, 1)
	return in
}

func (in *rolloutInput) set(seed uint64, step uint32, tau float64) {
	op.RunKey{Seed: seed, Step: step}.Put(in.key)
	in.tau[0] = float32(tau)
	in.codes.Draw(rng.Key{Seed: seed, Stream: rng.Noise, Step: step})
}

// shape of an adversarial batch and the game that is played.
type game struct {
	B, T       int
	objective  Objective
	smooth     float64
	relaxation op.Relaxation // nil if the estimator does not differentiate the discriminator
	feedback   op.Feedback
	sparse     float64        // share of a relaxed token that its gradient may leave out
	score      *scoreFunction // nil if it does
}

// hard reports whether the discriminator sees sentences of ids.
func (a game) hard() bool { return a.relaxation == nil || a.relaxation.Hard() }

func (a game) rollout() op.RolloutConfig {
	return op.RolloutConfig{B: a.B, T: a.T, Relaxation: a.relaxation, Feedback: a.feedback, Bos: vocab.Bos, Eos: vocab.Eos, Sparse: float32(a.sparse)}
}

// stepG moves the generator.
type stepG interface {
	// run takes real sentences (unused unless the objective is relative) and
	// the names of the noise, and leaves the gradients to be read. The result
	// is the generator's loss.
	run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error)
	Grad(i int) []float32
	Close() error
}

func newStepG(gen generator.LanguageModel, dis discriminator.Discriminator, a game) (stepG, error) {
	if a.score != nil {
		return newScoreStep(gen, dis, a)
	}
	return newRelaxedStep(gen, dis, a)
}

// relaxedStep is a stepG that scores relaxed sentences by a frozen
// discriminator: the gradient flows back through the choice of words.
type relaxedStep struct {
	*op.Program
	real    *textInput
	noise   *rolloutInput
	rollout op.Rollout
}

func newRelaxedStep(gen generator.LanguageModel, dis discriminator.Discriminator, a game) (*relaxedStep, error) {
	g := op.NewGraph()
	s := &relaxedStep{noise: newRolloutInput(g)}
	net, params, codes := gen.BindBatch(g, a.B, true)
	s.noise.codes = codes
	d := dis.Bind(g, nil, false)
	s.rollout = g.Rollout(net, d.Table(), s.noise.tauN, s.noise.keyN, a.rollout())
	fake := d.Score(s.rollout.Tokens, s.rollout.Lengths)
	var real *G.Node
	if a.objective.Relative() {
		s.real = newTextInput(g, "real", a.B, a.T)
		real = d.Score(d.Embed(s.real.idsN, s.real.lenN), s.real.lenN)
	}
	loss, err := a.objective.LossG(g, real, fake)
	if err != nil {
		return nil, err
	}
	if s.Program, err = g.Compile(loss, params...); err != nil {
		return nil, fmt.Errorf("train: generator's step: %w", err)
	}
	return s, nil
}

func (s *relaxedStep) run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error) {
	if s.real != nil {
		if err := s.real.load(real); err != nil {
			return 0, err
		}
	}
	s.noise.set(seed, noiseG(step), tau)
	return s.Run()
}

// The two players draw different noise and different samples.
func noiseG(step uint32) uint32 { return 2 * step }
func noiseD(step uint32) uint32 { return 2*step + 1 }

// stepD moves the discriminator. Under a straight-through relaxation the
// generator's sentences are exact samples, drawn by id; a soft relaxation shows
// the discriminator what it will judge, relaxed tokens.
type stepD struct {
	*op.Program
	real    *textInput // [B,T], or [2B,T] with the sampled sentences behind
	sampler *generator.Sampler
	noise   *rolloutInput
	key     []uint32
	B       int

	scores [2]func() []float32 // of the real sentences and of the generated ones
}

func newStepD(gen generator.LanguageModel, dis discriminator.Discriminator, a game) (*stepD, error) {
	g := op.NewGraph()
	s := &stepD{key: make([]uint32, 3), B: a.B}
	d := dis.Bind(g, g.Key("dropout", s.key), true)
	var r, f *G.Node
	if a.hard() {
		sampler, err := gen.NewSampler(generator.SampleOptions{MaxLen: a.T})
		if err != nil {
			return nil, err
		}
		s.sampler, s.real = sampler, newTextInput(g, "text", 2*a.B, a.T)
		scores := d.Score(d.Embed(s.real.idsN, s.real.lenN), s.real.lenN)
		r, f = g.Rows(scores, 0, a.B), g.Rows(scores, a.B, 2*a.B)
	} else {
		s.noise, s.real = newRolloutInput(g), newTextInput(g, "real", a.B, a.T)
		net, _, codes := gen.BindBatch(g, a.B, false)
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
	if s.Program, err = g.Compile(loss, d.Params()...); err != nil {
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
		s.noise.set(seed, noiseD(step), tau)
	} else {
		s.sampler.Draw(s.real.ids[s.B*s.real.T:], s.real.lengths[s.B:], rng.Key{Seed: seed, Stream: rng.Sample, Step: noiseD(step)}, 0)
	}
	op.RunKey{Seed: seed, Step: step}.Put(s.key)
	return s.Run()
}

// telling is how well the discriminator told real sentences from generated ones in
// the last run, before it moved: the share of pairs of the two in which the real
// one scores higher (ties count half), and the mean scores. One half is guessing;
// an objective that compares scores, as rsgan does, has no other threshold.
func (s *stepD) telling() (accuracy, real, generated float64) {
	r, f := s.scores[0](), s.scores[1]()
	return aboveShare(r, f), mean(r), mean(f)
}

// aboveShare is the share of pairs (a_i, b_j) with a_i > b_j, ties counted half.
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
