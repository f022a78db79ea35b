package op

// part is a slice to be made, of size zeros.
type part struct {
	p    *[]float32
	size int
}

// allocate makes all parts in one piece of memory, each from a cache line of its
// own on, and asks for huge pages for it: what is read and written once in a
// step from end to end spends much of its time on page tables otherwise.
func allocate(parts ...part) {
	const line = 16
	total := 0
	for _, s := range parts {
		total += (s.size + line - 1) / line * line
	}
	if total == 0 {
		return
	}
	all := make([]float32, total)
	hugePages(all)
	for _, s := range parts {
		*s.p = all[:s.size:s.size]
		all = all[(s.size+line-1)/line*line:]
	}
}
