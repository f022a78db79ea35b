package rundir

import (
	"bufio"
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"textgan/internal/atomicfile"
	"textgan/internal/config"
)

// The checkpoints that have names.
const (
	Last = "last"
	Best = "best"
)

const sumsFile = "SHA256SUMS"

// ErrNoCheckpoint is the error of LoadCheckpoint for one that does not exist.
var ErrNoCheckpoint = errors.New("no such checkpoint")

// File is one file of a checkpoint to be written. Write puts out the content.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// Checkpoint is a checkpoint whose checksums have been verified.
type Checkpoint struct {
	Step int
	Dir  string
	sums []sum
	run  *Run
}

// ReadFile returns the content of a file of the checkpoint.
func (c *Checkpoint) ReadFile(name string) ([]byte, error) {
	if _, err := c.Path(name); err != nil {
		return nil, err
	}
	return c.run.ReadFile(stepFile(c.Step, name))
}

// ReadAt calls read with the path of a file of the checkpoint and what it holds.
func (c *Checkpoint) ReadAt(name string, read func(path string, r io.ReaderAt, size int64) error) error {
	if _, err := c.Path(name); err != nil {
		return err
	}
	return c.run.ReadAt(stepFile(c.Step, name), read)
}

// Path returns the path of a file of the checkpoint.
func (c *Checkpoint) Path(name string) (string, error) {
	for _, s := range c.sums {
		if s.name == name {
			return filepath.Join(c.Dir, name), nil
		}
	}
	return "", fmt.Errorf("rundir: checkpoint %s has no %s", c.Dir, name)
}

// SaveCheckpoint writes the files as the checkpoint of a step, with a mark of what
// the record holds by then, and makes it
// the last one, and the best one too if best is set. Then it removes the
// oldest if Options.Keep says so. If it fails, the checkpoint before is still
// the last.
func (w *Writer) SaveCheckpoint(step int, files []File, best bool) error {
	if err := w.saveCheckpoint(step, files, best); err != nil {
		return fmt.Errorf("rundir: checkpoint of step %d not saved: %w", step, err)
	}
	return nil
}

func (w *Writer) saveCheckpoint(step int, files []File, best bool) error {
	// The lines up to here must be on the disk before last says that they are.
	if err := w.metrics.Sync(); err != nil {
		return err
	}
	mark, err := w.mark().encode()
	if err != nil {
		return err
	}
	files = append(slices.Clone(files), mark)
	dir := w.stepDir(step)
	// A run that stops right after a regular save saves the same once more.
	// The one in place is then kept: replacing it is not atomic.
	errSame := errors.New("same content")
	err = atomicfile.WriteDir(dir, func(aside string) error {
		sums, err := writeFiles(aside, files)
		if err != nil {
			return err
		}
		if old, err := w.verify(step); err == nil && slices.Equal(old, sums) {
			return errSame
		}
		return os.WriteFile(filepath.Join(aside, sumsFile), formatSums(sums), 0o666)
	})
	if err != nil && !errors.Is(err, errSame) {
		return err
	}
	// best first: if the run is cut off in between, it goes on from the old
	// last and comes by here again.
	if best {
		if err := w.point(Best, step); err != nil {
			return err
		}
	}
	if err := w.point(Last, step); err != nil {
		return err
	}
	return w.prune()
}

// writeFiles writes the files into dir, and returns their checksums.
func writeFiles(dir string, files []File) (sums []sum, err error) {
	for _, file := range files {
		if !plain(file.Name) || slices.ContainsFunc(sums, func(s sum) bool { return s.name == file.Name }) {
			return nil, fmt.Errorf("file name %q is reserved, given twice or no plain name", file.Name)
		}
		f, err := os.OpenFile(filepath.Join(dir, file.Name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err != nil {
			return nil, err
		}
		h := sha256.New()
		out := bufio.NewWriterSize(io.MultiWriter(f, h), 1<<16)
		if err := cmp.Or(file.Write(out), out.Flush(), f.Close()); err != nil {
			return nil, fmt.Errorf("%s: %w", file.Name, err)
		}
		sums = append(sums, sum{file.Name, [sha256.Size]byte(h.Sum(nil))})
	}
	return sums, nil
}

// plain tells whether a name may be that of a file of a checkpoint.
func plain(name string) bool {
	return name != "" && name != sumsFile && name[0] != '.' && !strings.ContainsAny(name, "/\\\n\r")
}

// prune removes all checkpoints but the newest Keep, the last and the best.
func (w *Writer) prune() error {
	if w.opt.Keep == 0 {
		return nil
	}
	steps, err := w.Checkpoints()
	if err != nil {
		return err
	}
	last, err := w.pointer(Last)
	if err != nil {
		return err
	}
	best, err := w.pointer(Best)
	if errors.Is(err, ErrNoCheckpoint) {
		best = last
	} else if err != nil {
		return err
	}
	for _, step := range steps[:max(0, len(steps)-w.opt.Keep)] {
		if step == best || step == last {
			continue
		}
		if err := atomicfile.RemoveDir(w.stepDir(step)); err != nil {
			return err
		}
	}
	return nil
}

// Checkpoints returns the steps that have a checkpoint, rising.
func (r *Run) Checkpoints() ([]int, error) {
	entries, err := r.readDir(checkpoints)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	var steps []int
	for _, e := range entries {
		if step, ok := parseStep(e.Name()); ok && e.IsDir() {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	return steps, nil
}

// LoadCheckpoint finds a checkpoint, "last", "best" or the number of a step,
// and verifies the checksums of its files. The error says what is damaged or
// missing, and is an ErrNoCheckpoint if there is no such checkpoint.
func (r *Run) LoadCheckpoint(which string) (*Checkpoint, error) {
	var step int
	var err error
	switch which {
	case Last, Best:
		if step, err = r.pointer(which); err != nil {
			return nil, fmt.Errorf("rundir: %w", err)
		}
	default:
		var ok bool
		if step, ok = parseStep("step-" + strings.TrimPrefix(which, "step-")); !ok {
			return nil, &config.Error{Msg: fmt.Sprintf("rundir: checkpoint %q: want last, best or the number of a step", which)}
		}
	}
	dir := r.stepDir(step)
	if err := r.hasStep(step); errors.Is(err, fs.ErrNotExist) {
		have, err := r.Checkpoints()
		if err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("rundir: %s: %w (%s)", dir, errMissing(which), describe(have))
	}
	sums, err := r.verify(step)
	if err != nil {
		cure := "choose another checkpoint"
		if r.files != nil {
			cure = "export it again"
		} else if which == Last || which == Best {
			cure = fmt.Sprintf("write the name of another one (step-N) into %s", filepath.Join(r.Path(checkpoints), which))
		}
		return nil, fmt.Errorf("rundir: checkpoint %s: %w; %s", dir, err, cure)
	}
	return &Checkpoint{step, dir, sums, r}, nil
}

// ReadCheckpoint is LoadCheckpoint, and read reads from it. Another process may be
// writing the run and remove a checkpoint that is being read: when last or best has
// moved on meanwhile, the one that it names now is read instead.
func (r *Run) ReadCheckpoint(which string, read func(*Checkpoint) error) (*Checkpoint, error) {
	const tries = 100 // more than a writer can ever be ahead by chance
	for i := 1; ; i++ {
		before, _ := r.pointer(which)
		ck, err := r.LoadCheckpoint(which)
		if err == nil {
			err = read(ck)
		}
		if err == nil {
			return ck, nil
		}
		if which != Last && which != Best || i == tries {
			return nil, err
		}
		if now, moved := r.pointer(which); moved != nil || now == before {
			return nil, err
		}
	}
}

// ResumePoint is the checkpoint that a run goes on from: the one that last names,
// or where that is missing or damaged the newest that verifies, with a note that
// says so. It is an ErrNoCheckpoint if the run has none at all, and another error if
// it has some and none of them verifies.
func (r *Run) ResumePoint() (ck *Checkpoint, note string, err error) {
	ck, why := r.ReadCheckpoint(Last, func(*Checkpoint) error { return nil })
	if why == nil {
		return ck, "", nil
	}
	steps, err := r.Checkpoints()
	if err != nil {
		return nil, "", err
	}
	if len(steps) == 0 && errors.Is(why, ErrNoCheckpoint) {
		return nil, "", why
	}
	slices.Reverse(steps)
	for _, step := range steps {
		if ck, err := r.LoadCheckpoint(strconv.Itoa(step)); err == nil {
			return ck, fmt.Sprintf("going on from step %d, the newest checkpoint that is whole: %s", step, strings.TrimPrefix(why.Error(), "rundir: ")), nil
		}
	}
	return nil, "", fmt.Errorf("%v; none of its checkpoints is whole", why) // and so no ErrNoCheckpoint: the run has begun
}

// errMissing is ErrNoCheckpoint for a step that was asked for. That a named
// checkpoint is gone is damage: a run must not take it for a fresh start.
func errMissing(which string) error {
	if which == Last || which == Best {
		return fmt.Errorf("%s names it, but it is gone", which)
	}
	return ErrNoCheckpoint
}

func describe(steps []int) string {
	if len(steps) == 0 {
		return "the run has none"
	}
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = strconv.Itoa(s)
	}
	return "there are " + strings.Join(names, ", ")
}

// pointer reads which step last or best names.
func (r *Run) pointer(which string) (step int, err error) {
	path := filepath.Join(r.Path(checkpoints), which)
	b, err := r.read(checkpoints + "/" + which)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, fmt.Errorf("%s: no %s checkpoint yet: %w", r.Dir, which, ErrNoCheckpoint)
	}
	if err != nil {
		return 0, err
	}
	step, ok := parseStep(strings.TrimSpace(string(b)))
	if !ok {
		return 0, fmt.Errorf("%s does not name a checkpoint; write step-N into it", path)
	}
	return step, nil
}

func (w *Writer) point(which string, step int) error {
	return atomicfile.WriteBytes(filepath.Join(w.Path(checkpoints), which), []byte(stepName(step)+"\n"))
}

func stepName(step int) string { return "step-" + strconv.Itoa(step) }

// stepFile is the name of a checkpoint's file in its run.
func stepFile(step int, name string) string {
	return checkpoints + "/" + stepName(step) + "/" + name
}

// hasStep is an fs.ErrNotExist if there is no checkpoint of a step.
func (r *Run) hasStep(step int) (err error) {
	if r.files == nil {
		_, err = os.Stat(r.stepDir(step))
	} else {
		_, err = fs.Stat(r.files, checkpoints+"/"+stepName(step))
	}
	return err
}

// readDir lists a directory of the run.
func (r *Run) readDir(name string) ([]fs.DirEntry, error) {
	if r.files == nil {
		return os.ReadDir(r.Path(name))
	}
	return fs.ReadDir(r.files, name)
}

func (r *Run) stepDir(step int) string {
	return filepath.Join(r.Path(checkpoints), stepName(step))
}

// parseStep is the inverse of stepName; "step-07" and "step-+7" are not names.
func parseStep(name string) (step int, ok bool) {
	digits, ok := strings.CutPrefix(name, "step-")
	step, err := strconv.Atoi(digits)
	return step, ok && err == nil && step >= 0 && stepName(step) == name
}

// sum is a line of SHA256SUMS.
type sum struct {
	name string
	hash [sha256.Size]byte
}

func formatSums(sums []sum) []byte {
	var b bytes.Buffer
	for _, s := range sums {
		fmt.Fprintf(&b, "%x  %s\n", s.hash, s.name)
	}
	return b.Bytes()
}

func parseSums(b []byte) (sums []sum, err error) {
	for line := range strings.Lines(string(b)) {
		digits, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		hash, err := hex.DecodeString(digits)
		if !ok || err != nil || len(hash) != sha256.Size || !plain(name) {
			return nil, fmt.Errorf("%s is damaged: %q", sumsFile, strings.TrimSuffix(line, "\n"))
		}
		sums = append(sums, sum{name, [sha256.Size]byte(hash)})
	}
	return sums, nil
}

// verify reads the files of a checkpoint and holds them against SHA256SUMS.
func (r *Run) verify(step int) ([]sum, error) {
	b, err := r.read(stepFile(step, sumsFile))
	if err != nil {
		return nil, fmt.Errorf("incomplete: %w", err)
	}
	sums, err := parseSums(b)
	if err != nil {
		return nil, err
	}
	for _, s := range sums {
		f, err := r.open(stepFile(step, s.name))
		if err != nil {
			return nil, fmt.Errorf("incomplete: %w", err)
		}
		h := sha256.New()
		_, err = io.Copy(h, f)
		f.Close()
		if err != nil {
			return nil, err
		}
		if [sha256.Size]byte(h.Sum(nil)) != s.hash {
			return nil, fmt.Errorf("%s does not match its checksum: it is damaged", s.name)
		}
	}
	return sums, nil
}
