package sweep

import (
	"fmt"
	"math"
	"slices"

	"textgan/train"
	"textgan/train/rundir"
)

// Table is the results of a sweep.
type Table struct {
	Cells   []CellState `json:"cells"`
	Options []string    `json:"options"` // that differ between the rows
	Metrics []string    `json:"metrics"` // of the last evaluation of a run, in the order of the record
	Rows    []Row       `json:"rows"`
}

// CellState is a cell and how far it is.
type CellState struct {
	Index   int       `json:"index"`
	Hash    string    `json:"hash"`
	Own     []Setting `json:"options"`
	State   State     `json:"state"`
	Why     string    `json:"error,omitempty"`
	Dir     string    `json:"dir"`
	Metrics []Metric  `json:"metrics,omitempty"` // of a cell that is done
}

// Metric is a number of the last evaluation.
type Metric struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Row is one setting over its seeds.
type Row struct {
	Options []Setting `json:"options"` // without the seed
	Runs    int       `json:"runs"`
	Done    int       `json:"done"`
	Values  []Moments `json:"values"` // as many as Table.Metrics
}

// Moments are mean and standard deviation over the runs that are done.
type Moments struct {
	N    int      `json:"n"`
	Mean *float64 `json:"mean"` // nil without a run
	SD   *float64 `json:"sd"`   // of the sample (n-1), nil with fewer than two
}

// Sum looks at every cell of a plan and sums up what is done.
func (p *Plan) Sum() (*Table, error) {
	t := &Table{Options: []string{}, Metrics: []string{}}
	for _, c := range p.Cells {
		for _, o := range c.Own {
			if o.Name != "seed" && !slices.Contains(t.Options, o.Name) {
				t.Options = append(t.Options, o.Name)
			}
		}
	}
	rowOf := map[string]int{}
	var values [][]map[string]float64 // by row, then run
	for _, c := range p.Cells {
		state, why, err := p.Look(c)
		if err != nil {
			return nil, err
		}
		s := CellState{Index: c.Index, Hash: c.Hash, Own: c.Own, State: state, Why: why, Dir: p.RunDir(c)}
		var options []Setting
		for _, name := range t.Options {
			options = append(options, Setting{name, c.value(name)})
		}
		key := fmt.Sprintf("%q", options)
		i, ok := rowOf[key]
		if !ok {
			i = len(t.Rows)
			rowOf[key] = i
			t.Rows = append(t.Rows, Row{Options: options})
			values = append(values, nil)
		}
		t.Rows[i].Runs++
		if state == Done {
			if s.Metrics, err = lastEvaluation(s.Dir); err != nil {
				return nil, err
			}
			byName := map[string]float64{}
			for _, m := range s.Metrics {
				byName[m.Name] = m.Value
				if !slices.Contains(t.Metrics, m.Name) {
					t.Metrics = append(t.Metrics, m.Name)
				}
			}
			t.Rows[i].Done++
			values[i] = append(values[i], byName)
		}
		t.Cells = append(t.Cells, s)
	}
	for i := range t.Rows {
		for _, name := range t.Metrics {
			t.Rows[i].Values = append(t.Rows[i].Values, momentsOf(name, values[i]))
		}
	}
	return t, nil
}

// value of an option in a cell: what the file says, or its default.
func (c Cell) value(name string) string {
	if given, ok := c.Layer[name]; ok {
		return given.Text
	}
	o, _ := train.Options.Find(name)
	return o.Default
}

// momentsOf takes the finite values of a metric over runs.
func momentsOf(name string, runs []map[string]float64) (m Moments) {
	var all []float64
	for _, r := range runs {
		if v, ok := r[name]; ok && !math.IsNaN(v) && !math.IsInf(v, 0) {
			all = append(all, v)
		}
	}
	m.N = len(all)
	if m.N == 0 {
		return m
	}
	mean, sq := 0.0, 0.0
	for _, v := range all {
		mean += v / float64(m.N)
	}
	for _, v := range all {
		sq += (v - mean) * (v - mean)
	}
	m.Mean = &mean
	if m.N > 1 {
		sd := math.Sqrt(sq / float64(m.N-1))
		m.SD = &sd
	}
	return m
}

// lastEvaluation are the numbers of the last evaluation in a run's record.
func lastEvaluation(dir string) (last []Metric, err error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	for rec, err := range r.Metrics() {
		if err != nil {
			return nil, err
		}
		if _, ok := rec.Float(evaluated); !ok {
			continue
		}
		last = last[:0]
		for _, f := range rec.Fields {
			if v, ok := rec.Float(f.Name); ok && !math.IsNaN(v) && !math.IsInf(v, 0) { // JSON has none
				last = append(last, Metric{f.Name, v})
			}
		}
		if valid, ok := rec.Float("valid"); ok && valid == 0 { // so it is of no sentence
			last = slices.DeleteFunc(last, func(m Metric) bool { return m.Name == "nll_oracle" })
		}
	}
	return last, nil
}

// evaluated is in every evaluation, and nowhere else in a record.
const evaluated = "different"
