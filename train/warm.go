package train

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// source is the run of --model mle or vae that a warm start begins with: its
// weights and optimisers as likelihood training has left them, or as they were
// at its best if it was never finished.
type source struct {
	run    *rundir.Run
	layer  config.Layer // its settings
	config Config
	vocab  *vocab.Vocab
	ck     *rundir.Checkpoint
	state  map[string]json.RawMessage
	decays int // times that it has cut its step size
}

func openSource(dir string) (*source, error) {
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
	if o.layer, err = model.Settings(o.run); err != nil {
		return nil, err
	}
	for _, which := range []string{rundir.Last, rundir.Best} {
		if o.ck, err = o.run.LoadCheckpoint(which); err == nil {
			o.state, err = model.ReadState(o.ck, o.vocab)
		}
		if err == nil {
			err = json.Unmarshal(o.state["lr_decays"], &o.decays)
		}
		if err != nil {
			return nil, fmt.Errorf("train: warm start: %w", err)
		}
		if string(o.state["phase"]) == strconv.Quote(Done) {
			break
		}
	}
	return o, nil
}

// What the weights fix, and what an option says of the text.
var (
	fixed = []string{"tokenizer", "tokenizer-file", "case", "vocab-size", "min-count", "cell", "emb", "hidden", "slots", "heads", "layers", "tie", "generator",
		"latent", "latent-dim", "latent-categories", "learned-prior", "enc-hidden", "bidirectional"}
	ofText  = []string{"format", "field", "max-line-bytes", "max-bytes", "corpus-lines", "oracle", "split-seed", "valid", "valid-fraction", "max-len", "truncate"}
	ofSteps = []string{"seed", "dropout", "batch", "bucket", "lr"} // of likelihood training, which goes on between adversarial steps
)

// Inherit resolves the options of a GAN that begins with the run in dir. The
// layers are what was given, the strongest first. What they leave open is taken
// from the run: all that its weights fix, its text, and the settings of its
// likelihood steps, with the step size that it ended with. It is an error if
// they contradict the weights.
func Inherit(dir string, layers ...model.Layer) (Config, error) {
	o, err := openSource(dir)
	if err != nil {
		return Config{}, err
	}
	rate := o.config.LR * math.Pow(o.config.LRDecay, float64(o.decays))
	own := config.Layer{"mle-steps": {Text: "0"}}
	take := func(names ...string) {
		for _, name := range names {
			if given, ok := o.layer[name]; ok && own[name].Text == "" {
				own[name] = given
			}
		}
	}
	set := func(name, value string) { own[name] = config.Given{Text: value, Quote: name + " " + value} }
	set("generator", map[string]string{"mle": "lm", "vae": "vae"}[o.config.Model])
	for _, option := range Options.Options {
		if option.Group == "vae" && o.config.idle()["vae"] == "" {
			take(option.Name)
		}
	}
	set("lr", fmt.Sprint(rate))
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

// give copies the weights, optimiser and position of the source's likelihood training
// into a new trainer.
func (o *source) give(t *Trainer) error {
	arch := func(c Config) generator.Architecture {
		c.Dropout = 0 // may differ
		return c.Architecture(o.vocab.Size())
	}
	if arch(t.Config) != arch(o.config) {
		return fmt.Errorf("train: the generator is not that of run %s, with whose weights it is to begin", o.run.Dir)
	}
	s := t.fit.Saved()
	s.Numbers = append(s.Numbers, t.place())
	return s.read(o.run, o.ck, o.state)
}

// manifest says where the weights come from.
func (o *source) manifest() *rundir.WarmStart {
	return &rundir.WarmStart{Run: o.run.Dir, Model: o.config.Model, Step: o.ck.Step, Corpus: o.run.Manifest.Corpus}
}

// begin records what a warm start begins with, as the end of the likelihood
// training that it stands for, and enters the first phase that has steps.
func (t *Trainer) begin() error {
	if t.Config.WarmStart == "" || t.Step > 0 || t.phase == len(t.phases) || t.phases[t.phase] != Phase(t.fit) {
		t.enter()
		return nil
	}
	improved, err := t.evaluate()
	if err != nil {
		return err
	}
	t.enter()
	return t.save(improved)
}
