package train

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/train/rundir"
	"textgan/vocab"
)

// GANOptions are those of adversarial training.
type GANOptions struct {
	Objective      Objective `opt:"objective" default:"rsgan" doc:"adversarial loss; mmd, sinkhorn: the generator matches the discriminator's features of real sentences" group:"adversarial"`
	MMDBandwidths  string    `opt:"mmd-bandwidths" default:"1,2,4,8,16" doc:"of the Gaussian kernels that --objective mmd adds up, in units of the features" meta:"S,..." group:"adversarial"`
	SinkhornEps    float64   `opt:"sinkhorn-eps" default:"0.1" check:"min=0.001,max=1000" doc:"weight of the entropy in --objective sinkhorn, whose costs lie in [0, 2]" group:"adversarial"`
	LabelSmooth    float64   `opt:"label-smoothing" default:"0" check:"min=0,max=0.5" doc:"target of real sentences is 1 minus this" group:"adversarial"`
	Estimator      string    `opt:"estimator" default:"gumbel-softmax" doc:"gradient through a word choice: gumbel-softmax, st-gumbel, reinmax, rloo, all-action:k=4, ...; all: textgan eval variance; docs/estimators.md"`
	Feedback       string    `opt:"feedback" default:"soft" check:"oneof=soft|straight-through|detached" doc:"what the next step reads of a relaxed token" group:"adversarial"`
	TauSchedule    string    `opt:"tau-schedule" default:"exponential:from=1,to=0.5" doc:"temperature over the adversarial steps (divides the logits): a number, or one of docs/estimators.md's schedules" group:"adversarial"`
	SparseBackward float64   `opt:"sparse-backward" default:"0" check:"min=0,max=0.5" doc:"share of a relaxed token, in its smallest entries, that the way back through it may leave out: faster at a small tau; 0: none" group:"adversarial"`
	AdvSteps       int       `opt:"adv-steps" default:"600" check:"min=0,max=1000000000" doc:"adversarial steps"`
	GSteps         int       `opt:"g-steps" default:"1" check:"min=1,max=1000000000" doc:"generator updates of an adversarial step" group:"adversarial"`
	DSteps         int       `opt:"d-steps" default:"1" check:"min=0,max=1000000000" doc:"discriminator updates of an adversarial step" group:"adversarial"`
	MLEEvery       int       `opt:"mle-every" default:"1" check:"min=0,max=1000000000" doc:"a likelihood step after every so many adversarial steps; 0: none" group:"adversarial"`
	GLR            float64   `opt:"g-lr" default:"0.00003" check:"min=0,max=1e38" doc:"of the generator in adversarial steps" group:"adversarial"`
}

// checkGAN is Check for what adversarial training adds.
func (c Config) checkGAN() error {
	if err := c.Options.Config(1).Check(); c.Model == "gan" && err != nil {
		return err
	}
	if _, err := feedback.Parse(c.Feedback); err != nil {
		return err
	}
	if _, err := ParseObjective(string(c.Objective)); err != nil {
		return err
	}
	e, err := ParseEstimator(c.Estimator)
	if err != nil {
		return err
	}
	if _, err := parseBandwidths(c.MMDBandwidths); err != nil {
		return err
	}
	if err := e.Suits(c.Objective); err != nil {
		return err
	}
	if c.SparseBackward > 0 && !keepsRelaxedRow(c.Estimator) {
		return fmt.Errorf("train: --sparse-backward leaves out entries of the relaxed row, which --estimator %s does not keep; choose gumbel-softmax, st-gumbel or straight-through, or --sparse-backward 0", c.Estimator)
	}
	tau, err := relax.ParseSchedule(c.TauSchedule, c.AdvSteps)
	if err != nil {
		return err
	}
	if _, adaptive := tau.(*relax.Adaptive); adaptive && !keepsRelaxedRow(c.Estimator) {
		return fmt.Errorf("train: an adaptive tau steers by the relaxed rows, which --estimator %s does not keep; choose gumbel-softmax, st-gumbel or straight-through, or another --tau-schedule", c.Estimator)
	}
	if c.Objective == Hinge && c.LabelSmooth > 0 {
		return fmt.Errorf("train: the hinge objective has no labels to smooth; drop --label-smoothing")
	}
	return nil
}

// gan is the game of generator and discriminator.
type gan struct {
	*common
	game game
	fit  fitting
	d    *pretraining
	g    GeneratorStep // made when it is first needed
	opt  *Adam         // of the generator

	before boundary // of a long step
}

func newGAN(c *common, fit fitting, d *pretraining) *gan {
	return &gan{common: c, game: d.game, fit: fit, d: d, opt: c.adam(c.GLR, fit.LanguageModel().Params())}
}

func (p *gan) Name() string { return Adversarial }

func (p *gan) Steps() int { return p.AdvSteps }

// Step lets the discriminator and then the generator take their updates, and
// fits real sentences in between. One of more than longStep updates that is asked to stop
// puts everything back to where it began, and returns ErrInterrupted.
func (p *gan) Step(at int) (r Record, err error) {
	long := p.stop != nil && p.longSteps()
	if long {
		if err := p.before.keep(p.changes()); err != nil {
			return r, err
		}
	}
	for i := range p.DSteps {
		if long && i > 0 && p.stopped() {
			return r, p.giveUp()
		}
		if err := r.add(p.d.update(p.game.tau.At(at))); err != nil {
			return r, err
		}
	}
	for i := range p.GSteps {
		if long && i+p.DSteps > 0 && p.stopped() {
			return r, p.giveUp()
		}
		if err := r.add(p.update(p.game.tau.At(at))); err != nil {
			return r, err
		}
	}
	if loss := r.Loss; due(at+1, p.MLEEvery) {
		err = r.add(p.fit.Between())
		r.Loss = loss // the generator's
	}
	return r, err
}

// changes are what the updates of both networks change.
func (p *gan) changes() Saved {
	s := p.Saved()
	s.Weights = append(s.Weights, p.fit.LanguageModel().Params()...)
	s.add(p.d.Saved())
	s.Numbers = append(s.Numbers, p.place())
	return s
}

// giveUp undoes the updates that a long step has taken.
func (p *gan) giveUp() error {
	if err := p.before.restore(p.changes()); err != nil {
		return err
	}
	return ErrInterrupted
}

// update is one update of the generator.
func (p *gan) update(tau float64) (Record, error) {
	if p.g == nil {
		var err error
		if p.g, err = newGeneratorStep(p.fit.LanguageModel(), p.d.dis, p.game); err != nil {
			return Record{}, err
		}
	}
	batch := p.next()
	loss, grad, err := p.g.estimate(p.cut, batch, p.Seed, uint32(p.opt.Steps()), tau)
	if err != nil {
		return Record{}, err
	}
	norm, err := update(p.opt, p.Name(), "generator's loss", loss, grad)
	if err != nil {
		return Record{}, err
	}
	if s, ok := p.g.(*relaxedStep); ok {
		if a, ok := p.game.tau.(*relax.Adaptive); ok {
			sharp := p.cut.total(s.sharpness, 2)
			a.Observe(sharp[0] / max(1, sharp[1]))
		}
	}
	r := newRecord(batch.Tokens(), loss, "loss/g", loss, "norm/g", norm, "tau", tau)
	if s, ok := p.g.(interface{ Fields() []rundir.Field }); ok {
		r.Fields = append(r.Fields, s.Fields()...)
	}
	return r, nil
}

func (p *gan) Saved() Saved {
	s := savedAdam(p.opt, "g_updates")
	s.Moments = named(adversarialPrefix, s.Moments)
	if a, ok := p.game.tau.(*relax.Adaptive); ok {
		s.Numbers = append(s.Numbers, Number{"tau", &kept[float64]{a.State, func(tau float64) error { a.Restore(tau); return nil }}})
	}
	if m := p.game.estimator.movingAverage(); m != nil {
		s.Numbers = append(s.Numbers, Number{"baseline", &kept[[2]float64]{m.State, func(v [2]float64) error { m.Restore(v); return nil }}})
		s.check("baseline", func() string {
			if weight := m.State()[1]; weight < 0 || weight > 1 {
				return fmt.Sprintf("the weight of a moving average is %v, and not between 0 and 1", weight)
			}
			return ""
		})
	}
	if d := p.game.estimator.doubleCV(); d != nil && d.Auto {
		s.Numbers = append(s.Numbers, Number{"alpha", &kept[[3]float64]{d.State, func(v [3]float64) error { d.Restore(v); return nil }}})
		s.check("alpha", func() string {
			if den := d.State()[2]; den < 0 {
				return fmt.Sprintf("the sum of squares behind alpha is %v, and must not be negative", den)
			}
			return ""
		})
	}
	return s
}

// adversarialPrefix tells moments from those that likelihood training has of the same
// weights.
const adversarialPrefix = "adversarial."

// game is the sizes of an adversarial batch and the settings of its losses.
type game struct {
	B, T      int // sentences of a graph
	parts     int // graphs that make a batch; 0 counts as 1
	objective Objective
	// of objectives that match features
	bandwidths []float64
	eps        float64

	smooth    float64
	estimator Estimator
	feedback  feedback.Feedback
	sparse    float64 // share of a relaxed token that its gradient may leave out
	tau       relax.Schedule
	bf16      bool // products read operands rounded to bf16
}

// graph is an empty graph of that precision.
func (a game) graph() *op.Graph {
	g := op.NewGraph()
	if a.bf16 {
		g.UseBF16()
	}
	return g
}

// game is that of the options.
func (c *common) game() (a game, err error) {
	a = game{B: c.part(), T: c.T, parts: c.Accumulate, smooth: c.LabelSmooth, sparse: c.SparseBackward, bf16: c.bf16()}
	if a.objective, err = ParseObjective(string(c.Objective)); err != nil {
		return a, err
	}
	if a.bandwidths, err = parseBandwidths(c.MMDBandwidths); err != nil {
		return a, err
	}
	a.eps = c.SinkhornEps
	if a.feedback, err = feedback.Parse(c.Feedback); err != nil {
		return a, err
	}
	if a.estimator, err = ParseEstimator(c.Estimator); err != nil {
		return a, err
	}
	a.tau, err = relax.ParseSchedule(c.TauSchedule, c.AdvSteps)
	return a, err
}

// key is the memory of a graph's key, with the given rows if it runs parts of batches.
func (a game) key(rows int) []uint32 {
	if a.parts <= 1 {
		rows = 0
	}
	return op.NewKey(rows)
}

// share is a part's share of the loss of a batch.
func (a game) share(g *op.Graph, loss *G.Node) *G.Node {
	if a.parts <= 1 {
		return loss
	}
	return maths{g}.scale(1/float64(a.parts), loss)
}

// sentences are those of a batch.
func (a game) sentences() int { return a.B * max(1, a.parts) }

// hard reports whether the discriminator sees sentences of ids.
func (a game) hard() bool { return a.estimator.Hard() }

func (a game) rollout() op.RolloutConfig {
	c := op.RolloutConfig{B: a.B, T: a.T, Relaxation: a.estimator.choice, Feedback: a.feedback, Bos: vocab.Bos, Eos: vocab.Eos, Sparse: float32(a.sparse)}
	if !a.estimator.Relaxed() { // words are read as they are drawn
		c.Feedback = feedback.Detached
	}
	return c
}

// GeneratorStep estimates the gradient of the generator's loss.
type GeneratorStep interface {
	// Run takes real sentences (not read unless the objective is relative) and
	// the names of the noise, and leaves the gradients to be read. The result is
	// the generator's loss.
	Run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error)
	// Grad is the gradient of the i-th weight tensor.
	Grad(i int) []float32
	Close() error
	// estimate is Run for a batch in parts, and returns the gradient too.
	estimate(c *cut, real *vocab.Batch, seed uint64, step uint32, tau float64) (loss float64, grad func(i int) []float32, err error)
}

func newGeneratorStep(lm generator.LanguageModel, dis discriminator.Discriminator, a game) (GeneratorStep, error) {
	if a.objective.Couples() && (!a.estimator.Relaxed() || a.estimator.joint()) {
		return nil, fmt.Errorf("train: %s couples the sentences of a batch, so none has a reward of its own", a.objective)
	}
	if a.estimator.choice == nil {
		return newReinforceStep(lm, dis, a)
	}
	return newRelaxedStep(lm, dis, a)
}

// StepOptions of a step of a run's generator.
type StepOptions struct {
	B                   int    // sentences; 0 as in training
	Estimator, Feedback string // empty as in training
	Sparse              *float64
}

// NewGeneratorStep returns a step of the run's generator against its
// discriminator, on the weights that both have at the time of a Run. The run has
// to be of --model gan.
func (t *Trainer) NewGeneratorStep(o StepOptions) (GeneratorStep, error) {
	c := *t.common
	c.Accumulate = 1
	c.Batch, c.Estimator, c.Feedback = cmp.Or(o.B, c.Batch), cmp.Or(o.Estimator, c.Estimator), cmp.Or(o.Feedback, c.Feedback)
	if o.Sparse != nil {
		c.SparseBackward = *o.Sparse
	}
	a, err := c.game()
	if err != nil {
		return nil, err
	}
	if dis := t.Discriminator(); dis != nil {
		return newGeneratorStep(t.LanguageModel(), dis, a)
	}
	return nil, errors.New("train: the run has no discriminator")
}

// Tau is the temperature of an adversarial step, from 0.
func (t *Trainer) Tau(step int) float64 {
	if p, ok := phaseOf[*gan](t); ok {
		return p.game.tau.At(step)
	}
	return 1
}

// relaxedStep is a GeneratorStep that scores relaxed sentences by a frozen
// discriminator: the gradient flows back through the choice of words.
type relaxedStep struct {
	*op.Program
	real    *textInput
	noise   *rolloutInput
	rollout op.Rollout
	params  nn.Params
	sum     gradients

	sharpness []float64 // for an adaptive tau: of every part of the last batch the sum over its tokens, and how many

	game                                      // read for the shares of the loss alone
	realScores, fakeScores, rewards []float32 // of the last run, for the shares
}

func newRelaxedStep(lm generator.LanguageModel, dis discriminator.Discriminator, a game) (*relaxedStep, error) {
	g := a.graph()
	s := &relaxedStep{noise: newRolloutInput(g, a), game: a}
	net, params, codes := lm.BindBatch(g, a.B, true)
	s.noise.codes = codes
	d := dis.Bind(g, nil, false)
	config := a.rollout()
	joint, _ := config.Relaxation.(op.Joint)
	surveys := joint != nil && joint.Surveys()
	if surveys {
		config.Shares, s.rewards = s.shares, make([]float32, a.B)
	}
	s.rollout = g.Rollout(net, d.Table(), s.noise.tauN, s.noise.keyN, config)
	read := d.Score
	if a.objective.Matches() {
		featured, ok := d.(discriminator.Featured)
		if !ok {
			return nil, fmt.Errorf("train: the discriminator has no features that --objective %s could match", a.objective)
		}
		read = featured.Features
	}
	fake := read(s.rollout.Tokens, s.rollout.Lengths)
	if surveys {
		fake = g.Tap(fake, func(v []float32) { s.fakeScores = append(s.fakeScores[:0], v...) })
	}
	var real *G.Node
	if a.objective.Relative() {
		s.real = newTextInput(g, "real", a.B, a.T)
		real = read(d.Embed(s.real.idsN, s.real.lenN), s.real.lenN)
		if surveys {
			real = g.Tap(real, func(v []float32) { s.realScores = append(s.realScores[:0], v...) })
		}
	}
	var loss *G.Node
	var err error
	if a.objective.Matches() {
		loss, err = a.matching(g, real, fake), g.Err()
	} else {
		loss, err = a.objective.LossG(g, real, fake)
	}
	if err != nil {
		return nil, err
	}
	s.params = lm.Params()
	if s.Program, err = g.Compile(a.share(g, loss), params...); err != nil {
		return nil, fmt.Errorf("train: generator's step: %w", err)
	}
	return s, nil
}

func (s *relaxedStep) Run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error) {
	if s.real != nil {
		if err := s.real.load(real); err != nil {
			return 0, err
		}
	}
	if !s.estimator.Relaxed() { // which has no temperature, and may be given none
		tau = 1
	}
	s.noise.set(seed, rng.GeneratorStep(step), tau, partOfBatch(real))
	return s.Program.Run()
}

func (s *relaxedStep) estimate(c *cut, real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, func(i int) []float32, error) {
	s.sharpness = s.sharpness[:0]
	return s.sum.of(c, real, s, s.params, func(piece *vocab.Batch) (float64, error) {
		loss, err := s.Run(piece, seed, step, tau)
		if a, ok := s.tau.(*relax.Adaptive); ok && err == nil {
			sum, n := s.rollout.Sum(a.Of.Of)
			s.sharpness = append(s.sharpness, sum, float64(n))
		}
		return loss, err
	})
}

// partOfBatch is the part that b is; b may be nil.
func partOfBatch(b *vocab.Batch) rng.Part {
	if b == nil {
		return rng.Part{}
	}
	return b.Part
}

// shares sets dst [B] to every sentence's share of the loss.
func (s *relaxedStep) shares(dst []float64) {
	real := s.realScores
	if real == nil {
		real = s.fakeScores // not read
	}
	s.objective.Rewards(s.rewards, real, s.fakeScores)
	for i, r := range s.rewards {
		dst[i] = -float64(r) / float64(len(dst))
	}
}

// Fields are what the last run says of itself for the record.
func (s *relaxedStep) Fields() []rundir.Field {
	if d := s.estimator.doubleCV(); d != nil && d.Auto {
		return []rundir.Field{{Name: "alpha", Value: d.Alpha}}
	}
	return nil
}

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

func newRolloutInput(g *op.Graph, a game) *rolloutInput {
	in := &rolloutInput{key: a.key(a.B), tau: []float32{1}}
	in.keyN, in.tauN = g.Key("noise", in.key), g.Leaf("tau", in.tau, false, 1)
	return in
}

func (in *rolloutInput) set(seed uint64, step uint32, tau float64, part rng.Part) {
	for i := range op.KeyRows(in.key) {
		op.KeyRows(in.key)[i] = uint32(part.Row(i))
	}
	in.codes.SetPart(part)
	op.RunKey{Seed: seed, Step: step}.Put(in.key)
	in.tau[0] = float32(tau)
	in.codes.Draw(rng.Key{Seed: seed, Stream: rng.Noise, Step: step})
}

// keepsRelaxedRow reports whether what an estimator keeps of a token is the
// relaxed row itself, so that its sharpness can be measured.
func keepsRelaxedRow(estimator string) bool {
	e, err := relax.Lookup(estimator)
	return err == nil && e.KeepsRow
}

// parseBandwidths reads those of an MMD.
func parseBandwidths(list string) (bandwidths []float64, err error) {
	for _, text := range strings.Split(list, ",") {
		s, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(s >= 1e-6 && s <= 1e6) {
			return nil, fmt.Errorf("train: --mmd-bandwidths %q: %q is no number between 1e-6 and 1e6", list, text)
		}
		bandwidths = append(bandwidths, s)
	}
	return bandwidths, nil
}
