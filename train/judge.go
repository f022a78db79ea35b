package train

import (
	"slices"

	"textgan/corpora"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train/rundir"
)

// Evaluation is what a run says of its generator at a step. Samples are without
// <unk>, as those of Model.Sample with NoUnk. BLEU and self-BLEU are
// sentence-level with method1 smoothing; BLEU's references are all held-out
// lines.
type Evaluation struct {
	Phase     string
	Step      int
	NLL       float64            // nats per held-out token, the end of sentence included; of a VAE its bound
	Samples   int                // sentences drawn at temperature 1
	BLEU      eval.ByOrder       // orders 1 to 5
	SelfBLEU  eval.ByOrder       // orders 1 to 5
	Different float64            // share of different sentences
	Language  *corpora.Judgement // of a built-in corpus: validity and NLL_oracle
	Example   []string           // a few of the samples
	VAE       *generator.VAETally
	More      string // of a VAE, in words
	Best      bool   // is NLL the lowest of the run, among those that count?
	EndsBest  bool   // will the phase end with the weights of its lowest NLL, and not with its last?
	more      []rundir.Field
}

func (e Evaluation) fields() []rundir.Field {
	f := []rundir.Field{{Name: "nll/valid", Value: e.NLL}, {Name: "different", Value: e.Different}}
	for n := 2; n <= len(e.BLEU); n++ {
		f = append(f, rundir.Field{Name: "bleu/" + string(rune('0'+n)), Value: e.BLEU[n-1]})
	}
	for n := 2; n <= len(e.SelfBLEU); n++ {
		f = append(f, rundir.Field{Name: "self_bleu/" + string(rune('0'+n)), Value: e.SelfBLEU[n-1]})
	}
	if e.Language != nil {
		f = append(f, rundir.Field{Name: "valid", Value: float64(e.Language.Valid) / float64(e.Language.Sentences)},
			rundir.Field{Name: "nll_oracle", Value: e.Language.PerToken})
	}
	return append(f, e.more...)
}

// judge holds what an evaluation needs and does not change.
type judge struct {
	sampler *generator.Sampler // as the commands sample and eval all draw
	lexicon *eval.Lexicon
	refs    *eval.References
}

// evalOrders is the highest n of BLEU-n during training.
const evalOrders = 5

func newJudge(t *Trainer) (*judge, error) {
	j := &judge{lexicon: eval.NewLexicon()}
	var err error
	if j.sampler, err = t.LanguageModel().NewSampler(generator.SampleOptions{MaxLen: t.Data.MaxT, NoUnk: true}); err != nil {
		return nil, err
	}
	refs := j.lexicon.Add(t.Data.Valid.Lines, t.Data.Vocab.Tokenizer().Tokenize)
	j.refs, err = eval.NewReferences(refs, evalOrders)
	return j, err
}

// Evaluate judges the generator as it stands, by samples that the step names. A run of one
// process that is asked to stop meanwhile is ErrInterrupted.
func (t *Trainer) Evaluate(step int) (Evaluation, []string, error) {
	j := t.judge
	stop := func() bool { return t.common.cut.team == nil && t.common.stopped() } // a team has to agree
	if g, ok := t.LanguageModel().(interface{ SetStop(func() bool) }); ok {
		g.SetStop(stop)
		defer g.SetStop(nil)
	}
	e := Evaluation{Step: step, Samples: t.Config.EvalSamples}
	err := t.fit.Validate(&e, t.Data.Held)
	if stop() {
		return e, nil, ErrInterrupted
	}
	if err != nil {
		return e, nil, err
	}
	v := t.Data.Vocab
	lines := make([]string, 0, t.Config.EvalSamples)
	different := map[string]bool{}
	for _, ids := range j.sampler.Sample(t.Config.EvalSamples, rng.Key{Seed: t.Config.Seed, Stream: rng.Eval, Step: uint32(step)}) {
		line := v.Decode(ids)
		lines = append(lines, line)
		different[line] = true
	}
	if stop() {
		return e, nil, ErrInterrupted
	}
	e.Different = float64(len(different)) / float64(len(lines))
	e.Example = slices.Clone(lines[:min(5, len(lines))]) // which keep no others alive
	tokenize := v.Tokenizer().Tokenize
	opt := eval.Options{MaxN: evalOrders}
	bleu, err := eval.BLEU(j.refs, j.lexicon.Find(lines, tokenize), opt)
	if err != nil {
		return e, nil, err
	}
	e.BLEU = bleu.ByOrder
	if stop() {
		return e, nil, ErrInterrupted
	}
	if len(lines) > 1 {
		self, err := eval.SelfBLEU(eval.NewLexicon().Add(lines, tokenize), opt)
		if err != nil {
			return e, nil, err
		}
		e.SelfBLEU = self.ByOrder
	}
	if lang := t.Data.Learnt.Language; lang != nil {
		judged := corpora.Evaluate(lang, lines)
		e.Language = &judged
	}
	return e, lines, nil
}
