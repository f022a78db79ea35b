//go:build !amd64 || noasm

package kernel

func otherBF16() (gemmKernels, *instructionSet) { return gemmKernels{}, nil }
