package vocab

import (
	"cmp"
	"fmt"
	"iter"
	"math"
	"math/bits"
	"slices"

	"textgan/internal/rng"
)

// Batch holds B sentences, longest first; sentences of equal length keep the
// order in which they were drawn.
type Batch struct {
	B, T    int     // sentences; length of the longest, Eos counted
	IDs     []int32 // [B,T] row-major: the tokens, Eos, then Pad
	Lengths []int32 // [B] tokens of each row, Eos counted
	Index   []int32 // [B] position of each sentence in the list it was drawn from
	Norm    float64 // tokens that a loss over the batch is divided by; 0: its own

	Whole *Batch   // what this is a part of; nil: it is whole
	Part  rng.Part // which part
}

// Of is the batch that b is a part of: itself, if it is whole.
func (b *Batch) Of() *Batch {
	if b.Whole != nil {
		return b.Whole
	}
	return b
}

// Divisor is the number of tokens that a loss over the batch, or over the one that it is
// a part of, is divided by.
func (b *Batch) Divisor() float64 {
	whole := b.Of()
	if whole.Norm > 0 {
		return whole.Norm
	}
	return float64(whole.Tokens())
}

// Cut makes dst a part of b, whose number of sentences the number of parts divides. The
// memory of dst is used again.
func (b *Batch) Cut(dst *Batch, part rng.Part) {
	n := b.B / part.Of
	dst.B, dst.T, dst.Whole, dst.Part = n, 0, b, part
	dst.IDs, dst.Lengths, dst.Index = dst.IDs[:0], dst.Lengths[:0], dst.Index[:0]
	for i := range n {
		dst.T = max(dst.T, int(b.Lengths[part.Row(i)]))
	}
	for i := range n {
		row := part.Row(i)
		dst.Lengths = append(dst.Lengths, b.Lengths[row])
		dst.IDs = append(dst.IDs, b.IDs[row*b.T:][:dst.T]...)
		if len(b.Index) > 0 {
			dst.Index = append(dst.Index, b.Index[row])
		}
	}
}

// Tokens is the number of tokens that are not Pad, Eos counted.
func (b *Batch) Tokens() int {
	n := 0
	for _, l := range b.Lengths {
		n += int(l)
	}
	return n
}

// reserve makes room for rows sentences of maxT tokens.
func (b *Batch) reserve(rows, maxT int) {
	if cap(b.IDs) < rows*maxT {
		b.IDs = make([]int32, 0, rows*maxT)
	}
	if cap(b.Lengths) < rows {
		b.Lengths = make([]int32, 0, rows)
	}
	if cap(b.Index) < rows {
		b.Index = make([]int32, 0, rows)
	}
}

// fill takes over the sentences at index.
func (b *Batch) fill(sentences [][]int32, index []int32) {
	b.B, b.Norm = len(index), 0
	b.Index = append(b.Index[:0], index...)
	longestFirst(b.Index, sentences)
	b.Lengths = b.Lengths[:0]
	for _, i := range b.Index {
		b.Lengths = append(b.Lengths, int32(len(sentences[i])+1))
	}
	b.T = int(b.Lengths[0])
	b.IDs = b.IDs[:0]
	for _, i := range b.Index {
		b.IDs = append(b.IDs, sentences[i]...)
		b.IDs = append(b.IDs, Eos)
		for len(b.IDs)%b.T != 0 {
			b.IDs = append(b.IDs, Pad)
		}
	}
}

func longestFirst(index []int32, sentences [][]int32) {
	slices.SortStableFunc(index, func(i, j int32) int {
		return cmp.Compare(len(sentences[j]), len(sentences[i]))
	})
}

// maxT is the length of the longest sentence, Eos counted.
func maxT(sentences [][]int32) int {
	t := 0
	for _, s := range sentences {
		t = max(t, len(s)+1)
	}
	return t
}

// InOrder yields the sentences once, in batches of size rows as they come;
// the last batch holds what is left. A size below 1 counts as 1. All batches
// share one memory, so each is good until the next.
func InOrder(sentences [][]int32, size int) iter.Seq[*Batch] {
	return func(yield func(*Batch) bool) {
		rows := min(max(size, 1), len(sentences))
		var b Batch
		b.reserve(rows, maxT(sentences))
		index := make([]int32, 0, rows)
		for i := 0; i < len(sentences); i += len(index) {
			index = index[:0]
			for j := i; j < min(i+rows, len(sentences)); j++ {
				index = append(index, int32(j))
			}
			b.fill(sentences, index)
			if !yield(&b) {
				return
			}
		}
	}
}

// BatchOptions of NewBatches.
type BatchOptions struct {
	Size int    // B, at least 1
	Seed uint64 // of the Data stream
	// Bucket is the number of batches whose sentences are sorted by length
	// before they are cut into batches, which then come in random order.
	// Larger means less padding and less varied batches. Default 1: batches
	// are cut as the shuffled sentences come.
	Bucket int
	// Average sets the Norm of every batch to the number of tokens that one has on
	// average, Size x MeanTokens. Then all sentences weigh the same in the sum of
	// losses over batches. Default: each batch is divided by its own, so that a sentence
	// weighs about the inverse of its length if those of a batch are equally long.
	Average bool
}

// Batches is an endless stream of batches of exactly Size rows.
//
// The stream is cut from an endless sequence of epochs; each epoch holds every
// sentence once, in an order that is a pure function of the seed and the
// number of the epoch. A batch may reach over the end of an epoch, and holds
// several epochs if there are fewer sentences than rows. So the n-th batch
// depends on the sentences, the options and n alone: Position is all there is
// to save.
type Batches struct {
	sentences [][]int32
	opt       BatchOptions
	maxT      int
	tokens    int     // of all sentences, the end of each counted
	next      int     // batches drawn so far
	window    []int32 // sentences of the Bucket batches around next, by row of batches
	turn      []int32 // order in which the batches of the window come
	loaded    int     // which window is in window, -1 for none
	perm      []int32 // order of the sentences in epoch
	epoch     int     // which epoch is in perm, -1 for none
}

// NewBatches returns the stream from its beginning. It keeps a reference to
// the sentences, which must not change.
func NewBatches(sentences [][]int32, opt BatchOptions) (*Batches, error) {
	if len(sentences) == 0 {
		return nil, fmt.Errorf("vocab: no sentences to make batches of")
	}
	if opt.Size < 1 {
		return nil, fmt.Errorf("vocab: batch size %d; it must be at least 1", opt.Size)
	}
	if opt.Bucket < 0 {
		return nil, fmt.Errorf("vocab: bucket of %d batches; it must be at least 1", opt.Bucket)
	}
	opt.Bucket = max(opt.Bucket, 1)
	tokens := len(sentences)
	for _, s := range sentences {
		tokens += len(s)
	}
	return &Batches{
		tokens:    tokens,
		sentences: sentences,
		opt:       opt,
		maxT:      maxT(sentences),
		window:    make([]int32, opt.Size*opt.Bucket),
		turn:      make([]int32, opt.Bucket),
		loaded:    -1,
		perm:      make([]int32, len(sentences)),
		epoch:     -1,
	}, nil
}

// MaxT is the largest T that a batch of the stream can have.
func (s *Batches) MaxT() int { return s.maxT }

// MeanTokens is the mean number of tokens of a sentence, Eos counted.
func (s *Batches) MeanTokens() float64 { return float64(s.tokens) / float64(len(s.sentences)) }

// Position is the number of batches drawn so far.
func (s *Batches) Position() int { return s.next }

// Seek continues the stream as if n batches had been drawn.
func (s *Batches) Seek(n int) error {
	if n < 0 || n > math.MaxInt/len(s.window)-1 {
		return fmt.Errorf("vocab: no batch has position %d in the stream", n)
	}
	s.next = n
	return nil
}

// Next puts the next batch into b, whose memory it reuses: after the first
// call on the same b nothing is allocated.
func (s *Batches) Next(b *Batch) {
	w, slot := s.next/s.opt.Bucket, s.next%s.opt.Bucket
	if w != s.loaded {
		s.load(w)
	}
	row := int(s.turn[slot]) * s.opt.Size
	b.reserve(s.opt.Size, s.maxT)
	b.fill(s.sentences, s.window[row:row+s.opt.Size])
	if s.opt.Average {
		b.Norm = float64(s.opt.Size) * s.MeanTokens()
	}
	s.next++
}

// Rows of the Data stream: its step is the epoch or the window.
const (
	shuffleRow = iota
	turnRow
)

// load draws window w.
func (s *Batches) load(w int) {
	start := w * len(s.window)
	for i := range s.window {
		epoch, at := (start+i)/len(s.sentences), (start+i)%len(s.sentences)
		if epoch != s.epoch {
			s.shuffle(s.perm, uint32(epoch), shuffleRow)
			s.epoch = epoch
		}
		s.window[i] = s.perm[at]
	}
	if s.opt.Bucket > 1 {
		longestFirst(s.window, s.sentences)
	}
	s.shuffle(s.turn, uint32(w), turnRow)
	s.loaded = w
}

// shuffle fills p with a random order of 0 ... len(p)-1 (Fisher and Yates;
// indices by Lemire's multiplication, https://arxiv.org/abs/1805.10941).
func (s *Batches) shuffle(p []int32, step, row uint32) {
	src := rng.Key{Seed: s.opt.Seed, Stream: rng.Data, Step: step, Row: row}.Source()
	for i := range p {
		p[i] = int32(i)
	}
	for i := len(p) - 1; i > 0; i-- {
		n := uint64(i + 1)
		j, low := bits.Mul64(src.Uint64(), n)
		for low < -n%n {
			j, low = bits.Mul64(src.Uint64(), n)
		}
		p[i], p[j] = p[j], p[i]
	}
}

// WithEnd is a copy of a sentence of ids with Eos behind it.
func WithEnd(ids []int32) []int32 {
	return append(append(make([]int32, 0, len(ids)+1), ids...), Eos)
}

// WithoutEnd returns a sentence without its Eos, if it has one.
func WithoutEnd(ids []int32) []int32 {
	if n := len(ids); n > 0 && ids[n-1] == Eos {
		return ids[:n-1]
	}
	return ids
}

// WithEnds are copies of sentences with Eos behind each.
func WithEnds(sentences [][]int32) [][]int32 {
	all := make([][]int32, len(sentences))
	for i, ids := range sentences {
		all[i] = WithEnd(ids)
	}
	return all
}
