package model

import (
	"errors"
	"strings"

	"textgan/corpora"
	"textgan/generator"
	"textgan/vocab"
)

// NLLs are likelihoods of a model at temperature 1, in nats.
type NLLs struct {
	// Of held-out text, per token, the ends of sentences included; Known leaves
	// out the tokens that the vocabulary lacks.
	Held  float64 `json:"held_out"`
	Known float64 `json:"held_out_known"`
	// Of the text that the model has learnt, and of its own sentences, per
	// token. The latter estimates the model's entropy if they were drawn at
	// temperature 1. Train, Gen and Div are nil without the training text.
	Train *float64 `json:"train,omitempty"`
	Own   float64  `json:"own"`
	// The same two as the papers have them: per position of sentences that are
	// padded to the longest of the training text. A model with an end of
	// sentence gives padding behind it probability 1, so only the divisor
	// differs. NLL_gen of Zhu et al. and Nie et al.; NLL_div of TextGAN-PyTorch.
	Gen *float64 `json:"nll_gen,omitempty"`
	Div *float64 `json:"nll_div,omitempty"`
}

// NLLs scores held-out lines, training lines (which may be gone: none) and the
// model's own.
func (m *Model) NLLs(held, train, own []string) (n NLLs, err error) {
	if len(held) == 0 || len(own) == 0 {
		return n, errors.New("model: NLLs of an empty text")
	}
	h, err := m.NLL(held)
	if err != nil {
		return n, err
	}
	o, err := m.NLL(own)
	if err != nil {
		return n, err
	}
	n.Held, n.Known, n.Own = h.PerToken(), h.PerKnown(), o.PerToken()
	if len(train) == 0 {
		return n, nil
	}
	t, err := m.NLL(train)
	if err != nil {
		return n, err
	}
	padded := 1
	tokenize := m.Vocab.Tokenizer().Tokenize
	for _, line := range train {
		padded = max(padded, len(tokenize(line)))
	}
	per := t.PerToken()
	gen, div := t.Nats/float64(len(train)*padded), o.Nats/float64(len(own)*padded)
	n.Train, n.Gen, n.Div = &per, &gen, &div
	return n, nil
}

// HasLearntHeldOut reports whether m was trained on lines that other held out of
// the same corpus: by another seed, another share, or for a text of its own.
func (m *Model) HasLearntHeldOut(other *Model) bool {
	if a, b := m.Manifest.HeldOut, other.Manifest.HeldOut; a != nil && b != nil && m.Config.Valid == "" && a.SHA256 == b.SHA256 {
		return false
	}
	return m.Manifest.Corpus.SHA256 == other.Manifest.Corpus.SHA256 && other.Config.Valid == "" && !m.Config.HoldsOutAs(other.Config)
}

// HasLearntOtherText reports whether m was trained on other lines than other was, and not
// on sentences of the same built-in language.
func (m *Model) HasLearntOtherText(other *Model) bool {
	a, b := m.Manifest.Corpus, other.Manifest.Corpus
	return a.SHA256 != b.SHA256 && !(a.Name == b.Name && strings.HasPrefix(a.Name, "builtin:"))
}

// HeldOut are the lines that the run has held out, from its own directory; a run
// of textgan 0.1, which kept none there, opens its text for it.
func (m *Model) HeldOut() (*corpora.Corpus, error) {
	if m.run != nil {
		if held, err := keptLines(m.run); held != nil || err != nil {
			return held, err
		}
	}
	_, held, err := m.Text()
	return held, err
}

// Text opens the text that the model was trained on, as it was split then. It
// is an error if it has changed since, or came from standard input.
func (m *Model) Text() (learnt, held *corpora.Corpus, err error) {
	if m.run == nil || m.Config.Corpus == "-" {
		return nil, nil, errors.New("model: the model has read its text from standard input; give the text as a file")
	}
	d, err := textOf(m.run, m.Config, nil)
	if err != nil {
		return nil, nil, err
	}
	learnt, err = d.LearntCorpus(nil)
	return learnt, d.Valid, err
}

// PerLine are -log p of lines in nats, each with its end of sentence, and their
// tokens with it, unknown ones among them. It is generator.ErrBounded of a VAE.
func (m *Model) PerLine(lines []string) (nats []float64, tokens []int, err error) {
	ids, _, err := m.sentences(lines)
	if err != nil {
		return nil, nil, err
	}
	s, err := m.Generator.Scorer(generator.ScoreOptions{})
	if err != nil {
		return nil, nil, err
	}
	nats, tokens = make([]float64, len(ids)), make([]int, len(ids))
	ids = vocab.WithEnds(ids)
	for i, x := range ids {
		tokens[i] = len(x)
	}
	if err := s.LogProbs(nats, ids); err != nil {
		return nil, nil, err
	}
	for i := range nats {
		nats[i] = -nats[i]
	}
	return nats, tokens, nil
}
