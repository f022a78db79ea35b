package train

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"textgan/internal/jsonerr"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
)

// Files of a checkpoint, besides those of package model.
const (
	bestFile      = "best.safetensors"
	optimiserFile = "optimiser.safetensors"
)

// bestValue is the number of state.json that holds the best value of a metric other than
// the validation NLL.
const bestValue = "best_value"

// owedEvaluation is in state.json, as true, if the evaluation of the step was broken off.
const owedEvaluation = "evaluation_owed"

// saved is all that a run remembers. Together with the configuration it decides
// everything that follows.
func (t *Trainer) saved() Saved { return t.savedOf(t.phases) }

// savedOf is saved for some of the phases.
func (t *Trainer) savedOf(phases []Phase) Saved {
	s := Saved{Best: t.best.weights, Numbers: []Number{
		{"vocab", &kept[string]{t.Data.Vocab.Hash, func(string) error { return nil }}}, // of the weights
		{"phase", &kept[string]{t.Phase, t.setPhase}},
		{"step", &t.Step},
		{"since", &t.since},
		{"last_loss", &t.loss},
		{"scored", &t.best.Scored},
		{"best_nll", &t.best.NLL},
		{"worse", &t.best.Worse},
		{"lr_decays", &t.best.Decays},
		t.common.place(),
	}}
	if t.by.name != metrics[0].name {
		s.Numbers = append(s.Numbers, Number{bestValue, &t.best.Value})
	}
	s.check("step", func() string { return within(t.Step, math.MaxUint32) })
	s.check("since", func() string {
		if t.phase == len(t.phases) {
			return within(t.since, 0)
		}
		return within(t.since, min(t.Step, t.phases[t.phase].Steps()))
	})
	s.check("worse", func() string { return within(t.best.Worse, t.Step) })
	s.check("lr_decays", func() string { return within(t.best.Decays, t.Step) })
	for _, p := range phases {
		s.add(p.Saved())
	}
	if t.Config.Model != "gan" { // the layout of a checkpoint has moments of an adversarial phase, which stay 0
		s.Moments = append(s.Moments, named(adversarialPrefix, t.common.adam(0, t.LanguageModel().Params()).State())...)
	}
	return s
}

func (t *Trainer) setPhase(name string) error {
	if name == Done {
		t.phase = len(t.phases)
		return nil
	}
	return t.Enter(name)
}

// tensorFile is a file of a checkpoint with what it holds.
type tensorFile struct {
	name   string
	params nn.Params
}

func (s Saved) files() []tensorFile {
	return []tensorFile{{model.WeightsFile, s.Weights}, {bestFile, s.Best}, {optimiserFile, s.Moments}}
}

// state is the numbers by name.
func (s Saved) state() (map[string]json.RawMessage, error) {
	state := map[string]json.RawMessage{}
	for _, n := range s.Numbers {
		b, err := json.Marshal(n.Value)
		if err != nil {
			return nil, fmt.Errorf("train: state: %s: %w", n.Name, err)
		}
		state[n.Name] = b
	}
	return state, nil
}

// setState sets the numbers; missing is called for one that state lacks.
func (s Saved) setState(state map[string]json.RawMessage, missing func(name string) error) error {
	for _, n := range s.Numbers {
		b, ok := state[n.Name]
		err := error(nil)
		if ok {
			err = jsonerr.Plain(json.Unmarshal(b, n.Value), "it")
		} else {
			err = missing(n.Name)
		}
		if err != nil {
			return fmt.Errorf("train: state: %s: %w", n.Name, err)
		}
	}
	return nil
}

// read fills what is saved from a checkpoint of the run r. A checkpoint may have been
// edited: a value that no run can have is refused by name.
func (s Saved) read(r *rundir.Run, c *rundir.Checkpoint, state map[string]json.RawMessage) error {
	for _, f := range s.files() {
		if len(f.params) == 0 {
			continue
		}
		path, err := c.Path(f.name)
		if err == nil {
			err = f.params.ReadFile(path)
		}
		if err != nil {
			return err
		}
	}
	err := s.setState(state, func(string) error {
		version := "of another version"
		if n := len(r.Manifest.Starts); n > 0 {
			version = r.Manifest.Starts[n-1].Textgan
		}
		return fmt.Errorf("checkpoint %s lacks it: textgan %s wrote it; go on with that version", c.Dir, version)
	})
	if err == nil {
		err = s.wrong(state)
	}
	if err != nil && !strings.Contains(err.Error(), c.Dir) {
		err = fmt.Errorf("%w (checkpoint %s: damaged, or of another program; take another one)", err, c.Dir)
	}
	return err
}

// wrong reports the first value that was read and cannot be one of a run.
func (s Saved) wrong(state map[string]json.RawMessage) error {
	is, err := s.state()
	if err != nil {
		return err
	}
	for _, n := range s.Numbers { // each is read back as it was written, and nothing is read as nothing
		var was bytes.Buffer
		if err := json.Compact(&was, state[n.Name]); err != nil || !bytes.Equal(was.Bytes(), is[n.Name]) {
			return fmt.Errorf("train: state: %s: %s is not a value that it can have", n.Name, was.Bytes())
		}
	}
	for _, check := range s.Checks {
		if err := check(); err != nil {
			return fmt.Errorf("train: state: %w", err)
		}
	}
	return nil
}

// restore puts a checkpoint of the run r back.
func (t *Trainer) restore(r *rundir.Run, c *rundir.Checkpoint) error {
	state, err := model.ReadState(c, t.Data.Vocab)
	if err != nil {
		return err
	}
	if err := t.savedOf(t.known(state)).read(r, c, state); err != nil {
		return err
	}
	if t.Step != c.Step {
		return fmt.Errorf("train: state: step: %d in checkpoint %s; take another one", t.Step, c.Dir)
	}
	_, t.owed = state[owedEvaluation]
	return nil
}

// known are the phases that a checkpoint with that state knows of. One that was saved before the
// run was given more phases (see Extend) says nothing of those: they are as they begin.
func (t *Trainer) known(state map[string]json.RawMessage) []Phase {
	var phase string
	_ = json.Unmarshal(state["phase"], &phase) // which is read again, and refused if it is none
	at := slices.IndexFunc(t.phases, func(p Phase) bool { return p.Name() == phase })
	var known []Phase
	for i, p := range t.phases {
		told := slices.ContainsFunc(p.Saved().Numbers, func(n Number) bool { _, ok := state[n.Name]; return ok })
		if told || at < 0 || i <= at {
			known = append(known, p)
		}
	}
	return known
}

// CopyFrom takes over all that another trainer remembers, on equal networks and
// data. What only one of the two has stays as it is.
func (t *Trainer) CopyFrom(from *Trainer) error {
	to, of := t.saved(), from.saved()
	files := of.files()
	for i, f := range to.files() {
		if err := f.params.Set(files[i].params); err != nil {
			return err
		}
	}
	state, err := of.state()
	if err != nil {
		return err
	}
	return to.setState(state, func(string) error { return nil })
}

// save writes a checkpoint of the present state.
func (t *Trainer) save(best bool) error {
	if t.run == nil {
		return nil
	}
	saved := t.saved()
	state, err := saved.state()
	if err != nil {
		return err
	}
	if t.owed {
		state[owedEvaluation] = json.RawMessage("true")
	}
	text, err := json.MarshalIndent(state, "", "  ")
	if err != nil {
		return fmt.Errorf("train: state: %w", err)
	}
	var files []rundir.File
	for _, f := range saved.files() {
		files = append(files, rundir.File{Name: f.name, Write: f.params.Write})
	}
	files = append(files, rundir.File{Name: model.StateFile, Write: func(w io.Writer) error { _, err := w.Write(append(text, '\n')); return err }})
	return t.run.SaveCheckpoint(t.Step, files, best)
}
