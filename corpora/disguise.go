package corpora

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// disguised refuses a text without a format of its own whose beginning is a table or
// JSON lines: header and quotes would be learnt as words. Prose with commas is
// never a table: in that all rows have as many columns, and a quoted cell, a column
// of numbers or a name of a column that such tables have gives it away.
func (in *input) disguised() error {
	head, _ := in.Peek(64 << 10)
	if len(head) == 64<<10 { // the last line may be a part of one
		head = head[:max(bytes.LastIndexByte(head, '\n'), 0)]
	}
	if isObjects(head) {
		return errors.New("every line is a JSON object; give --format jsonl and --field NAME, or --format text to take the lines as they are")
	}
	for _, table := range []struct {
		format string
		comma  rune
	}{{"csv", ','}, {"csv", ';'}, {"tsv", '\t'}} {
		rows, quoted := tableRows(head, table.comma)
		if rows == nil && table.comma == '\t' {
			rows, table.format = unquotedRows(head), "tsv-unquoted"
		}
		if !isTable(rows, quoted, table.comma) {
			continue
		}
		cure := fmt.Sprintf("give --format %s and --field NAME (or the number of a column)", table.format)
		if table.comma == ';' {
			cure = "write it with commas or tabs and give --format csv or tsv and --field NAME"
		}
		return fmt.Errorf("a table: %d columns in each of the first %d rows, which begin with %.60q; %s, or --format text to take the lines as they are",
			len(rows[0]), len(rows), strings.Join(rows[0], string(table.comma)), cure)
	}
	return nil
}

// binary refuses what is no text as a whole, of which a tolerant look would count line
// after line: over half of the lines of its beginning would be refused for a NUL byte, or
// are not UTF-8 and hold control characters. Text in another encoding has none of those.
func (in *input) binary() error {
	head, _ := in.Peek(64 << 10)
	if end := bytes.LastIndexByte(head, '\n'); len(head) == 64<<10 && end >= 0 { // the last line may be a part of one
		head = head[:end]
	}
	lines, bad := 0, 0
	for line := range bytes.Lines(head) {
		lines++
		if bytes.IndexByte(line, 0) >= 0 || bytes.ContainsFunc(line, isControl) && !utf8.Valid(line) {
			bad++
		}
	}
	if 2*bad <= lines {
		return nil
	}
	return fmt.Errorf("binary data, not text, or text in UTF-16: %d of the first %d lines hold NUL bytes, or control characters beside what is not UTF-8; give a text, or convert it to UTF-8 first", bad, lines)
}

// isControl reports whether a character stands in no text, not in that of a terminal either.
func isControl(r rune) bool {
	return r == 0x7f || r < ' ' && !strings.ContainsRune("\t\n\v\f\r\b\x1b", r)
}

// isObjects reports whether a text begins with three or more lines that are JSON
// objects, and no others.
func isObjects(head []byte) bool {
	n := 0
	for line := range bytes.Lines(head) {
		var object map[string]json.RawMessage
		if json.Unmarshal(line, &object) != nil || len(object) == 0 {
			return false
		}
		if n++; n == 20 {
			break
		}
	}
	return n >= 3
}

// tableRows are the rows of a table with two columns or more, at most 200, and whether
// any cell is quoted; nil if the text is none.
func tableRows(head []byte, comma rune) (rows [][]string, quoted bool) {
	r := csv.NewReader(bytes.NewReader(head))
	r.Comma = comma
	for len(rows) < 200 {
		begin := r.InputOffset()
		row, err := r.Read()
		if err != nil {
			// At the end, or in a cell that goes on behind head: what came before counts.
			if whole := r.InputOffset() >= int64(len(head)); whole {
				break
			}
			return nil, false
		}
		if len(row) < 2 {
			return nil, false
		}
		text := bytes.TrimSpace(head[begin:r.InputOffset()])
		quoted = quoted || bytes.HasPrefix(text, []byte{'"'}) || bytes.Contains(text, []byte(string(comma)+`"`))
		rows = append(rows, row)
	}
	return rows, quoted
}

// unquotedRows are those of a table between tabs in which a quote is a letter.
func unquotedRows(head []byte) (rows [][]string) {
	for line := range bytes.Lines(head) {
		cells := strings.Split(string(bytes.TrimRight(line, "\r\n")), "\t")
		if len(cells) < 2 || len(rows) > 0 && len(cells) != len(rows[0]) {
			return nil
		}
		if rows = append(rows, cells); len(rows) == 200 {
			break
		}
	}
	return rows
}

// columnNames are what the first row of a table of texts is likely to have.
var columnNames = []string{
	"id", "text", "sentence", "label", "title", "content", "body", "review", "tweet", "message", "caption", "comment",
	"question", "answer", "summary", "description", "category", "class", "target", "source", "document", "headline", "article", "smiles", "url", "date",
}

func isTable(rows [][]string, quoted bool, comma rune) bool {
	if len(rows) < 3 {
		return false
	}
	named := false
	for _, name := range rows[0] {
		named = named || slices.Contains(columnNames, strings.ToLower(strings.TrimSpace(name)))
	}
	switch {
	case named || comma != '\t' && quoted:
		return true
	case len(rows) < 5:
		return false
	}
	for column := range rows[0] {
		numbers, empty := true, true
		for _, row := range rows[1:] {
			if _, err := strconv.ParseFloat(row[column], 64); err != nil {
				numbers = false
			}
			empty = empty && row[column] == ""
		}
		switch {
		case numbers:
			return true
		case empty: // lines that begin with as many tabs are indented
			return false
		}
	}
	return comma == '\t'
}
