package config

import (
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// set parses what was given into a field and checks it.
func (o Option) set(field reflect.Value, given Given) error {
	if field.Kind() != reflect.Slice {
		return o.setOne(field, given.Text)
	}
	parts := given.List
	if parts == nil && o.Paths && exists(given.Text) {
		parts = []string{given.Text}
	}
	if parts == nil {
		for _, part := range cut(given.Text) {
			parts = append(parts, strings.TrimSpace(part))
		}
	}
	list := reflect.Zero(field.Type())
	for _, part := range parts {
		if len(parts) > 1 && part == "" {
			return errors.New("an element of the list is empty")
		}
		element := reflect.New(field.Type().Elem()).Elem()
		if err := o.setOne(element, part); err != nil {
			return err
		}
		list = reflect.Append(list, element)
	}
	field.Set(list)
	return nil
}

// exists reports whether a file or directory has that name.
func exists(path string) bool {
	_, err := os.Lstat(path)
	return path != "" && err == nil
}

// cut gives the elements of a list that is written in one text: those between
// semicolons, or, without any, between commas. What belongs to the element before
// it, as in "all-action:k=4,m=2,rloo", is not cut off.
func cut(text string) []string {
	switch {
	case text == "":
		return nil
	case strings.Contains(text, ";"):
		return strings.Split(strings.TrimSuffix(text, ";"), ";")
	}
	var parts []string
	for part := range strings.SplitSeq(text, ",") {
		if n := len(parts); n > 0 && setting.MatchString(part) && named.MatchString(parts[n-1]) {
			parts[n-1] += "," + part
			continue
		}
		parts = append(parts, part)
	}
	return parts
}

// An element with settings of its own, name:key=value, and a further one.
var (
	named   = regexp.MustCompile(`^\s*[a-z][a-z-]*:[a-z][a-z-]*=`)
	setting = regexp.MustCompile(`^\s*[a-z][a-z-]*=`)
)

func (o Option) setOne(field reflect.Value, text string) error {
	switch field.Kind() {
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		if err != nil {
			return errors.New("want true or false")
		}
		field.SetBool(v)
	case reflect.Int:
		v, err := strconv.ParseInt(text, 10, strconv.IntSize)
		if err != nil {
			return numberError(err, "a whole number")
		}
		field.SetInt(v)
	case reflect.Uint64:
		v, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return numberError(err, "a whole number from 0")
		}
		field.SetUint(v)
	case reflect.Float64:
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return numberError(err, "a number")
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return errors.New("want a finite number")
		}
		field.SetFloat(v)
	default:
		field.SetString(text)
		if text == "" && o.Default == "" && !o.Required { // a file that holds every option holds those without a value too
			return nil
		}
	}
	for _, c := range o.checks {
		if err := c.holds(field); err != nil {
			return err
		}
	}
	return nil
}

func numberError(err error, want string) error {
	if errors.Is(err, strconv.ErrRange) {
		return errors.New("the number is too large")
	}
	return errors.New("want " + want)
}

// check is one rule of a check tag.
type check struct {
	rule    string // min, max, above, below, oneof
	bound   float64
	choices func() []string // which a program may add to
}

// newCheck parses rule=argument. It panics if it cannot.
func newCheck(s string) check {
	rule, arg, _ := strings.Cut(s, "=")
	switch rule {
	case "oneof":
		choices := strings.Split(arg, "|")
		return check{rule: rule, choices: func() []string { return choices }}
	case "min", "max", "above", "below":
		bound, err := strconv.ParseFloat(arg, 64)
		if err != nil {
			panic(fmt.Sprintf("config: check %q: %v", s, err))
		}
		return check{rule: rule, bound: bound}
	}
	panic(fmt.Sprintf("config: check %q is not known", s))
}

func (c check) holds(v reflect.Value) error {
	if c.rule == "oneof" {
		choices := c.choices()
		if slices.Contains(choices, v.String()) {
			return nil
		}
		return fmt.Errorf("want %s", orList(choices))
	}
	var x float64
	switch v.Kind() {
	case reflect.Int:
		x = float64(v.Int())
	case reflect.Uint64:
		x = float64(v.Uint())
	case reflect.Float64:
		x = v.Float()
	default:
		panic(fmt.Sprintf("config: rule %s for a %v", c.rule, v.Kind()))
	}
	bound := strconv.FormatFloat(c.bound, 'f', -1, 64)
	if c.bound >= 1e15 {
		bound = strconv.FormatFloat(c.bound, 'g', -1, 64)
	}
	switch {
	case c.rule == "min" && x < c.bound:
		return errors.New("want at least " + bound)
	case c.rule == "max" && x > c.bound:
		return errors.New("want at most " + bound)
	case c.rule == "above" && x <= c.bound:
		return errors.New("want more than " + bound)
	case c.rule == "below" && x >= c.bound:
		return errors.New("want less than " + bound)
	}
	return nil
}

// orList joins words: a, b or c.
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	n := len(words) - 1
	return strings.Join(words[:n], ", ") + " or " + words[n]
}
