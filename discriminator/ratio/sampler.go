package ratio

import (
	"fmt"
	"math"
	"slices"

	"textgan/internal/rng"
	"textgan/network"
)

// Proposer draws sentences of a language model: n of them into ids [n,MaxLen]
// with their lengths, the i-th a function of the key and first+i alone.
type Proposer interface {
	Draw(ids, lengths []int32, key network.Key, first int)
	MaxLen() int
}

// Scorer is a Proposer that tells log p of what it draws, in nats: that of its model at
// temperature 1 and without filters, however it draws.
type Scorer interface {
	Proposer
	DrawScored(ids, lengths []int32, logProbs []float64, key network.Key, first int)
}

// Method is how sentences are drawn by their weights.
type Method string

// The methods.
const (
	// Resample takes one of K proposals, each with probability proportional to
	// its weight (sampling importance resampling, Rubin 1987). Those of one side
	// are drawn one after the other, and the last of them only where they could
	// still be taken; weights above the Bound count as it.
	Resample Method = "resample"
	// Reject takes a proposal with probability weight/Bound (von Neumann 1951).
	// It is exact if no weight exceeds the bound; SampleStats counts those that
	// do.
	Reject Method = "reject"
	// Metropolis takes the state of an independence Metropolis-Hastings chain
	// after K proposals, the first of which is its beginning (Turner et al. 2019
	// for GANs, https://arxiv.org/abs/1811.11357). Every sentence has a chain of
	// its own.
	Metropolis Method = "mh"
)

// Choices are all of them, for an option.
func (Method) Choices() []string {
	return []string{string(Resample), string(Reject), string(Metropolis)}
}

// SampleOptions of a Sampler.
type SampleOptions struct {
	Method Method      // default Resample
	K      int         // proposals of a sentence, except for Reject; default 8
	Bound  float64     // of the weights, for Reject, and for Resample without AlsoBackwards (0: none): that of the critic's Report
	Key    network.Key // seed of the draws; its stream, step and row are not used
}

// Sampler draws sentences whose distribution approaches p(x) exp(s(x))/Z, p the
// proposals' and s the critic's score, as K grows. It goes on where the last
// call ended: the sentences of a sequence of calls depend on the options alone,
// not on how they are divided among calls or on the number of threads.
type Sampler struct {
	critic    *Critic
	proposers []Proposer // the generator, and backwards models
	ratio     int        // feature that is the log ratio of the first of these to the generator; the others' follow
	turn      []int      // the proposer of each of the proposals that belong together: K, or one if they are looked at one after the other
	share     []float64  // of each proposer
	opt       SampleOptions
	done      int // times that turn was gone through so far
	chosen    int // sentences so far
	race      race
	seen      []float64 // log weights of proposals in a race, fewer than K
	Stats     SampleStats
	pending   [][]int32
}

// SampleStats tell how hard the sampler works.
type SampleStats struct {
	Sentences  int     `json:"sentences"`
	Candidates int     `json:"candidates"` // K
	Proposals  int     `json:"proposals"`
	Effective  float64 `json:"effective,omitempty"`  // mean effective number of K proposals, (sum w)^2 / sum w^2
	Acceptance float64 `json:"acceptance,omitempty"` // share of proposals that Reject takes, or that moved a chain
	Violations float64 `json:"violations,omitempty"` // share of proposals with a weight above the bound

	effective, moves, violations float64
}

// NewSampler returns a sampler of proposals that read from left to right. The
// score was learnt against the proposals at temperature 1; at another one, or
// with filters, the weights stay those. Proposals of a Scorer are scored by the other
// models only.
func NewSampler(c *Critic, forward Proposer, o SampleOptions) (*Sampler, error) {
	if o.Method == "" {
		o.Method = Resample
	}
	if o.K == 0 {
		o.K = 8
	}
	together := 1
	switch o.Method {
	case Resample, Metropolis:
		if o.K < 1 {
			return nil, fmt.Errorf("critic: %d candidates; at least 1 is needed", o.K)
		}
		if o.Method == Metropolis {
			together = o.K
		}
	case Reject:
		o.K = 1
		if o.Bound == 0 || math.IsInf(o.Bound, 0) {
			return nil, fmt.Errorf("critic: rejection needs a positive bound on the weights, not %v", o.Bound)
		}
	default:
		return nil, fmt.Errorf("critic: method %q is not known; use resample, reject or mh", o.Method)
	}
	if !(o.Bound >= 0) {
		return nil, fmt.Errorf("critic: weights have a positive bound, or none (0), not %v", o.Bound)
	}
	if o.Bound == 0 {
		o.Bound = math.Inf(1)
	}
	return &Sampler{critic: c, proposers: []Proposer{forward}, turn: make([]int, together), share: []float64{1}, opt: o, Stats: SampleStats{Candidates: o.K}}, nil
}

// AlsoBackwards lets every other proposal, K/2 of K rounded down, come from models that
// write from right to left, in turn from each of several. Resampling weighs a proposal by
// exp(s) / (a_0 + sum_m a_m exp(r_m)), where a_0 is the share of the generator's proposals,
// a_m that of backwards model m, and r_m its log ratio of the proposal, feature number
// ratio+m of the critic: the balance heuristic of Veach and Guibas 1995. A Metropolis chain
// takes the density of the model that a proposal comes from. Rejection has no bound for it
// and takes one side only.
func (s *Sampler) AlsoBackwards(ratio int, backwards ...Proposer) error {
	if s.opt.Method == Reject {
		return fmt.Errorf("critic: rejection takes proposals from one side; choose resample or mh for both")
	}
	if s.opt.K < 2 {
		return fmt.Errorf("critic: proposals from both sides need at least 2 candidates")
	}
	if len(backwards) == 0 || ratio < 0 || ratio+len(backwards) > s.critic.Width() {
		return fmt.Errorf("critic: features %d to %d are no log ratios of %d backwards models", ratio, ratio+len(backwards)-1, len(backwards))
	}
	s.proposers, s.ratio = append(s.proposers[:1], backwards...), ratio
	s.share, s.turn = make([]float64, len(s.proposers)), make([]int, s.opt.K)
	for j := range s.turn {
		if j%2 == 1 {
			s.turn[j] = 1 + j/2%len(backwards)
		}
		s.share[s.turn[j]] += 1 / float64(s.opt.K)
	}
	return nil
}

// tokensAtOnce bounds the proposals that are held in memory, but for a minimum. Many at
// once have more beginnings in common, which a language model reads once.
const tokensAtOnce, leastAtOnce = 1 << 20, 4096

// Draw returns the next n sentences with their ends.
func (s *Sampler) Draw(n int) (out [][]int32, err error) {
	for len(out) < n {
		if len(s.pending) == 0 {
			if err := s.fill(n - len(out)); err != nil {
				return nil, err
			}
			continue
		}
		take := min(n-len(out), len(s.pending))
		out, s.pending = append(out, s.pending[:take]...), s.pending[take:]
	}
	s.Stats.Sentences += n
	return out, nil
}

// fill draws sentences into pending: about as many as are wanted, at most what
// tokensAtOnce give.
func (s *Sampler) fill(wanted int) error {
	together := len(s.turn)
	atOnce := max(leastAtOnce, tokensAtOnce/s.proposers[0].MaxLen()) / together
	if together == 1 { // as many as a sentence has taken on average; before the first, one each
		wanted = max(s.opt.K, int(float64(wanted)*max(1, float64(s.done)/float64(max(1, s.chosen)))))
	}
	n := max(1, min(wanted, atOnce))
	if int64(s.done+n)*int64(together) > math.MaxUint32 {
		return fmt.Errorf("critic: no more than 2^32 proposals can be drawn with one seed; use another one")
	}
	proposals, known := s.propose(n)
	scores, features, err := s.critic.ScoresKnown(proposals, known)
	if err != nil {
		return err
	}
	for i := range n {
		lo, hi := i*together, (i+1)*together
		s.choose(proposals[lo:hi], scores[lo:hi], features[lo:hi], s.done+i)
	}
	s.done += n
	s.Stats.Proposals += len(proposals)
	if s.opt.Method == Reject && s.Stats.Proposals >= 1<<17 && s.chosen*1e4 < s.Stats.Proposals {
		return fmt.Errorf("critic: rejection takes %d of %d proposals: the bound %.3g on the weights is too large for it; use resample or mh", s.chosen, s.Stats.Proposals, s.opt.Bound)
	}
	s.Stats.Effective = s.Stats.effective / float64(s.Stats.Proposals/s.opt.K)
	switch s.opt.Method {
	case Reject:
		s.Stats.Acceptance = float64(s.chosen) / float64(s.Stats.Proposals)
	case Metropolis:
		s.Stats.Acceptance = s.Stats.moves / float64(s.done*max(1, s.opt.K-1))
	}
	s.Stats.Violations = s.Stats.violations / float64(s.Stats.Proposals)
	return nil
}

// propose draws the proposals of n sentences, K for each, of the proposers in turn: row
// i k + j of the Sample stream, the number of the proposer its step, for proposal j of the k
// that a sentence has of it.
func (s *Sampler) propose(n int) (out [][]int32, known Known) {
	K := len(s.turn)
	out = make([][]int32, n*K)
	for m, p := range s.proposers {
		var turns []int
		for j, of := range s.turn {
			if of == m {
				turns = append(turns, j)
			}
		}
		each, T := len(turns), p.MaxLen()
		ids, lengths := make([]int32, n*each*T), make([]int32, n*each)
		key, first := rng.Key{Seed: s.opt.Key.Seed, Stream: rng.Sample, Step: uint32(m)}, s.done*each
		var drawn, logProbs []float64
		if scorer, ok := p.(Scorer); ok && s.critic.knows() {
			drawn, logProbs = make([]float64, n*each), make([]float64, n*K)
			scorer.DrawScored(ids, lengths, drawn, key, first)
		} else {
			p.Draw(ids, lengths, key, first)
		}
		for i := range logProbs {
			logProbs[i] = math.NaN()
		}
		for r := range n * each {
			to := r/each*K + turns[r%each]
			x := ids[r*T:][:lengths[r]]
			if m > 0 {
				x = Reverse(x)
			}
			out[to] = x
			if drawn != nil {
				logProbs[to] = drawn[r]
			}
		}
		if m == 0 {
			known.Generator = logProbs
		} else {
			known.Models = append(known.Models, logProbs)
		}
	}
	return out, known
}

// choose takes one of the proposals that belong together, which are number at; if that is one
// alone, perhaps none. Each choice has a row of its own of the Choice stream.
func (s *Sampler) choose(proposals [][]int32, score []float64, features [][]float32, at int) {
	draws := rng.Key{Seed: s.opt.Key.Seed, Stream: rng.Choice, Row: uint32(at)}
	taken := 0
	switch s.opt.Method {
	case Reject:
		s.countViolation(score[0])
		if draws.Float64(0) >= math.Exp(score[0])/s.opt.Bound {
			return
		}
	case Metropolis:
		for j := 1; j < len(score); j++ {
			// The weight of both states is that against the model which proposes.
			rise := score[j] - score[taken] - (s.logRatio(s.turn[j], features[j]) - s.logRatio(s.turn[j], features[taken]))
			if draws.Float64(uint32(j)) < math.Exp(rise) {
				taken = j
				s.Stats.moves++
			}
		}
	case Resample:
		if len(s.proposers) == 1 {
			s.countViolation(score[0])
			if s.seen = append(s.seen, min(score[0], math.Log(s.opt.Bound))); len(s.seen) == s.opt.K {
				s.weigh(s.seen)
				s.seen = s.seen[:0]
			}
			draws.Row = uint32(s.chosen)
			winner, over := s.race.enter(proposals[0], score[0], math.Log(s.opt.Bound), s.opt.K, draws)
			if !over {
				return
			}
			proposals[0] = winner
			break
		}
		logW := make([]float64, len(score))
		for j, f := range features {
			logW[j] = score[j] - LogMixture(s.share, f[s.ratio:][:len(s.proposers)-1])
		}
		top, sum := s.weigh(logW)
		u := draws.Float64(0) * sum
		for ; taken < len(logW)-1; taken++ {
			if u -= math.Exp(logW[taken] - top); u < 0 {
				break
			}
		}
	}
	s.chosen++
	s.pending = append(s.pending, proposals[taken])
}

// weigh counts how many effective ones K log weights are; it returns the largest, and the sum
// of all weights over its weight.
func (s *Sampler) weigh(log []float64) (top, sum float64) {
	top = slices.Max(log)
	squares := 0.0
	for _, v := range log {
		w := math.Exp(v - top)
		sum, squares = sum+w, squares+w*w
	}
	s.Stats.effective += sum * sum / squares
	return top, sum
}

// countViolation counts a proposal whose weight exceeds the bound by more than rounding.
func (s *Sampler) countViolation(score float64) {
	if math.Exp(score)/s.opt.Bound > 1+1e-6 {
		s.Stats.violations++
	}
}

// logRatio is how much likelier proposer m writes a sentence of these features than the
// generator, in nats.
func (s *Sampler) logRatio(m int, features []float32) float64 {
	if m == 0 {
		return 0
	}
	return float64(features[s.ratio+m-1])
}

// LogMixture is the log ratio of a mixture of proposers to the generator, in nats, for a
// sentence of which the backwards models have these log ratios; share [1+len(ratios)] is that of
// the generator among the proposals, and then of each of the models.
func LogMixture(share []float64, ratios []float32) float64 {
	top := 0.0
	for _, r := range ratios {
		top = max(top, float64(r))
	}
	sum := share[0] * math.Exp(-top)
	for m, r := range ratios {
		sum += share[1+m] * math.Exp(float64(r)-top)
	}
	return top + math.Log(sum)
}
