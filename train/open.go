package train

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Options is the table of a run's settings: flags, environment, TOML, defaults.
var Options = func() *config.Set[Config] {
	_, _, _ = metrics, losses, Presets // the choices of some, which have to be there first
	return config.New[Config]()
}()

// Start begins a run in dir, which must be new or empty: it prepares the data,
// makes the networks, which a warm start gives the weights of another run (see
// Inherit), and records both. Writer.Note says what of c the text does not allow.
// stdin serves the corpus "-"; start is what the manifest says of this program.
func Start(c Config, dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	t, content, err := prepare(c, stdin)
	if err != nil {
		return nil, nil, err
	}
	w, err := rundir.Create(dir, *content, start, rundir.Options{Keep: c.Keep})
	if err != nil {
		return nil, nil, err
	}
	t.run, w.Note = w, t.note
	return t, w, nil
}

// prepare is Start but for the directory, and what that is to hold.
func prepare(c Config, stdin io.Reader) (*Trainer, *rundir.Content, error) {
	if err := c.Check(); err != nil {
		return nil, nil, &config.Error{Msg: err.Error()}
	}
	var from *source
	var d *model.Data
	var err error
	if c.WarmStart != "" {
		if from, err = openSource(c.WarmStart, c.Model); err != nil {
			return nil, nil, err
		}
		d, err = model.PrepareLike(from.run, from.config.Config, c.Config, from.vocab, c.Model == "mle" && c.WarmVocab == "extend", stdin)
		if err == nil {
			err = from.checkWords(c, d)
		}
	} else {
		d, err = model.Prepare(c.Config, nil, stdin)
	}
	if err != nil {
		return nil, nil, err
	}
	c = c.forText(len(d.Train))
	heldOut := strings.Join(d.Valid.Lines, "\n") + "\n"
	tok := d.Vocab.Tokenizer()
	c.MaxLen, c.Tokenizer, c.Case = d.MaxT-1, tok.Name(), tok.Case() // recorded as if they had been given
	note := ""
	if c.CoopRounds > 0 && len(d.Held) < leastHeld {
		c.CoopRounds = 0
		note = fmt.Sprintf("no cooperative rounds: a critic cannot be judged on %d held-out line; ", len(d.Held))
		if c.Valid != "" {
			note += "give a longer text as --valid"
		} else {
			note += "hold out more by --valid-fraction"
		}
	}
	var back *generator.Generator
	if c.BackRun != "" {
		if back, err = openBackwards(&c, d); err != nil {
			return nil, nil, err
		}
	}
	t, err := newTrainer(c, d)
	if err != nil {
		return nil, nil, err
	}
	t.note = note
	if back != nil {
		if err := t.take(back); err != nil {
			return nil, nil, err
		}
	}
	given := c
	if err := c.absolute(); err != nil {
		return nil, nil, err
	}
	m := rundir.Manifest{Model: c.Model, Preset: string(c.Preset), Seed: c.Seed, Precision: c.Precision, Best: string(c.Best), Parts: c.Accumulate, Corpus: rundir.Corpus{Name: given.Corpus, Oracle: given.Oracle, SHA256: d.SHA256, Lines: d.Learnt.Lines}}
	if from != nil {
		if err := from.checkText(c, d); err != nil {
			return nil, nil, err
		}
		if err := from.give(t); err != nil {
			return nil, nil, err
		}
		m.WarmStart = from.manifest(t)
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
	return t, &rundir.Content{Config: c.toml(), Vocab: v.Bytes(), HeldOut: []byte(heldOut), Manifest: m}, nil
}

// absolute makes the paths such that another working directory finds the files too.
func (c *Config) absolute() (err error) {
	for _, path := range []*string{&c.Corpus, &c.Valid, &c.Oracle, &c.WarmStart, &c.BackRun, &c.TokenizerFile} {
		if *path, err = corpora.Absolute(*path); err != nil {
			return err
		}
	}
	return nil
}

// Resume goes on with the run in dir from its last checkpoint, under the
// configuration that it was started with.
func Resume(dir string, stdin io.Reader, start rundir.Start) (*Trainer, *rundir.Writer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, nil, err
	}
	if err := r.CheckWhole(); err != nil {
		return nil, nil, err
	}
	t, err := reopen(r, stdin)
	if err != nil {
		return nil, nil, err
	}
	w, ck, err := rundir.Resume(dir, start, rundir.Options{Keep: t.Config.Keep}, func(ck *rundir.Checkpoint) error {
		if ck != nil {
			return t.restore(r, ck)
		}
		// else stopped before the first step
		if c := t.Config; c.BackRun != "" {
			back, err := openBackwards(&c, t.Data)
			if err == nil {
				err = t.take(back)
			}
			if err != nil {
				return err
			}
		}
		if t.Config.WarmStart == "" {
			return nil
		}
		from, err := openSource(t.Config.WarmStart, t.Config.Model)
		if err != nil {
			return err
		}
		return from.give(t)
	})
	if err == nil && ck != nil {
		if err = w.MendBest(bestOf(&w.Run, ck)); err != nil {
			err = errors.Join(err, w.Close())
		}
	}
	if err != nil {
		return nil, nil, err
	}
	t.run = w
	return t, w, nil
}

// Open makes the trainer of the run in dir as it was at a checkpoint, "last",
// "best" or the number of a step. Nothing is written. stdin serves the corpus "-".
func Open(dir, which string, stdin io.Reader) (*Trainer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	t, err := reopen(r, stdin)
	if err != nil {
		return nil, err
	}
	if _, err := r.ReadCheckpoint(which, func(ck *rundir.Checkpoint) error { return t.restore(r, ck) }); err != nil {
		return nil, err
	}
	return t, nil
}

// reopen makes the trainer of a run as it was at step 0, on the same text.
func reopen(r *rundir.Run, stdin io.Reader) (*Trainer, error) {
	c, v, err := describe(r)
	if err != nil {
		return nil, err
	}
	return reopenAs(r, c, v, stdin)
}

// reopenAs is reopen under settings and with a vocabulary that were read already.
func reopenAs(r *rundir.Run, c Config, v *vocab.Vocab, stdin io.Reader) (*Trainer, error) {
	if p := cmp.Or(r.Manifest.Precision, "float32"); p != c.Precision {
		return nil, fmt.Errorf("train: %s: the run was started with --precision %s, and %s now says %s; put it back", r.Dir, p, rundir.ConfigFile, c.Precision)
	}
	if n := max(1, r.Manifest.Parts); n != c.Accumulate {
		return nil, fmt.Errorf("train: %s: the run was started with --accumulate %d, and %s now says %d; put it back", r.Dir, n, rundir.ConfigFile, c.Accumulate)
	}
	if m := r.Manifest; m.Model != c.Model || m.Seed != c.Seed {
		return nil, fmt.Errorf("train: %s: the run was started with --model %s --seed %d, and %s now says %s and %d; put it back", r.Dir, m.Model, m.Seed, rundir.ConfigFile, c.Model, c.Seed)
	}
	d, err := model.Reopen(r, c.Config, v, stdin)
	if err != nil {
		return nil, err
	}
	return New(c, d)
}

// toml is ConfigFile, without what does nothing.
func (c Config) toml() []byte { return Options.TOML(c, slices.Collect(maps.Keys(c.idle()))...) }

// describe reads what a run was started with.
func describe(r *rundir.Run) (Config, *vocab.Vocab, error) {
	layer, err := model.Settings(r)
	if err != nil {
		return Config{}, nil, err
	}
	c, err := Options.Resolve(layer)
	if err != nil {
		return Config{}, nil, err
	}
	v, err := model.Vocabulary(r, c.Config)
	return c, v, err
}
