package corpora

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// recordLines bounds a record of a format whose records may go over lines, in
// lines of the greatest length: an open quote must not swallow a whole file.
const recordLines = 16

// records reads a text whose records have no line of their own: it counts bytes
// against the budget and lines, and ends a record that is too long.
type records struct {
	in       *input
	read     int64   // bytes so far
	limit    int64   // of read, for the present record
	newlines []int64 // their offsets, of those read but not yet passed by line
	passed   int     // newlines before them
}

func (r *records) Read(p []byte) (int, error) {
	if r.read >= r.limit {
		return 0, fmt.Errorf("a record of more than %s bytes, as where a quote or a bracket stays open; raise --max-line-bytes if it is meant", grouped(recordLines*r.in.opt.MaxLineBytes))
	}
	p = p[:min(int64(len(p)), r.limit-r.read)]
	n, err := r.in.Read(p)
	for i, b := range p[:n] {
		if b == '\n' {
			r.newlines = append(r.newlines, r.read+int64(i))
		}
	}
	r.read += int64(n)
	if n > 0 {
		if err := r.in.left.spend(n); err != nil {
			return n, err
		}
	}
	return n, err
}

// next begins a record at an offset.
func (r *records) next(offset int64) error {
	r.limit = offset + int64(recordLines*r.in.opt.MaxLineBytes)
	return r.in.left.spend(lineCost)
}

// line is that of an offset, which is not before that of the last call.
func (r *records) line(offset int64) int {
	n := 0
	for n < len(r.newlines) && r.newlines[n] < offset {
		n++
	}
	r.newlines = slices.Delete(r.newlines, 0, n)
	r.passed += n
	return r.passed + 1
}

// readTable reads a column of CSV, or of TSV, which some programs quote in the
// same way.
func readTable(in *input, comma rune, visit func([]byte, int) error) error {
	text := &records{in: in}
	r := csv.NewReader(text)
	r.Comma, r.ReuseRecord = comma, true
	column, line := -1, 0
	// The reader skips empty lines. In a table of one column they are rows, whose
	// one cell is empty.
	single, due := false, 1 // the line on which the next row begins if none was skipped
	skipped := func(until int) error {
		for ; single && due < until; due++ {
			if err := visit(nil, due); err != nil {
				return err
			}
		}
		return nil
	}
	for {
		err := text.next(r.InputOffset())
		if err != nil {
			return at(line, err)
		}
		record, err := r.Read()
		if err == io.EOF {
			return skipped(text.line(text.read))
		}
		if err != nil {
			var p *csv.ParseError
			if !errors.As(err, &p) {
				return at(text.line(text.read), err)
			}
			err = at(p.StartLine, tableError(p, comma))
			if p.Err == csv.ErrFieldCount { // the row was read
				if err = in.tolerate(err); err == nil {
					due = text.line(r.InputOffset())
					continue
				}
			}
			return err
		}
		header := column < 0
		if header {
			var named bool
			if column, named, err = columnOf(record, in.opt.Field); err != nil {
				return at(1, err)
			}
			single = len(record) == 1
			if named {
				due = text.line(r.InputOffset())
				continue
			}
		}
		line, _ = r.FieldPos(column)
		if err := skipped(line); err != nil {
			return err
		}
		due = text.line(r.InputOffset())
		if err := visit([]byte(spaceForLineEnd.Replace(record[column])), line); err != nil {
			return err
		}
	}
}

// tableError says what is wrong with a record.
func tableError(p *csv.ParseError, comma rune) error {
	switch {
	case p.Err == csv.ErrFieldCount:
		return refuse("another number of columns", errors.New("another number of columns than the first row has"))
	case comma == '\t':
		return fmt.Errorf("%w; if quotes are letters in this file, give --format tsv-unquoted", p.Err)
	}
	return fmt.Errorf("%w; a quote in a field is written twice, and the field in quotes", p.Err)
}

// readUnquoted reads a column of TSV in which a quote is a letter as any other.
func readUnquoted(in *input, visit func([]byte, int) error) error {
	column, width := -1, 0
	return in.eachLine(func(row []byte, line int) error {
		if len(row) == 0 && width != 1 {
			return nil
		}
		cells := bytes.Split(row, []byte("\t"))
		if column < 0 {
			var names []string
			for _, c := range cells {
				names = append(names, string(c))
			}
			var named bool
			var err error
			if column, named, err = columnOf(names, in.opt.Field); err != nil {
				return at(line, err)
			}
			if width = len(cells); named {
				return nil
			}
		}
		if len(cells) != width {
			return at(line, refuse("another number of columns", fmt.Errorf("%d columns, where the first row has %d", len(cells), width)))
		}
		return visit(cells[column], line)
	})
}

// columnOf finds a column by its name in the first row, or by its number where
// no column has that name: then the first row is a sentence too.
func columnOf(first []string, field string) (column int, named bool, err error) {
	name := field
	if name == "" {
		name = defaultField
	}
	switch i := slices.Index(first, name); {
	case i >= 0 && slices.Contains(first[i+1:], name):
		return 0, false, fmt.Errorf("two columns are named %q; give the number of one with --field, and drop the first row", name)
	case i >= 0:
		return i, true, nil
	}
	if n, err := strconv.Atoi(field); err == nil {
		if n < 1 || n > len(first) {
			return 0, false, fmt.Errorf("no column %d; there are %d", n, len(first))
		}
		return n - 1, false, nil
	}
	return 0, false, fmt.Errorf("no column %q in the first row (%.40q); give --field NAME, --field NUMBER if it has no names, or --format text", name, first[:min(len(first), 4)])
}
