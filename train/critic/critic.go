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
	"textgan/internal/machine"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Options of Train; zero values stand for the defaults.
type Options struct {
	Features  []string       // of ratio.FeatureNames; default stat, and ratio if there are backwards models
	Backwards []*model.Model // runs of --backwards on the same text, with the same vocabulary
	// Own is the backwards model that the run itself has trained, for which Backwards may
	// stand.
	Own       *generator.Generator
	Order     int       // of the n-grams; default 3
	Sentences int       // of the generator's own that are learnt; default 20000
	LearnFrom LearnFrom // default HeldOut with the feature ngram, and Learnt without
	// CopyLimit bounds what the critic makes sentences copy: the longest run of a sentence that one
	// training line holds, as a share of the sentence, may on average exceed that of the
	// generator's own sentences by so much, when one of four of them is resampled at temperature 1.
	// 0.01 is one point; nil: no bound.
	CopyLimit *float64
	Fit       ratio.FitOptions
}

// LearnFrom is which real lines a critic learns.
type LearnFrom string

// The lines.
const (
	Learnt  LearnFrom = "train"    // those that the models have learnt; judged by the held-out ones
	HeldOut LearnFrom = "held-out" // those that were held out; judged by cross-validation
)

// heldSentences is how many own sentences judge the critic.
const heldSentences = 3000

// Critic is a critic with the generator that it belongs to.
type Critic struct {
	*ratio.Critic
	ratio.Report
	Features  []string
	CopyLimit *float64 // as in Options

	model      *model.Model
	statistics *ratio.Statistics
	backwards  []*generator.Generator // none without the feature "ratio"
	ngram      *eval.KneserNey        // of lines; nil without the feature "ngram"
	lines      [][]int32              // training lines without their ends, if ngram or the limit asks them
	ratioAt    int                    // number of the first log ratio among the features, -1 if there is none
}

// Train trains a critic against a model at temperature 1, on the text that the
// model has learnt and has held out. Once o.Fit.Stop says true it is an error, within
// seconds; nobody else may use the models meanwhile if there is one.
func Train(m *model.Model, o Options) (*Critic, error) {
	o.complete()
	if err := o.check(m); err != nil {
		return nil, &OptionError{err}
	}
	texts, err := realTexts(m)
	if err != nil {
		return nil, err
	}
	if err := o.need(m, texts.Real).Check(); err != nil {
		return nil, &OptionError{fmt.Errorf("the critic %w", err)}
	}
	c, err := untrained(m, o, texts.Real)
	if err != nil {
		return nil, err
	}
	models := slices.Clone(c.backwards)
	if g, ok := m.Generator.(*generator.Generator); ok {
		models = append(models, g)
	}
	for _, g := range models {
		g.SetStop(o.Fit.Stop)
		defer g.SetStop(nil)
	}
	if err := c.draw(&texts, o); err != nil {
		return nil, err
	}
	if o.LearnFrom == HeldOut {
		o.Fit.Folds = min(ratio.FoldsOfRun, len(texts.HeldReal))
	}
	c.Report, err = c.Fit(texts, o.Fit)
	return c, err
}

// complete sets the defaults.
func (o *Options) complete() {
	if o.Sentences == 0 {
		o.Sentences = 20000
	}
	if o.Order == 0 {
		o.Order = 3
	}
	if o.Features == nil {
		o.Features = []string{ratio.Stat}
		if len(o.Backwards) > 0 || o.Own != nil {
			o.Features = []string{ratio.Stat, ratio.Ratio}
		}
	}
	if o.LearnFrom == "" {
		o.LearnFrom = Learnt
		if o.counts() { // it knows these by heart
			o.LearnFrom = HeldOut
		}
	}
}

// counts reports whether the critic asks n-grams.
func (o Options) counts() bool { return slices.Contains(o.Features, ratio.Ngram) }

// realTexts are the lines that a model has learnt and those that it has held out.
func realTexts(m *model.Model) (texts ratio.Texts, err error) {
	learnt, held, err := m.Text()
	if err != nil {
		return texts, err
	}
	if n := len(held.Lines); n < 2 {
		return texts, &OptionError{fmt.Errorf("the run holds out %d of %d lines, where a critic needs 2 to be judged by; train it with a larger --valid-fraction, or give --valid", n, n+len(learnt.Lines))}
	}
	encode := func(lines []string) ([][]int32, error) {
		ids, err := m.Vocab.EncodeAll(lines, vocab.EncodeOptions{MaxLen: m.Config.MaxLen, Truncate: true})
		return vocab.WithEnds(ids), err
	}
	if texts.Real, err = encode(learnt.Lines); err != nil {
		return texts, err
	}
	texts.HeldReal, err = encode(held.Lines)
	return texts, err
}

// need is the memory that a critic of a model takes whose training lines are given, ends included.
func (o Options) need(m *model.Model, lines [][]int32) machine.Need {
	const fixed = 180 // bytes of a sentence besides its ids: features, scores and what refers to them
	n := float64(o.Sentences + heldSentences)
	need := machine.Need{{What: "the generator's sentences", Bytes: n * float64(4*(m.Config.MaxLen+1)+fixed), Lower: "--sentences"}}
	tokens := 0
	for _, x := range lines {
		tokens += len(x)
	}
	if o.counts() {
		need = append(need, machine.Part{What: "the n-grams of the training text", Bytes: eval.KneserNeyBytes(tokens, o.Order), Lower: "--features without ngram"})
	}
	if o.CopyLimit != nil {
		need = append(need, machine.Part{What: "the runs of the training text", Bytes: bytesOfCopied(tokens + len(lines)), Lower: "no --copy-limit"})
	}
	return need
}

// untrained is a critic of a model before it has learnt anything. lines are the training lines,
// ends included.
func untrained(m *model.Model, o Options, lines [][]int32) (c *Critic, err error) {
	c = &Critic{Features: o.Features, CopyLimit: o.CopyLimit, model: m, statistics: ratio.NewStatistics(m.Vocab.Size(), lines)}
	for _, b := range o.Backwards {
		c.backwards = append(c.backwards, b.Generator.(*generator.Generator)) // as check has seen
	}
	if len(c.backwards) == 0 && slices.Contains(o.Features, ratio.Ratio) {
		c.backwards = append(c.backwards, o.Own)
	}
	if o.counts() || o.CopyLimit != nil {
		c.lines = make([][]int32, len(lines))
		for i, x := range lines {
			c.lines[i] = vocab.WithoutEnd(x)
		}
	}
	if o.counts() {
		if c.ngram, err = eval.NewKneserNey(c.lines, o.Order, m.Vocab.Size()); err != nil {
			return nil, err
		}
	}
	if err := c.build(); err != nil {
		return nil, &OptionError{err}
	}
	return c, nil
}

// draw adds the generator's own sentences to the texts, with their log p if the critic asks it.
func (c *Critic) draw(texts *ratio.Texts, o Options) error {
	s, err := c.model.Generator.NewSampler(generator.SampleOptions{MaxLen: c.model.Config.MaxLen + 1})
	if err != nil {
		return err
	}
	key := rng.Key{Seed: o.Fit.Seed, Stream: rng.Critic, Step: rng.CriticSamples}
	var own [][]int32
	if _, err := logProber(c.model.Generator); err != nil || c.ratioAt < 0 { // nobody asks for log p
		own = s.Rows(o.Sentences+heldSentences, key, 0)
	} else {
		var logProbs []float64
		own, logProbs = s.RowsScored(o.Sentences+heldSentences, key, 0)
		texts.KnownFake.Generator, texts.KnownHeldFake.Generator = logProbs[:o.Sentences], logProbs[o.Sentences:]
	}
	texts.Fake, texts.HeldFake = own[:o.Sentences], own[o.Sentences:]
	if stop := o.Fit.Stop; stop != nil && stop() {
		return ratio.ErrStopped
	}
	return nil
}

// OptionError is the error of options that do not fit the model.
type OptionError struct{ err error }

func (e *OptionError) Error() string { return e.err.Error() }

// check refuses what cannot be trained against m.
func (o Options) check(m *model.Model) error {
	for _, name := range o.Features {
		switch {
		case !slices.Contains(ratio.FeatureNames, name):
			return ratio.UnknownFeature(name)
		case name == ratio.Ratio && len(o.Backwards) == 0 && o.Own == nil:
			return errors.New("the feature ratio needs a backwards model; give --backwards RUN")
		}
	}
	if o.LearnFrom != Learnt && o.LearnFrom != HeldOut {
		return fmt.Errorf("lines to learn from %q are not known; use train or held-out", o.LearnFrom)
	}
	if len(o.Backwards) > 0 && !slices.Contains(o.Features, ratio.Ratio) {
		return errors.New("a critic without the feature ratio does not ask --backwards; add ratio to --features, or drop it")
	}
	if m.Config.Backwards {
		return errors.New("a run of --backwards is what a critic uses; train one for a run that writes forwards")
	}
	for _, b := range o.Backwards {
		switch {
		case !b.Config.Backwards:
			return errors.New("the backwards run was not trained with --backwards")
		case b.Vocab.Hash() != m.Vocab.Hash():
			return errors.New("the backwards run has another vocabulary; train it with the same --corpus, --tokenizer, --min-count, --vocab-size, --seed and split")
		case b.HasLearntHeldOut(m):
			return errors.New("the backwards run has learnt lines that the run holds out; train it with the same --seed and split")
		}
	}
	return nil
}

// build makes the untrained critic over the features, in the order in which they are named.
func (c *Critic) build() error {
	sources := ratio.Sources{Statistics: c.statistics}
	own, err := logProber(c.model.Generator)
	switch {
	case err == nil:
		sources.Generator = own
	case slices.Contains(c.Features, ratio.Ratio):
		return fmt.Errorf("the feature ratio: %w; take --features stat,ngram", err)
	}
	for _, b := range c.backwards {
		sources.Backwards = append(sources.Backwards, b.NewScorer())
	}
	if c.ngram != nil {
		sources.Ngram = ratio.Counted{Counts: c.ngram}
	}
	if c.Critic, c.ratioAt, err = ratio.Compose(c.Features, sources); err != nil || c.CopyLimit == nil {
		return err
	}
	if len(c.lines) == 0 { // of a damaged description
		return errors.New("a limit on copies without the training lines")
	}
	return c.Critic.Limit(newCopied(c.lines), *c.CopyLimit)
}

// logProber is what tells log p of sentences.
func logProber(g generator.Model) (ratio.LogProber, error) {
	m, ok := g.(*generator.Generator)
	if !ok {
		return nil, generator.ErrBounded
	}
	return m.NewScorer(), nil
}

// SampleOptions of a Sampler.
type SampleOptions struct {
	generator.SampleOptions              // of the proposals
	Method                  ratio.Method // default resample
	Candidates              int          // proposals of a sentence, default 8 from both sides and 4 from one
	Both                    bool         // let half of the proposals come from the backwards models, in turn
	Seed                    uint64
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

// NewSampler returns a sampler of the model's sentences by the critic.
func (c *Critic) NewSampler(o SampleOptions) (*ratio.Sampler, error) {
	if o.Candidates == 0 {
		o.Candidates = 4
		if o.Both {
			o.Candidates = 8
		}
	}
	if o.MaxLen == 0 {
		o.MaxLen = c.model.Config.MaxLen + 1
	}
	if o.MaxLen > c.model.Config.MaxLen+1 {
		return nil, fmt.Errorf("the critic reads sentences of up to %d tokens, not %d", c.model.Config.MaxLen, o.MaxLen-1)
	}
	forward, err := c.model.Generator.NewSampler(o.SampleOptions)
	if err != nil {
		return nil, err
	}
	// A sampler tells log p as the critic has learnt it, if it knows the whole sentence and
	// draws by the same products.
	proposer := func(s *generator.Sampler) ratio.Proposer {
		if o.BF16 || len(o.Prompt) > 0 {
			return struct{ ratio.Proposer }{s}
		}
		return s
	}
	s, err := ratio.NewSampler(c.Critic, proposer(forward), ratio.SampleOptions{Method: o.Method, K: o.Candidates, Bound: c.Bound, Key: rng.Key{Seed: o.Seed}})
	if err != nil || !o.Both {
		return s, err
	}
	if !c.HasBackwards() {
		return nil, errors.New("the critic has no backwards model to propose sentences; train it with --backwards RUN, or take --proposals forward")
	}
	if len(o.Prompt) > 0 {
		return nil, errors.New("a backwards model does not begin with the prompt; take --proposals forward")
	}
	var right []ratio.Proposer
	for _, b := range c.backwards {
		r, err := b.NewSampler(o.SampleOptions)
		if err != nil {
			return nil, err
		}
		right = append(right, proposer(r))
	}
	return s, s.AlsoBackwards(c.ratioAt, right...)
}

// HasBackwards reports whether there is a backwards model.
func (c *Critic) HasBackwards() bool { return len(c.backwards) > 0 }

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
	if errors.Is(err, fs.ErrNotExist) {
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
