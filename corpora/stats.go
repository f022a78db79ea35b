package corpora

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Stats describes a corpus.
type Stats struct {
	Name       string    `json:"name"`
	SHA256     string    `json:"sha256"`
	Tokenizer  string    `json:"tokenizer"` // what Tokens counts, as the caller says
	Case       string    `json:"case"`      // lc or mixed, likewise
	Lines      int       `json:"lines"`
	Blank      int       `json:"blank_lines"`     // left out
	Duplicates int       `json:"duplicate_lines"` // lines that repeat an earlier one
	Distinct   int       `json:"distinct_lines"`  // different sequences of tokens
	Tokens     int       `json:"tokens"`          // ends of sentences not counted
	Vocabulary int       `json:"vocabulary"`      // different tokens
	Once       int       `json:"tokens_seen_once"`
	MeanLength float64   `json:"mean_length"` // tokens per line
	Lengths    Quantiles `json:"lengths"`
	Entropy    *Entropy  `json:"entropy,omitempty"` // of a built-in corpus
}

// Quantiles of the number of tokens per line: of n lines sorted by length,
// the p-th is the one with p n / 100 lines before it.
type Quantiles struct {
	Min int `json:"min"`
	P5  int `json:"p5"`
	P25 int `json:"p25"`
	P50 int `json:"p50"`
	P75 int `json:"p75"`
	P95 int `json:"p95"`
	P99 int `json:"p99"`
	Max int `json:"max"`
}

// Stats counts the corpus with a tokeniser, such as the Tokenize of package
// vocab. For the oracle it estimates the entropy, which takes a few seconds.
func (c *Corpus) Stats(tokenize func(line string) []string) Stats {
	s := Stats{Name: c.Name, SHA256: c.SHA256, Lines: len(c.Lines), Blank: c.Blank, Duplicates: c.Duplicates}
	counts := map[string]int{}
	distinct := map[string]struct{}{}
	lengths := make([]int, 0, len(c.Lines))
	for _, line := range c.Lines {
		tokens := tokenize(line)
		for _, t := range tokens {
			counts[t]++
		}
		// NUL cannot be in a line, so the join is one to one.
		distinct[strings.Join(tokens, "\x00")] = struct{}{}
		lengths = append(lengths, len(tokens))
		s.Tokens += len(tokens)
	}
	for _, n := range counts {
		if n == 1 {
			s.Once++
		}
	}
	s.Vocabulary = len(counts)
	s.Distinct = len(distinct)
	s.MeanLength = float64(s.Tokens) / float64(len(lengths))
	slices.Sort(lengths)
	at := func(percent int) int { return lengths[min(percent*len(lengths)/100, len(lengths)-1)] }
	s.Lengths = Quantiles{at(0), at(5), at(25), at(50), at(75), at(95), at(99), at(100)}
	if c.Language != nil {
		e := c.Language.Entropy()
		s.Entropy = &e
	}
	return s
}

// WriteTable writes the figures for people.
func (s Stats) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", values...) }
	row("corpus", "%s", s.Name)
	row("sha256", "%s", s.SHA256)
	row("lines", "%s", grouped(s.Lines))
	row("blank lines left out", "%s", grouped(s.Blank))
	row("duplicate lines", "%s", grouped(s.Duplicates))
	row("different lines", "%s", grouped(s.Distinct))
	counted := ""
	if s.Tokenizer != "" {
		counted = fmt.Sprintf(" (%s, %s)", s.Tokenizer, map[bool]string{true: "lower case", false: "capitals kept"}[s.Case == "lc"])
	}
	row("tokens", "%s%s", grouped(s.Tokens), counted)
	row("vocabulary", "%s", grouped(s.Vocabulary))
	row("tokens seen once", "%s", grouped(s.Once))
	row("mean length", "%.2f tokens", s.MeanLength)
	q := s.Lengths
	row("length min/5%%/25%%/50%%/75%%/95%%/99%%/max", "%d/%d/%d/%d/%d/%d/%d/%d", q.Min, q.P5, q.P25, q.P50, q.P75, q.P95, q.P99, q.Max)
	if e := s.Entropy; e != nil {
		how := "exact"
		if !e.Exact {
			how = fmt.Sprintf("± %.4f, estimated", e.SE)
		}
		row("entropy", "%.4f nats per sentence (%s), %.4f per token", e.Sentence, how, e.Token)
	}
	return t.Flush()
}
