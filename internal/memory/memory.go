// Package memory makes the large slices of a training step.
package memory

// Floats returns slices of zeros of the given sizes, in one piece of memory, each
// from a cache line of its own on. It asks for huge pages: what is read and
// written once in a step from end to end spends much of its time on page tables
// otherwise.
func Floats(sizes ...int) [][]float32 {
	const line = 16
	total := 0
	for _, n := range sizes {
		total += (n + line - 1) / line * line
	}
	all := make([]float32, total)
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
