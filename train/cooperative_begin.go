package train

import (
	"cmp"
	"math"
	"slices"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/generator"
	"textgan/internal/rng"
	"textgan/vocab"
)

// How a round begins: sentences are drawn, a critic is trained, and they are weighed by it.

// begin draws and weighs the sentences of a round. stop is said when the critic can tell
// next to nothing. After an error nothing has changed; a run of one process that is asked
// to stop is an error within seconds.
func (p *cooperative) begin(round int) (stop bool, err error) {
	models := []*generator.Generator{p.gen}
	if p.back != nil {
		models = append(models, p.back.gen)
	}
	for _, gen := range models {
		gen.SetStop(p.asked())
		defer gen.SetStop(nil)
	}
	var e Evaluation
	if err := p.fit.Validate(&e, p.d.Held); err != nil {
		return false, err
	}
	now := roundState{NLL: e.NLL}
	own, err := p.draw(p.gen, p.CoopSentences, round, 0)
	if err != nil {
		return false, err
	}
	if p.Critic == "none" {
		p.keep(own.x, make([]float64, len(own.x)), nil, round)
		return false, p.enter(now)
	}
	if p.back != nil {
		logProbs := make([]float64, len(own.x))
		if err := (ratio.Reversed{LogProber: p.back.gen.NewScorer()}).LogProbs(logProbs, own.x); err != nil {
			return false, err
		}
		own.known.Models = [][]float64{logProbs}
	}
	critic, report, err := p.trainCritic(own, round)
	if err != nil {
		return false, err
	}
	now.Loss, now.Gain = report.Loss, report.Gain
	if report.Loss > math.Ln2-criticTellsNothing {
		return true, p.enter(now)
	}
	proposals, err := p.propose(own, round)
	if err != nil {
		return false, err
	}
	logW, logU, err := p.weigh(critic, proposals)
	if err != nil {
		return false, err
	}
	now.Effective = p.keep(proposals.x, logW, logU, round)
	return false, p.enter(now)
}

// asked tells whatever takes long in the beginning of a round whether to stop. Nothing is
// asked in a team, whose processes have to agree.
func (p *cooperative) asked() func() bool {
	if p.cut.team != nil {
		return nil
	}
	return p.stop
}

// enter begins a round with the generator as it is, the optimiser new.
func (p *cooperative) enter(now roundState) error {
	p.now = now
	for _, m := range p.opt.State() {
		clear(m.Data)
	}
	p.opt.Restore(0)
	return cmp.Or(p.was.Params().Set(p.gen.Params()), p.mean.Set(p.gen.Params()))
}

// drawn are sentences, with the log p that nobody is asked for twice.
type drawn struct {
	x     [][]int32
	known ratio.Known
}

// draw draws n sentences that a model has written, and tells what it says of them itself where
// the critic asks. part tells the draws of a round apart.
func (p *cooperative) draw(gen *generator.Generator, n, round, part int) (s drawn, err error) {
	sampler, err := gen.NewSampler(generator.SampleOptions{MaxLen: p.T})
	if err != nil {
		return s, err
	}
	key := rng.Key{Seed: rng.Apart(p.Seed, "coop"), Stream: rng.Sample, Step: uint32(4*round + part)}
	if p.criticAsks(ratio.Ratio) || p.criticAsks(ratio.Ngram) {
		s.x, s.known.Generator = sampler.RowsScored(n, key, 0)
	} else {
		s.x = sampler.Rows(n, key, 0)
	}
	if asked := p.asked(); asked != nil && asked() {
		err = ErrInterrupted
	}
	return s, err
}

// trainCritic trains the critic of a round against the generator's own sentences.
func (p *cooperative) trainCritic(own drawn, round int) (*ratio.Critic, ratio.Report, error) {
	heldOwn, err := p.draw(p.gen, max(1000, 4*len(p.d.Held)), round, 1)
	if err != nil {
		return nil, ratio.Report{}, err
	}
	critic, err := p.newCritic()
	if err != nil {
		return nil, ratio.Report{}, err
	}
	texts := ratio.Texts{
		Real: vocab.WithEnds(p.d.Train), HeldReal: vocab.WithEnds(p.d.Held),
		Fake: own.x, KnownFake: own.known, HeldFake: heldOwn.x, KnownHeldFake: heldOwn.known,
	}
	options := ratio.FitOptions{Seed: p.Seed + uint64(round)<<32, Stop: p.asked()}
	if p.CoopLearnFrom == "held-out" {
		options.Folds = min(ratio.FoldsOfRound, len(p.d.Held))
	}
	report, err := critic.Fit(texts, options)
	return critic, report, err
}

// propose returns the sentences that a round learns from: its own or, with a backwards model, half
// of them and as many of that model's.
func (p *cooperative) propose(own drawn, round int) (drawn, error) {
	if p.back == nil {
		return own, nil
	}
	right, err := p.draw(p.back.gen, p.CoopSentences/2, round, 2)
	if err != nil {
		return drawn{}, err
	}
	for i, s := range right.x {
		right.x[i] = ratio.Reverse(s)
	}
	ofRight := make([]float64, len(right.x)) // log p by the generator
	if err := p.gen.NewScorer().LogProbs(ofRight, right.x); err != nil {
		return drawn{}, err
	}
	left := p.CoopSentences - len(right.x)
	return drawn{slices.Concat(own.x[:left], right.x), ratio.Known{
		Generator: slices.Concat(own.known.Generator[:left], ofRight),
		Models:    [][]float64{slices.Concat(own.known.Models[0][:left], right.known.Generator)},
	}}, nil
}

// weigh returns the logs of the weights w of sentences, and of u.
func (p *cooperative) weigh(critic *ratio.Critic, s drawn) (logW, logU []float64, err error) {
	logW, features, err := critic.ScoresKnown(s.x, s.known)
	if err != nil {
		return nil, nil, err
	}
	logU = make([]float64, len(logW))
	if p.back != nil { // the balance heuristic of both sides
		for i, f := range features {
			logU[i] = -ratio.LogMixture([]float64{0.5, 0.5}, f[:1])
			logW[i] += logU[i]
		}
	}
	if p.CoopCalibrate {
		p.calibrate(logW, s.x)
	}
	return logW, logU, nil
}

// calibrate moves the log weights of sentences so that the means of their statistics
// are those of the training lines.
func (p *cooperative) calibrate(log []float64, sentences [][]int32) {
	real := vocab.WithEnds(p.d.Train)
	statistics := ratio.NewStatistics(p.d.Vocab.Size(), real)
	of := func(sentences [][]int32) [][]float32 {
		rows := make([][]float32, len(sentences))
		for i := range rows {
			rows[i] = make([]float32, statistics.Width())
		}
		_ = statistics.Fill(rows, sentences) // which cannot fail
		return rows
	}
	want := make([]float64, statistics.Width())
	for _, row := range of(real) {
		for j, v := range row {
			want[j] += float64(v) / float64(len(real))
		}
	}
	ratio.Calibrate(log, of(sentences), want)
}

// newCritic is an untrained critic; with a backwards model its first feature is the
// log ratio.
func (p *cooperative) newCritic() (*ratio.Critic, error) {
	sources := ratio.Sources{Generator: p.gen.NewScorer(), Statistics: ratio.NewStatistics(p.d.Vocab.Size(), vocab.WithEnds(p.d.Train))}
	if p.back != nil {
		sources.Backwards = []ratio.LogProber{p.back.gen.NewScorer()}
	}
	if p.criticAsks(ratio.Ngram) {
		counts, err := eval.NewKneserNey(p.d.Train, p.CoopNgram, p.d.Vocab.Size())
		if err != nil {
			return nil, err
		}
		sources.Ngram = ratio.Counted{Counts: counts}
	}
	critic, _, err := ratio.Compose(p.CriticFeatures(), sources)
	return critic, err
}

// maxWeight bounds what one sentence can count for, in means.
const maxWeight = 50

// keep fills the pool with sentences in a random order, with their weights by the logs of w
// and u, up to a factor each; without a control u counts as 0. The result is the effective
// share, (sum w)^2 / (n sum w^2).
func (p *cooperative) keep(sentences [][]int32, logW, logU []float64, round int) (effective float64) {
	draws := rng.Key{Seed: rng.Apart(p.Seed, "coop"), Stream: rng.Choice, Step: uint32(round)}.Rand()
	w, u := meanOne(logW), make([]float64, len(logW))
	if p.controlled() {
		u = meanOne(logU)
	}
	clear(p.pool.Data)
	sum, squares := 0.0, 0.0
	for i, at := range draws.Perm(len(sentences)) {
		for j, id := range sentences[i] {
			p.pool.Data[at*p.T+j] = float32(id)
		}
		p.weights.Data[2*at], p.weights.Data[2*at+1] = float32(w[i]-u[i]), float32(u[i])
		sum, squares = sum+w[i], squares+w[i]*w[i]
	}
	return sum * sum / squares / float64(len(w))
}

// meanOne are the exponentials of logs, up to a factor that gives them a mean of 1, none
// counting for more than maxWeight.
func meanOne(log []float64) []float64 {
	top, sum := slices.Max(log), 0.0
	out := make([]float64, len(log))
	for i, v := range log {
		out[i] = math.Exp(v - top)
		sum += out[i]
	}
	for i := range out {
		out[i] = min(out[i]*float64(len(log))/sum, maxWeight)
	}
	return out
}
