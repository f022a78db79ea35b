package corpora

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Files of another program in every compression, where they lie, from a stream,
// and compressed as a whole.
func TestParquet(t *testing.T) {
	sentence := func(i int) string {
		switch {
		case i%7 == 3:
			return fmt.Sprintf("line %d of two", i)
		case i%11 == 5:
			return ""
		}
		return fmt.Sprintf("naïve sentence %d of many", i)
	}
	for _, name := range []string{"plain", "snappy", "gzip", "zstd", "dictionary"} {
		path := "testdata/parquet/" + name + ".parquet"
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		var want []string
		for i := range 60 {
			if name == "dictionary" {
				i %= 5
			}
			want = append(want, sentence(i))
		}
		for _, field := range []string{"", "text", "data.text"} {
			if name == "dictionary" && field == "data.text" {
				continue
			}
			c, err := Open(path, Options{Field: field})
			require.NoError(t, err, name)
			require.Equal(t, want, c.WithBlanks(), name)
			require.Equal(t, path+":5", c.Where(4))
			for _, stream := range []string{string(content), gzipped(t, string(content)), zstded(t, string(content))} {
				again, err := Read(strings.NewReader(stream), path, Options{Field: field})
				require.NoError(t, err)
				require.Equal(t, c, again)
			}
		}
	}
}

func TestParquetRefuses(t *testing.T) {
	const dir = "testdata/parquet/"
	for _, c := range []struct {
		name string
		opt  Options
		want string
	}{
		{"nulls", Options{}, "nulls.parquet:2: the sentence is null; drop the row"},
		{"lists", Options{Field: "text.list.element"}, `column "text.list.element" holds lists; a sentence is one string`},
		{"lists", Options{}, `no column "text"; choose another with --field (there are ["text.list.element"])`},
		{"plain", Options{Field: "id"}, `column "id" holds no strings but INT32`},
		{"plain", Options{MaxLineBytes: 20}, "plain.parquet:1: line of 25 bytes, more than 20"},
		{"plain", Options{MaxBytes: 1000}, "more than 1,000 bytes of text so far"},
	} {
		_, err := Open(dir+c.name+".parquet", c.opt)
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "corpora: "+dir)
	}
	content, err := os.ReadFile(dir + "gzip.parquet")
	require.NoError(t, err)
	for at := range content { // cut anywhere, and damaged anywhere
		_, err := Read(bytes.NewReader(content[:at]), "cut.parquet", Options{})
		require.ErrorContains(t, err, "corpora: cut.parquet")
		damaged := bytes.Clone(content)
		damaged[at] ^= 0x55
		if c, err := Read(bytes.NewReader(damaged), "x.parquet", Options{}); err == nil {
			require.Len(t, c.WithBlanks(), 60)
		} else {
			require.ErrorContains(t, err, "corpora: x.parquet")
			require.NotContains(t, err.Error(), "\n")
		}
	}
}

// FuzzParquet: no file ends the program. Give -fuzzminimizetime 1x: the library's
// pools make the coverage of an input vary, and its minimisation does not end.
func FuzzParquet(f *testing.F) {
	for _, name := range []string{"plain", "gzip", "zstd", "dictionary", "nulls", "lists"} {
		content, err := os.ReadFile("testdata/parquet/" + name + ".parquet")
		require.NoError(f, err)
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(bytes.NewReader(data), "f.parquet", Options{MaxBytes: 1 << 20})
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "corpora: f.parquet"), err)
			return
		}
		require.NotEmpty(t, c.Lines)
	})
}
