package corpora

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// readJSONLines reads objects, one per line.
func readJSONLines(in *input, visit func([]byte, int) error) error {
	return in.eachLine(func(line []byte, number int) error {
		if len(bytes.TrimSpace(line)) == 0 {
			return visit(nil, number)
		}
		text, err := field(line, in.opt.Field)
		if err != nil {
			return at(number, err)
		}
		return visit(text, number)
	})
}

// readJSON reads an array of objects or strings, or objects one after another.
func readJSON(in *input, visit func([]byte, int) error) error {
	text := &records{in: in}
	if err := text.next(0); err != nil {
		return at(1, err)
	}
	dec := json.NewDecoder(text)
	fail := func(err error) error {
		var syntax *json.SyntaxError
		switch {
		case errors.As(err, &syntax):
			return at(text.line(dec.InputOffset()+syntaxAt(dec)), fmt.Errorf("not JSON: %w", err))
		case err == io.EOF || err == io.ErrUnexpectedEOF:
			return at(text.line(text.read), errors.New("not JSON: it ends in the middle"))
		}
		return at(text.line(text.read), err)
	}
	array := false
	if head, _ := in.Peek(1 << 10); len(bytes.TrimSpace(head)) > 0 && bytes.TrimSpace(head)[0] == '[' {
		array = true
		if _, err := dec.Token(); err != nil {
			return fail(err)
		}
	}
	for !array || dec.More() {
		if err := text.next(dec.InputOffset()); err != nil {
			return fail(err)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err == io.EOF && !array {
			return nil
		} else if err != nil {
			return fail(err)
		}
		line := text.line(dec.InputOffset() - int64(len(value)))
		sentence, err := element(value, in.opt.Field)
		if err != nil {
			if err := in.tolerate(at(line, err)); err != nil {
				return err
			}
			continue
		}
		if err := visit(sentence, line); err != nil {
			return err
		}
	}
	if _, err := dec.Token(); err != nil { // the bracket
		return fail(err)
	}
	if err := text.next(dec.InputOffset()); err != nil {
		return fail(err)
	}
	switch _, err := dec.Token(); err {
	case nil:
		return at(text.line(dec.InputOffset()), errors.New("text behind the array; give --format jsonl for one object a line"))
	case io.EOF:
		return nil
	default:
		return fail(err)
	}
}

// syntaxAt is how far behind what a decoder has read without error the next
// value has its first error. The offsets of the decoder's own errors leave out
// what lies between values.
func syntaxAt(dec *json.Decoder) int64 {
	ahead, _ := io.ReadAll(dec.Buffered())
	value := bytes.TrimLeft(ahead, " \t\r\n")
	value = bytes.TrimLeft(bytes.TrimPrefix(value, []byte(",")), " \t\r\n")
	before := int64(len(ahead) - len(value))
	var ignored json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(value, &ignored), &syntax) {
		before += max(0, syntax.Offset-1)
	}
	return before
}

// element is the text of an element of an array.
func element(value []byte, name string) ([]byte, error) {
	if value[0] != '"' {
		return field(value, name)
	}
	if name != "" {
		return nil, fmt.Errorf("a string, which has no field %q; drop --field", name)
	}
	return stringOf(value, "it")
}

// field returns the text of one field of a JSON object, by default "text". The
// name of a field inside of others has dots.
func field(object []byte, name string) ([]byte, error) {
	if name == "" {
		name = defaultField
	}
	// encoding/json would mend without a word what is not UTF-8.
	if !utf8.Valid(object) {
		return nil, refuse("not UTF-8", errors.New("not UTF-8; convert the text to UTF-8 first"))
	}
	object = bytes.TrimSpace(object)
	var fields map[string]json.RawMessage
	var syntax *json.SyntaxError
	switch err := json.Unmarshal(object, &fields); {
	case errors.As(err, &syntax):
		// The object goes on in the next line, or another begins in this one.
		if object[0] == '{' && (int(syntax.Offset) == len(object) || json.Valid(object[:syntax.Offset-1])) {
			err = fmt.Errorf("%w; of objects that do not have a line each: --format json", err)
		}
		return nil, refuse("not a JSON object", fmt.Errorf("not a JSON object: %w", err))
	case err != nil && object[0] == '"':
		return nil, refuse("not a JSON object", errors.New("not a JSON object but a string; of strings: --format json"))
	case err != nil || fields == nil:
		return nil, refuse("not a JSON object", fmt.Errorf("not a JSON object but %s", begin(object)))
	}
	if value, twice, ok := inner(object, fields, name); twice != "" {
		return nil, refuse("a field twice", fmt.Errorf("field %q stands twice in one object; drop one of them", twice))
	} else if ok {
		return stringOf(value, fmt.Sprintf("field %q", name))
	}
	for at := range len(name) {
		if outer, ok := fields[name[:at]]; ok && name[at] == '.' && outer[0] != '{' {
			return nil, refuse(fmt.Sprintf("no field %q", name), fmt.Errorf("no field %q: %q is not an object but %s", name, name[:at], begin(outer)))
		}
	}
	names := slices.Sorted(maps.Keys(fields))
	return nil, refuse(fmt.Sprintf("no field %q", name), fmt.Errorf("no field %q; choose another with --field (this line has %.40q)", name, names[:min(len(names), 8)]))
}

// inner finds a field of an object by a name whose dots may stand in names or between them.
// twice is the name on the way to it that an object has twice, or empty.
func inner(object []byte, fields map[string]json.RawMessage, name string) (value json.RawMessage, twice string, ok bool) {
	if value, ok := fields[name]; ok {
		if isTwice(object, fields, name) {
			twice = name
		}
		return value, twice, true
	}
	for at := range len(name) {
		if name[at] != '.' {
			continue
		}
		var more map[string]json.RawMessage
		if outer, ok := fields[name[:at]]; ok && json.Unmarshal(outer, &more) == nil {
			if value, twice, ok := inner(outer, more, name[at+1:]); ok {
				if isTwice(object, fields, name[:at]) {
					twice = name[:at]
				}
				return value, twice, true
			}
		}
	}
	return nil, "", false
}

// isTwice reports whether a JSON object, of which fields holds the last of each name, has a
// name twice. The names are read only if it has more of them than fields.
func isTwice(object []byte, fields map[string]json.RawMessage, name string) bool {
	names, depth, quoted := 0, 0, false
	for i := 0; i < len(object); i++ {
		switch c := object[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		case c == ':' && depth == 1:
			names++
		}
	}
	if names == len(fields) {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(object))
	dec.Token() // the brace: object has been read once
	for found := 0; dec.More(); {
		key, err := dec.Token()
		var value json.RawMessage
		if err != nil || dec.Decode(&value) != nil {
			return false
		}
		if key == name {
			found++
		}
		if found == 2 {
			return true
		}
	}
	return false
}

// stringOf is the text of a JSON string, its line ends turned into spaces; what
// names it in messages.
func stringOf(value json.RawMessage, what string) ([]byte, error) {
	if !utf8.Valid(value) {
		return nil, errors.New("not UTF-8; convert the text to UTF-8 first")
	}
	if half := loneSurrogate(value); half != "" {
		return nil, refuse("half of a surrogate pair", fmt.Errorf("%s has %s, half of a surrogate pair, which is no character; convert the text to UTF-8 first", what, half))
	}
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return nil, refuse(what+" is not a string", fmt.Errorf("%s is not a string but %s", what, begin(value)))
	}
	return []byte(spaceForLineEnd.Replace(*text)), nil
}

// begin is the beginning of a JSON text, for messages.
func begin(value []byte) string {
	return fmt.Sprintf("%.40s", bytes.Join(bytes.Fields(value), []byte(" ")))
}

// loneSurrogate returns an escape of a JSON text that encoding/json would mend
// without a word: \uD800 to \uDFFF, if it is not one half of a pair.
func loneSurrogate(value []byte) string {
	escape := func(at int) (r rune, ok bool) { // \uXXXX at that place
		if at+6 > len(value) || value[at] != '\\' || value[at+1] != 'u' {
			return 0, false
		}
		n, err := strconv.ParseUint(string(value[at+2:at+6]), 16, 32)
		return rune(n), err == nil
	}
	for i := 0; i < len(value); i++ {
		if value[i] != '\\' {
			continue
		}
		r, ok := escape(i)
		if !ok {
			i++ // the character that the backslash stands before
			continue
		}
		if utf16.IsSurrogate(r) {
			if low, ok := escape(i + 6); !ok || utf16.DecodeRune(r, low) == utf8.RuneError {
				return string(value[i : i+6])
			}
			i += 6
		}
		i += 5
	}
	return ""
}
