package critic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"textgan/eval"
	"textgan/internal/kernel"
	"textgan/internal/safetensors"
	"textgan/vocab"
)

// ngram is an n-gram model, with Kneser-Ney smoothing, of the sentences that the generator has
// learnt. It keeps them, and counts anew when it is loaded.
type ngram struct {
	model     *eval.KneserNey
	sentences [][]int32 // without their ends
	order     int
}

func newNgram(sentences [][]int32, order, vocabulary int) (*ngram, error) {
	m, err := eval.NewKneserNey(sentences, order, vocabulary)
	return &ngram{m, sentences, order}, err
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

func withoutEnd(x []int32) []int32 {
	if n := len(x); n > 0 && x[n-1] == vocab.Eos {
		return x[:n-1]
	}
	return x
}

// bytesOfNgrams bounds what the n-grams of so many tokens take.
func bytesOfNgrams(tokens, order int) float64 {
	const each = 100 // bytes of an n-gram: its key and node in a table half full, its counts and what follows it
	return float64(order) * float64(tokens) * each
}

// marshal returns the sentences as a file of safetensors, and its hash.
func (n *ngram) marshal() (file []byte, hash string, err error) {
	var ids []int32
	lengths := make([]int32, len(n.sentences))
	for i, x := range n.sentences {
		ids, lengths[i] = append(ids, x...), int32(len(x))
	}
	var b bytes.Buffer
	err = safetensors.Write(&b, []safetensors.Tensor{
		{Name: "ids", Shape: []int{len(ids)}, Data: ids},
		{Name: "lengths", Shape: []int{len(lengths)}, Data: lengths},
	}, nil)
	return b.Bytes(), hashOf(b.Bytes()), err
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// unmarshalNgram counts what marshal has written.
func unmarshalNgram(file []byte, order, vocabulary int) (*ngram, error) {
	f, err := safetensors.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	ids, err := safetensors.Values[int32](f, "ids", f.Shape("ids")...)
	if err != nil {
		return nil, err
	}
	lengths, err := safetensors.Values[int32](f, "lengths", f.Shape("lengths")...)
	if err != nil {
		return nil, err
	}
	sentences := make([][]int32, len(lengths))
	for i, n := range lengths {
		if n < 0 || int(n) > len(ids) {
			return nil, fmt.Errorf("sentence %d has %d of %d ids", i+1, n, len(ids))
		}
		sentences[i], ids = ids[:n:n], ids[n:]
		for _, id := range sentences[i] {
			if id < 0 || int(id) >= vocabulary {
				return nil, fmt.Errorf("id %d of sentence %d, where the vocabulary has %d", id, i+1, vocabulary)
			}
		}
	}
	if len(ids) > 0 {
		return nil, fmt.Errorf("%d ids of no sentence", len(ids))
	}
	return newNgram(sentences, order, vocabulary)
}
