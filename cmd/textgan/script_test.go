package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/*.script")

// TestScripts runs the command lines in testdata/*.script and compares what
// they print. A script is
//
//	# a comment
//	$ [VARIABLE=value ...] textgan ARGUMENT ... [< FILE] [> FILE]
//	expected standard output
//	! expected standard error
//	[2]                          the exit code, if it is not 0
//	-- NAME --                   begins a file for the commands to read
//
// An argument may stand in single quotes. In an expected line * stands for
// any text, and a line of three dots for any lines. Blank lines of output are
// written as a lone backslash. Besides its own files a script finds those of
// fixtures.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.script")
	require.NoError(t, err)
	require.NotEmpty(t, scripts)
	oracle, err := os.ReadFile("../../corpora/testdata/oracle.safetensors")
	require.NoError(t, err)
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".script"), func(t *testing.T) {
			path, err := filepath.Abs(path)
			require.NoError(t, err)
			content, err := os.ReadFile(path)
			require.NoError(t, err)
			t.Chdir(t.TempDir())
			fixtures(t)
			require.NoError(t, os.WriteFile("oracle.safetensors", oracle, 0o666))
			got := runScript(t, string(content))
			if *update {
				require.NoError(t, os.WriteFile(path, []byte(got), 0o666))
			}
		})
	}
}

// fixtures makes the files that cannot stand in a script.
func fixtures(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	io.WriteString(z, "a b c\nd e f\n")
	require.NoError(t, z.Close())
	for name, content := range map[string][]byte{
		"empty.txt":   nil,
		"blank.txt":   []byte("\n \n\n"),
		"binary":      {'E', 'L', 'F', 0, 1, 2, '\n'},
		"latin1.txt":  []byte("caf\xe9\n"),
		"long.txt":    append(bytes.Repeat([]byte("x"), 10<<20), '\n'),
		"words.gz":    zipped.Bytes(),
		"cut.gz":      zipped.Bytes()[:zipped.Len()-9],
		"a directory": nil,
	} {
		if name == "a directory" {
			require.NoError(t, os.Mkdir(name, 0o777))
			continue
		}
		require.NoError(t, os.WriteFile(name, content, 0o666))
	}
}

// runScript returns the script with the output that its commands had.
func runScript(t *testing.T, script string) string {
	head, files := script, ""
	if at := strings.Index(script, "\n-- "); at >= 0 {
		head, files = script[:at+1], script[at+1:]
	}
	for _, file := range strings.Split(files, "-- ")[1:] { // NAME, content, NAME, content
		if name, content, ok := strings.Cut(file, " --\n"); ok {
			require.NoError(t, os.WriteFile(name, []byte(content), 0o666))
		}
	}
	blocks := strings.Split("\n"+head, "\n$ ")
	got := strings.TrimPrefix(blocks[0], "\n")
	if got != "" {
		got += "\n"
	}
	for _, block := range blocks[1:] {
		line, rest, _ := strings.Cut(block, "\n")
		want, comment := splitComment(rest)
		actual := runLine(t, line)
		switch {
		case matches(want, actual):
			actual = want
		case !*update:
			t.Errorf("$ %s\n--- want\n%s--- got\n%s", line, want, actual)
		}
		got += "$ " + line + "\n" + actual + comment
	}
	return got + files
}

// splitComment cuts off the blank and comment lines at the end of a block,
// which belong to the next command.
func splitComment(block string) (want, comment string) {
	if block != "" && !strings.HasSuffix(block, "\n") {
		block += "\n"
	}
	lines := strings.SplitAfter(block, "\n")
	n := len(lines)
	for n > 0 && (strings.TrimSpace(lines[n-1]) == "" || strings.HasPrefix(lines[n-1], "#")) {
		n--
	}
	return strings.Join(lines[:n], ""), strings.Join(lines[n:], "")
}

// runLine runs one command line and renders what it has printed.
func runLine(t *testing.T, line string) string {
	var out, talk bytes.Buffer
	p := &process{in: strings.NewReader(""), out: &out, talk: &talk, now: time.Now}
	var args []string
	var outFile string
	words := shellWords(line)
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case len(args) == 0 && strings.Contains(word, "="):
			p.environ = append(p.environ, word)
		case word == "<":
			i++
			f, err := os.Open(words[i])
			require.NoError(t, err)
			defer f.Close()
			p.in = f
		case word == ">":
			i++
			outFile = words[i]
		default:
			args = append(args, word)
		}
	}
	code := p.run(context.Background(), args)
	if outFile != "" {
		require.NoError(t, os.WriteFile(outFile, out.Bytes(), 0o666))
		out.Reset()
	}
	var got strings.Builder
	for line := range strings.Lines(out.String()) {
		got.WriteString(blank(line))
	}
	for line := range strings.Lines(talk.String()) {
		got.WriteString(strings.TrimRight("! "+line, " \n") + "\n")
	}
	if code != 0 {
		fmt.Fprintf(&got, "[%d]\n", code)
	}
	return got.String()
}

func blank(line string) string {
	if strings.TrimSpace(line) == "" {
		return "\\\n"
	}
	return strings.TrimRight(line, " \n") + "\n"
}

// shellWords splits at spaces, except in single quotes.
func shellWords(line string) (words []string) {
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			words = append(words, part)
		} else {
			words = append(words, strings.Fields(part)...)
		}
	}
	return words
}

// matches holds output against what is expected, line by line.
func matches(want, got string) bool {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for ; len(w) > 0; w = w[1:] {
		if w[0] == "..." {
			for n := range len(g) + 1 {
				if matches(strings.Join(w[1:], "\n"), strings.Join(g[n:], "\n")) {
					return true
				}
			}
			return false
		}
		if len(g) == 0 || !glob(w[0], g[0]) {
			return false
		}
		g = g[1:]
	}
	return len(g) == 0
}

func glob(pattern, s string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == s
	}
	s, ok := strings.CutPrefix(s, parts[0])
	if !ok {
		return false
	}
	last := parts[len(parts)-1]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(s, part)
		if at < 0 {
			return false
		}
		s = s[at+len(part):]
	}
	return strings.HasSuffix(s, last)
}

func TestGlob(t *testing.T) {
	require.True(t, glob("a*c*e", "abcde"))
	require.True(t, glob("*", ""))
	require.False(t, glob("a*c", "abd"))
	require.False(t, glob("a*", "ba"))
	require.True(t, matches("a\n...\nd\n", "a\nb\nc\nd\n"))
	require.False(t, matches("a\n...\nd\n", "a\nb\n"))
}
