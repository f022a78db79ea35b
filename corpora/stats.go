package corpora

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
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

	Refused   []Refused      `json:"refused,omitempty"` // sentences that were left out
	OnceShare float64        `json:"seen_once_share"`   // Once of Vocabulary
	Unknown   []UnknownShare `json:"unknown"`           // for MinCounts
	MaxLen    int            `json:"max_len_99"`        // the least that 99 % of the lines have at most
	Scripts   []ScriptShare  `json:"scripts"`           // most letters first
	Suggested string         `json:"suggested,omitempty"`
}

// MinCounts are those for which Stats tells what becomes unknown.
var MinCounts = []int{1, 2, 3, 5, 10, 20}

// UnknownShare is what a vocabulary without the tokens seen less often than MinCount
// costs.
type UnknownShare struct {
	MinCount   int     `json:"min_count"`
	Vocabulary int     `json:"vocabulary"` // tokens that are left
	Text       float64 `json:"unknown"`    // share of the tokens of the text that are unknown
	// Expected is the share that is to be expected of new text: what is unknown when
	// each token of the text is looked up in the counts of all the others, which is the
	// share of tokens seen at most MinCount times.
	//
	// Good, Biometrika 40, 1953: of a token seen r times in new text, (r+1) N_{r+1}/N.
	Expected float64 `json:"expected_unknown"`
}

// ScriptShare is the share of the letters of a text that a script of Unicode has.
type ScriptShare struct {
	Script string  `json:"script"`
	Share  float64 `json:"share"`
}

// Quantiles of the number of tokens per line: the p-th is the smallest length that at
// least p % of the lines do not exceed, as of package eval.
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
	s := Stats{Name: c.Name, SHA256: c.SHA256, Lines: len(c.Lines), Blank: c.Blank, Duplicates: c.Duplicates, Refused: c.Refused}
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
	if len(counts) > 0 {
		s.OnceShare = float64(s.Once) / float64(len(counts))
	}
	for _, least := range MinCounts {
		u := UnknownShare{MinCount: least}
		for _, n := range counts {
			if n >= least {
				u.Vocabulary++
			} else {
				u.Text += float64(n)
			}
			if n <= least {
				u.Expected += float64(n)
			}
		}
		u.Text /= float64(max(s.Tokens, 1))
		u.Expected /= float64(max(s.Tokens, 1))
		s.Unknown = append(s.Unknown, u)
	}
	s.Scripts = scriptsOf(c.Lines)
	s.Distinct = len(distinct)
	s.MeanLength = float64(s.Tokens) / float64(len(lengths))
	slices.Sort(lengths)
	at := func(percent int) int { return lengths[max(0, (percent*len(lengths)+99)/100-1)] }
	s.Lengths = Quantiles{at(0), at(5), at(25), at(50), at(75), at(95), at(99), at(100)}
	s.MaxLen = s.Lengths.P99
	if c.Language != nil {
		e := c.Language.Entropy()
		s.Entropy = &e
	}
	return s
}

// scriptsOf counts the letters of lines by script.
func scriptsOf(lines []string) (shares []ScriptShare) {
	runes := map[rune]int{}
	for _, line := range lines {
		for _, r := range line {
			runes[r]++
		}
	}
	letters, counts := 0, map[string]int{}
	for r, n := range runes {
		if !unicode.IsLetter(r) {
			continue
		}
		letters += n
		for name, table := range unicode.Scripts {
			if unicode.Is(table, r) {
				counts[name] += n
				break
			}
		}
	}
	for name, n := range counts {
		shares = append(shares, ScriptShare{name, float64(n) / float64(letters)})
	}
	slices.SortFunc(shares, func(a, b ScriptShare) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), cmp.Compare(a.Script, b.Script))
	})
	return shares
}

// WriteTable writes the figures for people.
func (s Stats) WriteTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) { fmt.Fprintf(t, name+"\t"+format+"\n", values...) }
	row("corpus", "%s", s.Name)
	row("sha256", "%s", s.SHA256)
	row("lines", "%s", grouped(s.Lines))
	row("blank lines left out", "%s", grouped(s.Blank))
	for _, r := range s.Refused {
		row("lines refused", "%s, %s; the first: %.100s", grouped(r.Lines), r.Reason, r.First)
	}
	row("duplicate lines", "%s (%.1f %%)", grouped(s.Duplicates), 100*float64(s.Duplicates)/float64(max(s.Lines, 1)))
	row("different token by token", "%s", grouped(s.Distinct))
	counted := ""
	if s.Tokenizer != "" {
		counted = fmt.Sprintf(" (%s, %s)", s.Tokenizer, map[bool]string{true: "lower case", false: "capitals kept"}[s.Case == "lc"])
	}
	row("tokens", "%s%s", grouped(s.Tokens), counted)
	row("vocabulary", "%s", grouped(s.Vocabulary))
	row("tokens seen once", "%s (%.1f %% of the vocabulary)", grouped(s.Once), 100*s.OnceShare)
	row("mean length", "%.2f tokens", s.MeanLength)
	q := s.Lengths
	row("length min/5%%/25%%/50%%/75%%/95%%/99%%/max", "%d/%d/%d/%d/%d/%d/%d/%d", q.Min, q.P5, q.P25, q.P50, q.P75, q.P95, q.P99, q.Max)
	row("--max-len that keeps 99 %% of lines", "%d", s.MaxLen)
	for i, u := range s.Unknown {
		if i > 0 && u.Vocabulary == s.Unknown[i-1].Vocabulary {
			continue
		}
		row(fmt.Sprintf("--min-count %d", u.MinCount), "%s tokens; unknown %.2f %% here, %.2f %% of new text", grouped(u.Vocabulary), 100*u.Text, 100*u.Expected)
	}
	var scripts []string
	for _, x := range s.Scripts {
		if x.Share >= 0.001 {
			scripts = append(scripts, fmt.Sprintf("%s %.1f %%", x.Script, 100*x.Share))
		}
	}
	if len(scripts) > 0 {
		row("script of letters", "%s", strings.Join(scripts, ", "))
	}
	if e := s.Entropy; e != nil {
		how := "exact"
		if !e.Exact {
			how = fmt.Sprintf("± %.4f, estimated", e.SE)
		}
		row("entropy", "%.4f nats per sentence (%s), %.4f per token", e.Sentence, how, e.Token)
	}
	if s.Suggested != "" {
		row("suggested", "%s", s.Suggested)
	}
	return t.Flush()
}
