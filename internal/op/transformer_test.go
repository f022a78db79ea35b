package op

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"textgan/internal/feedback"
)

// plainTransformer is one step of a decoder for one row. Its state here is what is
// given [M], and behind it keys and values of all blocks for one token after the
// other, none of them forgotten.
func plainTransformer(c Transformer, x, state []num, w [][]num, cond []num) (out, next []num) {
	M, t := len(w[1]), x[0].t
	perToken := 2 * M * c.Blocks
	position := (len(state) - M) / perToken
	size := M / c.Heads
	turned := func(x []num) []num {
		y := slices.Clone(x)
		for h := range c.Heads {
			for j := range size / 2 {
				angle := float64(position) / math.Pow(10000, float64(2*j)/float64(size))
				a, b := h*size+j, h*size+j+size/2
				y[a] = x[a].times(math.Cos(angle)).sub(x[b].times(math.Sin(angle)))
				y[b] = x[b].times(math.Cos(angle)).add(x[a].times(math.Sin(angle)))
			}
		}
		return y
	}
	s := plus(affine(x, w[0], w[1]), state[:M], 1)
	if cond != nil {
		s = plus(s, cond, 1)
	}
	next = slices.Clone(state)
	for b := range c.Blocks {
		w := w[2+10*b:]
		qkv := affine(plainNorm(s, w[0], w[1]), w[2], t.zeros(3*M))
		q := turned(qkv[:M])
		next = slices.Concat(next, turned(qkv[M:2*M]), qkv[2*M:])
		var found []num
		for h := range c.Heads {
			var logits, values []num
			for i := max(0, position+1-c.Context); i <= position; i++ {
				kv := next[M+i*perToken+2*M*b:]
				logits = append(logits, dot(q[h*size:][:size], kv[h*size:][:size]).times(1/math.Sqrt(float64(size))))
				values = append(values, kv[M+h*size:][:size]...)
			}
			found = append(found, mix(softmax(logits), values)...)
		}
		s = plus(s, affine(found, w[3], t.zeros(M)), 1)
		hidden := affine(plainNorm(s, w[4], w[5]), w[6], w[7])
		for i, v := range hidden {
			hidden[i] = v.relu()
		}
		s = plus(s, affine(hidden, w[8], w[9]), 1)
	}
	return plainNorm(s, w[len(w)-2], w[len(w)-1]), next
}

func TestTransformer(t *testing.T) {
	coreTrial(Transformer{Blocks: 2, Heads: 1, Context: 5}, newBatch(4, 5, 7), 3, 4, false, false).checkMeaning(t)
	t.Run("that forgets", coreTrial(Transformer{Blocks: 2, Heads: 2, Context: 3}, newBatch(3, 4, 7), 3, 4, false, false).check)
	t.Run("conditioned", coreTrial(Transformer{Blocks: 1, Heads: 1, Context: 4}, newBatch(3, 4, 7), 3, 4, true, true).check)
	coreTrial(Transformer{Blocks: 2, Heads: 4, Context: 6}, newBatch(13, 6, 7), 20, 16, false, false).checkThreads(t)
}

func TestTransformerRollout(t *testing.T) {
	for _, feed := range feedback.All {
		for _, hard := range []bool{false, true} {
			t.Run(fmt.Sprintf("hard %v, feed %s", hard, feed), func(t *testing.T) {
				w := newWriter(Transformer{Blocks: 1, Heads: 2, Context: 3}, 1, hard, hard, feed)
				w.hidden = []int{4}
				if w.tied {
					w.E = 4
				}
				w.h0, w.cond = hard, hard
				tr := w.trial()
				w.checkText(t, tr)
				tr.checkMeaning(t)
				tr.checkThreads(t)
				tr.checkAllocations(t)
				if testing.Short() {
					return
				}
				tr.checkAgain(t)
				if !hard && feed == feedback.Soft {
					tr.kinks, tr.smooth = true, []string{"table", "Win0", "Wlock0.wo0", "Wlock0.w20", "norm.gain0"} // whose gradients stand out of the rounding
					tr.checkDifferences(t)
				}
			})
		}
	}
}

func TestTransformerAgainstNumpy(t *testing.T) {
	againstNumpy(t, "transformer", func(c numpyCore) Cell { return Transformer{Blocks: c.Blocks, Heads: c.Heads, Context: c.Context} })
}
