// Command textgan trains, samples and judges generators of text.
//
// This package turns flags into options, makes one call per command and turns
// the result into output and an exit code: data go to standard output,
// everything else to standard error.
//
//	0         done
//	1         failure: a file that cannot be read, a full disk, ...
//	2         wrong usage or configuration
//	3         training diverged
//	4         a fault of this program
//	129, 130, 143  training was interrupted (SIGHUP, SIGINT, SIGTERM) and has saved a checkpoint
package main

import (
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/term"

	"textgan/internal/cache"
	"textgan/internal/terminal"
)

func main() {
	// The reader of the output may stop early. Without this a closed pipe
	// would kill a training run that only wanted to report its progress; with
	// it the write fails, and exitCode knows what that means.
	signal.Ignore(syscall.SIGPIPE)
	p := &process{in: os.Stdin, out: os.Stdout, talk: os.Stderr, environ: os.Environ(), now: time.Now}
	if dir, err := os.UserCacheDir(); err == nil { // without a home nothing is kept
		p.cache = cache.Dir(filepath.Join(dir, "textgan"))
	}
	if term.IsTerminal(int(os.Stdout.Fd())) {
		p.out = terminal.Writer(os.Stdout)
	}
	if fd := int(os.Stderr.Fd()); term.IsTerminal(fd) {
		p.width = func() int {
			columns, _, err := term.GetSize(fd)
			if err != nil {
				return 80
			}
			return columns
		}
	}
	os.Exit(p.run(context.Background(), os.Args))
}
