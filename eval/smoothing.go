package eval

import (
	"fmt"
	"math"
	"strings"
)

// Smoothing says what becomes of a precision without a match, whose logarithm
// would be minus infinity. The methods are those of Chen and Cherry, "A
// systematic comparison of smoothing techniques for sentence-level BLEU", WMT
// 2014, as NLTK 3.8 computes them (nltk.translate.bleu_score.SmoothingFunction
// with its default epsilon 0.1 and k 5), departures from the paper included.
// m is the number of matches, t the number of n-grams of the hypothesis (at
// least 1), L its length in tokens.
//
// NLTK's method6 is left out: it stops with an error on every sentence without
// a common trigram and for every n below 3.
type Smoothing int

const (
	// Method1 replaces m = 0 by 0.1. The zero value, and what every published
	// text-GAN protocol uses.
	Method1 Smoothing = iota
	// Method0 is no smoothing: p = 2.2e-308, the smallest normal float64, where
	// m = 0, so that the score is all but 0.
	Method0
	// Method2 adds 1 to m and t of every order but the first (Lin and Och 2004).
	Method2
	// Method3 replaces the k-th zero by 1/2^k (NIST's mteval-v13a).
	Method3
	// Method4 replaces the k-th zero by ln(L) / (5 2^k). Where L = 1 the
	// precision stays 0 and its order is left out of the mean.
	Method4
	// Method5 averages each precision with its smoothed left neighbour (p_1 + 1
	// before the first) and its right neighbour; NLTK takes that of order 5
	// for the last order, whatever n is.
	Method5
	// Method7 is Method4 followed by Method5.
	Method7
)

var smoothingNames = [...]string{"method1", "none", "method2", "method3", "method4", "method5", "method7"}

// String is the name in signatures and flags; Method0 is "none".
func (s Smoothing) String() string {
	if s < 0 || int(s) >= len(smoothingNames) {
		return fmt.Sprintf("Smoothing(%d)", int(s))
	}
	return smoothingNames[s]
}

// ParseSmoothing is the inverse of String; it also takes "method0" for "none".
func ParseSmoothing(name string) (Smoothing, error) {
	if name == "method0" {
		return Method0, nil
	}
	for s, n := range smoothingNames {
		if n == name {
			return Smoothing(s), nil
		}
	}
	return 0, fmt.Errorf("eval: unknown smoothing %q; choose from %s", name, strings.Join(smoothingNames[:], ", "))
}

// pooled says whether the method looks at the 5-grams of one sentence.
func (s Smoothing) pooled() bool { return s == Method5 || s == Method7 }

// smooth fills p [n] with the smoothed precisions of orders 1..n from the
// tally of a sentence or of a whole corpus.
func (s Smoothing) smooth(p []float64, t *tally) {
	zeros := 0
	for i := range p {
		match, total := float64(t.match[i]), float64(t.total[i])
		p[i] = match / total
		switch {
		case s == Method2 && i > 0:
			p[i] = (match + 1) / (total + 1)
		case match > 0:
		case s == Method0:
			p[i] = 0x1p-1022
		case s == Method1:
			p[i] = 0.1 / total
		case s == Method3:
			zeros++
			p[i] = 1 / (math.Exp2(float64(zeros)) * total)
		case s == Method4 || s == Method7:
			zeros++
			p[i] = math.Log(float64(t.length)) / (5 * math.Exp2(float64(zeros))) / total
		}
	}
	if s.pooled() {
		left := p[0] + 1
		for i := range p {
			right := float64(t.match[4]) / float64(t.total[4])
			if i+1 < len(p) {
				right = p[i+1]
			}
			p[i] = (left + p[i] + right) / 3
			left = p[i]
		}
	}
}
