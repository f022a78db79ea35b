package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"textgan/internal/tfevents"
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

	// nextConfigFile holds the settings of an extension while it is written.
	nextConfigFile = "config.toml.next"
)

// ErrNotRun is the error of Open and Resume for a directory without a run.
var ErrNotRun = errors.New("not a run directory")

// Run is a run opened for reading. Another process may be writing it.
type Run struct {
	Dir      string // or file
	Manifest Manifest

	files fs.FS // where its files are; nil: in Dir
}

// Open opens the run in dir for reading, or one in a single file; see Pack.
func Open(dir string) (*Run, error) {
	if info, err := os.Stat(dir); err == nil && info.Mode().IsRegular() {
		return openPacked(dir)
	}
	r := &Run{Dir: dir}
	err := r.loadManifest()
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("rundir: %s: %w (no such directory)", dir, ErrNotRun)
		}
		if runs := runsIn(dir); len(runs) > 0 {
			return nil, &parentError{dir, runs}
		}
		return nil, fmt.Errorf("rundir: %s: %w (it has no %s)", dir, ErrNotRun, manifestFile)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Owner is the run directory that path is or would be a file of: one that a run writes, or
// one in a place that it writes to, such as checkpoints; more names further such files and
// places. It is empty if path belongs to no run, as figures in its directory do not.
func Owner(path string, more ...string) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	if dir, err := filepath.EvalSymlinks(filepath.Dir(path)); err == nil {
		path = filepath.Join(dir, filepath.Base(path))
	}
	more = append(more, ConfigFile, nextConfigFile, VocabFile, HeldOutFile, manifestFile, lockFile, checkpoints, samples)
	for at := path; ; at = filepath.Dir(at) {
		dir, name := filepath.Dir(at), filepath.Base(at)
		if dir == at {
			return ""
		}
		if !slices.Contains(more, name) && !strings.HasPrefix(name, MetricsFile) && !strings.HasPrefix(name, tfevents.FilePrefix) {
			continue
		}
		if info, err := os.Lstat(filepath.Join(dir, manifestFile)); err == nil && info.Mode().IsRegular() {
			return dir
		}
	}
}

// namedRuns is how many of the runs in a directory an error names.
const namedRuns = 3

// parentError is the ErrNotRun of a directory that holds runs.
type parentError struct {
	dir  string
	runs []string // at least one
}

func (e *parentError) Error() string {
	names := strings.Join(e.runs[:min(namedRuns, len(e.runs))], ", ")
	if more := len(e.runs) - namedRuns; more > 0 {
		names += fmt.Sprintf(" and %d more", more)
	}
	return fmt.Sprintf("rundir: %s: %v but a directory that holds runs; give one of them: %s", e.dir, ErrNotRun, names)
}

func (e *parentError) Unwrap() error { return ErrNotRun }

// RunIn is the first of the runs in the directory that err, of Open, was told of; empty
// if there are none.
func RunIn(err error) string {
	var e *parentError
	if errors.As(err, &e) {
		return e.runs[0]
	}
	return ""
}

// runsIn are the directories of runs in dir, by name.
func runsIn(dir string) (runs []string) {
	entries, _ := os.ReadDir(dir) // of one that cannot be read nothing is known
	for _, e := range entries {
		run := filepath.Join(dir, e.Name())
		if _, err := os.Stat(filepath.Join(run, manifestFile)); err == nil {
			runs = append(runs, run)
		}
	}
	return runs
}

// OpenFS opens the run whose directory is the root of files: an os.DirFS, what is
// embedded in a program, or what Unpack returns. Errors call it name.
func OpenFS(files fs.FS, name string) (*Run, error) {
	r := &Run{Dir: name, files: files}
	err := r.loadManifest()
	if errors.Is(err, fs.ErrNotExist) {
		why := "it has no " + manifestFile
		if _, err := fs.Stat(files, "."); errors.Is(err, fs.ErrNotExist) {
			why = "no such directory"
		}
		return nil, fmt.Errorf("rundir: %s: %w (%s)", name, ErrNotRun, why)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// open opens a file of the run, named with slashes; it must be a regular one.
func (r *Run) open(name string) (fs.File, error) {
	if r.files == nil {
		return openRegular(r.Path(name), os.O_RDONLY)
	}
	f, err := r.files.Open(name)
	if e := (*fs.PathError)(nil); errors.As(err, &e) {
		err = &fs.PathError{Op: e.Op, Path: r.Path(name), Err: e.Err}
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is %s, not a file", r.Path(name), kind(info.Mode()))
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Settings returns ConfigFile as it was when the run was started or extended: a file
// changed since is an error.
func (r *Run) Settings() ([]byte, error) {
	content, err := r.ReadFile(ConfigFile)
	if err != nil {
		return nil, err
	}
	if want := r.Manifest.Config; want != "" && want != hexSum(content) {
		// An extension may have been cut off between the manifest and the settings.
		if next, err := r.read(nextConfigFile); err == nil && want == hexSum(next) {
			return next, nil
		}
		return nil, fmt.Errorf("rundir: %s was changed since the run was started (its checksum differs from that in %s); put the old file back, or start a new run with --config", r.Path(ConfigFile), manifestFile)
	}
	return content, nil
}

// ReadFile returns the content of a file of the run. What is no regular file, such
// as a pipe on which a reader would wait for ever, is an error.
func (r *Run) ReadFile(name string) ([]byte, error) {
	content, err := r.read(name)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	return content, nil
}

// ReadAt calls read with the path of a file of the run, which is named with slashes,
// and what it holds.
func (r *Run) ReadAt(name string, read func(path string, r io.ReaderAt, size int64) error) error {
	f, err := r.open(name)
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	defer f.Close()
	if at, ok := f.(io.ReaderAt); ok {
		info, err := f.Stat()
		if err != nil {
			return fmt.Errorf("rundir: %w", err)
		}
		return read(r.Path(name), at, info.Size())
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return read(r.Path(name), bytes.NewReader(content), int64(len(content)))
}

func (r *Run) read(name string) ([]byte, error) {
	f, err := r.open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(f)
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
