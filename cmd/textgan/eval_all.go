package main

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"
	"gonum.org/v1/gonum/mat"

	"textgan/corpora"
	"textgan/eval"
	"textgan/eval/twosample"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/internal/machine"
	"textgan/train"
	"textgan/train/critic"
	"textgan/train/model"
)

// encoderOptions choose where sentence features come from.
type encoderOptions struct {
	Features bool   `opt:"features" default:"true" doc:"Frechet distance and MAUVE on sentence features"`
	Encoder  string `opt:"encoder" doc:"run whose model gives the features; without it one is trained on the reference, once: it is kept in the user's folder of caches" meta:"DIR"`
	NoCache  bool   `opt:"no-cache" doc:"train an encoder without looking for one that is kept, and do not keep it"`
}

type evalAllOptions struct {
	Run         []string `opt:"run" check:"paths" doc:"run directories of models to sample from" meta:"DIR,..."`
	Hyp         []string `opt:"hyp" check:"paths" doc:"texts to judge, one sentence per line; blank lines are empty sentences" meta:"FILE,..."`
	Ref         []string `opt:"ref" check:"paths" doc:"real text that no model has seen; default what the first run held out" meta:"FILE,..."`
	Train       string   `opt:"train" doc:"text that the generators were trained on; default that of the first run" meta:"FILE"`
	N           int      `opt:"n" default:"5000" check:"min=2,max=1000000000" doc:"sentences of each text, at most: several numbers depend on it"`
	Temperature float64  `opt:"temperature" default:"1" check:"min=0.001,max=1000" doc:"of the samples; likelihoods are always those at 1"`
	Checkpoint  string   `opt:"checkpoint" doc:"last, best or the number of a step; default best of a likelihood model, where a GAN begins, and last of others" meta:"NAME"`
	MaxN        int      `opt:"max-n" default:"5" check:"min=1,max=9" doc:"longest n-gram"`
	criticOptions
	encoderOptions
	Classifier bool   `opt:"classifier" default:"true" doc:"a fresh critic that tells each text from the reference"`
	Seed       uint64 `opt:"seed" default:"1" doc:"of the samples and MAUVE's clusters"`
	tokenizer
	textInput
	jsonOption
}

// judged is a column of the table.
type judged struct {
	Name string `json:"name"`
	Kind string `json:"kind"` // run, file, train, half
	eval.Measures
	TwoSample *twosample.Result  `json:"two_sample,omitempty"`
	NLL       *model.NLLs        `json:"nll,omitempty"`
	Language  *corpora.Judgement `json:"language,omitempty"` // of a built-in corpus
}

func evalAllCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "all", Usage: "every metric of models and texts in one table, beside real text",
		Description: "Two columns of real text are the ceiling: a sample of the training text, and one half of the\n" +
			"reference against the other half, which has fewer references. docs/metrics.md explains the rows:\n\n" + rowsHelp(),
	}, evalAll)
}

// rowsHelp is a line for every row about texts.
func rowsHelp() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range eval.Rows(0) {
		better := ""
		if r.Better != "" {
			better = " (" + r.Better + " is better)"
		}
		fmt.Fprintf(w, "%s\t%s%s\n", strings.Replace(r.Name, "-0", "-n", 1), r.Help, better)
	}
	w.Flush()
	return strings.TrimRight(b.String(), "\n")
}

// source is a text before it is judged.
type source struct {
	name, kind string
	lines      []string
	model      *model.Model // nil for a file
}

// idle refuses the first flag that has nothing to do.
func (o evalAllOptions) idle(flags config.Layer) error {
	for _, x := range []struct {
		name, why string
		idle      bool
	}{
		{"critic", "without --run: only a model has a critic", len(o.Run) == 0},
		{"checkpoint", "without --run: only a run has checkpoints", len(o.Run) == 0},
		{"temperature", "without --run: only a model draws samples", len(o.Run) == 0},
		{"encoder", "with --features=false", !o.Features},
		{"no-cache", "with --features=false", !o.Features},
		{"no-cache", "with --encoder, which is a trained one", o.Encoder != ""},
	} {
		if flag, ok := flags[x.name]; ok && x.idle {
			return usage("textgan eval all", "%s does nothing %s; drop it", strings.TrimSuffix(flag.Quote, " true"), x.why)
		}
	}
	return nil
}

// check reports the first thing that makes options unusable.
func (o evalAllOptions) check(given []config.Layer) error {
	const command = "textgan eval all"
	if len(o.Run)+len(o.Hyp) == 0 {
		return usage(command, "nothing to judge; give --run DIR or --hyp FILE")
	}
	if err := o.criticOptions.check(command, given); err != nil {
		return err
	}
	if err := o.idle(given[0]); err != nil {
		return err
	}
	if err := oneStdin(slices.Concat(o.Hyp, o.Ref, []string{o.Train})...); err != nil {
		return err
	}
	return cmp.Or(noneTwice(command, "run", o.Run), noneTwice(command, "hyp", o.Hyp), noneTwice(command, "ref", o.Ref))
}

func evalAll(c call[evalAllOptions]) error {
	o := c.opt
	if err := o.check(c.given); err != nil {
		return err
	}
	sources, real, err := evalSources(c)
	if err != nil {
		return err
	}
	k, err := o.tokenizer.tokens(firstModel(sources))
	if err != nil {
		return err
	}
	options := eval.SuiteOptions{Reference: real.held, Train: real.learnt, Tokenize: k.tokenize, Tokenizer: k.name, Case: k.letters, MaxN: o.MaxN, Seed: o.Seed}
	if options.Features, options.Encoder, err = evalFeatures(c, sources, real, k); err != nil {
		return err
	}
	var words []string // of all texts: comparable LM scores need one vocabulary
	for _, s := range sources {
		words = append(words, s.lines...)
	}
	suite, err := eval.NewSuite(options)
	if err != nil {
		return err
	}
	c.warnOfLearnt(suite.ReferenceLearnt(), len(real.held))
	texts, err := judgeAll(suite, words, sources)
	if err != nil {
		return err
	}
	if len(real.held) >= 4 { // each half needs two lines
		half, err := judgeHalf(options, words)
		if err != nil {
			return err
		}
		texts = append(texts, half)
	}
	if o.Classifier {
		classify(texts, sources, real.held, k, o.Seed)
	}
	for i, s := range sources {
		texts[i].askModel(s, real)
	}
	if o.JSON {
		return c.printJSON(struct {
			Temperature float64  `json:"temperature"`
			Encoder     string   `json:"encoder,omitempty"`
			Texts       []judged `json:"texts"`
		}{o.Temperature, options.Encoder, texts})
	}
	return c.printTable(texts)
}

// askModel adds what the model of a source says of real text, and the language of a
// built-in corpus of the source.
func (t *judged) askModel(s source, real realText) {
	if s.model != nil {
		n, err := s.model.NLLs(real.held, real.learnt, s.lines)
		if err != nil {
			t.LeaveOut("NLL", err)
		} else {
			t.NLL = &n
		}
	}
	if real.language != nil {
		j := corpora.Evaluate(real.language, s.lines)
		t.Language = &j
	}
}

// evalFeatures are Features and Encoder of eval.SuiteOptions, once the machine is known to
// have the memory for all that is to be judged.
func evalFeatures(c call[evalAllOptions], sources []source, real realText, k tokens) (features func([]string) (*mat.Dense, error), name string, err error) {
	o, dims := c.opt, train.EncoderDims
	var encoder *model.Model
	if o.Features && o.Encoder != "" {
		if encoder, dims, err = loadEncoder(o.Encoder, real.held); err != nil {
			return nil, "", err
		}
	}
	if err := foresee(k.tokenize, max(o.MaxN, 5), func(of func([]string) eval.Forecast) machine.Need {
		var texts []eval.Forecast
		most := 0
		for _, s := range sources {
			texts, most = append(texts, of(s.lines)), max(most, len(s.lines))
		}
		need := eval.SuiteNeeds(of(real.held), of(real.learnt), texts...)
		if o.Features {
			need = append(need, eval.FeaturesNeeds(float64(len(real.held)), float64(most), dims)...)
		}
		return need
	}); err != nil || !o.Features {
		return nil, "", err
	}
	if encoder == nil {
		encoder, err = c.trainEncoder(c.ctx, o.NoCache, real.held)
	}
	switch {
	case err != nil && c.ctx.Err() != nil:
		return nil, "", err
	case err != nil: // too little text to train one on: only what needs it is left out
		none := errors.New("no encoder can be trained on the reference: " + oneLine(err))
		return func([]string) (*mat.Dense, error) { return nil, none }, "", nil
	}
	return encoder.Features, encoder.EncoderName(), nil
}

// classify asks a fresh critic how far it tells each source from the reference, and
// one half of the reference from the other.
func classify(texts []judged, sources []source, held []string, k tokens, seed uint64) {
	words := eval.NewLexicon()
	reference := words.Add(held, k.tokenize)
	for i := range texts {
		t := &texts[i]
		real, lines := reference, [][]int32(nil)
		if i < len(sources) {
			lines = words.Add(sources[i].lines, k.tokenize)
		} else {
			lines, real = halves(reference)
		}
		r, err := twosample.Test(real, lines, seed)
		if err != nil {
			t.LeaveOut("two-sample accuracy", err)
		} else {
			t.TwoSample = &r
		}
	}
}

// evalSources reads and samples all that takes part.
func evalSources(c call[evalAllOptions]) (sources []source, real realText, err error) {
	o := c.opt
	models, err := c.loadAll(o.Run, o.Checkpoint, len(o.Ref) == 0)
	if err != nil {
		return nil, real, err
	}
	var first *model.Model
	if len(models) > 0 {
		first = models[0]
	}
	critics := make([]*critic.Critic, len(models))
	for i, m := range models {
		if o.Critic { // before anything is sampled
			if critics[i], err = critic.Load(o.Run[i], m); err != nil {
				return nil, real, err
			}
		}
	}
	for i, m := range models {
		lines, err := m.Sample(o.N, generator.SampleOptions{Temperature: o.Temperature, NoUnk: true}, o.Seed)
		if err != nil {
			return nil, real, err
		}
		sources = append(sources, source{o.Run[i], "run", lines, m})
		if o.Critic {
			chosen, err := o.criticOptions.sample(critics[i], m, o.N, generator.SampleOptions{Temperature: o.Temperature, NoUnk: true}, o.Seed)
			if err != nil {
				return nil, real, err
			}
			sources = append(sources, source{o.Run[i] + " by its critic", "critic", chosen, nil})
		}
	}
	in := o.textInput
	in.lines = o.N
	for _, name := range o.Hyp {
		text, err := c.openAs(asJudged, first, name, in)
		if err != nil {
			return nil, real, err
		}
		lines := text.WithBlanks()
		sources = append(sources, source{name, "file", lines[:min(o.N, len(lines))], nil})
	}
	if real, err = c.realText(first, o.Ref, o.Train, o.textInput, true); err != nil {
		return nil, real, err
	}
	if len(real.held) == 0 {
		return nil, real, usage("textgan eval all", "no real text to compare with; give --ref FILE")
	}
	if len(real.learnt) > 0 {
		// As many lines as the text that it is held against: self-BLEU, distinct-n
		// and the reverse LM score depend on their number.
		sources = append(sources, source{"train", "train", eval.Every(real.learnt, len(sources[0].lines)), nil})
	}
	return sources, real, nil
}

// firstModel is the model of the first run among sources, nil if there is none.
func firstModel(sources []source) *model.Model {
	for _, s := range sources {
		if s.model != nil {
			return s.model
		}
	}
	return nil
}

// judgeAll judges the sources by a suite that knows the words of further lines.
func judgeAll(suite *eval.Suite, words []string, sources []source) (texts []judged, err error) {
	if err := suite.Learn(words); err != nil {
		return nil, err
	}
	for _, s := range sources {
		m, err := suite.Judge(s.lines)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		texts = append(texts, judged{Name: s.name, Kind: s.kind, Measures: m})
	}
	return texts, nil
}

// halves are every other line of a text, from the first and from the second on.
func halves[T any](text []T) (first, second []T) {
	for i, line := range text {
		if i%2 == 0 {
			first = append(first, line)
		} else {
			second = append(second, line)
		}
	}
	return first, second
}

// judgeHalf holds every other line of the reference against the rest.
func judgeHalf(o eval.SuiteOptions, words []string) (judged, error) {
	words = slices.Concat(words, o.Reference, o.Train)
	lines, rest := halves(o.Reference)
	o.Reference, o.Train = rest, nil
	suite, err := eval.NewSuite(o)
	if err != nil {
		return judged{}, err
	}
	texts, err := judgeAll(suite, words, []source{{name: "half against half", kind: "half", lines: lines}})
	if err != nil {
		return judged{}, err
	}
	return texts[0], nil
}

// row is a line of the table: what is left empty does not apply to that text.
type row struct {
	name  string
	value func(t judged) string
}

// withError is a value with its error, which lines that were all judged alike do not have.
func withError(value, se float64) string {
	value = rounded(value, 4)
	if se == 0 {
		return fmt.Sprintf("%.4f", value)
	}
	return fmt.Sprintf("%.4f ± %.4f", value, se)
}

// evalRows are those of texts, and among them those of models and languages.
func evalRows(maxN int) (rows []row) {
	one := func(name string, value func(t judged) string) { rows = append(rows, row{name, value}) }
	nll := func(name string, get func(n *model.NLLs) *float64) {
		one(name, func(t judged) string {
			if t.NLL == nil || get(t.NLL) == nil {
				return ""
			}
			return fmt.Sprintf("%.4f", *get(t.NLL))
		})
	}
	language := func(name string, get func(*corpora.Judgement) string) {
		one(name, func(t judged) string {
			if t.Language == nil {
				return ""
			}
			return get(t.Language)
		})
	}
	for _, r := range eval.Rows(maxN) {
		one(r.Name, func(t judged) string { return r.Cell(t.Measures) })
		if r.Name != "reverse LM score" {
			continue
		}
		nll("NLL held out", func(n *model.NLLs) *float64 { return &n.Held })
		nll("NLL held out, known tokens", func(n *model.NLLs) *float64 { return &n.Known })
		nll("NLL of the training text", func(n *model.NLLs) *float64 { return n.Train })
		nll("NLL_gen as in papers", func(n *model.NLLs) *float64 { return n.Gen })
		nll("NLL of the own sentences", func(n *model.NLLs) *float64 { return &n.Own })
		nll("NLL_div as in papers", func(n *model.NLLs) *float64 { return n.Div })
		language("valid", func(j *corpora.Judgement) string { return fmt.Sprintf("%.2f %%", 100*validShare(j)) })
		language("NLL_oracle", oracleNLL)
	}
	one("two-sample accuracy", func(t judged) string {
		if t.TwoSample == nil {
			return ""
		}
		return withError(t.TwoSample.Accuracy, t.TwoSample.AccuracyErr)
	})
	one("two-sample nats", func(t judged) string {
		if t.TwoSample == nil {
			return ""
		}
		return withError(t.TwoSample.Nats, t.TwoSample.NatsErr)
	})
	return rows
}

// printTable prints a column for every text, without the rows that apply to
// none, and the signatures of the first.
func (p *process) printTable(texts []judged) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	cells := make([]string, len(texts))
	for i, t := range texts {
		cells[i] = t.Name
	}
	fmt.Fprintf(w, "\t%s\n", strings.Join(cells, "\t"))
	for _, r := range evalRows(len(texts[0].BLEU.ByOrder)) {
		some := false
		for i, t := range texts {
			cells[i] = r.value(t)
			some = some || cells[i] != ""
			cells[i] = cmp.Or(cells[i], "-")
		}
		if some {
			fmt.Fprintf(w, "%s\t%s\n", r.name, strings.Join(cells, "\t"))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(p.out)
	for _, t := range texts {
		for _, row := range slices.Sorted(maps.Keys(t.LeftOut)) {
			fmt.Fprintf(p.out, "%s: no %s: %s\n", t.Name, row, t.LeftOut[row])
		}
		if s := t.BLEU.Short; s > 0 {
			fmt.Fprintf(p.out, "%s: %s\n", t.Name, shortNote(s, t.Lines, len(t.BLEU.ByOrder)))
		}
	}
	signatures := texts[0].Signatures()
	if r := texts[0].TwoSample; r != nil {
		signatures = append(signatures, r.Signature)
	}
	_, err := fmt.Fprintln(p.out, strings.Join(signatures, "\n"))
	return err
}

// rounded is v to a number of decimal places, and 0 where that would be -0.
func rounded(v float64, places int) float64 {
	unit := math.Pow10(places)
	return math.Round(v*unit)/unit + 0
}
