package jsonerr

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestPlain(t *testing.T) {
	type inner struct {
		Lines *int `json:"lines"`
	}
	type whole struct {
		Inner  inner            `json:"inner"`
		Name   string           `json:"name"`
		Step   uint32           `json:"step"`
		Loss   float32          `json:"loss"`
		Done   bool             `json:"done"`
		Starts []inner          `json:"starts"`
		Of     map[string]inner `json:"of"`
		Begun  time.Time        `json:"begun"`
	}
	for text, want := range map[string]string{
		`[]`:                      "the file holds array; it must be an object",
		`{"inner":{"lines":"a"}}`: "inner.lines holds string; it must be a whole number",
		`{"name":3}`:              "name holds number; it must be a string",
		`{"step":-3}`:             "step holds number -3; it must be a whole number from 0",
		`{"loss":1e99}`:           "loss holds number 1e99; it must be a number that float32 can hold",
		`{"loss":"a"}`:            "loss holds string; it must be a number that float32 can hold",
		`{"done":1}`:              "done holds number; it must be true or false",
		`{"starts":{}}`:           "starts holds object; it must be a list",
		`{"of":true}`:             "of holds bool; it must be an object",
		`{"begun":"noon"}`:        `"noon" is no time such as 2026-01-31T09:30:00Z`,
		`{"begun":3}`:             "a time is not a string",
		`{"name":}`:               "invalid character '}' looking for beginning of value",
		`{"name":"a"`:             "unexpected end of JSON input",
	} {
		var x whole
		require.EqualError(t, Plain(json.Unmarshal([]byte(text), &x), "the file"), want, text)
	}
	other := errors.New("other")
	require.Equal(t, other, Plain(other, "it"))
	require.NoError(t, Plain(nil, "it"))
}
