package eval

import (
	"fmt"
	"slices"
	"strings"
)

// A Protocol is how one published code base computes BLEU and self-BLEU, so
// that its tables can be reproduced and a new row be set beside them. All of
// them take the mean of sentence scores with method1 and uniform weights.
//
// They tokenise with nltk.word_tokenize, which first looks for sentences in
// the line with a trained model; PTB takes the line as one sentence. The two
// differ only where a period stands inside a line.
type Protocol struct {
	Name string
	// Hypotheses and References are how many first lines count; 0: all.
	Hypotheses, References int
	// Which side is put in lower case before scoring.
	LowerHypotheses, LowerReferences bool
	// Digits that values are rounded to; 0: not rounded.
	Digits int
	Self   SelfProtocol
}

// SelfProtocol is the self-BLEU of a Protocol.
type SelfProtocol struct {
	MaxN int // highest order that it reports
	// Hypotheses are the first lines that are scored; 0: all.
	Hypotheses int
	// References says which lines they are scored against.
	References SelfReferences
}

// SelfReferences says what a line of a text is compared with.
type SelfReferences int

const (
	// Others are the remaining hypotheses: leave one out.
	Others SelfReferences = iota
	// Rest are the lines after the hypotheses.
	Rest
	// Everything is all lines, the hypothesis itself included: 1 whatever the
	// text, but for lines shorter than n.
	Everything
)

var protocols = []Protocol{
	{Name: "texygen", Self: SelfProtocol{MaxN: 5}},
	{Name: "texygen-fast", References: 500, Self: SelfProtocol{MaxN: 5, Hypotheses: 500}},
	{Name: "relgan", Hypotheses: 100, Self: SelfProtocol{MaxN: 5, Hypotheses: 200, References: Everything}},
	{Name: "textgan-pytorch", Hypotheses: 200, LowerHypotheses: true, LowerReferences: true, Digits: 3,
		Self: SelfProtocol{MaxN: 4, Hypotheses: 200, References: Rest}},
	{Name: "gans-falling-short", Hypotheses: 10000, References: 10000, Self: SelfProtocol{MaxN: 5, Hypotheses: 10000}},
}

// ProtocolNames are the names that LookupProtocol knows:
//
//	texygen             Zhu et al., SIGIR 2018, as in its tables
//	texygen-fast        the shipped default of the same code
//	relgan              Nie, Narodytska and Patel, ICLR 2019
//	textgan-pytorch     the TextGAN-PyTorch collection
//	gans-falling-short  Caccia et al., ICLR 2020
func ProtocolNames() []string {
	names := make([]string, len(protocols))
	for i, p := range protocols {
		names[i] = p.Name
	}
	return names
}

// LookupProtocol returns the protocol of that name.
func LookupProtocol(name string) (Protocol, error) {
	i := slices.IndexFunc(protocols, func(p Protocol) bool { return p.Name == name })
	if i < 0 {
		return Protocol{}, fmt.Errorf("eval: unknown protocol %q; choose from %s", name, strings.Join(ProtocolNames(), ", "))
	}
	return protocols[i], nil
}

// BLEU scores the lines of a generator against reference lines. Of o only
// MaxN and the bootstrap are used. Of fewer lines than the protocol takes it
// scores what there is, as the code does that it stands for, and says so in a note.
func (p Protocol) BLEU(hypotheses, references []string, o Options) (Score, error) {
	hypotheses, notes := p.first(hypotheses, p.Hypotheses, "hypotheses", nil)
	references, notes = p.first(references, p.References, "references", notes)
	x := NewLexicon()
	refs, err := NewReferences(x.Add(lower(references, p.LowerReferences), PTB), o.MaxN)
	if err != nil {
		return Score{}, err
	}
	s, err := BLEU(refs, x.Find(lower(hypotheses, p.LowerHypotheses), PTB), p.options(o))
	s.Notes = notes
	return s, err
}

// SelfBLEU scores the lines of a generator against one another, as the
// protocol has it. Of o only the bootstrap is used.
func (p Protocol) SelfBLEU(lines []string, o Options) (Score, error) {
	o.MaxN = p.Self.MaxN
	hypotheses, notes := p.first(lines, p.Self.Hypotheses, "lines", nil)
	x := NewLexicon()
	hyps := x.Add(lower(hypotheses, p.LowerHypotheses), PTB)
	if p.Self.References == Others {
		s, err := SelfBLEU(hyps, p.options(o))
		s.Notes = notes
		return s, err
	}
	others := lines
	if p.Self.References == Rest {
		if others = lines[len(hypotheses):]; len(others) == 0 {
			return Score{}, fmt.Errorf("eval: protocol %s compares %d lines with others, and there are no more; sample more lines", p.Name, len(hypotheses))
		}
	}
	refs, err := NewReferences(x.Add(lower(others, p.LowerHypotheses), PTB), o.MaxN)
	if err != nil {
		return Score{}, err
	}
	m, err := refs.Meter(p.options(o))
	if err != nil {
		return Score{}, err
	}
	m.self = true
	m.Add(hyps)
	s, err := m.Score()
	s.Notes = notes
	return s, err
}

// first are the first n lines (0: all), with a note where there are fewer.
func (p Protocol) first(lines []string, n int, what string, notes []string) ([]string, []string) {
	if len(lines) < n {
		return lines, append(notes, fmt.Sprintf("protocol %s takes %d %s; there are %d, and all were taken", p.Name, n, what, len(lines)))
	}
	if n > 0 {
		lines = lines[:n]
	}
	return lines, notes
}

func (p Protocol) options(o Options) Options {
	o.Smoothing, o.Level, o.Tokenizer, o.Case, o.protocol = Method1, Sentence, "ptb", "mixed", &p
	if p.LowerHypotheses && p.LowerReferences {
		o.Case = "lc"
	}
	return o
}

func lower(lines []string, yes bool) []string {
	if !yes {
		return lines
	}
	out := make([]string, len(lines))
	for i, line := range lines {
		out[i] = strings.ToLower(line)
	}
	return out
}
