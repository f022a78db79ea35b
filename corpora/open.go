package corpora

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// Options of Open. The zero value asks for the defaults.
type Options struct {
	Field        string    // of JSON lines; if set, the text is read as JSON lines whatever its name; default "text"
	MaxLineBytes int       // longest line; default 64 KiB
	MaxBytes     int64     // of text after decompression, each line counting 32 more; default 1 GiB
	Stdin        io.Reader // what "-" reads; default os.Stdin

	// Of built-in corpora.
	Seed       uint64 // of the sample
	Lines      int    // default 10,000
	Arithmetic ArithmeticOptions
	Oracle     OracleOptions
}

const (
	defaultField        = "text"
	defaultMaxLineBytes = 64 << 10
	defaultMaxBytes     = 1 << 30
	defaultLines        = 10_000

	// lineCost is about what a line takes in memory beside its bytes, so that
	// a small file of very many empty sentences cannot take more than MaxBytes.
	lineCost = 32
)

// Open reads a corpus by name:
//
//	FILE            one sentence per line, UTF-8
//	-               the same from Options.Stdin
//	builtin:NAME    Options.Lines sentences of a generated language, see List
//
// gzip and zstd are recognised by content, JSON lines by the ending .jsonl
// or .ndjson (before .gz or .zst) or by Options.Field; a line of theirs is an
// object whose Field is the sentence, line ends in it read as spaces. The last
// line may lack its end, \r\n counts as a line end, a byte order mark is
// dropped, lines of white space are counted and left out.
//
// Errors name the file and the line: a line or a text above its limit, a NUL
// byte, text that is not UTF-8, broken compression or JSON, no sentences at
// all.
func Open(name string, opt Options) (*Corpus, error) {
	if builtin, ok := strings.CutPrefix(name, "builtin:"); ok {
		return generated(builtin, opt)
	}
	if name == "-" {
		in := opt.Stdin
		if in == nil {
			in = os.Stdin
		}
		return Read(in, "stdin", opt)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("corpora: %w", err)
	}
	defer f.Close()
	return Read(f, name, opt)
}

// Read is Open for a stream; the name serves messages and the ending .jsonl.
func Read(r io.Reader, name string, opt Options) (*Corpus, error) {
	if opt.MaxLineBytes < 0 || opt.MaxBytes < 0 {
		return nil, fmt.Errorf("corpora: limits of %d bytes per line and %d in all; they must be positive, or 0 for the default", opt.MaxLineBytes, opt.MaxBytes)
	}
	if opt.MaxLineBytes == 0 {
		opt.MaxLineBytes = defaultMaxLineBytes
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	json := opt.Field != "" || strings.HasSuffix(plain, ".jsonl") || strings.HasSuffix(plain, ".ndjson")
	if opt.Field == "" {
		opt.Field = defaultField
	}

	text, err := decompress(r)
	if err != nil {
		return nil, fmt.Errorf("corpora: %s: %w", name, err)
	}
	defer text.Close()
	c := &Corpus{Name: name}
	lines := newLineReader(text, opt)
	for {
		line, err := lines.next()
		if err == io.EOF {
			return c.finish()
		}
		if err == nil && json && len(bytes.TrimSpace(line)) > 0 {
			line, err = field(line, opt.Field)
		}
		if err != nil {
			return nil, fmt.Errorf("corpora: %s:%d: %w", name, lines.number, err)
		}
		if err := c.add(line, lines.number); err != nil {
			return nil, err
		}
	}
}

// decompress undoes gzip or zstd, told by the first bytes of the stream.
func decompress(r io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReader(r)
	magic, err := buffered.Peek(4)
	if err != nil && err != io.EOF { // a shorter stream has no magic number
		return nil, err
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, err
		}
		z.Multistream(false)
		return &gzipMembers{buffered, z}, nil
	case len(magic) == 4 && isZstd(binary.LittleEndian.Uint32(magic)):
		// One goroutine, and windows up to that of zstd --ultra and --long.
		d, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(buffered), nil
}

// gzipMembers reads the members of a gzip file one after another. As the program
// gzip does, it takes zeros behind the last one for padding, which tapes and
// block devices leave.
type gzipMembers struct {
	in *bufio.Reader
	z  *gzip.Reader
}

func (g *gzipMembers) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if n > 0 && err == io.EOF {
			err = nil // it will say so again
		}
		if err != io.EOF {
			return n, err
		}
		next, err := g.in.Peek(1)
		if err != nil { // io.EOF as a rule
			return 0, err
		}
		if next[0] == 0 {
			return 0, g.padding()
		}
		if err := g.z.Reset(g.in); err != nil {
			return 0, err
		}
		g.z.Multistream(false)
	}
}

// padding reads zeros to the end of the file, and returns io.EOF there.
func (g *gzipMembers) padding() error {
	for {
		b, err := g.in.ReadByte()
		if err == nil && b != 0 {
			err = gzip.ErrHeader
		}
		if err != nil {
			return err
		}
	}
}

func (g *gzipMembers) Close() error { return g.z.Close() }

// isZstd tells the magic number of a frame, or of a skippable one (RFC 8878,
// section 3.1).
func isZstd(magic uint32) bool { return magic == 0xFD2FB528 || magic&^0xF == 0x184D2A50 }

// lineReader reads lines under limits.
type lineReader struct {
	in     *bufio.Reader
	number int // of the line read last, from 1
	max    int
	left   int64
	total  int64
	line   []byte
	atEnd  bool
}

func newLineReader(r io.Reader, opt Options) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, 64<<10), max: opt.MaxLineBytes, left: opt.MaxBytes, total: opt.MaxBytes}
}

// next returns the next line without its end, good until the next call, and
// io.EOF after the last.
func (l *lineReader) next() ([]byte, error) {
	if l.atEnd {
		return nil, io.EOF
	}
	l.number++
	l.line = l.line[:0]
	l.left -= lineCost
	size := 0
	var part []byte
	for {
		var err error
		part, err = l.in.ReadSlice('\n')
		if l.number == 1 && size == 0 {
			part = bytes.TrimPrefix(part, []byte("\uFEFF"))
		}
		if bytes.IndexByte(part, 0) >= 0 {
			return nil, errBinary
		}
		l.left -= int64(len(part))
		if l.left < 0 {
			return nil, fmt.Errorf("more than %s bytes of text so far; raise --max-bytes or take a part of it", grouped(l.total))
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
	if size == len(l.line) {
		part = l.line // whole, where the last part may have half an end
	}
	if size -= len(part) - len(trimEnd(part)); size > l.max {
		return nil, fmt.Errorf("line of %s bytes, more than %s; raise --max-line-bytes or drop it", grouped(size), grouped(l.max))
	}
	return trimEnd(l.line), nil
}

// trimEnd takes the end of a line off.
func trimEnd(line []byte) []byte {
	return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte("\n")), []byte("\r"))
}

var errBinary = errors.New("NUL byte; this is binary data, not text")
