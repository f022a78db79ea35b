package corpora

import (
	"bufio"
	"bytes"
	"path/filepath"
	"slices"
	"strings"
)

// Format is how a file holds its sentences: one of Choices. Empty is auto, which
// goes by content and ending.
type Format string

// Choices are the values of a Format.
func (Format) Choices() []string {
	names := []string{"auto"}
	for _, f := range formats {
		names = append(names, string(f.Format))
	}
	return names
}

// formats are the readers of sentences, with the endings that say a format where
// nothing else does. Their errors have a place; those of visit pass through.
var formats = []formatRow{
	{"text", readLines, "", false},
	{"jsonl", readJSONLines, ".jsonl .ndjson", true},
	{"json", readJSON, ".json", true},
	{"csv", func(in *input, visit func([]byte, int) error) error { return readTable(in, ',', visit) }, ".csv", true},
	{"tsv", func(in *input, visit func([]byte, int) error) error { return readTable(in, '\t', visit) }, ".tsv .tab", true},
	{"tsv-unquoted", readUnquoted, "", true},
	{"parquet", readParquet, ".parquet", true},
	{"fasta", readFASTA, ".fasta .fa .faa .fna", false},
}

type formatRow struct {
	Format
	read    func(in *input, visit func(sentence []byte, line int) error) error
	endings string
	fields  bool // does Options.Field name a part of it?
}

// Reader is a format of a program's own.
type Reader struct {
	Name    Format
	Endings []string // of the names of files that are read so unasked, ".conllu", in small letters
	Fields  bool     // does Options.Field name a part of what is read?
	// Read goes through text, which is decompressed and without a byte order mark, and
	// calls visit with each sentence and the line that it begins on, from 1. An error of
	// visit, which checks the rules that all sentences keep, is returned as it is, and
	// one of the text as At of its line.
	Read func(text *bufio.Reader, opt Options, visit func(sentence []byte, line int) error) error
}

// Register adds a format, before any text is opened or configuration read. It panics if
// there is one of that name.
func Register(r Reader) {
	if slices.Contains(r.Name.Choices(), string(r.Name)) || r.Name == "" {
		panic("corpora: two formats named " + r.Name)
	}
	formats = append(formats, formatRow{r.Name, func(in *input, visit func([]byte, int) error) error { return r.Read(in.Reader, in.opt, visit) },
		strings.Join(r.Endings, " "), r.Fields})
}

// At is an error at a line of a text; line 0 is none.
func At(line int, err error) error { return at(line, err) }

// formatOf is the format of a file: the one that was asked for, or what its
// content or the ending of its name says.
func formatOf(in *input, name string, opt Options) Format {
	if opt.Format != "" && opt.Format != "auto" {
		return opt.Format
	}
	if magic, _ := in.Peek(len(parquetMagic)); string(magic) == parquetMagic {
		return "parquet"
	}
	if format := ending(name); format != "" {
		return format
	}
	if opt.Field == "" {
		return "text"
	}
	// A field of something: JSON lines, or an array over lines.
	head, _ := in.Peek(1 << 10)
	if head = bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\uFEFF"))); len(head) > 0 && head[0] == '[' {
		return "json"
	}
	return "jsonl"
}

// read reads a file of the format, which is one of formats.
func (f Format) read(in *input, visit func(sentence []byte, line int) error) error {
	i := slices.Index(f.Choices()[1:], string(f))
	return formats[i].read(in, visit)
}

// ending is the format that the ending of a name says, if it says one.
func ending(name string) Format {
	ext := strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")))
	for _, f := range formats {
		if slices.Contains(strings.Fields(f.endings), ext) {
			return f.Format
		}
	}
	return ""
}

// HasFields reports whether a file of that name has fields or columns.
func HasFields(name string) bool {
	named := ending(name)
	return slices.ContainsFunc(formats, func(f formatRow) bool { return f.Format == named && f.fields })
}

// spaceForLineEnd turns line ends into spaces.
var spaceForLineEnd = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
