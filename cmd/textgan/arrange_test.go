package main

import (
	"context"
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

// readOnly runs a command line up to where its command would begin, which it hands to see.
func readOnly(p *process, words []string, see func(c *cli.Command, flags map[string][]string, arguments []string)) error {
	app := p.app()
	for _, c := range leaves(app.Commands) {
		c.Action = func(cc *cli.Context) error {
			flags, arguments, err := readLine(cc.Command, cc.Args().Slice())
			if err == nil {
				see(cc.Command, flags, arguments)
			}
			return err
		}
	}
	return app.RunContext(context.Background(), words)
}

// Whatever is typed is refused as wrong usage, asks for help, or gives a command options
// that it has and as many arguments as it wants.
func FuzzReadLine(f *testing.F) {
	for _, line := range []string{
		"", "help", "help eval bleu", "--version", "eval bleu --hyp a --ref=b", "corpus stats f --n 3 --json", "train -seed -1",
		"corpus generate -- -x", "train --tie --tie=false --", "eval --", "sample -n", "train --=x", "train -- -", "corpus stats -",
	} {
		f.Add(line)
	}
	p := &process{out: io.Discard, talk: io.Discard, now: time.Now}
	f.Fuzz(func(t *testing.T, line string) {
		err := readOnly(p, append([]string{"textgan"}, strings.Split(line, " ")...), func(c *cli.Command, flags map[string][]string, arguments []string) {
			known := map[string]bool{}
			for _, o := range optionFlags(c) {
				known[o.Name] = true
			}
			for name, texts := range flags {
				require.True(t, known[name], name)
				require.NotEmpty(t, texts)
			}
			require.Len(t, arguments, len(strings.Fields(c.ArgsUsage)))
		})
		if err != nil && err != flag.ErrHelp {
			code, message := exitCode(err)
			require.Equal(t, 2, code)
			require.NotContains(t, message, "\n")
		}
	})
}
