package relax

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// options are the key=value pairs after the colon of "name:key=value,...".
type options struct {
	keys   []string
	values map[string]string
}

func splitSpec(what, spec string) (name string, opts options, err error) {
	name, rest, has := strings.Cut(strings.TrimSpace(spec), ":")
	opts.values = map[string]string{}
	if !has {
		return name, opts, nil
	}
	for pair := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(pair, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok || key == "" || value == "" {
			return "", opts, fmt.Errorf("relax: %s %q: %q is not of the form key=value", what, spec, pair)
		}
		if _, twice := opts.values[key]; twice {
			return "", opts, fmt.Errorf("relax: %s %q: %s is given twice", what, spec, key)
		}
		opts.keys = append(opts.keys, key)
		opts.values[key] = value
	}
	return name, opts, nil
}

// all removes and returns all options.
func (o *options) all() map[string]string {
	values := o.values
	o.keys, o.values = nil, nil
	return values
}

// take removes and returns an option, or its default.
func (o *options) take(key, otherwise string) string {
	v, ok := o.values[key]
	if !ok {
		return otherwise
	}
	o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
	return v
}

// number is take for a positive number.
func (o *options) number(key string, otherwise float64) (float64, error) {
	text := o.take(key, strconv.FormatFloat(otherwise, 'g', -1, 64))
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || !(v > 0) || v > 1e300 {
		return 0, fmt.Errorf("%s must be a positive number, not %q", key, text)
	}
	return v, nil
}

func (o *options) unused(what, spec string) error {
	if len(o.keys) > 0 {
		return fmt.Errorf("relax: %s %q has no option %q", what, spec, o.keys[0])
	}
	return nil
}
