package relax

import (
	"fmt"
	"strconv"
)

// The score-function estimators differentiate log p and never the reward:
//
//	gradient of E[r]  ~  (1/n) sum_i sum_t w_it gradient of log p(x_it | x_i<t)
//
// The functions here make the weights w [n,T], already divided by n, so that
// minimising the cross-entropy sum_it w_it (-log p_it) raises the reward. To
// minimise a cost, pass its negative. mask [n,T] is 1 where a token was drawn,
// the end of the sentence included, and 0 after it; w is 0 there. The average
// is over sequences, not over tokens.
//
// Williams, Machine Learning 8, 1992.

// Baseline makes advantages of the rewards of whole sequences. None of them
// changes the mean of the estimate but maligan, which has weights of its own.
type Baseline[F Float] interface {
	// Reads is what Advantage wants to know.
	Reads() Reads

	// Advantage sets dst [n] to rewards [n] less the baseline. more is what Reads
	// says, or is not read. dst may be rewards.
	Advantage(dst, rewards, more []F)
}

// Reads is what a Baseline reads of a batch.
type Reads int

// What a Baseline reads.
const (
	RewardsAlone  Reads = iota
	GreedyRewards       // more holds the rewards of the greedy decodes, one for each sequence or one for all
	ScoreSquares        // more [n] holds the squared lengths of the sequences' scores
	LogRatios           // rewards are log ratios of the law of real sequences to the model's, up to a number
)

func noBaseline[F Float](*options) (Baseline[F], error) { return constantBaseline[F]{}, nil }

func newConstant[F Float](o *options) (Baseline[F], error) {
	v, err := strconv.ParseFloat(o.take("value", "0"), 64)
	if err != nil || v-v != 0 {
		return nil, fmt.Errorf("value must be a number")
	}
	return constantBaseline[F]{F(v)}, nil
}

func newMovingAverage[F Float](o *options) (Baseline[F], error) {
	d, err := o.number("decay", 0.9)
	if err != nil || d >= 1 {
		return nil, fmt.Errorf("decay must be above 0 and below 1")
	}
	return &MovingAverage[F]{Decay: d}, nil
}

func newSelfCritic[F Float](*options) (Baseline[F], error) { return selfCritic[F]{}, nil }

func newLeaveOneOut[F Float](*options) (Baseline[F], error) { return leaveOneOut[F]{}, nil }

func newOptimalLeaveOneOut[F Float](*options) (Baseline[F], error) {
	return optimalLeaveOneOut[F]{}, nil
}

func newMaliGAN[F Float](*options) (Baseline[F], error) { return maliGAN[F]{mathOf[F]()}, nil }

type constantBaseline[F Float] struct{ value F }

func (constantBaseline[F]) Reads() Reads { return RewardsAlone }

func (b constantBaseline[F]) Advantage(dst, rewards, _ []F) {
	for i, r := range rewards {
		dst[i] = r - b.value
	}
}

// MovingAverage subtracts the exponential average of the mean rewards of
// earlier batches, and then adds the current batch to it: an average that already
// held the current reward would shrink the mean of the estimate to Decay times the
// gradient. The first batch is used as it is.
//
// Mnih and Gregor, ICML 2014, https://arxiv.org/abs/1402.0030, section 2.3.
type MovingAverage[F Float] struct {
	Decay       float64
	sum, weight float64 // the average is sum/weight
}

// Reads implements Baseline.
func (*MovingAverage[F]) Reads() Reads { return RewardsAlone }

// Advantage implements Baseline.
func (b *MovingAverage[F]) Advantage(dst, rewards, _ []F) {
	old := 0.0
	if b.weight > 0 {
		old = b.sum / b.weight
	}
	mean := meanOf(rewards)
	for i, r := range rewards {
		dst[i] = r - F(old)
	}
	b.sum = b.Decay*b.sum + (1-b.Decay)*mean
	b.weight = b.Decay*b.weight + (1 - b.Decay)
}

// State is what a checkpoint keeps.
func (b *MovingAverage[F]) State() [2]float64 { return [2]float64{b.sum, b.weight} }

// Restore continues from a state.
func (b *MovingAverage[F]) Restore(s [2]float64) { b.sum, b.weight = s[0], s[1] }

// selfCritic is Rennie et al., CVPR 2017, https://arxiv.org/abs/1612.00563.
type selfCritic[F Float] struct{}

func (selfCritic[F]) Reads() Reads { return GreedyRewards }

func (selfCritic[F]) Advantage(dst, rewards, greedy []F) {
	for i, r := range rewards {
		dst[i] = r - greedy[i%len(greedy)]
	}
}

// leaveOneOut is r_i - mean of the others = (r_i - mean) n/(n-1). A batch of
// one has no others and is used as it is.
//
// Kool, van Hoof and Welling, "Buy 4 REINFORCE samples, get a baseline for
// free", ICLR 2019 workshop; Mnih and Rezende, ICML 2016.
type leaveOneOut[F Float] struct{}

func (leaveOneOut[F]) Reads() Reads { return RewardsAlone }

func (leaveOneOut[F]) Advantage(dst, rewards, _ []F) {
	n := float64(len(rewards))
	if n < 2 {
		copy(dst, rewards)
		return
	}
	mean := meanOf(rewards)
	for i, r := range rewards {
		dst[i] = F((float64(r) - mean) * n / (n - 1))
	}
}

// optimalLeaveOneOut is leave-one-out with the others weighed by the squares of
// their scores, which estimates the best constant baseline, E[r s.s]/E[s.s]:
//
//	r_i - sum over j/=i of r_j (s_j.s_j) / sum over j/=i of s_j.s_j
//
// Unbiased, because it does not depend on sequence i. In the laboratory s is the
// gradient in the parameters, in training that in the logits.
type optimalLeaveOneOut[F Float] struct{}

func (optimalLeaveOneOut[F]) Reads() Reads { return ScoreSquares }

func (optimalLeaveOneOut[F]) Advantage(dst, rewards, squares []F) {
	// Sums from either end: the difference of two sums would lose small scores.
	n := len(rewards)
	behind := make([][2]float64, n+1) // of sequences i and on: r s.s, s.s
	for i := n - 1; i >= 0; i-- {
		q := float64(squares[i])
		behind[i] = [2]float64{behind[i+1][0] + q*float64(rewards[i]), behind[i+1][1] + q}
	}
	var before [2]float64
	for i, r := range rewards {
		b, all := before[0]+behind[i+1][0], before[1]+behind[i+1][1]
		q := float64(squares[i])
		before[0] += q * float64(r)
		before[1] += q
		if all > 0 {
			b /= all
		}
		dst[i] = F(float64(r) - b)
	}
}

// maliGAN weighs the log probability of a sequence by its self-normalised share
// of the ratios of the law of real sequences to the model's, less that of equal
// shares:
//
//	n softmax(log ratios)_i - 1
//
// A discriminator that tells the two laws apart as well as can be has the log
// ratio for its score, up to a number, under the objectives standard and rsgan.
// Another objective than the reward, the cross-entropy of real sequences, with
// a bias of order 1/n.
//
// Che et al. 2017, https://arxiv.org/abs/1702.07983, with 1/n as the baseline.
type maliGAN[F Float] struct{ math *rowMath[F] }

func (maliGAN[F]) Reads() Reads { return LogRatios }

func (e maliGAN[F]) Advantage(dst, ratios, _ []F) {
	e.math.softmax(dst, ratios, 1)
	for i := range dst {
		dst[i] = dst[i]*F(len(dst)) - 1
	}
}

// EffectiveSize is 1 over the sum of the squared shares behind maligan's
// advantages [n]: of how many sequences a step is made. n if all are equal, and
// near 1 where one of them has nearly all the weight.
func EffectiveSize[F Float](advantage []F) float64 {
	var squares float64
	for _, a := range advantage {
		squares += (1 + float64(a)) * (1 + float64(a))
	}
	n := float64(len(advantage))
	return n * n / squares
}

func meanOf[F Float](x []F) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(v)
	}
	return sum / float64(max(len(x), 1))
}

// SequenceWeights sets w [n,T] from one advantage per sequence [n].
func SequenceWeights[F Float](w, advantage, mask []F) {
	n, T := len(advantage), len(w)/len(advantage)
	for i := range w {
		w[i] = mask[i] * advantage[i/T] / F(n)
	}
}

// TokenWeights sets w [n,T] from token values q [n,T] less a baseline v [n,T]
// (nil for none) that depends on the tokens before t alone: the token
// advantage Q_t - V_t with q = Q, or the prefix value baseline with q the
// reward of the whole sequence at every t. w may be q.
func TokenWeights[F Float](w, q, v, mask []F, n int) {
	for i := range w {
		d := q[i]
		if v != nil {
			d -= v[i]
		}
		w[i] = mask[i] * d / F(n)
	}
}

// RewardToGo sets q [n,T] to the discounted sum of the token rewards [n,T]
// from t on, those with mask 0 left out. discount is 1 for none. q may be
// rewards.
func RewardToGo[F Float](q, rewards, mask []F, n int, discount F) {
	T := len(q) / n
	for row := range n {
		var sum F
		for t := T - 1; t >= 0; t-- {
			i := row*T + t
			sum = mask[i]*rewards[i] + discount*sum
			q[i] = sum
		}
	}
}

// RolloutQ sets q [n,T] to SeqGAN's token values: the mean reward of m
// completions of x_<=t, and at the last drawn token the reward of the sequence
// itself. rollouts is [n,T,m], so the m rewards of one prefix lie side by side;
// those of a last token and after it are not read. rewards is [n].
//
// Yu, Zhang, Wang and Yu, AAAI 2017, https://arxiv.org/abs/1609.05473,
// equation 4.
func RolloutQ[F Float](q, rollouts, rewards, mask []F) {
	n := len(rewards)
	T := len(q) / n
	m := len(rollouts) / len(q)
	for i := range q {
		row, t := i/T, i%T
		switch {
		case mask[i] == 0:
			q[i] = 0
		case t == T-1 || mask[i+1] == 0:
			q[i] = rewards[row]
		default:
			q[i] = F(meanOf(rollouts[i*m : (i+1)*m]))
		}
	}
}
