//go:build unix

package main

import (
	"os"
	"syscall"
)

// saveSignal asks a training run to save and go on.
var saveSignal os.Signal = syscall.SIGUSR1
