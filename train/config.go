package train

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"textgan/discriminator"
	"textgan/discriminator/ratio"
	"textgan/generator/relax"
	"textgan/train/model"
)

// Config is everything that decides a run. The tags are the one table behind
// flags, environment, config files and defaults (package internal/config).
type Config struct {
	model.Config

	Preset PresetName `opt:"preset" doc:"a published configuration; options that are given beside it are stronger; docs/presets.md" meta:"NAME"`

	WarmStart string `opt:"warm-start" doc:"begin with what this run of --model mle or vae has come to: weights, vocabulary, sizes; its text too, unless another is given. A GAN: in the place of likelihood training; --model mle: before it" meta:"DIR"`
	WarmVocab string `opt:"warm-vocab" default:"auto" check:"oneof=auto|keep|extend" doc:"words of the text that the run of --warm-start does not know, for --model mle: keep reads them as <unk>, extend gives them weights of their own, auto keeps if they are few and refuses else"`

	Precision string `opt:"precision" default:"float32" check:"oneof=float32|bf16" doc:"of the operands of matrix products in training: bf16 may be faster where textgan version says so, and has the same bits on every CPU with AVX2; docs/performance.md" group:"optimisation"`

	discriminator.Options
	PhaseOptions
	AdamOptions
	AccumulateOptions
	RecordOptions
}

// AdamOptions are those of all phases.
type AdamOptions struct {
	Batch     int     `opt:"batch" default:"64" check:"min=1,max=1048576" doc:"sentences of a step" group:"optimisation"`
	Bucket    int     `opt:"bucket" default:"8" check:"min=1,max=1000000" doc:"batches whose sentences are sorted by length together; 1: none" group:"optimisation"`
	Normalize string  `opt:"normalize" default:"corpus" check:"oneof=corpus|batch" doc:"what the summed loss of a batch is divided by in likelihood training: corpus, the tokens of an average batch, so that all sentences weigh the same; batch, its own tokens, so that with --bucket short sentences weigh more" group:"optimisation"`
	Beta1     float64 `opt:"beta1" default:"0.9" check:"min=0,max=0.999" doc:"Adam's decay of the first moment" group:"optimisation"`
	Beta2     float64 `opt:"beta2" default:"0.999" check:"min=0,max=0.99999" doc:"Adam's decay of the second moment" group:"optimisation"`
	Clip      float64 `opt:"clip" default:"5" check:"min=0,max=1e38" doc:"largest global norm of a gradient; 0: no limit" group:"optimisation"`
}

// RecordOptions say when a run is looked at, and what is kept of it.
type RecordOptions struct {
	EvalEvery   int    `opt:"eval-every" default:"-1" check:"min=-1,max=1000000000" doc:"steps between evaluations; -1: 250, in likelihood training an eighth of --mle-steps if that is less; 0: only at the ends of the phases" group:"record"`
	EvalSamples int    `opt:"eval-samples" default:"1000" check:"min=1,max=100000000" doc:"sentences sampled for an evaluation" group:"record"`
	LogEvery    int    `opt:"log-every" default:"25" check:"min=1,max=1000000000" doc:"steps between lines of metrics" group:"record"`
	SaveEvery   int    `opt:"save-every" default:"500" check:"min=0,max=1000000000" doc:"steps between checkpoints; 0: only at the end" group:"record"`
	Best        Metric `opt:"best" default:"nll" doc:"metric of the evaluations by which the checkpoint best is chosen; training itself goes by the validation NLL" group:"record"`
	Keep        int    `opt:"keep" default:"3" check:"min=1,max=1000000" doc:"checkpoints to keep besides the best one" group:"record"`
}

// bf16 reports whether products of training read operands rounded to bf16.
func (c Config) bf16() bool { return c.Precision == "bf16" }

// forText is the configuration of a run that learns so many lines: what is left to the text
// and to the kind of network has its values.
func (c Config) forText(lines int) Config {
	own, back := recipeOf(c.Cell, c.HasVAE()), recipeOf(cmp.Or(c.BackCell, c.Cell), false)
	c.LR, c.LRSchedule, c.BackLR = cmp.Or(c.LR, own.lr), cmp.Or(c.LRSchedule, own.schedule), cmp.Or(c.BackLR, back.lr)
	if c.MLESteps < 0 {
		c.MLESteps = own.steps(lines, c.Batch)
	}
	if c.BackSteps < 1 {
		c.BackSteps = back.steps(lines, c.Batch)
	}
	return c
}

// evalEvery are the steps between evaluations of a phase; fits says that it is the one that
// fits real sentences, whose length is that of the text.
func (c Config) evalEvery(fits bool) int {
	switch {
	case c.EvalEvery >= 0:
		return c.EvalEvery
	case fits:
		return min(max(c.MLESteps/8, 1), 250)
	}
	return 250
}

// Check reports the first setting that does not fit with the others.
func (c Config) Check() error {
	if err := c.Config.Check(); err != nil {
		return err
	}
	if err := c.checkPhases(); err != nil {
		return err
	}
	if err := c.checkAccumulate(); err != nil {
		return err
	}
	switch {
	case c.WarmStart != "" && c.Model == "vae":
		return fmt.Errorf("train: --warm-start begins a GAN or --model mle, not --model %s", c.Model)
	case c.Backwards && c.Model != "mle":
		return fmt.Errorf("train: --backwards is for --model mle, not %s", c.Model)
	case c.Model == "gan" && c.Options.Config(1).Reads() && c.GeneratorModel == "vae":
		return fmt.Errorf("train: --discriminator %s asks the generator for likelihoods, of which a VAE has a bound alone; drop --generator vae", c.DKind)
	case c.Model == "gan" && c.Options.Config(1).Reads() && c.Objective.Matches():
		return fmt.Errorf("train: --discriminator %s has no features that --objective %s could match; choose another --objective", c.DKind, c.Objective)
	case c.WarmStart != "" && c.Model == "gan" && c.MLESteps > 0:
		return fmt.Errorf("train: a warm start takes the place of likelihood training; drop --mle-steps %d", c.MLESteps)
	case c.MLESteps == 0 && (c.Model != "gan" || c.AdvSteps == 0) && (c.WarmStart == "" || c.CoopRounds == 0):
		return fmt.Errorf("train: no steps to take; raise --mle-steps or --adv-steps")
	}
	if c.HasBackwards() && c.BackRun == "" {
		if err := c.backwardsModel(model.SomeWords).Check(); err != nil {
			return fmt.Errorf("train: the backwards model (--back-cell, --back-emb, --back-hidden, --back-layers, --back-slots, --back-heads): %w", err)
		}
	}
	return nil
}

// idle says of the groups of options that do nothing in this run why.
func (c Config) idle() map[string]string {
	why := map[string]string{}
	if c.Model != "gan" {
		why["adversarial"] = "there is no game in a run of --model " + c.Model
		why["discriminator"] = why["adversarial"]
	}
	if !c.HasVAE() {
		why["vae"] = "there is no code without --model vae or --generator vae"
	}
	if c.CoopRounds == 0 {
		why["cooperative"] = "there are no cooperative rounds without --coop-rounds"
	}
	if !c.HasBackwards() {
		why["backwards"] = "nothing asks a backwards model: neither --discriminator reverse-lm nor --critic ratio or reverse-lm with --coop-rounds"
	}
	return why
}

// annealing has the options that a way of raising beta reads, besides where it ends.
var annealing = map[string][]string{
	"linear": {"kl-from", "kl-steps"}, "logistic": {"kl-from", "kl-steps", "kl-slope"}, "cyclical": {"kl-from", "kl-cycles", "kl-rise"},
}

// Idle says why an option does nothing in this run, and "" if it does something.
// otherModel tells that it belongs to another model.
func (c Config) Idle(name string) (why string, otherModel bool) {
	o, _ := Options.Find(name)
	group := o.Group
	if name == "estimator" || name == "adv-steps" { // which the help shows among the first
		group = "adversarial"
	}
	if why = c.idle()[group]; why != "" {
		return why, group != "cooperative" && group != "backwards"
	}
	switch {
	case name == "warm-vocab" && (c.WarmStart == "" || c.Model != "mle"):
		return "it is for --model mle with --warm-start", false
	case name == "slots" && !hasSlots(c.Cell) && (!hasSlots(c.BackCell) || c.BackSlots > 0):
		return "--cell " + c.Cell + " is no relational memory", false
	case name == "heads" && !hasHeads(c.Cell) && (!hasHeads(c.BackCell) || c.BackHeads > 0):
		return "--cell " + c.Cell + " pays no attention", false
	case name == "mmd-bandwidths" && c.Objective != MMD, name == "sinkhorn-eps" && c.Objective != Sinkhorn:
		return "--objective " + string(c.Objective) + " does not read it", false
	case name == "d-reps" && c.DKind != "relgan":
		return "--discriminator " + c.DKind + " reads one embedding of a sentence", false
	case (name == "d-cell" || name == "d-units") && c.DKind != "rnn":
		return "--discriminator " + c.DKind + " is not recurrent", false
	case (name == "d-widths" || name == "d-filters" || name == "d-highway") && (c.DKind == "rnn" || c.DKind == discriminator.ReverseLM):
		return "--discriminator " + c.DKind + " has no filters", false
	case (name == "d-emb" || name == "d-dropout" || name == "spectral-norm") && c.DKind == discriminator.ReverseLM:
		return "--discriminator " + c.DKind + " has no weights but those of language models", false
	case name == "d-tune" && c.DKind != discriminator.ReverseLM:
		return "--discriminator " + c.DKind + " is trained as a whole", false
	case (name == "coop-control" || name == "coop-learn-from" || name == "coop-calibrate") && c.Critic == "none":
		return "--critic none weighs nothing", false
	case name == "coop-ngram" && !slices.Contains(asks[c.Critic], ratio.Ngram):
		return "--critic " + c.Critic + " does not ask it", false
	case strings.HasPrefix(name, "back-") && name != "back-run" && c.BackRun != "":
		return "--back-run brings the model", false
	case name == "back-slots" && !hasSlots(cmp.Or(c.BackCell, c.Cell)):
		return "the backwards model is no relational memory", false
	case name == "back-heads" && !hasHeads(cmp.Or(c.BackCell, c.Cell)):
		return "the backwards model pays no attention", false
	case (name == "latent-categories" || name == "latent-estimator" || name == "latent-tau") && c.Latent != "categorical":
		return "a " + c.Latent + " code makes no choices", false
	case strings.HasPrefix(name, "kl-") && name != "kl-weight" && name != "kl-anneal" && !slices.Contains(annealing[c.KLAnneal], name):
		return "--kl-anneal " + c.KLAnneal + " does not read it", false
	case name == "corpus-lines" && !builtin(c.Corpus) && !builtin(c.Valid):
		return "--corpus is a text, not a built-in language", false
	case name == "valid-fraction" && c.Valid != "":
		return "--valid brings the held-out text", false
	case (name == "tau-schedule" || name == "feedback") && c.ScoreFunction():
		return "--estimator " + c.Estimator + " scores words that are drawn, without a temperature and with nothing else to feed back", false
	case name == "tau-schedule" && c.ignoresTau():
		return "--estimator " + c.Estimator + " has its own temperatures", false
	}
	return "", false
}

// hasSlots and hasHeads report whether a --cell reads --slots and --heads.
func hasSlots(cell string) bool { return cell == "relational" }
func hasHeads(cell string) bool { return cell == "relational" || cell == "transformer" }

func builtin(corpus string) bool { return strings.HasPrefix(corpus, "builtin:") }

// ignoresTau reports whether the temperature of the schedule changes nothing.
func (c Config) ignoresTau() bool {
	e, err := relax.Lookup(c.Estimator)
	return err == nil && e.IgnoresTau
}

// ScoreFunction reports whether the generator learns by a score function, which neither
// relaxes words nor differentiates the discriminator.
func (c Config) ScoreFunction() bool {
	e, err := ParseEstimator(c.Estimator)
	return err == nil && !e.Relaxed()
}
