package generator

import (
	"errors"

	"textgan/vocab"
)

// Tally adds up -log p over tokens.
type Tally struct {
	Nats    float64 // over all tokens, the end of sentence included
	Tokens  int
	UnkNats float64 // the part of the tokens that the vocabulary does not hold
	Unk     int
}

// PerToken is the mean over all tokens, in nats; its exponential is the
// perplexity. A model that never met <unk> pays dearly for it: see PerKnown.
func (t Tally) PerToken() float64 { return t.Nats / float64(t.Tokens) }

// PerKnown is the mean over the tokens that the vocabulary holds.
func (t Tally) PerKnown() float64 { return (t.Nats - t.UnkNats) / float64(t.Tokens-t.Unk) }

// tallyBatches is of how many batches the tokens are told before they are added up: what
// bounds the memory, and lets sentences share their beginnings.
const tallyBatches = 64

// NLL scores sentences of ids, and their ends. They are added up in batches of B, each from
// its longest sentence on. It is an error to give none.
func NLL(s *Scorer, sentences [][]int32, B int) (t Tally, err error) {
	if len(sentences) == 0 {
		return t, errors.New("generator: no sentences to score")
	}
	for B = max(B, 1); len(sentences) > 0; {
		part := sentences[:min(B*tallyBatches, len(sentences))]
		sentences = sentences[len(part):]
		rows, nats := vocab.WithEnds(part), make([][]float32, len(part))
		for i, x := range rows {
			nats[i] = make([]float32, len(x))
		}
		if err := s.NLL(nats, rows); err != nil {
			return t, err
		}
		for b := range vocab.InOrder(part, B) {
			for _, i := range b.Index {
				for k, v := range nats[i] {
					t.Nats += float64(v)
					if rows[i][k] == vocab.Unk {
						t.UnkNats += float64(v)
						t.Unk++
					}
				}
				t.Tokens += len(nats[i])
			}
		}
	}
	return t, nil
}
