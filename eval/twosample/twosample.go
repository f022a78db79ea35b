// Package twosample asks how far a classifier can tell two texts apart: the
// classifier two-sample test of Lopez-Paz and Oquab, ICLR 2017,
// https://arxiv.org/abs/1610.06545, with the density-ratio critic of
// discriminator/ratio as the classifier.
//
// The critic sees seven statistics of a sentence and, for words alone, pairs and
// triples of words, the log ratio of two n-gram models, one of either text. Each text is cut into three parts at random: one
// trains the n-gram models, one the critic, and the third is judged; the parts
// take turns, so that every line is judged once by a critic that has learnt
// neither it nor its n-grams.
package twosample

import (
	"fmt"
	"math"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/internal/kernel"
	"textgan/internal/rng"
	"textgan/vocab"
)

// Result says what a critic can tell of the lines of two texts. Errors are
// standard errors over lines, the critics held fixed.
type Result struct {
	Lines       int     `json:"lines"`    // of each text
	Shared      int     `json:"shared"`   // of the other text's, that stand in the real one too, by chance or as copies
	Accuracy    float64 `json:"accuracy"` // share of lines given to the text they are from; 1/2 is a guess
	AccuracyErr float64 `json:"accuracy_error"`
	// Nats is ln 2 less the mean log-loss: in expectation at most the
	// Jensen-Shannon divergence of the two distributions over sentences, and equal
	// to it for a perfect critic. A critic worse than a guess makes it negative.
	Nats      float64 `json:"nats"`
	NatsErr   float64 `json:"nats_error"`
	Signature string  `json:"signature"`
}

// MinLines is the least number of lines of a text: below, nothing is left to learn
// from in a part.
const MinLines = 60

// Settings of the critic, part of the metric's version. Short steps and frequent
// looks at held-out lines keep it from learning a few hundred lines by heart.
const (
	orders = 3    // the n-gram models are of order 1 to this
	steps  = 300  // updates of the critic
	batch  = 128  // lines of either text in one
	rate   = .001 // Adam's step size
	look   = 10   // steps between looks at the held-out lines
	stop   = 3    // one line in so many of the critic's part is held out
)

// Test judges as many lines of each text as both have. The texts must have been drawn
// apart: where one is made of lines of the other it is an error. Tokens are ids of one
// eval.Lexicon. It draws the parts and trains the critics from the Critic stream of
// the seed, and is the same for any number of threads.
func Test(real, other [][]int32, seed uint64) (Result, error) {
	n := min(len(real), len(other))
	if n < MinLines {
		return Result{}, fmt.Errorf("a classifier needs at least %d lines of each text, not %d and %d", MinLines, len(real), len(other))
	}
	parts := [2][3][][]int32{}
	words := int32(0)
	for i, text := range [2][][]int32{real, other} {
		perm := rng.Key{Seed: seed, Stream: rng.Critic, Step: partStep, Row: uint32(i)}.Rand().Perm(len(text))
		for j, at := range perm[:n] {
			parts[i][j%3] = append(parts[i][j%3], text[at])
			for _, id := range text[at] {
				words = max(words, id+1)
			}
		}
	}
	both, err := drawnApart(parts)
	if err != nil {
		return Result{}, err
	}
	var judged [2][]float64 // scores of the lines of each text
	for r := range 3 {
		models, learn, judge := r, (r+1)%3, (r+2)%3
		c, err := fit(parts, models, learn, int(words), seed+uint64(r)<<32)
		if err != nil {
			return Result{}, err
		}
		for i := range judged {
			scores, _, err := c.Scores(withEnds(parts[i][judge]))
			if err != nil {
				return Result{}, err
			}
			judged[i] = append(judged[i], scores...)
		}
	}
	out := Result{Lines: n, Shared: both, Signature: fmt.Sprintf("two-sample|critic:stat,kneser-ney|n:1-%d|parts:3|steps:%d|lines:%d|seed:%d|version:%s", orders, steps, n, seed, eval.Version)}
	loss, lossErr, accuracy, accuracyErr := ratio.Judge(judged[0], judged[1])
	out.Accuracy, out.AccuracyErr, out.Nats, out.NatsErr = accuracy, accuracyErr, math.Ln2-loss, lossErr
	return out, nil
}

// drawnApart counts the lines of the second text that stand in the first one too. It is
// an error if so many lines stand once in each that one text must have been copied from
// the other. The n-gram models of a copied text have seen a line on the wrong side, by
// which a critic tells even a text from itself. Of the lines that stand twice in both
// texts together, which are of equal length and drawn independently, whatever from, each
// stands once in either with a probability of at most 1/2 (2pq against p^2 + q^2). Some 25
// copies are too few to be seen so, and too few to matter.
func drawnApart(parts [2][3][][]int32) (both int, err error) {
	counts := map[string][2]int{}
	var key []byte
	for i, text := range parts {
		for _, part := range text {
			for _, line := range part {
				var ok bool
				if key, ok = eval.LineKey(key, line); ok {
					c := counts[string(key)]
					c[i]++
					counts[string(key)] = c
				}
			}
		}
	}
	twice, shared := 0, 0
	for _, c := range counts {
		if c[0] > 0 {
			both += c[1]
		}
		if c[0]+c[1] == 2 {
			twice++
		}
		if c == [2]int{1, 1} {
			shared++
		}
	}
	const deviations = 5 // of a binomial distribution: chance once in three million texts
	if float64(shared) > float64(twice)/2+deviations*math.Sqrt(float64(twice))/2 {
		return both, fmt.Errorf("a classifier needs texts that were drawn apart, and %d lines of one are in the other", shared)
	}
	return both, nil
}

// partStep is a step of the Critic stream that no update has.
const partStep = math.MaxUint32 - 2

// fit trains n-gram models on one part of both texts and a critic on another.
func fit(parts [2][3][][]int32, models, learn, words int, seed uint64) (*ratio.Critic, error) {
	var features []ratio.Features
	for n := 1; n <= orders; n++ {
		var lm [2]ratio.LogProber
		for i := range lm {
			m, err := eval.NewKneserNey(parts[i][models], n, words)
			if err != nil {
				return nil, err
			}
			lm[i] = logProber{m}
		}
		features = append(features, ratio.LogRatio{Models: lm[:1], Generator: lm[1]})
	}
	var t ratio.Texts
	for i, to := range [2][2]*[][]int32{{&t.Real, &t.HeldReal}, {&t.Fake, &t.HeldFake}} {
		for j, line := range withEnds(parts[i][learn]) {
			held := 0
			if j%stop == 0 {
				held = 1
			}
			*to[held] = append(*to[held], line)
		}
	}
	// The score begins at 0: between equal texts the guess is hard to improve on.
	c, err := ratio.New(append(features, ratio.NewStatistics(words+int(reserved), t.Real)), nil)
	if err != nil {
		return nil, err
	}
	_, err = c.Fit(t, ratio.FitOptions{Steps: steps, Batch: batch, LR: rate, Every: look, Seed: seed})
	return c, err
}

// The critic's ids: those of the Lexicon behind those that package vocab reserves.
const reserved = vocab.Unk + 1

// withEnds are lines as a critic reads them.
func withEnds(lines [][]int32) [][]int32 {
	out := make([][]int32, len(lines))
	for i, line := range lines {
		x := make([]int32, 0, len(line)+1)
		for _, id := range line {
			if id == eval.Unknown {
				x = append(x, vocab.Unk)
			} else {
				x = append(x, id+reserved)
			}
		}
		out[i] = append(x, vocab.Eos)
	}
	return out
}

// logProber is an n-gram model asked about sentences of the critic's ids.
type logProber struct{ *eval.KneserNey }

func (p logProber) LogProbs(dst []float64, sentences [][]int32) error {
	kernel.Parallel(len(sentences), 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			var line []int32
			for _, id := range sentences[i][:len(sentences[i])-1] {
				if id == vocab.Unk {
					line = append(line, eval.Unknown)
				} else {
					line = append(line, id-reserved)
				}
			}
			dst[i] = 0
			for _, v := range p.LogProb(line) {
				dst[i] += v
			}
		}
	})
	return nil
}
