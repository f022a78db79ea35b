package vocab

import (
	"cmp"
	"container/heap"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// BPETrainer makes the table of a tokeniser bpe from a text that is told line by
// line. It keeps the different pieces that GPT-2's pattern finds, not the lines.
type BPETrainer struct {
	lower bool
	count map[string]int
}

// NewBPETrainer returns a trainer that has seen no line. letters is Keep, Lower, or ""
// for Keep.
func NewBPETrainer(letters string) (*BPETrainer, error) {
	t, err := withCase(&bpe{}, letters)
	return &BPETrainer{t.lower, map[string]int{}}, err
}

// Add counts the pieces of a line.
func (t *BPETrainer) Add(line string) {
	for line = inCase(line, t.lower); line != ""; {
		n := gptPiece(line)
		if _, ok := t.count[line[:n]]; ok {
			t.count[line[:n]]++
		} else {
			t.count[strings.Clone(line[:n])] = 1
		}
		line = line[n:]
	}
}

// DefaultBPESize is how many tokens a trained bpe has if nobody says.
const DefaultBPESize = 4096

// Tokenizer merges, again and again, the pair of neighbours that the text has most
// often, of equals the one whose tokens are older, until size ids are used (the special
// ones and the 256 bytes are among them; 0 means DefaultBPESize) or no pair is left
// that occurs least times, and at least twice. Equal texts, in whatever order, give
// equal tables: those of Hugging Face's BpeTrainer with all bytes as the initial
// alphabet.
func (t *BPETrainer) Tokenizer(size, least int) (Tokenizer, error) {
	if size == 0 {
		size = DefaultBPESize
	}
	if size < specials+256 {
		return Tokenizer{}, fmt.Errorf("vocab: size %d leaves no room beside the %d special tokens and the 256 bytes; use at least %d", size, specials, specials+256)
	}
	if len(t.count) == 0 {
		return Tokenizer{}, errors.New("vocab: no text to train a tokenizer on")
	}
	w := newMerger(t.count)
	for len(w.tokens) < size-specials && w.step(max(least, 2)) {
	}
	no, yes := false, true
	level := &preTokenizer{Type: "ByteLevel", AddPrefixSpace: &no, TrimOffsets: &yes, UseRegex: &yes}
	f := tokenizerJSON{Version: "1.0", AddedTokens: json.RawMessage("[]"), PreTokenizer: level, Decoder: level, Model: modelJSON{Type: "BPE", Vocab: map[string]int{}}}
	for i, token := range w.tokens {
		f.Model.Vocab[token] = i
	}
	merges := json.RawMessage(compactJSON(w.merges))
	f.Model.Merges = &merges
	letters := Keep
	if t.lower {
		letters = Lower
	}
	return ReadTokenizer([]byte(compactJSON(f)), letters)
}

// merger is a text in the making of a table.
type merger struct {
	tokens []string // by id
	merges []string // "left right"
	ids    map[string]int32
	words  [][]int32
	times  []int              // how often each word stands in the text
	count  map[idPair]int     // of neighbours
	in     map[idPair][]int32 // words that have had them
	due    pairQueue
}

type idPair [2]int32

// newMerger writes every word as its bytes. The ids of bytes follow their letters.
func newMerger(count map[string]int) *merger {
	w := &merger{ids: map[string]int32{}, count: map[idPair]int{}, in: map[idPair][]int32{}}
	w.tokens = slices.Sorted(slices.Values(byteLetters[:]))
	for id, t := range w.tokens {
		w.ids[t] = int32(id)
	}
	for n, word := range slices.Sorted(maps.Keys(count)) {
		ids := make([]int32, len(word))
		for i := range ids {
			ids[i] = w.ids[byteLetters[word[i]]]
		}
		w.words, w.times = append(w.words, ids), append(w.times, count[word])
		for i := 1; i < len(ids); i++ {
			w.add(idPair{ids[i-1], ids[i]}, int32(n), count[word])
		}
	}
	for pair, n := range w.count {
		w.due = append(w.due, pairCount{pair, n})
	}
	heap.Init(&w.due)
	return w
}

// add counts a pair of a word.
func (w *merger) add(pair idPair, word int32, times int) {
	w.count[pair] += times
	if in := w.in[pair]; len(in) == 0 || in[len(in)-1] != word {
		w.in[pair] = append(in, word)
	}
}

// step merges the most frequent pair everywhere. It is false if none occurs least
// times.
func (w *merger) step(least int) bool {
	for len(w.due) > 0 {
		top := heap.Pop(&w.due).(pairCount)
		if now := w.count[top.pair]; now != top.count { // it has lost some since; those that gain are queued again
			if now > 0 && now < top.count {
				heap.Push(&w.due, pairCount{top.pair, now})
			}
			continue
		}
		if top.count < least {
			return false
		}
		w.merge(top.pair)
		return true
	}
	return false
}

func (w *merger) merge(pair idPair) {
	whole := w.tokens[pair[0]] + w.tokens[pair[1]]
	id, ok := w.ids[whole]
	if !ok {
		id = int32(len(w.tokens))
		w.ids[whole] = id
		w.tokens = append(w.tokens, whole)
	}
	w.merges = append(w.merges, w.tokens[pair[0]]+" "+w.tokens[pair[1]])
	gained := map[idPair]bool{}
	in := w.in[pair]
	delete(w.in, pair)
	slices.Sort(in)
	for _, n := range slices.Compact(in) {
		word, times := w.words[n], w.times[n]
		out := word[:0]
		for i := 0; i < len(word); i++ {
			if i+1 == len(word) || word[i] != pair[0] || word[i+1] != pair[1] {
				out = append(out, word[i])
				continue
			}
			if len(out) > 0 {
				before := out[len(out)-1]
				w.count[idPair{before, pair[0]}] -= times
				w.add(idPair{before, id}, n, times)
				gained[idPair{before, id}] = true
			}
			if i+2 < len(word) {
				w.count[idPair{pair[1], word[i+2]}] -= times
				w.add(idPair{id, word[i+2]}, n, times)
				gained[idPair{id, word[i+2]}] = true
			}
			out = append(out, id)
			i++
		}
		w.words[n] = out
	}
	delete(w.count, pair)
	for p := range gained {
		if n := w.count[p]; n > 0 {
			heap.Push(&w.due, pairCount{p, n})
		}
	}
}

type pairCount struct {
	pair  idPair
	count int
}

// pairQueue has the most frequent pair on top, of equals the one with lower ids.
type pairQueue []pairCount

func (q pairQueue) Len() int { return len(q) }
func (q pairQueue) Less(i, j int) bool {
	return cmp.Or(cmp.Compare(q[j].count, q[i].count), slices.Compare(q[i].pair[:], q[j].pair[:])) < 0
}
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *pairQueue) Push(x any)   { *q = append(*q, x.(pairCount)) }
func (q *pairQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
