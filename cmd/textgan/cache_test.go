package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/internal/cache"
)

// With a cache, without one, and with one that is damaged or cannot be written, eval all says the same.
func TestEncoderOfTheCache(t *testing.T) {
	if testing.Short() {
		t.Skip("trains encoders")
	}
	t.Chdir(t.TempDir())
	run := func(dir, line string) (out, talk string) {
		var o, e bytes.Buffer
		p := &process{in: strings.NewReader(""), out: &o, talk: &e, now: time.Now, cache: cache.Dir(dir)}
		require.Zero(t, p.run(context.Background(), shellWords(line)), e.String())
		return o.String(), e.String()
	}
	for name, seed := range map[string]string{"r.txt": "1", "h.txt": "2"} {
		out, _ := run("", "textgan corpus generate captions -n 12 --seed "+seed)
		require.NoError(t, os.WriteFile(name, []byte(out), 0o666))
	}
	const line = "textgan eval all --hyp h.txt --ref r.txt --max-n 2 --classifier=false"
	want, _ := run("c", line+" --no-cache")
	require.NoDirExists(t, "c")
	require.Contains(t, want, "Frechet")

	file := func() string {
		files, err := filepath.Glob("c/*")
		require.NoError(t, err)
		require.Len(t, files, 1)
		return files[0]
	}
	steps := []struct {
		dir, options, says string
		before             func()
	}{
		{"c", "", "training an encoder", func() {}},
		{"c", "", "--no-cache trains it again", func() {}},
		{"c", "", "training an encoder", func() { require.NoError(t, os.Truncate(file(), 1000)) }},
		{"h.txt/c", "", "the encoder is not kept for the next call", func() {}},
	}
	for _, s := range steps {
		s.before()
		got, talk := run(s.dir, line+s.options)
		require.Equal(t, want, got)
		require.Contains(t, talk, s.says)
		require.Equal(t, 1, strings.Count(talk, "\n")-strings.Count(talk, "is not kept"), talk)
	}
}
