package train

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// source is the run of --model mle or vae that a warm start begins with: its
// weights and optimisers as likelihood training has left them, or as they were
// at its best if it was never finished. A GAN takes the place of the rest of that
// training; likelihood training takes the weights and begins anew.
type source struct {
	run    *rundir.Run
	layer  config.Layer // its settings
	config Config
	vocab  *vocab.Vocab
	ck     *rundir.Checkpoint
	state  map[string]json.RawMessage
	decays int // times that it has cut its step size
}

// openSource opens the run in dir for one of the model that begins with it.
func openSource(dir, begins string) (*source, error) {
	o := &source{}
	var err error
	if o.run, err = rundir.Open(dir); err != nil {
		return nil, fmt.Errorf("train: warm start: %w", err)
	}
	if o.config, o.vocab, err = describe(o.run); err != nil {
		return nil, err
	}
	if o.config.Model == "gan" {
		return nil, &config.Error{Msg: fmt.Sprintf("train: run %s is a GAN; a warm start begins with a run of --model mle or vae", dir)}
	}
	if begins == "gan" && o.config.Backwards {
		return nil, &config.Error{Msg: fmt.Sprintf("train: run %s writes lines from their end (--backwards), and a GAN from their beginning", dir)}
	}
	if begins == "mle" && o.config.Model != "mle" {
		return nil, &config.Error{Msg: fmt.Sprintf("train: run %s is of --model %s; --model mle begins with a run of --model mle", dir, o.config.Model)}
	}
	if o.layer, err = model.Settings(o.run); err != nil {
		return nil, err
	}
	for _, which := range []string{rundir.Last, rundir.Best} {
		var s stand
		if o.ck, err = o.run.LoadCheckpoint(which); err == nil {
			s, o.state, err = standOf(o.ck, o.vocab)
		}
		if err == nil {
			err = json.Unmarshal(o.state["lr_decays"], &o.decays)
		}
		if err != nil {
			return nil, fmt.Errorf("train: warm start: %w", err)
		}
		if s.Phase == Done {
			break
		}
	}
	return o, nil
}

// What the weights fix, and what an option says of the text.
var (
	fixed = []string{"backwards", "tokenizer", "tokenizer-file", "case", "vocab-size", "min-count", "cell", "emb", "hidden", "slots", "heads", "layers", "tie", "generator",
		"latent", "latent-dim", "latent-categories", "learned-prior", "enc-hidden", "bidirectional"}
	ofText  = []string{"format", "field", "max-line-bytes", "max-bytes", "corpus-lines", "oracle", "split-seed", "valid", "valid-fraction", "max-len", "truncate"}
	ofWords = []string{"vocab-size", "min-count"}                                              // free where words are added
	ofSteps = []string{"seed", "dropout", "batch", "bucket", "normalize", "lr", "lr-schedule"} // of likelihood training, which goes on between adversarial steps
)

// Inherit resolves the options of a run that begins with the one in dir. The
// layers are what was given, the strongest first. What they leave open is taken
// from the run: all that its weights fix, its text, and the settings of its
// likelihood steps; for a GAN, whose training goes on from where that has ended,
// with the step size that it ended with. It is an error if they contradict the weights.
func Inherit(dir string, layers ...model.Layer) (Config, error) {
	begins := Options.Defaults().Model
	if given := find("model", layers); given != nil {
		begins = given.Text
	}
	o, err := openSource(dir, begins)
	if err != nil {
		return Config{}, err
	}
	fixed := fixed
	if given := find("warm-vocab", layers); given != nil && given.Text == "extend" {
		fixed = slices.DeleteFunc(slices.Clone(fixed), func(name string) bool { return slices.Contains(ofWords, name) })
	}
	own := config.Layer{}
	take := func(names ...string) {
		for _, name := range names {
			if given, ok := o.layer[name]; ok && own[name].Text == "" {
				own[name] = given
			}
		}
	}
	set := func(name, value string) { own[name] = config.Given{Text: value, Quote: name + " " + value} }
	if begins == "gan" {
		set("mle-steps", "0")
		set("generator", map[string]string{"mle": "lm", "vae": "vae"}[o.config.Model])
		set("lr", fmt.Sprint(o.config.rate(o.config.MLESteps, o.decays)))
		set("lr-schedule", "constant")
	}
	for _, option := range Options.Options {
		if option.Group == "vae" && o.config.idle()["vae"] == "" {
			take(option.Name)
		}
	}
	take(fixed...)
	take(ofSteps...)
	text := find("corpus", layers)
	if text == nil {
		if o.config.Corpus == "-" {
			return Config{}, &config.Error{Msg: fmt.Sprintf("train: run %s has read its text from standard input; give --corpus FILE", dir)}
		}
		take("corpus")
		take(ofText...)
	}
	for _, name := range fixed {
		fixes, ok := own[name]
		if given := find(name, layers); ok && given != nil && !same(name, *given, fixes) {
			return Config{}, &config.Error{Msg: fmt.Sprintf("train: %s: run %s has %s %s, and its weights fix that; drop this", given.Quote, dir, name, own[name].Text)}
		}
	}
	return Options.Resolve(append(slices.Clone(layers), own)...)
}

// find is the strongest value of an option that was given.
func find(name string, layers []config.Layer) *config.Given {
	for _, l := range layers {
		if g, ok := l[name]; ok {
			return &g
		}
	}
	return nil
}

// same reports whether two texts are one value of an option. A text that is no
// value is another one.
func same(name string, a, b config.Given) bool {
	x, errX := Options.Resolve(config.Layer{name: a})
	y, errY := Options.Resolve(config.Layer{name: b})
	return errX == nil && errY == nil && reflect.DeepEqual(x, y)
}

// checkText refuses to hold out lines that the source has learnt.
func (o *source) checkText(c Config, d *model.Data) error {
	was := o.config
	if corpus, err := corpora.Absolute(c.Corpus); err != nil || c.Valid != "" || corpus != was.Corpus && c.Corpus != was.Corpus {
		return nil
	}
	if !d.IsTextOf(o.run, was.Config, c.Config) || c.Truncate != was.Truncate {
		return &config.Error{Msg: fmt.Sprintf("train: lines of %s would be held out that run %s has learnt; give --valid FILE, or keep the text, --split-seed and --valid-fraction of that run", c.Corpus, o.run.Dir)}
	}
	return nil
}

// give copies the weights of the source into a new trainer, and for a GAN the optimiser
// and position of its likelihood training.
func (o *source) give(t *Trainer) error {
	arch := func(c Config) generator.Architecture {
		c.Dropout, c.MaxLen = 0, 0 // may differ
		return c.Architecture(o.vocab.Size())
	}
	if arch(t.Config) != arch(o.config) {
		return fmt.Errorf("train: the generator is not that of run %s, with whose weights it is to begin", o.run.Dir)
	}
	if t.Config.Model == "mle" {
		return o.plant(t.fit.Saved().Weights)
	}
	s := t.fit.Saved()
	s.Numbers = append(s.Numbers, t.common.place())
	return s.read(o.run, o.ck, o.state)
}

// plant copies the weights of the source into those of a model that may know more words:
// what is of these stays as it is.
func (o *source) plant(weights nn.Params) error {
	m, err := o.config.Architecture(o.vocab.Size()).New(o.config.Seed)
	if err != nil {
		return err
	}
	path, err := o.ck.Path(model.WeightsFile)
	if err != nil {
		return err
	}
	was := nn.Params(m.Params())
	if err := was.ReadFile(path); err != nil {
		return err
	}
	for i, p := range weights {
		if err := p.SetPart(was[i]); err != nil {
			return err
		}
	}
	return nil
}

// fewUnknown is the share of tokens that a text may have unknown beyond what the held-out
// lines of the source have, for its vocabulary to be kept unasked.
const fewUnknown = 0.01

// checkWords refuses a text that is foreign to the source's vocabulary, unless it was said
// what is to become of that.
func (o *source) checkWords(c Config, d *model.Data) error {
	if c.Model != "mle" || c.WarmVocab != "auto" {
		return nil
	}
	share, err := d.Unknown()
	if err != nil {
		return err
	}
	own, err := model.HeldOutUnknown(o.run, o.vocab)
	if err != nil || share <= own+fewUnknown {
		return err
	}
	return &config.Error{Msg: fmt.Sprintf("train: run %s does not know %.1f %% of the tokens of %s (of its own held-out lines %.1f %%); --warm-vocab extend gives their words weights of their own, keep reads them as <unk>",
		o.run.Dir, 100*share, c.Corpus, 100*own)}
}

// manifest says where the weights of t come from.
func (o *source) manifest(t *Trainer) *rundir.WarmStart {
	m := &rundir.WarmStart{Run: o.run.Dir, Model: o.config.Model, Step: o.ck.Step, Corpus: o.run.Manifest.Corpus}
	if t.Config.Model == "mle" {
		m.Vocab, m.NewWords = "keep", t.Data.Vocab.Size()-o.vocab.Size()
		if t.Config.WarmVocab == "extend" {
			m.Vocab = "extend"
		}
	}
	return m
}

// begin records what a warm start begins with, as the end of the likelihood
// training that it stands for, and enters the first phase that has steps.
func (t *Trainer) begin() error {
	if t.Config.WarmStart == "" || t.Step > 0 || t.best.Scored || t.phase == len(t.phases) || t.phases[t.phase] != Phase(t.fit) {
		if !t.owed {
			t.enter()
		}
		return nil
	}
	improved, err := t.evaluate()
	if errors.Is(err, ErrInterrupted) {
		return cmp.Or(t.save(false), err)
	}
	if err != nil {
		return err
	}
	t.enter()
	return t.save(improved)
}
