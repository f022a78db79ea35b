package relax

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"textgan/internal/config"
)

// Estimator is a row of the one table of gradient estimators: what training, the
// laboratory, help, completion and the documentation know of it. Adding one is a
// file with its formula and a row here.
type Estimator struct {
	Name     string // the field's term, as on the command line
	Defaults string // its options with their defaults, "m=10"; empty if it has none
	Summary  string // one line

	// Relaxed estimators differentiate the discriminator through a relaxed word,
	// with a bias; the others are score functions, which reward sampled sentences.
	Relaxed bool
	// Hard: the discriminator sees one-hot words. True of every score function.
	Hard bool
	// KeepsRow: what is kept of a token is its relaxed row, whose sharpness can be
	// measured and whose small entries can be left out.
	KeepsRow bool
	// IgnoresTau: the temperature changes nothing.
	IgnoresTau bool
	// Warning says why one would rather not train with it; empty if nothing speaks
	// against it.
	Warning string

	make32 func(*options) (Method[float32], error)
	make64 func(*options) (Method[float64], error)
}

// Spec is the name with the default options.
func (e Estimator) Spec() string {
	if e.Defaults == "" {
		return e.Name
	}
	return e.Name + ":" + e.Defaults
}

// Method is an estimator made: a relaxation, or one of the forms of a score
// function.
type Method[F Float] struct {
	Relaxed  Relaxed[F]  // nil for a score function
	Joint    Joint[F]    // a score function that differentiates f too; nil for the others
	Baseline Baseline[F] // one reward a sentence; nil if tokens have values of their own
	Actions  Actions[F]  // values for several tokens at every place; nil for the drawn one alone
	// Completions of a prefix make a token's value; 0 with a Baseline.
	Completions int
}

// Estimators are the rows of the table, in the order of the documentation. All of
// them can train.
func Estimators() []Estimator { return slices.Clone(table) }

// relaxed and score are rows; the functions are one generic function twice.
func relaxed(e Estimator, r32 func(*options) (Relaxed[float32], error), r64 func(*options) (Relaxed[float64], error)) Estimator {
	e.Relaxed = true
	e.make32 = func(o *options) (m Method[float32], err error) { m.Relaxed, err = r32(o); return m, err }
	e.make64 = func(o *options) (m Method[float64], err error) { m.Relaxed, err = r64(o); return m, err }
	return e
}

func score(e Estimator, s32 func(*options) (Method[float32], error), s64 func(*options) (Method[float64], error)) Estimator {
	e.Hard, e.IgnoresTau = true, true
	e.make32, e.make64 = s32, s64
	return e
}

var table = []Estimator{
	relaxed(Estimator{Name: "gumbel-softmax", KeepsRow: true, Summary: "soft sample y = softmax((logits+g)/tau)"}, newGumbelSoftmax[float32], newGumbelSoftmax[float64]),
	relaxed(Estimator{Name: "st-gumbel", Hard: true, KeepsRow: true, Summary: "one-hot forward, gradient of the Gumbel-Softmax sample"}, newSTGumbel[float32], newSTGumbel[float64]),
	relaxed(Estimator{Name: "straight-through", Hard: true, KeepsRow: true, Summary: "one-hot forward, gradient of softmax(logits/tau)"}, newStraightThrough[float32], newStraightThrough[float64]),
	relaxed(Estimator{Name: "gumbel-rao", Defaults: "m=10", Hard: true, Summary: "st-gumbel averaged over m noises given the drawn id"}, newGumbelRao[float32], newGumbelRao[float64]),
	relaxed(Estimator{Name: "reinmax", Hard: true, Summary: "second-order straight-through"}, newReinMax[float32], newReinMax[float64]),
	relaxed(Estimator{Name: "zgr", Hard: true, IgnoresTau: true, Summary: "reinmax at tau 1, the cold limit of gumbel-rao"}, newZGR[float32], newZGR[float64]),
	relaxed(Estimator{Name: "gapped-st", Defaults: "gap=1", Hard: true, Summary: "straight-through with the drawn id lifted by a gap above the others; gap=p follows its probability"}, newGappedST[float32], newGappedST[float64]),
	relaxed(Estimator{Name: "decoupled-st", Defaults: "forward=0.5,backward=1", Hard: true, IgnoresTau: true, Summary: "straight-through, drawn at one temperature and differentiated at another"}, newDecoupledST[float32], newDecoupledST[float64]),
	relaxed(Estimator{Name: "reinmax-loo", Hard: true, Summary: "reinmax centred by the derivatives at the other sentences of the batch"}, newReinMaxLOO[float32], newReinMaxLOO[float64]),
	relaxed(Estimator{Name: "reinmax-rao", Defaults: "m=10", Hard: true, Summary: "reinmax with its first term averaged over m noises given the drawn id",
		Warning: "its mean is not reinmax's, not even for linear f, and its variance is no less for the bias; docs/estimators.md"}, newReinMaxRao[float32], newReinMaxRao[float64]),
	relaxed(Estimator{Name: "reinmax-cv", Defaults: "m=10,eta=1,noise=fresh", Hard: true, Summary: "reinmax with a control variate; its noise is fresh, coupled or conditional",
		Warning: "no reading of its control variate keeps reinmax's mean and lowers the variance; docs/estimators.md"}, newReinMaxCV[float32], newReinMaxCV[float64]),

	score(Estimator{Name: "reinforce", Summary: "reward times score, no baseline"}, baseline(noBaseline[float32]), baseline(noBaseline[float64])),
	score(Estimator{Name: "reinforce-constant", Defaults: "value=0", Summary: "with a fixed baseline"}, baseline(newConstant[float32]), baseline(newConstant[float64])),
	score(Estimator{Name: "reinforce-moving-average", Defaults: "decay=0.9", Summary: "with the average reward of earlier batches"}, baseline(newMovingAverage[float32]), baseline(newMovingAverage[float64])),
	score(Estimator{Name: "self-critic", Summary: "with the reward of the greedy sentence"}, baseline(newSelfCritic[float32]), baseline(newSelfCritic[float64])),
	score(Estimator{Name: "rloo", Summary: "with the mean reward of the other sentences of the batch"}, baseline(newLeaveOneOut[float32]), baseline(newLeaveOneOut[float64])),
	score(Estimator{Name: "rloo-optimal", Summary: "with the mean of the others weighed by the squares of their scores"}, baseline(newOptimalLeaveOneOut[float32]), baseline(newOptimalLeaveOneOut[float64])),
	score(Estimator{Name: "double-cv", Defaults: "alpha=-1", Summary: "rloo less a linear control variate with the others' derivatives for its slope; alpha=auto follows earlier batches"}, newDoubleCV[float32], newDoubleCV[float64]),
	score(Estimator{Name: "maligan", Summary: "self-normalised density ratios for rewards; objectives standard and rsgan"}, baseline(newMaliGAN[float32]), baseline(newMaliGAN[float64])),
	score(Estimator{Name: "seqgan", Defaults: "m=4", Summary: "a value for every token from m completions of its prefix (SeqGAN's roll-outs)"}, completions[float32], completions[float64]),
	score(Estimator{Name: "all-action", Defaults: "k=4,m=1", Summary: "sum over the k likeliest tokens, the others by the drawn one; values from m completions"}, newTopActions[float32], newTopActions[float64]),
	score(Estimator{Name: "unordered-set", Defaults: "k=4,m=1", Summary: "k tokens drawn without replacement; values from m completions"}, newTokenSet[float32], newTokenSet[float64]),
}

// Register adds a row of a program's own, before any spec is read; it panics if there
// is one of that name. The functions make it from the options of a spec, "m=4" being
// {"m": "4"}; training asks for float32, the laboratory for float64.
func Register(e Estimator, new32 func(options map[string]string) (Method[float32], error), new64 func(options map[string]string) (Method[float64], error)) {
	if _, err := Lookup(e.Name); err == nil {
		panic("relax: two estimators named " + e.Name)
	}
	e.make32 = func(o *options) (Method[float32], error) { return new32(o.all()) }
	e.make64 = func(o *options) (Method[float64], error) { return new64(o.all()) }
	table = append(table, e)
}

// Lookup finds the row of a spec, "name" or "name:key=value,...", by its name or by
// a spelling of it (Canonical).
func Lookup(spec string) (Estimator, error) {
	name, _, _ := strings.Cut(strings.TrimSpace(Canonical(spec)), ":")
	i := slices.IndexFunc(table, func(e Estimator) bool { return e.Name == name })
	if i < 0 {
		return Estimator{}, unknown(name, func(Estimator) bool { return true })
	}
	return table[i], nil
}

// unknown is the error of a name that no wanted row has, a *config.Error: with the
// names that may have been meant, or all there are.
func unknown(name string, wanted func(Estimator) bool) error {
	var names, relaxed, score []string
	for _, e := range table {
		switch {
		case !wanted(e):
			continue
		case e.Relaxed:
			relaxed = append(relaxed, e.Spec())
		default:
			score = append(score, e.Spec())
		}
		names = append(names, e.Name)
	}
	hint := config.DidYouMean(name, names)
	if hint == "" {
		hint = "; choose one of " + strings.Join(relaxed, ", ")
		if len(score) > 0 {
			hint += "; or a score function: " + strings.Join(score, ", ")
		}
	}
	return &config.Error{Msg: fmt.Sprintf("relax: estimator %q is unknown%s", name, hint)}
}

// New makes the estimator of a spec.
func New[F Float](spec string) (Method[F], error) {
	var m Method[F]
	e, err := Lookup(spec)
	if err != nil {
		return m, err
	}
	_, opts, err := splitSpec("estimator", Canonical(spec))
	if err != nil {
		return m, err
	}
	if _, ok := opts.values["tau"]; ok && !e.IgnoresTau {
		return m, fmt.Errorf("relax: estimator %q: the temperature is no option of the estimator here; give --tau-schedule or --tau", spec)
	}
	switch to := any(&m).(type) {
	case *Method[float32]:
		*to, err = e.make32(&opts)
	case *Method[float64]:
		*to, err = e.make64(&opts)
	}
	if err != nil {
		return m, fmt.Errorf("relax: estimator %q: %w", spec, err)
	}
	return m, opts.unused("estimator", spec)
}

// Parse is New for the relaxed estimators alone.
func Parse[F Float](spec string) (Relaxed[F], error) {
	e, err := Lookup(spec)
	if err != nil || !e.Relaxed {
		name, _, _ := strings.Cut(strings.TrimSpace(spec), ":")
		return nil, unknown(name, func(e Estimator) bool { return e.Relaxed })
	}
	m, err := New[F](spec)
	return m.Relaxed, err
}

// baseline makes a method of a baseline.
func baseline[F Float](f func(*options) (Baseline[F], error)) func(*options) (Method[F], error) {
	return func(o *options) (m Method[F], err error) { m.Baseline, err = f(o); return m, err }
}

// maxCompletions bounds how many completions make a value.
const maxCompletions = 1000

func completions[F Float](o *options) (m Method[F], err error) {
	m.Completions, err = o.whole("m", 4, 1, maxCompletions)
	return m, err
}

// whole is take for a whole number within bounds.
func (o *options) whole(key string, otherwise, low, high int) (int, error) {
	n, err := strconv.Atoi(o.take(key, strconv.Itoa(otherwise)))
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%s must be a whole number from %d to %d", key, low, high)
	}
	return n, nil
}

// spellings are names of the laboratory for rows of the table, without numbers.
var spellings = []struct{ from, to string }{
	{"gs", "gumbel-softmax"}, {"stgs", "st-gumbel"}, {"st", "straight-through"}, {"gumbel_rao", "gumbel-rao"}, {"gapped_st", "gapped-st"},
	{"reinforce_greedy_baseline", "self-critic"}, {"reinforce_ema_baseline", "reinforce-moving-average"},
	{"seq_rollout_q", "seqgan"}, {"seq_all_action", "all-action"}, {"seq_unordered_set", "unordered-set"},
}

// spelledOptions are the options that those names carry behind an underscore.
var spelledOptions = []struct{ from, to string }{
	{"tau", "tau"}, {"beta", "decay"}, {"gap", "gap"}, {"m", "m"}, {"k", "k"}, {"n", "n"},
}

// Canonical is the table's form of a spec: gs_tau0.5 is gumbel-softmax:tau=0.5, rloo_n4
// is rloo:n=4, reinforce_greedy_baseline is self-critic. What is no such spelling is
// returned as it is.
func Canonical(spec string) string {
	spec = strings.TrimSpace(spec)
	if strings.ContainsAny(spec, ":*?[") {
		return spec
	}
	words := strings.Split(spec, "_")
	var opts []string
	for len(words) > 1 {
		last := words[len(words)-1]
		i := slices.IndexFunc(spelledOptions, func(o struct{ from, to string }) bool {
			value, ok := strings.CutPrefix(last, o.from)
			_, err := strconv.ParseFloat(value, 64)
			return ok && (err == nil || o.from == "gap" && value == "P")
		})
		if i < 0 {
			break
		}
		value := strings.ToLower(strings.TrimPrefix(last, spelledOptions[i].from))
		opts = append([]string{spelledOptions[i].to + "=" + value}, opts...)
		words = words[:len(words)-1]
	}
	name := strings.Join(words, "_")
	if i := slices.IndexFunc(spellings, func(s struct{ from, to string }) bool { return s.from == name }); i >= 0 {
		name = spellings[i].to
	} else if strings.Contains(name, "_") || len(opts) == 0 {
		return spec
	}
	if len(opts) == 0 {
		return name
	}
	return name + ":" + strings.Join(opts, ",")
}
