package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"textgan/internal/atomicfile"
)

// Extension is a run made longer.
type Extension struct {
	Step    int               // of the checkpoint that it goes on from; what came later is taken back
	Was     string            // Manifest.Config that the settings were made from
	Config  []byte            // the new settings, TOML
	Options map[string]string // what of them is new, for the manifest
}

// Extend is Resume from a checkpoint before the end of a run, under settings that make
// the run longer. Later checkpoints, samples and lines of metrics are removed; best is
// left as it is, even if its checkpoint is gone.
//
// The manifest is what makes the run another one. If Extend is cut off before it is
// written, the run is as if it had been stopped at that checkpoint; after, it is the
// longer one, stopped there.
func Extend(dir string, x Extension, start Start, opt Options, restore func(*Checkpoint) error) (*Writer, *Checkpoint, error) {
	return resumeOr(dir, &x, start, opt, restore)
}

// extendPoint is the checkpoint that an extension goes on from.
func (w *Writer) extendPoint(x Extension) (*Checkpoint, error) {
	if w.Manifest.Config != x.Was {
		return nil, fmt.Errorf("rundir: %s: another process has changed the settings; try again", w.Dir)
	}
	ck, err := w.LoadCheckpoint(strconv.Itoa(x.Step))
	if errors.Is(err, ErrNoCheckpoint) { // which would be a run that has not begun
		err = errors.New(err.Error())
	}
	return ck, err
}

// rewind takes a run back to the checkpoint of an extension, and lays its settings ready.
func (w *Writer) rewind(x Extension) error {
	if err := atomicfile.WriteBytes(w.Path(nextConfigFile), x.Config); err != nil {
		return err
	}
	if err := w.point(Last, x.Step); err != nil {
		return err
	}
	steps, err := w.Checkpoints()
	if err != nil {
		return err
	}
	for _, step := range steps {
		if step > x.Step {
			if err := atomicfile.RemoveDir(w.stepDir(step)); err != nil {
				return err
			}
		}
	}
	entries, err := os.ReadDir(w.Path(samples))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if step, ok := parseStep(strings.TrimSuffix(e.Name(), ".txt")); ok && step > x.Step {
			if err := os.Remove(filepath.Join(w.Path(samples), e.Name())); err != nil {
				return err
			}
		}
	}
	return nil
}

// settle puts settings that were laid ready in their place if the manifest means them,
// and removes them if it does not.
func (w *Writer) settle() error {
	next, err := w.read(nextConfigFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if hexSum(next) == w.Manifest.Config {
		if err := atomicfile.WriteBytes(w.Path(ConfigFile), next); err != nil {
			return err
		}
	}
	return os.Remove(w.Path(nextConfigFile))
}
