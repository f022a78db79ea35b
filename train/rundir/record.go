package rundir

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"

	"textgan/internal/atomicfile"
	"textgan/internal/jsonerr"
)

// markFile is the file of a checkpoint that says what the record held when it was
// saved. Checkpoints of textgan 0.1 have none.
const markFile = "record.json"

// mark identifies the beginning of metrics.jsonl that belongs to a checkpoint, or to a
// start that has mended it.
type mark struct {
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // hex, of these bytes
}

// mark is that of the record as it is.
func (w *Writer) mark() mark { return mark{w.size, fmt.Sprintf("%x", w.sum.Sum(nil))} }

func (m mark) encode() (File, error) {
	b, err := json.Marshal(m)
	return File{markFile, func(out io.Writer) error { _, err := out.Write(append(b, '\n')); return err }}, err
}

// mark reads the mark of a checkpoint; nil if it has none.
func (c *Checkpoint) mark() (*mark, error) {
	path, err := c.Path(markFile)
	if err != nil {
		return nil, nil
	}
	b, err := readRegular(path)
	if err != nil {
		return nil, err
	}
	var m mark
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, jsonerr.Plain(err, "the file"))
	}
	if m.Bytes < 0 || len(m.SHA256) != 64 {
		return nil, fmt.Errorf("%s: %d bytes with the checksum %q are no record", path, m.Bytes, m.SHA256)
	}
	return &m, nil
}

// begins reports whether a record begins with what the mark identifies.
func (m *mark) begins(content []byte) bool {
	return m != nil && m.Bytes >= 0 && int64(len(content)) >= m.Bytes && hexSum(content[:m.Bytes]) == m.SHA256
}

// allBeyond reports whether all complete lines are of later steps.
func allBeyond(content []byte, step int) bool {
	for line := range lines(bytes.NewReader(content)) {
		if rec, err := decodeLine(line.text); err != nil || rec.Step <= step {
			return false
		}
	}
	return true
}

// record is metrics.jsonl as it is found when a run is resumed.
type record struct {
	content []byte
	there   bool   // is there such a file?
	keep    []byte // what belongs to the checkpoint
	fault   string // why keep is not all that once belonged to it
}

// findRecord reads metrics.jsonl and finds what of it belongs to a checkpoint, nil for a
// run that begins: the lines that were there when the checkpoint was saved. Where
// they have changed since, keep is what can still be read of them.
func (r *Run) findRecord(c *Checkpoint) (found record, err error) {
	path := r.Path(MetricsFile)
	switch found.content, err = readRegular(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return found, err
	default:
		found.there = true
	}
	if c == nil {
		return found, nil
	}
	m, err := c.mark()
	if err != nil {
		return found, err
	}
	body := found.content
	intact := false
	marks := []*mark{m}
	for _, s := range r.Manifest.Starts {
		if s.Step == c.Step {
			marks = append(marks, s.Record)
		}
	}
	for _, m := range marks {
		if m.begins(body) && allBeyond(body[m.Bytes:], c.Step) {
			body, intact = body[:m.Bytes], true
			break
		}
	}
	before := 0
	for line := range lines(bytes.NewReader(body)) { // a buffer has no errors
		rec, err := decodeLine(line.text)
		if err == nil && rec.Step > c.Step && !intact { // will be recorded again
			continue
		}
		if err == nil && (rec.Step < before || rec.Step > c.Step) {
			err = fmt.Errorf("step %d after step %d", rec.Step, before)
		}
		if err != nil {
			if found.fault == "" {
				found.fault = fmt.Sprintf("%s:%d: %v", path, line.number, err)
			}
			continue
		}
		before = rec.Step
		found.keep = append(found.keep, line.text...)
	}
	switch {
	case intact || found.fault != "":
	case m != nil && int64(len(found.keep)) < m.Bytes:
		found.fault = fmt.Sprintf("%s has lost lines up to step %d", path, c.Step)
	case m != nil:
		found.fault = fmt.Sprintf("lines of %s up to step %d were changed", path, c.Step)
	}
	return found, nil
}

// setRecord leaves of metrics.jsonl what belongs to the checkpoint of a step. If
// something else is lost by that than what will be recorded again, the file as it was is
// kept aside, and the note that says so is returned.
func (w *Writer) setRecord(found record, step int, aside bool) (note string, err error) {
	switch {
	case !found.there:
		note = found.fault
	case found.fault != "" || aside && len(found.content) > len(found.keep):
		name, err := w.setAside(found, step)
		if err != nil {
			return "", err
		}
		if note = "the record as it was is in " + name; found.fault != "" {
			note = found.fault + "; " + note + ", and what could be read of it in " + MetricsFile
		}
	}
	w.size = int64(len(found.keep))
	w.sum.Write(found.keep)
	path := w.Path(MetricsFile)
	switch {
	case bytes.Equal(found.keep, found.content):
		return note, nil
	case !bytes.HasPrefix(found.content, found.keep):
		return note, atomicfile.WriteBytes(path, found.keep)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := f.Truncate(w.size); err != nil {
		return "", err
	}
	return note, f.Sync()
}

// setAside copies the record to a name that is free, or holds the same already.
func (w *Writer) setAside(found record, step int) (name string, err error) {
	for i := 1; ; i++ {
		name = fmt.Sprintf("%s.before-%d", MetricsFile, step)
		if i > 1 {
			name += "-" + strconv.Itoa(i)
		}
		switch old, err := readRegular(w.Path(name)); {
		case errors.Is(err, fs.ErrNotExist):
			return name, atomicfile.WriteBytes(w.Path(name), found.content)
		case err == nil && bytes.Equal(old, found.content):
			return name, nil
		}
	}
}
