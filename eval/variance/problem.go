package variance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"textgan/internal/jsonerr"
)

// The laboratory enumerates every state, so it refuses problems with more
// states than MaxStates or with more than maxTable numbers in the table of
// their scores.
const (
	MaxStates = 1 << 16
	maxTable  = 1 << 24
	maxT      = 512      // only sequences that may end early can be so long
	maxInput  = 64 << 20 // bytes of a problem file
)

// Problem is E[f(x)] over T choices x_t out of K, and its parameters.
type Problem struct {
	ID        string
	K, T      int
	EOS       int // the id that ends the sequence, or -1
	model     model
	f         objective
	surrogate objective // of RELAX; nil to fit one
}

// Params is the number P of parameters. Gradients, means and variances are
// flat vectors [P] in the order of the file's param_order.
func (p *Problem) Params() int { return p.model.size() }

// Chain reports whether later choices depend on earlier ones.
func (p *Problem) Chain() bool {
	_, independent := p.model.(*independent)
	return !independent
}

type problemFile struct {
	ID         string                     `json:"id"`
	K          int                        `json:"K"`
	T          int                        `json:"T"`
	Structure  string                     `json:"structure"`
	EOS        *int                       `json:"eos_token"`
	Params     map[string]json.RawMessage `json:"params"`
	ParamOrder []struct {
		Name  string `json:"name"`
		Shape []int  `json:"shape"`
	} `json:"param_order"`
	F     functionFile    `json:"f"`
	Extra json.RawMessage `json:"extra"`
}

// Read reads a problem: one JSON object with id, K, T, structure, eos_token,
// params, param_order and f, all described in docs/estimators.md. Other fields
// are ignored, except that extra.relax_surrogate, a function like f, is used
// as RELAX's surrogate. name stands for the file in errors.
func Read(r io.Reader, name string) (*Problem, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxInput+1))
	if err != nil {
		return nil, fmt.Errorf("variance: %s: %w", name, err)
	}
	if len(data) > maxInput {
		return nil, fmt.Errorf("variance: %s: longer than %d MB, which no problem that can be enumerated needs", name, maxInput>>20)
	}
	var file problemFile
	if err := json.Unmarshal(data, &file); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			return nil, fmt.Errorf("variance: %s: not JSON at byte %d: %w", name, syntax.Offset, err)
		}
		return nil, fmt.Errorf("variance: %s: %w", name, jsonerr.Plain(err, "the file"))
	}
	p, err := file.problem()
	if err != nil {
		return nil, fmt.Errorf("variance: %s: %w", name, err)
	}
	if p.ID == "" {
		p.ID = name
	}
	return p, nil
}

func (file *problemFile) problem() (*Problem, error) {
	p := &Problem{ID: file.ID, K: file.K, T: file.T, EOS: -1}
	if p.K < 2 || p.T < 1 || p.T > maxT {
		return nil, fmt.Errorf("with K = %d and T = %d: K must be at least 2 and T from 1 to %d", p.K, p.T, maxT)
	}
	if file.EOS != nil {
		if p.EOS = *file.EOS; p.EOS < 0 || p.EOS >= p.K {
			return nil, fmt.Errorf("eos_token is %d; it must be null or an id below K = %d", p.EOS, p.K)
		}
	}
	if n := p.countStates(); n > MaxStates {
		return nil, fmt.Errorf("%s states; the exact gradient is a sum over all of them and at most %d are allowed, so lower K or T", count(n), MaxStates)
	}
	params, err := file.parameters()
	if err != nil {
		return nil, err
	}
	switch file.Structure {
	case "independent":
		p.model = newIndependent(p.K, p.T, params)
	case "autoregressive":
		p.model = newAutoregressive(p.K, p.T, params)
	case "rnn":
		p.model = newRNN(p.K, p.T, params)
	}
	if n := p.countStates() * float64(p.Params()); n > maxTable {
		return nil, fmt.Errorf("%s states times %d parameters is above %d; lower K or T", count(p.countStates()), p.Params(), maxTable)
	}
	if p.f, err = file.F.build(p.T, p.K); err != nil {
		return nil, fmt.Errorf("f: %w", err)
	}
	var extra struct {
		Surrogate *functionFile `json:"relax_surrogate"`
	}
	// Only the surrogate is ours: whatever else extra is, it is ignored.
	if s := &extra; json.Unmarshal(file.Extra, s) == nil && s.Surrogate != nil {
		if p.surrogate, err = extra.Surrogate.build(p.T, p.K); err != nil {
			return nil, fmt.Errorf("extra.relax_surrogate: %w", err)
		}
	}
	return p, nil
}

// countStates is K^T, or with an end token the number of sequences that end.
func (p *Problem) countStates() float64 {
	k := float64(p.K)
	if p.EOS < 0 {
		return math.Pow(k, float64(p.T))
	}
	open, ended := 1.0, 0.0
	for range p.T {
		ended += open
		open *= k - 1
		if open > MaxStates {
			return open
		}
	}
	return open + ended
}

func count(n float64) string {
	if n < 1e15 {
		return fmt.Sprintf("%.0f", n)
	}
	return fmt.Sprintf("%.1e", n)
}

// parameter is one named array of the file, with its place in the flat
// gradient.
type parameter struct {
	name   string
	shape  []int
	values []float64
	offset int
}

// parameters reads the arrays that the structure asks for, in the order of
// param_order, or of the definition if there is none.
func (file *problemFile) parameters() (map[string]parameter, error) {
	K, T := file.K, file.T
	var want []parameter
	switch file.Structure {
	case "independent":
		want = []parameter{{name: "logits", shape: []int{T, K}}}
	case "autoregressive":
		want = []parameter{{name: "b", shape: []int{T, K}}}
		for t := 2; t <= T; t++ {
			for s := 1; s < t; s++ {
				want = append(want, parameter{name: fmt.Sprintf("W_%d_%d", t, s), shape: []int{K, K}})
			}
		}
	case "rnn":
		var c []any
		if err := json.Unmarshal(file.Params["c"], &c); err != nil || len(c) == 0 {
			return nil, errors.New("params.c is missing or not a list; its length is the size of the hidden state")
		}
		H := len(c)
		want = []parameter{
			{name: "U", shape: []int{H, K}}, {name: "V", shape: []int{H, H}}, {name: "c", shape: []int{H}},
			{name: "O", shape: []int{K, H}}, {name: "o", shape: []int{K}},
		}
	default:
		return nil, fmt.Errorf("structure %q is unknown; it must be independent, autoregressive or rnn", file.Structure)
	}
	if len(file.ParamOrder) > 0 {
		ordered := make([]parameter, 0, len(want))
		for _, o := range file.ParamOrder {
			at := slices.IndexFunc(want, func(w parameter) bool { return w.name == o.Name })
			if at < 0 {
				return nil, fmt.Errorf("param_order names %q, which structure %s does not have or was named before", o.Name, file.Structure)
			}
			if !slices.Equal(o.Shape, want[at].shape) {
				return nil, fmt.Errorf("param_order gives %s the shape %v; it is %v", o.Name, o.Shape, want[at].shape)
			}
			ordered = append(ordered, want[at])
			want = slices.Delete(want, at, at+1)
		}
		if len(want) > 0 {
			return nil, fmt.Errorf("param_order leaves %s out", want[0].name)
		}
		want = ordered
	}
	params, offset := map[string]parameter{}, 0
	for _, w := range want {
		values, err := numbers(file.Params[w.name], w.shape...)
		if err != nil {
			return nil, fmt.Errorf("params.%s: %w", w.name, err)
		}
		w.values, w.offset = values, offset
		offset += len(values)
		params[w.name] = w
	}
	return params, nil
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// numbers reads nested lists of numbers, row-major: of the given shape, or
// with levels of it merged or divided.
func numbers(raw json.RawMessage, shape ...int) ([]float64, error) {
	if len(raw) == 0 {
		return nil, errors.New("is missing")
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return nil, jsonerr.Plain(err, "it")
	}
	flat, got, err := flatten(nil, tree)
	if err != nil {
		return nil, err
	}
	if len(flat) != size(shape) {
		return nil, fmt.Errorf("has %d numbers, want %d", len(flat), size(shape))
	}
	// What stands in front of every cut of the one shape must be a cut of the other.
	within := func(a, b []int) bool {
		for i := range a {
			found := false
			for j := range b {
				found = found || size(a[:i+1]) == size(b[:j+1])
			}
			if !found {
				return false
			}
		}
		return true
	}
	if len(got) > 0 && !within(got, shape) && !within(shape, got) {
		return nil, fmt.Errorf("has the shape %v, want %v", got, shape)
	}
	return flat, nil
}

// flatten appends the numbers of a tree and returns its shape.
func flatten(flat []float64, tree any) (_ []float64, shape []int, err error) {
	what := "null"
	switch v := tree.(type) {
	case float64:
		return append(flat, v), nil, nil
	case []any:
		shape = []int{len(v)}
		for i, x := range v {
			var inner []int
			if flat, inner, err = flatten(flat, x); err != nil {
				return nil, nil, err
			}
			if i == 0 {
				shape = append(shape, inner...)
			} else if !slices.Equal(inner, shape[1:]) {
				return nil, nil, errors.New("has rows of different lengths")
			}
		}
		return flat, shape, nil
	case string:
		what = "a string"
	case bool:
		what = "true or false"
	case map[string]any:
		what = "an object"
	}
	return nil, nil, fmt.Errorf("holds %s; only numbers and lists of numbers are allowed", what)
}
