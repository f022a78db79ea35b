package rundir

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"textgan/internal/atomicfile"
	"textgan/internal/tfevents"
)

// ErrExists is the error of Create for a directory that is not empty.
var ErrExists = errors.New("directory is not empty")

// Options of Create and Resume.
type Options struct {
	// Now gives the wall time of the manifest and the event files; default
	// time.Now. Nothing that is computed depends on it.
	Now func() time.Time
	// Keep is the number of checkpoints that stay, the newest; the best one
	// stays besides. Default 0: all stay.
	Keep int
}

// Content is what a run begins with.
type Content struct {
	Config   []byte // TOML, everything resolved
	Vocab    []byte // JSON; empty if there is none
	HeldOut  []byte // held-out text, a line each; empty if there is none
	Manifest Manifest
}

// Writer is a run opened for writing, by one process at a time. Its methods
// are not safe for concurrent use.
type Writer struct {
	Run
	opt     Options
	lock    *lock
	metrics *os.File
	events  *os.File
	scalars *tfevents.Writer
	step    int       // of the last line of metrics
	size    int64     // of metrics, bytes
	sum     hash.Hash // of these bytes

	// Note says what a user should know, "" for nothing; of a Resume: where it went on, if
	// not from where the run had said, what was wrong with the record, and whether
	// another program or instruction set had begun it.
	Note string
}

// Create begins a run in dir, which is made if it does not exist and must be
// empty if it does. It fills in the manifest's format and the time and step
// of start, the one entry of Manifest.Starts.
//
// The run is written aside and renamed, so that dir is a run or is not there,
// whatever happens in between. Of two processes that create one directory one gets
// ErrExists.
func Create(dir string, content Content, start Start, opt Options) (*Writer, error) {
	return createWith(dir, content, start, opt, func(string) error { return nil })
}

// createWith is Create; before is asked before each file, for tests to fail there.
func createWith(dir string, content Content, start Start, opt Options, before func(name string) error) (*Writer, error) {
	opt, err := opt.complete()
	if err != nil {
		return nil, err
	}
	dir = filepath.Clean(dir)
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, fmt.Errorf("rundir: create run directory: %w", err)
	}
	if err := refuseUsed(dir); err != nil {
		return nil, err
	}
	m := content.Manifest
	m.Format, m.Config = format, hexSum(content.Config)
	start.Step, start.Time = 0, opt.Now().UTC().Truncate(time.Second)
	m.Starts = []Start{start}
	aside := filepath.Join(parent, fmt.Sprintf(".%s%s%d-%d", filepath.Base(dir), beginning, os.Getpid(), created.Add(1)))
	if err := sweep(parent, aside, opt.Now()); err != nil {
		return nil, fmt.Errorf("rundir: create run directory: %w", err)
	}
	if err := os.Mkdir(aside, 0o777); err != nil {
		return nil, fmt.Errorf("rundir: create run directory: %w", err)
	}
	defer os.RemoveAll(aside) // nothing is there any more once it is renamed
	if err := fill(aside, content, m, before); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(dir, lockFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) { // fails unless it is empty
		return nil, errors.Join(refuseUsed(dir), fmt.Errorf("rundir: create run directory: %w", err))
	}
	if err := os.Rename(aside, dir); err != nil {
		if used := refuseUsed(dir); used != nil { // another process was quicker
			return nil, used
		}
		return nil, fmt.Errorf("rundir: create run directory: %w", err)
	}
	w, err := open(dir, opt)
	if err != nil {
		return nil, err
	}
	w.Manifest = m
	if err := w.openRecord(0); err != nil {
		return nil, w.abandon(fmt.Errorf("rundir: %w", err))
	}
	return w, nil
}

func hexSum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// beginning is part of the name of a run that is being created.
const beginning = ".new-"

// sweep removes what processes that crashed while they created a run have left beside
// it: aside itself, of one that had the same number, and whatever has not been touched
// for an hour.
func sweep(parent, aside string, now time.Time) error {
	prefix, _, _ := strings.Cut(filepath.Base(aside), beginning)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return err
	}
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), prefix+beginning)
		if _, number, ok := strings.Cut(rest, "-"); !ours || !ok || strings.Trim(number, "0123456789") != "" {
			continue
		}
		path := filepath.Join(parent, e.Name())
		if info, err := e.Info(); path == aside || err == nil && now.Sub(info.ModTime()) > time.Hour {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// created counts the calls of Create, so that two of them write in different places.
var created atomic.Int64

// fill writes a run as it is before its first step.
func fill(dir string, content Content, m Manifest, before func(name string) error) error {
	for _, name := range []string{checkpoints, samples} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o777); err != nil {
			return fmt.Errorf("rundir: create run directory: %w", err)
		}
	}
	for _, f := range []struct {
		name    string
		content []byte
	}{{ConfigFile, content.Config}, {VocabFile, content.Vocab}, {HeldOutFile, content.HeldOut}} {
		if len(f.content) == 0 && f.name != ConfigFile {
			continue
		}
		err := before(f.name)
		if err == nil {
			err = atomicfile.WriteBytes(filepath.Join(dir, f.name), f.content)
		}
		if err != nil {
			return fmt.Errorf("rundir: %w", err)
		}
	}
	err := before(manifestFile)
	if err == nil {
		err = m.save(dir)
	}
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

// Resume opens the run in dir to go on from its ResumePoint, which it verifies and
// returns; nil if the run has none yet and starts at step 0. restore, if it is not
// nil, is called with it before anything is written: if it fails, or if Resume does,
// the run is left as it was, byte for byte.
//
// Resume sweeps up what an interruption has left, cuts metrics.jsonl back to what it
// was when the checkpoint was saved, and adds start to the manifest. A record that
// does not fit the checkpoint is kept aside, and Writer.Note names what is wrong.
func Resume(dir string, start Start, opt Options, restore func(*Checkpoint) error) (*Writer, *Checkpoint, error) {
	return resumeOr(dir, nil, start, opt, restore)
}

func resumeOr(dir string, x *Extension, start Start, opt Options, restore func(*Checkpoint) error) (*Writer, *Checkpoint, error) {
	if _, err := Open(dir); err != nil {
		return nil, nil, err
	}
	w, err := open(dir, opt)
	if err != nil {
		return nil, nil, err
	}
	ck, found, err := w.prepare(x, restore)
	if err != nil {
		w.lock.undo()
		return nil, nil, err
	}
	if err := w.resume(ck, found, x, start); err != nil {
		return nil, nil, w.abandon(fmt.Errorf("rundir: %w", err))
	}
	return w, ck, nil
}

// prepare finds where a run goes on and writes nothing.
func (w *Writer) prepare(x *Extension, restore func(*Checkpoint) error) (*Checkpoint, record, error) {
	run, err := Open(w.Dir) // once more, now that nobody else can be writing it
	if err != nil {
		return nil, record{}, err
	}
	w.Manifest = run.Manifest
	var ck *Checkpoint
	var note string
	if x == nil {
		ck, note, err = w.ResumePoint()
	} else {
		ck, err = w.extendPoint(*x)
	}
	if err != nil && !errors.Is(err, ErrNoCheckpoint) {
		return nil, record{}, err
	}
	w.Note = note
	found, err := w.findRecord(ck)
	if err != nil {
		return nil, record{}, fmt.Errorf("rundir: %w", err)
	}
	if restore != nil {
		err = restore(ck)
	}
	return ck, found, err
}

// resume writes what a resumed run begins with, or one that is extended.
func (w *Writer) resume(ck *Checkpoint, found record, x *Extension, start Start) error {
	for _, dir := range []string{".", checkpoints, samples} {
		if err := os.MkdirAll(w.Path(dir), 0o777); err != nil {
			return err
		}
		if err := atomicfile.Clean(w.Path(dir)); err != nil {
			return err
		}
	}
	if err := w.settle(); err != nil {
		return err
	}
	start.Step = 0
	if ck != nil {
		start.Step = ck.Step
	}
	if x != nil {
		if err := w.rewind(*x); err != nil {
			return err
		}
		start.Extended = x.Options
	}
	note, err := w.setRecord(found, start.Step, w.Note != "")
	if err != nil {
		return err
	}
	if w.Note != "" {
		if err := w.point(Last, start.Step); err != nil {
			return err
		}
	} else if ck != nil { // an interrupted save may have left one too many
		if err := w.prune(); err != nil {
			return err
		}
	}
	notes := []string{w.Note, note}
	if err := w.CheckManifest(); err != nil { // it is about to be written anew
		notes = append(notes, strings.TrimPrefix(err.Error(), "rundir: "))
	}
	if n := len(w.Manifest.Starts); n > 0 {
		notes = append(notes, w.Manifest.Starts[n-1].otherwise(start))
	}
	w.Note = strings.Join(slices.DeleteFunc(notes, func(s string) bool { return s == "" }), "; ")
	if err := w.openRecord(start.Step); err != nil {
		return err
	}
	after := start.Step
	if ck == nil {
		after = -1 // what was logged of step 0 will be logged again
	}
	if err := w.scalars.Restart(int64(after)); err != nil {
		return err
	}
	start.Time, start.Note = w.opt.Now().UTC().Truncate(time.Second), w.Note
	if found.fault != "" {
		m := w.mark()
		start.Record = &m
	}
	w.Manifest.Starts = append(w.Manifest.Starts, start)
	if x == nil {
		return w.Manifest.save(w.Dir)
	}
	w.Manifest.Config = hexSum(x.Config)
	if err := w.Manifest.save(w.Dir); err != nil { // from here on it is the longer run
		return err
	}
	return w.settle()
}

// complete sets defaults and refuses what makes no sense.
func (o Options) complete() (Options, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Keep < 0 {
		return o, fmt.Errorf("rundir: keep %d checkpoints; want 0 (all) or more", o.Keep)
	}
	return o, nil
}

// open takes the lock.
func open(dir string, opt Options) (*Writer, error) {
	opt, err := opt.complete()
	if err != nil {
		return nil, err
	}
	lock, err := takeLock(filepath.Join(dir, lockFile))
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	return &Writer{Run: Run{Dir: dir}, opt: opt, lock: lock, sum: sha256.New()}, nil
}

// openRecord opens the metrics for appending and a new event file.
func (w *Writer) openRecord(step int) (err error) {
	w.step = step
	w.metrics, err = os.OpenFile(w.Path(MetricsFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "localhost"
	}
	// A second start within the same second takes the next free one.
	for begun := w.opt.Now(); ; begun = begun.Add(time.Second) {
		w.events, err = os.OpenFile(w.Path(tfevents.FileName(begun, host)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	w.scalars, err = tfevents.NewWriter(w.events, w.opt.Now)
	return err
}

// SaveSamples writes sentences, one per line, as samples/step-N.txt.
func (w *Writer) SaveSamples(step int, lines []string) error {
	path := filepath.Join(w.Path(samples), stepName(step)+".txt")
	err := atomicfile.Write(path, func(out io.Writer) error {
		for _, line := range lines {
			if _, err := io.WriteString(out, line+"\n"); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

// Close ends the writing and gives up the lock. It saves no checkpoint.
func (w *Writer) Close() error {
	var err error
	for _, f := range []*os.File{w.metrics, w.events, w.lock.file} {
		if f != nil {
			err = cmp.Or(err, f.Close())
		}
	}
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

// abandon closes a half-opened run; the error that led here is what counts.
func (w *Writer) abandon(err error) error {
	_ = w.Close()
	return err
}

// refuseUsed returns an error if dir is there and holds more than a lock.
func refuseUsed(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	empty := true
	for _, e := range entries {
		empty = empty && e.Name() == lockFile
	}
	if empty {
		return nil
	}
	run, err := Open(dir)
	if err != nil {
		return fmt.Errorf("rundir: %s holds other files: %w; give --run a new or an empty directory", dir, ErrExists)
	}
	at := "no checkpoint yet"
	if last, err := run.pointer(Last); err == nil {
		at = fmt.Sprintf("last checkpoint at step %d", last)
	}
	return fmt.Errorf("rundir: %s holds a run (%s): %w; continue it with --resume or give --run a new directory", dir, at, ErrExists)
}
