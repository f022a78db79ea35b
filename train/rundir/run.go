package rundir

import (
	"errors"
	"fmt"
	"io"
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
	content, err := r.ReadFile(ConfigFile)
	if err != nil {
		return nil, err
	}
	if want := r.Manifest.Config; want != "" && want != hexSum(content) {
		return nil, fmt.Errorf("rundir: %s was changed since the run was started (its checksum differs from that in %s); put the old file back, or start a new run with --config", r.Path(ConfigFile), manifestFile)
	}
	return content, nil
}

// ReadFile returns the content of a file of the run. What is no regular file, such
// as a pipe on which a reader would wait for ever, is an error.
func (r *Run) ReadFile(name string) ([]byte, error) {
	content, err := readRegular(r.Path(name))
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	return content, nil
}

func readRegular(path string) ([]byte, error) {
	f, err := openRegular(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
}

// openRegular opens a file that must be there and be a regular one, or a link to one.
func openRegular(path string, flag int) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is %s, not a file", path, kind(info.Mode()))
	}
	return os.OpenFile(path, flag, 0)
}

// kind says what stands in the place of a regular file.
func kind(m fs.FileMode) string {
	switch {
	case m.IsDir():
		return "a directory"
	case m&fs.ModeSymlink != 0:
		return "a link"
	case m&fs.ModeNamedPipe != 0:
		return "a pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	}
	return "a device"
}

// Path returns the path of a file of the run.
func (r *Run) Path(name string) string { return filepath.Join(r.Dir, name) }
