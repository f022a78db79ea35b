package main

import (
	"context"
	_ "embed"
	"encoding/csv"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"textgan/eval/plot"
	"textgan/internal/atomicfile"
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
			cells = append(cells, fmt.Sprintf("%.4f", *m.Mean))
		default:
			cells = append(cells, fmt.Sprintf("%.4f%s%.4f", *m.Mean, between, *m.SD))
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

//go:embed sweep.html.tmpl
var sweepPageText string

var sweepPage = template.Must(template.New("sweep").Parse(sweepPageText))

// writeSweepPage writes one page that needs no network: the table, and for every
// column of the records the curves of all runs on shared axes.
func writeSweepPage(path string, plan *sweep.Plan, t *sweep.Table) error {
	type chart struct {
		Title, Note string
		SVG         template.HTML
	}
	var charts []chart
	names, curves, err := sweepCurves(t)
	if err != nil {
		return err
	}
	for _, name := range names {
		var svg strings.Builder
		c := chart{Title: name}
		if err := plot.Curves(&svg, name, curves[name], nil, strings.HasPrefix(name, "norm/")); err != nil {
			c.Note = "This chart cannot be drawn: " + err.Error()
		} else {
			c.SVG = template.HTML(svg.String()[max(0, strings.Index(svg.String(), "<svg")):])
		}
		charts = append(charts, c)
	}
	var rows [][]string
	for _, r := range t.Rows {
		rows = append(rows, cellsOf(t, r, " ± "))
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		return sweepPage.Execute(w, map[string]any{"File": plan.File, "Cells": t.Cells, "Head": headOf(t), "Rows": rows, "Charts": charts})
	})
}

// sweepCurves reads the records of all runs that have begun: by column, a curve
// for every run.
func sweepCurves(t *sweep.Table) (names []string, curves map[string][]plot.Curve, err error) {
	curves = map[string][]plot.Curve{}
	for _, c := range t.Cells {
		r, err := rundir.Open(c.Dir)
		if c.State == sweep.Missing || err != nil {
			continue
		}
		label := []string{fmt.Sprint(c.Index)}
		for _, s := range c.Own {
			label = append(label, s.Value)
		}
		own := map[string]*plot.Curve{}
		for rec, err := range r.Metrics() {
			if err != nil {
				return nil, nil, err
			}
			for _, f := range rec.Fields {
				v, ok := rec.Float(f.Name)
				if !ok || math.IsNaN(v) || math.IsInf(v, 0) {
					continue
				}
				if own[f.Name] == nil {
					own[f.Name] = &plot.Curve{Name: terminal.Line(strings.Join(label, " "))}
					if !slices.Contains(names, f.Name) {
						names = append(names, f.Name)
					}
				}
				own[f.Name].X, own[f.Name].Y = append(own[f.Name].X, float64(rec.Step)), append(own[f.Name].Y, v)
			}
		}
		for name, curve := range own {
			curves[name] = append(curves[name], *curve)
		}
	}
	slices.Sort(names)
	return names, curves, nil
}
