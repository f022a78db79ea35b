package eval

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"sort"

	"textgan/internal/kernel"
)

// CopyIndex finds runs of tokens that a text copies from another one: the
// suffixes of all its lines, sorted. It takes 8 bytes per token and is
// read-only and safe for concurrent use.
type CopyIndex struct {
	text []int32 // all lines, each followed by an Unknown
	sa   []int32 // starts of the suffixes of text in ascending order
	ends []int   // of line i in text: the position of its Unknown
}

// NewCopyIndex sorts the suffixes of train by prefix doubling: groups of
// suffixes that agree in their first h tokens are told apart by the ranks of
// the suffixes h further on, for h = 1, 2, 4, ... Larsson and Sadakane, "Faster
// suffix sorting", Theoretical Computer Science 387, 2007. Unknown tokens match
// nothing.
func NewCopyIndex(train [][]int32) *CopyIndex { return NewCopyIndexUntil(train, nil) }

// stride is the number of suffixes that are sorted between two questions to stop.
const stride = 1 << 16

// NewCopyIndexUntil is NewCopyIndex for a large text: nil once stop, if any, says true.
func NewCopyIndexUntil(train [][]int32, stop func() bool) *CopyIndex {
	c := &CopyIndex{}
	for _, line := range train {
		c.text = append(append(c.text, line...), Unknown)
		c.ends = append(c.ends, len(c.text)-1)
	}
	// An Unknown is unlike any other token, so no two suffixes agree beyond
	// one, and every suffix that is not alone in its group has a successor.
	c.sa = byFirst(c.text)
	rank := make([]int32, len(c.text)) // of the first suffix of the group
	type group struct{ lo, hi int }
	var open []group
	for lo := 0; lo < len(c.sa); {
		hi := lo + 1
		for c.text[c.sa[lo]] >= 0 && hi < len(c.sa) && c.text[c.sa[hi]] == c.text[c.sa[lo]] {
			hi++
		}
		for _, i := range c.sa[lo:hi] {
			rank[i] = int32(lo)
		}
		if hi-lo > 1 {
			open = append(open, group{lo, hi})
		}
		lo = hi
	}
	type suffix struct{ key, start int32 }
	var work []suffix
	left := 0 // until stop is asked
	for h := int32(1); len(open) > 0; h *= 2 {
		var next []group
		for _, g := range open {
			if left -= g.hi - g.lo; left < 0 {
				if stop != nil && stop() {
					return nil
				}
				left = stride
			}
			work = work[:0]
			for _, i := range c.sa[g.lo:g.hi] {
				work = append(work, suffix{rank[i+h], i})
			}
			slices.SortFunc(work, func(a, b suffix) int { return cmp.Compare(a.key, b.key) })
			for lo := 0; lo < len(work); {
				hi := lo
				for hi < len(work) && work[hi].key == work[lo].key {
					c.sa[g.lo+hi] = work[hi].start
					rank[work[hi].start] = int32(g.lo + lo)
					hi++
				}
				if hi-lo > 1 {
					next = append(next, group{g.lo + lo, g.lo + hi})
				}
				lo = hi
			}
		}
		open = next
	}
	return c
}

// byFirst are the starts of the suffixes of text, by their first token and then by
// themselves.
func byFirst(text []int32) []int32 {
	next := map[int32]int{} // place of the next suffix that begins with a token
	for _, id := range text {
		next[max(id, Unknown)]++
	}
	at := 0
	for _, id := range slices.Sorted(maps.Keys(next)) {
		next[id], at = at, at+next[id]
	}
	sa := make([]int32, len(text))
	for i, id := range text {
		id = max(id, Unknown)
		sa[next[id]] = int32(i)
		next[id]++
	}
	return sa
}

// A Copy is a run of tokens found in the training text.
type Copy struct {
	Start, Len int // in the line that was looked up, tokens
	Train      int // a training line that holds the run; -1 if Len is 0
}

// Share is what part of the line it is that was looked up; of an empty one 0.
func (c Copy) Share(line []int32) float64 { return float64(c.Len) / float64(max(1, len(line))) }

// Longest finds the longest run of consecutive tokens of line that some
// training line holds, the first of several equally long.
func (c *CopyIndex) Longest(line []int32) Copy {
	best, where := Copy{Train: -1}, int32(0)
	for i := 0; i+best.Len < len(line); i++ {
		rest := line[i:]
		at, _ := sort.Find(len(c.sa), func(k int) int {
			suffix := c.text[c.sa[k]:]
			n := common(rest, suffix)
			switch {
			case n == len(rest):
				return 0
			case suffix[n] < 0: // the training line ends here
				return 1
			}
			return cmp.Compare(rest[n], suffix[n])
		})
		// The closest relatives stand on either side of the place for rest.
		for _, k := range [2]int{at - 1, at} {
			if k < 0 || k >= len(c.sa) {
				continue
			}
			if n := common(rest, c.text[c.sa[k]:]); n > best.Len {
				best, where = Copy{Start: i, Len: n}, c.sa[k]
			}
		}
	}
	if best.Len > 0 {
		best.Train, _ = slices.BinarySearch(c.ends, int(where))
	}
	return best
}

// common is the number of tokens that a and the training suffix b share.
func common(a, b []int32) int {
	n := 0
	for n < len(a) && a[n] >= 0 && a[n] == b[n] { // b ends with an Unknown
		n++
	}
	return n
}

// Copies sums up the longest copied runs of a text's lines, in tokens.
type Copies struct {
	Mean     float64 `json:"mean"`          // longest run of a line, on average
	StdErr   float64 `json:"std_err"`       // of Mean
	Share    float64 `json:"share"`         // longest run over the length of its line, on average; empty lines count 0
	ErrShare float64 `json:"share_std_err"` // of Share
	Max      int     `json:"max"`           // longest run of all
	Line     int     `json:"line"`          // the first line that holds it
	Train    int     `json:"train"`         // a training line that holds it; -1 if there is no copy
}

// CopiesOf looks up every line, in parallel.
func CopiesOf(lines [][]int32, index *CopyIndex) Copies {
	longest := make([]Copy, len(lines))
	kernel.Parallel(len(lines), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			longest[i] = index.Longest(lines[i])
		}
	})
	out := Copies{Train: -1}
	n := float64(max(1, len(lines)))
	for i, c := range longest {
		out.Mean += float64(c.Len)
		out.Share += c.Share(lines[i])
		if c.Len > out.Max {
			out.Max, out.Line, out.Train = c.Len, i, c.Train
		}
	}
	out.Mean /= n
	out.Share /= n
	for i, c := range longest {
		d, share := float64(c.Len)-out.Mean, c.Share(lines[i])-out.Share
		out.StdErr, out.ErrShare = out.StdErr+d*d, out.ErrShare+share*share
	}
	out.StdErr = math.Sqrt(out.StdErr / max(1, n-1) / n)
	out.ErrShare = math.Sqrt(out.ErrShare / max(1, n-1) / n)
	return out
}
