package ratio

import (
	"fmt"
	"slices"
)

// FeatureNames are what Compose makes a critic of: the statistics of a sentence, the log ratios
// of backwards models to the generator, and that of an n-gram model of the training lines.
var FeatureNames = []string{Stat, Ratio, Ngram}

// The names.
const (
	Stat  = "stat"
	Ratio = "ratio"
	Ngram = "ngram"
)

// Sources are what the features of a critic ask; those that no feature names may be missing.
type Sources struct {
	Generator  LogProber   // of log ratios; nil for one that cannot tell its likelihood
	Statistics *Statistics // of Stat
	Backwards  []LogProber // of Ratio, one or more: they score lines from right to left
	Ngram      LogProber   // of Ngram: see Counted
}

// Compose returns an untrained critic of features in the order of their names, and the number of
// its first log ratio, -1 if there is none. All log ratios stand together, in the place of the
// first of their names, those of backwards models first. What the critic begins with is half the
// mean of these; n-grams and statistics begin with no say.
func Compose(names []string, s Sources) (c *Critic, ratioAt int, err error) {
	r := LogRatio{Generator: s.Generator}
	var ofRatio []float64 // first weights
	if slices.Contains(names, Ratio) {
		for _, b := range s.Backwards {
			r.Models, ofRatio = append(r.Models, Reversed{b}), append(ofRatio, 0.5/float64(len(s.Backwards)))
		}
	}
	if slices.Contains(names, Ngram) && s.Ngram != nil {
		r.Models, ofRatio = append(r.Models, s.Ngram), append(ofRatio, 0)
	}
	var features []Features
	var first []float64
	ratioAt = -1
	for _, name := range names {
		switch {
		case !slices.Contains(FeatureNames, name):
			return nil, -1, UnknownFeature(name)
		case name == Stat && s.Statistics == nil, name == Ratio && s.Backwards == nil, name == Ngram && s.Ngram == nil:
			return nil, -1, fmt.Errorf("the feature %s without a model", name)
		case name == Stat:
			features, first = append(features, s.Statistics), append(first, make([]float64, s.Statistics.Width())...)
		case ratioAt < 0:
			ratioAt = len(first)
			features, first = append(features, r), append(first, ofRatio...)
		}
	}
	c, err = New(features, first)
	return c, ratioAt, err
}

// UnknownFeature is the error of a name that is none of FeatureNames.
func UnknownFeature(name string) error {
	return fmt.Errorf("feature %q is not known; use stat, ratio or ngram", name)
}
