package train

import (
	"fmt"
	"math"
	"slices"

	"textgan/discriminator"
	"textgan/generator"
	"textgan/generator/relax"
	"textgan/internal/op"
	"textgan/internal/rng"
	"textgan/train/rundir"
	"textgan/vocab"
)

// scoreFunction is an estimator that differentiates log p of sampled sentences,
// with a reward from the discriminator's scores.
type scoreFunction struct {
	baseline relax.Baseline[float32] // one reward a sentence; nil if every token has a value of its own
	actions  relax.Actions[float32]  // values for several tokens at every place; nil for the drawn one alone
	rollouts int                     // sentences that make a value
}

// Estimator is a gradient through the choice of words: a relaxation, through
// which the discriminator is differentiated, or a score function.
type Estimator struct {
	Name    string
	choice  op.Choice // how a rollout takes it; nil for a score function by rewards alone
	relaxed bool
	score   *scoreFunction // nil for what a rollout takes
}

// Relaxed reports whether the discriminator judges relaxed words, through which
// it is differentiated: with a temperature, and with something to feed back.
func (e Estimator) Relaxed() bool { return e.relaxed }

// Hard reports whether the discriminator sees sentences of ids.
func (e Estimator) Hard() bool { return e.choice == nil || e.choice.Hard() }

// joint reports whether a sentence's gradient looks at the others of its batch.
func (e Estimator) joint() bool {
	_, ok := e.choice.(op.Joint)
	return ok
}

// drawsAt is the temperature of the law that sentences are drawn from.
func (e Estimator) drawsAt() float64 {
	if t, ok := e.choice.(relax.Tempered); ok {
		return t.DrawsAt()
	}
	return 1
}

// ratios reports whether the estimator takes the discriminator's scores for log
// density ratios.
func (e Estimator) ratios() bool {
	return e.score != nil && e.score.baseline != nil && e.score.baseline.Reads() == relax.LogRatios
}

// Unbiased reports whether the mean of the estimate is the gradient of the expected
// loss. maligan has another objective.
func (e Estimator) Unbiased() bool { return !e.Relaxed() && !e.ratios() }

// Suits says why the estimator cannot be used with an objective; nil if it can.
func (e Estimator) Suits(o Objective) error {
	if (!e.Relaxed() || e.joint()) && o.Couples() {
		return fmt.Errorf("train: %s couples the sentences of a batch, so none has a reward of its own; choose another --objective for --estimator %s", o, e.Name)
	}
	if e.ratios() && o != Standard && o != RSGAN {
		return fmt.Errorf("train: --estimator %s takes the discriminator's scores for log density ratios, which they are under --objective %s and %s, not %s", e.Name, Standard, RSGAN, o)
	}
	return nil
}

// WarmUp is the number of draws after which the estimator has settled.
func (e Estimator) WarmUp() int {
	decay := 0.
	if m := e.movingAverage(); m != nil {
		decay = m.Decay
	} else if d := e.doubleCV(); d != nil && d.Auto {
		decay = relax.AlphaDecay
	}
	if decay == 0 {
		return 2
	}
	return int(min(math.Ceil(5/(1-decay)), 1000))
}

// doubleCV is the estimator, if it is that one, and else nil.
func (e Estimator) doubleCV() *relax.DoubleCV[float32] {
	d, _ := e.choice.(*relax.DoubleCV[float32])
	return d
}

// movingAverage is the baseline of earlier batches; nil if there is none.
func (e Estimator) movingAverage() *relax.MovingAverage[float32] {
	if e.score == nil {
		return nil
	}
	m, _ := e.score.baseline.(*relax.MovingAverage[float32])
	return m
}

// ParseEstimator finds an estimator in the table of package relax.
func ParseEstimator(spec string) (Estimator, error) {
	e := Estimator{Name: spec}
	m, err := relax.New[float32](spec)
	switch {
	case err != nil:
	case m.Relaxed != nil:
		e.choice, e.relaxed = m.Relaxed, true
	case m.Joint != nil:
		e.choice = m.Joint
	default:
		e.score = &scoreFunction{baseline: m.Baseline, actions: m.Actions, rollouts: m.Completions}
	}
	return e, err
}

// scorer scores sentences of ids with the frozen discriminator.
type scorer struct {
	*op.Program
	text *textInput
}

func newScorer(dis discriminator.Discriminator, B, T int) (*scorer, error) {
	g := op.NewGraph()
	c := &scorer{text: newTextInput(g, "text", B, T)}
	d := dis.Bind(g, nil, false)
	var err error
	c.Program, err = g.Compile(d.Score(d.Embed(c.text.idsN, c.text.lenN), c.text.lenN))
	return c, err
}

// scores [B,R] of the sentences in the text input. The slice is that of the next
// run too.
func (c *scorer) scores() ([]float32, error) {
	if _, err := c.Run(); err != nil {
		return nil, err
	}
	return c.Output(), nil
}

// reinforceStep is a GeneratorStep by a score function: sentences are sampled and
// rewarded, and their log p is weighted by the advantage.
type reinforceStep struct {
	*generator.Likelihood // its gradients are the estimate
	game
	lm     generator.LanguageModel
	scorer *scorer
	sum    gradients
	fields []rundir.Field
	drafts []*draft // of the parts of a batch
	*draft          // the present one
}

// draft is what is known of the sentences of a part of a batch.
type draft struct {
	part    rng.Part
	sampler *generator.Sampler
	greedy  *generator.Sampler
	codes   *generator.Codes // of the sentences, in the order that they are sampled

	real                   []float32 // [B,R] scores
	rewards, greedyRewards []float32 // [B]
	squares                []float32 // [B] of the scores in the logits, token by token while they are drawn [B,T]
	completed              []float32 // [B] rewards of completions
	mask, weights          []float32 // [B,T]
	values                 []float32 // [B,T,m]
	batch                  vocab.Batch
	actions                *actions // nil: of every token the drawn one alone
}

func newReinforceStep(lm generator.LanguageModel, dis discriminator.Discriminator, a game) (*reinforceStep, error) {
	s := &reinforceStep{game: a, lm: lm}
	var err error
	options := generator.LikelihoodOptions{B: a.B, T: a.T, Train: true, BF16: a.bf16}
	if a.estimator.score.actions != nil {
		options.Others = a.estimator.score.actions.Slots() - 1
	}
	if s.Likelihood, err = lm.Likelihood(options); err != nil {
		return nil, err
	}
	if s.scorer, err = newScorer(dis, a.B, a.T); err != nil {
		return nil, fmt.Errorf("train: scorer: %w", err)
	}
	return s, s.begin(0)
}

// begin makes the i-th draft of an update the present one.
func (s *reinforceStep) begin(i int) error {
	if i == len(s.drafts) {
		d, err := newDraft(s.lm, s.game)
		if err != nil {
			return err
		}
		s.drafts = append(s.drafts, d)
	}
	s.draft = s.drafts[i]
	return nil
}

func newDraft(lm generator.LanguageModel, a game) (*draft, error) {
	s := &draft{codes: lm.Codes(a.B)}
	var err error
	if s.sampler, err = lm.NewCodeSampler(s.codes, generator.SampleOptions{MaxLen: a.T, BF16: a.bf16}); err != nil {
		return nil, err
	}
	if s.greedy, err = lm.NewCodeSampler(s.codes, generator.SampleOptions{MaxLen: a.T, TopK: 1, BF16: a.bf16}); err != nil {
		return nil, err
	}
	for _, p := range []*[]float32{&s.rewards, &s.greedyRewards, &s.completed} {
		*p = make([]float32, a.B)
	}
	s.mask, s.weights = make([]float32, a.B*a.T), make([]float32, a.B*a.T)
	s.values = make([]float32, a.B*a.T*max(1, a.estimator.score.rollouts))
	if a.estimator.score.actions != nil {
		s.actions = newActions(a)
	}
	if b := a.estimator.score.baseline; b != nil && b.Reads() == relax.ScoreSquares {
		s.squares = make([]float32, a.B*a.T)
	}
	s.batch = vocab.Batch{B: a.B, T: a.T, IDs: make([]int32, a.B*a.T), Lengths: make([]int32, a.B)}
	return s, nil
}

// reward scores the sentences of the scorer's input against the real ones.
func (s *reinforceStep) reward(dst []float32) error {
	fake, err := s.scorer.scores()
	if err != nil {
		return err
	}
	if !s.objective.Relative() {
		s.real = fake // not read
	}
	s.objective.Rewards(dst, s.real, fake)
	return nil
}

func (s *reinforceStep) Run(real *vocab.Batch, seed uint64, step uint32, tau float64) (float64, error) {
	loss, _, err := s.estimate(&cut{parts: 1}, real, seed, step, tau)
	return loss, err
}

// estimate draws the sentences of all parts, for baselines compare their rewards, and then
// lets each part have its share of the gradient.
func (s *reinforceStep) estimate(c *cut, real *vocab.Batch, seed uint64, step uint32, _ float64) (float64, func(i int) []float32, error) {
	key := rng.Key{Seed: seed, Stream: rng.Sample, Step: rng.GeneratorStep(step)}
	var rewards, more []float32
	var losses []float64
	err := c.each(real, func(i int, piece *vocab.Batch) error {
		if err := s.begin(i); err != nil {
			return err
		}
		if err := s.draw(piece, key); err != nil {
			return err
		}
		loss := 0.0
		for _, r := range s.rewards {
			loss -= float64(r) / float64(s.sentences())
		}
		losses = append(losses, loss)
		m, err := s.compared(key)
		rewards, more = append(rewards, s.rewards...), append(more, m...)
		return err
	})
	if err != nil {
		return 0, nil, err
	}
	advantage := s.advantage(c.rows(rewards), c.rows(more))
	next := 0
	return s.sum.of(c, real, s.Likelihood, s.lm.Params(), func(*vocab.Batch) (float64, error) {
		if err := s.begin(next); err != nil {
			return 0, err
		}
		loss := losses[next]
		next++
		if err := s.weigh(key, advantage); err != nil {
			return 0, err
		}
		s.sort()
		_, err := s.Weighted(&s.batch, s.weights, seed, step)
		return loss, err
	})
}

// draw samples the sentences of the present draft and scores them.
func (s *reinforceStep) draw(real *vocab.Batch, key rng.Key) error {
	text := s.scorer.text
	s.part = partOfBatch(real)
	s.codes.SetPart(s.part)
	s.sampler.SetPart(s.part)
	if s.objective.Relative() {
		if err := text.load(real); err != nil {
			return err
		}
		real, err := s.scorer.scores()
		if err != nil {
			return err
		}
		s.real = append(s.real[:0], real...)
	}
	s.codes.Draw(key)
	if s.actions != nil {
		s.sampler.Watch(s.actions.choose)
		s.actions.key, s.actions.part = key, s.part
	} else if s.squares != nil {
		s.sampler.Watch(s.square)
	}
	s.sampler.Draw(text.ids, text.lengths, key, 0)
	s.sampler.Watch(nil)
	copy(s.batch.IDs, text.ids)
	copy(s.batch.Lengths, text.lengths)
	for i := range s.mask {
		s.mask[i] = 0
		if i%s.game.T < int(text.lengths[i/s.game.T]) {
			s.mask[i] = 1
		}
	}
	return s.reward(s.rewards)
}

// compared is what the baseline reads of the sentences of the present draft besides their
// rewards [B], which become log ratios if it reads these.
func (s *reinforceStep) compared(key rng.Key) (more []float32, err error) {
	baseline := s.estimator.score.baseline
	if baseline == nil {
		return nil, nil
	}
	more = s.greedyRewards
	switch baseline.Reads() {
	case relax.GreedyRewards:
		// The greedy sentence of a code, or without codes of all sentences: the
		// prefix is always empty.
		text, n := s.scorer.text, s.game.B
		if s.codes == nil {
			n = 1
		}
		s.greedy.Draw(text.ids[:n*s.game.T], text.lengths[:n], key, 0)
		for i := n; i < s.game.B; i++ {
			copy(text.ids[i*s.game.T:][:s.game.T], text.ids)
			text.lengths[i] = text.lengths[0]
		}
		if err := s.reward(s.greedyRewards); err != nil {
			return nil, err
		}
	case relax.ScoreSquares:
		more = s.squares[:s.game.B]
		for i := range more {
			sum := float32(0) // sentence i's squares stand at or behind place i
			for _, v := range s.squares[i*s.game.T:][:s.batch.Lengths[i]] {
				sum += v
			}
			more[i] = sum
		}
	case relax.LogRatios:
		copy(s.rewards, perSentence(s.scorer.Output(), s.game.B))
	}
	return more, nil
}

// advantage turns the rewards of all sentences of a batch into what the baseline makes of
// them; without one there is none.
func (s *reinforceStep) advantage(rewards, more []float32) []float32 {
	baseline := s.estimator.score.baseline
	if baseline == nil {
		return nil
	}
	baseline.Advantage(rewards, rewards, more)
	if baseline.Reads() == relax.LogRatios {
		s.fields = append(s.fields[:0], rundir.Field{Name: "effective/g", Value: relax.EffectiveSize(rewards)})
	}
	return rewards
}

// weigh sets the weights of all tokens of the present draft, from the rewards or the
// advantages of the batch.
func (s *reinforceStep) weigh(key rng.Key, advantage []float32) error {
	switch {
	case s.actions != nil:
		return s.weighByActions(key)
	case s.estimator.score.rollouts > 0:
		return s.weighByRollouts(key)
	}
	partOf(s.rewards, advantage, s.part)
	relax.TokenWeights(s.weights, spread(s.weights, s.rewards), nil, s.mask, s.sentences())
	return nil
}

// spread sets dst [B,T] to a value of each sentence [B].
func spread(dst, values []float32) []float32 {
	T := len(dst) / len(values)
	for i := range dst {
		dst[i] = values[i/T]
	}
	return dst
}

// square is told of every token as it is drawn and keeps the squared length of
// its score in the logits, onehot - p.
func (s *reinforceStep) square(row, t int, logits []float32, id int32) {
	relax.Softmax(logits, logits, 1)
	sum := 1 - 2*float64(logits[id])
	for _, p := range logits {
		sum += float64(p) * float64(p)
	}
	s.squares[s.part.Index(row)*s.game.T+t] = float32(sum)
}

// Fields are what the last run says of itself for the record.
func (s *reinforceStep) Fields() []rundir.Field { return s.fields }

// weighByRollouts gives each token the mean reward of completions of the
// sentence up to and including it.
func (s *reinforceStep) weighByRollouts(key rng.Key) error {
	T, m := s.game.T, s.estimator.score.rollouts
	for t := range int(slices.Max(s.batch.Lengths)) - 1 {
		for j := range m {
			err := s.complete(key, t*m+j, t, func(i int) (int32, *float32) {
				if t+1 == int(s.batch.Lengths[i]) {
					return -1, nil
				}
				return s.batch.IDs[i*T+t], &s.values[(i*T+t)*m+j]
			})
			if err != nil {
				return err
			}
		}
	}
	relax.RolloutQ(s.weights, s.values, s.rewards, s.mask)
	relax.TokenWeights(s.weights, s.weights, nil, s.mask, s.sentences())
	return nil
}

// complete writes sentences that are those of the batch before place t, then
// have the id that next gives, and then go on as the generator will; their
// rewards go where next says. It gives -1 for a sentence that is not wanted,
// and is not asked about those that end before t. In completion number c of a
// step sentence i of B in a batch draws from row (1+c) B + i of the key.
func (s *reinforceStep) complete(key rng.Key, c, t int, next func(i int) (id int32, reward *float32)) error {
	text, B, T := s.scorer.text, s.game.B, s.game.T
	wanted := make([]*float32, B)
	none := true
	copy(text.ids, s.batch.IDs)
	for i, n := range s.batch.Lengths {
		if t >= int(n) {
			continue
		}
		id, reward := next(i)
		if wanted[i] = reward; reward == nil {
			id = vocab.Eos // the shortest to write
		}
		none = none && reward == nil
		text.ids[i*T+t] = id
	}
	if none {
		return nil
	}
	s.sampler.Complete(text.ids, text.lengths, t+1, key, (1+c)*s.sentences())
	if err := s.reward(s.completed); err != nil {
		return err
	}
	for i, reward := range wanted {
		if reward != nil {
			*reward = s.completed[i]
		}
	}
	return nil
}

// sort puts the sampled sentences in the order that a packed graph wants,
// longest first, together with their weights.
func (s *reinforceStep) sort() {
	order := make([]int, s.game.B)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return int(s.batch.Lengths[b]) - int(s.batch.Lengths[a]) })
	reorder(s.batch.IDs, order)
	reorder(s.batch.Lengths, order)
	reorder(s.weights, order)
	for to, from := range order {
		s.Codes.Copy(to, s.codes, from)
	}
	for _, o := range s.Others {
		reorder(o.IDs, order)
		reorder(o.Weights, order)
	}
}

// reorder makes row order[i] of rows, as many as order has, row i.
func reorder[E any](rows []E, order []int) {
	old, n := slices.Clone(rows), len(rows)/len(order)
	for to, from := range order {
		copy(rows[to*n:][:n], old[from*n:])
	}
}

var _ GeneratorStep = (*reinforceStep)(nil)
