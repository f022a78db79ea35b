package generator

import (
	"slices"

	"textgan/vocab"
)

// LogProbs fills dst [n] with log p of n sentences in nats. A sentence that
// ends with <eos> counts its end; one that does not, because it was cut at the
// longest length, counts as the beginning that it is. The graph must have been
// built for sentences that long, and without dropout.
func (l *Likelihood) LogProbs(dst []float64, sentences [][]int32) error {
	order := make([]int, len(sentences))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(sentences[b]) - len(sentences[a]) })
	for at := 0; at < len(order); at += l.B {
		part := order[at:min(at+l.B, len(order))]
		b := vocab.Batch{B: len(part), T: len(sentences[part[0]]), Lengths: make([]int32, len(part))}
		b.IDs = make([]int32, b.B*b.T)
		for r, i := range part {
			b.Lengths[r] = int32(copy(b.IDs[r*b.T:], sentences[i]))
		}
		if _, err := l.Mean(&b, 0, 0); err != nil {
			return err
		}
		for r, i := range part {
			dst[i] = 0
			for _, nats := range l.Tokens(r) {
				dst[i] -= float64(nats)
			}
		}
	}
	return nil
}
