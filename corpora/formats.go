package corpora

import (
	"bytes"
	"path/filepath"
	"strings"
)

// Formats are the values of Options.Format.
var Formats = []string{"auto", "text", "jsonl", "json", "csv", "tsv", "tsv-unquoted", "parquet", "fasta"}

// readers read the sentences of a file in one format each. Their errors have a
// place; those of visit pass through.
var readers = map[string]func(in *input, visit func(sentence []byte, line int) error) error{
	"text":         readLines,
	"jsonl":        readJSONLines,
	"json":         readJSON,
	"csv":          func(in *input, visit func([]byte, int) error) error { return readTable(in, ',', visit) },
	"tsv":          func(in *input, visit func([]byte, int) error) error { return readTable(in, '\t', visit) },
	"tsv-unquoted": readUnquoted,
	"parquet":      readParquet,
	"fasta":        readFASTA,
}

// endings say a format where nobody else does.
var endings = map[string]string{
	".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
	".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".parquet": "parquet",
	".fasta": "fasta", ".fa": "fasta", ".faa": "fasta", ".fna": "fasta",
}

// formatOf is the format of a file: the one that was asked for, or what its
// content or the ending of its name says.
func formatOf(in *input, name string, opt Options) string {
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

// ending is the format that the ending of a name says, if it says one.
func ending(name string) string {
	return endings[strings.ToLower(filepath.Ext(strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")))]
}

// HasFields reports whether a file of that name has fields or columns.
func HasFields(name string) bool {
	format := ending(name)
	return format != "" && format != "fasta"
}

// spaceForLineEnd turns line ends into spaces.
var spaceForLineEnd = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")
