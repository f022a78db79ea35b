package op

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/feedback"
	"textgan/internal/rng"
)

// thinned is gumbelSoftmax with a way back that leaves out entries.
type thinned struct {
	gumbelSoftmax
	share float64
	room  int
	// Tokens of the last plain run by how they went back.
	sparse, dense *int
}

func (c thinned) plain(logits []num, tau float64, key rng.Key) (token []num, id int) {
	y, id := gumbelSoftmax{}.plain(logits, tau, key)
	var some []num
	for _, p := range y {
		if p.val() >= c.share/float64(len(y)) {
			some = append(some, p)
		}
	}
	if len(some) <= c.room {
		*c.sparse++
		scale := sum(some).inverse()
		y = each(y, func(p num) num {
			if p.val() < c.share/float64(len(y)) {
				return p.t.lift(p.val())
			}
			return p.mul(scale).instead(p.val())
		})
	} else {
		*c.dense++
	}
	if c.hard {
		y = onehot(y, id)
	}
	return y, id
}

func newThinWriter(cell Gated, layers int, tied, hard bool, feed feedback.Feedback) (w *writer, choice thinned) {
	w = newWriter(cell, layers, tied, hard, feed)
	w.V = 150
	choice = thinned{gumbelSoftmax{hard}, 0.45, w.V / sparseRoom, new(int), new(int)}
	w.choice, w.sparse = choice, float32(choice.share)
	return w, choice
}

func TestSparse(t *testing.T) {
	cells(t, func(t *testing.T, cell Gated) {
		for _, tied := range []bool{false, true} {
			for _, hard := range []bool{false, true} {
				for feed, name := range []string{"soft", "straight-through", "detached"} {
					w, choice := newThinWriter(cell, 2, tied, hard, feedback.All[feed])
					t.Run(fmt.Sprintf("tied %v, hard %v, feed %s", tied, hard, name), func(t *testing.T) {
						tr := w.trial()
						tr.smooth = []string{"reader"}
						for _, tau := range []float32{0.13, 0.3, 5} { // all rows sparse, some, none
							*choice.sparse, *choice.dense = 0, 0
							tr.vary = func(batch int) { w.set(batch); w.tau[0] = tau * (1 + float32(batch)/10) }
							tr.vary(0)
							tr.checkMeaning(t)
							if tau == 0.3 {
								tr.checkFrozen(t)
								tr.checkAgain(t)
								tr.checkAllocations(t)
							}
							require.Equal(t, tau < 1, *choice.sparse > 0, "tau %v", tau)
							require.Equal(t, tau > 0.2, *choice.dense > 0, "tau %v", tau)
						}
					})
				}
			}
		}
	})
}

func TestSparseOnCores(t *testing.T) {
	for _, tied := range []bool{false, true} {
		w, choice := newThinWriter(LSTM, 2, tied, true, feedback.StraightThrough)
		w.B, w.T, w.De = 120, 6, 5
		tr := w.trial()
		tr.vary = func(batch int) { w.set(batch); w.tau[0] = 0.3 }
		tr.vary(0)
		tr.checkThreads(t)
		tr.checkMeaning(t)
		require.Greater(t, *choice.dense, 3*gatherRows) // several goes for every group
	}
}

// What a row loses is within the bound that the documentation states.
func TestSparseBound(t *testing.T) {
	w, _ := newThinWriter(LSTM, 1, false, true, feedback.Detached)
	w.T = 1
	tr := w.trial()
	tr.vary = func(batch int) { w.set(batch); w.tau[0] = 0.3 }
	tr.vary(0)
	w.sparse = 0
	exact := tr.program(t, alone, none).run(t).grads["bias"]
	w.sparse = 0.45
	p := tr.program(t, alone, none)
	got := p.run(t).grads["bias"]
	require.NotEqual(t, exact, got)
	var sum, difference float64
	for i, g := range got {
		sum += float64(g)
		difference += max(float64(g-exact[i]), float64(exact[i]-g))
	}
	require.InDelta(t, 0, sum, 1e-5)
	var bound float64
	for _, c := range w.rollout.op.groups {
		for b := range c.B {
			s := c.sparse
			if s.count[b] < 0 {
				continue
			}
			// dy of the reader alone.
			lo, hi := 1e9, -1e9
			for v := range w.V {
				d := 0.0
				for e := range w.De {
					d += float64(c.reader[v*w.De+e]) * float64(c.grad[(c.first+b)*w.T*w.De+e])
				}
				lo, hi = min(lo, d), max(hi, d)
			}
			left := 1.0
			for _, i := range s.places[b*s.room:][:s.count[b]] {
				left -= float64(c.y[b*c.stride+int(i)])
			}
			require.Less(t, left, 0.45)
			bound += 3 * left * (hi - lo) / 0.3
		}
	}
	require.LessOrEqual(t, difference, bound)
	require.Greater(t, difference, bound/100)
}

func TestSparseOffIsTheSame(t *testing.T) {
	w := newWriter(LSTM, 1, false, true, feedback.StraightThrough)
	tr := w.trial()
	a := tr.program(t, alone, none)
	want := a.run(t)
	require.Nil(t, w.rollout.op.sparse)
	w.sparse = 1e-30 // nothing is small enough, and no row has room
	b := tr.program(t, alone, none)
	require.NotNil(t, w.rollout.op.sparse)
	want.same(t, b.run(t), "all rows dense")
}
