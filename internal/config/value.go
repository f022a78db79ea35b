package config

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// set parses text into a field and checks it.
func (o Option) set(field reflect.Value, text string) error {
	if field.Kind() != reflect.Slice {
		return o.setOne(field, text)
	}
	list := reflect.Zero(field.Type())
	if text != "" {
		for part := range strings.SplitSeq(text, ",") {
			element := reflect.New(field.Type().Elem()).Elem()
			if err := o.setOne(element, strings.TrimSpace(part)); err != nil {
				return err
			}
			list = reflect.Append(list, element)
		}
	}
	field.Set(list)
	return nil
}

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

// text is the inverse of set.
func text(field reflect.Value) string {
	switch field.Kind() {
	case reflect.Slice:
		parts := make([]string, field.Len())
		for i := range parts {
			parts[i] = text(field.Index(i))
		}
		return strings.Join(parts, ",")
	case reflect.Float64:
		return strconv.FormatFloat(field.Float(), 'g', -1, 64)
	}
	return fmt.Sprint(field.Interface())
}

// check is one rule of a check tag.
type check struct {
	rule    string // min, max, above, below, oneof
	bound   float64
	choices []string
}

// newCheck parses rule=argument. It panics if it cannot.
func newCheck(s string) check {
	rule, arg, _ := strings.Cut(s, "=")
	switch rule {
	case "oneof":
		return check{rule: rule, choices: strings.Split(arg, "|")}
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
		if slices.Contains(c.choices, v.String()) {
			return nil
		}
		return fmt.Errorf("want %s", orList(c.choices))
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
