package corpora

import (
	"errors"
	"fmt"
)

// Refused is why sentences of a text cannot be taken, of a corpus that was opened with
// Options.Tolerant.
type Refused struct {
	Reason string `json:"reason"`
	Lines  int    `json:"lines"`
	First  string `json:"first"` // FILE:LINE: what is said of the first of them
}

// refusal is an error about one sentence, with its reason in words that are the same
// for all of its kind.
type refusal struct {
	reason string
	error
}

func (r *refusal) Unwrap() error { return r.error }

func refuse(reason string, err error) error { return &refusal{reason, err} }

// tolerate counts an error about the one sentence at a line, and is nil, if the corpus is
// to go on without it; otherwise it is the error.
func (in *input) tolerate(err error) error {
	var place *place
	if in.opt.refused == nil || !errors.As(err, &place) {
		return err
	}
	reason := "not of the format"
	var r *refusal
	if errors.As(err, &r) {
		reason = r.reason
	}
	for i := range *in.opt.refused {
		if known := &(*in.opt.refused)[i]; known.Reason == reason {
			known.Lines++
			return nil
		}
	}
	*in.opt.refused = append(*in.opt.refused, Refused{reason, 1, fmt.Sprintf("%s:%d: %v", in.name, place.line, place.err)})
	return nil
}
