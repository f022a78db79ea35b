package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

// Given is a value from some source, as text, and the way to quote it to
// whoever gave it: "--hidden x", "run.toml:3: hidden = x".
type Given struct {
	Text, Quote string
	// List holds the elements of a list whose source keeps them apart: an array
	// of TOML, a flag that was repeated. If it is nil, Text is cut: at semicolons
	// if there are any, else at commas. Elements that hold commas can be written
	// "a,b;c" or "a,b;".
	List []string
}

// Layer holds what one source gives, by option name.
type Layer map[string]Given

// Resolve returns the options with the value of the first layer that has one,
// or the default. Values that a stronger layer hides are checked too.
// Errors are *Error.
func (s *Set[T]) Resolve(layers ...Layer) (T, error) {
	cfg := s.Defaults()
	v := reflect.ValueOf(&cfg).Elem()
	known := Known(s.Options)
	for _, layer := range slices.Backward(layers) {
		for _, name := range slices.Sorted(maps.Keys(layer)) {
			given := layer[name]
			given.Quote = short(given.Quote)
			o, ok := s.Find(name)
			if !ok {
				return cfg, errorf("%s: unknown option%s", given.Quote, DidYouMean(name, known))
			}
			if err := o.set(v.FieldByIndex(o.field), given); err != nil {
				return cfg, errorf("%s: %v", given.Quote, err)
			}
		}
	}
	for _, o := range s.Options {
		if o.Required && v.FieldByIndex(o.field).IsZero() {
			return cfg, errorf("%s %s is required", o.Flag(), o.Meta)
		}
	}
	return cfg, nil
}

// Flags is the layer of the command line: name to the texts that were given. Of
// a list each is an element if there are several, of others the last one counts.
func Flags(values map[string][]string) Layer {
	layer := Layer{}
	for name, texts := range values {
		flag := Option{Name: name}.Flag()
		given := Given{Text: texts[len(texts)-1], Quote: flag + " " + strings.Join(texts, " "+flag+" ")}
		if len(texts) > 1 {
			given.List = texts
		}
		layer[name] = given
	}
	return layer
}

// Environment is the layer of TEXTGAN_* in environ (as of os.Environ). Empty
// variables count as unset. Variables that are no option are left alone: they
// may belong to another command or to somebody's script.
func (s *Set[T]) Environment(environ []string) Layer {
	layer := Layer{}
	for _, o := range s.Options {
		for _, e := range environ {
			if text, ok := strings.CutPrefix(e, o.Env()+"="); ok && text != "" {
				layer[o.Name] = Given{Text: text, Quote: e}
			}
		}
	}
	return layer
}

// longest is how much of a quote is shown, in characters.
const longest = 120

// short cuts a quote that is too long to read.
func short(quote string) string {
	if r := []rune(quote); len(r) > longest {
		return string(r[:longest]) + "..."
	}
	return quote
}
