package sweep

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"textgan/train"
	"textgan/train/rundir"
)

// State is how far a cell is.
type State string

// The states of a cell.
const (
	Done    State = "done"
	Running State = "running" // by some process
	Failed  State = "failed"  // its last attempt ended with an error
	Stopped State = "stopped" // begun, and not running
	Missing State = "missing"
)

// ErrChanged is the error of a sweep whose file no longer says what it said when
// a cell was begun.
var ErrChanged = errors.New("the file of the sweep has changed")

// Look says how far a cell is. why is the error of a failed one. It is an error,
// ErrChanged, if there is a run of that index with other options.
func (p *Plan) Look(c Cell) (state State, why string, err error) {
	if err := p.Unchanged(c); err != nil {
		return "", "", err
	}
	dir := p.RunDir(c)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		state = Missing
	} else if err != nil {
		return "", "", fmt.Errorf("sweep: %w", err)
	} else if rundir.Busy(dir) {
		return Running, "", nil
	} else if done, err := train.Finished(dir); err == nil && done {
		return Done, "", nil
	} else {
		state = Stopped
	}
	text, err := os.ReadFile(dir + errorSuffix)
	if err == nil {
		return Failed, strings.TrimSpace(string(text)), nil
	}
	return state, "", nil
}

// Running reports whether some process is writing the run of a cell.
func (p *Plan) Running(c Cell) bool { return rundir.Busy(p.RunDir(c)) }

// errorSuffix is added to the name of a run's directory for the error of its last
// attempt.
const errorSuffix = ".error"

// Note keeps the error that an attempt of a cell has ended with, or, if it is
// empty, forgets an older one.
func (p *Plan) Note(c Cell, text string) error {
	path := p.RunDir(c) + errorSuffix
	if text != "" {
		if err := os.MkdirAll(p.Dir, 0o777); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		return os.WriteFile(path, []byte(text+"\n"), 0o666)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// Unchanged is ErrChanged, with the cell, if one of the cells has a run of other options.
func (p *Plan) Unchanged(cells ...Cell) error {
	entries, err := os.ReadDir(p.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	now := map[string]Cell{}
	for _, c := range cells {
		now[strconv.Itoa(c.Index)] = c
	}
	for _, e := range entries {
		index, hash, ok := strings.Cut(e.Name(), "-")
		if c, asked := now[index]; ok && asked && e.IsDir() && hash != c.Hash {
			return fmt.Errorf("sweep: %w since cell %d was begun: %s has a run %s, and %s now makes it %s; put the file back, or take another --dir", ErrChanged, c.Index, p.Dir, e.Name(), p.File, c.Hash)
		}
	}
	return nil
}
