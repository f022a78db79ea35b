package safetensors

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"unicode/utf8"
)

// Write writes tensors and metadata. Equal content gives equal bytes in
// whatever order it comes: wide types stand first, which keeps all data
// aligned, and equals by name; keys of the metadata are sorted.
func Write(w io.Writer, tensors []Tensor, meta map[string]string) error {
	tensors = slices.Clone(tensors)
	seen := map[string]bool{}
	for _, t := range tensors {
		if seen[t.Name] {
			return fmt.Errorf("safetensors: two tensors named %q", t.Name)
		}
		seen[t.Name] = true
		if err := check(t); err != nil {
			return fmt.Errorf("safetensors: tensor %q: %w", t.Name, err)
		}
	}
	slices.SortFunc(tensors, func(a, b Tensor) int {
		da, _, _ := dtypeOf(a.Data)
		db, _, _ := dtypeOf(b.Data)
		return cmp.Or(cmp.Compare(db.size, da.size), cmp.Compare(a.Name, b.Name))
	})
	header, err := marshalHeader(tensors, meta)
	if err != nil {
		return err
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if err := writeData(w, t.Data); err != nil {
			return err
		}
	}
	return nil
}

func check(t Tensor) error {
	if t.Name == metaKey {
		return fmt.Errorf("the name is reserved")
	}
	if !utf8.ValidString(t.Name) {
		return fmt.Errorf("the name is not UTF-8")
	}
	_, have, err := dtypeOf(t.Data)
	if err != nil {
		return err
	}
	want, err := elements(t.Shape)
	if err != nil {
		return err
	}
	if have != want {
		return fmt.Errorf("%d values for shape %v, which needs %d", have, t.Shape, want)
	}
	return nil
}

const metaKey = "__metadata__"

// entry is what the header says about a tensor.
type entry struct {
	DType   string    `json:"dtype"`
	Shape   []int     `json:"shape"`
	Offsets [2]uint64 `json:"data_offsets"`
}

// marshalHeader returns the length and the JSON, which it fills up with
// spaces so that the data starts at a multiple of eight. The object is put
// together by hand because its keys stand in the order of the data.
func marshalHeader(tensors []Tensor, meta map[string]string) ([]byte, error) {
	var b bytes.Buffer
	b.Write(make([]byte, 8))
	b.WriteByte('{')
	if len(meta) > 0 {
		b.WriteString(`"` + metaKey + `":{`)
		for i, k := range slices.Sorted(maps.Keys(meta)) {
			if !utf8.ValidString(k) || !utf8.ValidString(meta[k]) {
				return nil, fmt.Errorf("safetensors: metadata %q is not UTF-8", k)
			}
			comma(&b, i > 0)
			writeJSON(&b, k)
			b.WriteByte(':')
			writeJSON(&b, meta[k])
		}
		b.WriteByte('}')
	}
	var end uint64
	for i, t := range tensors {
		comma(&b, i > 0 || len(meta) > 0)
		d, n, _ := dtypeOf(t.Data)
		e := entry{d.name, t.Shape, [2]uint64{end, end + uint64(n)*uint64(d.size)}}
		if e.Shape == nil {
			e.Shape = []int{} // [], not null
		}
		end = e.Offsets[1]
		writeJSON(&b, t.Name)
		b.WriteByte(':')
		writeJSON(&b, e)
	}
	b.WriteByte('}')
	for b.Len()%8 != 0 {
		b.WriteByte(' ')
	}
	if b.Len()-8 > maxHeader {
		return nil, fmt.Errorf("safetensors: header of %d bytes; the format allows %d", b.Len()-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b.Bytes(), uint64(b.Len()-8))
	return b.Bytes(), nil
}

func comma(b *bytes.Buffer, yes bool) {
	if yes {
		b.WriteByte(',')
	}
}

// writeJSON appends a string or an entry, neither of which can fail, without
// the escapes that are meant for HTML.
func writeJSON(b *bytes.Buffer, v any) {
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic("safetensors: " + err.Error())
	}
	b.Truncate(b.Len() - 1) // Encode ends with a newline
}

func writeData(w io.Writer, data any) error {
	switch x := data.(type) {
	case []float64:
		return writeBlocks(w, x, func(b []byte, v float64) []byte {
			return binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
		})
	case []float32:
		return writeBlocks(w, x, func(b []byte, v float32) []byte {
			return binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		})
	case []int64:
		return writeBlocks(w, x, func(b []byte, v int64) []byte {
			return binary.LittleEndian.AppendUint64(b, uint64(v))
		})
	case []uint64:
		return writeBlocks(w, x, binary.LittleEndian.AppendUint64)
	case []int32:
		return writeBlocks(w, x, func(b []byte, v int32) []byte {
			return binary.LittleEndian.AppendUint32(b, uint32(v))
		})
	}
	panic("safetensors: unchecked data")
}

func writeBlocks[T Number](w io.Writer, values []T, appendTo func([]byte, T) []byte) error {
	const block = 1 << 13 // values, so at most 64 KiB
	buf := make([]byte, 0, 8*min(block, len(values)))
	for part := range slices.Chunk(values, block) {
		buf = buf[:0]
		for _, v := range part {
			buf = appendTo(buf, v)
		}
		if _, err := w.Write(buf); err != nil {
			return err
		}
	}
	return nil
}
