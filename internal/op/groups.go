package op

import "textgan/internal/kernel"

// groups is the number of groups of rows whose gradients are kept apart and added up at
// the end, so that two cores neither synchronise nor read each other's cache lines
// before: without a shared cache that would cost as much as the products. It is
// fixed, so that the sums are the same for any number of cores.
const groups = 2

// groupSum adds the gradients of the groups.
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
