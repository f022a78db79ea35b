package corpora

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/parquet-go/parquet-go"
)

const parquetMagic = "PAR1"

// readParquet reads a column of strings; its lines are the rows, from 1. A file
// is read where it lies; a stream, and what is compressed as a whole, into memory.
func readParquet(in *input, visit func([]byte, int) error) (err error) {
	row := 0
	defer func() {
		if p := recover(); p != nil { // the library trusts what a file says of its sizes
			err = at(row, fmt.Errorf("damaged Parquet file: %v", p))
		}
	}()
	text, size, err := in.wholeFile()
	if err != nil {
		return at(0, err)
	}
	if err := checkFooter(text, size); err != nil {
		return at(0, err)
	}
	f, err := parquet.OpenFile(text, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return at(0, fmt.Errorf("not a Parquet file: %w", err))
	}
	column, err := leaf(f.Schema(), in.opt.Field)
	if err != nil {
		return at(0, err)
	}
	for _, group := range f.RowGroups() {
		pages := group.ColumnChunks()[column].Pages()
		err := eachValue(pages, func(v parquet.Value) error {
			if row++; v.IsNull() {
				return in.tolerate(at(row, refuse("null", errors.New("the sentence is null"))))
			}
			sentence := v.ByteArray()
			if err := in.left.spend(lineCost + len(sentence)); err != nil {
				return at(row, err)
			}
			if bytes.ContainsAny(sentence, "\r\n") {
				sentence = []byte(spaceForLineEnd.Replace(string(sentence)))
			}
			return visit(sentence, row)
		})
		pages.Close()
		var own *place
		if err != nil && !errors.As(err, &own) && errors.Is(err, errPage) {
			err = at(row+1, err)
		}
		if err != nil {
			return err
		}
	}
	if int64(row) != f.NumRows() {
		return at(row, fmt.Errorf("damaged Parquet file: %d rows of %d", row, f.NumRows()))
	}
	return nil
}

// checkFooter holds the size that a file gives for its footer against that of the
// file; the library would make room for it first.
func checkFooter(text io.ReaderAt, size int64) error {
	const tail = 4 + len(parquetMagic)
	end := make([]byte, tail)
	if size < int64(tail+len(parquetMagic)) {
		return errors.New("not a Parquet file: cut short")
	}
	if _, err := text.ReadAt(end, size-int64(tail)); err != nil {
		return fmt.Errorf("read: %w", err)
	}
	if string(end[4:]) != parquetMagic || int64(binary.LittleEndian.Uint32(end)) > size-int64(tail+len(parquetMagic)) {
		return errors.New("not a Parquet file: cut short or damaged")
	}
	return nil
}

var errPage = errors.New("damaged Parquet file")

// eachValue calls visit with the values of a column.
func eachValue(pages parquet.Pages, visit func(parquet.Value) error) error {
	values := make([]parquet.Value, 256)
	for {
		page, err := pages.ReadPage()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errPage, err)
		}
		from := page.Values()
		for {
			n, err := from.ReadValues(values)
			for _, v := range values[:n] {
				if err := visit(v); err != nil {
					return err
				}
			}
			if err == io.EOF {
				break
			}
			if err != nil {
				return fmt.Errorf("%w: %w", errPage, err)
			}
		}
		parquet.Release(page)
	}
}

// leaf is the number of a column of strings, one a row, by its name with dots.
func leaf(schema *parquet.Schema, field string) (column int, err error) {
	if field == "" {
		field = defaultField
	}
	var names []string
	found := -1
	for i, path := range schema.Columns() {
		name := strings.Join(path, ".")
		names = append(names, name)
		if name == field {
			found = i
		}
	}
	if found < 0 {
		return 0, fmt.Errorf("no column %q; choose another with --field (there are %.60q)", field, names[:min(len(names), 8)])
	}
	c, ok := schema.Lookup(schema.Columns()[found]...)
	switch {
	case !ok || c.MaxRepetitionLevel > 0:
		return 0, fmt.Errorf("column %q holds lists; a sentence is one string", field)
	case c.Node.Type().Kind() != parquet.ByteArray:
		return 0, fmt.Errorf("column %q holds no strings but %v", field, c.Node.Type())
	}
	return c.ColumnIndex, nil
}

// wholeFile is the text with access to any part of it.
func (in *input) wholeFile() (io.ReaderAt, int64, error) {
	if f, ok := in.raw.(*os.File); ok {
		magic := make([]byte, len(parquetMagic))
		info, err := f.Stat()
		if err == nil && info.Mode().IsRegular() {
			if _, err := f.ReadAt(magic, 0); err == nil && string(magic) == parquetMagic {
				return f, info.Size(), nil
			}
		}
	}
	content, err := io.ReadAll(io.LimitReader(in, in.left.left+1))
	if err != nil {
		return nil, 0, fmt.Errorf("read: %w", err)
	}
	if int64(len(content)) > in.left.left {
		return nil, 0, in.left.spend(len(content))
	}
	return bytes.NewReader(content), int64(len(content)), nil
}
