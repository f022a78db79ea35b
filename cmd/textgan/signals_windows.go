package main

import "os"

// saveSignal asks a training run to save and go on: there is none on Windows.
var saveSignal os.Signal
