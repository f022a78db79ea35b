package eval

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"textgan/internal/kernel"
)

// MaxOrder is the longest n-gram that a metric can be asked for.
const MaxOrder = 9

func checkOrder(n int) error {
	if n < 1 || n > MaxOrder {
		return fmt.Errorf("eval: n-grams up to order %d; choose 1 to %d", n, MaxOrder)
	}
	return nil
}

// A tally is all that BLEU needs to know of one hypothesis, or the sum over
// many: [i] belongs to order i+1.
type tally struct {
	match, total    [MaxOrder]int64 // matched n-grams; n-grams, at least 1 per hypothesis
	length, closest int64           // tokens; tokens of the reference of closest length
}

func (t *tally) add(u *tally) {
	for i := range t.match {
		t.match[i] += u.match[i]
		t.total[i] += u.total[i]
	}
	t.length += u.length
	t.closest += u.closest
}

// bleu is the cumulative BLEU of order len(p) with uniform weights; p is work
// space. Papineni et al., ACL 2002, section 2.3.
func (t *tally) bleu(s Smoothing, p []float64) float64 {
	if t.match[0] == 0 {
		return 0 // NLTK smooths nothing when not even a word matches
	}
	s.smooth(p, t)
	sum := 0.0
	for _, v := range p {
		if v > 0 {
			sum += math.Log(v)
		}
	}
	brevity := 1.0
	if t.length <= t.closest {
		brevity = math.Exp(1 - float64(t.closest)/float64(t.length))
	}
	return brevity * math.Exp(sum/float64(len(p)))
}

// References are lines prepared for scoring: each is a reference of every
// hypothesis, as in all text-GAN protocols. Memory is linear in the number of
// different n-grams. A References is read-only and safe for concurrent use.
type References struct {
	grams   *ngrams
	most    []int32 // by node: how often the n-gram occurs in the line where it is most frequent
	order   int
	lines   int
	lengths lengths
}

// NewReferences indexes the n-grams of lines up to order max(maxN, 5), the 5
// because two smoothings always look at it. maxN is in [1, MaxOrder]; 0 means
// 5. Empty lines count as references of length 0. It is an error to give no
// line at all.
func NewReferences(lines [][]int32, maxN int) (*References, error) {
	if maxN == 0 {
		maxN = 5
	}
	if err := checkOrder(maxN); err != nil {
		return nil, err
	}
	if len(lines) == 0 {
		return nil, errors.New("eval: no reference lines")
	}
	r := &References{grams: newNgrams(), most: make([]int32, 1), order: indexed(maxN), lines: len(lines), lengths: lengthsOf(lines)}
	var s scan
	step := r.grams.add
	for _, line := range lines {
		s.start(line)
		for range min(r.order, len(line)) {
			s.next(line, step)
			for len(r.most) < int(r.grams.n) {
				r.most = append(r.most, 0)
			}
			s.counts(func(node, count int32) { r.most[node] = max(r.most[node], count) })
		}
	}
	return r, nil
}

// Len is the number of reference lines.
func (r *References) Len() int { return r.lines }

// indexed is the highest order of n-grams that scores up to maxN look at, because two
// smoothings always look at 5.
func indexed(maxN int) int { return max(maxN, 5) }

// tally compares hyp with all references.
func (r *References) tally(hyp []int32, s *scan) (t tally) {
	t.length, t.closest = int64(len(hyp)), int64(r.lengths.closest(len(hyp), false))
	s.start(hyp)
	for n := 1; n <= r.order; n++ {
		t.total[n-1] = int64(max(1, len(hyp)-n+1))
		if n > len(hyp) {
			continue
		}
		s.next(hyp, r.grams.find)
		s.counts(func(node, count int32) { t.match[n-1] += int64(min(count, r.most[node])) })
	}
	return t
}

// lengths are those of the lines of a text, ascending.
type lengths []length

// A length of n lines.
type length struct{ tokens, n int }

func lengthsOf(lines [][]int32) (all lengths) {
	n := map[int]int{}
	for _, line := range lines {
		n[len(line)]++
	}
	for _, tokens := range slices.Sorted(maps.Keys(n)) {
		all = append(all, length{tokens, n[tokens]})
	}
	return all
}

// closest is the length nearest to n, the shorter of two equally near. With leaveOut,
// one line of length n itself is left out.
func (all lengths) closest(n int, leaveOut bool) int {
	i, found := slices.BinarySearchFunc(all, n, func(l length, n int) int { return l.tokens - n })
	after := i
	if found {
		if !leaveOut || all[i].n > 1 {
			return n
		}
		after = i + 1
	}
	switch {
	case i == 0:
		return all[after].tokens
	case after == len(all) || n-all[i-1].tokens <= all[after].tokens-n:
		return all[i-1].tokens
	}
	return all[after].tokens
}

// Level says how the sentences become one number.
type Level int

const (
	// Sentence is the mean over hypotheses of sentence BLEU: the text-GAN
	// protocols.
	Sentence Level = iota
	// Corpus pools matches, n-grams and lengths over all hypotheses first, as
	// Papineni et al. do.
	Corpus
)

// String is "sentence" or "corpus".
func (l Level) String() string {
	if l == Corpus {
		return "corpus"
	}
	return "sentence"
}

// Options of BLEU and SelfBLEU. The zero value is the usual protocol: orders 1
// to 5, method1, mean of sentence scores, no bootstrap.
type Options struct {
	MaxN      int // highest order, 1 to MaxOrder; 0 means 5
	Smoothing Smoothing
	Level     Level

	// Bootstrap is the number of resamples for the intervals; 0 gives none.
	Bootstrap  int
	Confidence float64 // of the intervals; 0 means 0.95
	Seed       uint64  // of the resamples: the rng.Eval stream is consumed

	// What was done to the text, for the signature: "lc" or "mixed", "word".
	Case, Tokenizer string

	protocol *Protocol // that the options come from, if any
	keep     bool      // the scores of single hypotheses too, at sentence level
}

func (o Options) resolved() (Options, error) {
	if o.MaxN == 0 {
		o.MaxN = 5
	}
	if o.Confidence == 0 {
		o.Confidence = 0.95
	}
	if err := checkOrder(o.MaxN); err != nil {
		return o, err
	}
	switch {
	case o.Smoothing < 0 || int(o.Smoothing) >= len(smoothingNames):
		return o, fmt.Errorf("eval: unknown smoothing %v", o.Smoothing)
	case o.Level == Corpus && o.Smoothing.pooled():
		return o, fmt.Errorf("eval: smoothing %v looks at single sentences and has no corpus level; use method1 to method4 or none", o.Smoothing)
	case o.Bootstrap < 0 || !(o.Confidence > 0 && o.Confidence < 1):
		return o, fmt.Errorf("eval: bootstrap of %d resamples at confidence %v; use a count of at least 0 and a confidence between 0 and 1", o.Bootstrap, o.Confidence)
	}
	return o, nil
}

// BLEU scores every hypothesis against all references: BLEU-n for n = 1..MaxN,
// each cumulative with uniform weights 1/n and equal to NLTK 3.8's
// sentence_bleu (mean over hypotheses) or corpus_bleu with these weights. Ids
// come from the Lexicon of the references. An empty hypothesis scores 0. It is
// an error to give no hypothesis.
func BLEU(r *References, hyps [][]int32, o Options) (Score, error) {
	m, err := r.Meter(o)
	if err != nil {
		return Score{}, err
	}
	m.Add(hyps)
	return m.Score()
}

// A Meter scores hypotheses as they arrive, so that any number can be streamed
// through it. Without bootstrap it keeps sums only.
type Meter struct {
	refs   *References
	others *others // in the place of refs, if hypothesis i is compared with all others
	o      Options
	self   bool // the references are of the same text as the hypotheses

	n       int
	short   int // of these, with fewer tokens than the highest order
	pool    tally
	mean    [MaxOrder]float64 // Welford's running mean and
	sq      [MaxOrder]float64 // sum of squared deviations
	kept    []float64         // [n, MaxN] sentence scores, for the bootstrap or who wants to keep them
	tallies []tally           // of the hypotheses, for the corpus-level bootstrap
}

// Meter returns an empty Meter over the references.
func (r *References) Meter(o Options) (*Meter, error) {
	o, err := o.resolved()
	if err != nil {
		return nil, err
	}
	if o.MaxN > r.order {
		return nil, fmt.Errorf("eval: BLEU up to order %d on references indexed up to %d", o.MaxN, r.order)
	}
	return &Meter{refs: r, o: o}, nil
}

// Add scores more hypotheses, in parallel. The result does not depend on the
// number of threads or on how the hypotheses are cut into calls.
func (m *Meter) Add(hyps [][]int32) {
	for first := 0; first < len(hyps); first += block {
		m.add(hyps[first:min(first+block, len(hyps))])
	}
}

func (m *Meter) add(hyps [][]int32) {
	orders := m.o.MaxN
	scores := make([]float64, len(hyps)*orders)
	tallies := make([]tally, len(hyps))
	kernel.Parallel(len(hyps), 1, func(lo, hi int) {
		var s scan
		var p [MaxOrder]float64
		for i := lo; i < hi; i++ {
			if m.others != nil {
				tallies[i] = m.others.tally(m.n+i, len(hyps[i]))
			} else {
				tallies[i] = m.refs.tally(hyps[i], &s)
			}
			for n := range orders {
				scores[i*orders+n] = tallies[i].bleu(m.o.Smoothing, p[:n+1])
			}
		}
	})
	for i := range hyps {
		m.n++
		if n := len(hyps[i]); 0 < n && n < orders {
			m.short++
		}
		m.pool.add(&tallies[i])
		for n, v := range scores[i*orders:][:orders] {
			d := v - m.mean[n]
			m.mean[n] += d / float64(m.n)
			m.sq[n] += d * (v - m.mean[n])
		}
	}
	switch {
	case m.o.Bootstrap == 0 && !m.o.keep:
	case m.o.Level == Corpus:
		m.tallies = append(m.tallies, tallies...)
	default:
		m.kept = append(m.kept, scores...)
	}
}

// Score is the result over all hypotheses so far.
func (m *Meter) Score() (Score, error) {
	if m.n == 0 {
		return Score{}, errors.New("eval: no hypothesis lines")
	}
	s := Score{Metric: "bleu", Level: m.o.Level, ByOrder: make(ByOrder, m.o.MaxN), Signature: m.signature(), Short: m.short, Lines: m.n}
	if m.self {
		s.Metric = "self_bleu"
	}
	if m.o.Level == Sentence {
		s.StdErr = make(ByOrder, m.o.MaxN)
	}
	var p [MaxOrder]float64
	for n := range s.ByOrder {
		if m.o.Level == Corpus {
			s.ByOrder[n] = m.pool.bleu(m.o.Smoothing, p[:n+1])
			continue
		}
		s.ByOrder[n] = m.mean[n]
		s.StdErr[n] = math.Sqrt(m.sq[n] / float64(max(1, m.n-1)) / float64(m.n))
	}
	if m.o.keep {
		s.kept = m.kept
	}
	if m.o.Bootstrap > 0 {
		s.Confidence, s.Intervals = m.o.Confidence, m.bootstrap()
	}
	if p := m.o.protocol; p != nil && p.Digits > 0 {
		scale := math.Pow10(p.Digits)
		for n, v := range s.ByOrder {
			s.ByOrder[n] = math.RoundToEven(v*scale) / scale
		}
	}
	return s, nil
}
