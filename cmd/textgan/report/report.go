package report

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"textgan/corpora"
	"textgan/eval"
	"textgan/internal/atomicfile"
	"textgan/internal/terminal"
	"textgan/train/rundir"
)

// Names inside a run directory.
const (
	HTMLFile = "report.html"
	CardFile = "model-card.md"
	figures  = "figures" // SVG files that others put there: frontier, estimators
)

// Options of a report.
type Options struct {
	// Train are the lines that the model has learnt, to look its sentences up
	// in. Without them that section is left out.
	Train    []string
	Tokenize eval.Tokenizer
	// Language is that of a built-in corpus, nil for others: its entropy is drawn, and
	// samples that it does not hold are marked.
	Language corpora.Language
	// Unfinished says what keeps the run from being what it was meant to be; empty: nothing.
	Unfinished string
	// NLL gives -log p of each held-out line in nats, its end included, and its tokens
	// under the weights of a step; it is an error if they are gone. May be nil.
	NLL func(step int) (nats []float64, tokens []int, err error)
	// Stop, if any, is asked while Train is looked up in, between other parts of the work
	// and before each file is written: once it says true, always, Write returns ErrStopped.
	Stop func() bool
}

// ErrStopped is the error of a report that was stopped. What files there are is whole.
var ErrStopped = errors.New("report: stopped before the report was written")

func (o Options) stopped() bool { return o.Stop != nil && o.Stop() }

// Write writes the report and the model card into the run's directory.
func Write(r *rundir.Run, o Options) error {
	if err := r.CheckWhole(); err != nil {
		return err
	}
	d, err := read(r, o)
	if err != nil {
		return err
	}
	if len(o.Train) > 0 && len(d.last) > 0 {
		if err := d.lookUp(d.last, o); err != nil {
			return err
		}
	}
	shown := d.page(o)
	if o.stopped() {
		return ErrStopped
	}
	if err := atomicfile.Write(r.Path(HTMLFile), func(w io.Writer) error { return pageTemplate.Execute(w, shown) }); err != nil {
		return err
	}
	if o.stopped() {
		return ErrStopped
	}
	return atomicfile.Write(r.Path(CardFile), func(w io.Writer) error { return cardTemplate.Execute(terminal.Writer(w), d) })
}

// document is what the directory of a run says.
type document struct {
	Name     string
	Manifest rundir.Manifest
	Config   string // TOML
	Steps    int
	Phases   []phase
	Final    []value // of every column, the last
	Samples  []sample
	Copied   []copied
	Longest  eval.Copies // over all lines of the last sample
	Figures  []figure

	names       []string // of the columns, in the order of the page
	series      map[string]*points
	final       map[string]float64
	evaluations []evaluation
	last        []string // all lines of the last sample
	reference   reference
	fault       string // what is wrong with the record; empty: nothing
}

// phase is a part of the run, with the steps that it began after and ended with.
type phase struct {
	Name      string
	From, End int
}

type value struct{ Name, Text string }

// sample is the beginning of what was sampled at a step.
type sample struct {
	Title string
	Step  int
	Lines []sampleLine
}

// sampleLine is a sentence, Invalid if the language of the corpus does not hold it.
type sampleLine struct {
	Text    string
	Invalid bool
}

// Last is the newest sample, nil if there is none.
func (d *document) Last() *sample {
	if len(d.Samples) == 0 {
		return nil
	}
	return &d.Samples[len(d.Samples)-1]
}

func read(r *rundir.Run, o Options) (*document, error) {
	config, err := r.ReadFile(rundir.ConfigFile)
	if err != nil {
		return nil, err
	}
	abs, err := filepath.Abs(r.Dir)
	if err != nil {
		return nil, fmt.Errorf("report: %w", err)
	}
	d := &document{Name: filepath.Base(abs), Manifest: r.Manifest, Config: string(config)}
	if err := d.readMetrics(r); err != nil {
		return nil, err
	}
	if ck, err := r.LoadCheckpoint("last"); err == nil {
		if _, d.fault, err = r.CheckRecord(ck); err != nil {
			return nil, err
		}
	}
	last, err := d.readSamples(r, o.Language)
	if err != nil {
		return nil, err
	}
	d.last = last
	d.reference = newReference(r, o, len(last))
	return d, d.readFigures(r)
}

// readMetrics gathers the series of the record.
func (d *document) readMetrics(r *rundir.Run) error {
	d.series, d.final = map[string]*points{}, map[string]float64{}
	for rec, err := range r.Metrics() {
		if err != nil {
			return err
		}
		d.Steps = rec.Step
		for _, f := range rec.Fields {
			if name, ok := f.Value.(string); ok && f.Name == "phase" {
				if n := len(d.Phases); n == 0 {
					d.Phases = append(d.Phases, phase{Name: name})
				} else if d.Phases[n-1].Name != name {
					d.Phases = append(d.Phases, phase{Name: name, From: d.Phases[n-1].End})
				}
				d.Phases[len(d.Phases)-1].End = rec.Step
				continue
			}
			v, ok := rec.Float(f.Name)
			if !ok {
				continue
			}
			if f.Name == "nll_oracle" {
				if valid, ok := rec.Float("valid"); ok && valid == 0 {
					continue // of no sentence
				}
			}
			s := d.series[f.Name]
			if s == nil {
				s = &points{}
				d.series[f.Name] = s
				d.names = append(d.names, f.Name)
			}
			s.x, s.y = append(s.x, float64(rec.Step)), append(s.y, v)
			d.final[f.Name] = v
		}
		d.evaluate(rec)
	}
	slices.SortFunc(d.names, byRank)
	for _, name := range d.names {
		d.Final = append(d.Final, value{label(name), number(d.final[name])})
	}
	return nil
}

func byRank(a, b string) int { return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a, b)) }

func number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

// At most so many points in time, and lines of each.
const sampleSteps, sampleLines = 8, 4

// readSamples takes the beginnings of samples that are spread over the run, and
// returns all lines of the last one.
func (d *document) readSamples(r *rundir.Run, language corpora.Language) (last []string, err error) {
	dir := r.Path("samples")
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("report: %w", err)
	}
	var steps []int
	for _, e := range entries {
		var step int
		if _, err := fmt.Sscanf(e.Name(), "step-%d.txt", &step); err == nil {
			steps = append(steps, step)
		}
	}
	slices.Sort(steps)
	shown := min(len(steps), sampleSteps)
	for i := range shown {
		step := steps[(i+1)*len(steps)/shown-1] // the last one is among them
		content, err := r.ReadFile(filepath.Join("samples", fmt.Sprintf("step-%d.txt", step)))
		if err != nil {
			return nil, err
		}
		last = splitLines(content)
		shown := sample{Title: fmt.Sprintf("step %d", step), Step: step}
		for _, line := range last[:min(sampleLines, len(last))] {
			invalid := false
			if language != nil {
				_, ok := language.LogProb(line)
				invalid = !ok
			}
			shown.Lines = append(shown.Lines, sampleLine{line, invalid})
		}
		d.Samples = append(d.Samples, shown)
	}
	return last, nil
}

// readFigures takes the SVG files that lie in the run's figures directory.
func (d *document) readFigures(r *rundir.Run) error {
	entries, err := os.ReadDir(r.Path(figures))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("report: %w", err)
	}
	var titles []string
	for _, e := range entries {
		if title, ok := strings.CutSuffix(e.Name(), ".svg"); ok && title != "" {
			titles = append(titles, title)
		}
	}
	slices.Sort(titles) // frontier before frontier-lm
	for _, title := range titles {
		content, err := r.ReadFile(filepath.Join(figures, title+".svg"))
		if err != nil {
			return err
		}
		d.Figures = append(d.Figures, newFigure(title, content))
	}
	return nil
}
