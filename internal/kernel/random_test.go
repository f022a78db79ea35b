package kernel

import "math/rand/v2"

// random returns n values in [-1, 1), the same at every call with the same n.
func random(n int) []float32 {
	r := rand.New(rand.NewPCG(uint64(n), 1))
	s := make([]float32, n)
	for i := range s {
		s[i] = 2*r.Float32() - 1
	}
	return s
}
