package sampling

import (
	"cmp"
	"fmt"
	"slices"

	"textgan/internal/cell"
	"textgan/internal/kernel"
	"textgan/vocab"
)

// scoreRows is how many sentences are read side by side, if their states have up to
// scoreStates values: neighbours by their beginnings, which are read once for all of them.
const scoreRows, scoreStates = 256, 1 << 18

// Scorer tells log p of sentences. It keeps its scratch from call to call; one Scorer
// serves one goroutine, and works on all cores.
type Scorer struct {
	sampler *Sampler // of the same network, for its output weights
	rows    int      // sentences that are read side by side
	scratch pool[scoreScratch]
}

// NewScorer returns a scorer of g, whose weights may go on changing.
func (g *Network) NewScorer() *Scorer {
	in, state := g.Emb, 0
	for _, p := range g.Layer {
		sizes := g.Kind.Core(in, p.Units).Sizes()
		in, state = sizes.Out, state+sizes.State
	}
	rows := min(max(scoreStates/state, sampleRows), scoreRows)
	s := &Scorer{sampler: &Sampler{net: g}, rows: rows}
	s.scratch.fresh = func() *scoreScratch {
		return &scoreScratch{newSampleScratch(g, cell.Products{}, rows), make([]int, rows), make([]int, rows)}
	}
	return s
}

// scoreScratch is the memory of sentences that are read side by side.
type scoreScratch struct {
	*sampleScratch
	node []int // row of each sentence: of the tokens that have been read of it
	live []int // sentences that have more tokens
}

// LogProbs fills dst [n] with log p of n sentences in nats. A sentence that ends with
// Eos counts its end; one that does not counts as the beginning that it is. The result
// of a sentence does not depend on the others.
func (s *Scorer) LogProbs(dst []float64, sentences [][]int32) error {
	g := s.sampler.net
	order := make([]int, len(sentences))
	for i, x := range sentences {
		order[i] = i
		for _, id := range x {
			if id < 0 || int(id) >= g.Vocab {
				return fmt.Errorf("generator: id %d outside 0..%d", id, g.Vocab-1)
			}
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(slices.Compare(sentences[a], sentences[b]), a-b)
	})
	w, ld := s.sampler.outputs(len(sentences))
	blocks := (len(order) + s.rows - 1) / s.rows
	kernel.Parallel(blocks, 1, func(lo, hi int) {
		sc := s.scratch.take()
		defer s.scratch.give(sc)
		for i := lo; i < hi; i++ {
			part := order[i*s.rows : min((i+1)*s.rows, len(order))]
			s.score(sc, w, ld, dst, sentences, part)
		}
	})
	return nil
}

// score reads the sentences of order, which is sorted: row r of the scratch is the r-th
// of the different beginnings of t tokens that they have.
func (s *Scorer) score(sc *scoreScratch, w []float32, ld int, dst []float64, sentences [][]int32, order []int) {
	g := s.sampler.net
	V, H, stride := g.Vocab, g.Width(), kernel.Stride(g.Vocab)
	live := sc.live[:0]
	for _, i := range order {
		dst[i] = 0
		if len(sentences[i]) > 0 {
			sc.node[len(live)], live = 0, append(live, i)
		}
	}
	sc.read[0] = vocab.Bos
	for _, l := range sc.layers {
		l.core.Start(l.state[:l.State])
	}
	for n, t := 1, 0; len(live) > 0; t++ {
		top := s.sampler.advance(sc.sampleScratch, n, t == 0)
		at := 0 // of live
		for lo := 0; lo < n; lo += sampleRows {
			rows := min(sampleRows, n-lo)
			s.sampler.products.GemmBias(false, false, rows, V, H, top[lo*H:], H, w, ld, g.B.Data, sc.logits, stride)
			sc.sums(rows, V)
			for ; at < len(live) && sc.node[at] < lo+rows; at++ {
				r, i := sc.node[at]-lo, live[at]
				dst[i] -= float64(sc.lse[r] - sc.logits[r*stride+int(sentences[i][t])])
			}
		}
		n, live = s.branch(sc, live, sentences, t)
	}
}

// branch gives the beginnings of t+1 tokens rows of their own, with the states that those
// of t tokens have come to.
func (s *Scorer) branch(sc *scoreScratch, live []int, sentences [][]int32, t int) (n int, more []int) {
	more = live[:0]
	from := -1
	for at, i := range live {
		x := sentences[i]
		if len(x) == t+1 {
			continue
		}
		if node := sc.node[at]; node != from || x[t] != sc.read[n-1] {
			for _, l := range sc.layers {
				copy(l.next[n*l.State:][:l.State], l.state[node*l.State:])
			}
			sc.read[n], from = x[t], node
			n++
		}
		sc.node[len(more)], more = n-1, append(more, i)
	}
	for k := range sc.layers {
		l := &sc.layers[k]
		l.state, l.next = l.next, l.state
	}
	return n, more
}
