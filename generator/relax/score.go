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

// Baseline is subtracted from the rewards of whole sequences. All but
// self-critic and leave-one-out are the same for every sequence of a batch;
// none of them changes the mean of the estimate.
type Baseline[F Float] interface {
	// Greedy reports whether Advantage needs the reward of the greedy decode.
	Greedy() bool

	// Advantage sets dst [n] to rewards [n] less the baseline. greedy holds the
	// rewards of the greedy decodes, one for each sequence or one for all; it
	// is read only if Greedy. dst may be rewards.
	Advantage(dst, rewards, greedy []F)
}

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

type constantBaseline[F Float] struct{ value F }

func (constantBaseline[F]) Greedy() bool { return false }

func (b constantBaseline[F]) Advantage(dst, rewards, _ []F) {
	for i, r := range rewards {
		dst[i] = r - b.value
	}
}

// MovingAverage subtracts the exponential average of the mean rewards of
// earlier batches and only then takes the batch at hand in: an average that
// already holds the current reward would shrink the mean of the estimate to
// Decay times the gradient. The first batch is used as it is.
//
// Mnih and Gregor, ICML 2014, https://arxiv.org/abs/1402.0030, section 2.3.
type MovingAverage[F Float] struct {
	Decay       float64
	sum, weight float64 // the average is sum/weight
}

// Greedy implements Baseline.
func (*MovingAverage[F]) Greedy() bool { return false }

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

func (selfCritic[F]) Greedy() bool { return true }

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

func (leaveOneOut[F]) Greedy() bool { return false }

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
// reward of the whole sequence at every t (see Spread). w may be q.
func TokenWeights[F Float](w, q, v, mask []F, n int) {
	for i := range w {
		d := q[i]
		if v != nil {
			d -= v[i]
		}
		w[i] = mask[i] * d / F(n)
	}
}

// Spread sets q [n,T] to the reward of its sequence [n] at every t.
func Spread[F Float](q, rewards []F) {
	T := len(q) / len(rewards)
	for i := range q {
		q[i] = rewards[i/T]
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
