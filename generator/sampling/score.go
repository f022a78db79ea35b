package sampling

import (
	"cmp"
	"fmt"
	"slices"

	"textgan/internal/cell"
	"textgan/internal/kernel"
	"textgan/vocab"
)

// ScoreOptions say which distribution a Scorer tells the probabilities of.
type ScoreOptions struct {
	Temperature float64 // divides the logits, as that of Options; 0 means 1
	BF16        bool    // products read operands rounded to bf16
}

// Scorer tells log p of sentences. It keeps its scratch from call to call; one Scorer
// serves one goroutine, and works on all cores.
type Scorer struct {
	sampler *Sampler // of the same network
	beta    float32  // what logits are multiplied by
	scratch pool[scoreScratch]
}

// NewScorer returns a scorer of g as it is, whose weights may go on changing.
func (g *Network) NewScorer() *Scorer { return g.newScorer(ScoreOptions{}) }

// Scorer is NewScorer of g as o has it. It is an error to ask for a temperature that no
// Sampler has.
func (g *Network) Scorer(o ScoreOptions) (*Scorer, error) {
	if err := (Options{MaxLen: 1, Temperature: o.Temperature}).Check(g.Vocab); err != nil {
		return nil, err
	}
	return g.newScorer(o), nil
}

func (g *Network) newScorer(o ScoreOptions) *Scorer {
	s := &Scorer{sampler: &Sampler{net: g, products: cell.Products{BF16: o.BF16}}, beta: float32(1 / cmp.Or(o.Temperature, 1))}
	s.scratch.fresh = func() *scoreScratch {
		return &scoreScratch{sampleScratch: newSampleScratch(g, s.sampler.products), gathered: make([]float32, sampleRows*g.Width())}
	}
	return s
}

// scoreScratch is also what the output layer reads: rows of the top layer are gathered over
// as many tokens as give it sampleRows at once, and with them who asks for which token.
type scoreScratch struct {
	*sampleScratch
	gathered []float32 // [sampleRows,H]
	full     int       // rows of it
	due      []place
}

// place is token t of a sentence, told by row row of what is gathered.
type place struct{ row, sentence, t int }

// LogProbs fills dst [n] with log p of n sentences in nats. A sentence that ends with
// Eos counts its end; one that does not counts as the beginning that it is. The result
// of a sentence does not depend on the others.
func (s *Scorer) LogProbs(dst []float64, sentences [][]int32) error {
	clear(dst[:len(sentences)])
	return s.tell(sentences, func(i, _ int, nats float32) { dst[i] -= float64(nats) })
}

// NLL fills dst [n], each row as long as its sentence, with -log p of every token of n
// sentences in nats.
func (s *Scorer) NLL(dst [][]float32, sentences [][]int32) error {
	return s.tell(sentences, func(i, t int, nats float32) { dst[i][t] = nats })
}

// tell tells -log p of token t of sentence i of all tokens, those of a sentence in their
// order. Several goroutines tell, each of sentences of its own.
func (s *Scorer) tell(sentences [][]int32, told func(i, t int, nats float32)) error {
	g := s.sampler.net
	V, H, stride := g.Vocab, g.Width(), kernel.Stride(g.Vocab)
	w := s.sampler.outputs(len(sentences))
	flush := func(sc *scoreScratch) {
		if sc.full == 0 {
			return
		}
		w.GemmBias(sc.full, sc.gathered, H, g.B.Data, sc.logits, stride)
		if s.beta != 1 {
			kernel.Scale(s.beta, sc.logits[:sc.full*stride])
		}
		sc.sums(sc.full, V)
		for _, p := range sc.due {
			told(p.sentence, p.t, sc.lse[p.row]-sc.logits[p.row*stride+int(sentences[p.sentence][p.t])])
		}
		sc.full, sc.due = 0, sc.due[:0]
	}
	return s.read(sentences, func(sc *scoreScratch, h []float32, of []int, t int) {
		copy(sc.gathered[sc.full*H:], h)
		for _, i := range of {
			sc.due = append(sc.due, place{sc.full, i, t})
		}
		if sc.full++; sc.full == sampleRows {
			flush(sc)
		}
	}, flush)
}

// States shows the states h [H] of the top layer that token t of sentence i is told by: it
// has read the t tokens before. They come in the order of a sentence, and are overwritten
// behind it. Several goroutines see, each of sentences of its own.
func (s *Scorer) States(sentences [][]int32, see func(i, t int, h []float32)) error {
	return s.read(sentences, func(_ *scoreScratch, h []float32, of []int, t int) {
		for _, i := range of {
			see(i, t, h)
		}
	}, func(*scoreScratch) {})
}

// read reads all sentences, a beginning that some of them share once: see gets the state
// h that tells token t of these. done ends a part of them.
func (s *Scorer) read(sentences [][]int32, see func(sc *scoreScratch, h []float32, of []int, t int), done func(*scoreScratch)) error {
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
	shares, most := s.sampler.inputs(len(sentences)), g.sideBySide(aloneRows)
	blocks := max((len(order)+most-1)/most, min(kernel.Threads(), len(order)/fewSentences))
	kernel.Parallel(blocks, 1, func(lo, hi int) {
		sc := s.scratch.take()
		defer s.scratch.give(sc)
		sc.shares = shares
		for i := lo; i < hi && !g.Stopped(); i++ {
			s.readBlock(sc, sentences, order[i*len(order)/blocks:(i+1)*len(order)/blocks], see)
			done(sc)
		}
	})
	if g.Stopped() {
		return ErrStopped
	}
	return nil
}

// readBlock reads the sentences of order, which is sorted: neighbours begin alike.
func (s *Scorer) readBlock(sc *scoreScratch, sentences [][]int32, order []int, see func(sc *scoreScratch, h []float32, of []int, t int)) {
	H := s.sampler.net.Width()
	sc.room(len(order))
	live := sc.live[:0]
	for _, i := range order {
		if len(sentences[i]) > 0 {
			sc.node[len(live)], live = 0, append(live, i)
		}
	}
	sc.read[0] = vocab.Bos
	for _, l := range sc.layers {
		l.core.Start(l.state[:l.State])
	}
	for n, t := 1, 0; len(live) > 0; t++ {
		at := 0 // of live
		for lo := 0; lo < n; lo += sampleRows {
			rows := min(sampleRows, n-lo)
			top := s.sampler.advance(sc.sampleScratch, lo, rows, t == 0)
			for r := range rows {
				first := at
				for at < len(live) && sc.node[at] == lo+r {
					at++
				}
				see(sc, top[r*H:][:H], live[first:at], t)
			}
		}
		sc.advanced()
		n, live = sc.branch(live, func(i int) (id int32, more bool) {
			if x := sentences[i]; t+1 < len(x) {
				return x[t], true
			}
			return 0, false
		})
	}
}
