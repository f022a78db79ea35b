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
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"

	"textgan/internal/machine"
)

// Options of Open. The zero value asks for the defaults.
type Options struct {
	Format       Format    // default auto: by content and the ending of the name, see Open
	Field        string    // of JSON, CSV, TSV and Parquet; default "text"
	MaxLineBytes int       // longest line, and longest sentence; default 64 KiB
	MaxBytes     int64     // of text after decompression, each line counting 32 more; default 1 GiB
	Stdin        io.Reader // what "-" reads; default os.Stdin
	// Tolerant is for looking at a text: a sentence that is refused is left out and
	// counted in Corpus.Refused. What is wrong with a file as a whole stays an error.
	Tolerant bool

	// Of built-in corpora.
	Seed       uint64 // of the sample
	Lines      int    // default 10,000
	Arithmetic ArithmeticOptions
	Oracle     OracleOptions

	refused *[]Refused // if Tolerant
	kept    bool       // all lines stay in memory
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
//	FILE            one sentence per line, UTF-8, or another format
//	FILE,DIR,*.txt  several, see Files
//	-               a text from Options.Stdin
//	builtin:NAME    Options.Lines sentences of a generated language, see List
//
// gzip and zstd are recognised by content; then the format by Options.Format or,
// if that is auto, by content (Parquet) and by the ending before .gz or .zst:
//
//	.jsonl .ndjson       JSON lines: objects whose Options.Field is the sentence
//	.json                an array of such objects or of strings, or objects one
//	                     after another
//	.csv .tsv .tab       a column by its name in the first row, or by its number,
//	                     from 1, of a table without names; quoted as RFC 4180 says
//	.parquet             a column of strings
//	.fasta .fa .faa .fna the sequence of each record, its lines joined
//	others               a sentence per line, unless Field is set: then JSON
//
// A field inside of others is named with dots: data.text. Line ends in a sentence
// are read as spaces. The last line may lack its end, \r\n counts as a line end, a
// byte order mark is dropped, lines of white space are counted and left out.
//
// Errors name the file and the line (of Parquet the row): a line or a text above
// its limit, a NUL byte, text that is not UTF-8, what the format does not allow,
// broken compression, a field that is missing or no string, no sentences at all.
func Open(name string, opt Options) (*Corpus, error) {
	if builtin, ok := strings.CutPrefix(name, "builtin:"); ok {
		return generated(builtin, opt)
	}
	shown := name
	if name == "-" {
		shown = stdinName
	}
	return keep(shown, opt, func(opt Options, visit func([]byte, string, int) error) error { return Scan(name, opt, visit) })
}

// keep makes a corpus of what scan goes through.
func keep(name string, opt Options, scan func(opt Options, visit func(sentence []byte, file string, line int) error) error) (*Corpus, error) {
	c := &Corpus{Name: name}
	if opt.Tolerant {
		opt.refused = &c.Refused
	}
	opt.kept = true
	if err := scan(opt, c.add); err != nil {
		return nil, err
	}
	return c.finish()
}

// Read is Open for a stream; the name serves messages and its ending.
func Read(r io.Reader, name string, opt Options) (*Corpus, error) {
	return keep(name, opt, func(opt Options, visit func([]byte, string, int) error) error {
		if err := opt.complete(); err != nil {
			return err
		}
		return scan(r, name, opt, opt.budget(), visit)
	})
}

const stdinName = "stdin"

// Scan goes through the sentences of a text, which is no built-in corpus, as Open
// does but without keeping any: visit is told each of them, blank ones too, which
// are "", with its file and its line there. The bytes are good until visit
// returns; an error of visit ends the scan.
func Scan(name string, opt Options, visit func(sentence []byte, file string, line int) error) error {
	if err := opt.complete(); err != nil {
		return err
	}
	left := opt.budget()
	if name == "-" {
		in := opt.Stdin
		if in == nil {
			in = os.Stdin
		}
		return scan(in, stdinName, opt, left, visit)
	}
	files, err := Files(name)
	if err != nil {
		return err
	}
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return fmt.Errorf("corpora: %w", err)
		}
		err = scan(f, file, opt, left, visit)
		f.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// complete fills the defaults in.
func (opt *Options) complete() error {
	if opt.MaxLineBytes < 0 || opt.MaxBytes < 0 {
		return fmt.Errorf("corpora: limits of %d bytes per line and %d in all; they must be positive, or 0 for the default", opt.MaxLineBytes, opt.MaxBytes)
	}
	if opt.Format != "" && !slices.Contains(opt.Format.Choices(), string(opt.Format)) {
		return fmt.Errorf("corpora: unknown format %q; choose one of %s", opt.Format, strings.Join(opt.Format.Choices(), ", "))
	}
	if opt.MaxLineBytes == 0 {
		opt.MaxLineBytes = defaultMaxLineBytes
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	return nil
}

// scan goes through one file.
func scan(r io.Reader, name string, opt Options, left *budget, visit func(sentence []byte, file string, line int) error) error {
	text, err := decompress(r)
	if err != nil {
		return fmt.Errorf("corpora: %s: %w", name, err)
	}
	defer text.Close()
	in := &input{Reader: bufio.NewReaderSize(&sticky{text, nil}, 64<<10), raw: r, name: name, opt: opt, left: left}
	format := formatOf(in, name, opt)
	if bom, err := in.Peek(3); err == nil && string(bom) == "\uFEFF" {
		_, _ = in.Discard(3)
	}
	if format == "text" && (opt.Format == "" || opt.Format == "auto") {
		if err := in.disguised(); err != nil {
			return fmt.Errorf("corpora: %s: %w", name, err)
		}
	}
	if opt.refused != nil && (format == "text" || format == "fasta") {
		if err := in.binary(); err != nil {
			return fmt.Errorf("corpora: %s: %w", name, err)
		}
	}
	err = format.read(in, func(sentence []byte, line int) error {
		if err := in.check(sentence); err != nil {
			return in.tolerate(at(line, err))
		}
		if len(bytes.TrimSpace(sentence)) == 0 {
			sentence = nil
		}
		return visit(sentence, name, line)
	})
	var place *place
	if errors.As(err, &place) {
		if place.line > 0 {
			name = fmt.Sprintf("%s:%d", name, place.line)
		}
		return fmt.Errorf("corpora: %s: %w", name, place.err)
	}
	return err
}

// input is the text of a file, decompressed.
type input struct {
	*bufio.Reader
	raw  io.Reader // the file, which decompress may have begun to read
	name string
	opt  Options
	left *budget
}

// check refuses a sentence that breaks the rules of Open.
func (in *input) check(sentence []byte) error {
	if len(sentence) > in.opt.MaxLineBytes {
		return tooLong(len(sentence), in.opt.MaxLineBytes)
	}
	return checkText(sentence)
}

// place is an error at a line of a file; line 0 is none.
type place struct {
	line int
	err  error
}

func (p *place) Error() string { return p.err.Error() }
func (p *place) Unwrap() error { return p.err }

func at(line int, err error) error { return &place{line, err} }

// budget is the text that may still be read. How much there is in a compressed file, a
// Parquet file or a pipe is not known before, so it is counted on the way.
type budget struct {
	left, total int64
	memory      float64 // bytes that the machine has for it; 0: it is not kept, or nobody knows
}

func (opt *Options) budget() *budget {
	b := &budget{left: opt.MaxBytes, total: opt.MaxBytes}
	if opt.kept {
		b.memory = machine.Memory()
	}
	return b
}

func (b *budget) spend(n int) error {
	if read := b.total - b.left + int64(n); b.memory > 0 && float64(read) > b.memory && b.left >= int64(n) {
		return fmt.Errorf("more text than this machine's memory of %s holds; take a part of it", machine.Size(b.memory))
	}
	if b.left -= int64(n); b.left < 0 {
		return fmt.Errorf("more than %s bytes of text so far; raise --max-bytes or take a part of it", grouped(b.total))
	}
	return nil
}

// sticky goes on to return the error that its reader has returned once.
type sticky struct {
	io.Reader
	err error
}

func (s *sticky) Read(p []byte) (n int, err error) {
	if s.err == nil {
		n, s.err = s.Reader.Read(p)
	}
	return n, s.err
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
			return nil, cutShort(err)
		}
		z.Multistream(false)
		return unpacked{&gzipMembers{buffered, z}}, nil
	case len(magic) == 4 && isZstd(binary.LittleEndian.Uint32(magic)):
		// One goroutine, and windows up to that of zstd --ultra and --long.
		d, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return unpacked{d.IOReadCloser()}, nil
	}
	return io.NopCloser(buffered), nil
}

// unpacked is the text of a compressed file.
type unpacked struct{ io.ReadCloser }

func (u unpacked) Read(p []byte) (int, error) {
	n, err := u.ReadCloser.Read(p)
	return n, cutShort(err)
}

// cutShort says what to do about a compressed file that ends too early.
func cutShort(err error) error {
	if err == io.ErrUnexpectedEOF {
		return errors.New("the compressed file is cut short; get it again")
	}
	return err
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
