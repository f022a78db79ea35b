package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/tour"
)

// runTour runs the command and returns what it says.
func runTour(args ...string) (code int, out, talk string) {
	var o, e bytes.Buffer
	p := &process{in: strings.NewReader(""), out: &o, talk: &e, now: time.Now}
	code = p.run(context.Background(), append([]string{"textgan", "tour"}, args...))
	return code, o.String(), e.String()
}

func TestTour(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "page")
	code, out, talk := runTour("--lesson", "rejection", "--out", dir, "--seed", "3")
	require.Zero(t, code, talk)
	require.Contains(t, out, "slope-kept")
	require.Contains(t, talk, "lesson 1/1")
	page, err := os.ReadFile(filepath.Join(dir, tour.PageFile))
	require.NoError(t, err)
	require.Contains(t, string(page), "seed 3")

	code, out, _ = runTour("--lesson", "rejection", "--json", "--seed", "3")
	require.Zero(t, code)
	var said struct {
		Seed    uint64
		Lessons []struct {
			Lesson  string
			Numbers []tour.Number
		}
	}
	require.NoError(t, json.Unmarshal([]byte(out), &said))
	require.Equal(t, uint64(3), said.Seed)
	require.Len(t, said.Lessons, 1)
	require.NotEmpty(t, said.Lessons[0].Numbers)

	code, _, talk = runTour("--lesson", "rejections")
	require.Equal(t, 2, code)
	require.Contains(t, talk, "did you mean")

	code, _, talk = runTour("--lesson", "rejection", "--images", "digits.gz")
	require.Equal(t, 2, code)
	require.Equal(t, "textgan tour: --images digits.gz does nothing in the lesson rejection; drop it\n", talk)
	code, _, talk = runTour("--lesson", "images", "--images", filepath.Join(dir, "digits.gz"))
	require.Equal(t, 1, code)
	require.Contains(t, talk, "digits.gz: ")
}

// What a lesson says goes on from it is a command line of this program.
func TestTourGoesOn(t *testing.T) {
	word := regexp.MustCompile(`'[^']*'|\S+`)
	p := &process{}
	for _, l := range tour.Lessons {
		for line := range strings.SplitSeq(l.Next, " && ") {
			var words []string
			for _, w := range word.FindAllString(line, -1) {
				words = append(words, strings.Trim(w, "'"))
			}
			read := false
			err := readOnly(p, words, func(*cli.Command, map[string][]string, []string) { read = true })
			require.NoError(t, err, "%s: %s", l.Name, l.Next)
			require.True(t, read, "%s: %s", l.Name, l.Next)
		}
		for _, s := range l.Sources { // each package is there, and has the name
			name := s.Function[strings.LastIndex(s.Function, ".")+1:]
			sources, err := filepath.Glob(filepath.Join("../..", strings.TrimPrefix(s.Package, "textgan/"), "*.go"))
			require.NoError(t, err)
			found := false
			for _, file := range sources {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				found = found || regexp.MustCompile(`(?m)^(func (\([^)]*\) )?|\t)`+name+`[(\[]`).Match(text)
			}
			require.True(t, found, s.String())
		}
	}
}

// A folder that cannot be made is told before the first lesson.
func TestTourFolderComesFirst(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	ctx, stop := context.WithCancel(context.Background())
	stop() // no lesson begins
	var talk bytes.Buffer
	p := &process{in: strings.NewReader(""), out: &talk, talk: &talk, now: time.Now}
	require.Equal(t, 1, p.run(ctx, []string{"textgan", "tour", "--out", file}))
	require.Contains(t, talk.String(), "not a directory")
}
