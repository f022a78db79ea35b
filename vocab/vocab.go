package vocab

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// The ids that every vocabulary has.
const (
	Pad int32 = iota // fills a row of a batch after Eos
	Bos              // what a model reads before the first token
	Eos              // ends a sentence
	Unk              // a token that the vocabulary does not hold

	specials = 4
)

// Unknown is the name of Unk, and how corpora write a word that they leave out.
const Unknown = "<unk>"

var specialNames = [specials]string{"<pad>", "<bos>", "<eos>", Unknown}

// Vocab maps tokens to ids and back. It does not change once made and may be
// shared between goroutines.
//
// Text that holds the word <unk> has Unk there. No other special id comes out of
// text: the word "<eos>" is an ordinary token of that spelling, or Unk.
type Vocab struct {
	tokenizer Tokenizer
	tokens    []string // of id specials, specials+1, ...
	index     map[string]int32
	hash      string
	backwards bool // are ids in the order from right to left?
}

// Options of Build.
type Options struct {
	MinCount int // tokens seen less often become Unk; default 1, all are kept
	MaxSize  int // largest Size, the four special ids included; default 0, no limit
}

// Whole is the vocabulary of all tokens of a tokeniser that has a table of its own, in the
// order of the table's ids.
func Whole(tok Tokenizer) (*Vocab, error) {
	s, ok := tok.scheme.(subword)
	if !ok {
		return nil, fmt.Errorf("vocab: the tokenizer %s has no table of tokens", tok.Name())
	}
	return newVocab(tok, slices.DeleteFunc(s.table(), func(t string) bool { return !tok.isPiece(t) })), nil
}

// Build makes the vocabulary of lines, see Counts.
func Build(lines []string, tok Tokenizer, opt Options) (*Vocab, error) {
	c := NewCounts(tok)
	for _, line := range lines {
		c.Add(line)
	}
	return c.Vocab(opt)
}

// Counts are how often each token stands in a text that is told line by line.
// It keeps the tokens, not the lines.
type Counts struct {
	tok    Tokenizer
	counts map[string]*int
	lines  int
}

// NewCounts returns the counts of no line.
func NewCounts(tok Tokenizer) *Counts { return &Counts{tok: tok, counts: map[string]*int{}} }

// Add counts the tokens of a line.
func (c *Counts) Add(line string) {
	c.lines++
	for _, t := range c.tok.Pieces(line) {
		switch n := c.counts[t]; {
		case t == Unknown:
		case n != nil:
			*n++
		default:
			one := 1
			c.counts[strings.Clone(t)] = &one // t may be a part of the line
		}
	}
}

// Vocab makes the vocabulary. Ids follow falling frequency, and the order of
// bytes among equals, so they depend on the lines alone. That of a bpe begins with the
// 256 bytes, whatever their counts: a token that it lacks is read as those that it was
// merged of, and no text is unknown.
func (c *Counts) Vocab(opt Options) (*Vocab, error) {
	if opt.MinCount < 0 {
		return nil, fmt.Errorf("vocab: minimum count %d; it must be at least 1", opt.MinCount)
	}
	if opt.MaxSize < 0 || 0 < opt.MaxSize && opt.MaxSize <= specials {
		return nil, fmt.Errorf("vocab: size %d leaves no room beside the %d special tokens; use at least %d, or 0 for no limit", opt.MaxSize, specials, specials+1)
	}
	if len(c.counts) == 0 {
		return nil, fmt.Errorf("vocab: no tokens in %d lines", c.lines)
	}
	var base []string
	if s, ok := c.tok.scheme.(subword); ok {
		base = s.always()
	}
	if opt.MaxSize > 0 && opt.MaxSize < specials+len(base) {
		return nil, fmt.Errorf("vocab: size %d leaves no room beside the %d special tokens and the %d bytes; use at least %d", opt.MaxSize, specials, len(base), specials+len(base))
	}
	tokens := c.common(opt.MinCount, base...)
	if len(tokens) == 0 && len(base) == 0 {
		return nil, fmt.Errorf("vocab: none of the %d tokens occurs %d times; lower the minimum count", len(c.counts), opt.MinCount)
	}
	if opt.MaxSize > 0 {
		tokens = tokens[:min(len(tokens), opt.MaxSize-specials-len(base))]
	}
	return newVocab(c.tok, slices.Clip(slices.Concat(base, tokens))), nil
}

// Extend is v with the tokens behind its own that v would read as Unk, in the order of
// Vocab; every token of v keeps its id. MaxSize bounds the whole. To a bpe, which reads
// what it lacks in pieces, nothing is unknown.
func (c *Counts) Extend(v *Vocab, opt Options) (*Vocab, error) {
	if opt.MaxSize > 0 && opt.MaxSize < v.Size() {
		return nil, fmt.Errorf("vocab: size %d is less than the %d tokens that are there already", opt.MaxSize, v.Size())
	}
	unknown := NewCounts(c.tok)
	for t, n := range c.counts {
		if slices.Contains(v.EncodeToken(t), Unk) {
			unknown.counts[t] = n
		}
	}
	tokens := unknown.common(opt.MinCount)
	if opt.MaxSize > 0 {
		tokens = tokens[:min(len(tokens), opt.MaxSize-v.Size())]
	}
	longer := newVocab(v.tokenizer, slices.Concat(v.tokens, tokens))
	longer.backwards = v.backwards
	return longer, nil
}

// common are the tokens that are seen so often, by falling frequency, and in the order of
// bytes among equals.
func (c *Counts) common(least int, but ...string) (tokens []string) {
	for t, n := range c.counts {
		if *n >= least && !slices.Contains(but, t) {
			tokens = append(tokens, t)
		}
	}
	slices.SortFunc(tokens, func(a, b string) int {
		return cmp.Or(cmp.Compare(*c.counts[b], *c.counts[a]), cmp.Compare(a, b))
	})
	return tokens
}

func newVocab(tok Tokenizer, tokens []string) *Vocab {
	v := &Vocab{tokenizer: tok, tokens: tokens, index: make(map[string]int32, len(tokens))}
	for i, t := range tokens {
		v.index[t] = int32(specials + i)
	}
	sum := sha256.New()
	writePart(sum, tok.Name())
	if tok.lower != tok.scheme.lowers() {
		writePart(sum, tok.Case())
	}
	for _, t := range tokens {
		writePart(sum, t)
	}
	if table := tok.File(); table != "" {
		writePart(sum, table)
	}
	v.hash = hex.EncodeToString(sum.Sum(nil))
	return v
}

// writePart writes s after its length, so that no two lists of parts read
// the same.
func writePart(w io.Writer, s string) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(s)))
	w.Write(n[:])
	io.WriteString(w, s)
}

// Size is V, the number of ids, special ones included.
func (v *Vocab) Size() int { return specials + len(v.tokens) }

// Tokenizer returns the tokeniser that the vocabulary was built with.
func (v *Vocab) Tokenizer() Tokenizer { return v.tokenizer }

// Hash returns a SHA-256 in hex of the tokeniser's name and the tokens in the
// order of their ids: equal hashes, equal encodings.
func (v *Vocab) Hash() string { return v.hash }

// Backwards returns the same vocabulary for a model that reads and writes from
// the last token of a line to the first: Encode, EncodeAll, Tokens and Decode
// turn the order round. Its Hash is that of v, and Save writes the same file.
func (v *Vocab) Backwards() *Vocab {
	turned := *v
	turned.backwards = true
	return &turned
}

// Token returns the token of an id, and the conventional name, such as
// "<eos>", of a special one. An id outside [0, Size) reads as Unk.
func (v *Vocab) Token(id int32) string {
	switch {
	case id >= specials && int(id) < v.Size():
		return v.tokens[id-specials]
	case id >= 0 && id < specials:
		return specialNames[id]
	}
	return specialNames[Unk]
}

// ID returns the id of a token of text, and false with Unk if there is none. A
// piece that the vocabulary has in another setting only, touching its neighbours
// or not, is that piece: the spacing is lost, the word is not.
func (v *Vocab) ID(token string) (int32, bool) {
	if id, ok := v.index[token]; ok {
		return id, true
	}
	plain := unglued(token)
	for _, near := range [...]string{plain, glue + plain, plain + glue, glue + plain + glue} {
		if id, ok := v.index[near]; ok {
			return id, true
		}
	}
	return Unk, false
}

// Encode returns the ids [T] of a line, without Bos and Eos. A token that the
// vocabulary lacks becomes Unk.
func (v *Vocab) Encode(line string) []int32 {
	tokens := v.tokenizer.Pieces(line)
	ids := make([]int32, 0, len(tokens))
	for _, t := range tokens {
		ids = v.encode(ids, t)
	}
	if v.backwards {
		slices.Reverse(ids)
	}
	return ids
}

// EncodeToken returns the ids of one piece of a line, of which there are several only
// where the vocabulary has it in parts.
func (v *Vocab) EncodeToken(token string) []int32 { return v.encode(nil, token) }

// encode appends the id of a token or, where the vocabulary lacks it and its table
// knows what it was merged of, those of its parts.
func (v *Vocab) encode(ids []int32, token string) []int32 {
	id, ok := v.ID(token)
	if table, has := v.tokenizer.scheme.(subword); has && !ok {
		if left, right, merged := table.halves(token); merged {
			return v.encode(v.encode(ids, left), right)
		}
	}
	return append(ids, id)
}

// Unknown counts the tokens of a line, and those of them that the vocabulary lacks and
// the text does not write as <unk> itself.
func (v *Vocab) Unknown(line string) (unknown, tokens int) {
	pieces := v.tokenizer.Pieces(line)
	for _, t := range pieces {
		if t != Unknown && slices.Contains(v.EncodeToken(t), Unk) {
			unknown++
		}
	}
	return unknown, len(pieces)
}

// EncodeOptions of EncodeAll.
type EncodeOptions struct {
	MaxLen   int  // longest sentence in tokens, Eos not counted; default 0, no limit
	Truncate bool // cut longer sentences instead of refusing them
}

// LengthError is the error of EncodeAll about a line that is too long.
type LengthError struct {
	Index       int // of the line in the slice, from 0
	Tokens, Max int
}

func (e *LengthError) Error() string {
	return fmt.Sprintf("vocab: line %d has %d tokens, more than %d; raise the maximum, truncate or drop it", e.Index+1, e.Tokens, e.Max)
}

// EncodeAll encodes every line. A line of more than MaxLen tokens is a
// *LengthError, or loses its end if opt.Truncate is set.
func (v *Vocab) EncodeAll(lines []string, opt EncodeOptions) ([][]int32, error) {
	if opt.MaxLen < 0 {
		return nil, fmt.Errorf("vocab: maximum length %d; it must be positive, or 0 for no limit", opt.MaxLen)
	}
	all := make([][]int32, len(lines))
	for i, line := range lines {
		ids := v.Encode(line)
		if opt.MaxLen > 0 && len(ids) > opt.MaxLen {
			if !opt.Truncate {
				return nil, &LengthError{Index: i, Tokens: len(ids), Max: opt.MaxLen}
			}
			if v.backwards { // the end of a line is what its ids begin with
				ids = ids[len(ids)-opt.MaxLen:]
			}
			ids = slices.Clone(ids[:opt.MaxLen])
		}
		all[i] = ids
	}
	return all, nil
}

// Tokens returns the pieces of ids up to the first Eos, which is left out
// like every Pad and Bos.
func (v *Vocab) Tokens(ids []int32) []string {
	tokens := make([]string, 0, len(ids))
	for _, id := range ids {
		if id == Eos {
			break
		}
		if id != Pad && id != Bos {
			tokens = append(tokens, v.Token(id))
		}
	}
	if v.backwards {
		slices.Reverse(tokens)
	}
	return tokens
}

// Decode returns the text of ids up to the first Eos: the Join of Tokens.
func (v *Vocab) Decode(ids []int32) string { return v.tokenizer.Join(v.Tokens(ids)) }

// DecodeAll is Decode for each of several sentences.
func (v *Vocab) DecodeAll(sentences [][]int32) []string {
	lines := make([]string, len(sentences))
	for i, ids := range sentences {
		lines[i] = v.Decode(ids)
	}
	return lines
}
