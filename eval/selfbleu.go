package eval

import (
	"fmt"

	"textgan/internal/kernel"
)

// SelfBLEU scores every line against all others (leave one out): high values
// mean that the lines are alike. It is exact. At least two lines are needed.
// Values of different numbers of lines are not comparable. The scores of the
// lines depend on each other, so StdErr and intervals understate the
// uncertainty; several samples of the same generator do not. Zhu et al.,
// "Texygen", SIGIR 2018, https://arxiv.org/abs/1802.01886.
func SelfBLEU(lines [][]int32, o Options) (Score, error) {
	o, err := o.resolved()
	if err != nil {
		return Score{}, err
	}
	if len(lines) < 2 {
		return Score{}, fmt.Errorf("eval: self-BLEU needs at least 2 lines, not %d", len(lines))
	}
	m := Meter{o: o, self: true, others: newOthers(lines, indexed(o.MaxN))}
	m.Add(lines)
	return m.Score()
}

// A peak holds the two largest numbers of times that an n-gram occurs in one
// reference. They may be equal. Without its owner, first becomes second: what
// leave-one-out needs.
type peak struct{ first, second, owner int32 }

func (p *peak) raise(count, owner int32) {
	switch {
	case count > p.first:
		*p = peak{count, p.first, owner}
	case count > p.second:
		p.second = count
	}
}

// others knows of each line of a text what it shares with the rest of the lines.
type others struct {
	match   [][]int32 // [order-1][line]: n-grams that others have, each counted as often as in the line where it is most frequent, at most
	kept    []int32   // [order-1]: different n-grams that it has gone through
	lengths lengths
}

// newOthers goes through the text order by order, in memory for the different
// n-grams of one order: their largest count in a line, that line, and the largest
// count elsewhere. An n-gram of one line alone matches nothing, nor does a longer one
// that contains it, so these are left out.
func newOthers(lines [][]int32, order int) *others {
	x := &others{match: make([][]int32, order), lengths: lengthsOf(lines)}
	first := make([]int, len(lines)+1) // where the nodes of a line begin
	for i, line := range lines {
		first[i+1] = first[i] + len(line)
	}
	nodes := make([]int32, first[len(lines)]) // of the n-gram that begins at a token; at first the empty one, root
	repeats := make([]bool, len(lines))       // whether an n-gram of the order before occurred twice
	for i := range repeats {
		repeats[i] = true
	}
	grams := newNgrams()
	var peaks []peak // by node
	var s scan
	for n := range x.match {
		grams.clear()
		peaks = append(peaks[:0], peak{})
		for i, line := range lines {
			of := nodes[first[i]:first[i+1]]
			for at := range of {
				switch {
				case at+n >= len(line), n > 0 && of[at+1] == missing:
					of[at] = missing
				default:
					of[at] = grams.add(of[at], line[at+n])
				}
			}
			for len(peaks) < int(grams.n) {
				peaks = append(peaks, peak{})
			}
			s.nodes, s.repeats = of, repeats[i]
			s.counts(func(node, count int32) { peaks[node].raise(count, int32(i)) })
		}
		x.kept = append(x.kept, grams.n-1)
		match := make([]int32, len(lines))
		kernel.Parallel(len(lines), 1, func(lo, hi int) {
			var s scan
			for i := lo; i < hi; i++ {
				of := nodes[first[i]:first[i+1]]
				s.nodes, s.repeats = of, repeats[i]
				s.counts(func(node, count int32) {
					most := peaks[node].first
					if peaks[node].owner == int32(i) {
						most = peaks[node].second
					}
					match[i] += min(count, most)
				})
				repeats[i] = s.repeats
				for at, node := range of {
					if node != missing && peaks[node].second == 0 {
						of[at] = missing
					}
				}
			}
		})
		x.match[n] = match
	}
	return x
}

// tally compares line i, of that many tokens, with the others.
func (x *others) tally(i, tokens int) (t tally) {
	t.length, t.closest = int64(tokens), int64(x.lengths.closest(tokens, true))
	for n, match := range x.match {
		t.total[n], t.match[n] = int64(max(1, tokens-n)), int64(match[i])
	}
	return t
}
