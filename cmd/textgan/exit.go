package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"syscall"

	"textgan/internal/config"
	"textgan/train"
	"textgan/train/rundir"
)

// usageError is a fault of the command line or the configuration.
type usageError struct {
	command string
	err     error
}

func (e *usageError) Error() string { return e.command + ": " + e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

func usage(command, format string, args ...any) error {
	return &usageError{command, fmt.Errorf(format, args...)}
}

// interrupted is the cause of a cancelled context.
type interrupted struct{ signal os.Signal }

func (i *interrupted) Error() string {
	switch i.signal {
	case syscall.SIGTERM:
		return "interrupted (SIGTERM)"
	case syscall.SIGHUP:
		return "interrupted (SIGHUP)"
	}
	return "interrupted (SIGINT)"
}

// fault is a panic: something that must not happen, whatever the input.
type fault struct {
	what  any
	where string // the line of this program that it came from
	note  string // what has become of the work
}

func (f *fault) Error() string {
	text := fmt.Sprintf("this is a fault of textgan, please report it with the command line and textgan version: %v", f.what)
	if f.where != "" {
		text += " (" + f.where + ")"
	}
	if f.note != "" {
		text += "; " + f.note
	}
	return text
}

// guard calls f and turns a panic into a *fault.
func (p *process) guard(f func() error) (err error) {
	defer func() {
		if what := recover(); what != nil {
			err = &fault{what, panicked(), p.saved}
		}
	}()
	return f()
}

// panicked is the line of this module in which the panic arose that is being
// recovered from.
func panicked() string {
	callers := make([]uintptr, 64)
	frames := runtime.CallersFrames(callers[:runtime.Callers(0, callers)])
	for raised := false; ; {
		f, more := frames.Next()
		if raised && strings.HasPrefix(f.Function, "textgan/") {
			return fmt.Sprintf("%s:%d", f.Function, f.Line)
		}
		if raised = raised || f.Function == "runtime.gopanic"; !more {
			return ""
		}
	}
}

// exitCode returns the exit code for an error, and the line that tells it.
func exitCode(err error) (code int, message string) {
	var wrongUsage *usageError
	var wrongConfig *config.Error
	var diverged *train.Diverged
	var stopped *interrupted
	var broken *fault
	switch {
	case err == nil:
		return 0, ""
	case errors.Is(err, syscall.EPIPE): // the reader has seen enough
		return 0, ""
	case errors.As(err, &wrongUsage):
		return 2, oneLine(wrongUsage)
	case errors.As(err, &broken):
		code = 4
	case errors.As(err, &wrongConfig), errors.Is(err, rundir.ErrExists):
		code = 2
	case errors.As(err, &diverged):
		code = 3
	case errors.As(err, &stopped):
		code = 130
		if signal, ok := stopped.signal.(syscall.Signal); ok {
			code = 128 + int(signal)
		}
	default:
		code = 1
	}
	return code, "textgan: " + oneLine(err)
}

// oneLine is the text of an error for people, on one line: without the names of
// packages that errors begin with, and with long quotes cut.
func oneLine(err error) string {
	s := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
	for packageName.MatchString(s) {
		s = packageName.ReplaceAllString(s, "$1")
	}
	return longQuote.ReplaceAllString(s, `$1..."`)
}

var (
	packageName = regexp.MustCompile(`(^|: |; |\()(?:` + strings.Join(packages, "|") + `): `)
	longQuote   = regexp.MustCompile(`("(?:[^"\\]|\\.){60})(?:[^"\\]|\\.){20,}"`)
)

// packages are the names that errors of this module may begin with.
var packages = []string{
	"atomicfile",
	"cache",
	"cell",
	"config",
	"corpora",
	"critic",
	"discriminator",
	"distance",
	"encoder",
	"eval",
	"feedback",
	"finished",
	"gates",
	"generator",
	"gradcheck",
	"gridworld",
	"images",
	"jsonerr",
	"kernel",
	"location",
	"machine",
	"memory",
	"model",
	"mpi",
	"network",
	"nn",
	"npy",
	"op",
	"plot",
	"probe",
	"progress",
	"ratio",
	"relax",
	"report",
	"rng",
	"rundir",
	"safetensors",
	"sampling",
	"sweep",
	"tfevents",
	"torture",
	"tour",
	"train",
	"twosample",
	"variance",
	"vocab",
	"words",
}
