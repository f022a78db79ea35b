package eval

import (
	"errors"
	"fmt"
	"math"

	"textgan/internal/kernel"
)

// KneserNey is an n-gram language model with interpolated modified Kneser-Ney
// smoothing. With c(.) the adjusted count of an n-gram, h a context and h' the
// context without its first token,
//
//	p(w | h) = (c(hw) - D(c(hw))) / c(h.) + gamma(h) p(w | h')
//	gamma(h) = sum_k D_k N_k(h) / c(h.)
//
// where c(h.) is the sum of c(hw) over w and N_1, N_2, N_3 are the numbers of
// words w that follow h with c(hw) = 1, 2 and at least 3. The adjusted count is
// the plain count for the highest order and for n-grams that begin a line,
// else the number of different tokens in front of the n-gram. The recursion
// ends in the uniform distribution over the vocabulary and the end of line.
// The discounts are estimated for each order from the numbers t_k of n-grams
// of adjusted count k:
//
//	D_k = k - (k+1) Y t_{k+1} / t_k,  Y = t_1 / (t_1 + 2 t_2)
//
// Chen and Goodman, "An empirical study of smoothing techniques for language
// modeling", TR-10-98, Harvard 1998, section 3; start of line and base case as
// in Heafield et al., ACL 2013 (KenLM). It is read-only and safe for
// concurrent use.
type KneserNey struct {
	grams    *ngrams
	order    int
	count    []int32      // by node: the adjusted count
	level    []uint8      // by node: the order
	contexts []context    // by node
	discount [][4]float64 // [order-1][min(count, 3)]
	fallback []int        // orders whose discounts could not be estimated
	base     float64
	lines    int    // that it was trained on
	text     string // what was done to them, for signatures: "|case:lc|tok:word"
}

// A context sums up the words that follow an n-gram.
type context struct {
	total  int64
	number [4]int32 // [k]: words of adjusted count k, [3] at least 3
}

// The model's own tokens in front of those of the Lexicon.
const (
	begin, end = 0, 1
	shift      = 2
)

// NewKneserNey counts the n-grams of lines up to the given order, 5 by custom.
// vocabulary is the number of words that may occur, as a rule Lexicon.Len()
// after all texts that will be compared: a word that lines do not contain has
// its share of the uniform distribution. Comparable scores need equal
// vocabularies. 0 stands for the words of lines and one unknown word, as in
// KenLM. Unknown tokens are counted as no word.
//
// Where a text is too small or too regular to estimate the discounts of an
// order, or one of them is 0, they are 0.5, 1 and 1.5, as with KenLM's --discount_fallback.
func NewKneserNey(lines [][]int32, order, vocabulary int) (*KneserNey, error) {
	if err := checkOrder(order); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("eval: no lines to train a language model on")
	}
	m := &KneserNey{grams: newNgrams(), order: order, lines: len(lines), count: make([]int32, 1), level: make([]uint8, 1)}
	parent, suffix := []int32{missing}, []int32{missing}
	var s scan
	var padded, before []int32
	step := m.grams.add
	for _, line := range lines {
		padded = pad(padded, line)
		s.start(padded)
		for n := 1; n <= min(order, len(padded)); n++ {
			before = append(before[:0], s.nodes...)
			s.next(padded, step)
			for i, node := range s.nodes {
				if node == missing {
					continue
				}
				if int(node) == len(m.count) { // the first of its kind
					m.count, m.level = append(m.count, 0), append(m.level, uint8(n))
					parent = append(parent, before[i])
					if n == 1 {
						suffix = append(suffix, root)
					} else {
						suffix = append(suffix, before[i+1])
					}
				}
				m.count[node]++
			}
		}
	}
	m.adjust(parent, suffix)
	words := int(m.contexts[root].number[1] + m.contexts[root].number[2] + m.contexts[root].number[3]) // the end included
	if vocabulary == 0 {
		vocabulary = words
	} else if vocabulary < words-1 {
		return nil, fmt.Errorf("eval: vocabulary of %d words for a text that has %d", vocabulary, words-1)
	}
	m.base = 1 / float64(vocabulary+1)
	m.estimate()
	return m, nil
}

// pad writes line between the marks of begin and end.
func pad(dst, line []int32) []int32 {
	dst = append(dst[:0], begin)
	for _, id := range line {
		if id >= 0 {
			id += shift
		}
		dst = append(dst, id)
	}
	return append(dst, end)
}

// adjust turns plain counts into adjusted ones and sums up the contexts.
func (m *KneserNey) adjust(parent, suffix []int32) {
	left := make([]int32, len(m.count)) // different tokens in front of an n-gram
	for node := 1; node < len(m.count); node++ {
		left[suffix[node]]++
	}
	starts := make([]bool, len(m.count)) // with the begin mark
	first := m.grams.find(root, begin)
	m.contexts = make([]context, len(m.count))
	for node := 1; node < len(m.count); node++ { // parents come before children
		starts[node] = int32(node) == first || starts[parent[node]]
		if int(m.level[node]) < m.order && !starts[node] {
			m.count[node] = left[node]
		}
		if int32(node) == first { // is no event
			m.count[node] = 0
			continue
		}
		c := &m.contexts[parent[node]]
		c.total += int64(m.count[node])
		c.number[min(m.count[node], 3)]++
	}
}

// estimate finds the discounts of every order.
func (m *KneserNey) estimate() {
	t := make([][5]float64, m.order)
	for node := 1; node < len(m.count); node++ {
		if k := m.count[node]; k > 0 && k < 5 {
			t[m.level[node]-1][k]++
		}
	}
	m.discount = make([][4]float64, m.order)
	for n := range m.discount {
		t := t[n]
		y := t[1] / (t[1] + 2*t[2])
		for k := 1; k <= 3; k++ {
			d := float64(k) - float64(k+1)*y*t[k+1]/t[k]
			// A discount of 0 leaves nothing for words that did not follow: they
			// would be impossible. NaN falls back too.
			if !(d > 0 && d <= float64(k)) {
				m.discount[n] = [4]float64{0, 0.5, 1, 1.5}
				m.fallback = append(m.fallback, n+1)
				break
			}
			m.discount[n][k] = d
		}
	}
}

// KneserNeyBytes bounds the memory of a KneserNey of so many tokens, ends of lines included.
func KneserNeyBytes(tokens, order int) float64 {
	const each = 100 // bytes of an n-gram: its key and node in a table half full, its counts and what follows it
	return float64(order) * float64(tokens) * each
}

// Order is the order of the model.
func (m *KneserNey) Order() int { return m.order }

// LogProb returns ln p of every token of line and of its end, in nats
// [len(line)+1].
func (m *KneserNey) LogProb(line []int32) []float64 {
	out := make([]float64, 0, len(line)+1)
	padded := pad(nil, line)
	contexts := make([]int32, m.order) // [k]: node of the last k tokens
	contexts[0] = root
	for k := 1; k < m.order; k++ {
		contexts[k] = missing
	}
	for i, token := range padded {
		if i > 0 {
			out = append(out, math.Log(m.prob(contexts, token)))
		}
		for k := m.order - 1; k > 0; k-- {
			contexts[k] = m.grams.find(contexts[k-1], token)
		}
	}
	return out
}

// prob is p(token | contexts), from the empty context upwards.
func (m *KneserNey) prob(contexts []int32, token int32) float64 {
	p := m.base
	for n, h := range contexts {
		if h == missing || m.contexts[h].total == 0 {
			break // nor has a longer context been seen
		}
		c, d := &m.contexts[h], &m.discount[n]
		gamma := 0.0
		for k := 1; k <= 3; k++ {
			gamma += d[k] * float64(c.number[k])
		}
		count := int32(0)
		if node := m.grams.find(h, token); node != missing {
			count = m.count[node]
		}
		p = (float64(count) - d[min(count, 3)] + gamma*p) / float64(c.total)
	}
	return p
}

// LMScore is how well a language model predicts a text.
type LMScore struct {
	Nats      float64 `json:"nats_per_token"`    // -ln p, ends of lines included in both sums
	StdErr    float64 `json:"std_err,omitempty"` // over lines, the model held fixed; absent for one line
	Tokens    int     `json:"tokens"`            // ends of lines included
	Unseen    int     `json:"unseen"`            // tokens that the training text does not have
	Signature string  `json:"signature"`
}

// Score measures lines in nats per token. With a model trained on real text
// and generated lines it is the LM score (quality: are the lines likely?); with
// a model trained on generated lines and real lines it is the reverse LM score
// (diversity: does the generated text cover the real one?). Zhao et al., ICML
// 2018, https://arxiv.org/abs/1706.04223; Semeniuta et al.,
// https://arxiv.org/abs/1806.04936.
func (m *KneserNey) Score(lines [][]int32) (LMScore, error) {
	if len(lines) == 0 {
		return LMScore{}, errors.New("eval: no lines to score")
	}
	nats := make([]float64, len(lines))
	unseen := make([]int, len(lines))
	kernel.Parallel(len(lines), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			for _, p := range m.LogProb(lines[i]) {
				nats[i] -= p
			}
			for _, id := range lines[i] {
				if id < 0 || m.grams.find(root, id+shift) == missing {
					unseen[i]++
				}
			}
		}
	})
	s := LMScore{Signature: fmt.Sprintf("lm|kneser-ney:modified|n:%d%s|vocabulary:%d|trained:%d|lines:%d|version:%s", m.order, m.text, int(math.Round(1/m.base))-1, m.lines, len(lines), Version)}
	sum := 0.0
	for i, line := range lines {
		sum += nats[i]
		s.Tokens += len(line) + 1
		s.Unseen += unseen[i]
	}
	s.Nats = sum / float64(s.Tokens)
	// The error of a ratio of sums, to first order (Cochran 1977, chapter 6).
	for i, line := range lines {
		d := nats[i] - s.Nats*float64(len(line)+1)
		s.StdErr += d * d
	}
	n := float64(len(lines))
	s.StdErr = math.Sqrt(s.StdErr*n/max(1, n-1)) / float64(s.Tokens)
	return s, nil
}
