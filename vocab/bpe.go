package vocab

import (
	"container/heap"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// bpe is byte pair encoding over bytes: a line is cut by GPT-2's pattern, the bytes
// of each piece are written as letters, and neighbours are merged in the order
// in which a table lists pairs. Every line has tokens, and they hold all of it.
//
// Sennrich, Haddow and Birch, ACL 2016, https://arxiv.org/abs/1508.07909; over bytes
// Radford et al. 2019, Language Models are Unsupervised Multitask Learners.
type bpe struct {
	text        string   // tokenizer.json
	prefixSpace bool     // begin every line with a space
	tokens      []string // by id
	known       map[string]bool
	rank        map[[2]string]int
	parts       map[string][2]string
}

// The letters of bytes: those of Latin-1 that can be seen stand for themselves, the
// others, in order, for U+0100 and what follows.
var byteLetters, letterBytes = func() (letters [256]string, back map[rune]byte) {
	back = map[rune]byte{}
	next := rune(0x100)
	for b := range rune(256) {
		r := b
		if b <= ' ' || 0x7f <= b && b <= 0xa0 || b == 0xad {
			r = next
			next++
		}
		letters[b], back[r] = string(r), byte(b)
	}
	return letters, back
}()

func newBPE(f tokenizerJSON, content string) (*bpe, error) {
	m, p := f.Model, f.PreTokenizer
	err := only("model.dropout", m.Dropout, "model.unk_token", m.UnkToken, "model.continuing_subword_prefix", m.ContinuingSubwordPrefix,
		"model.end_of_word_suffix", m.EndOfWordSuffix, "model.byte_fallback", m.ByteFallback, "model.ignore_merges", m.IgnoreMerges)
	switch {
	case err != nil:
		return nil, err
	case f.Normalizer != nil:
		return nil, fmt.Errorf("its normalizer is %s; BPE is read without one", f.Normalizer.Type)
	case p.typeOf() != "ByteLevel":
		return nil, fmt.Errorf("its pre_tokenizer is %s; BPE is read with ByteLevel, as GPT-2 has it", p.typeOf())
	case p.UseRegex != nil && !*p.UseRegex:
		return nil, errors.New("its pre_tokenizer cuts by no pattern (use_regex is false)")
	case f.Decoder.typeOf() != "ByteLevel" && f.Decoder != nil:
		return nil, fmt.Errorf("its decoder is %s; BPE is read with ByteLevel", f.Decoder.Type)
	}
	tokens, err := tableOf(m.Vocab)
	if err != nil {
		return nil, err
	}
	pairs, err := pairsOf(m.Merges)
	if err != nil {
		return nil, err
	}
	t := &bpe{
		text: content, tokens: tokens, prefixSpace: p.AddPrefixSpace == nil || *p.AddPrefixSpace,
		known: make(map[string]bool, len(tokens)), rank: make(map[[2]string]int, len(pairs)), parts: make(map[string][2]string, len(pairs)),
	}
	for _, token := range tokens {
		t.known[token] = true
	}
	for b, letter := range byteLetters {
		if !t.known[letter] {
			return nil, fmt.Errorf("its vocabulary lacks the byte %#02x, %q", b, letter)
		}
	}
	for i, pair := range pairs {
		whole := pair[0] + pair[1]
		if !t.known[pair[0]] || !t.known[pair[1]] || !t.known[whole] {
			return nil, fmt.Errorf("merge %d, %q, is not of tokens of its vocabulary", i, pair)
		}
		if _, ok := t.rank[pair]; !ok {
			t.rank[pair] = i
		}
		if _, ok := t.parts[whole]; !ok {
			t.parts[whole] = pair
		}
	}
	return t, nil
}

func (*bpe) name() string              { return "bpe" }
func (*bpe) lowers() bool              { return false }
func (t *bpe) content() string         { return t.text }
func (t *bpe) table() []string         { return slices.Clone(t.tokens) }
func (t *bpe) holds(token string) bool { return t.known[token] }
func (t *bpe) always() []string        { return byteLetters[:] }
func (t *bpe) halves(token string) (left, right string, ok bool) {
	pair, ok := t.parts[token]
	return pair[0], pair[1], ok
}

func (t *bpe) pieces(line string) []string {
	pieces := make([]string, 0, len(line)/4+1)
	if r, _ := utf8.DecodeRuneInString(line); t.prefixSpace && line != "" && !unicode.IsSpace(r) {
		line = " " + line
	}
	for line != "" {
		n := gptPiece(line)
		pieces = t.merge(pieces, line[:n])
		line = line[n:]
	}
	return pieces
}

// join is the text of pieces. Bytes that are no UTF-8, of a character that was begun
// and not finished, read as U+FFFD, and so do NUL and the end of a line, which no line
// of a corpus holds: a model that has learnt little writes them all.
func (t *bpe) join(pieces []string) string {
	var b strings.Builder
	for _, p := range pieces {
		if p == Unknown {
			b.WriteString(p)
			continue
		}
		for _, r := range p {
			if c, ok := letterBytes[r]; c == '\n' || ok && c == 0 {
				b.WriteByte(0xff) // which is no UTF-8
			} else if ok {
				b.WriteByte(c)
			} else { // of an added token
				b.WriteRune(r)
			}
		}
	}
	line := strings.ToValidUTF8(b.String(), "\uFFFD")
	if t.prefixSpace && strings.HasPrefix(line, " ") {
		if r, _ := utf8.DecodeRuneInString(line[1:]); !unicode.IsSpace(r) {
			line = line[1:]
		}
	}
	return line
}

// gptPiece is the length of what GPT-2's pattern finds at the beginning of a line
// that is not empty:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gptPiece(line string) int {
	for _, ending := range [...]string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"} {
		if strings.HasPrefix(line, ending) {
			return len(ending)
		}
	}
	at := 0
	if line[0] == ' ' && len(line) > 1 {
		at = 1
	}
	r, _ := utf8.DecodeRuneInString(line[at:])
	of := gptKind(r)
	if of == 's' {
		at = 0
	}
	last := 0 // where the last character of the run begins
	for at < len(line) {
		r, n := utf8.DecodeRuneInString(line[at:])
		if gptKind(r) != of {
			break
		}
		last = at
		at += n
	}
	// Of several spaces before a word the last is left to it.
	if of == 's' && at < len(line) && last > 0 {
		return last
	}
	return at
}

// gptKind is what a run of GPT-2's pattern is made of: letters, numbers, spaces or
// others.
func gptKind(r rune) byte {
	switch {
	case r < utf8.RuneSelf && ('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'), unicode.IsLetter(r):
		return 'l'
	case unicode.IsNumber(r):
		return 'n'
	case unicode.IsSpace(r):
		return 's'
	}
	return 'o'
}

// merge appends the tokens of one piece of a line.
func (t *bpe) merge(to []string, piece string) []string {
	word := make([]node, len(piece))
	for i := range word {
		word[i] = node{byteLetters[piece[i]], i - 1, i + 1}
	}
	word[len(word)-1].next = -1
	var due merges
	offer := func(left int) {
		if left < 0 || word[left].next < 0 {
			return
		}
		pair := [2]string{word[left].token, word[word[left].next].token}
		if rank, ok := t.rank[pair]; ok {
			heap.Push(&due, merge{rank, left, pair})
		}
	}
	for i := range word {
		offer(i)
	}
	for len(due) > 0 {
		m := heap.Pop(&due).(merge)
		left := &word[m.at]
		if left.token != m.pair[0] || left.next < 0 || word[left.next].token != m.pair[1] {
			continue // merged with another since
		}
		gone := &word[left.next]
		left.token += gone.token
		gone.token = ""
		if left.next = gone.next; left.next >= 0 {
			word[left.next].before = m.at
		}
		offer(left.before)
		offer(m.at)
	}
	for i := 0; i >= 0; i = word[i].next {
		to = append(to, word[i].token)
	}
	return to
}

// node is a token of a word in the making, between its neighbours, -1 for none.
type node struct {
	token        string
	before, next int
}

// merge is a pair that can be merged.
type merge struct {
	rank, at int
	pair     [2]string
}

// merges have the lowest rank on top, of equals what stands first.
type merges []merge

func (m merges) Len() int { return len(m) }
func (m merges) Less(i, j int) bool {
	return m[i].rank < m[j].rank || m[i].rank == m[j].rank && m[i].at < m[j].at
}
func (m merges) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *merges) Push(x any)   { *m = append(*m, x.(merge)) }
func (m *merges) Pop() any {
	last := len(*m) - 1
	x := (*m)[last]
	*m = (*m)[:last]
	return x
}
