package train

import (
	"encoding/json"
	"errors"
	"fmt"

	"textgan/internal/jsonerr"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Finished reports whether the run in dir has nothing left to do. It is an error
// if there is no run, or no checkpoint of it that can be read.
func Finished(dir string) (bool, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return false, err
	}
	_, v, err := describe(r)
	if err != nil {
		return false, err
	}
	ck, err := r.LoadCheckpoint(rundir.Last)
	if err != nil {
		return false, err
	}
	s, _, err := standOf(ck, v)
	return s.Phase == Done, err
}

// stand is what state.json says of where a checkpoint stands in its run: some of the
// numbers of Trainer.saved.
type stand struct {
	Phase  string   `json:"phase"`
	Since  int      `json:"since"`
	Worse  int      `json:"worse"`
	Scored bool     `json:"scored"`
	NLL    float64  `json:"best_nll"`
	Value  *float64 `json:"best_value"`
	Ended  int      `json:"cooperative_end"`
}

// standOf reads where a checkpoint of a run with the vocabulary v stands, and its whole state.
func standOf(ck *rundir.Checkpoint, v *vocab.Vocab) (s stand, state map[string]json.RawMessage, err error) {
	if state, err = model.ReadState(ck, v); err != nil {
		return s, nil, err
	}
	text, err := json.Marshal(state)
	if err == nil {
		err = json.Unmarshal(text, &s)
	}
	if err == nil && s.Phase == "" {
		err = errors.New("it names no phase")
	}
	if err != nil {
		err = fmt.Errorf("train: state of checkpoint %s: %w", ck.Dir, jsonerr.Plain(err, "it"))
	}
	return s, state, err
}
