package train

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"textgan/generator"
	"textgan/internal/config"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Options is the table of a run's settings: flags, environment, TOML, defaults.
var Options = config.New[Config]()

// Start begins a run in dir, which must be new or empty: it prepares the data,
// makes the networks and records both. stdin serves the corpus "-"; start is
// what the manifest says of this program.
func Start(c Config, dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	if err := c.Check(); err != nil {
		return nil, nil, err
	}
	d, err := Prepare(c, nil, stdin)
	if err != nil {
		return nil, nil, err
	}
	c.MaxLen = d.MaxT - 1 // what was found out counts as said from here on
	t, err := New(c, d)
	if err != nil {
		return nil, nil, err
	}
	var v bytes.Buffer
	if err := d.Vocab.Save(&v); err != nil {
		return nil, nil, err
	}
	w, err := rundir.Create(dir, rundir.Content{Config: Options.TOML(c), Vocab: v.Bytes(), Manifest: rundir.Manifest{
		Model: c.Model, Seed: c.Seed, Corpus: rundir.Corpus{Name: c.Corpus, SHA256: d.SHA256, Lines: len(d.Corpus.Lines) + len(d.Valid.Lines)},
	}}, start, rundir.Options{Keep: c.Keep})
	if err != nil {
		return nil, nil, err
	}
	return t, w, t.Attach(w, nil)
}

// Resume goes on with the run in dir from its last checkpoint, under the
// configuration that it was started with.
func Resume(dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	c, v, err := describe(r)
	if err != nil {
		return nil, nil, err
	}
	d, err := Prepare(c, v, stdin)
	if err != nil {
		return nil, nil, err
	}
	if d.SHA256 != r.Manifest.Corpus.SHA256 {
		return nil, nil, fmt.Errorf("train: %s is not the text that run %s was started with (its checksum differs); put the old text back, or start a new run", c.Corpus, dir)
	}
	t, err := New(c, d)
	if err != nil {
		return nil, nil, err
	}
	w, checkpoint, err := rundir.Resume(dir, start, rundir.Options{Keep: c.Keep})
	if err != nil {
		return nil, nil, err
	}
	if err := t.Attach(w, checkpoint); err != nil {
		return nil, nil, errors.Join(err, w.Close())
	}
	return t, w, nil
}

// describe reads what a run was started with.
func describe(r *rundir.Run) (Config, *vocab.Vocab, error) {
	path := r.Path(rundir.ConfigFile)
	content, err := os.ReadFile(path)
	if err != nil {
		return Config{}, nil, fmt.Errorf("train: %w", err)
	}
	layer, err := Options.File(path, content)
	if err != nil {
		return Config{}, nil, err
	}
	c, err := Options.Resolve(layer)
	if err != nil {
		return Config{}, nil, err
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
	return c, v, nil
}

// Model is a trained generator with all that is needed to use it.
type Model struct {
	Config    Config
	Vocab     *vocab.Vocab
	Generator *generator.Generator
	Step      int // of the checkpoint
	Manifest  rundir.Manifest
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
	g, err := generator.New(c.Generator(v.Size()), c.Seed)
	if err != nil {
		return nil, err
	}
	if _, err := readState(ck, v); err != nil {
		return nil, err
	}
	path, err := ck.Path(weightsFile)
	if err != nil {
		return nil, err
	}
	if err := readParams(path, g.Params()); err != nil {
		return nil, err
	}
	return &Model{Config: c, Vocab: v, Generator: g, Step: ck.Step, Manifest: r.Manifest}, nil
}

// Score adds up the negative log-likelihood of lines, each with its end of
// sentence.
func (m *Model) Score(lines []string) (generator.Tally, error) {
	ids, err := m.Vocab.EncodeAll(lines, vocab.EncodeOptions{})
	if err != nil {
		return generator.Tally{}, err
	}
	T := 1
	for _, s := range ids {
		T = max(T, len(s)+1)
	}
	l, err := m.Generator.Likelihood(generator.LikelihoodOptions{B: max(1, min(64, len(ids))), T: T})
	if err != nil {
		return generator.Tally{}, err
	}
	defer l.Close()
	return l.NLL(ids)
}
