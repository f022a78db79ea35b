package op

import "fmt"

// checkLengths panics unless all lengths lie in 0..T.
func checkLengths(lengths []int32, T int) {
	for i, l := range lengths {
		if l < 0 || int(l) > T {
			panic(fmt.Sprintf("lengths must lie in 0..%d: row %d has %d", T, i, l))
		}
	}
}

// Plan lays the real tokens of a batch out time by time. Step t holds the rows
// 0..Count[t]-1 of the batch at Off[t]..Off[t]+Count[t]-1; there are N tokens.
type Plan struct {
	Count, Off []int
	N, Steps   int
}

// NewPlan returns a plan with room for T steps.
func NewPlan(T int) *Plan { return &Plan{Count: make([]int, T), Off: make([]int, T)} }

// Set lays out a batch whose lengths fall from row to row; a length of 0 is a
// row without tokens.
func (p *Plan) Set(lengths []int32) {
	n := len(lengths)
	p.N, p.Steps = 0, 0
	checkLengths(lengths, len(p.Count))
	for i, l := range lengths {
		if i > 0 && l > lengths[i-1] {
			panic(fmt.Sprintf("lengths must fall: row %d has %d after %d", i, l, lengths[i-1]))
		}
	}
	for t := range p.Count {
		for n > 0 && int(lengths[n-1]) <= t {
			n--
		}
		p.Count[t], p.Off[t] = n, p.N
		p.N += n
		if n > 0 {
			p.Steps = t + 1
		}
	}
}
