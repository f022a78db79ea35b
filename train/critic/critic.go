package critic

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/machine"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/vocab"
)

// Options of Train; zero values stand for the defaults.
type Options struct {
	Features  []string       // of ratio.FeatureNames; default stat, and ratio if there are backwards models
	Backwards []*model.Model // runs of --backwards on the same text, with the same vocabulary
	// Own is the backwards model that the run itself has trained, asked if there are no Backwards.
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
	for i, name := range o.Features {
		switch {
		case !slices.Contains(ratio.FeatureNames, name):
			return ratio.UnknownFeature(name)
		case slices.Contains(o.Features[:i], name):
			return fmt.Errorf("the feature %s is named twice; name it once", name)
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
		run := strings.TrimSpace("the backwards run " + b.Dir())
		switch {
		case !b.Config.Backwards:
			return fmt.Errorf("%s was not trained with --backwards", run)
		case b.Vocab.Hash() != m.Vocab.Hash():
			return fmt.Errorf("%s has another vocabulary; train it with the same --corpus, --tokenizer, --min-count, --vocab-size, --seed and split", run)
		case b.HasLearntHeldOut(m):
			return fmt.Errorf("%s has learnt lines that the run holds out; train it with the same --seed and split", run)
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
