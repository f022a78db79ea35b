package report

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"textgan/eval"
	"textgan/train/rundir"
)

// reference judges texts as the evaluations of a run have, by the held-out lines that
// the run keeps.
type reference struct {
	run      *rundir.Run
	tokenize eval.Tokenizer
	words    *eval.Lexicon
	held     *eval.References // nil: the run keeps none
	nll      func(step int) (nats []float64, tokens []int, err error)
	stopped  func() bool
	real     map[string]float64
	realErr  float64 // standard error of its BLEU-4
	lines    int     // of real text that real was measured on

	different float64 // share of different lines in the held-out text, NaN: not known
}

// orders is the highest n of BLEU-n in the record.
const orders = 5

// newReference measures also what as many real lines as an evaluation has sentences come to, if
// the training text is there: against the held-out lines, which are none of them.
func newReference(r *rundir.Run, o Options, sentences int) reference {
	f := reference{run: r, tokenize: o.Tokenize, words: eval.NewLexicon(), nll: o.NLL, stopped: o.stopped, real: map[string]float64{}, different: math.NaN()}
	if r.Manifest.HeldOut == nil || o.Tokenize == nil {
		return f
	}
	content, err := r.ReadFile(rundir.HeldOutFile)
	if err != nil {
		return f
	}
	held := splitLines(content)
	f.different = DifferentShare(held)
	if f.held, err = eval.NewReferences(f.words.Add(held, o.Tokenize), orders); err != nil {
		f.held = nil
		return f
	}
	if sentences < 2 || len(o.Train) < sentences {
		return f
	}
	lines := make([]string, sentences)
	for i := range lines {
		lines[i] = o.Train[i*len(o.Train)/sentences]
	}
	bleu, err := f.bleu(lines)
	if err != nil {
		return f
	}
	self, err := selfBLEU(lines, o.Tokenize)
	if err != nil {
		return f
	}
	for n := 2; n <= orders; n++ {
		f.real[fmt.Sprintf("bleu/%d", n)], f.real[fmt.Sprintf("self_bleu/%d", n)] = bleu.ByOrder[n-1], self.ByOrder[n-1]
	}
	f.real["different"] = DifferentShare(lines)
	f.lines, f.realErr = sentences, bleu.StdErr[3]
	return f
}

// DifferentShare is the share of different lines, 0 of none.
func DifferentShare(lines []string) float64 {
	different := map[string]bool{}
	for _, l := range lines {
		different[l] = true
	}
	return float64(len(different)) / float64(max(1, len(lines)))
}

func splitLines(content []byte) []string {
	return strings.Split(strings.TrimSuffix(string(content), "\n"), "\n")
}

func (f *reference) bleu(lines []string) (eval.Score, error) {
	return eval.BLEU(f.held, f.words.Find(lines, f.tokenize), eval.Options{MaxN: orders})
}

func selfBLEU(lines []string, tokenize eval.Tokenizer) (eval.Score, error) {
	return eval.SelfBLEU(eval.NewLexicon().Add(lines, tokenize), eval.Options{MaxN: orders})
}

// tell adds a row of real text to a table, if it was measured: its first cell, the steps
// or the number of runs, is empty, and the others are the columns shown.
func (f *reference) tell(t *table, shown []column) {
	if f.lines == 0 {
		return
	}
	row := tableRow{Name: "real text", Cells: cells("")}
	for _, c := range shown {
		text := ""
		if v := f.level(c.name); v != nil {
			text = c.format(*v)
		}
		row.Cells = append(row.Cells, cell{Text: text})
	}
	t.Rows = append(t.Rows, row)
	t.Notes = append(t.Notes, fmt.Sprintf("Real text: %d lines of the training text in the place of the samples.", f.lines))
}

// level is what real text has for a column, nil if that is not known.
func (f *reference) level(name string) *float64 {
	if v, ok := f.real[name]; ok && !math.IsNaN(v) {
		return &v
	}
	return nil
}

// groups of sentences that the jackknife leaves out in turn. It judges almost all
// sentences as often: of more than mostSentences it would take longer than a report may.
const groups, mostSentences = 20, 2000

// measure finds what an evaluation says of each held-out line, and its standard errors
// over the sentences that the run keeps, as far as they are what its numbers were
// computed from.
func (f *reference) measure(e *evaluation) {
	if f.nll != nil {
		if nats, tokens, err := f.nll(e.Step); err == nil && math.Abs(perToken(nats, tokens)-e.values["nll/valid"]) < 1e-5 {
			e.nats, e.tokens = nats, tokens
		}
	}
	if f.held == nil {
		return
	}
	content, err := f.run.ReadFile(filepath.Join("samples", fmt.Sprintf("step-%d.txt", e.Step)))
	if err != nil {
		return
	}
	lines := splitLines(content)
	bleu, err := f.bleu(lines)
	if err != nil || !near(bleu.ByOrder[3], e.values["bleu/4"]) {
		return
	}
	e.sentences = len(lines)
	e.stdErr = map[string]float64{}
	for n := 2; n <= orders; n++ {
		e.stdErr[fmt.Sprintf("bleu/%d", n)] = bleu.StdErr[n-1]
	}
	if len(lines) < 2*groups || len(lines) > mostSentences {
		return
	}
	all, err := selfBLEU(lines, f.tokenize)
	if err != nil || !near(all.ByOrder[3], e.values["self_bleu/4"]) {
		return
	}
	spread, err := jackknife(groups, func(group int) (float64, error) {
		if f.stopped() {
			return 0, ErrStopped
		}
		var rest []string
		for i, line := range lines {
			if i%groups != group {
				rest = append(rest, line)
			}
		}
		s, err := selfBLEU(rest, f.tokenize)
		if err != nil {
			return 0, err
		}
		return s.ByOrder[3], nil
	})
	if err == nil {
		e.stdErr["self_bleu/4"] = spread
	}
}

func perToken(nats []float64, tokens []int) float64 {
	sum, n := 0., 0
	for i, v := range nats {
		sum, n = sum+v, n+tokens[i]
	}
	return sum / float64(n)
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9 }
