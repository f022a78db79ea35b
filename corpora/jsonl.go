package corpora

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

var spaceForLineEnd = strings.NewReplacer("\r\n", " ", "\n", " ", "\r", " ")

// field returns the text of one field of a JSON object, its line ends turned
// into spaces.
func field(line []byte, name string) ([]byte, error) {
	// encoding/json would mend without a word what is not UTF-8.
	if !utf8.Valid(line) {
		return nil, errors.New("not UTF-8; convert the text to UTF-8 first")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(line, &object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	value, ok := object[name]
	if !ok {
		names := slices.Sorted(maps.Keys(object))
		return nil, fmt.Errorf("no field %q; choose another with --field (this line has %.40q)", name, names[:min(len(names), 8)])
	}
	if pair := loneSurrogate(value); pair != "" {
		return nil, fmt.Errorf("field %q has %s, half of a surrogate pair, which is no character; convert the text to UTF-8 first", name, pair)
	}
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return nil, fmt.Errorf("field %q is not a string but %.40s", name, value)
	}
	return []byte(spaceForLineEnd.Replace(*text)), nil
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
