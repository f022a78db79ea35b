package machine

import (
	"fmt"
	"slices"
	"strings"
)

// Need is what a piece of work takes of memory, part by part.
type Need []Part

// Part is a part of a need.
type Part struct {
	What  string
	Bytes float64
	Lower string // the options that make it smaller, as they are typed
}

// Bytes is the sum of all parts.
func (n Need) Bytes() (sum float64) {
	for _, p := range n {
		sum += p.Bytes
	}
	return sum
}

// Check is an error if this machine has less memory than that; it says what takes most
// and which options make it smaller.
func (n Need) Check() error { return n.within(Memory()) }

func (n Need) within(memory float64) error {
	if memory == 0 || !(n.Bytes() > memory) {
		return nil
	}
	largest := slices.Clone(n)
	slices.SortStableFunc(largest, func(a, b Part) int {
		switch {
		case a.Bytes > b.Bytes:
			return -1
		case a.Bytes < b.Bytes:
			return 1
		}
		return 0
	})
	var what, lower []string
	for i, p := range largest {
		if i > 0 && p.Bytes < n.Bytes()/8 {
			break
		}
		what = append(what, fmt.Sprintf("%s %s", p.What, Size(p.Bytes)))
		if p.Lower != "" && !slices.Contains(lower, p.Lower) {
			lower = append(lower, p.Lower)
		}
	}
	return fmt.Errorf("needs %s (%s), this machine has %s; lower %s", Size(n.Bytes()), strings.Join(what, ", "), Size(memory), strings.Join(lower, " or "))
}
