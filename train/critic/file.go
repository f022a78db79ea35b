package critic

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/atomicfile"
	"textgan/internal/jsonerr"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
)

// Dir is the directory of a critic in that of its run.
const Dir = "critic"

// Names of its files.
const (
	weightsFile  = "critic.safetensors"
	describeFile = "critic.json"
	linesFile    = "lines.safetensors"
	ngramFile    = "ngram.safetensors" // of the lines, in format 3
)

// backwardsFile is the name of that of backwards model i, counted from 0.
func backwardsFile(i int) string {
	if i == 0 {
		return "backwards.safetensors"
	}
	return fmt.Sprintf("backwards-%d.safetensors", i+1)
}

// description is critic.json.
type description struct {
	Format    int          `json:"format"`
	Generator string       `json:"generator"` // hash of the weights that the critic was trained against
	Step      int          `json:"checkpoint_step"`
	Features  []string     `json:"features"`
	Models    []backwards  `json:"backwards_models,omitempty"`
	Lines     string       `json:"training_lines,omitempty"` // hash of their file, if the critic asks them; since format 4
	Order     int          `json:"ngram_order,omitempty"`    // since format 4
	CopyLimit *float64     `json:"copy_limit,omitempty"`     // since format 4
	Hash      string       `json:"critic"`                   // hash of the critic's weights
	Report    ratio.Report `json:"report"`
	Sum       string       `json:"sha256,omitempty"` // of this file without it; since format 5

	// Of format 1, which knew one model at most.
	Backwards *generator.Config `json:"backwards,omitempty"`
	HashBack  string            `json:"backwards_weights,omitempty"`

	// Of format 3, which knew n-grams.
	Ngram *savedNgram `json:"ngram,omitempty"`
}

// marshal is critic.json with its checksum.
func (d description) marshal() ([]byte, error) {
	d.Sum = ""
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return nil, err
	}
	d.Sum = hashOf(text)
	text, err = json.MarshalIndent(d, "", "  ")
	return append(text, '\n'), err
}

// linesFile is the name of the file of the training lines.
func (d description) linesFile() string {
	if d.Format == 3 {
		return ngramFile
	}
	return linesFile
}

// backwards is a backwards model in critic.json.
type backwards struct {
	Config generator.Config `json:"config"`
	Hash   string           `json:"weights"`
}

// savedNgram is the n-gram model in critic.json of format 3.
type savedNgram struct {
	Order int    `json:"order"`
	Hash  string `json:"sentences"` // of the file of the sentences that are counted
}

// parseDescription reads critic.json of any format, as if it were of the newest but for the names
// of files.
func parseDescription(text []byte) (d description, err error) {
	err = json.Unmarshal(text, &d)
	if d.Format == 1 && d.Backwards != nil {
		d.Models = []backwards{{*d.Backwards, d.HashBack}}
	}
	if d.Format == 3 && d.Ngram != nil {
		d.Order, d.Lines = d.Ngram.Order, d.Ngram.Hash
	}
	return d, err
}

// tensors are all numbers of a critic.
func (c *Critic) tensors() nn.Params {
	freq := &nn.Param{Name: "critic.log_frequency", Shape: []int{len(c.statistics.LogFreq)}, Data: c.statistics.LogFreq}
	return append(c.Params(), freq)
}

// Save writes the critic, and the backwards models and the training lines that it asks with it, into
// the directory of its run: the run can be moved, and the backwards runs and the training text
// deleted.
func (c *Critic) Save(runDir string) error {
	d := description{Format: 5, Generator: c.model.Generator.Params().Hash(), Step: c.model.Step, Features: c.Features, CopyLimit: c.CopyLimit, Hash: c.tensors().Hash(), Report: c.Report}
	files := map[string]nn.Params{weightsFile: c.tensors()}
	for i, b := range c.backwards {
		d.Models = append(d.Models, backwards{b.Config, b.Params().Hash()})
		files[backwardsFile(i)] = b.Params()
	}
	others := map[string][]byte{}
	if len(c.lines) > 0 {
		file, err := marshalLines(c.lines)
		if err != nil {
			return err
		}
		d.Lines, others[linesFile] = hashOf(file), file
	}
	if c.ngram != nil {
		d.Order = c.ngram.Order()
	}
	var err error
	if others[describeFile], err = d.marshal(); err != nil {
		return err
	}
	return atomicfile.WriteDir(filepath.Join(runDir, Dir), func(aside string) error {
		for name, params := range files {
			f, err := os.Create(filepath.Join(aside, name))
			if err != nil {
				return err
			}
			if err := errors.Join(params.Write(f), f.Close()); err != nil {
				return err
			}
		}
		for name, content := range others {
			if err := os.WriteFile(filepath.Join(aside, name), content, 0o644); err != nil {
				return err
			}
		}
		return nil
	})
}

// CanSave is the error, nil for none, that Save would have now because it cannot write.
func CanSave(runDir string) error {
	r, err := rundir.Open(runDir)
	if err == nil {
		err = r.CheckWhole()
	}
	if err != nil {
		return err
	}
	return atomicfile.CanWrite(filepath.Join(runDir, Dir))
}

// ErrNone is the error of a run without a critic.
var ErrNone = errors.New("has no critic; train one with textgan critic --run")

// Load reads the critic of the run in a directory, m its model. It is an error
// if the critic was trained against other weights than those of m.
func Load(runDir string, m *model.Model) (*Critic, error) {
	path := filepath.Join(runDir, Dir, describeFile)
	r, err := rundir.Open(runDir)
	if err != nil {
		return nil, err
	}
	text, err := r.ReadFile(Dir + "/" + describeFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && m.Config.Backwards:
		return nil, fmt.Errorf("run %s reads backwards: it is what a critic asks, and has none; sample the run that was given it by textgan critic --backwards", runDir)
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("run %s %w %s", runDir, ErrNone, runDir)
	}
	if err != nil {
		return nil, err
	}
	d, err := parseDescription(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, jsonerr.Plain(err, "the file"))
	}
	if d.Format < 1 || d.Format > 5 {
		return nil, fmt.Errorf("%s: format %d, which this version does not read; train the critic again", path, d.Format)
	}
	if d.Format == 5 || d.Sum != "" { // as it was written, byte for byte
		if whole, err := d.marshal(); err != nil || !bytes.Equal(text, whole) {
			return nil, fmt.Errorf("%s was changed since it was written (its checksum differs); train the critic again", path)
		}
	}
	if d.Generator != m.Generator.Params().Hash() && d.Step == m.Step {
		return nil, fmt.Errorf("%s: the critic belongs to other weights than those of step %d; train the critic again", path, d.Step)
	}
	if d.Generator != m.Generator.Params().Hash() {
		return nil, fmt.Errorf("%s: the critic belongs to the weights of step %d, not to those of step %d; give --checkpoint %d, or train a critic for these", path, d.Step, m.Step, d.Step)
	}
	c := &Critic{Features: d.Features, CopyLimit: d.CopyLimit, Report: d.Report, model: m, statistics: &ratio.Statistics{LogFreq: make([]float32, m.Vocab.Size())}}
	for i, saved := range d.Models {
		if saved.Config.Vocab != m.Vocab.Size() {
			return nil, fmt.Errorf("%s: a backwards model over %d ids, where the vocabulary has %d", path, saved.Config.Vocab, m.Vocab.Size())
		}
		b, err := generator.New(saved.Config, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if err := read(r, backwardsFile(i), b.Params(), saved.Hash); err != nil {
			return nil, err
		}
		c.backwards = append(c.backwards, b)
	}
	if d.Lines != "" {
		if c.lines, err = readLines(r, d.linesFile(), d.Lines, m.Vocab.Size()); err != nil {
			return nil, err
		}
		if slices.Contains(c.Features, ratio.Ngram) {
			if c.ngram, err = eval.NewKneserNey(c.lines, d.Order, m.Vocab.Size()); err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
		}
	}
	if err := c.build(); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return c, read(r, weightsFile, c.tensors(), d.Hash)
}

// readLines reads the training lines from a file of the critic, which must be as it was.
func readLines(r *rundir.Run, name, hash string, vocabulary int) ([][]int32, error) {
	file, err := r.ReadFile(Dir + "/" + name)
	if err != nil {
		return nil, err
	}
	path := r.Path(filepath.Join(Dir, name))
	if hashOf(file) != hash {
		return nil, damaged(path)
	}
	lines, err := unmarshalLines(file, vocabulary)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return lines, nil
}

func damaged(path string) error {
	return fmt.Errorf("%s: its checksum differs from that in %s; train the critic again", path, describeFile)
}

// read fills params from a file of the critic, whose hash must be as it was.
func read(r *rundir.Run, name string, params nn.Params, hash string) error {
	if err := r.ReadAt(Dir+"/"+name, params.Read); err != nil {
		return err
	}
	if params.Hash() != hash {
		return damaged(r.Path(filepath.Join(Dir, name)))
	}
	return nil
}

// Step is the checkpoint that the critic of a run belongs to, if there is one.
func Step(runDir string) (step int, ok bool) {
	d, ok := describe(runDir)
	return d.Step, ok
}

// HoldsText reports whether the critic of a run counts n-grams or limits copies: its directory
// then holds the training lines.
func HoldsText(runDir string) bool {
	d, _ := describe(runDir)
	return d.Lines != ""
}

// describe reads critic.json, if there is a critic.
func describe(runDir string) (d description, ok bool) {
	r, err := rundir.Open(runDir)
	if err != nil {
		return d, false
	}
	text, err := r.ReadFile(Dir + "/" + describeFile)
	if err == nil {
		d, err = parseDescription(text)
	}
	return d, err == nil
}
