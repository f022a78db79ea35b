package ratio

import (
	"math"

	"textgan/internal/rng"
)

// race chooses one of K proposals, each with probability proportional to its weight. Proposal
// j arrives at the time T_j, the j-th smallest of K independent exponential numbers, and the one
// with the least T_j/w_j wins. No weight counts for more than a bound L: as soon as the next
// arrival over L is no less than the least so far, none of those left can win, and they need
// not be drawn.
type race struct {
	entered int     // proposals so far
	arrival float64 // of the last one
	least   float64 // log(T/w) of the winner
	winner  []int32
}

// enter lets a proposal x of a log weight take part in a race of k, whose draws are a row of the
// Choice stream. The race is over if none after it can win; it is then the next one's turn.
func (r *race) enter(x []int32, logWeight, logBound float64, k int, draws rng.Key) (winner []int32, over bool) {
	wait := func() float64 { return -math.Log(draws.Float64(uint32(r.entered))) / float64(k-r.entered) }
	if r.entered == 0 {
		*r = race{arrival: wait(), least: math.Inf(1), winner: x}
	}
	if t := math.Log(r.arrival) - min(logWeight, logBound); t < r.least {
		r.least, r.winner = t, x
	}
	if r.entered++; r.entered < k {
		if r.arrival += wait(); math.Log(r.arrival)-logBound < r.least {
			return nil, false
		}
	}
	r.entered = 0
	return r.winner, true
}
