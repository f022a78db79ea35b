package torture

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// point is a value of an event file or of the record.
type point struct {
	step int64
	tag  string
}

// events reads what TensorBoard shows of a run: the values of all files in the order of
// their names, without those that a later start has taken back.
func events(t *testing.T, dir string) map[point]float32 {
	files, err := filepath.Glob(filepath.Join(dir, "events.out.tfevents.*"))
	require.NoError(t, err)
	slices.Sort(files)
	values := map[point]float32{}
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for len(content) >= 12 {
			n := binary.LittleEndian.Uint64(content)
			require.Equal(t, masked(content[:8]), binary.LittleEndian.Uint32(content[8:]), file)
			if uint64(len(content)) < 16+n {
				break // torn, where the process died
			}
			data := content[12:][:n]
			require.Equal(t, masked(data), binary.LittleEndian.Uint32(content[12+n:]), file)
			content = content[16+n:]
			event(t, data, values)
		}
	}
	return values
}

func masked(b []byte) uint32 {
	crc := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return (crc>>15 | crc<<17) + 0xa282ead8
}

// event adds the values of one Event message; the start of a session takes back what
// is not before it.
func event(t *testing.T, data []byte, values map[point]float32) {
	step, starts := int64(0), false
	var summaries [][]byte
	fields(t, data, func(field int, number uint64, bytes []byte) {
		switch field {
		case 2:
			step = int64(number)
		case 5:
			summaries = append(summaries, bytes)
		case 7:
			starts = true
		}
	})
	if starts {
		for p := range values {
			if p.step >= step {
				delete(values, p)
			}
		}
	}
	for _, summary := range summaries {
		fields(t, summary, func(_ int, _ uint64, value []byte) {
			var tag string
			var number float32
			fields(t, value, func(field int, n uint64, bytes []byte) {
				if field == 1 {
					tag = string(bytes)
				} else {
					number = math.Float32frombits(uint32(n))
				}
			})
			values[point{step, tag}] = number
		})
	}
}

// fields goes through a message of protocol buffers.
func fields(t *testing.T, b []byte, visit func(field int, number uint64, bytes []byte)) {
	for len(b) > 0 {
		key, n := binary.Uvarint(b)
		require.Positive(t, n)
		b = b[n:]
		switch key & 7 {
		case 0:
			number, n := binary.Uvarint(b)
			require.Positive(t, n)
			visit(int(key>>3), number, nil)
			b = b[n:]
		case 1:
			visit(int(key>>3), binary.LittleEndian.Uint64(b), nil)
			b = b[8:]
		case 2:
			size, n := binary.Uvarint(b)
			require.Positive(t, n)
			visit(int(key>>3), 0, b[n:][:size])
			b = b[n+int(size):]
		case 5:
			visit(int(key>>3), uint64(binary.LittleEndian.Uint32(b)), nil)
			b = b[4:]
		default:
			t.Fatalf("wire type %d", key&7)
		}
	}
}

// sameNumbers holds the event files of a run against its record.
func sameNumbers(t *testing.T, dir string) error {
	shown := events(t, dir)
	r, err := rundir.Open(dir)
	if err != nil {
		return err
	}
	n := 0
	for rec, err := range r.Metrics() {
		if err != nil {
			return err
		}
		for _, f := range rec.Fields {
			want, ok := rec.Float(f.Name)
			if !ok {
				continue
			}
			n++
			if got, ok := shown[point{int64(rec.Step), f.Name}]; !ok || math.Float32bits(got) != math.Float32bits(float32(want)) {
				return fmt.Errorf("%s at step %d: %v in the record, %v in the events", f.Name, rec.Step, want, got)
			}
		}
	}
	if n != len(shown) {
		return fmt.Errorf("%d numbers in the record, %d in the events", n, len(shown))
	}
	return nil
}
