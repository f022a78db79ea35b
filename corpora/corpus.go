package corpora

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"unicode/utf8"

	"textgan/internal/rng"
)

// Corpus is a list of sentences.
type Corpus struct {
	Name       string    // as given to Open
	Lines      []string  // one sentence each, none blank, without line ends
	SHA256     string    // hex, of the lines joined by \n
	Blank      int       // lines of white space that were left out
	Duplicates int       // lines that repeat an earlier one; they are kept
	Refused    []Refused // what was left out if Options.Tolerant was set
	Language   Language  // what a built-in corpus is drawn from, otherwise nil

	numbers []int32 // of each line in its file, from 1
	files   []file  // rising by first
	blanks  []int   // len(Lines) when each blank line came
}

// file is where Lines[first] and those behind it come from.
type file struct {
	name  string
	first int
}

// New makes a corpus of lines in memory, under the rules of Open: blank lines
// are counted and left out; a line that holds a line end, a NUL byte or
// something else than UTF-8 is an error.
func New(name string, lines []string) (*Corpus, error) {
	c := &Corpus{Name: name}
	for i, line := range lines {
		if strings.Contains(line, "\n") {
			return nil, fmt.Errorf("corpora: %s:%d: a sentence with a line end in it; split it", name, i+1)
		}
		if err := checkText([]byte(line)); err != nil {
			return nil, fmt.Errorf("corpora: %s:%d: %w", name, i+1, err)
		}
		if strings.TrimSpace(line) == "" {
			line = ""
		}
		_ = c.add([]byte(line), name, i+1)
	}
	return c.finish()
}

// add appends a sentence, which is blank if it is empty.
func (c *Corpus) add(sentence []byte, name string, number int) error {
	if len(sentence) == 0 {
		c.Blank++
		c.blanks = append(c.blanks, len(c.Lines))
		return nil
	}
	c.append(string(sentence), name, int32(min(number, math.MaxInt32)))
	return nil
}

func (c *Corpus) append(line, name string, number int32) {
	if n := len(c.files); n == 0 || c.files[n-1].name != name {
		c.files = append(c.files, file{name, len(c.Lines)})
	}
	c.Lines = append(c.Lines, line)
	c.numbers = append(c.numbers, number)
}

// checkText refuses what is no text.
func checkText(line []byte) error {
	if bytes.IndexByte(line, 0) >= 0 {
		return errBinary
	}
	if utf8.Valid(line) {
		return nil
	}
	at := 0
	for {
		r, n := utf8.DecodeRune(line[at:])
		if r == utf8.RuneError && n == 1 {
			return refuse("not UTF-8", fmt.Errorf("byte %d is not UTF-8; convert the text to UTF-8 first", at+1))
		}
		at += n
	}
}

// finish refuses a corpus without sentences and completes any other.
func (c *Corpus) finish() (*Corpus, error) {
	if len(c.Lines) == 0 {
		if len(c.Refused) > 0 {
			return nil, fmt.Errorf("corpora: %s", c.Refused[0].First)
		}
		return nil, noSentences(c.Name, c.Blank)
	}
	c.count()
	return c, nil
}

// noSentences is the error of a text that has so many blank lines and no others.
func noSentences(name string, blank int) error {
	switch blank {
	case 0:
		return fmt.Errorf("corpora: %s: no sentences", name)
	case 1:
		return fmt.Errorf("corpora: %s: no sentences; 1 line, and it is blank", name)
	}
	return fmt.Errorf("corpora: %s: no sentences; %s lines, all of them blank", name, grouped(blank))
}

// count computes what is known of all lines together.
func (c *Corpus) count() {
	seen := make(map[string]struct{}, len(c.Lines))
	sum := sha256.New()
	for i, line := range c.Lines {
		seen[line] = struct{}{}
		if i > 0 {
			io.WriteString(sum, "\n")
		}
		io.WriteString(sum, line)
	}
	c.Duplicates = len(c.Lines) - len(seen)
	c.SHA256 = hex.EncodeToString(sum.Sum(nil))
}

// WithBlanks are the lines in the order of the file, blank ones as "".
func (c *Corpus) WithBlanks() []string {
	lines, done := make([]string, 0, len(c.Lines)+len(c.blanks)), 0
	for _, at := range c.blanks {
		lines = append(append(lines, c.Lines[done:at]...), "")
		done = at
	}
	return append(lines, c.Lines[done:]...)
}

// Where names the place of Lines[i], as FILE:LINE, for messages about it.
func (c *Corpus) Where(i int) string { return fmt.Sprintf("%s:%d", c.fileOf(i), c.numbers[i]) }

// fileOf is the name of the file that Lines[i] comes from.
func (c *Corpus) fileOf(i int) string {
	behind := sort.Search(len(c.files), func(k int) bool { return c.files[k].first > i })
	return c.files[behind-1].name
}

// Split holds lines out: of the different lines, the given fraction in (0, 1),
// rounded, becomes valid, the rest train; both keep the order of the corpus and
// have at least one line. A line and its copies go to the same side, so nothing in
// valid has been seen in train, and every different line has the same chance to be
// held out. So valid may have a larger or smaller share of the lines, copies
// included, than of the different ones.
//
// Equal lines and seed give an equal split.
func (c *Corpus) Split(fraction float64, seed uint64) (train, valid *Corpus, err error) {
	return c.split(func(copies []int) ([]bool, error) { return HeldOut(copies, fraction, seed) })
}

// HeldOut is the rule of Split: of a text in which different line g stands
// copies[g] times, it says which are held out. The lines are numbered in the
// order in which they first come.
func HeldOut(copies []int, fraction float64, seed uint64) ([]bool, error) {
	order, err := drawOrder(copies, fraction, seed)
	if err != nil {
		return nil, err
	}
	held := make([]bool, len(copies))
	for _, g := range order[:min(max(int(math.Round(fraction*float64(len(order)))), 1), len(order)-1)] {
		held[g] = true
	}
	return held, nil
}

// HeldOutByLines is the rule of textgan 0.1, whose runs have not kept their
// held-out lines: in the order of Split it holds out every different line for
// whose copies there is still room in fraction of all lines, so lines that stand
// often are rarely held out. Where no line stands twice it is HeldOut.
func HeldOutByLines(copies []int, fraction float64, seed uint64) ([]bool, error) {
	order, err := drawOrder(copies, fraction, seed)
	if err != nil {
		return nil, err
	}
	lines := 0
	for _, n := range copies {
		lines += n
	}
	share := min(max(int(math.Round(fraction*float64(lines))), 1), lines-1)
	room, held := share, make([]bool, len(copies))
	for _, g := range order {
		if copies[g] <= room {
			held[g] = true
			room -= copies[g]
		}
	}
	if room == share {
		return nil, fmt.Errorf("every line stands too often to hold out %v of %s lines; give held-out lines in a file", fraction, grouped(lines))
	}
	return held, nil
}

// drawOrder is the order in which different lines are held out.
func drawOrder(copies []int, fraction float64, seed uint64) ([]int, error) {
	if !(fraction > 0 && fraction < 1) {
		return nil, fmt.Errorf("fraction %v of held-out lines; it must lie between 0 and 1", fraction)
	}
	switch {
	case len(copies) == 1 && copies[0] == 1:
		return nil, errors.New("there is one line; two different ones are needed to hold one out")
	case len(copies) < 2:
		return nil, errors.New("all lines are equal; two different ones are needed to hold one out")
	}
	return (rng.Key{Seed: seed, Stream: rng.Split}).Rand().Perm(len(copies)), nil
}

// split holds out the different lines that choose takes.
func (c *Corpus) split(choose func(copies []int) (held []bool, err error)) (train, valid *Corpus, err error) {
	group := make([]int, len(c.Lines)) // of equal lines, in order of the first
	index := make(map[string]int, len(c.Lines))
	var copies []int
	for i, line := range c.Lines {
		g, ok := index[line]
		if !ok {
			g = len(index)
			index[line] = g
			copies = append(copies, 0)
		}
		group[i] = g
		copies[g]++
	}
	held, err := choose(copies)
	if err != nil {
		return nil, nil, fmt.Errorf("corpora: %s: %w", c.Name, err)
	}
	train, valid = c.divide(func(i int) bool { return held[group[i]] })
	return train, valid, nil
}

// divide puts Lines[i] into valid if held(i), otherwise into train.
func (c *Corpus) divide(held func(i int) bool) (train, valid *Corpus) {
	train, valid = &Corpus{Name: c.Name, Language: c.Language}, &Corpus{Name: c.Name, Language: c.Language}
	for i, line := range c.Lines {
		side := train
		if held(i) {
			side = valid
		}
		side.append(line, c.fileOf(i), c.numbers[i])
	}
	train.count()
	valid.count()
	return train, valid
}

// grouped writes n with commas between thousands.
func grouped[T int | int64](n T) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
