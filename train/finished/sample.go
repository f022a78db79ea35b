package finished

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"unicode/utf8"

	"textgan/generator/sampling"
	"textgan/internal/rng"
	"textgan/vocab"
)

// Options of Sample. The zero value asks for one sentence as the model writes it.
type Options struct {
	N           int      // sentences of every prompt; 0 means 1
	Prompts     []string // what they begin with; none is one that is empty
	Temperature float64  // divides the logits; 0 means 1
	TopK        int      // draw among so many likeliest tokens; 0 means all
	TopP        float64  // draw among the likeliest tokens of this probability; 0 means all
	MaxLen      int      // longest sentence in tokens, its end included; 0 means that of the training text, or room behind a longer prompt
	AllowUnk    bool     // let <unk> be drawn
	Seed        uint64   // of the draws
}

// Token is one token of a sentence that is being written, the prompt's first.
type Token struct {
	Prompt, Sentence int    // whose, from 0
	ID               int32  // in the vocabulary; of the end too
	Text             string // what it adds to the sentence, spaces included; may be empty
	End              bool   // the last one of its sentence: its end, or where it is cut at MaxLen
}

// ErrPrompt is the error of a prompt that the model cannot go on from.
var ErrPrompt = errors.New("finished: a prompt that the model cannot go on from")

// batch is how many sentences are written side by side.
const batch = 32

// Sample writes N sentences of every prompt, and gives their tokens as they are
// drawn; those of up to 32 sentences come in turns. It ends with an error if
// options make no sense or ctx is done, which it looks at before every token. The
// texts of a sentence's tokens, joined, are the sentence.
//
// Sentence i of a prompt depends on weights, options, prompt and seed alone, and is
// what textgan sample prints as its i-th for them: not on the other prompts, on N,
// or on how many calls go on at the same time. One call uses one core, but for large
// products, and memory
// for 32 sentences.
func (m *Model) Sample(ctx context.Context, o Options) iter.Seq2[Token, error] {
	return func(yield func(Token, error) bool) {
		s, prompts, n, err := m.sampler(o)
		if err != nil {
			yield(Token{}, err)
			return
		}
		all := len(prompts) * n
		T, key := s.MaxLen(), rng.Key{Seed: o.Seed, Stream: rng.Sample}
		ids, lengths, texts := make([]int32, batch*T), make([]int32, batch), make([]text, batch)
		for first := 0; first < all; first += batch {
			rows := min(batch, all-first)
			for r := range rows {
				texts[r] = text{}
			}
			stopped := false
			s.Stream(ids, lengths[:rows], key, func(r int) (prompt []int32, number int) {
				return prompts[(first+r)/n], (first + r) % n
			}, func(r, t int, id int32) bool {
				if err := ctx.Err(); err != nil {
					yield(Token{}, err)
					stopped = true
					return false
				}
				end := id == vocab.Eos || t == T-1
				token := Token{(first + r) / n, (first + r) % n, id, texts[r].add(m, ids[r*T:][:t+1], end), end}
				stopped = !yield(token, nil)
				return !stopped
			})
			if stopped {
				return
			}
		}
	}
}

// Lines is Sample for whole sentences: lines[p*N+i] is the i-th of prompt p.
func (m *Model) Lines(ctx context.Context, o Options) (lines []string, err error) {
	n := max(1, o.N)
	open := map[int]*strings.Builder{} // by their number: sentences that have not come to their end
	for t, err := range m.Sample(ctx, o) {
		if err != nil {
			return nil, err
		}
		i := t.Prompt*n + t.Sentence
		for len(lines) <= i { // room is made as they come: N may be more than ctx lets be written
			lines = append(lines, "")
		}
		if open[i] == nil {
			open[i] = new(strings.Builder)
		}
		open[i].WriteString(t.Text)
		if t.End {
			lines[i] = open[i].String()
			delete(open, i)
		}
	}
	return lines, nil
}

// sampler turns options into ids.
func (m *Model) sampler(o Options) (s *sampling.Sampler, prompts [][]int32, n int, err error) {
	texts := o.Prompts
	if len(texts) == 0 {
		texts = []string{""}
	}
	longest := 0
	for _, p := range texts {
		ids, err := m.encode(p)
		if err != nil {
			return nil, nil, 0, err
		}
		prompts, longest = append(prompts, ids), max(longest, len(ids))
	}
	switch {
	case o.N < 0:
		return nil, nil, 0, fmt.Errorf("finished: %d sentences; give at least 1", o.N)
	case o.N > math.MaxInt/len(texts):
		return nil, nil, 0, fmt.Errorf("finished: %d sentences of %d prompts are more than can be counted", o.N, len(texts))
	}
	opt := sampling.Options{MaxLen: o.MaxLen, Temperature: o.Temperature, TopK: o.TopK, TopP: o.TopP, NoUnk: !o.AllowUnk}
	if opt.MaxLen == 0 {
		opt.MaxLen = max(m.maxLen, 2*longest) + 1
	}
	if opt.MaxLen > 0 && longest >= opt.MaxLen { // another one is no fault of the prompt
		return nil, nil, 0, fmt.Errorf("%w: %d tokens leave no room in %d", ErrPrompt, longest, opt.MaxLen)
	}
	if m.condition != nil {
		s, err = m.net.NewConditioned(m.condition, opt)
	} else {
		s, err = m.net.NewSampler(opt)
	}
	return s, prompts, max(1, o.N), err
}

// encode refuses words that the model has never seen, and what it would have to
// write backwards.
func (m *Model) encode(prompt string) (ids []int32, err error) {
	if prompt != "" && m.backwards {
		return nil, fmt.Errorf("%w: it writes from the end of a sentence", ErrPrompt)
	}
	ids = m.vocab.Encode(prompt)
	for _, id := range ids {
		if id == vocab.Unk {
			return nil, fmt.Errorf("%w: %q has a word that it does not know", ErrPrompt, prompt)
		}
	}
	return ids, nil
}

// text is what has been given out of a sentence.
type text struct{ given string }

// add returns what the last of ids adds. Where a later token may still change how
// an earlier one is written (a part of a character, a sentence from its end), it
// waits.
func (x *text) add(m *Model, ids []int32, end bool) string {
	if m.backwards && !end {
		return ""
	}
	now := m.vocab.Decode(ids)
	if !end {
		now = strings.TrimRight(now, string(utf8.RuneError))
	}
	more, ok := strings.CutPrefix(now, x.given)
	if !ok {
		return ""
	}
	x.given = now
	return more
}
