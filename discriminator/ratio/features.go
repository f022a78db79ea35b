package ratio

import (
	"math"
	"slices"

	"textgan/internal/kernel"
	"textgan/vocab"
)

// Features turns a sentence into a few numbers. Sentences are ids with their
// end, as a sampler writes them; one that was cut at the longest length has
// none.
type Features interface {
	// Width is how many numbers there are of a sentence.
	Width() int
	// Fill writes those of sentence i to dst[i], which has room for Width.
	Fill(dst [][]float32, sentences [][]int32) error
}

// LogProber is a language model: it fills dst [n] with log p of n sentences, in
// nats.
type LogProber interface {
	LogProbs(dst []float64, sentences [][]int32) error
}

// Known are log p of sentences that need not be scored, in nats, by the generator and by
// each of the models of a LogRatio: NaN for a sentence that has to be. A nil slice knows none.
type Known struct {
	Generator []float64
	Models    [][]float64 // of as many of the models as it names, the first ones
}

// Statistics are seven numbers of a sentence that need no model: its length in
// tokens and the square of that, the mean and the sum of the log frequencies of
// its tokens, how many tokens and (twice) pairs of tokens occur again, how many
// are rare, and how many are <unk>.
type Statistics struct {
	LogFreq []float32 // [V], log((count+1/2)/tokens) in the training text
}

// rare is the log frequency below which a token counts as rare: once in some
// 1800 tokens.
const rare = -7.5

// NewStatistics counts the tokens of training sentences over v ids.
func NewStatistics(v int, sentences [][]int32) *Statistics {
	counts, tokens := make([]int, v), 0
	for _, x := range sentences {
		for _, id := range x {
			counts[id]++
		}
		tokens += len(x)
	}
	s := &Statistics{LogFreq: make([]float32, v)}
	for id, n := range counts {
		s.LogFreq[id] = float32(math.Log((float64(n) + 0.5) / float64(tokens)))
	}
	return s
}

// Width is 7.
func (s *Statistics) Width() int { return 7 }

// Fill implements Features.
func (s *Statistics) Fill(dst [][]float32, sentences [][]int32) error {
	kernel.Parallel(len(sentences), fewSentences, func(lo, hi int) {
		for i, x := range sentences[lo:hi] {
			s.fill(dst[lo+i], x)
		}
	})
	return nil
}

// fewSentences are too few to divide among cores.
const fewSentences = 256

func (s *Statistics) fill(dst []float32, x []int32) {
	freq, again, few, unknown := 0.0, repeats(x), 0, 0
	for _, id := range x {
		f := s.LogFreq[id]
		freq += float64(f)
		if f < rare {
			few++
		}
		if id == vocab.Unk {
			unknown++
		}
	}
	n := float64(len(x))
	for j, v := range [...]float64{n, n * n, freq / n, freq, float64(again), float64(few), float64(unknown)} {
		dst[j] = float32(v)
	}
}

// repeats counts the tokens of a sentence that it had before, and twice the pairs of
// neighbours.
func repeats(x []int32) (n int) {
	seen, pairs := map[int32]bool{}, map[[2]int32]bool{}
	for t, id := range x {
		if seen[id] {
			n++
		}
		seen[id] = true
		if t > 0 {
			pair := [2]int32{x[t-1], id}
			if pairs[pair] {
				n += 2
			}
			pairs[pair] = true
		}
	}
	return n
}

// LogRatio is log p_model(x) - log p_gen(x), in nats, for one or more models that have learnt the
// same lines in another way, from right to left or by counting: what they think of a sentence
// that the generator has written from left to right.
type LogRatio struct {
	Models    []LogProber // score sentences in reading order; see Reversed
	Generator LogProber   // nil for one that cannot tell its likelihood: then log p_model(x) alone
}

// Width is the number of models.
func (r LogRatio) Width() int { return len(r.Models) }

// Fill implements Features.
func (r LogRatio) Fill(dst [][]float32, sentences [][]int32) error {
	return r.FillKnown(dst, sentences, Known{})
}

// FillKnown is Fill for sentences some of whose log p are known.
func (r LogRatio) FillKnown(dst [][]float32, sentences [][]int32, known Known) error {
	own := make([]float64, len(sentences))
	if r.Generator != nil {
		var err error
		if own, err = logProbs(r.Generator, sentences, known.Generator); err != nil {
			return err
		}
	}
	for j, m := range r.Models {
		var of []float64
		if j < len(known.Models) {
			of = known.Models[j]
		}
		its, err := logProbs(m, sentences, of)
		if err != nil {
			return err
		}
		for i := range its {
			dst[i][j] = float32(its[i] - own[i])
		}
	}
	return nil
}

// logProbs are log p of sentences, of which m scores those that are not known.
func logProbs(m LogProber, sentences [][]int32, known []float64) ([]float64, error) {
	if known == nil {
		all := make([]float64, len(sentences))
		return all, m.LogProbs(all, sentences)
	}
	var rest [][]int32
	for i, v := range known {
		if math.IsNaN(v) {
			rest = append(rest, sentences[i])
		}
	}
	scored, all := make([]float64, len(rest)), slices.Clone(known)
	err := m.LogProbs(scored, rest)
	for i, v := range known {
		if math.IsNaN(v) {
			all[i], scored = scored[0], scored[1:]
		}
	}
	return all, err
}

// Counted is an n-gram model of lines without their ends, Counts, asked about sentences.
type Counted struct {
	// LogProb is ln p of every token of a line and of its end [len(line)+1]; it is called
	// concurrently.
	Counts interface{ LogProb(line []int32) []float64 }
}

// LogProbs implements LogProber. A sentence that was cut has no end.
func (c Counted) LogProbs(dst []float64, sentences [][]int32) error {
	kernel.Parallel(len(sentences), 64, func(lo, hi int) {
		for i, x := range sentences[lo:hi] {
			sum := 0.0
			for _, v := range c.Counts.LogProb(vocab.WithoutEnd(x))[:len(x)] {
				sum += v
			}
			dst[lo+i] = sum
		}
	})
	return nil
}

// Reversed is a language model of lines from right to left, asked about
// sentences in reading order.
type Reversed struct{ LogProber }

// LogProbs implements LogProber.
func (r Reversed) LogProbs(dst []float64, sentences [][]int32) error {
	turned := make([][]int32, len(sentences))
	for i, x := range sentences {
		turned[i] = Reverse(x)
	}
	return r.LogProber.LogProbs(dst, turned)
}

// Reverse returns a sentence from right to left, its end still at the end.
func Reverse(x []int32) []int32 {
	n := len(x)
	out := make([]int32, n)
	if n > 0 && x[n-1] == vocab.Eos {
		n--
		out[n] = vocab.Eos
	}
	for i, id := range x[:n] {
		out[n-1-i] = id
	}
	return out
}
