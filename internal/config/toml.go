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
// messages. A key that is no option is refused with the nearest one, an option that no
// file decides with where it is given.
// Errors are *Error.
func (s *Set[T]) File(name string, content []byte) (Layer, error) {
	var known []string
	for _, o := range s.Options {
		if o.InFile {
			known = append(known, o.Name)
		}
	}
	return parse(name, content, func(key, where string, given Given) error {
		o, ok := s.Find(key)
		if ok && !o.InFile {
			return errorf("%s: %s is no setting of a file; give it on the command line, %s, or as %s", where, key, o.Flag(), o.Env())
		}
		if !ok {
			return errorf("%s: unknown key %q%s", where, key, DidYouMean(key, known))
		}
		if given.List != nil && !o.List() {
			return errorf("%s: %s: want one value, not a list", where, key)
		}
		return nil
	})
}

// Parse is the layer of a TOML file whose keys need not be options of one set.
// Errors are *Error.
func Parse(name string, content []byte) (Layer, error) {
	return parse(name, content, func(string, string, Given) error { return nil })
}

// Own is the part of a layer that s has options for.
func (s *Set[T]) Own(l Layer) Layer {
	own := maps.Clone(l)
	maps.DeleteFunc(own, func(name string, _ Given) bool { _, ok := s.Find(name); return !ok })
	return own
}

func parse(name string, content []byte, check func(key, where string, given Given) error) (Layer, error) {
	var keys map[string]any
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // as editors on Windows begin a file
	if err := toml.Unmarshal(content, &keys); err != nil {
		var at *toml.DecodeError
		if errors.As(err, &at) {
			row, _ := at.Position()
			return nil, errorf("%s:%d: %s", name, row, strings.TrimPrefix(at.Error(), "toml: "))
		}
		return nil, errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "toml: "))
	}
	layer := Layer{}
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		where := name + lineOf(key, content)
		if _, table := keys[key].(map[string]any); table {
			return nil, errorf("%s: table [%s]: options stand at the top, without tables", where, key)
		}
		given, err := GivenOf(keys[key])
		if err := check(key, where, given); err != nil {
			return nil, err
		}
		if err != nil {
			return nil, errorf("%s: %s: %v", where, key, err)
		}
		given.Quote = fmt.Sprintf("%s: %s = %s", where, key, given.Text)
		layer[key] = given
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

// GivenOf turns a value that was decoded from TOML into what a flag would give,
// without the quote.
func GivenOf(v any) (Given, error) {
	switch v := v.(type) {
	case string:
		return Given{Text: v}, nil
	case int64:
		return Given{Text: strconv.FormatInt(v, 10)}, nil
	case float64:
		return Given{Text: strconv.FormatFloat(v, 'g', -1, 64)}, nil
	case bool:
		return Given{Text: strconv.FormatBool(v)}, nil
	case []any:
		list := make([]string, len(v))
		for i, e := range v {
			element, err := GivenOf(e)
			if err != nil || element.List != nil {
				return Given{}, errors.New("want a list of strings or numbers")
			}
			list[i] = element.Text
		}
		return Given{Text: strings.Join(list, ","), List: list}, nil
	}
	return Given{}, errors.New("want a string, a number, true, false or a list")
}

// TOML writes the options that are keys of the file, with their help text, those
// of a group under one heading. Options of the groups in unused are left out as
// long as they are at their defaults. File and Resolve give the same struct back.
func (s *Set[T]) TOML(cfg T, unused ...string) []byte {
	var b bytes.Buffer
	v, defaults := reflect.ValueOf(cfg), reflect.ValueOf(s.Defaults())
	group := ""
	for _, o := range s.byGroup() {
		field := v.FieldByIndex(o.field)
		idle := slices.Contains(unused, o.Group) && reflect.DeepEqual(field.Interface(), defaults.FieldByIndex(o.field).Interface())
		unset := len(o.Choices) > 0 && field.Kind() == reflect.String && field.String() == "" // which is no choice
		if !o.InFile || idle || unset {
			continue
		}
		if o.Group != group {
			group = o.Group
			fmt.Fprintf(&b, "\n# %s\n\n", strings.ToUpper(group[:1])+group[1:])
		}
		line, err := toml.Marshal(map[string]any{o.Name: tomlValue(field)})
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
		return strconv.FormatUint(field.Uint(), 10)
	case field.Kind() == reflect.Slice && field.IsNil():
		return []any{}
	}
	return field.Interface()
}

// byGroup are the options in the order of their groups: first those without, then
// each group where its first option stands.
func (s *Set[T]) byGroup() (options []Option) {
	groups := []string{""}
	for _, o := range s.Options {
		if !slices.Contains(groups, o.Group) {
			groups = append(groups, o.Group)
		}
	}
	for _, group := range groups {
		for _, o := range s.Options {
			if o.Group == group {
				options = append(options, o)
			}
		}
	}
	return options
}
