//go:build !amd64 || noasm

package kernel

func nativeSets() []*instructionSet { return nil }
