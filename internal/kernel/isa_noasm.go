//go:build !amd64 || noasm

package kernel

func nativeSets() []*instructionSet { return nil }

// Prefetch is a hint that x is going to be read, which is not taken here.
func Prefetch(x []float32) {}
