package corpora

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// lineReader reads lines under limits.
type lineReader struct {
	in     *bufio.Reader
	number int // of the line read last, from 1
	max    int
	left   *budget
	line   []byte
	atEnd  bool
}

func (in *input) lines() *lineReader {
	return &lineReader{in: in.Reader, max: in.opt.MaxLineBytes, left: in.left}
}

// readLines reads a sentence per line.
func readLines(in *input, visit func([]byte, int) error) error {
	return in.eachLine(visit)
}

// eachLine calls visit with every line.
func (in *input) eachLine(visit func(line []byte, number int) error) error {
	lines := in.lines()
	for {
		line, err := lines.next()
		if err == io.EOF {
			return nil
		}
		var r *refusal
		if errors.As(err, &r) {
			if err := in.tolerate(at(lines.number, err)); err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return at(lines.number, err)
		}
		if err := visit(line, lines.number); err != nil {
			if err = in.tolerate(err); err != nil {
				return err
			}
		}
	}
}

// next returns the next line without its end, good until the next call, and
// io.EOF after the last.
func (l *lineReader) next() ([]byte, error) {
	if l.atEnd {
		return nil, io.EOF
	}
	l.number++
	l.line = l.line[:0]
	if err := l.left.spend(lineCost); err != nil {
		return nil, err
	}
	size, binary := 0, false
	var part []byte
	for {
		var err error
		part, err = l.in.ReadSlice('\n')
		binary = binary || bytes.IndexByte(part, 0) >= 0
		if err := l.left.spend(len(part)); err != nil {
			return nil, err
		}
		// A line too long is not kept, but read to its end to tell its length.
		if size += len(part); size <= l.max+len("\r\n") {
			l.line = append(l.line, part...)
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF:
			if l.atEnd = true; size == 0 {
				return nil, io.EOF
			}
		case err != nil:
			return nil, fmt.Errorf("read: %w", err)
		}
		break
	}
	if binary {
		return nil, errBinary
	}
	if size == len(l.line) {
		part = l.line // whole, where the last part may have half an end
	}
	if size -= len(part) - len(trimEnd(part)); size > l.max {
		return nil, tooLong(size, l.max)
	}
	return trimEnd(l.line), nil
}

// trimEnd takes the end of a line off.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

func tooLong(size, most int) error {
	return refuse(fmt.Sprintf("longer than %s bytes", grouped(most)), fmt.Errorf("line of %s bytes, more than %s; raise --max-line-bytes or drop it", grouped(size), grouped(most)))
}

var errBinary = refuse("NUL byte", errors.New("NUL byte; this is binary data, not text, or text in UTF-16: convert that to UTF-8 first"))
