package eval

import (
	"encoding/binary"
	"errors"
	"math"
)

// census counts every n-gram up to a given order in several texts at once.
type census struct {
	grams  *ngrams
	order  []uint8   // by node
	counts [][]int64 // [text][node]
	totals [][]int64 // [text][order-1]: n-grams, repeats included
}

func newCensus(order int, texts ...[][]int32) *census {
	c := &census{grams: newNgrams(), order: make([]uint8, 1)}
	var s scan
	step := c.grams.add
	for _, lines := range texts {
		counts, totals := make([]int64, c.grams.n), make([]int64, order)
		for _, line := range lines {
			s.start(line)
			for n := 1; n <= min(order, len(line)); n++ {
				s.next(line, step)
				for len(c.order) < int(c.grams.n) {
					c.order = append(c.order, uint8(n))
				}
				for len(counts) < int(c.grams.n) {
					counts = append(counts, 0)
				}
				for _, node := range s.nodes {
					if node != missing {
						counts[node]++
						totals[n-1]++
					}
				}
			}
		}
		c.counts, c.totals = append(c.counts, counts), append(c.totals, totals)
	}
	for i := range c.counts {
		for len(c.counts[i]) < int(c.grams.n) {
			c.counts[i] = append(c.counts[i], 0)
		}
	}
	return c
}

// Distinct returns distinct-1 to distinct-maxN: the number of different
// n-grams of all lines together over the number of n-grams. NaN where there is
// no n-gram. It falls as the text grows, so compare equal numbers of lines. It is
// the form now in use and reaches 1 for every n; see DistinctOfTokens.
func Distinct(lines [][]int32, maxN int) ByOrder {
	different, totals := distinct(lines, maxN)
	for n, total := range totals {
		different[n] /= float64(total) // 0/0 is NaN
	}
	return different
}

// DistinctOfTokens is distinct-n as Li et al. have it, NAACL 2016,
// https://arxiv.org/abs/1510.03055: the number of different n-grams over the
// number of tokens, whatever n. NaN for a text without tokens.
func DistinctOfTokens(lines [][]int32, maxN int) ByOrder {
	different, totals := distinct(lines, maxN)
	for n := range different {
		different[n] /= float64(totals[0])
	}
	return different
}

// distinct counts the different n-grams of every order, and all of them.
func distinct(lines [][]int32, maxN int) (different ByOrder, totals []int64) {
	c := newCensus(maxN, lines)
	different = make(ByOrder, maxN)
	for _, n := range c.order[1:] {
		different[n-1]++
	}
	return different, c.totals[0]
}

// MSJaccard compares two texts by their n-gram multisets. The value of order n
// is the geometric mean over k = 1..n of
//
//	sum_g min(c_a(g), c_b(g)) / sum_g max(c_a(g), c_b(g))
//
// over the k-grams g, c(g) being the average number of occurrences per line.
// 1 means equal, 0 that nothing of some order is shared; it falls both with
// bad and with monotonous text. Orders of which neither text has an n-gram are
// NaN. Alihosseini, Montahaei and Soleymani Baghshah,
// NeuralGen 2019, https://arxiv.org/abs/1904.03971.
func MSJaccard(a, b [][]int32, maxN int) ByOrder {
	c := newCensus(maxN, a, b)
	low, high := make([]float64, maxN), make([]float64, maxN)
	perLineA, perLineB := 1/float64(max(1, len(a))), 1/float64(max(1, len(b)))
	for node, n := range c.order {
		if n > 0 {
			x, y := float64(c.counts[0][node])*perLineA, float64(c.counts[1][node])*perLineB
			low[n-1] += min(x, y)
			high[n-1] += max(x, y)
		}
	}
	out, logs := make(ByOrder, maxN), 0.0
	for n := range out {
		if high[n] == 0 {
			out[n] = math.NaN()
			continue
		}
		if low[n] == 0 {
			logs = math.Inf(-1) // this order and all above are 0
			continue
		}
		logs += math.Log(low[n] / high[n])
		out[n] = math.Exp(logs / float64(n+1))
	}
	return out
}

// JensenShannon is the Jensen-Shannon divergence between the relative
// frequencies p and q of the n-grams of two texts, in nats, for n = 1..maxN:
//
//	(KL(p || m) + KL(q || m)) / 2,  m = (p + q) / 2
//
// It lies in [0, ln 2]; ln 2 means that no n-gram is shared. An order without
// n-grams in either text is NaN, in one of them ln 2. Finite texts of the same
// source do not reach 0: compare with a real-text row of the same size.
// Lin, IEEE Transactions on Information Theory 37, 1991.
func JensenShannon(a, b [][]int32, maxN int) ByOrder {
	c := newCensus(maxN, a, b)
	out := make(ByOrder, maxN)
	for node, n := range c.order {
		if n == 0 {
			continue
		}
		for side, other := range [2]int{1, 0} {
			p := float64(c.counts[side][node]) / float64(max(1, c.totals[side][n-1]))
			q := float64(c.counts[other][node]) / float64(max(1, c.totals[other][n-1]))
			if p > 0 {
				out[n-1] += p / 2 * math.Log(2*p/(p+q))
			}
		}
	}
	for n := range out {
		if (c.totals[0][n] == 0) != (c.totals[1][n] == 0) {
			out[n] = math.Ln2
		}
		out[n] = min(max(out[n], 0), math.Ln2) // rounding
		if c.totals[0][n]+c.totals[1][n] == 0 {
			out[n] = math.NaN()
		}
	}
	return out
}

// LineKey writes line as the key of a map into buf; equal lines have equal keys. A line
// with an Unknown token is equal to none and has no key.
func LineKey(buf []byte, line []int32) (key []byte, ok bool) {
	buf = buf[:0]
	for _, id := range line {
		if id < 0 {
			return buf, false
		}
		buf = binary.LittleEndian.AppendUint32(buf, uint32(id))
	}
	return buf, true
}

// lineSet holds the keys of lines, and the number of lines that have none.
func lineSet(lines [][]int32) (set map[string]struct{}, keyless int) {
	set = make(map[string]struct{}, len(lines))
	var buf []byte
	for _, line := range lines {
		var ok bool
		if buf, ok = LineKey(buf, line); !ok {
			keyless++
			continue
		}
		set[string(buf)] = struct{}{}
	}
	return set, keyless
}

// Different is the number of different lines over the number of lines; 0 if
// there are none.
func Different(lines [][]int32) float64 {
	set, keyless := lineSet(lines)
	return float64(len(set)+keyless) / float64(max(1, len(lines)))
}

// Shared is the number of lines that also stand in others, as whole lines. One with an
// Unknown token does not. The memory is that of lines.
func Shared(lines, others [][]int32) (n int) {
	copies := make(map[string]int, len(lines)) // of a line, until it is met
	var key []byte
	for _, line := range lines {
		var ok bool
		if key, ok = LineKey(key, line); ok {
			copies[string(key)]++
		}
	}
	for _, line := range others {
		var ok bool
		if key, ok = LineKey(key, line); ok {
			n += copies[string(key)]
			delete(copies, string(key))
		}
	}
	return n
}

// Novelty is the share of lines that do not occur in train, as whole lines; 0
// if there are none. A line with an Unknown token is novel.
func Novelty(lines, train [][]int32) float64 {
	return float64(len(lines)-Shared(lines, train)) / float64(max(1, len(lines)))
}

// Diversity describes a text by itself.
type Diversity struct {
	Lines     int     `json:"lines"`
	Distinct  ByOrder `json:"distinct"`           // of the n-grams
	OfTokens  ByOrder `json:"distinct_of_tokens"` // the same, of the tokens
	Different float64 `json:"different_lines"`
	Lengths   Lengths `json:"lengths"`
}

// Diverse measures lines with n-grams up to maxN.
func Diverse(lines [][]int32, maxN int) (Diversity, error) {
	if len(lines) == 0 {
		return Diversity{}, errors.New("eval: no lines to measure")
	}
	if err := checkOrder(maxN); err != nil {
		return Diversity{}, err
	}
	return Diversity{len(lines), Distinct(lines, maxN), DistinctOfTokens(lines, maxN), Different(lines), LengthsOf(lines)}, nil
}

// Likeness compares a text with another, as a rule generated lines with the
// lines that the generator was trained on.
type Likeness struct {
	Novelty        float64 `json:"novelty"`
	Copies         Copies  `json:"copies"`
	MSJaccard      ByOrder `json:"ms_jaccard"`
	JensenShannon  ByOrder `json:"jensen_shannon"`
	LengthDistance float64 `json:"length_distance"`
}

// Compare measures lines against train with n-grams up to maxN. Both are
// encoded with Lexicon.Add.
func Compare(lines, train [][]int32, maxN int) (Likeness, error) {
	if len(lines) == 0 || len(train) == 0 {
		return Likeness{}, errors.New("eval: no lines to compare")
	}
	if err := checkOrder(maxN); err != nil {
		return Likeness{}, err
	}
	return Likeness{
		Novelty:        Novelty(lines, train),
		Copies:         CopiesOf(lines, NewCopyIndex(train)),
		MSJaccard:      MSJaccard(lines, train, maxN),
		JensenShannon:  JensenShannon(lines, train, maxN),
		LengthDistance: LengthDistance(lines, train),
	}, nil
}
