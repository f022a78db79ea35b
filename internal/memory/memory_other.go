//go:build !linux

package memory

func hugePages([]float32) {}
