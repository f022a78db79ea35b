package train

import (
	"fmt"
	"slices"
	"strings"

	"textgan/corpora"
)

// Metric is a number of an evaluation by which the checkpoint best can be chosen.
type Metric string

// metric is a row of the table of metrics.
type metric struct {
	name   Metric
	field  string // of metrics.jsonl
	lowest bool   // is the lowest value the best?
	needs  string // what a run must have for it: language, vae, or nothing
}

// metrics are all of them. That of the first row also ends likelihood training, cuts
// its step size, and says with which weights it ends, whatever is chosen.
var metrics = []metric{
	{"nll", "nll/valid", true, ""},
	{"bleu-2", "bleu/2", false, ""},
	{"bleu-3", "bleu/3", false, ""},
	{"bleu-4", "bleu/4", false, ""},
	{"bleu-5", "bleu/5", false, ""},
	{"self-bleu-2", "self_bleu/2", true, ""},
	{"self-bleu-3", "self_bleu/3", true, ""},
	{"self-bleu-4", "self_bleu/4", true, ""},
	{"self-bleu-5", "self_bleu/5", true, ""},
	{"different", "different", false, ""},
	{"valid", "valid", false, "language"},
	{"nll-oracle", "nll_oracle", true, "language"},
	{"elbo", "elbo/valid", false, "vae"},
	{"rec", "rec/valid", true, "vae"},
	{"nll-weighted", "nll_weighted/valid", true, "vae"},
	{"mi", "mi", false, "vae"},
	{"active-units", "active_units", false, "vae"},
}

// Choices are the names of the metrics.
func (Metric) Choices() (names []string) {
	for _, m := range metrics {
		names = append(names, string(m.name))
	}
	return names
}

// find is the row of a metric; no name is the first.
func (m Metric) find() (metric, error) {
	if m == "" {
		return metrics[0], nil
	}
	if i := slices.IndexFunc(metrics, func(row metric) bool { return row.name == m }); i >= 0 {
		return metrics[i], nil
	}
	return metric{}, fmt.Errorf("train: metric %q is not known; use %s", m, strings.Join(m.Choices(), ", "))
}

// fits is an error for a metric that a run does not record.
func (m metric) fits(c Config, lang corpora.Language) error {
	why := ""
	switch {
	case m.needs == "vae" && !c.HasVAE():
		why = "of the codes of a VAE, and the run has none"
	case m.needs == "language" && lang == nil:
		why = "of a built-in language, which knows what is right, and " + c.Corpus + " is none"
	case strings.HasPrefix(string(m.name), "self-") && c.EvalSamples < 2:
		why = "of several samples; raise --eval-samples"
	default:
		return nil
	}
	return fmt.Errorf("train: --best %s is a number %s", m.name, why)
}

// of is the value of a metric in an evaluation; ok is false if it has none.
func (m metric) of(e Evaluation) (value float64, ok bool) {
	if m.field == "nll_oracle" && e.Language.Valid == 0 { // of no sentence
		return 0, false
	}
	for _, f := range e.fields() {
		if f.Name != m.field {
			continue
		}
		switch v := f.Value.(type) {
		case int:
			return float64(v), true
		case float64:
			return v, finite(v)
		}
	}
	return 0, false
}

// better reports whether a is a better value than b.
func (m metric) better(a, b float64) bool {
	if m.lowest {
		return a < b
	}
	return a > b
}
