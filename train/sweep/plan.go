package sweep

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"textgan/internal/config"
	"textgan/train"
	"textgan/train/model"
)

// maxCells is how many runs a file may make.
const maxCells = 100_000

// Plan is a sweep: its cells by index.
type Plan struct {
	File  string
	Dir   string // that holds the runs
	Cells []Cell
}

// Cell is one run of a sweep.
type Cell struct {
	Index  int
	Hash   string    // of its options
	Own    []Setting // what the axes or its own table say, by name
	Common []Setting // what [base] says and nothing overrules, by name
	Layer  model.Layer
}

// Setting is an option and its value as a flag would have it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Dir is the directory of a cell's run.
func (p *Plan) RunDir(c Cell) string {
	return filepath.Join(p.Dir, fmt.Sprintf("%d-%s", c.Index, c.Hash))
}

// file is a sweep as it is written.
type file struct {
	Base    map[string]any   `toml:"base"`
	Axes    map[string]any   `toml:"axes"` // lists
	Cell    []map[string]any `toml:"cell"`
	Exclude []map[string]any `toml:"exclude"`
}

// Read makes the plan of a file with that content:
//
//	[base]                 # options of every cell
//	corpus = "news.txt"
//	[axes]                 # every combination of these is a cell
//	estimator = ["gumbel-softmax", "rloo"]
//	seed = [1, 2, 3]
//	[[cell]]               # one more cell
//	model = "mle"
//	[[exclude]]            # cells that agree with all of this are left out
//	estimator = "rloo"
//	seed = 3
//
// The axes vary in the order of their names, the last one fastest, but seed
// faster than all; cells that are listed one by one follow. Indices count the
// cells that are not excluded, from 0. dir is where the runs are; "" is the name of the file without
// .toml. Errors that lie with the file are *config.Error.
func Read(name string, content []byte, dir string) (*Plan, error) {
	var f file
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // as editors on Windows begin a file
	dec := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := dec.Decode(&f); err != nil {
		return nil, decodeError(name, err)
	}
	if dir == "" {
		dir = strings.TrimSuffix(name, ".toml")
		if dir == name {
			dir += ".runs"
		}
	}
	p := &Plan{File: name, Dir: dir}
	tables, err := f.cells(name)
	if err != nil {
		return nil, err
	}
	used := make([]bool, len(f.Exclude))
	seen := map[string]int{}
	for _, own := range tables {
		out := false
		for i, e := range f.Exclude {
			if f.agrees(own, e) {
				out, used[i] = true, true
			}
		}
		if out {
			continue
		}
		c, key, err := f.cell(name, len(p.Cells), own)
		if err != nil {
			return nil, err
		}
		if other, twice := seen[key]; twice {
			return nil, &config.Error{Msg: fmt.Sprintf("%s: cells %d and %d are equal", name, other, c.Index)}
		}
		seen[key] = c.Index
		p.Cells = append(p.Cells, c)
	}
	for i, ok := range used {
		if !ok {
			return nil, &config.Error{Msg: fmt.Sprintf("%s: [[exclude]] number %d leaves out no cell", name, i+1)}
		}
	}
	if len(p.Cells) == 0 {
		return nil, &config.Error{Msg: name + ": no cell is left"}
	}
	return p, nil
}

func decodeError(name string, err error) error {
	var strict *toml.StrictMissingError
	var at *toml.DecodeError
	switch {
	case errors.As(err, &strict) && len(strict.Errors) > 0:
		e := strict.Errors[0]
		row, _ := e.Position()
		return &config.Error{Msg: fmt.Sprintf("%s:%d: unknown key %q; a sweep has [base], [axes], [[cell]] and [[exclude]]", name, row, strings.Join(e.Key(), "."))}
	case errors.As(err, &at):
		row, _ := at.Position()
		return &config.Error{Msg: fmt.Sprintf("%s:%d: %s", name, row, strings.TrimPrefix(at.Error(), "toml: "))}
	}
	return &config.Error{Msg: name + ": " + strings.TrimPrefix(err.Error(), "toml: ")}
}

// cells are the tables of all cells before anything is left out.
func (f file) cells(name string) ([]map[string]any, error) {
	var tables []map[string]any
	if len(f.Axes) > 0 || len(f.Cell) == 0 {
		tables = append(tables, map[string]any{})
	}
	axes := slices.Sorted(maps.Keys(f.Axes))
	if i := slices.Index(axes, "seed"); i >= 0 {
		axes = append(slices.Delete(axes, i, i+1), "seed")
	}
	for _, axis := range axes {
		values, ok := f.Axes[axis].([]any)
		if !ok {
			return nil, &config.Error{Msg: fmt.Sprintf("%s: axis %s is no list; give one, as %s = [...], or put it under [base]", name, axis, axis)}
		}
		if len(values) == 0 {
			return nil, &config.Error{Msg: fmt.Sprintf("%s: axis %s has no values", name, axis)}
		}
		if len(values) > maxCells/len(tables) {
			return nil, &config.Error{Msg: fmt.Sprintf("%s: more than %d cells", name, maxCells)}
		}
		var next []map[string]any
		for _, t := range tables {
			for _, v := range values {
				u := maps.Clone(t)
				u[axis] = v
				next = append(next, u)
			}
		}
		tables = next
	}
	return append(tables, f.Cell...), nil
}

// agrees reports whether a cell has all the values of e.
func (f file) agrees(own, e map[string]any) bool {
	for name, want := range e {
		have, ok := own[name]
		if !ok {
			have, ok = f.Base[name]
		}
		a, errA := config.GivenOf(have)
		b, errB := config.GivenOf(want)
		if !ok || errA != nil || errB != nil || a.Text != b.Text {
			return false
		}
	}
	return len(e) > 0
}

// elsewhere says of the options of textgan train that decide no run what a sweep has in
// their place.
var elsewhere = map[string]string{
	"run":     "each has its directory in that of the sweep, --dir",
	"resume":  "textgan sweep run goes on with a run that has begun",
	"extend":  "it is as long as its settings say; textgan train --extend makes it longer when it is done",
	"config":  "write the settings of that file under [base]",
	"threads": "give it to textgan sweep run, --threads",
	"json":    "give it to textgan sweep run, --json",
}

// cell makes the cell of a table, and the text that its hash is of.
func (f file) cell(file string, index int, own map[string]any) (c Cell, key string, err error) {
	c = Cell{Index: index, Layer: config.Layer{}}
	wrong := func(format string, args ...any) (Cell, string, error) {
		return c, "", &config.Error{Msg: fmt.Sprintf("%s: cell %d: %s", file, index, fmt.Sprintf(format, args...))}
	}
	all := maps.Clone(f.Base)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, own)
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		given, err := config.GivenOf(all[name])
		if err != nil {
			return wrong("%s: %v", name, err)
		}
		given.Quote = fmt.Sprintf("%s: cell %d: %s = %s", file, index, name, given.Text)
		if where, ok := elsewhere[name]; ok {
			return wrong("%s is no setting of a run; %s", name, where)
		}
		c.Layer[name] = given
		s := Setting{name, given.Text}
		if _, ok := own[name]; ok {
			c.Own = append(c.Own, s)
		} else {
			c.Common = append(c.Common, s)
		}
		fmt.Fprintf(&text, "%s = %q %q\n", name, given.Text, given.List)
	}
	cfg, err := train.Options.Resolve(c.Layer)
	if err != nil {
		return c, "", err
	}
	if cfg.Corpus == "-" || cfg.Valid == "-" {
		return wrong("a sweep cannot read standard input; give a file")
	}
	if cfg.WarmStart == "" { // what a warm start takes from another run is not here
		if err := cfg.Check(); err != nil {
			return wrong("%v", err)
		}
	}
	sum := sha256.Sum256([]byte(text.String()))
	c.Hash = hex.EncodeToString(sum[:4])
	return c, text.String(), nil
}
