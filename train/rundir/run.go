package rundir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Names inside a run directory.
const (
	ConfigFile  = "config.toml"
	VocabFile   = "vocab.json"
	HeldOutFile = "held-out.txt"
	MetricsFile = "metrics.jsonl"

	manifestFile = "manifest.json"
	lockFile     = ".lock"
	checkpoints  = "checkpoints"
	samples      = "samples"
)

// ErrNotRun is the error of Open and Resume for a directory without a run.
var ErrNotRun = errors.New("not a run directory")

// Run is a run opened for reading. Another process may be writing it.
type Run struct {
	Dir      string
	Manifest Manifest
}

// Open opens the run in dir for reading.
func Open(dir string) (*Run, error) {
	m, err := loadManifest(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("rundir: %s: %w (no such directory)", dir, ErrNotRun)
		}
		return nil, fmt.Errorf("rundir: %s: %w (it has no %s)", dir, ErrNotRun, manifestFile)
	case err != nil:
		return nil, err
	}
	return &Run{dir, m}, nil
}

// Settings returns ConfigFile as it was when the run was started: a file changed since
// is an error.
func (r *Run) Settings() ([]byte, error) {
	content, err := os.ReadFile(r.Path(ConfigFile))
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if want := r.Manifest.Config; want != "" && want != hexSum(content) {
		return nil, fmt.Errorf("rundir: %s was changed since the run was started (its checksum differs from that in %s); put the old file back, or start a new run with --config", r.Path(ConfigFile), manifestFile)
	}
	return content, nil
}

// Path returns the path of a file of the run.
func (r *Run) Path(name string) string { return filepath.Join(r.Dir, name) }
