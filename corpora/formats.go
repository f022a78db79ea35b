package corpora

import (
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
var formats = []struct {
	Format
	read    func(in *input, visit func(sentence []byte, line int) error) error
	endings string
}{
	{"text", readLines, ""},
	{"jsonl", readJSONLines, ".jsonl .ndjson"},
	{"json", readJSON, ".json"},
	{"csv", func(in *input, visit func([]byte, int) error) error { return readTable(in, ',', visit) }, ".csv"},
	{"tsv", func(in *input, visit func([]byte, int) error) error { return readTable(in, '\t', visit) }, ".tsv .tab"},
	{"tsv-unquoted", readUnquoted, ""},
	{"parquet", readParquet, ".parquet"},
	{"fasta", readFASTA, ".fasta .fa .faa .fna"},
}

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
	format := ending(name)
	return format != "" && format != "fasta"
}

// spaceForLineEnd turns line ends into spaces.
var spaceForLineEnd = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
