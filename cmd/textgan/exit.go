package main

import (
	"errors"
	"fmt"
	"os"
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
	if i.signal == syscall.SIGTERM {
		return "interrupted (SIGTERM)"
	}
	return "interrupted (SIGINT)"
}

// exitCode returns the exit code for an error, and the line that tells it.
func exitCode(err error) (code int, message string) {
	var wrongUsage *usageError
	var wrongConfig *config.Error
	var diverged *train.Diverged
	var stopped *interrupted
	switch {
	case err == nil:
		return 0, ""
	case errors.Is(err, syscall.EPIPE): // the reader has seen enough
		return 0, ""
	case errors.As(err, &wrongUsage):
		return 2, oneLine(wrongUsage.Error())
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
	return code, "textgan: " + oneLine(err.Error())
}

// oneLine is for errors of others that come in several lines.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }), "; ")
}
