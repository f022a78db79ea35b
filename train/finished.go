package train

import (
	"encoding/json"
	"fmt"

	"textgan/train/model"
	"textgan/train/rundir"
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
	state, err := model.ReadState(ck, v)
	if err != nil {
		return false, err
	}
	var phase string
	if err := json.Unmarshal(state["phase"], &phase); err != nil {
		return false, fmt.Errorf("train: phase of checkpoint %s: %w", ck.Dir, err)
	}
	return phase == Done, nil
}
