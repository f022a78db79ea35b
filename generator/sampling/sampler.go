package sampling

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"sync"

	"textgan/internal/cell"
	"textgan/internal/kernel"
	"textgan/internal/memory"
	"textgan/internal/rng"
	"textgan/vocab"
)

// Options shape the distribution that a token is drawn from, in the
// order of the fields: temperature, then the k likeliest, then the smallest
// set of likeliest tokens with mass p.
type Options struct {
	MaxLen      int     // longest sentence in tokens, its end included
	Temperature float64 // tau, divides the logits; 0 means 1
	TopK        int     // 0, or as many as there are, keeps all
	TopP        float64 // 0 or 1 keeps all
	NoUnk       bool    // never draw <unk>
	Prompt      []int32 // ids that every sentence begins with
	BF16        bool    // products read operands rounded to bf16, as in training with --precision bf16
}

// Beyond these temperatures float32 could no longer tell logits apart, or the
// ids that are never written from the others.
const minTau, maxTau = 1e-3, 1e3

// Check reports the first option that makes no sense for a vocabulary of v ids.
func (o Options) Check(v int) error {
	switch {
	case o.MaxLen < 1:
		return fmt.Errorf("generator: longest sample of %d tokens; give at least 1", o.MaxLen)
	case o.MaxLen > longest:
		return fmt.Errorf("generator: longest sample of %d tokens; give at most %d", o.MaxLen, longest)
	case o.Temperature != 0 && !(o.Temperature >= minTau && o.Temperature <= maxTau):
		return fmt.Errorf("generator: temperature %v must lie in [%v, %v]; for the likeliest tokens use top-k 1", o.Temperature, minTau, maxTau)
	case o.TopK < 0:
		return fmt.Errorf("generator: top-k %d must not be negative", o.TopK)
	case o.TopP < 0 || o.TopP > 1 || math.IsNaN(o.TopP):
		return fmt.Errorf("generator: top-p %v must lie in (0, 1]", o.TopP)
	case len(o.Prompt) >= o.MaxLen:
		return fmt.Errorf("generator: a prompt of %d tokens leaves no room in %d", len(o.Prompt), o.MaxLen)
	}
	for _, id := range o.Prompt {
		if id <= vocab.Eos || int(id) >= v {
			return fmt.Errorf("generator: id %d cannot stand in a prompt", id)
		}
	}
	return nil
}

// longest is the largest MaxLen: room for the ids of sampleRows such sentences is made at once.
const longest = 1 << 20

// sampleRows is how many rows of logits there are at a time, and how many beginnings go
// through the layers at once.
const sampleRows = 32

// mostRows is how many sentences are written side by side, if their states have up to
// mostStates values: a beginning that some of them share is read once for all of them.
// aloneRows is how many where more would share no more: each has a code of its own, or they
// are read in the order of an alphabet.
const mostRows, aloneRows, mostStates = 4096, 256, 1 << 20

// sideBySide is how many sentences of g that is, at most most and no less than sampleRows.
func (g *Network) sideBySide(most int) int {
	in, state := g.Emb, 0
	for _, p := range g.Layer {
		sizes := g.Kind.Core(in, p.Units).Sizes()
		in, state = sizes.Out, state+sizes.State
	}
	return min(max(mostStates/state, sampleRows), most)
}

// Sampler draws sentences from a generator (ancestral sampling). It keeps its
// scratch from call to call; one Sampler serves one goroutine, or any number of
// them if its network is Fixed and nobody watches.
type Sampler struct {
	net      *Network
	opt      Options
	products cell.Products
	lines    []float32 // output weights, if they are not as products like them
	held     kernel.Weights
	holding  sync.Once // of held, if the weights are fixed
	shares   []float32 // what inputs has made room for
	scratch  pool[sampleScratch]

	watch func(row, t int, logits []float32, id int32) // nil: nobody
	part  rng.Part

	condition *Condition // nil: sentences depend on nothing but their words
}

// NewSampler returns a sampler of g, whose weights may go on changing.
func (g *Network) NewSampler(o Options) (*Sampler, error) {
	if err := o.Check(g.Vocab); err != nil {
		return nil, err
	}
	if o.Temperature == 0 {
		o.Temperature = 1
	}
	if o.TopP == 0 {
		o.TopP = 1
	}
	if o.TopK >= g.Vocab {
		o.TopK = 0
	}
	s := &Sampler{net: g, opt: o, products: cell.Products{BF16: o.BF16}}
	s.scratch.fresh = func() *sampleScratch { return newSampleScratch(g, s.products) }
	return s, nil
}

// MaxLen is the longest sentence, its end included.
func (s *Sampler) MaxLen() int { return s.opt.MaxLen }

// Key names the draws of a Sampler: equal keys, equal sentences. Its Row is not
// used; a program without streams of its own need only set Seed.
type Key = rng.Key

// Draw writes n sentences into ids [n,MaxLen], pad behind the end, and their
// lengths [n], the end counted; a sentence of MaxLen may lack its end. Sentence
// i depends on the weights, the options, the key and first+i alone: token t is
// drawn by inverse CDF with draw t of row first+i of the key's stream.
func (s *Sampler) Draw(ids, lengths []int32, key Key, first int) {
	for i := range lengths {
		copy(ids[i*s.opt.MaxLen:], s.opt.Prompt)
	}
	s.Complete(ids, lengths, len(s.opt.Prompt), key, first)
}

// DrawScored is Draw that also sets logProbs [n] to log p of the sentences, in nats, by the
// network at temperature 1 and without filters: their tokens behind the prompt, as far as
// they were drawn. Without a prompt or BF16 it is what a Scorer says, bit for bit.
func (s *Sampler) DrawScored(ids, lengths []int32, logProbs []float64, key Key, first int) {
	for i := range lengths {
		copy(ids[i*s.opt.MaxLen:], s.opt.Prompt)
	}
	s.complete(ids, lengths, logProbs, len(s.opt.Prompt), key, first)
}

// Watch lets f see each token that is drawn: the row of its stream, its place,
// the logits [V] before any option, for f to overwrite, and its id. Several
// goroutines call f, each for sentences of its own.
func (s *Sampler) Watch(f func(row, t int, logits []float32, id int32)) { s.watch = f }

// SetPart makes the sentences of a call those of a part: the i-th draws from row
// first plus part.Row(i).
func (s *Sampler) SetPart(part rng.Part) { s.part = part }

// Complete is Draw for sentences whose first kept tokens stand in ids already,
// row by row; none of these but the last is Eos.
func (s *Sampler) Complete(ids, lengths []int32, kept int, key Key, first int) {
	s.complete(ids, lengths, nil, kept, key, first)
}

func (s *Sampler) complete(ids, lengths []int32, logProbs []float64, kept int, key Key, first int) {
	w := s.outputs(len(lengths))
	shares, most := s.inputs(len(lengths)), mostRows
	if s.alone() {
		most = aloneRows
	}
	most = s.net.sideBySide(most)
	kernel.Parallel(len(lengths), fewRows, func(lo, hi int) {
		sc := s.scratch.take()
		defer s.scratch.give(sc)
		sc.shares = shares
		for at := lo; at < hi && !s.net.Stopped(); at += most {
			n := min(most, hi-at)
			b := rows{
				ids: ids[at*s.opt.MaxLen:], lengths: lengths[at : at+n], at: at,
				kept: func(int) int { return kept }, number: func(r int) int { return first + s.part.Row(at+r) },
			}
			if logProbs != nil {
				b.logProbs = logProbs[at : at+n]
			}
			s.write(sc, w, b, key)
		}
	})
}

// Stream is Draw for up to 32 sentences, one for each of lengths, of which every
// token is seen by emit as soon as it is drawn, those of a prompt first: token t of
// sentence r. Once emit has returned false, nothing more is drawn. row gives the
// prompt of a sentence, of less than MaxLen ids, and the number of its draws.
// Only large products run in parallel.
func (s *Sampler) Stream(ids, lengths []int32, key Key, row func(r int) (prompt []int32, number int), emit func(r, t int, id int32) bool) {
	kept, numbers := make([]int, len(lengths)), make([]int, len(lengths))
	for r := range lengths {
		var prompt []int32
		prompt, numbers[r] = row(r)
		kept[r] = copy(ids[r*s.opt.MaxLen:], prompt)
	}
	sc := s.scratch.take()
	defer s.scratch.give(sc)
	sc.shares = nil
	w := s.outputs(len(lengths))
	s.write(sc, w, rows{
		ids: ids, lengths: lengths, kept: func(r int) int { return kept[r] }, number: func(r int) int { return numbers[r] }, emit: emit,
	}, key)
}

// Sample draws n sentences and returns them as ids without the end of sentence.
func (s *Sampler) Sample(n int, key Key) [][]int32 {
	out := s.Rows(n, key, 0)
	for i, row := range out {
		if last := len(row) - 1; last >= 0 && row[last] == vocab.Eos {
			out[i] = row[:last]
		}
	}
	return out
}

// Rows draws n sentences, number first and those behind it of the key, and returns them as
// Draw writes them: with the end of sentence, if there was room for it.
func (s *Sampler) Rows(n int, key Key, first int) [][]int32 {
	ids, lengths := make([]int32, n*s.opt.MaxLen), make([]int32, n)
	s.Draw(ids, lengths, key, first)
	return s.rowsOf(ids, lengths)
}

// RowsScored is Rows with the log p of DrawScored.
func (s *Sampler) RowsScored(n int, key Key, first int) (sentences [][]int32, logProbs []float64) {
	ids, lengths := make([]int32, n*s.opt.MaxLen), make([]int32, n)
	logProbs = make([]float64, n)
	s.DrawScored(ids, lengths, logProbs, key, first)
	return s.rowsOf(ids, lengths), logProbs
}

func (s *Sampler) rowsOf(ids, lengths []int32) [][]int32 {
	out := make([][]int32, len(lengths))
	for i, l := range lengths {
		out[i] = ids[i*s.opt.MaxLen:][:l:l]
	}
	return out
}

// pool keeps scratch that nobody uses, for several goroutines.
type pool[Scratch any] struct {
	fresh func() *Scratch
	mu    sync.Mutex
	free  []*Scratch
}

func (p *pool[Scratch]) take() *Scratch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		sc := p.free[n-1]
		p.free = p.free[:n-1]
		return sc
	}
	return p.fresh()
}

func (p *pool[Scratch]) give(sc *Scratch) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, sc)
}

// sampleScratch is the memory of sentences that are written, or read, side by side. A node
// is a beginning that some of them share; it has a row of the states.
type sampleScratch struct {
	logits []float32 // [sampleRows,V], rows kernel.Stride(V) apart
	lse    []float32 // [sampleRows] log of the sum of exp(logits), for scores
	x      []float32 // [sampleRows,E]
	layers []sampleLayer
	shares []float32 // [V,Share] of the first layer for every token; nil: to be worked out
	z      []float32 // [sampleRows,Z] codes
	cond   []float32 // [rows,Cond] what they add to the first layer
	live   []int     // sentences that have not ended, those of a node side by side
	node   []int     // of each of these, rising
	read   []int32   // last token of each node
	seen   []float32 // [V] logits of a draw that overwrites them
	order  []int32   // heap of a filtered draw

	drawn  []float32 // scratch of a draw
	topOf  int       // row of logits whose maximum is top; -1: none
	top    float32
	nextOf int // row of logits whose maximum is next; -1: none
	next   float32
}

// sampleLayer is a recurrent layer with its rows.
type sampleLayer struct {
	core cell.Core
	cell.Sizes
	share, tape, out []float32 // [sampleRows,...]
	state, next      []float32 // [rows,State]
}

func newSampleScratch(g *Network, products cell.Products) *sampleScratch {
	sc := &sampleScratch{
		logits: memory.Floats(sampleRows * kernel.Stride(g.Vocab))[0], lse: make([]float32, sampleRows), x: make([]float32, sampleRows*g.Emb),
		drawn: make([]float32, kernel.SampleScratch(g.Vocab)), order: make([]int32, g.Vocab), seen: make([]float32, g.Vocab),
	}
	in := g.Emb
	for _, p := range g.Layer {
		core := g.core(in, p, products)
		l := sampleLayer{core: core, Sizes: core.Sizes()}
		for p, size := range map[*[]float32]int{&l.share: l.Share, &l.tape: l.Tape, &l.out: l.Out} {
			*p = make([]float32, sampleRows*size)
		}
		sc.layers, in = append(sc.layers, l), l.Out
	}
	return sc
}

// core is the arithmetic of a layer that reads in values, with its weights.
func (g *Network) core(in int, p Layer, products cell.Products) cell.Core {
	core := g.Kind.Core(in, p.Units)
	core.Bind(p.Data())
	if products.BF16 {
		core.UseBF16()
	}
	return core
}

// room makes room for so many sentences, of which nothing is known yet.
func (sc *sampleScratch) room(rows int) {
	if rows <= len(sc.live) {
		return
	}
	sc.live, sc.node, sc.read = make([]int, rows), make([]int, rows), make([]int32, rows)
	for i := range sc.layers {
		l := &sc.layers[i]
		l.state, l.next = make([]float32, rows*l.State), make([]float32, rows*l.State)
	}
	sc.cond = nil
}

// outputs are the output weights [H,V] to write n sentences with.
func (s *Sampler) outputs(n int) *kernel.Weights {
	g, stride := s.net, kernel.Stride(s.net.Vocab)
	hold := func(w []float32, ld int) { s.products.Hold(&s.held, g.Width(), g.Vocab, w, ld) }
	switch {
	case g.fixed != nil: // others may be holding them, too
		s.holding.Do(func() { hold(g.fixed, stride) })
	case !g.Tie && (stride == g.Vocab || n < fewSentences):
		hold(g.W.Data, g.Vocab)
	default:
		if s.lines == nil {
			s.lines = g.newOutputs()
		}
		hold(g.outputs(s.lines), stride)
	}
	return &s.held
}

// inputs are the shares [V,Share] of the first layer for all tokens, of which n sentences
// read some again and again; nil if they read too few, or there is no room for so many.
func (s *Sampler) inputs(n int) []float32 {
	g := s.net
	if n < g.Vocab/readAgain {
		return nil
	}
	core := g.core(g.Emb, g.Layer[0], s.products)
	size := g.Vocab * core.Sizes().Share
	if size > mostShares {
		return nil
	}
	shares := s.shares
	if shares == nil {
		shares = make([]float32, size)
	}
	if g.fixed == nil { // nobody else has this Sampler
		s.shares = shares
	}
	core.Input(g.Vocab, g.Table.Data, shares)
	return shares
}

// A sentence reads some readAgain tokens, or more, that it does not share with others;
// mostShares is how many values shares may have.
const readAgain, mostShares = 4, 1 << 22

// For less than fewSentences it does not pay to bring the rows of W where they are
// read fastest.
const fewSentences = 8

// fewRows are too few to divide among cores.
const fewRows = 16

// rows are sentences of a call that are written side by side, from its row at on.
type rows struct {
	ids, lengths []int32
	at           int
	kept         func(r int) int                    // tokens of row r that stand in ids already
	number       func(r int) int                    // of its draws
	emit         func(r, t int, id int32) (ok bool) // sees every token, and ends the call; nil: nobody
	logProbs     []float64                          // of what is drawn, to be set; nil: nobody asks
}

// write draws sentences. Those that begin alike share a node, and finished ones make room
// at once.
func (s *Sampler) write(sc *sampleScratch, w *kernel.Weights, b rows, key Key) {
	g, T := s.net, s.opt.MaxLen
	ids, lengths := b.ids, b.lengths
	V, H, stride, prompted := g.Vocab, g.Width(), kernel.Stride(g.Vocab), T
	sc.room(len(lengths))
	live, n := sc.live[:len(lengths)], 1
	if s.alone() {
		n = len(live)
	}
	for i := range live {
		kept := b.kept(i)
		prompted = min(prompted, kept)
		clear(ids[i*T+kept : (i+1)*T])
		live[i], sc.node[i], lengths[i] = i, min(i, n-1), int32(T)
	}
	clear(b.logProbs)
	for i := range n {
		sc.read[i] = vocab.Bos
		for _, l := range sc.layers {
			l.core.Start(l.state[i*l.State:][:l.State])
		}
	}
	if s.condition != nil {
		s.begin(sc, n, b, key)
	}
	for t := 0; t < T && len(live) > 0; t++ {
		at := 0 // of live
		for lo := 0; lo < n; lo += sampleRows {
			rows := min(sampleRows, n-lo)
			top := s.advance(sc, lo, rows, t == 0 && s.condition == nil)
			if t >= prompted {
				w.GemmBias(rows, top, H, g.B.Data, sc.logits, stride)
				sc.topOf, sc.nextOf = -1, -1
				if b.logProbs != nil {
					sc.sums(rows, V)
				}
			}
			for ; at < len(live) && sc.node[at] < lo+rows; at++ {
				r := live[at]
				if t >= b.kept(r) {
					ids[r*T+t] = s.draw(sc, b, r, t, sc.node[at]-lo, rows, key)
				}
				if b.emit != nil && !b.emit(r, t, ids[r*T+t]) {
					return
				}
				if ids[r*T+t] == vocab.Eos {
					lengths[r] = int32(t + 1)
				}
			}
		}
		sc.advanced()
		if n < len(live) {
			sc.gather(live, ids[t:], T)
		}
		n, live = sc.branch(live, func(r int) (id int32, more bool) { return ids[r*T+t], ids[r*T+t] != vocab.Eos })
	}
}

// alone reports whether each sentence has a node of its own.
func (s *Sampler) alone() bool { return s.condition != nil || s.overwrites() }

// overwrites reports whether drawing changes the logits, or lets somebody see them that may.
func (s *Sampler) overwrites() bool { return s.watch != nil || s.filtered() }

func (s *Sampler) filtered() bool { return s.opt.TopK > 0 || s.opt.TopP != 1 }

// draw draws token t of sentence r from row i of n rows of logits.
func (s *Sampler) draw(sc *sampleScratch, b rows, r, t, i, n int, key Key) int32 {
	logits := sc.logits[i*kernel.Stride(s.net.Vocab):]
	if s.watch != nil || b.logProbs != nil && s.filtered() {
		copy(sc.seen, logits)
		logits = sc.seen
	}
	id := s.choose(sc, i, n, key.At(key.Step, uint32(b.number(r))).Float64(uint32(t)))
	if b.logProbs != nil {
		b.logProbs[r] -= float64(sc.lse[i] - logits[id])
	}
	if s.watch != nil {
		s.watch(b.number(r), t, sc.seen, id)
	}
	return id
}

// gather brings the sentences of each node that go on alike side by side: by their next
// token, next[r*T] of sentence r.
func (sc *sampleScratch) gather(live []int, next []int32, T int) {
	for lo, hi := 0, 0; lo < len(live); lo = hi {
		for hi = lo + 1; hi < len(live) && sc.node[hi] == sc.node[lo]; hi++ {
		}
		if hi > lo+1 {
			slices.SortFunc(live[lo:hi], func(a, b int) int { return cmp.Or(cmp.Compare(next[a*T], next[b*T]), a-b) })
		}
	}
}

// branch gives each beginning that live sentences have come to a node of its own, with the
// state of the one that it goes on from; token is what a sentence goes on with, if it does.
// Sentences of a node that go on alike stand side by side. The result is the number of
// nodes, and the sentences that go on.
func (sc *sampleScratch) branch(live []int, token func(i int) (id int32, more bool)) (n int, more []int) {
	more = live[:0]
	apart := len(live) == 0 || sc.node[len(live)-1] == len(live)-1 // a node for each: they only move up
	from := -1
	for at, i := range live {
		id, goesOn := token(i)
		if !goesOn {
			continue
		}
		if node := sc.node[at]; node != from || id != sc.read[n-1] {
			sc.move(n, node, apart)
			sc.read[n], from = id, node
			n++
		}
		sc.node[len(more)], more = n-1, append(more, i)
	}
	if !apart {
		sc.advanced()
	}
	return n, more
}

// move gives node to the state of node from: in its place, or among the next states.
func (sc *sampleScratch) move(to, from int, inPlace bool) {
	if inPlace && to == from {
		return
	}
	for _, l := range sc.layers {
		states := l.next
		if inPlace {
			states = l.state
		}
		copy(states[to*l.State:][:l.State], l.state[from*l.State:])
	}
	if width := sc.layers[0].Cond; sc.cond != nil { // each sentence has its own code, and node
		copy(sc.cond[to*width:][:width], sc.cond[from*width:])
	}
}

// sums sets lse of n rows of logits, and leaves these as they are.
func (sc *sampleScratch) sums(n, V int) {
	for i := range n {
		sc.lse[i] = kernel.LogSumExp(sc.logits[i*kernel.Stride(V):][:V])
	}
}

// begin sets the states of n sentences by their codes.
func (s *Sampler) begin(sc *sampleScratch, n int, b rows, key Key) {
	c, width := s.condition, sc.layers[0].Cond
	Z := c.Width
	if sc.cond == nil {
		sc.z, sc.cond = make([]float32, sampleRows*Z), make([]float32, len(sc.live)*width)
	}
	for lo := 0; lo < n; lo += sampleRows {
		rows := min(sampleRows, n-lo)
		for i := range rows {
			c.Code(sc.z[i*Z:][:Z], key, b.number(lo+i), b.at+lo+i)
		}
		for i, p := range c.Initial {
			l := sc.layers[i]
			h := l.out[:rows*l.Out]
			s.products.GemmBias(false, false, rows, l.Out, Z, sc.z, Z, p[0].Data, l.Out, p[1].Data, h, l.Out)
			kernel.Tanh(h, h)
			for r := range rows {
				copy(l.state[(lo+r)*l.State:], h[r*l.Out:][:l.Out])
			}
		}
		s.products.Gemm(false, false, rows, width, Z, 1, sc.z, Z, c.Gates.Data, width, 0, sc.cond[lo*width:], width)
	}
}

// advance reads the last token of nodes lo to lo+n, n up to sampleRows, and returns the
// top layer's outputs [n,H]. start says that these are the first tokens of all. Their states
// become the next ones when all nodes have advanced.
func (s *Sampler) advance(sc *sampleScratch, lo, n int, start bool) []float32 {
	x := sc.x
	for i := range sc.layers {
		l := &sc.layers[i]
		switch {
		case i > 0:
			l.core.Input(n, x, l.share)
		case sc.shares != nil:
			for r, id := range sc.read[lo:][:n] {
				copy(l.share[r*l.Share:][:l.Share], sc.shares[int(id)*l.Share:])
			}
		default:
			for r, id := range sc.read[lo:][:n] {
				copy(x[r*l.In:][:l.In], s.net.Table.Data[int(id)*l.In:])
			}
			l.core.Input(n, x, l.share)
		}
		if i == 0 && s.condition != nil {
			for r := range n {
				kernel.Add(l.share[r*l.Share:][:l.Cond], sc.cond[(lo+r)*l.Cond:][:l.Cond])
			}
		}
		l.core.Step(n, start, l.share, l.state[lo*l.State:], l.next[lo*l.State:], l.out, l.tape)
		x = l.out
	}
	return x
}

// advanced is called when all nodes have.
func (sc *sampleScratch) advanced() {
	for i := range sc.layers {
		l := &sc.layers[i]
		l.state, l.next = l.next, l.state
	}
}

// choose draws an id from row i of n rows of logits with the uniform draw u. The row is
// overwritten.
func (s *Sampler) choose(sc *sampleScratch, i, n int, u float64) int32 {
	logits := s.allowed(sc, i)
	beta := float32(1 / s.opt.Temperature)
	if s.opt.TopK > 0 || s.opt.TopP != 1 {
		kernel.SoftmaxScaled(logits, logits, beta)
		return chooseFiltered(sc.order, logits, s.opt.TopK, s.opt.TopP, u)
	}
	if sc.topOf == i { // a sentence of this node has drawn already
		return int32(kernel.SampleRowAgain(sc.drawn, logits, sc.top, beta, u))
	}
	sc.topOf, sc.top = i, sc.next
	if sc.nextOf != i {
		sc.top, _ = kernel.Max(logits)
	}
	next := logits
	sc.nextOf = -1
	if i+1 < n && s.watch == nil { // which sees the next row as it is
		next, sc.nextOf = s.allowed(sc, i+1), i+1
	}
	var id int
	id, sc.next = kernel.SampleRowNext(sc.drawn, logits, sc.top, beta, u, next)
	return int32(id)
}

// allowed is row i of the logits, without what is never drawn.
func (s *Sampler) allowed(sc *sampleScratch, i int) []float32 {
	V := s.net.Vocab
	logits := sc.logits[i*kernel.Stride(V):][:V]
	if s.opt.NoUnk {
		logits[vocab.Unk] = float32(math.Inf(-1))
	}
	return logits
}

// chooseFiltered draws from the smallest set of likeliest ids that holds the
// share mass of the k likeliest (0: of all), by inverse CDF at u in the order
// of their rank. Equal probabilities rank by id. order is scratch [V].
//
// It takes O(V + m log V) time if m ids have to be ranked.
func chooseFiltered(order []int32, p []float32, k int, mass, u float64) int32 {
	r := newRanking(order, p)
	total := 0.0
	if 0 < k && k < len(p) {
		for i := range k {
			total += float64(p[r.at(i)])
		}
	} else {
		k = len(p)
		for _, x := range p {
			total += float64(x)
		}
	}
	kept, sum := 0, 0.0
	for kept < k && sum < mass*total && p[r.at(kept)] > 0 {
		sum += float64(p[r.at(kept)])
		kept++
	}
	u *= sum
	for i := range kept - 1 {
		if u -= float64(p[r.at(i)]); u < 0 {
			return r.at(i)
		}
	}
	return r.at(max(kept-1, 0))
}

// ranking sorts ids by falling probability as far as it is asked: a heap of
// the ids not yet ranked, and behind it the ranked ones, the likeliest last.
type ranking struct {
	order []int32
	p     []float32
	heap  int // ids in the heap
}

func newRanking(order []int32, p []float32) ranking {
	r := ranking{order, p, len(order)}
	for i := range order {
		order[i] = int32(i)
	}
	for i := r.heap/2 - 1; i >= 0; i-- {
		r.sift(i)
	}
	return r
}

// at returns the id of rank i, from 0.
func (r *ranking) at(i int) int32 {
	place := len(r.order) - 1 - i
	for r.heap > place {
		r.heap--
		r.order[0], r.order[r.heap] = r.order[r.heap], r.order[0]
		r.sift(0)
	}
	return r.order[place]
}

// sift lets the id at i sink to its place in the heap.
func (r *ranking) sift(i int) {
	for {
		c := 2*i + 1
		if c >= r.heap {
			return
		}
		if c+1 < r.heap && r.before(c+1, c) {
			c++
		}
		if !r.before(c, i) {
			return
		}
		r.order[c], r.order[i] = r.order[i], r.order[c]
		i = c
	}
}

// before reports whether the id at i ranks before the one at j.
func (r *ranking) before(i, j int) bool {
	a, b := r.order[i], r.order[j]
	return r.p[a] > r.p[b] || r.p[a] == r.p[b] && a < b
}
