package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"textgan/cmd/textgan/report"
	"textgan/internal/config"
	"textgan/internal/terminal"
	"textgan/train/rundir"
	"textgan/train/sweep"
)

// sweepFormats write a table.
var sweepFormats = map[string]func(io.Writer, *sweep.Table) error{"text": sweepText, "csv": sweepCSV, "markdown": sweepMarkdown, "latex": sweepLaTeX}

// cellsOf are the texts of a row: options, runs, metrics with between between mean
// and deviation.
func cellsOf(t *sweep.Table, r sweep.Row, between string) []string {
	var cells []string
	for _, o := range r.Options {
		cells = append(cells, terminal.Line(o.Value))
	}
	cells = append(cells, fmt.Sprintf("%d/%d", r.Done, r.Runs))
	for _, m := range r.Values {
		switch {
		case m.Mean == nil:
			cells = append(cells, "-")
		case m.SD == nil:
			cells = append(cells, report.Fixed(*m.Mean, 4))
		default:
			cells = append(cells, report.Fixed(*m.Mean, 4)+between+report.Fixed(*m.SD, 4))
		}
	}
	return cells
}

func headOf(t *sweep.Table) []string {
	return append(append(slices.Clone(t.Options), "runs"), t.Metrics...)
}

func sweepText(w io.Writer, t *sweep.Table) error {
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, strings.Join(headOf(t), "\t"))
	for _, r := range t.Rows {
		fmt.Fprintln(tab, strings.Join(cellsOf(t, r, " ± "), "\t"))
	}
	return tab.Flush()
}

// sweepCSV has a column for every mean, its deviation and its number of runs.
func sweepCSV(w io.Writer, t *sweep.Table) error {
	out := csv.NewWriter(w)
	head := append(slices.Clone(t.Options), "runs", "done")
	for _, m := range t.Metrics {
		head = append(head, m, m+" sd", m+" n")
	}
	records := [][]string{head}
	number := func(v *float64) string {
		if v == nil {
			return ""
		}
		return strconv.FormatFloat(*v, 'g', -1, 64)
	}
	for _, r := range t.Rows {
		var record []string
		for _, o := range r.Options {
			record = append(record, o.Value)
		}
		record = append(record, strconv.Itoa(r.Runs), strconv.Itoa(r.Done))
		for _, m := range r.Values {
			record = append(record, number(m.Mean), number(m.SD), strconv.Itoa(m.N))
		}
		records = append(records, record)
	}
	return out.WriteAll(records)
}

func sweepMarkdown(w io.Writer, t *sweep.Table) error {
	escape := strings.NewReplacer("|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", "[", `\[`)
	row := func(cells []string) {
		for i, c := range cells {
			cells[i] = escape.Replace(c)
		}
		fmt.Fprintf(w, "| %s |\n", strings.Join(cells, " | "))
	}
	row(headOf(t))
	fmt.Fprintf(w, "|%s%s\n", strings.Repeat("---|", len(t.Options)), strings.Repeat("---:|", 1+len(t.Metrics)))
	for _, r := range t.Rows {
		row(cellsOf(t, r, " ± "))
	}
	return nil
}

// sweepLaTeX is a tabular of package booktabs.
func sweepLaTeX(w io.Writer, t *sweep.Table) error {
	escape := strings.NewReplacer(`\`, `\textbackslash{}`, "&", `\&`, "%", `\%`, "$", `\$`, "#", `\#`, "_", `\_`, "{", `\{`, "}", `\}`, "~", `\textasciitilde{}`, "^", `\textasciicircum{}`)
	row := func(cells []string) {
		for i, c := range cells {
			cells[i] = strings.ReplaceAll(escape.Replace(c), "±", `$\pm$`)
		}
		fmt.Fprintln(w, strings.Join(cells, " & ")+` \\`)
	}
	fmt.Fprintf(w, "\\begin{tabular}{%s%s}\n\\toprule\n", strings.Repeat("l", len(t.Options)), strings.Repeat("r", 1+len(t.Metrics)))
	row(headOf(t))
	fmt.Fprintln(w, `\midrule`)
	for _, r := range t.Rows {
		row(cellsOf(t, r, " ± "))
	}
	_, err := fmt.Fprint(w, "\\bottomrule\n\\end{tabular}\n")
	return err
}

// sweepFrontier is eval frontier of the runs that are complete.
func sweepFrontier(p *process, ctx context.Context, t *sweep.Table, json jsonOption) error {
	o := config.New[frontierOptions]().Defaults()
	o.jsonOption = json
	for _, c := range t.Cells {
		if c.State == sweep.Done {
			o.Run = append(o.Run, c.Dir)
		}
	}
	if len(o.Run) == 0 {
		return fmt.Errorf("no run of the sweep is complete")
	}
	return evalFrontier(call[frontierOptions]{process: p, ctx: ctx, opt: o})
}

// membersOf are the runs of a sweep for a page, named by the options that tell them
// apart.
func membersOf(t *sweep.Table) (members []report.Member) {
	for _, c := range t.Cells {
		m := report.Member{State: string(c.State), Why: c.Why}
		var parts []string
		for _, s := range c.Own {
			if s.Name != "seed" {
				parts = append(parts, s.Name+" "+s.Value)
			}
		}
		if m.Name = terminal.Line(strings.Join(parts, ", ")); m.Name == "" {
			m.Name = fmt.Sprintf("run %d", c.Index)
		}
		if c.State == sweep.Done {
			m.State = ""
		}
		if r, err := rundir.Open(c.Dir); err == nil && c.State != sweep.Missing {
			m.Run = r
		}
		members = append(members, m)
	}
	return members
}
