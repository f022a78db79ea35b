package report

import (
	"fmt"
	"strings"

	"textgan/eval"
)

// page is what the template shows, of one run or of several.
type page struct {
	Title    string
	Verdict  []string // sentences with numbers
	Warnings []string
	Tables   []table
	Sections []section
	Figures  []figure
	Samples  []sample
	Copied   []copied
	Longest  eval.Copies
	Facts    []facts // of each run
	Settings []table
	Final    []value
	Config   string // TOML
}

// Marks reports whether a sentence is marked as invalid.
func (p *page) Marks() bool {
	for _, s := range p.Samples {
		for _, l := range s.Lines {
			if l.Invalid {
				return true
			}
		}
	}
	return false
}

// table is a table with a name for every row.
type table struct {
	Title   string
	Head    []string
	Rows    []tableRow
	Notes   []string
	Texts   bool // are the cells words, not numbers?
	Folded  bool
	Caption bool // is the title shown, and not only told to those who cannot see?
}

type tableRow struct {
	Name  string
	Cells []cell
}

// cell is Told apart if its interval leaves out 0.
type cell struct {
	Text, Note string
	Told       bool
}

func cells(texts ...string) (out []cell) {
	for _, t := range texts {
		out = append(out, cell{Text: t})
	}
	return out
}

// facts are what a run was.
type facts struct {
	*document
	Heading string // empty where there is one run
}

// Until tells the phases and where they ended.
func (d *document) Until() string {
	var parts []string
	for _, p := range d.Phases {
		parts = append(parts, fmt.Sprintf("%s until %d", p.Name, p.End))
	}
	return strings.Join(parts, ", ")
}

// page shows one run.
func (d *document) page(o Options) *page {
	p := &page{Title: d.Name, Figures: d.Figures, Samples: d.Samples, Copied: d.Copied, Longest: d.Longest, Facts: []facts{{document: d}}, Final: d.Final, Config: d.Config}
	if o.Unfinished != "" {
		p.Warnings = append(p.Warnings, fmt.Sprintf("%s Its last recorded step is %d.", o.Unfinished, d.Steps))
	}
	if d.fault != "" {
		p.Warnings = append(p.Warnings, fmt.Sprintf("The record is not what it was: %s. What is missing from it is missing here.", d.fault))
	}
	d.summarise(p, o.Language)
	p.Sections = d.charts(o.Language)
	return p
}
