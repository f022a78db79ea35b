package corpora

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress"
	"github.com/stretchr/testify/require"
)

// Every encoding of strings, every compression, both versions of pages, as the library
// writes them, with columns before and behind, in several groups and pages.
func TestParquetPages(t *testing.T) {
	type row struct {
		ID    int64   `parquet:"id"`
		Plain string  `parquet:"plain,plain"`
		Dict  string  `parquet:"dict,dict"`
		Delta string  `parquet:"delta,delta"`
		Maybe *string `parquet:"maybe,optional,dict"`
		Deep  struct {
			Text *string `parquet:"text,optional"`
		} `parquet:"deep,optional"`
	}
	var rows []row
	want := map[string][]string{}
	for i := range 700 {
		r := row{ID: int64(i), Plain: fmt.Sprintf("plain sentence %d", i), Dict: fmt.Sprintf("word %d", i*i%37), Delta: fmt.Sprintf("a long beginning %d", i/3)}
		maybe := fmt.Sprintf("maybe %d", i%11)
		r.Maybe, r.Deep.Text = &maybe, &r.Plain
		rows = append(rows, r)
		want["plain"] = append(want["plain"], r.Plain)
		want["dict"] = append(want["dict"], r.Dict)
		want["delta"] = append(want["delta"], r.Delta)
		want["maybe"] = append(want["maybe"], maybe)
		want["deep.text"] = append(want["deep.text"], r.Plain)
	}
	for _, codec := range []compress.Codec{&parquet.Uncompressed, &parquet.Snappy, &parquet.Gzip, &parquet.Brotli, &parquet.Zstd, &parquet.Lz4Raw} {
		for _, version := range []int{1, 2} {
			var b bytes.Buffer
			w := parquet.NewGenericWriter[row](&b, parquet.Compression(codec), parquet.DataPageVersion(version), parquet.PageBufferSize(2000), parquet.MaxRowsPerRowGroup(300))
			_, err := w.Write(rows)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			for field, lines := range want {
				c, err := Read(bytes.NewReader(b.Bytes()), "x.parquet", Options{Field: field})
				require.NoError(t, err, "%v, version %d, %s", codec, version, field)
				require.Equal(t, lines, c.Lines, "%v, version %d, %s", codec, version, field)
			}
			_, err = Read(bytes.NewReader(b.Bytes()), "x.parquet", Options{Field: "id"})
			require.ErrorContains(t, err, "holds no strings")
			// A byte that is changed in the pages is an error or another text, never a panic.
			for at := 4; at < b.Len(); at += 997 {
				broken := bytes.Clone(b.Bytes())
				broken[at] ^= 0x55
				if _, err := Read(bytes.NewReader(broken), "x.parquet", Options{Field: "maybe"}); err != nil {
					require.False(t, strings.Contains(err.Error(), "runtime error"), "%v", err)
				}
			}
		}
	}
	rows[1].Maybe = nil
	var b bytes.Buffer
	w := parquet.NewGenericWriter[row](&b)
	_, err := w.Write(rows[:5])
	require.NoError(t, err)
	require.NoError(t, w.Close())
	_, err = Read(bytes.NewReader(b.Bytes()), "x.parquet", Options{Field: "maybe"})
	require.ErrorContains(t, err, "x.parquet:2: the sentence is null")
}

func TestHybrid(t *testing.T) {
	// A run of five 7, eight numbers of three bits, then nothing.
	h := &hybrid{src: []byte{10, 7, 3, 0b10001000, 0b11000110, 0b11111010}, width: 3}
	var got []uint32
	for {
		v, err := h.next()
		if err != nil {
			require.ErrorContains(t, err, "too few values")
			break
		}
		got = append(got, v)
	}
	require.Equal(t, []uint32{7, 7, 7, 7, 7, 0, 1, 2, 3, 4, 5, 6, 7}, got)
	for _, broken := range []*hybrid{{width: 1}, {src: []byte{2}, width: 9}, {src: []byte{2, 0, 0, 0, 0, 0}, width: 40}, {src: bytes.Repeat([]byte{0xff}, 20), width: 3}} {
		_, err := broken.next()
		require.ErrorIs(t, err, errPage)
	}
}
