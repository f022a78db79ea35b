package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"

	"textgan/internal/jsonerr"
)

// maxHeader is the format's own limit.
const maxHeader = 100_000_000

// Load reads the file at path.
func Load(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	file, err := Read(f, info.Size())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

// Read reads a file of size bytes. Nothing is allocated that the size does
// not warrant, so a hostile header costs no more memory than its file's size
// would.
func Read(r io.ReaderAt, size int64) (*File, error) {
	f, err := read(r, size)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	return f, nil
}

func read(r io.ReaderAt, size int64) (*File, error) {
	if size < 8 {
		return nil, fmt.Errorf("%d bytes are no safetensors file", size)
	}
	var length [8]byte
	if err := readAt(r, length[:], 0); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if n > maxHeader || n > uint64(size-8) {
		return nil, fmt.Errorf("header of %d bytes in a file of %d: cut short, or no safetensors file", n, size)
	}
	header := make([]byte, n)
	if err := readAt(r, header, 8); err != nil {
		return nil, err
	}
	named, meta, err := parseHeader(header)
	if err != nil {
		return nil, err
	}
	f := &File{Meta: meta}
	start := int64(8 + n)
	var end uint64
	for _, e := range named {
		d, err := e.check(end)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		end = e.Offsets[1]
		if end > uint64(size-start) {
			return nil, fmt.Errorf("tensor %q: data ends at %d of %d bytes: cut short", e.name, end, size-start)
		}
		data, err := readData(r, start+int64(e.Offsets[0]), int(end-e.Offsets[0]), d)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", e.name, err)
		}
		f.Tensors = append(f.Tensors, Tensor{e.name, e.Shape, data})
	}
	if end != uint64(size-start) {
		return nil, fmt.Errorf("%d bytes of data, but the tensors end at %d", size-start, end)
	}
	return f, nil
}

// readAt fills b from the offset.
func readAt(r io.ReaderAt, b []byte, off int64) error {
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

type namedEntry struct {
	name string
	entry
}

// check holds the entry's type, shape and offsets against each other; its
// data has to begin where that before it ends.
func (e namedEntry) check(begin uint64) (dtype, error) {
	d, err := dtypeNamed(e.DType)
	if err != nil {
		return d, err
	}
	if e.Shape == nil {
		return d, errors.New("no shape")
	}
	n, err := elements(e.Shape)
	if err != nil {
		return d, err
	}
	if n > math.MaxInt/d.size {
		return d, fmt.Errorf("shape %v is too large", e.Shape)
	}
	if e.Offsets[0] != begin {
		return d, fmt.Errorf("data begins at %d, not at %d where that before it ends", e.Offsets[0], begin)
	}
	if e.Offsets[1] < begin || e.Offsets[1]-begin != uint64(n*d.size) {
		return d, fmt.Errorf("data_offsets %v do not fit %s of shape %v", e.Offsets, e.DType, e.Shape)
	}
	return d, nil
}

// parseHeader returns the entries in the order of their data. It goes through
// the object key by key, because a map would hide a name that comes twice.
func parseHeader(header []byte) (named []namedEntry, meta map[string]string, err error) {
	if len(header) == 0 || header[0] != '{' {
		return nil, nil, errors.New("the header is no JSON object: no safetensors file")
	}
	dec := json.NewDecoder(bytes.NewReader(header))
	dec.DisallowUnknownFields()
	if _, err := dec.Token(); err != nil {
		return nil, nil, headerError(err)
	}
	seen := map[string]bool{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, nil, headerError(err)
		}
		name := key.(string) // the decoder lets nothing else stand before a colon
		if seen[name] {
			return nil, nil, fmt.Errorf("%q stands twice in the header", name)
		}
		seen[name] = true
		if name == metaKey {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, headerError(err)
			}
			continue
		}
		e := namedEntry{name: name}
		if err := dec.Decode(&e.entry); err != nil {
			return nil, nil, headerError(err)
		}
		named = append(named, e)
	}
	if _, err := dec.Token(); err != nil {
		return nil, nil, headerError(err)
	}
	if rest := bytes.Trim(header[dec.InputOffset():], " "); len(rest) > 0 {
		return nil, nil, errors.New("the header does not end with its JSON object")
	}
	slices.SortStableFunc(named, func(a, b namedEntry) int {
		return cmp.Or(cmp.Compare(a.Offsets[0], b.Offsets[0]), cmp.Compare(a.Offsets[1], b.Offsets[1]))
	})
	return named, meta, nil
}

func headerError(err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("header: %w", jsonerr.Plain(err, "an entry"))
}

// readData decodes the n bytes at off.
func readData(r io.ReaderAt, off int64, n int, d dtype) (any, error) {
	switch d.name {
	case "F64":
		return readBlocks(r, off, n/d.size, d.size, func(b []byte) float64 {
			return math.Float64frombits(binary.LittleEndian.Uint64(b))
		})
	case "F32":
		return readBlocks(r, off, n/d.size, d.size, func(b []byte) float32 {
			return math.Float32frombits(binary.LittleEndian.Uint32(b))
		})
	case "I64":
		return readBlocks(r, off, n/d.size, d.size, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) })
	case "U64":
		return readBlocks(r, off, n/d.size, d.size, binary.LittleEndian.Uint64)
	default: // I32, the last that dtypeNamed lets through
		return readBlocks(r, off, n/d.size, d.size, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) })
	}
}

func readBlocks[T Number](r io.ReaderAt, off int64, n, size int, decode func([]byte) T) ([]T, error) {
	const block = 1 << 13 // values, so at most 64 KiB
	values := make([]T, n)
	buf := make([]byte, size*min(block, n))
	for i := 0; i < n; i += block {
		part := values[i:min(i+block, n)]
		b := buf[:size*len(part)]
		if err := readAt(r, b, off+int64(i*size)); err != nil {
			return nil, err
		}
		for j := range part {
			part[j] = decode(b[j*size:])
		}
	}
	return values, nil
}
