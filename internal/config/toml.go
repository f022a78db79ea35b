package config

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// File is the layer of a TOML file with the given content; name is for
// messages. A key that is no option is refused with the nearest one.
// Errors are *Error.
func (s *Set[T]) File(name string, content []byte) (Layer, error) {
	var keys map[string]any
	if err := toml.Unmarshal(content, &keys); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, _ := at.Position()
			return nil, errorf("%s:%d: %s", name, row, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
	}
	var known []string
	for _, o := range s.Options {
		if o.InFile {
			known = append(known, o.Name)
		}
	}
	layer := Layer{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		where := name + lineOf(key, content)
		if _, table := keys[key].(map[string]any); table {
			return nil, errorf("%s: table [%s]: options stand at the top, without tables", where, key)
		}
		if !slices.Contains(known, key) {
			return nil, errorf("%s: unknown key %q%s", where, key, DidYouMean(key, known))
		}
		text, err := textOf(keys[key])
		if err != nil {
			return nil, errorf("%s: %s: %v", where, key, err)
		}
		layer[key] = Given{text, fmt.Sprintf("%s: %s = %s", where, key, text)}
	}
	return layer, nil
}

// lineOf returns ":N" for the line on which a key is set, or nothing if the
// key is written in an unusual way.
func lineOf(key string, content []byte) string {
	at := regexp.MustCompile(`(?m)^[ \t]*\[?[ \t]*` + regexp.QuoteMeta(key) + `[ \t]*[=.\]]`).FindIndex(content)
	if at == nil {
		return ""
	}
	return fmt.Sprintf(":%d", 1+bytes.Count(content[:at[0]], []byte("\n")))
}

// textOf turns a TOML value into the text that a flag would have.
func textOf(v any) (string, error) {
	switch v := v.(type) {
	case string:
		return v, nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case bool:
		return strconv.FormatBool(v), nil
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			part, err := textOf(e)
			if err != nil {
				return "", err
			}
			if strings.Contains(part, ",") {
				return "", fmt.Errorf("element %q of a list has a comma", part)
			}
			parts[i] = part
		}
		return strings.Join(parts, ","), nil
	}
	return "", errors.New("want a string, a number, true, false or a list")
}

// TOML writes every option that is a key of the file, with its help text.
// File and Resolve give the same struct back.
func (s *Set[T]) TOML(cfg T) []byte {
	var b bytes.Buffer
	v := reflect.ValueOf(cfg)
	group := ""
	for _, o := range s.Options {
		if !o.InFile {
			continue
		}
		if o.Group != group {
			group = o.Group
			b.WriteByte('\n')
			if group != "" {
				fmt.Fprintf(&b, "# %s\n\n", group)
			}
		}
		line, err := toml.Marshal(map[string]any{o.Name: tomlValue(v.FieldByIndex(o.field))})
		if err != nil { // of the types that New lets through none can fail
			panic("config: " + err.Error())
		}
		comment := o.Doc
		if len(o.Choices) > 0 {
			comment += ": " + orList(o.Choices)
		}
		fmt.Fprintf(&b, "# %s\n%s", comment, line)
	}
	return b.Bytes()
}

// tomlValue is the field's value, or its text if TOML has no number for it.
func tomlValue(field reflect.Value) any {
	switch {
	case field.Kind() == reflect.Uint64 && field.Uint() > math.MaxInt64:
		return text(field)
	case field.Kind() == reflect.Slice && field.IsNil():
		return []any{}
	}
	return field.Interface()
}
