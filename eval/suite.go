package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"textgan/internal/kernel"
)

// SuiteOptions say what the texts of a Suite are compared with, and how.
type SuiteOptions struct {
	Reference []string // real text, held out from the generators
	Train     []string // what they were trained on, for novelty and copies; may be empty

	Tokenize        Tokenizer
	Tokenizer, Case string // its name and what it does to letters, for signatures

	MaxN  int // of the n-gram metrics; 0: 5
	Order int // of the language models; 0: 5

	// Features turns lines into vectors [N,D]; nil leaves the distances between
	// features out. Encoder says where they come from.
	Features func(lines []string) (*mat.Dense, error)
	Encoder  string
	Seed     uint64 // of Mauve
}

// Suite judges texts by the same real text, so that their numbers can stand in
// one table.
type Suite struct {
	o          SuiteOptions
	words      *Lexicon
	reference  [][]int32
	train      [][]int32
	references *References
	real       *KneserNey // made when first needed, after the last Learn
	copies     *CopyIndex
	features   *mat.Dense
}

// NewSuite prepares the real text.
func NewSuite(o SuiteOptions) (*Suite, error) {
	if len(o.Reference) == 0 || o.Tokenize == nil {
		return nil, errors.New("eval: a suite needs reference lines and a tokeniser")
	}
	if o.MaxN == 0 {
		o.MaxN = 5
	}
	if o.Order == 0 {
		o.Order = 5
	}
	s := &Suite{o: o, words: NewLexicon()}
	s.reference, s.train = s.words.Add(o.Reference, o.Tokenize), s.words.Add(o.Train, o.Tokenize)
	var err error
	if s.references, err = NewReferences(s.reference, o.MaxN); err != nil {
		return nil, err
	}
	if len(s.train) > 0 {
		s.copies = NewCopyIndex(s.train)
	}
	return s, nil
}

// Learn adds the words of lines to those that may occur. LM scores are
// comparable only between texts judged with equal vocabularies, so everything
// has to be learnt before the first text is judged.
func (s *Suite) Learn(lines []string) error {
	if s.real != nil {
		return errors.New("eval: a suite that has judged a text cannot learn words")
	}
	s.words.Add(lines, s.o.Tokenize)
	return nil
}

// ReferenceLearnt is the number of reference lines that stand in the training text, token
// by token.
func (s *Suite) ReferenceLearnt() int { return Shared(s.reference, s.train) }

// Encode returns the ids of lines for the methods below. Words that were not
// learnt become Unknown.
func (s *Suite) Encode(lines []string) [][]int32 { return s.words.Find(lines, s.o.Tokenize) }

func (s *Suite) scoring() Options {
	return Options{MaxN: s.o.MaxN, Case: s.o.Case, Tokenizer: s.o.Tokenizer}
}

// BLEU of lines against the reference: sentence level, method1.
func (s *Suite) BLEU(lines [][]int32) (Score, error) { return BLEU(s.references, lines, s.scoring()) }

// SelfBLEU of lines, under the same options.
func (s *Suite) SelfBLEU(lines [][]int32) (Score, error) { return SelfBLEU(lines, s.scoring()) }

// LM is the score of lines under a language model of the reference, and
// reverse that of the reference under a language model of lines.
func (s *Suite) LM(lines [][]int32) (lm, reverse LMScore, err error) {
	// Two models and two scores, which have nothing to do with each other.
	var failed [2]error
	kernel.Parallel(2, 1, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			if i == 0 {
				if s.real == nil {
					s.real, failed[0] = s.model(s.reference)
				}
				if failed[0] == nil {
					lm, failed[0] = s.real.Score(lines)
				}
				continue
			}
			var model *KneserNey
			if model, failed[1] = s.model(lines); failed[1] == nil {
				reverse, failed[1] = model.Score(s.reference)
			}
		}
	})
	return lm, reverse, cmp.Or(failed[0], failed[1])
}

// model is a language model of lines over all words.
func (s *Suite) model(lines [][]int32) (*KneserNey, error) {
	m, err := NewKneserNey(lines, s.o.Order, s.words.Len())
	if err == nil {
		m.text = textSignature(s.o.Case, s.o.Tokenizer)
	}
	return m, err
}

// Measures are all that a Suite says of a text.
type Measures struct {
	References     int      `json:"references"`
	BLEU           Score    `json:"bleu"`
	SelfBLEU       *Score   `json:"self_bleu"` // nil for a single line
	LM             *LMScore `json:"lm"`
	ReverseLM      *LMScore `json:"reverse_lm"`
	MSJaccard      ByOrder  `json:"ms_jaccard"`
	JensenShannon  ByOrder  `json:"jensen_shannon"`
	LengthDistance float64  `json:"length_distance"`
	Diversity
	Novelty  *float64  `json:"novelty,omitempty"` // of Train
	Copies   *Copies   `json:"copies,omitempty"`  // from Train
	Features *Distance `json:"features,omitempty"`
	// LeftOut says why a number is missing, by the name of its row.
	LeftOut map[string]string `json:"left_out,omitempty"`
}

// LeaveOut notes why there is no number in a row.
func (m *Measures) LeaveOut(row string, why error) {
	if m.LeftOut == nil {
		m.LeftOut = map[string]string{}
	}
	m.LeftOut[row] = strings.TrimPrefix(why.Error(), "eval: ")
}

// Signatures are those of the numbers that there are.
func (m *Measures) Signatures() []string {
	all := []string{m.BLEU.Signature}
	for _, s := range []*LMScore{m.LM, m.ReverseLM} {
		if s != nil {
			all = append(all, s.Signature)
		}
	}
	if m.SelfBLEU != nil {
		all = append(all, m.SelfBLEU.Signature)
	}
	if m.Features != nil {
		all = append(all, m.Features.Signature)
	}
	return all
}

// Distance between the features of two texts. The errors are standard errors:
// see FrechetOf and MauveOf for what they cover.
type Distance struct {
	Frechet    float64 `json:"frechet"`
	FrechetErr float64 `json:"frechet_error"`
	Mauve      float64 `json:"mauve"`
	MauveErr   float64 `json:"mauve_error"`
	Lines      int     `json:"lines"` // of each side
	Signature  string  `json:"signature"`
}

// Judge measures lines. As many lines of text and reference as both have enter
// the feature distances, which depend on both numbers. What cannot be computed of a
// text is left out, with the reason in LeftOut.
func (s *Suite) Judge(lines []string) (m Measures, err error) {
	ids := s.Encode(lines)
	m.References = len(s.reference)
	if m.BLEU, err = s.BLEU(ids); err != nil {
		return m, err
	}
	if self, err := s.SelfBLEU(ids); err != nil {
		m.LeaveOut("self-BLEU", err)
	} else {
		m.SelfBLEU = &self
	}
	lm, reverse, err := s.LM(ids)
	for _, x := range []struct {
		row  string
		from *LMScore
		to   **LMScore
	}{{"LM score", &lm, &m.LM}, {"reverse LM score", &reverse, &m.ReverseLM}} {
		switch {
		case err != nil:
			m.LeaveOut(x.row, err)
		case math.IsNaN(x.from.Nats) || math.IsInf(x.from.Nats, 0):
			m.LeaveOut(x.row, fmt.Errorf("the language model gives a token probability 0: the score is %v", x.from.Nats))
		default:
			*x.to = x.from
		}
	}
	m.MSJaccard, m.JensenShannon = MSJaccard(ids, s.reference, s.o.MaxN), JensenShannon(ids, s.reference, s.o.MaxN)
	m.LengthDistance = LengthDistance(ids, s.reference)
	if m.Diversity, err = Diverse(ids, s.o.MaxN); err != nil {
		return m, err
	}
	if s.copies != nil {
		novelty, copies := Novelty(ids, s.train), CopiesOf(ids, s.copies)
		m.Novelty, m.Copies = &novelty, &copies
	}
	if s.o.Features != nil {
		if m.Features, err = s.distance(lines); err != nil {
			m.Features = nil
			m.LeaveOut("Frechet distance", err)
			m.LeaveOut("MAUVE", err)
		}
	}
	return m, nil
}

// Row is a line of the table of Measures.
type Row struct {
	Name, Help string
	Better     string // more or less, if one of them is
	from       int    // of a measure by the order n of n-grams: the first to show; 0: a single number
	cell       func(m *Measures, n int) string
}

// Cell is what the row says of a text; empty if it does not apply.
func (r Row) Cell(m Measures) string { return r.cell(&m, r.from) }

// Rows are those of n-grams up to maxN.
func Rows(maxN int) (all []Row) {
	for _, r := range rows {
		if r.from == 0 {
			all = append(all, r)
			continue
		}
		name := r.Name
		for r.from = min(r.from, maxN); r.from <= maxN; r.from++ {
			r.Name = fmt.Sprintf("%s-%d", name, r.from)
			all = append(all, r)
		}
	}
	return all
}

// rows are the table. A metric is its computation, a field of Measures that Judge
// sets, and a row.
var rows = []Row{
	{"lines", "sentences of the text", "", 0, one("%d", func(m *Measures) int { return m.Lines })},
	{"references", "sentences of the reference", "", 0, one("%d", func(m *Measures) int { return m.References })},
	{"BLEU", "n-grams that occur in the reference", "more", 2, orders(func(m *Measures) ByOrder { return m.BLEU.ByOrder })},
	{"self-BLEU", "n-grams that occur in other sentences of the text", "less", 2, func(m *Measures, n int) string {
		if m.SelfBLEU == nil {
			return ""
		}
		return orders(func(m *Measures) ByOrder { return m.SelfBLEU.ByOrder })(m, n)
	}},
	{"LM score", "nats per token under an n-gram model of the reference", "less", 0, of(func(m *Measures) *LMScore { return m.LM }, (*LMScore).cell)},
	{"reverse LM score", "nats per token of the reference under an n-gram model of the text", "less", 0, of(func(m *Measures) *LMScore { return m.ReverseLM }, (*LMScore).cell)},
	{"MS-Jaccard", "n-grams that text and reference share", "more", 2, orders(func(m *Measures) ByOrder { return m.MSJaccard })},
	{"Jensen-Shannon", "divergence of the n-grams' frequencies", "less", 1, orders(func(m *Measures) ByOrder { return m.JensenShannon })},
	{"Frechet distance", "of Gaussians fitted to sentence features", "less", 0, of(func(m *Measures) *Distance { return m.Features }, func(d *Distance) string { return fmt.Sprintf("%.4f ± %.4f", d.Frechet, d.FrechetErr) })},
	{"MAUVE", "area under the divergence frontier of sentence features", "more", 0, of(func(m *Measures) *Distance { return m.Features }, func(d *Distance) string { return fmt.Sprintf("%.4f ± %.4f", d.Mauve, d.MauveErr) })},
	{"distinct", "different n-grams over all", "more", 1, orders(func(m *Measures) ByOrder { return m.Distinct })},
	{"different lines", "different sentences over all", "more", 0, one("%.2f %%", func(m *Measures) float64 { return 100 * m.Different })},
	{"not in the training text", "share of the sentences", "", 0, of(func(m *Measures) *float64 { return m.Novelty }, func(x *float64) string { return fmt.Sprintf("%.2f %%", 100**x) })},
	{"longest copy of a line", "tokens in a row from a training sentence, mean", "", 0, of(func(m *Measures) *Copies { return m.Copies }, func(c *Copies) string { return fmt.Sprintf("%.2f ± %.2f", c.Mean, c.StdErr) })},
	{"longest copy of all", "the same, largest", "", 0, of(func(m *Measures) *Copies { return m.Copies }, func(c *Copies) string { return fmt.Sprint(c.Max) })},
	{"tokens of a line", "mean and deviation", "", 0, func(m *Measures, _ int) string { return fmt.Sprintf("%.2f ± %.2f", m.Lengths.Mean, m.Lengths.SD) }},
	{"distance of the lengths", "Wasserstein-1 from those of the reference, in tokens", "less", 0, one("%.3f", func(m *Measures) float64 { return m.LengthDistance })},
}

func one[T any](format string, value func(*Measures) T) func(*Measures, int) string {
	return func(m *Measures, _ int) string { return fmt.Sprintf(format, value(m)) }
}

func of[T any](part func(*Measures) *T, cell func(*T) string) func(*Measures, int) string {
	return func(m *Measures, _ int) string {
		if x := part(m); x != nil {
			return cell(x)
		}
		return ""
	}
}

// cell is the score with its error, which one line, or equal ones, do not have.
func (s *LMScore) cell() string {
	if s.StdErr == 0 {
		return fmt.Sprintf("%.4f", s.Nats)
	}
	return fmt.Sprintf("%.4f ± %.4f", s.Nats, s.StdErr)
}

func orders(values func(*Measures) ByOrder) func(*Measures, int) string {
	return func(m *Measures, n int) string {
		if v := values(m); len(v) >= n && !math.IsNaN(v[n-1]) {
			return fmt.Sprintf("%.4f", v[n-1])
		}
		return ""
	}
}

// Every returns n lines at equal distances, or all if there are no more: of a
// sorted text, too, a fair part.
func Every[Line any](lines []Line, n int) []Line {
	if len(lines) <= n {
		return lines
	}
	out := make([]Line, n)
	for i := range out {
		out[i] = lines[i*len(lines)/n]
	}
	return out
}

// distance compares the features of as many lines of both, from the longer text
// those of Every.
func (s *Suite) distance(lines []string) (*Distance, error) {
	if s.features == nil {
		var err error
		if s.features, err = s.o.Features(s.o.Reference); err != nil {
			return nil, err
		}
	}
	_, cols := s.features.Dims()
	n := min(len(lines), len(s.o.Reference))
	own, err := s.o.Features(Every(lines, n))
	if err != nil {
		return nil, err
	}
	real := mat.NewDense(n, cols, nil)
	for i := range n {
		real.SetRow(i, s.features.RawRowView(i*len(s.o.Reference)/n))
	}
	d := &Distance{Lines: n, Signature: fmt.Sprintf("features|%s|dims:%d|lines:%d|mauve-clusters:%d|mauve-seeds:%d|mauve-scale:5|seed:%d|version:%s", s.o.Encoder, cols, n, mauveClusters(n, n), mauveSeeds(n, n), s.o.Seed, Version)}
	if d.Frechet, d.FrechetErr, err = FrechetOf(own, real, s.o.Seed); err != nil {
		return nil, err
	}
	d.Mauve, d.MauveErr, err = MauveOf(own, real, s.o.Seed)
	return d, err
}

// Points places lines on the planes of a frontier: BLEU-n against self-BLEU-n
// for n = 2..MaxN, then the LM score against the reverse LM score and, with a training
// text, the longest copy of a line against self-BLEU of the highest order.
func (s *Suite) Points(lines [][]int32) (points []Point, err error) {
	o := s.scoring()
	o.keep = true // BLEU and self-BLEU of a line rise together
	bleu, err := BLEU(s.references, lines, o)
	if err != nil {
		return nil, err
	}
	self, err := SelfBLEU(lines, o)
	if err != nil {
		return nil, err
	}
	lm, reverse, err := s.LM(lines)
	if err != nil {
		return nil, err
	}
	for n := 1; n < s.o.MaxN; n++ {
		points = append(points, Point{
			X: self.ByOrder[n], Y: bleu.ByOrder[n], ErrX: self.StdErr[n], ErrY: bleu.StdErr[n], Cov: bleu.covariance(self, n),
			Signatures: [2]string{self.Signature, bleu.Signature},
		})
	}
	points = append(points, Point{X: reverse.Nats, Y: lm.Nats, ErrX: reverse.StdErr, ErrY: lm.StdErr, Signatures: [2]string{reverse.Signature, lm.Signature}})
	if s.copies != nil {
		n, c := s.o.MaxN-1, CopiesOf(lines, s.copies)
		points = append(points, Point{
			X: self.ByOrder[n], Y: c.Share, ErrX: self.StdErr[n], ErrY: c.ErrShare,
			Signatures: [2]string{self.Signature, fmt.Sprintf("longest-copy%s|train:%d|lines:%d|version:%s", textSignature(s.o.Case, s.o.Tokenizer), len(s.train), len(lines), Version)},
		})
	}
	return points, nil
}
