package corpora

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
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
	var text *string
	if err := json.Unmarshal(value, &text); err != nil || text == nil {
		return nil, fmt.Errorf("field %q is not a string but %.40s", name, value)
	}
	return []byte(spaceForLineEnd.Replace(*text)), nil
}
