package kernel

// line is the number of values in a cache line.
const line = 16

// Prefetch has x, which another function is going to read, brought into the
// cache of the core while this one goes on. It changes nothing else.
func Prefetch(x []float32) { isa.prefetch(x) }

// Stream copies src to dst, which is as long, past the caches: for what is not
// going to be read soon.
func Stream(dst, src []float32) {
	sameLength("Stream", len(dst), len(src))
	isa.stream(dst, src)
}
