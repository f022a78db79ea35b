package relax

import ()

// Actions is a score function that values several outcomes of a choice and not
// the drawn one alone:
//
//	sum over v of Q(v) grad p(v)  ~  sum over slots j of w_j grad log p(a_j)
//
// where Q(v) is the expected reward after outcome v and the a_j are different
// ids. Slot 0 always holds the drawn id, whose value the sequence that goes on
// with it gives for nothing; those of the others are means of completions. Both
// estimators are unbiased whatever the number of slots and completions, and
// both subtract a baseline of their own: adding a number to all rewards changes
// nothing.
type Actions[F Float] interface {
	// Slots is the greatest number of outcomes of a choice.
	Slots() int

	// Choose sets ids [Slots] to the outcomes to be valued, -1 in slots that
	// stay empty, and p [Slots+1] to their probabilities, 0 in those, with that
	// of all other ids together at its end. row [V] holds logits, of which
	// drawn is a sample, and is overwritten.
	Choose(ids []int32, p, row []F, drawn int, key Key)

	// Weigh sets w [Slots] from the p of Choose and values [Slots,m]: m draws
	// of the reward after each outcome. What stands in empty slots is not read,
	// and their weight is 0.
	Weigh(w, p, values []F)
}

// Bounds of k: a set of k tokens takes 2^k steps, and every token summed over
// takes an output layer.
const (
	maxActions = 64
	maxSet     = 12
)

func newTopActions[F Float](o *options) (m Method[F], err error) {
	k, err := o.whole("k", 4, 1, maxActions)
	if err == nil {
		m.Completions, err = o.whole("m", 1, 1, maxCompletions)
	}
	m.Actions = topActions[F]{mathOf[F](), k}
	return m, err
}

// A set of one has no baseline of its own.
func newTokenSet[F Float](o *options) (m Method[F], err error) {
	k, err := o.whole("k", 4, 2, maxSet)
	if err == nil {
		m.Completions, err = o.whole("m", 1, 1, maxCompletions)
	}
	m.Actions = tokenSet[F]{mathOf[F](), k}
	return m, err
}

// topActions sums over the k likeliest ids; the drawn id stands for all others
// if it is one of them:
//
//	sum over top k of p(v) (Q(v) - b) grad log p(v)  +  [drawn not in top k] (Q(drawn) - b) grad log p(drawn)
//	b = sum over top k of p(v) Q(v) / sum over top k of p(v)
//
// The second term has the mean of what the first leaves out, and is only there
// when one of the others is drawn. b depends on the draw through the noise of
// the values alone, whose mean is the same whatever is drawn, and the gradients
// of all p sum to 0: it changes nothing in the mean. With k at or above the
// number of ids the sum is the whole.
//
// Titsias and Lazaro-Gredilla, NIPS 2015 (the sum); Liang, Norouzi, Berant, Le
// and Lao, NeurIPS 2018, https://arxiv.org/abs/1807.02322, and Liu, Regier,
// Tripuraneni, Jordan and McAuliffe, ICML 2019,
// https://arxiv.org/abs/1810.04777 (sum and sample). Theirs draws once more
// from the others in every case, which here would take a completion more.
type topActions[F Float] struct {
	math *rowMath[F]
	k    int
}

func (a topActions[F]) Slots() int { return a.k + 1 }

func (a topActions[F]) Choose(ids []int32, p, row []F, drawn int, _ Key) {
	a.math.softmax(row, row, 1)
	greatest(ids[:a.k], row, func(i int) bool { return row[i] > 0 })
	at := a.k // the drawn id moves to the front, or pushes the others back
	for j, id := range ids[:a.k] {
		if int(id) == drawn {
			at = j
		}
	}
	if at == a.k {
		ids[at] = -1
	}
	// An empty slot before the last means that all ids there are have one.
	copy(ids[1:at+1], ids[:at])
	ids[0] = int32(drawn)
	if at < a.k {
		ids[a.k] = -1
	}
	fillProbabilities(ids, p, row)
}

func (a topActions[F]) Weigh(w, p, values []F) {
	m := len(values) / len(w)
	first := 0 // slot of the sum
	if p[a.k] > 0 {
		first = 1
	}
	var mass, mean float64
	for j := range w {
		w[j] = 0
		if p[j] > 0 {
			w[j] = F(meanOf(values[j*m : (j+1)*m]))
		}
		if j >= first {
			mass += float64(p[j])
			mean += float64(p[j]) * float64(w[j])
		}
	}
	mean /= mass
	for j := range w {
		advantage := float64(w[j]) - mean
		if j >= first {
			advantage *= float64(p[j])
		}
		w[j] = F(advantage)
	}
}

// tokenSet draws k different ids, the drawn one first and the others by the
// greatest of logits + Gumbel noise among what is left, and weighs them as
// UnorderedSet does.
type tokenSet[F Float] struct {
	math *rowMath[F]
	k    int
}

func (s tokenSet[F]) Slots() int { return s.k }

func (s tokenSet[F]) Choose(ids []int32, p, row []F, drawn int, key Key) {
	scratch := s.math.borrow(len(row))
	z := *scratch
	s.math.gumbel(z, key)
	for i, v := range row {
		z[i] += v
	}
	s.math.softmax(row, row, 1)
	ids[0] = int32(drawn)
	greatest(ids[1:], z, func(i int) bool { return i != drawn && row[i] > 0 })
	s.math.scratch.Put(scratch)
	fillProbabilities(ids, p, row)
}

func (s tokenSet[F]) Weigh(w, p, values []F) {
	k, m := 0, len(values)/len(w)
	for k < len(w) && p[k] > 0 {
		k++
	}
	clear(w)
	var q [maxSet]F
	for j := range k {
		q[j] = F(meanOf(values[j*m : (j+1)*m]))
	}
	UnorderedSet(w[:k], p[:k], p[len(w)], q[:k])
}

// greatest sets ids to the places of the greatest x that may be taken, in
// falling order, the first of equal ones first, and to -1 where none is left.
func greatest[F Float](ids []int32, x []F, may func(i int) bool) {
	n := 0
	for i, v := range x {
		if n == len(ids) && (n == 0 || v <= x[ids[n-1]]) || !may(i) {
			continue
		}
		at := min(n, len(ids)-1)
		for ; at > 0 && x[ids[at-1]] < v; at-- {
			ids[at] = ids[at-1]
		}
		ids[at] = int32(i)
		n = min(n+1, len(ids))
	}
	for j := n; j < len(ids); j++ {
		ids[j] = -1
	}
}

// fillProbabilities moves the probabilities of the ids from row to p and sums
// what is left, which a subtraction from 1 would lose to rounding.
func fillProbabilities[F Float](ids []int32, p, row []F) {
	for j, id := range ids {
		p[j] = 0
		if id >= 0 {
			p[j], row[id] = row[id], 0
		}
	}
	rest := 0.0
	for _, v := range row {
		rest += float64(v)
	}
	p[len(ids)] = F(rest)
}

// UnorderedSet sets w [k] such that the sum over j of w_j grad log p(s_j) is
// the estimate of k >= 2 outcomes s_j drawn without replacement, as a set S:
//
//	sum over s in S of grad p(s) R(S,s) [f(s) - sum over s' in S of p(s') R^{D\s}(S,s') f(s')]
//	R(S,s) = P^{D\s}(S\s) / P(S)      R^{D\s}(S,s') = P^{D\s,s'}(S\s,s') / P^{D\s}(S\s)
//
// p [k] are their probabilities, rest that of all other outcomes together and
// f [k] their values. It returns P(S), the probability of drawing the set, 0 if
// it cannot be drawn. It takes 2^k k steps.
//
// Kool, van Hoof and Welling, ICLR 2020, https://arxiv.org/abs/2002.06043,
// equation 15.
func UnorderedSet[F Float](w, p []F, rest F, f []F) float64 {
	k := len(p)
	full := 1<<k - 1
	scratch := math64.borrow(2 * (full + 1))
	defer math64.scratch.Put(scratch)
	// Of every part of the set: its probability, and that of drawing the rest
	// of the set once the part has been drawn.
	mass, draw := (*scratch)[:full+1], (*scratch)[full+1:]
	mass[0] = 0
	for j, v := range p {
		for part := range 1 << j {
			mass[part|1<<j] = mass[part] + float64(v)
		}
	}
	draw[full] = 1
	for part := full - 1; part >= 0; part-- {
		left, sum := float64(rest)+mass[full^part], 0.0
		for j, v := range p {
			if bit := 1 << j; part&bit == 0 {
				sum += float64(v) * draw[part|bit]
			}
		}
		draw[part] = 0
		if left > 0 {
			draw[part] = sum / left
		}
	}
	clear(w)
	if draw[0] == 0 {
		return 0
	}
	for a, v := range p {
		first := draw[1<<a]
		if first == 0 {
			continue
		}
		// The weights p(s') R^{D\s}(S,s') sum to one over the set.
		var gain float64
		for b, u := range p {
			if a != b {
				gain += float64(u) * draw[1<<a|1<<b] / first * (float64(f[a]) - float64(f[b]))
			}
		}
		w[a] = F(float64(v) * first / draw[0] * gain)
	}
	return draw[0]
}
