package main

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whatever is typed is refused as wrong usage, or becomes a command line in
// which all flags stand before all arguments.
func FuzzArrange(f *testing.F) {
	for _, line := range []string{
		"", "help", "help eval bleu", "--version", "eval bleu --hyp a --ref=b", "corpus stats f --n 3 --json", "train -seed -1",
		"corpus generate -- -x", "train --tie --tie=false --", "eval --", "sample -n", "train --=x", "train -- -", "corpus stats -",
	} {
		f.Add(line)
	}
	p := &process{out: io.Discard, talk: io.Discard, now: time.Now}
	app := p.app()
	f.Fuzz(func(t *testing.T, line string) {
		got, err := arrange(app, append([]string{"textgan"}, strings.Split(line, " ")...))
		if err != nil {
			code, message := exitCode(err)
			require.Equal(t, 2, code)
			require.NotContains(t, message, "\n")
			return
		}
		end := slices.Index(got, "--")
		if end < 0 {
			end = len(got) // help, version
		}
		for _, word := range got[1:end] {
			if strings.HasPrefix(word, "-") {
				require.True(t, strings.HasPrefix(word, "--"), got)
			}
		}
	})
}
