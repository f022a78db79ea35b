package rundir

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"strconv"

	"textgan/internal/tfevents"
)

// Field is one named value of a line of metrics.jsonl:
//
//	{"step":20,"phase":"adversarial","loss/d":0.69,"loss/g":"NaN"}
//
// Value is a float64, float32, int or string. JSON has no numbers for NaN and
// the infinities, so they are written as the strings "NaN", "+Inf" and "-Inf";
// Record.Float reads both.
type Field struct {
	Name  string
	Value any
}

// Record is a line read back. Values are float64 or string.
type Record struct {
	Step   int
	Fields []Field
}

// Float returns the number of that name, and false if there is none.
func (r Record) Float(name string) (float64, bool) {
	for _, f := range r.Fields {
		if f.Name != name {
			continue
		}
		switch v := f.Value.(type) {
		case float64:
			return v, true
		case string:
			switch v {
			case "NaN", "+Inf", "-Inf":
				x, err := strconv.ParseFloat(v, 64)
				return x, err == nil
			}
		}
	}
	return 0, false
}

// Log appends a line to metrics.jsonl, and its numbers to the event file.
// Steps never fall. Lines that belong to a checkpoint's step are logged
// before it is saved.
func (w *Writer) Log(step int, fields ...Field) error {
	if step < w.step {
		return fmt.Errorf("rundir: metrics of step %d after step %d", step, w.step)
	}
	line, scalars, err := encodeLine(step, fields)
	if err != nil {
		return fmt.Errorf("rundir: metrics of step %d: %w", step, err)
	}
	if _, err := w.metrics.Write(line); err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	w.step = step
	w.size += int64(len(line))
	w.sum.Write(line)
	if len(scalars) == 0 {
		return nil
	}
	if err := w.scalars.Scalars(int64(step), scalars...); err != nil {
		return fmt.Errorf("rundir: %w", err)
	}
	return nil
}

func encodeLine(step int, fields []Field) (line []byte, scalars []tfevents.Scalar, err error) {
	line = strconv.AppendInt([]byte(`{"step":`), int64(step), 10)
	seen := map[string]bool{"step": true}
	for _, f := range fields {
		if seen[f.Name] || f.Name == "" {
			return nil, nil, fmt.Errorf("field %q is empty, reserved or given twice", f.Name)
		}
		seen[f.Name] = true
		line = appendString(append(line, ','), f.Name)
		line = append(line, ':')
		number := 0.0
		switch v := f.Value.(type) {
		case float64:
			line, number = appendFloat(line, v, 64), v
		case float32:
			line, number = appendFloat(line, float64(v), 32), float64(v)
		case int:
			line, number = strconv.AppendInt(line, int64(v), 10), float64(v)
		case string:
			line = appendString(line, v)
			continue
		default:
			return nil, nil, fmt.Errorf("field %q is a %T", f.Name, f.Value)
		}
		scalars = append(scalars, tfevents.Scalar{Tag: f.Name, Value: float32(number)})
	}
	return append(line, "}\n"...), scalars, nil
}

// appendFloat appends the shortest decimal that reads back as the same float
// of that many bits.
func appendFloat(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		b = append(b, '"')
		b = strconv.AppendFloat(b, v, 'g', -1, bits) // NaN, +Inf, -Inf
		return append(b, '"')
	}
	return strconv.AppendFloat(b, v, 'g', -1, bits)
}

func appendString(b []byte, s string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string and a buffer: cannot fail
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}

// Metrics reads metrics.jsonl from the beginning. A last line without its
// newline is still being written and left out. The sequence ends after the
// first error, which names the line.
func (r *Run) Metrics() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		f, err := openRegular(r.Path(MetricsFile), os.O_RDONLY)
		if err != nil {
			yield(Record{}, fmt.Errorf("rundir: %w", err))
			return
		}
		defer f.Close()
		for line, err := range lines(f) {
			var rec Record
			if err == nil {
				rec, err = decodeLine(line.text)
			}
			if err != nil {
				err = fmt.Errorf("rundir: %s:%d: %w", r.Path(MetricsFile), line.number, err)
			}
			if !yield(rec, err) || err != nil {
				return
			}
		}
	}
}

type numberedLine struct {
	number int
	text   []byte // newline included
}

// lines yields the complete lines of r.
func lines(r io.Reader) iter.Seq2[numberedLine, error] {
	return func(yield func(numberedLine, error) bool) {
		in := bufio.NewReader(r)
		for n := 1; ; n++ {
			text, err := in.ReadBytes('\n')
			if errors.Is(err, io.EOF) {
				return
			}
			if !yield(numberedLine{n, text}, err) || err != nil {
				return
			}
		}
	}
}

// decodeLine reads an object token by token, which keeps its order.
func decodeLine(line []byte) (rec Record, err error) {
	bad := func(err error) (Record, error) {
		if err == nil || errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Record{}, fmt.Errorf("no line of metrics: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(line))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return bad(err)
	}
	stepped := false
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return bad(err)
		}
		value, err := dec.Token()
		if err != nil {
			return bad(err)
		}
		name := key.(string) // the decoder lets nothing else stand before a colon
		switch v := value.(type) {
		case float64:
			if name == "step" {
				if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
					return bad(fmt.Errorf("step is %v", v))
				}
				rec.Step, stepped = int(v), true
				continue
			}
		case string:
		default:
			return bad(fmt.Errorf("%q is neither a number nor a string", name))
		}
		rec.Fields = append(rec.Fields, Field{name, value})
	}
	if _, err := dec.Token(); err != nil {
		return bad(err)
	}
	if !stepped {
		return bad(errors.New("no step"))
	}
	if rest := bytes.TrimSpace(line[dec.InputOffset():]); len(rest) > 0 {
		return bad(errors.New("more than one object"))
	}
	return rec, nil
}
