package config

import (
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// EnvPrefix begins the names of environment variables.
const EnvPrefix = "TEXTGAN_"

// Option is one row of the table.
type Option struct {
	Name, Default, Doc, Group string
	Meta                      string   // FILE, N, ...; empty for a switch
	Choices                   []string // of the rule oneof=
	Required                  bool
	Paths                     bool // a list of files or directories: a name that there is, is one element, whatever it holds
	InFile                    bool // a key of the file too

	field  []int // index of the struct field
	typ    reflect.Type
	checks []check
}

// Env returns the name of the option's environment variable.
func (o Option) Env() string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(o.Name, "-", "_"))
}

// Flag returns the option as it is typed: --hidden, -n.
func (o Option) Flag() string {
	if len(o.Name) == 1 {
		return "-" + o.Name
	}
	return "--" + o.Name
}

// Switch tells whether the option is a bool, whose flag needs no value.
func (o Option) Switch() bool { return o.typ.Kind() == reflect.Bool }

// Bounded tells whether a number cannot be arbitrarily large: it has an upper
// bound, or is not a number. Seeds (uint64) are bounded by their type.
func (o Option) Bounded() bool {
	typ := o.typ
	if typ.Kind() == reflect.Slice {
		typ = typ.Elem()
	}
	if typ.Kind() != reflect.Int && typ.Kind() != reflect.Float64 {
		return true
	}
	return slices.ContainsFunc(o.checks, func(c check) bool { return c.rule == "max" || c.rule == "below" })
}

// List tells whether the option has several values.
func (o Option) List() bool { return o.typ.Kind() == reflect.Slice }

// Error is a fault of whoever gave the options.
type Error struct{ Msg string }

func (e *Error) Error() string { return e.Msg }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }

// Set is the table of the options in T, in the order of its fields.
type Set[T any] struct {
	Options []Option
}

var optionName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// New makes the table. It panics on tags that make no sense.
func New[T any]() *Set[T] {
	s := &Set[T]{Options: optionsOf(reflect.TypeFor[T](), nil)}
	seen := map[string]bool{}
	for _, o := range s.Options {
		if seen[o.Name] {
			panic("config: two options named " + o.Name)
		}
		seen[o.Name] = true
	}
	s.Defaults() // panics if one is not valid
	return s
}

func optionsOf(t reflect.Type, path []int) (options []Option) {
	for i := range t.NumField() {
		f := t.Field(i)
		field := append(append([]int{}, path...), i)
		if f.Anonymous {
			options = append(options, optionsOf(f.Type, field)...)
			continue
		}
		name, ok := f.Tag.Lookup("opt")
		if !ok {
			continue
		}
		if !optionName.MatchString(name) {
			panic(fmt.Sprintf("config: option name %q", name))
		}
		o := Option{
			Name: name, Default: f.Tag.Get("default"), Doc: f.Tag.Get("doc"), Group: f.Tag.Get("group"),
			Meta: f.Tag.Get("meta"), InFile: f.Tag.Get("file") != "no", field: field, typ: f.Type,
		}
		if o.Meta == "" {
			o.Meta = metaOf(f.Type)
		}
		if rules := f.Tag.Get("check"); rules != "" {
			for rule := range strings.SplitSeq(rules, ",") {
				switch rule {
				case "required":
					o.Required = true
					continue
				case "paths":
					o.Paths = true
					continue
				}
				o.checks = append(o.checks, newCheck(rule))
			}
		}
		if named, ok := reflect.Zero(f.Type).Interface().(interface{ Choices() []string }); ok {
			o.checks = append(o.checks, check{rule: "oneof", choices: named.Choices})
		}
		for _, c := range o.checks {
			if c.choices != nil {
				o.Choices = append(o.Choices, c.choices()...)
			}
		}
		if o.Meta == "TEXT" && len(o.Choices) > 0 {
			o.Meta = "NAME"
		}
		options = append(options, o)
	}
	return options
}

// metaOf names a value by its type. It panics on types that are not supported.
func metaOf(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Bool:
		return ""
	case reflect.Int, reflect.Uint64:
		return "N"
	case reflect.Float64:
		return "X"
	case reflect.String:
		return "TEXT"
	case reflect.Slice:
		if e := t.Elem().Kind(); e == reflect.Int || e == reflect.Float64 || e == reflect.String {
			return metaOf(t.Elem()) + ",..."
		}
	}
	panic(fmt.Sprintf("config: options of type %v are not supported", t))
}

// Find returns the option of that name.
func (s *Set[T]) Find(name string) (Option, bool) {
	for _, o := range s.Options {
		if o.Name == name {
			return o, true
		}
	}
	return Option{}, false
}

// Defaults returns the struct with every option at its default.
func (s *Set[T]) Defaults() T {
	var cfg T
	v := reflect.ValueOf(&cfg).Elem()
	for _, o := range s.Options {
		if o.Default == "" {
			continue
		}
		if err := o.set(v.FieldByIndex(o.field), Given{Text: o.Default}); err != nil {
			panic(fmt.Sprintf("config: default %q of %s: %v", o.Default, o.Name, err))
		}
	}
	return cfg
}

// Known returns the names of the options, for Nearest.
func Known(options []Option) []string {
	names := make([]string, len(options))
	for i, o := range options {
		names[i] = o.Name
	}
	return names
}

// Bounds are the least and the greatest value that the rules of a numeric option leave;
// infinite where there is none. A rule above= or below= excludes its bound.
func (o Option) Bounds() (least, greatest float64) {
	least, greatest = math.Inf(-1), math.Inf(1)
	for _, c := range o.checks {
		switch c.rule {
		case "min", "above":
			least = c.bound
		case "max", "below":
			greatest = c.bound
		}
	}
	return least, greatest
}

// Number tells whether the option's value, or each of several, is a number.
func (o Option) Number() bool {
	return strings.HasPrefix(o.Meta, "N") || strings.HasPrefix(o.Meta, "X")
}
