package kernel

// Above sets places to where x >= bound, in rising order, and returns how many
// places those are; -1 if there are more than places has room for. NaN is passed
// over.
func Above(places []int32, x []float32, bound float32) int { return isa.above(places, x, bound) }

func aboveGeneric(places []int32, x []float32, bound float32) int {
	n := 0
	for i, v := range x {
		if v >= bound {
			if n == len(places) {
				return -1
			}
			places[n] = int32(i)
			n++
		}
	}
	return n
}
