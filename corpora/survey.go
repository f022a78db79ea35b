package corpora

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io"
)

// Survey is what is known of a text as a whole without keeping its lines.
type Survey struct {
	Lines, Blank int
	Bytes        int64  // of the lines, without their ends
	SHA256       string // as of a Corpus
	Line         []int32
	Copies       []int
}

// Look goes through a text once, by a function as Scan that calls visit with
// each of its sentences. Line says which different line each sentence is, in the
// order in which they first come, Copies how often each of these stands. Lines
// are told apart by 64 bits of their SHA-256: 16 bytes a line are needed, and
// half as many again, whatever its length.
func Look(name string, scan func(visit func(sentence []byte, file string, line int) error) error) (*Survey, error) {
	s := &Survey{}
	sum := sha256.New()
	index := map[uint64]int32{}
	err := scan(func(sentence []byte, _ string, _ int) error {
		if len(sentence) == 0 {
			s.Blank++
			return nil
		}
		if s.Lines++; s.Lines > 1 {
			io.WriteString(sum, "\n")
		}
		sum.Write(sentence)
		s.Bytes += int64(len(sentence))
		digest := sha256.Sum256(sentence)
		key := binary.LittleEndian.Uint64(digest[:])
		g, ok := index[key]
		if !ok {
			g = int32(len(s.Copies))
			index[key] = g
			s.Copies = append(s.Copies, 0)
		}
		s.Copies[g]++
		s.Line = append(s.Line, g)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if s.Lines == 0 {
		return nil, noSentences(name, s.Blank)
	}
	s.SHA256 = hex.EncodeToString(sum.Sum(nil))
	return s, nil
}

// Scan goes through the lines of a corpus in memory as the function Scan does,
// without its blank lines.
func (c *Corpus) Scan(visit func(sentence []byte, file string, line int) error) error {
	for i, line := range c.Lines {
		if err := visit([]byte(line), c.fileOf(i), int(c.numbers[i])); err != nil {
			return err
		}
	}
	return nil
}

// Keep appends a sentence that Scan has told, for a corpus of a part of a text.
func (c *Corpus) Keep(sentence []byte, file string, line int) { _ = c.add(sentence, file, line) }

// Close computes what is known of a corpus as a whole, when no more is kept.
func (c *Corpus) Close() { c.count() }
