package corpora

import (
	"fmt"
	"math"
	"strings"

	"textgan/internal/rng"
)

// Language is a known distribution over sentences. Its words are separated by
// single spaces, and it has no other spelling of a sentence than that.
//
// A language does not change once made and may be shared between goroutines.
type Language interface {
	Name() string

	// Sample returns sentence i >= 0 of the endless sample with the given
	// seed: independent draws, each a pure function of (seed, i).
	Sample(seed uint64, i int) string

	// LogProb returns the natural logarithm of the sentence's probability,
	// and false with -Inf if it is not in the language.
	LogProb(sentence string) (nats float64, ok bool)

	// Tokens is the number of tokens of a valid sentence by which its log
	// probability is divided to get a figure per token: the words, and the
	// end of the sentence where the language chooses it.
	Tokens(sentence string) int

	// Entropy returns the entropy of the distribution: the least mean of
	// -LogProb that any model of the language can reach.
	Entropy() Entropy
}

// Entropy of a language, in nats.
type Entropy struct {
	Sentence float64 `json:"nats_per_sentence"`
	Token    float64 `json:"nats_per_token"` // Sentence over the mean of Tokens
	SE       float64 `json:"standard_error"` // of Sentence; 0 if exact
	Exact    bool    `json:"exact"`
}

// Builtin describes a language that is built in.
type Builtin struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

// List returns the built-in languages.
func List() []Builtin {
	return []Builtin{
		{"arithmetic", "expressions such as \"x + x * x\", the grammar of Kusner and Hernández-Lobato 2016; exact probabilities"},
		{"captions", "English-like captions with agreement and nesting, a few hundred words; exact probabilities"},
		{"oracle", "word ids from the random LSTM of SeqGAN (Yu et al. 2017), 5000 words, length 20; exact NLL_oracle"},
	}
}

// NewLanguage returns the built-in language of that name with its part of the
// options. No language depends on Options.Seed, which is that of the sample.
func NewLanguage(name string, opt Options) (Language, error) {
	switch name {
	case "arithmetic":
		return newArithmetic(opt.Arithmetic)
	case "captions":
		return captions()
	case "oracle":
		return newOracle(opt.Oracle)
	}
	var names []string
	for _, b := range List() {
		names = append(names, b.Name)
	}
	return nil, fmt.Errorf("corpora: unknown built-in corpus %q; choose one of %s", name, strings.Join(names, ", "))
}

// generated is Open of a built-in corpus.
func generated(name string, opt Options) (*Corpus, error) {
	lang, err := NewLanguage(name, opt)
	if err != nil {
		return nil, err
	}
	if opt.Lines < 0 {
		return nil, fmt.Errorf("corpora: builtin:%s: %d lines; at least 1 is needed, or 0 for %s", name, opt.Lines, grouped(defaultLines))
	}
	if opt.Lines == 0 {
		opt.Lines = defaultLines
	}
	c, err := New("builtin:"+name, Generate(lang, opt.Seed, opt.Lines))
	if err != nil {
		return nil, err
	}
	c.Language = lang
	return c, nil
}

// Generate returns sentences 0 ... n-1 of the sample with the given seed, the
// same as n calls of Sample, faster where the language can draw many at once.
func Generate(lang Language, seed uint64, n int) []string {
	if many, ok := lang.(interface{ generate(uint64, int) []string }); ok {
		return many.generate(seed, n)
	}
	lines := make([]string, n)
	for i := range lines {
		lines[i] = lang.Sample(seed, i)
	}
	return lines
}

// Judgement says how sentences fare in a language.
type Judgement struct {
	Sentences int     `json:"sentences"`
	Valid     int     `json:"valid"`                // sentences of the language
	NLL       float64 `json:"nll_oracle"`           // mean of -LogProb of the valid ones, nats per sentence; 0 if there are none
	SE        float64 `json:"standard_error"`       // of NLL
	PerToken  float64 `json:"nll_oracle_per_token"` // nats per token, see Language.Tokens
}

// Evaluate holds sentences against a language: the share that is valid, and
// NLL_oracle of these. A model that knows the language has Valid = Sentences,
// and NLL near the entropy; lower NLL than the entropy means that it prefers
// common sentences.
func Evaluate(lang Language, sentences []string) Judgement {
	logProb := func(i int) (float64, bool) { return lang.LogProb(sentences[i]) }
	if many, ok := lang.(interface{ logProbs([]string) []float64 }); ok {
		all := many.logProbs(sentences)
		logProb = func(i int) (float64, bool) { return all[i], !math.IsInf(all[i], -1) }
	}
	j := Judgement{Sentences: len(sentences)}
	var m moments
	tokens := 0
	for i, s := range sentences {
		if p, ok := logProb(i); ok {
			m.add(-p)
			tokens += lang.Tokens(s)
		}
	}
	j.Valid, j.NLL, j.SE = m.n, m.mean, m.standardError()
	if tokens > 0 {
		j.PerToken = m.mean * float64(m.n) / float64(tokens)
	}
	return j
}

// moments accumulates mean and variance (Welford 1962).
type moments struct {
	n        int
	mean, m2 float64
}

func (m *moments) add(x float64) {
	m.n++
	d := x - m.mean
	m.mean += d / float64(m.n)
	m.m2 += d * (x - m.mean)
}

// standardError is that of the mean, 0 for less than two values.
func (m *moments) standardError() float64 {
	if m.n < 2 {
		return 0
	}
	return math.Sqrt(m.m2 / float64(m.n-1) / float64(m.n))
}

// sentenceKey names the draws of sentence i.
func sentenceKey(stream rng.Stream, seed uint64, i int) rng.Key {
	return rng.Key{Seed: seed, Stream: stream, Step: uint32(uint64(i) >> 32), Row: uint32(i)}
}
