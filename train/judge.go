package train

import (
	"textgan/corpora"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train/rundir"
)

// Evaluation is what a run says of its generator at a step. Samples are without
// <unk>, as those of Model.Sample with NoUnk. BLEU and self-BLEU are sentence-level with method1 smoothing; BLEU's references are all
// held-out lines.
type Evaluation struct {
	Phase     Phase
	Step      int
	NLL       float64            // nats per held-out token, the end of sentence included; of a VAE its bound
	Samples   int                // sentences drawn at temperature 1
	BLEU      eval.ByOrder       // orders 1 to 5
	SelfBLEU  eval.ByOrder       // orders 1 to 5
	Different float64            // share of different sentences
	Language  *corpora.Judgement // of a built-in corpus: validity and NLL_oracle
	Example   []string           // a few of the samples
	VAE       *generator.VAETally
	Best      bool // is NLL the lowest of the run, among those that count?
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
	if e.VAE != nil {
		f = append(f, fieldsOf(*e.VAE)...)
	}
	return f
}

// judge holds what an evaluation needs and does not change.
type judge struct {
	t       *Trainer
	sampler *generator.Sampler // as the commands sample and eval all draw
	lexicon *eval.Lexicon
	refs    *eval.References
}

// evalOrders is the highest n of BLEU-n during training.
const evalOrders = 5

func newJudge(t *Trainer) (*judge, error) {
	j := &judge{t: t, lexicon: eval.NewLexicon()}
	var err error
	if j.sampler, err = t.lm.NewSampler(generator.SampleOptions{MaxLen: t.Data.MaxT, NoUnk: true}); err != nil {
		return nil, err
	}
	refs := j.lexicon.Add(t.Data.Valid.Lines, t.Data.Vocab.Tokenizer().Tokenize)
	j.refs, err = eval.NewReferences(refs, evalOrders)
	return j, err
}

// score sets the validation NLL, or what stands for it.
func (j *judge) score(e *Evaluation) error {
	t := j.t
	if t.vae == nil {
		held, err := t.score.NLL(t.Data.Held)
		e.NLL = held.PerToken()
		return err
	}
	v, err := t.vae.scorer.Score(t.Data.Held, t.VAESamples, t.Seed)
	e.VAE, e.NLL = &v, v.PerToken(v.Bound())
	return err
}

func (j *judge) evaluate(step int) (Evaluation, []string, error) {
	t := j.t
	e := Evaluation{Step: step, Samples: t.EvalSamples}
	if err := j.score(&e); err != nil {
		return e, nil, err
	}
	v := t.Data.Vocab
	lines := make([]string, 0, t.EvalSamples)
	different := map[string]bool{}
	for _, ids := range j.sampler.Sample(t.EvalSamples, rng.Key{Seed: t.Seed, Stream: rng.Eval, Step: uint32(step)}) {
		line := v.Decode(ids)
		lines = append(lines, line)
		different[line] = true
	}
	e.Different = float64(len(different)) / float64(len(lines))
	e.Example = lines[:min(5, len(lines))]
	tokenize := v.Tokenizer().Tokenize
	opt := eval.Options{MaxN: evalOrders}
	bleu, err := eval.BLEU(j.refs, j.lexicon.Find(lines, tokenize), opt)
	if err != nil {
		return e, nil, err
	}
	e.BLEU = bleu.ByOrder
	if len(lines) > 1 {
		self, err := eval.SelfBLEU(eval.NewLexicon().Add(lines, tokenize), opt)
		if err != nil {
			return e, nil, err
		}
		e.SelfBLEU = self.ByOrder
	}
	if lang := t.Data.Corpus.Language; lang != nil {
		judged := corpora.Evaluate(lang, lines)
		e.Language = &judged
	}
	return e, lines, nil
}
