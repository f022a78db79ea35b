package eval

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Version of the metric definitions, part of every signature. It changes
// whenever a number could.
const Version = "2"

// ByOrder holds one value per n-gram order: [n-1] belongs to n. NaN stands where
// there is nothing to measure, such as an order without n-grams. As JSON it is an
// object {"1": ..., "2": ...}, with null for NaN.
type ByOrder []float64

// MarshalJSON writes the orders as keys.
func (b ByOrder) MarshalJSON() ([]byte, error) {
	values := make([]*float64, len(b))
	for i := range b {
		values[i] = finite(&b[i])
	}
	return marshalOrders(values)
}

// finite is v, or nil where JSON has no number for it.
func finite(v *float64) *float64 {
	if v == nil || math.IsNaN(*v) || math.IsInf(*v, 0) {
		return nil
	}
	return v
}

// Interval is a confidence interval, as JSON [lo, hi].
type Interval struct{ Lo, Hi float64 }

// MarshalJSON writes the pair.
func (i Interval) MarshalJSON() ([]byte, error) { return json.Marshal([2]float64{i.Lo, i.Hi}) }

func marshalOrders[T any](values []T) ([]byte, error) {
	byKey := make(map[string]T, len(values)) // encoding/json sorts the keys
	for i, v := range values {
		byKey[strconv.Itoa(i+1)] = v
	}
	return json.Marshal(byKey)
}

// Score is BLEU or self-BLEU of orders 1..n as fractions, with the signature
// that says how it was computed. Two scores are comparable if their signatures
// are equal.
type Score struct {
	Metric    string // "bleu" or "self_bleu"
	ByOrder   ByOrder
	Level     Level
	Signature string

	// Short is the number of hypotheses with some, but fewer tokens than the highest order.
	// They have no n-gram of that order, so their score depends on the smoothing: such a
	// line scores below 1 even against itself.
	Short int
	Lines int // hypotheses
	// Notes say what the reader should know of the number.
	Notes []string

	// StdErr is the standard error of the mean over hypotheses with the
	// references held fixed. Nil at corpus level.
	StdErr ByOrder
	// Intervals are percentile bootstrap intervals over hypotheses, the
	// references held fixed, at the given Confidence. Nil if not asked for.
	Intervals  []Interval
	Confidence float64

	kept []float64 // [Lines,MaxN] of the single hypotheses; nil if not asked for
}

// covariance is that of the errors of two scores of the same hypotheses at order n+1.
func (s Score) covariance(other Score, n int) float64 {
	sum, orders := 0.0, len(s.ByOrder)
	for i := range s.Lines {
		sum += (s.kept[i*orders+n] - s.ByOrder[n]) * (other.kept[i*orders+n] - other.ByOrder[n])
	}
	return sum / float64(max(1, s.Lines-1)) / float64(s.Lines)
}

// MarshalJSON writes {"bleu": {"1": ...}, "level": ..., "signature": ...}, the
// first key being the metric, then what there is of "std_err", "intervals"
// and "confidence".
func (s Score) MarshalJSON() ([]byte, error) {
	out := map[string]any{s.Metric: s.ByOrder, "level": s.Level.String(), "signature": s.Signature}
	if s.Short > 0 {
		out["short_lines"] = s.Short
	}
	if s.Notes != nil {
		out["notes"] = s.Notes
	}
	if s.StdErr != nil {
		out["std_err"] = s.StdErr
	}
	if s.Intervals != nil {
		intervals, err := marshalOrders(s.Intervals)
		if err != nil {
			return nil, err
		}
		out["intervals"], out["confidence"] = json.RawMessage(intervals), s.Confidence
	}
	return json.Marshal(out)
}

// signature is in the style of Post, "A call for clarity in reporting BLEU
// scores", WMT 2018.
func (m *Meter) signature() string {
	o := m.o
	name, refs := "bleu", "leave-one-out"
	if m.self {
		name = "self-bleu"
	}
	if m.others == nil {
		refs = strconv.Itoa(m.refs.lines)
	}
	parts := []string{
		name,
		fmt.Sprintf("n:%d", o.MaxN),
		"level:" + o.Level.String(),
		"smooth:" + o.Smoothing.String(),
		"weights:uniform",
	}
	parts[len(parts)-1] += textSignature(o.Case, o.Tokenizer)
	parts = append(parts, "refs:"+refs, fmt.Sprintf("hyps:%d", m.n))
	if o.protocol != nil {
		parts = append(parts, "protocol:"+o.protocol.Name)
	}
	if o.Bootstrap > 0 {
		parts = append(parts, fmt.Sprintf("bs:%d", o.Bootstrap), fmt.Sprintf("seed:%d", o.Seed))
	}
	return strings.Join(append(parts, "version:"+Version), "|")
}

// textSignature says what was done to the text, each part behind a bar.
func textSignature(letters, tokenizer string) (s string) {
	if letters != "" {
		s += "|case:" + letters
	}
	if tokenizer != "" {
		s += "|tok:" + tokenizer
	}
	return s
}
