package op

import "textgan/internal/memory"

// part is a slice to be made, of size zeros.
type part struct {
	p    *[]float32
	size int
}

// allocate makes all parts in one piece of memory; see memory.Floats.
func allocate(parts ...part) {
	sizes := make([]int, len(parts))
	for i, s := range parts {
		sizes[i] = s.size
	}
	for i, x := range memory.Floats(sizes...) {
		*parts[i].p = x
	}
}
