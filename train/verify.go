package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"textgan/train/model"
	"textgan/train/rundir"
)

// Finding is what Verify says of a part of a run.
type Finding struct {
	What string `json:"what"` // a file of the run, or a use that can be made of it
	OK   bool   `json:"ok"`
	Says string `json:"says"`
}

// Verify looks at all of the run in dir: what is intact, and whether it can be resumed,
// sampled from, and compared. Nothing is written. stdin serves the corpus "-". It is an
// error if there is no run.
func Verify(dir string, stdin io.Reader) ([]Finding, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := r.CheckWhole(); err != nil {
		return nil, err
	}
	v := &verifier{run: r, busy: rundir.Busy(dir)}
	v.files()
	v.trainer, v.resume = reopen(r, stdin)
	v.checkpoints()
	v.uses()
	return v.findings, nil
}

type verifier struct {
	run      *rundir.Run
	busy     bool // a process is writing the run: it makes and removes checkpoints meanwhile
	findings []Finding
	config   Config
	trainer  *Trainer // that goes on with the run; nil if resume
	whole    []int    // steps of the checkpoints that are intact, in the order in which they were looked at
	resume   error    // why the run cannot go on
}

// found adds a finding: err, or what there is to say without one.
func (v *verifier) found(what string, err error, says string, args ...any) {
	f := Finding{what, err == nil, fmt.Sprintf(says, args...)}
	if err != nil {
		f.Says = err.Error()
	}
	v.findings = append(v.findings, f)
}

// files looks at what lies in the run's directory besides checkpoints.
func (v *verifier) files() {
	m := v.run.Manifest
	v.found("manifest.json", v.run.CheckManifest(), "%s, seed %d, started %s", m.Model, m.Seed, times(len(m.Starts)))
	config, words, err := describe(v.run)
	v.config = config
	if _, settings := v.run.Settings(); settings != nil {
		v.found(rundir.ConfigFile, settings, "")
	} else if v.config.Model != "" {
		v.found(rundir.ConfigFile, nil, "as it was at the start")
	} else {
		v.found(rundir.ConfigFile, err, "")
	}
	switch {
	case words != nil:
		v.found(rundir.VocabFile, nil, "%d tokens", words.Size())
	case err != nil && v.config.Model != "":
		v.found(rundir.VocabFile, err, "")
	}
	if held := m.HeldOut; held != nil {
		v.found(rundir.HeldOutFile, model.CheckHeldOut(v.run), "%d lines", held.Lines)
	}
	if v.busy { // what seems left over is being written
		v.found(".lock", nil, "a process is writing the run")
		return
	}
	left, err := v.run.Leftovers()
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("%s: left behind by an interruption; resuming or --repair removes that", strings.Join(left, ", "))
	}
	if err != nil {
		v.found("leftovers", err, "")
	}
}

// checkpoints looks at each of them, as resuming from it would.
func (v *verifier) checkpoints() {
	steps, err := v.run.Checkpoints()
	if err != nil {
		v.found("checkpoints", err, "")
		return
	}
	for _, step := range steps {
		v.checkpoint(step)
	}
	for _, which := range []string{rundir.Last, rundir.Best} {
		ck, err := v.run.ReadCheckpoint(which, func(*rundir.Checkpoint) error { return nil })
		switch {
		case err == nil:
			v.found("checkpoints/"+which, nil, "step %d", ck.Step)
		case !errors.Is(err, rundir.ErrNoCheckpoint) || which == rundir.Last && len(steps) > 0 && !v.busy: // the first is saved before it is named
			v.found("checkpoints/"+which, err, "")
		}
	}
	v.record()
}

// record looks at the lines up to the checkpoint that the run goes on from, if there is one.
func (v *verifier) record() {
	var lines int
	var fault string
	check := func(ck *rundir.Checkpoint) (err error) {
		lines, fault, err = v.run.CheckRecord(ck)
		return err
	}
	ck, err := v.run.ReadCheckpoint(rundir.Last, check)
	if err != nil { // last is missing or damaged
		var none error
		if ck, _, none = v.run.ResumePoint(); none != nil {
			return
		}
		err = check(ck)
	}
	if err == nil && fault != "" {
		err = errors.New(fault)
	}
	v.found(rundir.MetricsFile, err, "%d lines up to step %d", lines, ck.Step)
}

// checkpoint looks at that of a step. One that the process which writes the run has
// removed by now is none of the run any more.
func (v *verifier) checkpoint(step int) {
	ck, err := v.run.LoadCheckpoint(strconv.Itoa(step))
	says := "whole"
	if t := v.trainer; err == nil && t != nil {
		err = t.restore(v.run, ck)
		says = "whole, in phase " + t.Phase()
	}
	if err == nil {
		v.whole = append(v.whole, step)
	} else if steps, listed := v.run.Checkpoints(); v.busy && listed == nil && !slices.Contains(steps, step) {
		return
	}
	v.found(fmt.Sprintf("checkpoints/step-%d", step), err, "%s", says)
}

// resumePoint is that of the run; a checkpoint that was saved since the others were
// looked at is looked at now.
func (v *verifier) resumePoint() (ck *rundir.Checkpoint, note string, err error) {
	for seen := -1; ; seen = ck.Step {
		ck, note, err = v.run.ResumePoint()
		if err != nil || !v.busy || slices.Contains(v.whole, ck.Step) || ck.Step == seen {
			return ck, note, err
		}
		v.checkpoint(ck.Step)
	}
}

// uses says what can be done with the run.
func (v *verifier) uses() {
	ck, note, err := v.resumePoint()
	switch {
	case v.resume != nil:
		v.found("can be resumed", v.resume, "")
	case errors.Is(err, rundir.ErrNoCheckpoint):
		v.found("can be resumed", nil, "from its beginning")
	case err == nil && !slices.Contains(v.whole, ck.Step):
		v.found("can be resumed", fmt.Errorf("checkpoint of step %d cannot be gone on from", ck.Step), "")
	case note != "":
		v.found("can be resumed", err, "%s", note)
	case err != nil: // no checkpoint is whole
		v.found("can be resumed", err, "")
	default:
		v.found("can be resumed", nil, "from step %d", ck.Step)
	}
	var able []string
	var m *model.Model
	err = nil
	for _, which := range []string{rundir.Last, rundir.Best} {
		loaded, failed := model.Load(v.run.Dir, which)
		if failed == nil {
			able, m = append(able, fmt.Sprintf("%s of step %d", which, loaded.Step)), loaded
		} else if err == nil {
			err = failed
		}
	}
	if m == nil {
		v.found("can be sampled", err, "")
		return
	}
	v.found("can be sampled", nil, "%s", strings.Join(able, ", "))
	_, _, err = m.Text()
	if v.run.Manifest.HeldOut != nil {
		err = model.CheckHeldOut(v.run)
	}
	v.found("can be compared", err, "with what it has not learnt")
}

// Repair mends what can be mended of the run in dir without changing what it says: names
// of checkpoints that are missing or lead to none, and what interruptions have left
// behind. It returns what was done.
func Repair(dir string) (did []string, err error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	return rundir.Repair(dir, func(newest *rundir.Checkpoint) (best int, ok bool) { return bestOf(r, newest) })
}

// bestOf finds the step of the best value of the run's metric that a checkpoint knows of:
// the first with a checkpoint at which the record says just that.
func bestOf(r *rundir.Run, ck *rundir.Checkpoint) (step int, ok bool) {
	best, by := bestValueOf(r, ck)
	if best == nil {
		return 0, false
	}
	for rec, err := range r.Metrics() {
		if err != nil || rec.Step > ck.Step {
			break
		}
		if value, there := rec.Float(by.field); there && value == *best {
			if _, err := r.LoadCheckpoint(strconv.Itoa(rec.Step)); err == nil {
				return rec.Step, true
			}
		}
	}
	return 0, false
}

// bestValueOf is the best value of the run's metric that a checkpoint knows of; nil for
// none.
func bestValueOf(r *rundir.Run, ck *rundir.Checkpoint) (*float64, metric) {
	by, err := Metric(r.Manifest.Best).find()
	if err != nil {
		return nil, by
	}
	text, err := ck.ReadFile(model.StateFile)
	if err != nil {
		return nil, by
	}
	var s stand
	switch err := json.Unmarshal(text, &s); {
	case err != nil:
		return nil, by
	case by.name == metrics[0].name && s.Scored:
		return &s.NLL, by
	}
	return s.Value, by
}

// times is how often something has happened.
func times(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
