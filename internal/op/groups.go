package op

import "textgan/internal/kernel"

// groups of rows have gradients of their own, which are added up at the end: two
// cores need not meet before, nor read what the other wrote. Cores may share no
// cache, and waiting for the other's lines then costs as much as the products.
// The number is fixed, so that the sums are the same for any number of cores.
const groups = 2

// groupSum adds up what groups have.
type groupSum struct {
	dst  []float32
	src  [groups][]float32
	up   float32
	some func(lo, hi int)
}

// scaled sets dst to up times the sum of src, of which the first is there and
// may be dst.
func (s *groupSum) scaled(dst []float32, up float32, src [groups][]float32) {
	if s.some == nil {
		s.some = s.part
	}
	s.dst, s.up, s.src = dst, up, src
	kernel.Parallel(len(dst), 1<<14, s.some)
}

func (s *groupSum) part(lo, hi int) {
	dst := s.dst[lo:hi]
	copy(dst, s.src[0][lo:hi])
	for _, src := range s.src[1:] {
		if src != nil {
			kernel.Add(dst, src[lo:hi])
		}
	}
	if s.up != 1 {
		kernel.Scale(s.up, dst)
	}
}
