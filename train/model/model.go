package model

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/jsonerr"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Files of a checkpoint that a finished model is read from.
const (
	WeightsFile = "weights.safetensors"
	StateFile   = "state.json"
)

// Layer is what one source says of options, by their names: Given{Text: "0.1"} is
// the value as it is written.
type (
	Layer = config.Layer
	Given = config.Given
)

// Settings reads all settings of a run, as its config.toml has them.
func Settings(r *rundir.Run) (Layer, error) {
	path := r.Path(rundir.ConfigFile)
	content, err := r.Settings()
	if err != nil {
		return nil, err
	}
	layer, err := config.Parse(path, content)
	if err != nil {
		return nil, err
	}
	if _, ok := layer["split-seed"]; !ok { // a run of textgan 0.1, which had one seed for all
		if seed, ok := layer["seed"]; ok {
			layer["split-seed"] = seed
		}
	}
	if _, ok := layer["normalize"]; !ok { // a run from before there was a choice
		layer["normalize"] = config.Given{Text: "batch", Quote: "normalize batch"}
	}
	if _, ok := layer["lr-schedule"]; !ok { // likewise
		layer["lr-schedule"] = config.Given{Text: "constant", Quote: "lr-schedule constant"}
	}
	// Where a whole project has moved, the names as they were given still lead
	// from the same working directory to the same files.
	here := func(name, given string) {
		if v := layer[name]; filepath.IsAbs(v.Text) && !exists(v.Text) && exists(given) {
			v.Text = given
			layer[name] = v
		}
	}
	here("corpus", r.Manifest.Corpus.Name)
	here("oracle", r.Manifest.Corpus.Oracle)
	if v := r.Manifest.Valid; v != nil {
		here("valid", v.Name)
	}
	if w := r.Manifest.WarmStart; w != nil {
		here("warm-start", w.Run)
	}
	return layer, nil
}

// exists reports whether a path, or every part of the name of a corpus, is there.
func exists(name string) bool {
	if _, err := os.Stat(name); err == nil {
		return true
	}
	_, err := corpora.Files(name)
	return err == nil
}

// Vocabulary reads the vocabulary of a run.
func Vocabulary(r *rundir.Run, c Config) (*vocab.Vocab, error) {
	content, err := r.ReadFile(rundir.VocabFile)
	if err != nil {
		return nil, err
	}
	v, err := vocab.Load(bytes.NewReader(content))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path(rundir.VocabFile), err)
	}
	if c.Backwards {
		v = v.Backwards()
	}
	return v, nil
}

// ReadState reads the numbers of a checkpoint by name. It is an error if the
// checkpoint was not made with the vocabulary v.
func ReadState(c *rundir.Checkpoint, v *vocab.Vocab) (state map[string]json.RawMessage, err error) {
	path, err := c.Path(StateFile)
	if err != nil {
		return nil, err
	}
	b, err := c.ReadFile(StateFile)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(b, &state); err != nil {
		return nil, fmt.Errorf("model: %s: %w", path, jsonerr.Plain(err, "the file"))
	}
	var hash string
	if err := json.Unmarshal(state["vocab"], &hash); err != nil || hash != v.Hash() {
		return nil, fmt.Errorf("model: %s was made with another vocabulary than the run's %s; put that file back", path, rundir.VocabFile)
	}
	return state, nil
}

// Model is a trained generator with all that is needed to use it.
type Model struct {
	Config    Config
	Vocab     *vocab.Vocab
	Generator generator.Model
	Step      int // of the checkpoint
	Manifest  rundir.Manifest

	run      *rundir.Run  // nil if it was never one on disk
	settings config.Layer // all of its run
}

// Dir is the directory or file of its run; "" if it was never one on disk.
func (m *Model) Dir() string {
	if m.run == nil {
		return ""
	}
	return m.run.Dir
}

// Load reads the generator of a run. which is "last", "best" (by the metric that the run
// has chosen; the validation NLL, unless it says otherwise) or the number of a step.
func Load(dir, which string) (*Model, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	layer, err := Settings(r)
	if err != nil {
		return nil, err
	}
	c, err := options.Resolve(options.Own(layer))
	if err != nil {
		return nil, err
	}
	v, err := Vocabulary(r, c)
	if err != nil {
		return nil, err
	}
	if err := c.checkMemory(v.Size()); err != nil {
		return nil, fmt.Errorf("model: run %s: %w", dir, err)
	}
	m := &Model{Config: c, Vocab: v, Manifest: r.Manifest, run: r, settings: layer}
	if m.Generator, err = c.Architecture(v.Size()).New(c.Seed); err != nil {
		return nil, err
	}
	ck, err := r.ReadCheckpoint(which, func(ck *rundir.Checkpoint) error {
		if _, err := ReadState(ck, v); err != nil {
			return err
		}
		return ck.ReadAt(WeightsFile, m.Generator.Params().Read)
	})
	if err != nil {
		return nil, err
	}
	m.Step = ck.Step
	return m, nil
}

// NLLAs is NLL of the model at another temperature or precision. Of a VAE there is none
// (generator.ErrBounded).
func (m *Model) NLLAs(lines []string, o generator.ScoreOptions) (generator.Tally, error) {
	ids, T, err := m.sentences(lines)
	if err != nil {
		return generator.Tally{}, err
	}
	s, err := m.Generator.Scorer(o)
	if err != nil {
		return generator.Tally{}, err
	}
	return generator.NLL(s, ids, rowsAtOnce(len(ids), T))
}

// NLL adds up the negative log-likelihood of lines, each with its end of
// sentence, or its bound; see generator.Model.
func (m *Model) NLL(lines []string) (generator.Tally, error) {
	ids, T, err := m.sentences(lines)
	if err != nil {
		return generator.Tally{}, err
	}
	return m.Generator.NLL(ids, rowsAtOnce(len(ids), T), T, m.Config.Seed)
}

// rowsAtOnce is how many of n sentences of up to T tokens are scored or encoded
// at once: 64, or fewer if they are so long that memory would suffer.
func rowsAtOnce(n, T int) int { return max(1, min(64, n, (1<<15)/T)) }

// sentences are lines as ids, and the longest of them in tokens with its end.
func (m *Model) sentences(lines []string) (ids [][]int32, T int, err error) {
	ids, err = m.Vocab.EncodeAll(lines, vocab.EncodeOptions{})
	for _, s := range ids {
		T = max(T, len(s)+1)
	}
	return ids, max(T, 1), err
}

// SameButForSeed reports whether two runs were made with equal settings, up to the seed
// of training. Runs that they begin with or take a model of (--warm-start, --back-run) have
// to be the same up to their seeds too; where one of those is gone, its path stands for it.
func (m *Model) SameButForSeed(other *Model) bool {
	a, _ := likeness(m.settings, deepest)
	b, _ := likeness(other.settings, deepest)
	return maps.Equal(a, b)
}

// Settings are those of the model's run, all of them.
func (m *Model) Settings() Layer { return m.settings }

// Seeds are the seed of the run and those of the runs that it begins with or takes a model
// of, as far as they are still there: all that runs which are SameButForSeed differ in.
func (m *Model) Seeds() []string {
	_, seeds := likeness(m.settings, deepest)
	return seeds
}

// deepest is how many runs behind a run are looked at: one more than there can be reason
// for, so that settings which somebody has made name each other in a ring come to an end.
const deepest = 8

// likeness is what the settings of a run say apart from seeds: the settings of a run that
// they name stand in its place. seeds are what is left out.
func likeness(l Layer, deep int) (values map[string]string, seeds []string) {
	values = map[string]string{}
	for name, v := range l {
		values[name] = v.Text
	}
	seeds = append(seeds, values["seed"])
	delete(values, "seed")
	for _, name := range []string{"warm-start", "back-run"} {
		if values[name] == "" || deep == 0 {
			continue
		}
		r, err := rundir.Open(values[name])
		if err != nil {
			continue
		}
		base, err := Settings(r)
		if err != nil {
			continue
		}
		like, more := likeness(base, deep-1)
		values[name], seeds = fmt.Sprintf("%q", like), append(seeds, more...)
		if name == "warm-start" && values["model"] == "gan" && inherited(values["lr"], base) {
			delete(values, "lr")
		}
	}
	return values, seeds
}

// LastRate is where a step size that falls ends, as a share of where it begins.
const LastRate = 0.02

// inherited reports whether a game has its step size of likelihood steps from the run that
// it began with, which has cut its own so many times as its seed would have it.
func inherited(lr string, base Layer) bool {
	rate, err := strconv.ParseFloat(lr, 64)
	from, err2 := strconv.ParseFloat(base["lr"].Text, 64)
	cut, err3 := strconv.ParseFloat(base["lr-decay"].Text, 64)
	if errors.Join(err, err2, err3) != nil {
		return false
	}
	if base["lr-schedule"].Text != "constant" {
		from *= LastRate
	}
	for n := range 1000 {
		if now := from * math.Pow(cut, float64(n)); math.Abs(now-rate) <= 1e-9*now {
			return true
		}
	}
	return false
}

// Pack writes the model as a single file, from which Load and package finished read
// it: settings, vocabulary, manifest and weights, the directories of its run that
// dirs names, such as that of a critic, and what more names.
func (m *Model) Pack(w io.Writer, more map[string][]byte, dirs ...string) error {
	if m.run == nil {
		return errors.New("model: a model that was never a run")
	}
	ck, err := m.run.LoadCheckpoint(strconv.Itoa(m.Step))
	if err != nil {
		return err
	}
	return m.run.Pack(w, ck, rundir.PackOptions{Checkpoint: []string{WeightsFile, StateFile}, Dirs: dirs, More: more})
}

// ReadFile returns the content of a file of the model's run.
func (m *Model) ReadFile(name string) ([]byte, error) {
	if m.run == nil {
		return nil, errors.New("model: a model that was never a run")
	}
	return m.run.ReadFile(name)
}
