package rundir

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"textgan/internal/atomicfile"
)

// CheckRecord holds metrics.jsonl against a checkpoint: how many of its lines belong to
// it, and what is wrong with them, "" for nothing.
func (r *Run) CheckRecord(c *Checkpoint) (n int, fault string, err error) {
	found, err := r.findRecord(c)
	if err != nil {
		return 0, "", fmt.Errorf("rundir: %w", err)
	}
	for _, b := range found.keep {
		if b == '\n' {
			n++
		}
	}
	return n, found.fault, nil
}

// Leftovers are the paths, below the run's directory, of what an interruption has left
// behind. While a process is writing the run they may be its work.
func (r *Run) Leftovers() (paths []string, err error) {
	if _, err := os.Lstat(r.Path(nextConfigFile)); err == nil {
		paths = append(paths, nextConfigFile)
	}
	for _, dir := range []string{".", checkpoints, samples} {
		entries, err := os.ReadDir(r.Path(dir))
		if err != nil && !os.IsNotExist(err) {
			return nil, fmt.Errorf("rundir: %w", err)
		}
		for _, e := range entries {
			if atomicfile.IsAside(e.Name()) {
				paths = append(paths, filepath.Join(dir, e.Name()))
			}
		}
	}
	return paths, nil
}

// Repair removes the Leftovers of the run in dir, and lets last and best name a
// checkpoint again if they name none that is whole: last the newest, best the one of the
// step that the function best finds by it. It says what it did.
func Repair(dir string, best func(newest *Checkpoint) (step int, ok bool)) (did []string, err error) {
	if _, err := Open(dir); err != nil {
		return nil, err
	}
	w, err := open(dir, Options{})
	if err != nil {
		return nil, err
	}
	defer w.lock.undo()
	if err := w.loadManifest(); err != nil {
		return nil, err
	}
	left, err := w.Leftovers()
	if err != nil {
		return nil, err
	}
	if err := w.settle(); err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	for _, name := range left {
		if err := os.RemoveAll(w.Path(name)); err != nil {
			return did, fmt.Errorf("rundir: %w", err)
		}
		did = append(did, "removed "+name)
	}
	newest, note, err := w.ResumePoint()
	if errors.Is(err, ErrNoCheckpoint) {
		return did, nil
	}
	if err != nil {
		return did, err
	}
	if note != "" {
		if err := w.point(Last, newest.Step); err != nil {
			return did, fmt.Errorf("rundir: %w", err)
		}
		did = append(did, fmt.Sprintf("last now names the checkpoint of step %d", newest.Step))
	}
	what, err := w.mendBest(best(newest))
	if what != "" {
		did = append(did, what)
	}
	return did, err
}

// MendBest lets best name the checkpoint of the step at which the validation NLL was
// lowest, if that is known, when it names none that is whole. A run that was cut off
// before it had named its first one comes to that.
func (w *Writer) MendBest(step int, known bool) error {
	_, err := w.mendBest(step, known)
	return err
}

func (w *Writer) mendBest(step int, known bool) (did string, err error) {
	_, err = w.LoadCheckpoint(Best)
	if err == nil || errors.Is(err, ErrNoCheckpoint) && !known {
		return "", nil
	}
	if known {
		if _, err := w.LoadCheckpoint(strconv.Itoa(step)); err == nil {
			if err := w.point(Best, step); err != nil {
				return "", fmt.Errorf("rundir: %w", err)
			}
			return fmt.Sprintf("best now names the checkpoint of step %d", step), nil
		}
	}
	switch err := os.Remove(filepath.Join(w.Path(checkpoints), Best)); {
	case err == nil:
		return "removed the name best: its checkpoint is gone, and none that is left is known to be it", nil
	case !os.IsNotExist(err):
		return "", fmt.Errorf("rundir: %w", err)
	}
	return "", nil
}
