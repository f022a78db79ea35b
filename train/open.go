package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/nn"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Options is the table of a run's settings: flags, environment, TOML, defaults.
var Options = config.New[Config]()

// Start begins a run in dir, which must be new or empty: it prepares the data,
// makes the networks, which a warm start gives the weights of another run (see
// Inherit), and records both. stdin serves the corpus "-"; start is what the
// manifest says of this program.
func Start(c Config, dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	if err := c.Check(); err != nil {
		return nil, nil, err
	}
	var from *origin
	var words *vocab.Vocab
	if c.WarmStart != "" {
		var err error
		if from, err = openOrigin(c.WarmStart); err != nil {
			return nil, nil, err
		}
		words = from.vocab
	}
	d, err := readText(c, stdin)
	if err == nil && from != nil && from.sameText(c, d) {
		err = d.divideAs(from.run, c)
	} else if err == nil {
		err = d.divide(c)
	}
	if err == nil {
		err = d.encode(c, words)
	}
	if err != nil {
		return nil, nil, err
	}
	heldOut := strings.Join(d.Valid.Lines, "\n") + "\n"
	c.MaxLen, c.Case = d.MaxT-1, d.Vocab.Tokenizer().Case() // what was found out counts as said from here on
	t, err := New(c, d)
	if err != nil {
		return nil, nil, err
	}
	// Another working directory must find the files too.
	given := c
	for _, path := range []*string{&c.Corpus, &c.Valid, &c.WarmStart} {
		if *path, err = absolute(*path); err != nil {
			return nil, nil, err
		}
	}
	m := rundir.Manifest{Model: c.Model, Seed: c.Seed, Corpus: rundir.Corpus{Name: given.Corpus, SHA256: d.SHA256, Lines: len(d.Corpus.Lines)}}
	if from != nil {
		if err := from.checkText(c, d); err != nil {
			return nil, nil, err
		}
		if err := from.hand(t); err != nil {
			return nil, nil, err
		}
		m.WarmStart = from.manifest()
	}
	var v bytes.Buffer
	if err := d.Vocab.Save(&v); err != nil {
		return nil, nil, err
	}
	m.HeldOut = &rundir.Corpus{Name: rundir.HeldOutFile, SHA256: d.Valid.SHA256, Lines: len(d.Valid.Lines)}
	if c.Valid != "" {
		m.Valid = &rundir.Corpus{Name: given.Valid, SHA256: d.Valid.SHA256, Lines: len(d.Valid.Lines)}
	} else {
		m.Corpus.Lines += len(d.Valid.Lines)
	}
	w, err := rundir.Create(dir, rundir.Content{Config: Options.TOML(c), Vocab: v.Bytes(), HeldOut: []byte(heldOut), Manifest: m}, start, rundir.Options{Keep: c.Keep})
	if err != nil {
		return nil, nil, err
	}
	return t, w, t.Attach(w, nil)
}

// absolute is the absolute path of a file; "", "-" and builtin:NAME are none.
func absolute(path string) (string, error) {
	if path == "" || path == "-" || strings.HasPrefix(path, "builtin:") {
		return path, nil
	}
	return filepath.Abs(path)
}

// Resume goes on with the run in dir from its last checkpoint, under the
// configuration that it was started with.
func Resume(dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	t, err := reopen(r, stdin)
	if err != nil {
		return nil, nil, err
	}
	if ck, err := r.LoadCheckpoint(rundir.Last); err == nil { // before anything is written
		if _, err := readState(ck, t.Data.Vocab); err != nil {
			return nil, nil, err
		}
	}
	w, checkpoint, err := rundir.Resume(dir, start, rundir.Options{Keep: t.Keep})
	if err != nil {
		return nil, nil, err
	}
	err = t.Attach(w, checkpoint)
	if err == nil && checkpoint == nil && t.WarmStart != "" { // stopped before the first step
		var from *origin
		if from, err = openOrigin(t.WarmStart); err == nil {
			err = from.hand(t)
		}
	}
	if err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	return t, w, nil
}

// reopen makes the trainer of a run as it was at step 0, on the same text.
func reopen(r *rundir.Run, stdin io.Reader) (*Trainer, error) {
	c, v, err := describe(r)
	if err != nil {
		return nil, err
	}
	d, err := textOf(r, c, stdin)
	if err != nil {
		return nil, err
	}
	if err := d.encode(c, v); err != nil {
		return nil, err
	}
	return New(c, d)
}

// textOf opens the text of a run and holds out what the run has. It is an error
// if the text has changed since.
func textOf(r *rundir.Run, c Config, stdin io.Reader) (*Data, error) {
	needed := c
	if r.Manifest.HeldOut != nil {
		needed.Valid = "" // it is in the run
	}
	d, err := readText(needed, stdin)
	if err != nil {
		return nil, err
	}
	changed := func(name string) error {
		return fmt.Errorf("train: %s is not the text that run %s was started with (its checksum differs); put the old text back, or start a new run", name, r.Dir)
	}
	if d.SHA256 != r.Manifest.Corpus.SHA256 {
		return nil, changed(c.Corpus)
	}
	if v := r.Manifest.Valid; v != nil && d.Valid != nil && d.Valid.SHA256 != v.SHA256 {
		return nil, changed(c.Valid)
	}
	return d, d.divideAs(r, c)
}

// describe reads what a run was started with.
func describe(r *rundir.Run) (Config, *vocab.Vocab, error) {
	path := r.Path(rundir.ConfigFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("train: %w", err)
	}
	layer, err := settings(path, content)
	if err != nil {
		return Config{}, nil, err
	}
	c, err := Options.Resolve(layer)
	if err != nil {
		return Config{}, nil, err
	}
	// Where a whole project has moved, the names as they were given still lead
	// from the same working directory to the same files.
	c.Corpus = orHere(c.Corpus, r.Manifest.Corpus.Name)
	if v := r.Manifest.Valid; v != nil {
		c.Valid = orHere(c.Valid, v.Name)
	}
	if w := r.Manifest.WarmStart; w != nil {
		c.WarmStart = orHere(c.WarmStart, w.Run)
	}
	f, err := os.Open(r.Path(rundir.VocabFile))
	if err != nil {
		return Config{}, nil, fmt.Errorf("train: %w", err)
	}
	defer f.Close()
	v, err := vocab.Load(f)
	if err != nil {
		return Config{}, nil, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if c.Backwards {
		v = v.Backwards()
	}
	return c, v, nil
}

// orHere is path, or the name that it was given by if there is nothing at path.
func orHere(path, given string) string {
	if _, err := os.Stat(path); filepath.IsAbs(path) && err != nil {
		if _, err := os.Stat(given); err == nil {
			return given
		}
	}
	return path
}

// settings reads the config.toml of a run.
func settings(path string, content []byte) (config.Layer, error) {
	layer, err := Options.File(path, content)
	if err != nil {
		return nil, err
	}
	if _, ok := layer["split-seed"]; !ok { // a run of textgan 0.1, which had one seed for all
		if seed, ok := layer["seed"]; ok {
			layer["split-seed"] = seed
		}
	}
	return layer, nil
}

// Model is a trained generator with all that is needed to use it.
type Model struct {
	Config    Config
	Vocab     *vocab.Vocab
	Generator *generator.Generator
	VAE       *generator.VAE // nil unless the model is one; then Generator is its decoder
	Step      int            // of the checkpoint
	Manifest  rundir.Manifest

	run *rundir.Run // nil if it was never one on disk
}

// Load reads the generator of a run. which is "last", "best" (the lowest
// validation NLL) or the number of a step.
func Load(dir, which string) (*Model, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	c, v, err := describe(r)
	if err != nil {
		return nil, err
	}
	ck, err := r.LoadCheckpoint(which)
	if err != nil {
		return nil, err
	}
	m := &Model{Config: c, Vocab: v, Step: ck.Step, Manifest: r.Manifest, run: r}
	var weights nn.Params
	if c.HasVAE() {
		if m.VAE, err = generator.NewVAE(c.VAE(v.Size()), c.Seed); err != nil {
			return nil, err
		}
		m.Generator, weights = m.VAE.Decoder(), m.VAE.Params()
	} else {
		if m.Generator, err = generator.New(c.Generator(v.Size()), c.Seed); err != nil {
			return nil, err
		}
		weights = m.Generator.Params()
	}
	if _, err := readState(ck, v); err != nil {
		return nil, err
	}
	path, err := ck.Path(weightsFile)
	if err != nil {
		return nil, err
	}
	if err := weights.ReadFile(path); err != nil {
		return nil, err
	}
	return m, nil
}

// Weights are those of the generator, or of the whole VAE.
func (m *Model) Weights() nn.Params {
	if m.VAE != nil {
		return m.VAE.Params()
	}
	return m.Generator.Params()
}

// NewSampler returns a sampler of the model: of a VAE, by codes of its prior.
func (m *Model) NewSampler(o generator.SampleOptions) (*generator.Sampler, error) {
	if m.VAE != nil {
		return m.VAE.NewSampler(o)
	}
	return m.Generator.NewSampler(o)
}

// Score adds up the negative log-likelihood of lines, each with its end of
// sentence. Of a VAE, whose likelihood cannot be computed, it is the importance-
// weighted bound with ten draws; see ScoreBound.
func (m *Model) Score(lines []string) (generator.Tally, error) {
	if m.VAE != nil {
		t, err := m.ScoreBound(lines, boundDraws, m.Config.Seed)
		return t.Tally(), err
	}
	ids, T, err := m.sentences(lines)
	if err != nil {
		return generator.Tally{}, err
	}
	l, err := m.Generator.Likelihood(generator.LikelihoodOptions{B: evalRows(len(ids), T), T: T})
	if err != nil {
		return generator.Tally{}, err
	}
	defer l.Close()
	return l.NLL(ids)
}
