package train

import (
	"fmt"
	"slices"

	"textgan/discriminator"
	"textgan/generator/relax"
	"textgan/internal/op"
	"textgan/train/model"
)

// Config is everything that decides a run. The tags are the one table behind
// flags, environment, config files and defaults (package internal/config).
type Config struct {
	model.Config

	WarmStart string `opt:"warm-start" doc:"begin a GAN with what this run of --model mle or vae has come to, in the place of likelihood training: weights, vocabulary, sizes; its text too, unless another is given" meta:"DIR"`

	DKind        string  `opt:"discriminator" default:"cnn" doc:"network that tells real sentences from generated ones: cnn" group:"discriminator"`
	DEmb         int     `opt:"d-emb" default:"64" check:"min=1,max=65536" doc:"size of the discriminator's embeddings" group:"discriminator"`
	DWidths      []int   `opt:"d-widths" default:"2,3,4,5" check:"min=1,max=1000" doc:"tokens that the discriminator's filters span" group:"discriminator"`
	DFilters     int     `opt:"d-filters" default:"64" check:"min=1,max=65536" doc:"filters of each width" group:"discriminator"`
	DHighway     bool    `opt:"d-highway" default:"true" doc:"highway layer behind the filters" group:"discriminator"`
	DDropout     float64 `opt:"d-dropout" default:"0.25" check:"min=0,max=0.95" doc:"dropout of the discriminator" group:"discriminator"`
	SpectralNorm bool    `opt:"spectral-norm" doc:"spectral normalisation of the discriminator" group:"discriminator"`

	Objective      string  `opt:"objective" default:"rsgan" check:"oneof=standard|rsgan|ragan|hinge|lsgan" doc:"adversarial loss" group:"adversarial"`
	LabelSmooth    float64 `opt:"label-smoothing" default:"0" check:"min=0,max=0.5" doc:"target of real sentences is 1 minus this" group:"adversarial"`
	Estimator      string  `opt:"estimator" default:"gumbel-softmax" doc:"gradient through a word choice: gumbel-softmax, st-gumbel, reinmax, rloo, all-action:k=4, ...; all: textgan eval variance; docs/estimators.md"`
	Feedback       string  `opt:"feedback" default:"soft" check:"oneof=soft|straight-through|detached" doc:"what the next step reads of a relaxed token" group:"adversarial"`
	TauSchedule    string  `opt:"tau-schedule" default:"exponential:from=1,to=0.5" doc:"temperature over the adversarial steps (divides the logits): a number, or one of docs/estimators.md's schedules" group:"adversarial"`
	SparseBackward float64 `opt:"sparse-backward" default:"0" check:"min=0,max=0.5" doc:"share of a relaxed token, in its smallest entries, that the way back through it may leave out: faster at a small tau; 0: none" group:"adversarial"`

	Batch    int     `opt:"batch" default:"64" check:"min=1,max=1048576" doc:"sentences of a step" group:"optimisation"`
	Bucket   int     `opt:"bucket" default:"8" check:"min=1,max=1000000" doc:"batches whose sentences are sorted by length together; 1: none" group:"optimisation"`
	MLESteps int     `opt:"mle-steps" default:"4000" check:"min=0,max=1000000000" doc:"steps of likelihood training, at most"`
	AdvSteps int     `opt:"adv-steps" default:"600" check:"min=0,max=1000000000" doc:"adversarial steps"`
	GSteps   int     `opt:"g-steps" default:"1" check:"min=1,max=1000000000" doc:"generator updates of an adversarial step" group:"adversarial"`
	DSteps   int     `opt:"d-steps" default:"1" check:"min=0,max=1000000000" doc:"discriminator updates of an adversarial step" group:"adversarial"`
	DPre     int     `opt:"d-pretrain" default:"100" check:"min=0,max=1000000000" doc:"discriminator updates before the first adversarial step" group:"adversarial"`
	MLEEvery int     `opt:"mle-every" default:"1" check:"min=0,max=1000000000" doc:"a likelihood step after every so many adversarial steps; 0: none" group:"adversarial"`
	LR       float64 `opt:"lr" default:"0.004" check:"min=0,max=1e38" doc:"Adam's step size in likelihood training" group:"optimisation"`
	LRDecay  float64 `opt:"lr-decay" default:"0.5" check:"above=0,max=1" doc:"factor on lr after each evaluation without a better validation NLL" group:"optimisation"`
	GLR      float64 `opt:"g-lr" default:"0.0001" check:"min=0,max=1e38" doc:"of the generator in adversarial steps" group:"adversarial"`
	DLR      float64 `opt:"d-lr" default:"0.0003" check:"min=0,max=1e38" doc:"of the discriminator" group:"adversarial"`
	Beta1    float64 `opt:"beta1" default:"0.9" check:"min=0,max=0.999" doc:"Adam's decay of the first moment" group:"optimisation"`
	Beta2    float64 `opt:"beta2" default:"0.999" check:"min=0,max=0.99999" doc:"Adam's decay of the second moment" group:"optimisation"`
	Clip     float64 `opt:"clip" default:"5" check:"min=0,max=1e38" doc:"largest global norm of a gradient; 0: no limit" group:"optimisation"`
	Patience int     `opt:"patience" default:"3" check:"min=0,max=1000000000" doc:"end likelihood training after so many evaluations without a better validation NLL; 0: never" group:"optimisation"`

	EvalEvery   int `opt:"eval-every" default:"250" check:"min=0,max=1000000000" doc:"steps between evaluations; 0: only at the ends of the phases" group:"record"`
	EvalSamples int `opt:"eval-samples" default:"1000" check:"min=1,max=100000000" doc:"sentences sampled for an evaluation" group:"record"`
	LogEvery    int `opt:"log-every" default:"25" check:"min=1,max=1000000000" doc:"steps between lines of metrics" group:"record"`
	SaveEvery   int `opt:"save-every" default:"500" check:"min=0,max=1000000000" doc:"steps between checkpoints; 0: only at the end" group:"record"`
	Keep        int `opt:"keep" default:"3" check:"min=1,max=1000000" doc:"checkpoints to keep besides the best" group:"record"`

	LatentEstimator string  `opt:"latent-estimator" default:"gumbel-softmax" doc:"gradient through a categorical code; see docs/estimators.md" group:"vae"`
	LatentTau       string  `opt:"latent-tau" default:"exponential:from=1,to=0.5" doc:"temperature of a categorical code over the steps" group:"vae"`
	KLWeight        float64 `opt:"kl-weight" default:"1" check:"min=0,max=1e6" doc:"weight beta of the divergence in the loss, at the end of its annealing" group:"vae"`
	KLAnneal        string  `opt:"kl-anneal" default:"linear" check:"oneof=none|linear|logistic|cyclical" doc:"how beta rises" group:"vae"`
	KLFrom          float64 `opt:"kl-from" default:"0" check:"min=0,max=1e6" doc:"beta at the beginning of a rise" group:"vae"`
	KLSteps         int     `opt:"kl-steps" default:"0" check:"min=0,max=1000000000" doc:"steps of a linear rise, midpoint of a logistic one; 0: a quarter of mle-steps" group:"vae"`
	KLSlope         float64 `opt:"kl-slope" default:"0.0025" check:"above=0,max=1e6" doc:"slope of a logistic rise, per step" group:"vae"`
	KLCycles        int     `opt:"kl-cycles" default:"4" check:"min=1,max=1000000000" doc:"rises of a cyclical annealing" group:"vae"`
	KLRise          float64 `opt:"kl-rise" default:"0.5" check:"above=0,max=1" doc:"share of a cycle in which beta rises" group:"vae"`
	WordDropout     float64 `opt:"word-dropout" default:"0" check:"min=0,max=1" doc:"probability that the decoder reads <unk> for a word in training; 1: it reads no words" group:"vae"`
	FreeBits        float64 `opt:"free-bits" default:"0.3" check:"min=0,max=1e6" doc:"nats that each unit of a code has for free, against codes that say nothing; 0: none" group:"vae"`
	FreeBitsTotal   float64 `opt:"free-bits-total" default:"0" check:"min=0,max=1e6" doc:"nats that a whole code has for free; 0: none" group:"vae"`
	Aggressive      int     `opt:"aggressive" default:"0" check:"min=0,max=1000000000" doc:"updates of the encoder alone before each step, at most, until it no longer lags behind; 0: none" group:"vae"`
	VAESamples      int     `opt:"vae-samples" default:"5" check:"min=1,max=100000" doc:"draws of a code per held-out sentence in an evaluation" group:"vae"`
}

// Check reports the first setting that does not fit with the others.
func (c Config) Check() error {
	if err := c.Config.Check(); err != nil {
		return err
	}
	if _, err := c.feedback(); err != nil {
		return err
	}
	if _, err := ParseObjective(c.Objective); err != nil {
		return err
	}
	_, score, err := parseEstimator(c.Estimator)
	if err != nil {
		return err
	}
	if score != nil && c.Objective == string(RAGAN) {
		return fmt.Errorf("train: %s couples the sentences of a batch, so none has a reward of its own; choose another --objective for --estimator %s", RAGAN, c.Estimator)
	}
	if c.SparseBackward > 0 && !keepsRelaxedRow(c.Estimator) {
		return fmt.Errorf("train: --sparse-backward leaves out entries of the relaxed row, which --estimator %s does not keep; choose gumbel-softmax, st-gumbel or straight-through", c.Estimator)
	}
	tau, err := relax.ParseSchedule(c.TauSchedule, c.AdvSteps)
	if err != nil {
		return err
	}
	if _, adaptive := tau.(*relax.Adaptive); adaptive && !keepsRelaxedRow(c.Estimator) {
		return fmt.Errorf("train: an adaptive tau steers by the relaxed rows, which --estimator %s does not keep; choose gumbel-softmax, st-gumbel or straight-through, or another --tau-schedule", c.Estimator)
	}
	if c.Model == "gan" && len(c.DWidths) == 0 {
		return fmt.Errorf("train: --d-widths is empty: the discriminator needs filters; give their widths, such as 2,3,4,5")
	}
	if c.HasVAE() {
		if err := c.checkVAE(); err != nil {
			return err
		}
	}
	if err := c.discriminator(1).Check(); c.Model == "gan" && err != nil {
		return err
	}
	switch {
	case c.Objective == string(Hinge) && c.LabelSmooth > 0:
		return fmt.Errorf("train: the hinge objective has no labels to smooth; drop --label-smoothing")
	case c.WarmStart != "" && c.Model != "gan":
		return fmt.Errorf("train: --warm-start begins a GAN, not --model %s", c.Model)
	case c.Backwards && c.Model != "mle":
		return fmt.Errorf("train: --backwards is for --model mle, not %s", c.Model)
	case c.WarmStart != "" && c.MLESteps > 0:
		return fmt.Errorf("train: a warm start takes the place of likelihood training; drop --mle-steps %d", c.MLESteps)
	case c.MLESteps == 0 && (c.Model != "gan" || c.AdvSteps == 0):
		return fmt.Errorf("train: no steps to take; raise --mle-steps or --adv-steps")
	}
	return nil
}

// unused are the groups of options that do nothing in this run.
func (c Config) unused() (groups []string) {
	if c.Model != "gan" {
		groups = append(groups, "adversarial", "discriminator")
	}
	if !c.HasVAE() {
		groups = append(groups, "vae")
	}
	return groups
}

// Idle says why an option does nothing in this run, and "" if it does something.
// otherModel tells that it belongs to another model.
func (c Config) Idle(name string) (why string, otherModel bool) {
	o, _ := Options.Find(name)
	switch {
	case o.Group == "vae" && !c.HasVAE():
		return "there is no code without --model vae or --generator vae", true
	case c.Model != "gan" && (slices.Contains(c.unused(), o.Group) || name == "estimator" || name == "adv-steps"):
		return "there is no game in a run of --model " + c.Model, true
	case (name == "tau-schedule" || name == "feedback") && c.Score():
		return "--estimator " + c.Estimator + " scores words that are drawn, without a temperature and with nothing else to feed back", false
	}
	return "", false
}

// Score reports whether the generator learns by a score function, which neither
// relaxes words nor differentiates the discriminator.
func (c Config) Score() bool {
	_, score, err := parseEstimator(c.Estimator)
	return err == nil && score != nil
}

func (c Config) feedback() (op.Feedback, error) {
	switch c.Feedback {
	case "soft":
		return op.FeedSoft, nil
	case "straight-through":
		return op.FeedStraightThrough, nil
	case "detached":
		return op.FeedDetached, nil
	}
	return 0, fmt.Errorf("train: feedback %q is not known; use soft, straight-through or detached", c.Feedback)
}

// discriminator is the architecture of the discriminator over v ids.
func (c Config) discriminator(v int) discriminator.Config {
	return discriminator.Config{Kind: c.DKind, Vocab: v, Emb: c.DEmb, Widths: c.DWidths, Filters: c.DFilters, Highway: c.DHighway, Dropout: c.DDropout, SpectralNorm: c.SpectralNorm}
}

// keepsRelaxedRow reports whether what an estimator keeps of a token is the
// relaxed row itself, so that its sharpness can be measured.
func keepsRelaxedRow(estimator string) bool {
	return estimator == "gumbel-softmax" || estimator == "st-gumbel" || estimator == "straight-through"
}
