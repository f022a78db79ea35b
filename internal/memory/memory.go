// Package memory makes the large slices of a training step.
package memory

import "unsafe"

// Floats returns slices of zeros of the given sizes, in one piece of memory, each
// from a cache line of its own on. It asks for huge pages, and begins on one if
// there are several: what is read and written once in a step from end to end, and
// a product whose rows are far apart, spend much of their time on page tables
// otherwise.
func Floats(sizes ...int) [][]float32 {
	const line = 16
	total := 0
	for _, n := range sizes {
		total += (n + line - 1) / line * line
	}
	var all []float32
	if 4*total < 2*page {
		all = make([]float32, total)
	} else {
		all = make([]float32, total+page/4)
		skip := int(-uintptr(unsafe.Pointer(&all[0])) & (page - 1) / 4)
		all = all[skip:][:total]
	}
	if total > 0 {
		hugePages(all)
	}
	parts := make([][]float32, len(sizes))
	for i, n := range sizes {
		parts[i] = all[:n:n]
		all = all[(n+line-1)/line*line:]
	}
	return parts
}

// page is the size of a huge page in bytes.
const page = 2 << 20
