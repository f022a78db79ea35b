package report

import (
	"slices"
	"strings"

	"textgan/eval"
)

// lookedUp is the number of sentences whose nearest training lines are shown.
const lookedUp = 12

// copied is a sentence and a training line, each in three parts: before, in and
// behind their longest common run of tokens.
type copied struct {
	Line, Train [3]string
	Run, Tokens int
}

// chunk is the number of training lines between two questions to stop.
const chunk = 1 << 14

// lookUp finds the longest runs that lines share with the training text.
func (d *document) lookUp(lines []string, o Options) error {
	words := eval.NewLexicon()
	train := make([][]int32, 0, len(o.Train))
	for part := range slices.Chunk(o.Train, chunk) {
		if o.stopped() {
			return ErrStopped
		}
		train = append(train, words.Add(part, o.Tokenize)...)
	}
	ids := words.Add(lines, o.Tokenize)
	index := eval.NewCopyIndexUntil(train, o.Stop)
	if index == nil {
		return ErrStopped
	}
	d.Longest = eval.CopiesOf(ids, index)
	for i, line := range lines[:min(lookedUp, len(lines))] {
		c := index.Longest(ids[i])
		entry := copied{Run: c.Len, Tokens: len(ids[i]), Line: split(o.Tokenize(line), c.Start, c.Len)}
		if c.Train >= 0 {
			at := find(train[c.Train], ids[i][c.Start:c.Start+c.Len])
			entry.Train = split(o.Tokenize(o.Train[c.Train]), at, c.Len)
		}
		d.Copied = append(d.Copied, entry)
	}
	return nil
}

// find is the first place of run in line, which holds it.
func find(line, run []int32) int {
	for at := range line {
		n := 0
		for n < len(run) && at+n < len(line) && line[at+n] == run[n] {
			n++
		}
		if n == len(run) {
			return at
		}
	}
	return 0
}

func split(tokens []string, at, n int) [3]string {
	return [3]string{strings.Join(tokens[:at], " "), strings.Join(tokens[at:at+n], " "), strings.Join(tokens[at+n:], " ")}
}
