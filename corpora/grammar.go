package corpora

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"textgan/internal/rng"
)

// grammar is a probabilistic context-free grammar without recursion, so it
// has finitely many sentences, and expectations over derivations are sums
// over symbols, each after the symbols of its rules.
//
// It must be unambiguous: one derivation per sentence. Then the entropy of
// the derivations is that of the sentences (captions_test.go proves it for
// captions).
type grammar struct {
	name    string
	symbols []symbol // a symbol comes after those it refers to; the last is the start
	entropy Entropy
}

// symbol has rules (a nonterminal) or words (a class of words).
type symbol struct {
	name   string
	rules  []rule
	p      []float64 // of each rule or word
	words  []string
	log    map[string]float64 // log probability of each word
	first  map[string]bool    // words that can begin it
	expect expectation
}

type rule []int // indices of symbols

// expectation over the derivations of a symbol.
type expectation struct{ entropy, words float64 }

func (g *grammar) Name() string { return g.name }

func (g *grammar) Entropy() Entropy { return g.entropy }

func (g *grammar) Tokens(sentence string) int { return strings.Count(sentence, " ") + 2 }

func (g *grammar) Sample(seed uint64, i int) string {
	draw := sentenceKey(rng.Corpus, seed, i).Source()
	var words []string
	var expand func(at int)
	expand = func(at int) {
		s := &g.symbols[at]
		choice := pick(s.p, draw.Float64())
		if s.rules == nil {
			words = append(words, s.words[choice])
			return
		}
		for _, next := range s.rules[choice] {
			expand(next)
		}
	}
	expand(len(g.symbols) - 1)
	return strings.Join(words, " ")
}

// LogProb sums over derivations from the top down: every symbol is tried
// once at every position, and remembers the probability of each end.
func (g *grammar) LogProb(sentence string) (float64, bool) {
	words := strings.Split(sentence, " ")
	type span struct{ symbol, from int }
	type end struct {
		at int
		p  float64
	}
	known := map[span][]end{}
	var inside func(at, from int) []end
	inside = func(at, from int) []end {
		s := &g.symbols[at]
		if from == len(words) || !s.first[words[from]] {
			return nil
		}
		if s.rules == nil {
			return []end{{from + 1, math.Exp(s.log[words[from]])}}
		}
		if ends, ok := known[span{at, from}]; ok {
			return ends
		}
		var ends []end
		for i, r := range s.rules {
			reached := []end{{from, s.p[i]}}
			for _, next := range r {
				var further []end
				for _, e := range reached {
					for _, f := range inside(next, e.at) {
						further = append(further, end{f.at, e.p * f.p})
					}
				}
				reached = further
			}
			ends = append(ends, reached...)
		}
		known[span{at, from}] = ends
		return ends
	}
	p := 0.0
	for _, e := range inside(len(g.symbols)-1, 0) {
		if e.at == len(words) {
			p += e.p
		}
	}
	return math.Log(p), p > 0
}

// parseGrammar reads the notation of captions.grammar. Comments begin with
// "//". A line is either
//
//	Symbol -> 3 This That | 1 this Other    rules with weights (default 1); symbols begin with a capital, other words are literal
//	Symbol : word word word                 words of falling frequency, weights 1/3, 1/4, 1/5, ...
//
// The first symbol is the start; the order of the others is free. A line with
// # stands for two lines, with .sg and with .pl in its place; of words written
// as dog/dogs each takes its own. ~ does the same with .ing, .sg and .pl.
func parseGrammar(name, text string) (*grammar, error) {
	g := &grammar{name: name}
	defined := map[string]*definition{}
	start := ""
	for number, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "//")
		if strings.TrimSpace(line) == "" {
			continue
		}
		for _, line := range variants(line) {
			d, err := parseDefinition(line)
			if err == nil && defined[d.name] != nil {
				err = fmt.Errorf("%s is defined twice", d.name)
			}
			if err != nil {
				return nil, fmt.Errorf("corpora: grammar %s:%d: %w", name, number+1, err)
			}
			defined[d.name] = d
			if start == "" {
				start = d.name
			}
		}
	}
	if start == "" {
		return nil, fmt.Errorf("corpora: grammar %s: no symbols", name)
	}
	// Depth first, so that a symbol is added after all it refers to.
	index := map[string]int{}
	var add func(name string, above []string) (int, error)
	add = func(name string, above []string) (int, error) {
		if i, ok := index[name]; ok {
			return i, nil
		}
		if slices.Contains(above, name) {
			return 0, fmt.Errorf("%s refers to itself", name)
		}
		d := defined[name]
		if d == nil {
			if isSymbol(name) {
				return 0, fmt.Errorf("%s is not defined", name)
			}
			d = &definition{name: name, words: []string{name}, p: []float64{1}}
		}
		s := symbol{name: name, p: d.p, words: d.words}
		for _, names := range d.rules {
			var r rule
			for _, n := range names {
				i, err := add(n, append(above, name))
				if err != nil {
					return 0, err
				}
				r = append(r, i)
			}
			s.rules = append(s.rules, r)
		}
		g.complete(&s)
		index[name] = len(g.symbols)
		g.symbols = append(g.symbols, s)
		return index[name], nil
	}
	if _, err := add(start, nil); err != nil {
		return nil, fmt.Errorf("corpora: grammar %s: %w", name, err)
	}
	for n := range defined {
		if _, used := index[n]; !used {
			return nil, fmt.Errorf("corpora: grammar %s: %s is never used", name, n)
		}
	}
	e := g.symbols[len(g.symbols)-1].expect
	g.entropy = Entropy{Sentence: e.entropy, Token: e.entropy / (e.words + 1), Exact: true}
	return g, nil
}

// complete computes what follows from a symbol's rules and words.
func (g *grammar) complete(s *symbol) {
	s.first = map[string]bool{}
	s.log = map[string]float64{}
	for i, p := range s.p {
		s.expect.entropy -= p * math.Log(p)
		if s.rules == nil {
			s.expect.words += p
			s.log[s.words[i]] = math.Log(p)
			s.first[s.words[i]] = true
			continue
		}
		for k, next := range s.rules[i] {
			n := &g.symbols[next]
			s.expect.entropy += p * n.expect.entropy
			s.expect.words += p * n.expect.words
			if k == 0 {
				for w := range n.first {
					s.first[w] = true
				}
			}
		}
	}
}

// definition is a line of the notation.
type definition struct {
	name  string
	rules [][]string
	words []string
	p     []float64
}

func parseDefinition(line string) (*definition, error) {
	f := strings.Fields(line)
	if len(f) < 3 || !isSymbol(f[0]) || f[1] != "->" && f[1] != ":" {
		return nil, fmt.Errorf("want Symbol -> ... or Symbol : ..., have %q", line)
	}
	d := &definition{name: f[0]}
	if f[1] == ":" {
		d.words = f[2:]
		for i, w := range d.words {
			if slices.Contains(d.words[:i], w) {
				return nil, fmt.Errorf("%s has the word %s twice", d.name, w)
			}
			d.p = append(d.p, 1/float64(i+3))
		}
	} else {
		for alternative := range strings.SplitSeq(strings.Join(f[2:], " "), "|") {
			r := strings.Fields(alternative)
			weight := 1.0
			if len(r) > 0 {
				if w, err := strconv.ParseFloat(r[0], 64); err == nil {
					weight, r = w, r[1:]
				}
			}
			if len(r) == 0 || !(weight > 0) {
				return nil, fmt.Errorf("a rule of %s that is empty or not probable", d.name)
			}
			d.rules = append(d.rules, r)
			d.p = append(d.p, weight)
		}
	}
	sum := 0.0
	for _, p := range d.p {
		sum += p
	}
	for i := range d.p {
		d.p[i] /= sum
	}
	return d, nil
}

// variants writes a line out for each of its forms.
func variants(line string) []string {
	mark, forms := "#", []string{"sg", "pl"}
	if strings.Contains(line, "~") {
		mark, forms = "~", []string{"ing", "sg", "pl"}
	}
	if !strings.Contains(line, mark) {
		return []string{line}
	}
	lines := make([]string, len(forms))
	for i, form := range forms {
		words := strings.Fields(strings.ReplaceAll(line, mark, "."+form))
		for k, w := range words {
			if parts := strings.Split(w, "/"); len(parts) == len(forms) {
				words[k] = parts[i]
			}
		}
		lines[i] = strings.Join(words, " ")
	}
	return lines
}

func isSymbol(name string) bool {
	r, _ := utf8.DecodeRuneInString(name)
	return unicode.IsUpper(r)
}
