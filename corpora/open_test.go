package corpora

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func gzipped(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstded(t testing.TB, text string) string {
	w, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	return string(w.EncodeAll([]byte(text), nil))
}

func write(t testing.TB, name, content string) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}

const text = "a grey heron waits\n\nzwei Störche , zwei\n \t\na grey heron waits\nend ."

// plain = CRLF = gzip = zstd = JSON lines = standard input = in memory.
func TestOpenSameTextFromEverywhere(t *testing.T) {
	want := []string{"a grey heron waits", "zwei Störche , zwei", "a grey heron waits", "end ."}
	sum := sha256.Sum256([]byte(strings.Join(want, "\n")))
	jsonl := `{"text":"a grey heron waits","n":1}` + "\n" + `{"text":" "}` + "\r\n" + `{"n":[1,{}],"text":"zwei St\u00f6rche , zwei"}` +
		"\n\n" + `{"text":"a grey heron waits"}` + "\n" + `{"text":"end ."}`
	skippable := "\x53\x2a\x4d\x18\x03\x00\x00\x00abc"
	for name, content := range map[string]string{
		"plain.txt":      text,
		"end.txt":        text + "\n",
		"crlf.txt":       strings.ReplaceAll(text, "\n", "\r\n"),
		"bom.txt":        "\uFEFF" + text,
		"text.gz":        gzipped(t, text),
		"members.gz":     gzipped(t, text[:30]) + gzipped(t, text[30:]),
		"padded.gz":      gzipped(t, text) + strings.Repeat("\x00", 5000),
		"sniffed.txt":    gzipped(t, "\uFEFF"+text),
		"text.zst":       zstded(t, text),
		"frames.zst":     skippable + zstded(t, text[:30]) + zstded(t, text[30:]),
		"text.jsonl":     jsonl,
		"text.jsonl.gz":  gzipped(t, jsonl),
		"text.jsonl.zst": zstded(t, jsonl),
	} {
		path := write(t, name, content)
		c, err := Open(path, Options{})
		require.NoError(t, err, name)
		require.Equal(t, path, c.Name)
		require.Equal(t, want, c.Lines, name)
		require.Equal(t, 2, c.Blank, name)
		require.Equal(t, []string{want[0], "", want[1], "", want[2], want[3]}, c.WithBlanks(), name)
		require.Equal(t, 1, c.Duplicates, name)
		require.Equal(t, hex.EncodeToString(sum[:]), c.SHA256, name)
		require.Equal(t, path+":3", c.Where(1), name)

		// One byte at a time: no border of a buffer may matter.
		d, err := Read(iotest.OneByteReader(strings.NewReader(content)), path, Options{})
		require.NoError(t, err, name)
		require.Equal(t, c, d)
	}
	c, err := Open("-", Options{Stdin: strings.NewReader(text)})
	require.NoError(t, err)
	require.Equal(t, want, c.Lines)
	require.Equal(t, "stdin:3", c.Where(1))
	c, err = New("memory", strings.Split(text, "\n"))
	require.NoError(t, err)
	require.Equal(t, want, c.Lines)
	require.Equal(t, hex.EncodeToString(sum[:]), c.SHA256)
}

func TestFieldOfJSONLines(t *testing.T) {
	c, err := Read(strings.NewReader(`{"caption":"one\r\ntwo\nthree","text":"no"}`), "stdin", Options{Field: "caption"})
	require.NoError(t, err)
	require.Equal(t, []string{"one two three"}, c.Lines)
}

func TestEscapesOfJSONLines(t *testing.T) {
	c, err := Read(strings.NewReader(`{"text":"\ud83d\ude00 \\ud83d \"\u00e9\\"}`), "a.jsonl", Options{})
	require.NoError(t, err)
	require.Equal(t, []string{`😀 \ud83d "é\`}, c.Lines)
}

func TestBadInput(t *testing.T) {
	long := strings.Repeat("word ", 2<<20)
	zip := gzipped(t, strings.Repeat("a sentence\n", 1000))
	for _, c := range []struct {
		name, content string
		opt           Options
		want          string
	}{
		{"empty.txt", "", Options{}, "empty.txt: no sentences"},
		{"bom.txt", "\uFEFF", Options{}, "bom.txt: no sentences"},
		{"blank.txt", "\n \n\t\n", Options{}, "blank.txt: no sentences; 3 lines, all of them blank"},
		{"photo.jpg", "ok\n\xff\xd8\x00", Options{}, "photo.jpg:2: NUL byte"},
		{"notepad.txt", "\xff\xfeh\x00i\x00\n\x00", Options{}, "or text in UTF-16: convert that to UTF-8 first"},
		{"latin1.txt", "ok\nok\ncaf\xe9\n", Options{}, "latin1.txt:3: byte 4 is not UTF-8"},
		{"long.txt", "ok\n" + long + "\n", Options{}, "long.txt:2: line of 10,485,760 bytes, more than 65,536; raise --max-line-bytes or drop it"},
		{"long.txt", "123456", Options{MaxLineBytes: 5}, ":1: line of 6 bytes, more than 5"},
		{"long.txt", "123456\r\n", Options{MaxLineBytes: 5}, ":1: line of 6 bytes, more than 5"},
		{"large.txt", strings.Repeat("x\n", 100), Options{MaxBytes: 1000}, "large.txt:30: more than 1,000 bytes of text so far; raise --max-bytes"},
		{"bomb.gz", gzipped(t, strings.Repeat("\n", 1<<20)), Options{MaxBytes: 1 << 20}, "more than 1,048,576 bytes of text"},
		{"bomb.zst", zstded(t, strings.Repeat("x", 1<<24)), Options{MaxBytes: 1 << 20}, "bomb.zst:1: more than 1,048,576 bytes of text"},
		{"cut.gz", zip[:len(zip)/2], Options{}, ":1: read: the compressed file is cut short; get it again"},
		{"cut.zst", zstded(t, long)[:300], Options{}, ":1: read: the compressed file is cut short; get it again"},
		{"trailing.gz", zip + "\x00\x00x", Options{}, "trailing.gz:1001: read: gzip: invalid header"},
		{"head.gz", "\x1f\x8b\x08", Options{}, "head.gz: the compressed file is cut short; get it again"},
		{"damaged.gz", zip[:len(zip)-6] + "xxxxxx", Options{}, "read: gzip: invalid checksum"},
		{"damaged.zst", "\x28\xb5\x2f\xfd\xff\xff\xff\xff", Options{}, "damaged.zst:1: read: "},
		{"a.jsonl", "{\"text\":\"ok\"}\nnot json", Options{}, "a.jsonl:2: not a JSON object: "},
		{"a.jsonl", "[1]", Options{}, "a.jsonl:1: not a JSON object but [1]"},
		{"a.jsonl", "null", Options{}, "a.jsonl:1: not a JSON object but null"},
		{"a.jsonl", `"a b"`, Options{}, "a.jsonl:1: not a JSON object but a string; of strings: --format json"},
		{"a.jsonl", "{\n\"text\": \"a\"\n}", Options{}, "unexpected end of JSON input; of objects that do not have a line each: --format json"},
		{"a.jsonl", `{"text":"a"} {"text":"b"}`, Options{}, "after top-level value; of objects that do not have a line each: --format json"},
		{"a.jsonl", `{"id":1,"caption":""}`, Options{}, `a.jsonl:1: no field "text"; choose another with --field (this line has ["caption" "id"])`},
		{"a.jsonl", `{"text":7}`, Options{}, `a.jsonl:1: field "text" is not a string but 7`},
		{"a.jsonl", `{"text":null}`, Options{}, `field "text" is not a string but null`},
		{"a.jsonl", `{"text":"a\u0000b"}`, Options{}, "a.jsonl:1: NUL byte"},
		{"a.jsonl", "{\"text\":\"\xff\"}", Options{}, "a.jsonl:1: not UTF-8"},
		{"a.jsonl", `{"text":"a \ud83d b"}`, Options{}, `a.jsonl:1: field "text" has \ud83d, half of a surrogate pair`},
		{"a.jsonl", `{"text":"\ud83d\ud83d"}`, Options{}, `has \ud83d, half`},
		{"a.jsonl", `{"text":"\\\udE00"}`, Options{}, `has \udE00, half`},
		{"a.jsonl", `{"text":""}`, Options{}, "a.jsonl: no sentences"},
		{"a.txt", "no json", Options{Field: "text"}, "a.txt:1: not a JSON object"},
		{"a.txt", "a", Options{MaxLineBytes: -1}, "limits of -1 bytes per line"},
	} {
		path := write(t, c.name, c.content)
		_, err := Open(path, c.opt)
		require.ErrorContains(t, err, c.want)
		require.True(t, strings.HasPrefix(err.Error(), "corpora: "), err)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 400)
	}
	_, err := Open(filepath.Join(t.TempDir(), "none.txt"), Options{})
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = Open(t.TempDir(), Options{})
	require.ErrorContains(t, err, "no files in this directory")
	_, err = Open("builtin:caption", Options{})
	require.EqualError(t, err, `corpora: unknown built-in corpus "caption"; choose one of arithmetic, captions, oracle`)
	_, err = Open("builtin:captions", Options{Lines: -1})
	require.ErrorContains(t, err, "-1 lines")
	_, err = New("memory", []string{"a", "b\nc"})
	require.ErrorContains(t, err, "memory:2: a sentence with a line end in it")
}

// At the limit is within the limit, whatever ends the line.
func TestLineAtTheLimit(t *testing.T) {
	for _, end := range []string{"", "\n", "\r\n"} {
		c, err := Read(strings.NewReader("12345"+end), "x", Options{MaxLineBytes: 5})
		require.NoError(t, err)
		require.Equal(t, []string{"12345"}, c.Lines)
	}
}

// FuzzRead: whatever is accepted keeps the promises of Corpus, and reads the
// same again.
func FuzzRead(f *testing.F) {
	for _, s := range []string{text, "\uFEFFa\r\n\r\nb", "{\"text\":\"a\\nb\"}\n{}", gzipped(f, text), zstded(f, text), "\x1f\x8b", "\x50\x2a\x4d\x18", "a\rb\n\x00"} {
		f.Add([]byte(s), false)
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, json bool) {
		name := "f.txt"
		if json {
			name = "f.jsonl"
		}
		c, err := Read(bytes.NewReader(data), name, Options{MaxLineBytes: 1000, MaxBytes: 1 << 20})
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "corpora: "+name), err)
			require.NotContains(t, err.Error(), "\n")
			return
		}
		require.NotEmpty(t, c.Lines)
		for i, line := range c.Lines {
			require.NotEmpty(t, strings.TrimSpace(line))
			require.True(t, utf8.ValidString(line))
			require.False(t, strings.ContainsAny(line, "\n\x00"))
			require.NotEmpty(t, c.Where(i))
		}
		again, err := New(name, c.Lines)
		require.NoError(t, err)
		require.Equal(t, c.SHA256, again.SHA256)
		require.Equal(t, c.Duplicates, again.Duplicates)
	})
}

// A text that is kept is no larger than the memory, however large it says that it is.
func TestTextsBeyondMemory(t *testing.T) {
	left := &budget{left: 1 << 40, total: 1 << 40, memory: 3 << 20}
	opt := Options{}
	require.NoError(t, opt.complete())
	lines := 0
	err := scan(strings.NewReader(zstded(t, strings.Repeat("x\n", 1<<20))), "bomb.zst", opt, left, func([]byte, string, int) error { lines++; return nil })
	require.ErrorContains(t, err, "more text than this machine's memory of 3 MB holds; take a part of it")
	require.Less(t, lines, 100_000)
}
