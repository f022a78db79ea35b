package sampling

import (
	"cmp"
	"fmt"
	"slices"

	"textgan/internal/cell"
	"textgan/internal/kernel"
	"textgan/vocab"
)

// Scorer tells log p of sentences. It keeps its scratch from call to call; one Scorer
// serves one goroutine, and works on all cores.
type Scorer struct {
	sampler *Sampler // of the same network
}

// NewScorer returns a scorer of g, whose weights may go on changing.
func (g *Network) NewScorer() *Scorer {
	s := &Sampler{net: g, rows: g.sideBySide()}
	s.scratch.fresh = func() *sampleScratch { return newSampleScratch(g, cell.Products{}, s.rows) }
	return &Scorer{s}
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
	rows := s.sampler.rows
	blocks := (len(order) + rows - 1) / rows
	kernel.Parallel(blocks, 1, func(lo, hi int) {
		sc := s.sampler.scratch.take()
		defer s.sampler.scratch.give(sc)
		for i := lo; i < hi; i++ {
			part := order[i*rows : min((i+1)*rows, len(order))]
			s.score(sc, w, ld, dst, sentences, part)
		}
	})
	return nil
}

// score reads the sentences of order, which is sorted: neighbours begin alike.
func (s *Scorer) score(sc *sampleScratch, w []float32, ld int, dst []float64, sentences [][]int32, order []int) {
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
		top := s.sampler.advance(sc, n, t == 0)
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
		n, live = sc.branch(live, func(i int) (id int32, more bool) {
			if x := sentences[i]; t+1 < len(x) {
				return x[t], true
			}
			return 0, false
		})
	}
}
