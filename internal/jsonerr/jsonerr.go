// Package jsonerr says what is wrong with a JSON text in words that need no knowledge of Go.
package jsonerr

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// Plain is err, of package encoding/json, without the names of Go's types: of a value of the
// wrong kind what it is and should be. whole stands for what has no field. Other errors, such
// as those of a text that is no JSON, are returned as they are.
func Plain(err error, whole string) error {
	var moment *time.ParseError
	if errors.As(err, &moment) {
		return fmt.Errorf("%q is no time such as 2026-01-31T09:30:00Z", moment.Value)
	}
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Errorf("%s holds %s; it must be %s", cmp.Or(wrong.Field, whole), wrong.Value, kind(wrong.Type))
	}
	if err != nil && strings.HasPrefix(err.Error(), "Time.UnmarshalJSON: ") {
		return errors.New("a time is not a string")
	}
	if err != nil && strings.HasPrefix(err.Error(), "json: ") {
		return errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	return err
}

// kind is what a value must be that goes into a t.
func kind(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		return kind(t.Elem())
	}
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return "a whole number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0"
	case reflect.Float32, reflect.Float64:
		return "a number that " + t.Kind().String() + " can hold"
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "a list"
	}
	return "an object"
}
