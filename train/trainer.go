package train

import (
	"context"
	"errors"
	"fmt"
	"math"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// ErrInterrupted is the error of a run that was asked to stop: the step was
// finished and the state saved.
var ErrInterrupted = errors.New("train: interrupted")

// Diverged is the error of a run whose loss or gradient is no longer a number.
type Diverged struct {
	Step int     // the step that failed
	What string  // the value that was not finite
	Last float64 // last finite loss
}

func (d *Diverged) Error() string {
	return fmt.Sprintf("train: step %d: %s; the last finite loss was %.4g; go on from the last checkpoint with a smaller step size", d.Step, d.What, d.Last)
}

// Watcher is told what a run does, on the run's own goroutine. Either function
// may be nil.
type Watcher struct {
	Step func(Progress)
	Eval func(Evaluation)
}

// Progress is a step just taken.
type Progress struct {
	Phase        Phase
	Step         int // over all phases, from 1
	Since, Total int // steps in this phase, and its length (likelihood may end earlier)
	Tokens       int // real tokens that the step learned from
	Loss         float64
	Fields       []rundir.Field // what the record says of the step
}

// Trainer runs a configuration on data. Its state is exported through
// checkpoints alone.
type Trainer struct {
	Config
	State
	Data *model.Data

	gen    *generator.Generator
	lm     generator.LanguageModel     // gen, or the decoder with codes of the prior
	dis    discriminator.Discriminator // nil without an adversarial part
	vae    *autoencoder                // nil unless there is one; then gen is its decoder
	best   nn.Params                   // the model's weights with the lowest validation NLL
	optMLE *Adam
	optG   *Adam
	optD   *Adam

	batches *vocab.Batches
	batch   vocab.Batch
	tau     relax.Schedule
	game    game

	likelihood *generator.Likelihood // with gradients
	score      *generator.Likelihood // without
	stepD      *stepD                // made when the adversarial part begins
	stepG      stepG
	judge      *judge

	run   *rundir.Writer // nil: nothing is written
	watch Watcher
}

// New returns a trainer at step 0, its weights a function of the configuration.
func New(c Config, d *model.Data) (*Trainer, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	t := &Trainer{Config: c, Data: d, State: State{Phase: Likelihood}}
	var err error
	adam := func(lr float64, ps nn.Params) *Adam {
		return NewAdam(AdamConfig{LR: lr, Beta1: c.Beta1, Beta2: c.Beta2, Eps: 1e-8, Clip: c.Clip}, ps)
	}
	T := d.MaxT
	if c.Model == "gan" {
		var err error
		if t.dis, err = discriminator.New(c.discriminator(d.Vocab.Size()), c.Seed); err != nil {
			return nil, err
		}
		T = max(T, t.dis.MinT())
	}
	if c.HasVAE() {
		v, err := generator.NewVAE(c.VAE(d.Vocab.Size()), c.Seed)
		if err != nil {
			return nil, err
		}
		t.Phase, t.gen, t.lm, t.optMLE = ELBO, v.Decoder(), v.LanguageModel(), adam(c.LR, v.DecoderParams())
		if t.vae, err = newAutoencoder(c, v, T, adam(c.LR, v.EncoderParams())); err != nil {
			return nil, err
		}
	} else {
		if t.gen, err = generator.New(c.Generator(d.Vocab.Size()), c.Seed); err != nil {
			return nil, err
		}
		t.lm, t.optMLE = t.gen, adam(c.LR, t.gen.Params())
	}
	t.best, t.optG = t.model().Clone(), adam(c.GLR, t.lm.Params())
	if c.Model == "gan" {
		t.optD = adam(c.DLR, t.dis.Params())
	}
	objective, err := ParseObjective(c.Objective)
	if err != nil {
		return nil, err
	}
	feedback, err := c.feedback()
	if err != nil {
		return nil, err
	}
	t.game = game{B: c.Batch, T: T, objective: objective, smooth: c.LabelSmooth, feedback: feedback, sparse: c.SparseBackward}
	if t.game.relaxation, t.game.score, err = parseEstimator(c.Estimator); err != nil {
		return nil, err
	}
	if t.tau, err = relax.ParseSchedule(c.TauSchedule, c.AdvSteps); err != nil {
		return nil, err
	}
	if t.batches, err = vocab.NewBatches(d.Train, vocab.BatchOptions{Size: c.Batch, Seed: c.Seed, Bucket: c.Bucket}); err != nil {
		return nil, err
	}
	if t.vae == nil {
		if t.likelihood, err = t.gen.Likelihood(generator.LikelihoodOptions{B: c.Batch, T: T, Train: true, Dropout: true}); err != nil {
			return nil, err
		}
		if t.score, err = t.gen.Likelihood(generator.LikelihoodOptions{B: c.Batch, T: T}); err != nil {
			return nil, err
		}
	}
	if t.judge, err = newJudge(t); err != nil {
		return nil, err
	}
	return t, nil
}

// model is the weights that likelihood training moves: a fresh list.
func (t *Trainer) model() nn.Params {
	if t.vae != nil {
		return t.vae.vae.Params()
	}
	return append(nn.Params{}, t.gen.Params()...)
}

// Generator is the generator as it stands.
func (t *Trainer) Generator() *generator.Generator { return t.gen }

// Weights is the number of weights of the generator, or of the whole VAE.
func (t *Trainer) Weights() int { return t.model().Size() }

// Hash names the present weights of both networks.
func (t *Trainer) Hash() string {
	ps := t.model()
	if t.dis != nil {
		ps = append(append(ps, t.dis.Params()...), t.dis.State()...)
	}
	return ps.Hash()
}

// Attach lets the run be recorded in a directory, going on from a checkpoint
// of it if one is given.
func (t *Trainer) Attach(w *rundir.Writer, c *rundir.Checkpoint) error {
	t.run = w
	if c != nil {
		return t.restore(c)
	}
	return nil
}

// Run takes steps until the run is done or ctx is cancelled, which lets the
// step finish, saves, and returns ErrInterrupted.
func (t *Trainer) Run(ctx context.Context, watch Watcher) error {
	t.watch = watch
	if err := t.begin(); err != nil {
		return err
	}
	for t.Phase != Done {
		if ctx.Err() != nil {
			if err := t.save(false); err != nil {
				return err
			}
			return ErrInterrupted
		}
		step, err := t.step()
		if err != nil {
			return err
		}
		t.Step++
		t.Since++
		step.Phase, step.Step, step.Since, step.Total = t.Phase, t.Step, t.Since, t.length(t.Phase)
		step.Fields = step.fields
		if t.watch.Step != nil {
			t.watch.Step(step.Progress)
		}
		last := t.Since == t.length(t.Phase)
		if due(t.Step, t.LogEvery) || last {
			if err := t.log(step); err != nil {
				return err
			}
		}
		improved := false
		if t.Phase != Discriminator && (due(t.Since, t.EvalEvery) || last) {
			if improved, err = t.evaluate(); err != nil {
				return err
			}
		}
		phase := t.Phase
		t.enter() // first, so that the last checkpoint of a phase holds what comes of it
		if due(t.Step, t.SaveEvery) || improved || t.Phase != phase {
			if err := t.save(improved); err != nil {
				return err
			}
		}
	}
	return nil
}

func due(step, every int) bool { return every > 0 && step%every == 0 }

// length of a phase in steps.
func (t *Trainer) length(p Phase) int {
	switch {
	case p.byLikelihood():
		return t.MLESteps
	case t.dis == nil || t.AdvSteps == 0:
		return 0
	case p == Discriminator:
		return t.DPre
	case p == Adversarial:
		return t.AdvSteps
	}
	return 0
}

var nextPhase = map[Phase]Phase{ELBO: Discriminator, Likelihood: Discriminator, Discriminator: Adversarial, Adversarial: Done}

// enter moves on to the next phase when the present one is over. Likelihood
// training ends with the weights that validation liked best.
func (t *Trainer) enter() {
	for t.Phase != Done {
		tired := t.Phase.byLikelihood() && t.Patience > 0 && t.Worse >= t.Patience
		if t.Since < t.length(t.Phase) && !tired {
			return
		}
		if t.Phase.byLikelihood() && t.Scored {
			_ = t.model().Set(t.best) // a clone of itself always fits
		}
		t.Phase, t.Since = nextPhase[t.Phase], 0
	}
}

// taken is what a step leaves for the record.
type taken struct {
	Progress
	fields []rundir.Field
}

func (t *Trainer) step() (taken, error) {
	switch t.Phase {
	case Likelihood:
		return t.takeMLE()
	case ELBO:
		return t.takeELBO()
	case Discriminator:
		return t.takeD()
	}
	var all taken
	for range t.DSteps {
		d, err := t.takeD()
		if err != nil {
			return all, err
		}
		all.Tokens += d.Tokens
		all.fields = d.fields
	}
	for i := range t.GSteps {
		g, err := t.takeG()
		if err != nil {
			return all, err
		}
		all.Tokens += g.Tokens
		all.Loss = g.Loss
		if i == t.GSteps-1 {
			all.fields = append(all.fields, g.fields...)
		}
	}
	if due(t.Since+1, t.MLEEvery) {
		take := t.takeMLE
		if t.vae != nil {
			take = t.takeELBO
		}
		m, err := take()
		if err != nil {
			return all, err
		}
		all.Tokens += m.Tokens
		all.fields = append(all.fields, m.fields...)
	}
	return all, nil
}

func (t *Trainer) takeMLE() (taken, error) {
	t.batches.Next(&t.batch)
	loss, err := t.likelihood.Mean(&t.batch, t.Seed, uint32(t.MLE))
	norm, err := t.update(t.optMLE, "nll", loss, err, t.likelihood.Grad)
	t.MLE++
	return t.took(loss, "nll/train", loss, "norm/mle", norm), err
}

func (t *Trainer) takeD() (taken, error) {
	if err := t.makeGame(); err != nil {
		return taken{}, err
	}
	t.batches.Next(&t.batch)
	loss, err := t.stepD.run(&t.batch, t.Seed, uint32(t.D), t.tau.At(t.sinceAdversarial()))
	norm, err := t.update(t.optD, "discriminator's loss", loss, err, t.stepD.Grad)
	t.D++
	if err != nil {
		return taken{}, err
	}
	accuracy, real, generated := t.stepD.telling()
	return t.took(loss, "loss/d", loss, "norm/d", norm, "accuracy/d", accuracy, "score/real", real, "score/generated", generated), nil
}

func (t *Trainer) takeG() (taken, error) {
	if err := t.makeGame(); err != nil {
		return taken{}, err
	}
	t.batches.Next(&t.batch)
	tau := t.tau.At(t.sinceAdversarial())
	loss, err := t.stepG.run(&t.batch, t.Seed, uint32(t.G), tau)
	norm, err := t.update(t.optG, "generator's loss", loss, err, t.stepG.Grad)
	t.G++
	a, adaptive := t.tau.(*relax.Adaptive)
	if s, ok := t.stepG.(*relaxedStep); ok && adaptive {
		a.Observe(s.rollout.Mean(a.Of.Of))
	}
	return t.took(loss, "loss/g", loss, "norm/g", norm, "tau", tau), err
}

func (t *Trainer) sinceAdversarial() int {
	if t.Phase == Adversarial {
		return t.Since
	}
	return 0
}

func (t *Trainer) took(loss float64, fields ...any) taken {
	k := taken{Progress: Progress{Tokens: t.batch.Tokens(), Loss: loss}}
	for i := 0; i < len(fields); i += 2 {
		k.fields = append(k.fields, rundir.Field{Name: fields[i].(string), Value: fields[i+1]})
	}
	return k
}

// update lets an optimiser use the gradients of a program that has just run.
func (t *Trainer) update(opt *Adam, what string, loss float64, err error, grad func(int) []float32) (float64, error) {
	if err != nil {
		return 0, err
	}
	if math.IsNaN(loss) || math.IsInf(loss, 0) {
		return 0, &Diverged{t.Step + 1, fmt.Sprintf("the %s is %v", what, loss), t.LastLoss}
	}
	norm, err := opt.Update(grad)
	if err != nil {
		return norm, &Diverged{t.Step + 1, fmt.Sprintf("the norm of the %s's gradient is %v", what, norm), t.LastLoss}
	}
	t.LastLoss = loss
	return norm, nil
}

// makeGame builds the adversarial graphs when they are first needed.
func (t *Trainer) makeGame() (err error) {
	if t.stepD == nil {
		if t.stepD, err = newStepD(t.lm, t.dis, t.game); err != nil {
			return err
		}
	}
	if t.stepG == nil && t.Phase == Adversarial {
		t.stepG, err = newStepG(t.lm, t.dis, t.game)
	}
	return err
}

func (t *Trainer) log(s taken) error {
	if t.run == nil {
		return nil
	}
	return t.run.Log(t.Step, append([]rundir.Field{{Name: "phase", Value: string(t.Phase)}}, s.fields...)...)
}

// evaluate scores the generator, records the scores, and says whether its
// validation NLL is the best of the run.
func (t *Trainer) evaluate() (improved bool, err error) {
	e, samples, err := t.judge.evaluate(t.Step)
	if err != nil {
		return false, err
	}
	e.Phase = t.Phase
	if math.IsNaN(e.NLL) || math.IsInf(e.NLL, 0) {
		return false, &Diverged{t.Step, fmt.Sprintf("the validation NLL is %v", e.NLL), t.LastLoss}
	}
	counts := t.Phase != ELBO || t.settled(t.MLE) || t.Since == t.length(t.Phase)
	if improved = counts && (!t.Scored || e.NLL < t.BestNLL); improved {
		t.BestNLL, t.Worse, t.Scored = e.NLL, 0, true
		if err := t.best.Set(t.model()); err != nil {
			return false, err
		}
	} else if counts && t.Phase.byLikelihood() {
		t.Worse++
		t.Decays++
		t.setLR()
	}
	e.Best = improved
	if e.VAE != nil {
		t.noteMI(e.VAE.MI)
	}
	if t.watch.Eval != nil {
		t.watch.Eval(e)
	}
	if t.run == nil {
		return improved, nil
	}
	if err := t.run.Log(t.Step, e.fields()...); err != nil {
		return false, err
	}
	return improved, t.run.SaveSamples(t.Step, samples)
}

// setLR sets the likelihood step size to what is left of it.
func (t *Trainer) setLR() {
	t.optMLE.LR = t.LR * math.Pow(t.LRDecay, float64(t.Decays))
	if t.vae != nil {
		t.vae.opt.LR = t.optMLE.LR
	}
}

// save writes a checkpoint of the present state.
func (t *Trainer) save(best bool) error {
	if t.run == nil {
		return nil
	}
	files, err := t.files()
	if err != nil {
		return err
	}
	return t.run.SaveCheckpoint(t.Step, files, best)
}
