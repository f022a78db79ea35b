package corpora

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// One text in every format, plain and compressed, and one byte at a time: the
// same sentences, each with the line on which it begins.
func TestFormats(t *testing.T) {
	want := []string{`He said "no", twice`, "two lines", "naïve, tab"}
	for _, c := range []struct {
		name, content string
		opt           Options
		lines         [3]int
	}{
		{"a.csv", "id,text\n1,\"He said \"\"no\"\", twice\"\n2,\"two\nlines\"\n\n3, \n4,\"naïve, tab\"\n", Options{}, [3]int{2, 3, 7}},
		{"crlf.csv", "\uFEFFtext,id\r\n\"He said \"\"no\"\", twice\",1\r\n\"two\r\nlines\",2\r\n,3\r\n\"naïve, tab\",4", Options{}, [3]int{2, 3, 6}},
		{"named.csv", "id,caption\n1,\"He said \"\"no\"\", twice\"\n2,\"two\nlines\"\n3,\n4,\"naïve, tab\"\n", Options{Field: "caption"}, [3]int{2, 3, 6}},
		{"numbered.csv", "1,\"He said \"\"no\"\", twice\"\n2,\"two\nlines\"\n3,\n4,\"naïve, tab\"\n", Options{Field: "2"}, [3]int{1, 2, 5}},
		{"a.tsv", "id\ttext\n1\t\"He said \"\"no\"\", twice\"\n2\t\"two\nlines\"\n3\t\n4\tnaïve, tab\n", Options{}, [3]int{2, 3, 6}},
		{"a.tab", "id\ttext\n1\tHe said \"no\", twice\n2\ttwo lines\n3\t\n4\tnaïve, tab\n", Options{Format: "tsv-unquoted"}, [3]int{2, 3, 5}},
		{"a.json", "[\n {\"text\": \"He said \\\"no\\\", twice\"},\n {\"n\": {},\n  \"text\": \"two\\nlines\"}, {\"text\": \"\"},\n\n{\"text\": \"na\\u00efve, tab\"}\n]\n", Options{}, [3]int{2, 3, 6}},
		{"strings.json", "[\"He said \\\"no\\\", twice\", \"two\\r\\nlines\",\n\" \",\n\"naïve, tab\"]", Options{}, [3]int{1, 1, 3}},
		{"pretty.json", "{\n \"text\": \"He said \\\"no\\\", twice\"\n}\n{\n \"text\": \"two\\nlines\"\n}{\"text\":\"\"}\n{\"text\": \"naïve, tab\"}", Options{}, [3]int{1, 4, 7}},
		{"array.txt", " [{\"t\":\"He said \\\"no\\\", twice\"},{\"t\":\"two\\nlines\"},{\"t\":\"\"},{\"t\":\"naïve, tab\"}]", Options{Field: "t"}, [3]int{1, 1, 1}},
		{"nested.jsonl", `{"data":{"a.b":{"text":"He said \"no\", twice"}},"data.a":7}` + "\n" + `{"data":{"a.b":{"text":"two\nlines"}}}` + "\n\n" + `{"data":{"a.b":{"text":"naïve, tab"}}}`, Options{Field: "data.a.b.text"}, [3]int{1, 2, 4}},
	} {
		for ending, content := range map[string]string{"": c.content, ".gz": gzipped(t, c.content), ".zst": zstded(t, c.content)} {
			path := write(t, c.name+ending, content)
			corpus, err := Open(path, c.opt)
			require.NoError(t, err, c.name+ending)
			require.Equal(t, want, corpus.Lines, c.name)
			require.Equal(t, 1, corpus.Blank, c.name)
			for i, line := range c.lines {
				require.Equal(t, fmt.Sprintf("%s:%d", path, line), corpus.Where(i), c.name)
			}
			again, err := Read(iotest.OneByteReader(strings.NewReader(content)), path, c.opt)
			require.NoError(t, err, c.name)
			require.Equal(t, corpus, again, c.name)
		}
	}
}

// Only the field that is read must stand once: what else an object has twice changes no
// sentence.
func TestOtherFieldsTwice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.jsonl")
	require.NoError(t, os.WriteFile(path, []byte(`{"n":1,"text":"a: {\"b\":","n":2,"o":{"text":"c"}}`), 0o600))
	c, err := Open(path, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{`a: {"b":`}, c.Lines)
}

// A table of one column has a row for every line, an empty one too.
func TestTableOfOneColumn(t *testing.T) {
	for _, text := range []string{"text\na\n\n\"b\nc\"\n\n\nd\n\n", "text\na\n\"\"\n\"b\nc\"\n\n\"\"\nd\n\n", "text\r\na\r\n\r\n\"b\r\nc\"\r\n\r\n\r\nd\r\n\r\n"} {
		c, err := Read(strings.NewReader(text), "a.csv", Options{})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "", "b c", "", "", "d", ""}, c.WithBlanks())
		require.Equal(t, [3]string{"a.csv:2", "a.csv:4", "a.csv:8"}, [3]string{c.Where(0), c.Where(1), c.Where(2)})
	}
	for _, text := range []string{"a\n\nb\n", "a\n\"\"\nb"} {
		c, err := Read(strings.NewReader(text), "a.csv", Options{Field: "1"})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "", "b"}, c.WithBlanks())
	}
	c, err := Read(strings.NewReader("text\n\na\n"), "a.tsv", Options{Format: "tsv-unquoted"})
	require.NoError(t, err)
	require.Equal(t, []string{"", "a"}, c.WithBlanks())
	c, err = Read(strings.NewReader("text,n\n\na,1\n"), "a.csv", Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"a"}, c.WithBlanks())
}

func TestFASTA(t *testing.T) {
	text := ";comment\n>one first\nACGT\nacg-n*\n\n>empty\n>two\n MKV \n"
	for _, name := range []string{"a.fasta", "a.fa", "a.FAA", "a.fna.gz", "a.txt"} {
		opt := Options{}
		if name == "a.txt" {
			opt.Format = "fasta"
		}
		c, err := Read(strings.NewReader(text), name, opt)
		require.NoError(t, err)
		require.Equal(t, []string{"ACGTacg-n*", "MKV"}, c.Lines)
		require.Equal(t, 1, c.Blank)
		require.Equal(t, [2]string{name + ":2", name + ":7"}, [2]string{c.Where(0), c.Where(1)})
	}
}

func TestFormatsRefuse(t *testing.T) {
	open := strings.Repeat("x\n", 200)
	for _, c := range []struct {
		name, content string
		opt           Options
		want          string
	}{
		{"a.csv", "id,caption\n1,x\n", Options{}, `a.csv:1: no column "text" in the first row (["id" "caption"]); give --field NAME, --field NUMBER if it has no names, or --format text`},
		{"a.csv", "text,text\n1,x\n", Options{}, `a.csv:1: two columns are named "text"`},
		{"a.csv", "text\n", Options{}, "a.csv: no sentences"},
		{"a.csv", "a,b\n1,x\n", Options{Field: "3"}, "a.csv:1: no column 3; there are 2"},
		{"a.csv", "a,b\n1,x\n", Options{Field: "0"}, "a.csv:1: no column 0; there are 2"},
		{"a.csv", "id,text\n1,x\n2,y,z\n", Options{}, "a.csv:3: another number of columns than the first row has"},
		{"a.csv", "id,text\n1,x\n2,a \"b\"\n", Options{}, "a.csv:3: bare \" in non-quoted-field; a quote in a field is written twice"},
		{"a.csv", "id,text\n1,x\n2,\"y\n" + open, Options{}, `a.csv:3: extraneous or missing " in quoted-field`},
		{"a.csv", "id,text\n1,x\n2,\"y\n" + open, Options{MaxLineBytes: 20}, "a record of more than 320 bytes, as where a quote or a bracket stays open"},
		{"a.csv", "text\n\"12345\n6\"\n", Options{MaxLineBytes: 6}, "a.csv:2: line of 7 bytes, more than 6"},
		{"a.csv", strings.Repeat("x,y\n", 100), Options{Field: "1", MaxBytes: 1000}, "a.csv:18: more than 1,000 bytes of text so far"},
		{"a.csv", "text\ncaf\xe9\n", Options{}, "a.csv:2: byte 4 is not UTF-8"},
		{"a.csv", "text\na\x00\n", Options{}, "a.csv:2: NUL byte"},
		{"a.tsv", "text\n\"Hello,\" she said\n", Options{}, `a.tsv:2: extraneous or missing " in quoted-field; if quotes are letters in this file, give --format tsv-unquoted`},
		{"a.tsv", "id\ttext\n1\n", Options{Format: "tsv-unquoted"}, "a.tsv:2: 1 columns, where the first row has 2"},
		{"a.json", "[\n\"a\",\n{}]", Options{}, `a.json:3: no field "text"`},
		{"a.json", "[\n\"a\",\nb]", Options{}, `a.json:3: not JSON: invalid character 'b'`},
		{"a.json", "[\n{\"text\":\n\"a\",\n\"n\":x}]", Options{}, `a.json:4: not JSON: invalid character 'x'`},
		{"a.json", "[\n\"a\",\n\n\n", Options{}, "a.json:5: not JSON: it ends in the middle"},
		{"a.json", "[\n\"a\"\n\"b\"]", Options{}, "a.json:3: not JSON"},
		{"a.json", "[\n\"a\"]\n[]", Options{}, "a.json:3: text behind the array"},
		{"a.json", "[\"a\"]", Options{Field: "text"}, `a.json:1: a string, which has no field "text"; drop --field`},
		{"a.json", "[1]", Options{}, "a.json:1: not a JSON object but 1"},
		{"a.json", "[{\"text\":[\n\"a\",\n\"b\"]}]", Options{}, `a.json:1: field "text" is not a string but [ "a", "b"]`},
		{"a.json", "[\"a\\udc00\"]", Options{}, `a.json:1: it has \udc00, half of a surrogate pair`},
		{"a.json", "[\"" + open, Options{MaxLineBytes: 20}, "a.json:"},
		{"a.json", "[\"a\", \"\xff\"]", Options{}, "a.json:1: not UTF-8"},
		{"a.json", "{\"text\":\"a\"}\n{\"text\":}", Options{}, "a.json:2: not JSON: invalid character '}'"},
		{"a.json", `{"data":[{"text":"a"}]}`, Options{Field: "data.text"}, `a.json:1: no field "data.text": "data" is not an object but [{"text":"a"}]`},
		{"a.json", `[{"text":"a"}, {"text":"a","b":{"c":1},"te\u0078t":"b"}]`, Options{}, `a.json:1: field "text" stands twice in one object; drop one of them`},
		{"a.jsonl", "{\"text\":\"a\"}\n{\"text\":\"a\",\"text\":\"b\"}\n", Options{}, `a.jsonl:2: field "text" stands twice in one object; drop one of them`},
		{"a.jsonl", `{"d":{"text":"a","text":"b"}}`, Options{Field: "d.text"}, `a.jsonl:1: field "text" stands twice in one object`},
		{"a.jsonl", `{"d":{},"d":{"text":"b"}}`, Options{Field: "d.text"}, `a.jsonl:1: field "d" stands twice in one object`},
		{"a.fasta", "ACGT\n", Options{}, "a.fasta:1: a sequence before the first name"},
		{"a.fasta", ">x\nAC GT\n", Options{}, "a.fasta:2: ' ' in a sequence"},
		{"a.fasta", ">x\nACGT\nACGT\n", Options{MaxLineBytes: 6}, "a.fasta:1: a sequence of more than 6 bytes"},
		{"a.fasta", ">x\n>y\n", Options{}, "a.fasta: no sentences"},
		{"a.txt", "a", Options{Format: "xml"}, `unknown format "xml"; choose one of auto, text, jsonl`},
	} {
		path := write(t, c.name, c.content)
		_, err := Open(path, c.opt)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("want %s\n got %v", c.want, err)
			continue
		}
		require.True(t, strings.HasPrefix(err.Error(), "corpora: "), err)
		require.NotContains(t, err.Error(), "\n")
		require.Less(t, len(err.Error()), 500)
	}
}

func TestFiles(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, content := range map[string]string{
		"b.txt": "b1\nb2\n", "a.txt": "a1\n\na2", "d/z.csv": "text\nz\n", "d/e/y.jsonl": `{"text":"y"}`, "d/.hidden": "no\n", "d/.git/x": "no\n", "with,comma": "c\n", "e,f/g": "g\n", ".dot": "no\n", "[odd]": "o\n",
	} {
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
	}
	for name, want := range map[string]string{
		"b.txt,a.txt":                "b1 b2 a1 a2",
		"*.txt":                      "a1 a2 b1 b2",
		"d":                          "y z",
		"a.txt,d":                    "a1 a2 y z",
		"?.txt,d/*csv":               "a1 a2 b1 b2 z",
		"with,comma":                 "c",
		"e,f":                        "g",
		"with,comma,b.txt,e,f,?.txt": "c b1 b2 g a1 a2 b1 b2",
		"[odd]":                      "o",
		"[a-b].txt":                  "a1 a2 b1 b2",
	} {
		c, err := Open(name, Options{})
		require.NoError(t, err, name)
		require.Equal(t, strings.Fields(want), c.Lines, name)
		require.Equal(t, name, c.Name)

		// The same from elsewhere.
		path, err := Absolute(name)
		require.NoError(t, err)
		here, err := os.Getwd()
		require.NoError(t, err)
		t.Chdir(filepath.Join(here, "d"))
		d, err := Open(path, Options{})
		require.NoError(t, err, path)
		require.Equal(t, c.SHA256, d.SHA256)
		t.Chdir(here)
	}
	// So it is below a directory whose name has a comma and a bracket.
	require.NoError(t, os.CopyFS("Doe, J. [x]", os.DirFS("d")))
	t.Chdir("Doe, J. [x]")
	for _, name := range []string{"z.csv", "z.csv,e/y.jsonl", "*.csv", "e", "*.csv,e", "?/*l"} {
		here, err := Open(name, Options{})
		require.NoError(t, err, name)
		path, err := Absolute(name)
		require.NoError(t, err)
		t.Chdir("..")
		there, err := Open(path, Options{})
		require.NoError(t, err, path)
		require.Equal(t, here.SHA256, there.SHA256, name)
		t.Chdir("Doe, J. [x]")
	}
	t.Chdir("..")
	// A line is named by its own file, on either side of a split too.
	c, err := Open("b.txt,a.txt", Options{})
	require.NoError(t, err)
	where := func(c *Corpus) (places []string) {
		for i := range c.Lines {
			places = append(places, c.Where(i))
		}
		return places
	}
	require.Equal(t, strings.Fields("b.txt:1 b.txt:2 a.txt:1 a.txt:3"), where(c))
	train, valid, err := c.Split(0.5, 1)
	require.NoError(t, err)
	require.ElementsMatch(t, where(c), append(where(train), where(valid)...))

	for name, want := range map[string]string{
		"*.csv":      `no file matches "*.csv"`,
		"a.txt,nope": "nope: no such file or directory",
		"[a":         "pattern",
		"":           `"" names a text that has no name`,
		"a.txt,":     `"a.txt," names a text that has no name`,
	} {
		_, err := Open(name, Options{})
		require.ErrorContains(t, err, want, name)
	}
	// One budget for all files.
	_, err = Open("a.txt,b.txt", Options{MaxBytes: 150})
	require.ErrorContains(t, err, "b.txt:2: more than 150 bytes of text so far")
}

// An error of the visitor ends the scan and comes back as it is.
func TestScan(t *testing.T) {
	path := write(t, "a.txt", "one\n\ntwo\nthree\n")
	stop := errors.New("stop")
	var seen []string
	err := Scan(path, Options{}, func(s []byte, file string, line int) error {
		seen = append(seen, fmt.Sprintf("%s:%d %s", filepath.Base(file), line, s))
		if line == 3 {
			return stop
		}
		return nil
	})
	require.Equal(t, stop, err)
	require.Equal(t, []string{"a.txt:1 one", "a.txt:2 ", "a.txt:3 two"}, seen)
}

// FuzzFormats: whatever a reader accepts keeps the promises of Corpus.
func FuzzFormats(f *testing.F) {
	for format, texts := range map[string][]string{
		"json":         {`["a","b\nc"]`, `[{"text":"a"}]x`, `{"text":"a"}{"text":`, "[", `["\ud800"]`, "[\"a\"\n,,]"},
		"csv":          {"text,b\n\"a\nb\",c\n", "a,text\n1,\"", "\"te\"\"xt\"\n", "text\r\na\r\n", "\xEF\xBB\xBFtext\nx"},
		"tsv":          {"a\ttext\n1\t\"x\"\n"},
		"tsv-unquoted": {"a\ttext\n1\t\"x\n"},
		"fasta":        {">a\nAC\n;\n>b\n", "A", ">"},
		"jsonl":        {"{\"text\":\"a\"}\n\n{\"text\":{}}"},
	} {
		for _, text := range texts {
			f.Add(format, "", []byte(text))
			f.Add(format, "a.b", []byte(text))
			f.Add(format, "1", []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, format, field string, data []byte) {
		opt := Options{Format: Format(format), Field: field, MaxLineBytes: 100, MaxBytes: 1 << 16}
		c, err := Read(bytes.NewReader(data), "f", opt)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "corpora: "), err)
			return
		}
		for i, line := range c.Lines {
			require.NotEmpty(t, strings.TrimSpace(line))
			require.True(t, utf8.ValidString(line))
			require.False(t, strings.ContainsAny(line, "\n\x00"))
			require.LessOrEqual(t, len(line), 100)
			require.True(t, strings.HasPrefix(c.Where(i), "f:"))
		}
		again, err := New("f", c.Lines)
		require.NoError(t, err)
		require.Equal(t, c.SHA256, again.SHA256)
	})
}
