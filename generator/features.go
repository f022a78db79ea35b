package generator

import "textgan/vocab"

// Features turns sentences of ids into vectors for distances between texts [N,H], in their
// order: the mean over a sentence of the top layer's state,
//
//	f = (h_0 + ... + h_n) / (n+1)    [H]
//
// h_t having read <bos> and the first t of the n tokens.
func (g *Generator) Features(sentences [][]int32) ([]float64, error) {
	H := g.width()
	out, rows := make([]float64, len(sentences)*H), vocab.WithEnds(sentences)
	err := g.NewScorer().States(rows, func(i, _ int, h []float32) {
		n, sum := float64(len(rows[i])), out[i*H:][:H]
		for j, v := range h {
			sum[j] += float64(v) / n
		}
	})
	return out, err
}
