package critic

import (
	"textgan/eval"
	"textgan/internal/kernel"
)

// ngram is an n-gram model, with Kneser-Ney smoothing, of the lines that the generator has learnt.
type ngram struct {
	model *eval.KneserNey
	order int
}

func newNgram(lines [][]int32, order, vocabulary int) (*ngram, error) {
	m, err := eval.NewKneserNey(lines, order, vocabulary)
	return &ngram{m, order}, err
}

// LogProbs implements ratio.LogProber. A sentence that was cut has no end.
func (n *ngram) LogProbs(dst []float64, sentences [][]int32) error {
	kernel.Parallel(len(sentences), 64, func(lo, hi int) {
		for i, x := range sentences[lo:hi] {
			line := withoutEnd(x)
			sum := 0.0
			for _, v := range n.model.LogProb(line)[:len(x)] {
				sum += v
			}
			dst[lo+i] = sum
		}
	})
	return nil
}

// bytesOfNgrams bounds what the n-grams of so many tokens take.
func bytesOfNgrams(tokens, order int) float64 {
	const each = 100 // bytes of an n-gram: its key and node in a table half full, its counts and what follows it
	return float64(order) * float64(tokens) * each
}
