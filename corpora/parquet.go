package corpora

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
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
	var meta format.FileMetaData
	footer, err := footerOf(text, size)
	if err == nil {
		err = thrift.Unmarshal(new(thrift.CompactProtocol), footer, &meta)
	}
	if err != nil {
		return at(0, fmt.Errorf("not a Parquet file: %w", err))
	}
	column, nullable, err := leaf(meta.Schema, in.opt.Field)
	if err != nil {
		return at(0, err)
	}
	for _, group := range meta.RowGroups {
		if column >= len(group.Columns) {
			return at(row+1, fmt.Errorf("%w: a group of %d columns", errPage, len(group.Columns)))
		}
		chunk, err := newChunk(text, size, group.Columns[column], nullable, in.left.total)
		if err != nil {
			return at(row+1, err)
		}
		err = chunk.each(func(sentence []byte, null bool) error {
			if row++; null {
				return in.tolerate(at(row, refuse("null", errors.New("the sentence is null; drop the row"))))
			}
			if err := in.left.spend(lineCost + len(sentence)); err != nil {
				return at(row, err)
			}
			if bytes.ContainsAny(sentence, "\r\n") {
				sentence = []byte(spaceForLineEnd.Replace(string(sentence)))
			}
			return visit(sentence, row)
		})
		var own *place
		if err != nil && !errors.As(err, &own) && errors.Is(err, errPage) {
			err = at(row+1, err)
		}
		if err != nil {
			return err
		}
	}
	if int64(row) != meta.NumRows {
		return at(row, fmt.Errorf("damaged Parquet file: %d rows of %d", row, meta.NumRows))
	}
	return nil
}

// footerOf reads the description of the file from its end. It holds the size that the
// file gives for it against that of the file before it makes room.
func footerOf(text io.ReaderAt, size int64) ([]byte, error) {
	const tail = 4 + len(parquetMagic)
	end := make([]byte, tail)
	if size < int64(tail+len(parquetMagic)) {
		return nil, errors.New("cut short")
	}
	if _, err := text.ReadAt(end, size-int64(tail)); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	length := int64(binary.LittleEndian.Uint32(end))
	if string(end[4:]) != parquetMagic || length > size-int64(tail+len(parquetMagic)) {
		return nil, errors.New("cut short or damaged")
	}
	footer := make([]byte, length)
	if _, err := text.ReadAt(footer, size-int64(tail)-length); err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	return footer, nil
}

var errPage = errors.New("damaged Parquet file")

// leaf is the number of a column of strings, one a row, by its name with dots, and
// how many of the groups around it and itself can be null.
func leaf(schema []format.SchemaElement, field string) (column, nullable int, err error) {
	if field == "" {
		field = defaultField
	}
	var names []string
	var found *format.SchemaElement
	lists := false
	// The elements are a tree, each before its children.
	var walk func(path []string, nulls int, repeated bool) error
	walk = func(path []string, nulls int, repeated bool) error {
		if len(schema) == 0 {
			return errPage
		}
		e := &schema[0]
		schema = schema[1:]
		if path == nil {
			path = []string{} // the root has no name
		} else {
			path = append(slices.Clip(path), e.Name)
			switch e.RepetitionType.V {
			case format.Optional:
				nulls++
			case format.Repeated:
				repeated = true
			}
		}
		if e.NumChildren.V > 0 {
			for range e.NumChildren.V {
				if err := walk(path, nulls, repeated); err != nil {
					return err
				}
			}
			return nil
		}
		name := strings.Join(path, ".")
		if name == field && found == nil {
			found, column, nullable, lists = e, len(names), nulls, repeated
		}
		names = append(names, name)
		return nil
	}
	if err := walk(nil, 0, false); err != nil {
		return 0, 0, err
	}
	switch {
	case found == nil:
		return 0, 0, fmt.Errorf("no column %q; choose another with --field (there are %.60q)", field, names[:min(len(names), 8)])
	case lists:
		return 0, 0, fmt.Errorf("column %q holds lists; a sentence is one string", field)
	case found.Type.V != format.ByteArray:
		return 0, 0, fmt.Errorf("column %q holds no strings but %v", field, found.Type.V)
	}
	return column, nullable, nil
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
