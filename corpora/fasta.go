package corpora

import (
	"bytes"
	"errors"
	"fmt"
)

// readFASTA reads sequences: a record begins with a line ">name", which is left
// out, and its sequence may go over lines. A sequence consists of letters, "*"
// and "-", as of nucleotides or amino acids. Its line is that of its name.
func readFASTA(in *input, visit func([]byte, int) error) error {
	var sequence []byte
	begun := 0 // line of the name
	end := func() error {
		if begun == 0 {
			return nil
		}
		return visit(sequence, begun)
	}
	err := in.eachLine(func(line []byte, number int) error {
		line = bytes.TrimSpace(line)
		switch {
		case len(line) == 0 || line[0] == ';': // a comment, in old files
			return nil
		case line[0] == '>':
			if err := end(); err != nil {
				return err
			}
			sequence, begun = sequence[:0], number
			return nil
		case begun == 0:
			return at(number, errors.New("a sequence before the first name; a record of FASTA begins with a line \">name\""))
		}
		for _, c := range line {
			if !('a' <= c|0x20 && c|0x20 <= 'z' || c == '*' || c == '-') {
				return at(number, fmt.Errorf("%q in a sequence, which consists of letters, * and -", rune(c)))
			}
		}
		if len(sequence)+len(line) > in.opt.MaxLineBytes {
			return at(begun, fmt.Errorf("a sequence of more than %s bytes; raise --max-line-bytes or drop it", grouped(in.opt.MaxLineBytes)))
		}
		sequence = append(sequence, line...)
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}
