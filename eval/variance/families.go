package variance

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"textgan/generator/relax"
	"textgan/internal/feedback"
)

// family is a set of estimators whose names differ in numbers.
type family struct {
	pattern  string                             // name with {x} where a number goes
	spelling string                             // the same in the form of relax's table; empty if there is none
	defaults func(s *states) [][]float64        // the members measured when all are asked for
	check    func(s *states, a []float64) error // why the problem or the numbers do not suit it; nil for none
	measure  func(l *lab, a []float64) (outcome, error)
	evals    func(s *states, a []float64) float64 // evaluations of f for one estimate; nil for 1
	backward float64                              // backward passes through f for one estimate
	perStep  bool                                 // all evaluations but the first, and all passes, are made anew at every step of a chain
	note     string
	negative bool
}

// outcome is what a family measured: its moments, and the gradient that it
// estimates if that is not the problem's.
type outcome struct {
	moments
	objective *float64
	gradient  []float64
	tempered  []float64 // gradient under the law that is drawn from, if that is another than the model's
}

// lab is one run: the enumerated problem and the options.
type lab struct {
	*states
	Options
}

func (f *family) name(a []float64) string {
	name := f.pattern
	for _, v := range a {
		open, end := strings.IndexByte(name, '{'), strings.IndexByte(name, '}')
		name = name[:open] + strconv.FormatFloat(v, 'g', -1, 64) + name[end+1:]
	}
	return name
}

// spell is the family's name in the form of relax's table with the numbers a.
func (f *family) spell(a []float64) string {
	g := family{pattern: f.spelling}
	return g.name(a)
}

// respell finds the members of a family that a spec in the form of relax's table
// means, its options in any order: those it leaves open are the default ones.
func (f *family) respell(spec string, s *states) (members [][]float64) {
	if f.spelling == "" {
		return nil
	}
	name, given := parts(spec)
	own, slots := parts(f.spelling)
	if name != own {
		return nil
	}
	for key, value := range given {
		slot, ok := slots[key]
		if !ok || !strings.HasPrefix(slot, "{") && slot != value {
			return nil
		}
	}
	for key, slot := range slots { // an option that tells this family from its like
		if !strings.HasPrefix(slot, "{") && given[key] == "" && slot != standardOption[key] {
			return nil
		}
	}
	order := braces.FindAllString(f.spelling, -1)
	keyOf := map[string]string{}
	for key, slot := range slots {
		keyOf[slot] = key
	}
	fixed, open := make([]float64, len(order)), 0
	isFixed := make([]bool, len(order))
	for i, slot := range order {
		text, ok := given[keyOf[slot]]
		if !ok {
			open++
			continue
		}
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil
		}
		fixed[i], isFixed[i] = v, true
	}
	if open == 0 {
		return [][]float64{fixed}
	}
	for _, a := range f.defaults(s) {
		a = append([]float64(nil), a...)
		for i := range a {
			if isFixed[i] {
				a[i] = fixed[i]
			}
		}
		if !slices.ContainsFunc(members, func(b []float64) bool { return slices.Equal(a, b) }) {
			members = append(members, a)
		}
	}
	return members
}

// standardOption is what an option that is not a number is if nobody says so.
var standardOption = map[string]string{"feedback": "soft", "gap": "1", "noise": "fresh"}

// parts are the name and the options of "name:key=value,...".
func parts(spec string) (name string, options map[string]string) {
	name, rest, _ := strings.Cut(spec, ":")
	options = map[string]string{}
	for pair := range strings.SplitSeq(rest, ",") {
		if key, value, ok := strings.Cut(pair, "="); ok {
			options[strings.TrimSpace(key)] = strings.TrimSpace(value)
		}
	}
	return name, options
}

var braces = regexp.MustCompile(`\{\w+\}`)

var placeholder = regexp.MustCompile(`\\\{\w+\\\}`)

func (f *family) match(name string) ([]float64, bool) {
	expr := placeholder.ReplaceAllString(regexp.QuoteMeta(f.pattern), `([0-9.eE+-]+)`)
	found := regexp.MustCompile("^" + expr + "$").FindStringSubmatch(name)
	if found == nil {
		return nil, false
	}
	var a []float64
	for _, text := range found[1:] {
		v, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return nil, false
		}
		a = append(a, v)
	}
	return a, true
}

// cost is how often one estimate evaluates f, and goes backward through it.
func (f *family) cost(s *states, a []float64) (evals, backward float64) {
	evals, backward = 1, f.backward
	if f.evals != nil {
		evals = f.evals(s, a)
	}
	if f.perStep && !s.unchained() {
		evals, backward = 1+(evals-1)*float64(s.T), backward*float64(s.T)
	}
	return evals, backward
}

// Which numbers and problems a family takes.

func once(*states) [][]float64 { return [][]float64{{}} }

func each(values ...float64) func(*states) [][]float64 {
	return func(*states) (out [][]float64) {
		for _, v := range values {
			out = append(out, []float64{v})
		}
		return out
	}
}

func whole(low, high float64) func(*states, []float64) error {
	return func(_ *states, a []float64) error {
		if a[0] != math.Trunc(a[0]) || a[0] < low || a[0] > high {
			return fmt.Errorf("needs a whole number from %g to %g, not %g", low, high, a[0])
		}
		return nil
	}
}

func positive(at int) func(*states, []float64) error {
	return func(_ *states, a []float64) error {
		if !(a[at] > 0) || math.IsInf(a[at], 0) {
			return fmt.Errorf("needs a positive number, not %g", a[at])
		}
		return nil
	}
}

func fraction(_ *states, a []float64) error {
	if !(a[0] > 0 && a[0] < 1) {
		return fmt.Errorf("needs a number between 0 and 1, not %g", a[0])
	}
	return nil
}

func sequence(s *states, _ []float64) error {
	if s.T < 2 {
		return errors.New("needs more than one choice")
	}
	return nil
}

// unchained reports whether all choices are made whatever the others are.
func (s *states) unchained() bool { return !s.Chain() && s.EOS < 0 }

func chained(s *states, _ []float64) error {
	if !s.Chain() {
		return errors.New("needs choices that depend on earlier ones")
	}
	return nil
}

func all(checks ...func(*states, []float64) error) func(*states, []float64) error {
	return func(s *states, a []float64) error {
		for _, check := range checks {
			if err := check(s, a); err != nil {
				return err
			}
		}
		return nil
	}
}

func exactly(f func(l *lab, a []float64) moments) func(*lab, []float64) (outcome, error) {
	return func(l *lab, a []float64) (outcome, error) { return outcome{moments: f(l, a)}, nil }
}

func first(_ *states, a []float64) float64 { return a[0] }

const critic = "not counted: the exact values of its critic"

// families returns every estimator of the laboratory, in the order of the
// documentation. taus, if any, replace the default temperatures.
func families(taus []float64) []family {
	list := append(scoreFamilies(), relaxedFamilies(taus)...)
	return append(append(append(list, controlFamilies()...), append(weightFamilies(), recentFamilies()...)...), negativeFamilies()...)
}

func scoreFamilies() []family {
	return []family{
		{pattern: "reinforce", spelling: "reinforce", defaults: once,
			measure: exactly(func(l *lab, _ []float64) moments { return l.scored(0) })},
		{pattern: "reinforce_mean_baseline", spelling: "reinforce-mean", defaults: once, note: "baseline E f, known exactly",
			measure: exactly(func(l *lab, _ []float64) moments { return l.scored(l.meanF) })},
		{pattern: "reinforce_optimal_scalar_baseline", spelling: "reinforce-optimal", defaults: once, note: "best constant, known exactly",
			measure: exactly(func(l *lab, _ []float64) moments { return l.optimalScalar() })},
		{pattern: "reinforce_optimal_per_component_baseline", spelling: "reinforce-optimal-per-component", defaults: once, note: "best constant per parameter, known exactly",
			measure: exactly(func(l *lab, _ []float64) moments { return l.optimalPerComponent() })},
		{pattern: "reinforce_greedy_baseline", spelling: "self-critic", defaults: once, note: "self-critic",
			evals:   func(*states, []float64) float64 { return 2 },
			measure: exactly(func(l *lab, _ []float64) moments { return l.scored(l.fx[l.greedy()]) })},
		{pattern: "reinforce_ema_baseline_beta{beta}", spelling: "reinforce-moving-average:decay={beta}", defaults: each(0.9, 0.95), check: fraction,
			note:    "average of earlier samples, stationary",
			measure: exactly(func(l *lab, a []float64) moments { return l.movingAverage(a[0]) })},
		{pattern: "rloo_n{n}", spelling: "rloo:n={n}", defaults: each(2, 4, 8), check: whole(2, 1e9), evals: first,
			note:    "one estimate averages n samples",
			measure: exactly(func(l *lab, a []float64) moments { return l.leaveOneOut(a[0]) })},
		{pattern: "unordered_set_k{k}", spelling: "sequence-set:k={k}", defaults: each(2, 3), evals: first,
			check: func(s *states, a []float64) error { return whole(2, float64(min(len(s.fx), 20)))(s, a) },
			note:  "k samples without replacement",
			measure: exactly(func(l *lab, a []float64) moments {
				return l.unorderedSet(int(a[0]), l.Samples, l.Seed)
			})},
		{pattern: "vimco_n{n}", spelling: "vimco:n={n}", check: whole(2, 8), evals: first,
			defaults: func(s *states) (out [][]float64) {
				for n := 2; n <= 3 && s.vimcoWork(n) < maxWork/10; n++ {
					out = append(out, []float64{float64(n)})
				}
				return out
			},
			note: "another objective, E log mean_i exp f(x_i), and its exact gradient",
			measure: func(l *lab, a []float64) (o outcome, err error) {
				o.objective = new(float64)
				o.moments, *o.objective, o.gradient, err = l.vimco(int(a[0]))
				return o, err
			}},
		{pattern: "seq_prefix_value_baseline", spelling: "prefix-value", defaults: once, check: sequence, note: critic,
			measure: exactly(func(l *lab, _ []float64) moments {
				return l.perToken(func(i, t int) float64 { return l.fx[i] - l.prefixValue(i, t) }, nil)
			})},
		{pattern: "seq_token_q", spelling: "token-value", defaults: once, check: sequence, note: critic,
			measure: exactly(func(l *lab, _ []float64) moments { return l.perToken(l.tokenQ, nil) })},
		{pattern: "seq_token_advantage", spelling: "token-advantage", defaults: once, check: sequence, note: critic,
			measure: exactly(func(l *lab, _ []float64) moments {
				return l.perToken(func(i, t int) float64 { return l.tokenQ(i, t) - l.prefixValue(i, t) }, nil)
			})},
		{pattern: "seq_all_action", spelling: "every-action", defaults: once, check: sequence, note: critic + " for all K tokens",
			measure: exactly(func(l *lab, _ []float64) moments { return l.allAction() })},
		{pattern: "seq_rollout_q_m{m}", spelling: "seqgan:m={m}", defaults: each(1, 4, 16), check: all(sequence, whole(1, 1e9)),
			note:  "token values are means of m completions",
			evals: func(s *states, a []float64) float64 { return a[0]*float64(s.T-1) + 1 },
			measure: exactly(func(l *lab, a []float64) moments {
				return l.perToken(l.tokenQ, func(i, t int) float64 { return l.after(i, t) / a[0] })
			})},
		actionFamily("seq_all_action_k{k}_m{m}", "all-action", 1,
			"sum over the k likeliest tokens and a sample of the others, values from completions; at most so many evaluations"),
		actionFamily("seq_unordered_set_k{k}_m{m}", "unordered-set", 0,
			"k tokens without replacement at every step, values from completions; at most so many evaluations"),
	}
}

// actionFamily are the estimators of relax.Actions, whose slots are k and some
// more. Of the m values of the drawn token one is that of the sequence itself.
func actionFamily(pattern, name string, more int, note string) family {
	spelling := name + ":k={k},m={m}"
	spell := func(a []float64) string { f := family{spelling: spelling}; return f.spell(a) }
	return family{pattern: pattern, spelling: spelling, note: note,
		defaults: func(*states) [][]float64 { return [][]float64{{2, 1}} },
		check: all(sequence, func(_ *states, a []float64) error {
			_, err := relax.New[float64](spell(a))
			return err
		}),
		evals: func(s *states, a []float64) float64 {
			slots := min(a[0]+float64(more), float64(s.K))
			return 1 + float64(s.T-1)*(slots*a[1]-1) + slots - 1
		},
		measure: func(l *lab, a []float64) (o outcome, err error) {
			s, err := l.actions(spell(a), l.Seed)
			if err == nil {
				o.moments = settle(l.Params(), l.Samples, patience*l.Samples/4, s)
			}
			return o, err
		}}
}

// relaxedFamilies are the estimators of generator/relax, each with the
// feedbacks that differ.
func relaxedFamilies(taus []float64) (list []family) {
	at := func(defaults ...float64) []float64 {
		if len(taus) > 0 {
			return taus
		}
		return defaults
	}
	for _, f := range []struct {
		pattern string
		spec    string // of the table, with {m} for a number of inner draws
		taus    []float64
		inner   []float64
	}{
		{"st_tau{tau}", "straight-through", at(0.5, 1, 2), nil},
		{"reinmax_tau{tau}", "reinmax", at(1, 1.5, 2), nil},
		{"zgr", "zgr", nil, nil},
		{"gapped_st_gap1_tau{tau}", "gapped-st:gap=1", at(0.5, 1), nil},
		{"gapped_st_gapP_tau{tau}", "gapped-st:gap=p", at(0.5, 1), nil},
		{"gs_tau{tau}", "gumbel-softmax", at(0.1, 0.5, 1, 2), nil},
		{"stgs_tau{tau}", "st-gumbel", at(0.1, 0.5, 1, 2), nil},
		{"gumbel_rao_m{m}_tau{tau}", "gumbel-rao:m={m}", at(0.1, 0.5, 1, 2), []float64{10, 100}},
	} {
		row, err := relax.Lookup(f.spec)
		if err != nil {
			panic(err) // a row of this list that the table lacks
		}
		for _, feed := range []struct {
			suffix   string
			feedback feedback.Feedback
		}{{"", feedback.Soft}, {"_straight_through_feed", feedback.StraightThrough}, {"_detached_feed", feedback.Detached}} {
			if feed.feedback == feedback.StraightThrough && row.Hard {
				continue // what a hard estimator does anyway
			}
			fam := family{pattern: f.pattern + feed.suffix, spelling: f.spec, backward: 1}
			for _, option := range []struct {
				there bool
				text  string
			}{{!row.IgnoresTau, "tau={tau}"}, {feed.suffix != "", "feedback=" + string(feed.feedback)}} {
				if option.there {
					separator := ","
					if !strings.Contains(fam.spelling, ":") {
						separator = ":"
					}
					fam.spelling += separator + option.text
				}
			}
			fam.defaults = func(*states) (out [][]float64) {
				switch {
				case f.taus == nil:
					return [][]float64{{}}
				case f.inner != nil && feed.suffix != "":
					return nil // slow, and little other than without
				case f.inner != nil:
					for _, m := range f.inner {
						for _, tau := range f.taus {
							out = append(out, []float64{m, tau})
						}
					}
					return out
				}
				return each(f.taus...)(nil)
			}
			var checks []func(*states, []float64) error
			if feed.suffix != "" {
				checks = append(checks, chained)
			}
			if f.inner != nil {
				checks = append(checks, whole(1, 1e6))
			}
			if f.taus != nil {
				checks = append(checks, func(s *states, a []float64) error { return positive(len(a)-1)(s, a) })
			}
			fam.check = all(checks...)
			switch feed.feedback {
			case feedback.Detached:
				fam.note = "no gradient through the token that the next step receives"
			case feedback.StraightThrough:
				fam.note = "the next step receives the one-hot, with the gradient of y"
			}
			fam.measure = func(l *lab, a []float64) (o outcome, err error) {
				spec, tau, limit := f.spec, 1.0, patience*l.Samples
				if f.inner != nil {
					// Inner draws cost as much as draws.
					spec, limit = (&family{spelling: f.spec}).spell(a[:1]), max(limit/int(a[0]), l.Samples)
				}
				if len(a) > 0 {
					tau = a[len(a)-1]
				}
				o.moments, err = l.relaxed(spec, feed.feedback, tau, l.Samples, limit, l.Seed)
				return o, err
			}
			list = append(list, fam)
		}
	}
	return list
}

func controlFamilies() []family {
	settled := func(f func(l *lab, a []float64) sampler) func(*lab, []float64) (outcome, error) {
		return exactly(func(l *lab, a []float64) moments {
			limit := patience * l.Samples
			if !l.unchained() {
				limit /= 4 // draws that are dear
			}
			return settle(l.Params(), l.Samples, limit, f(l, a))
		})
	}
	rebar := func(pattern string, coupled bool, note string) family {
		spelling := "rebar:lambda={lambda},eta={eta}"
		if coupled {
			spelling = "rebar-coupled:lambda={lambda},eta={eta}"
		}
		return family{pattern: pattern, spelling: spelling, check: positive(0), note: note, backward: 2, perStep: true,
			defaults: func(*states) [][]float64 { return [][]float64{{0.1, 1}, {0.5, 1}, {1, 1}} },
			evals:    func(*states, []float64) float64 { return 3 },
			measure: settled(func(l *lab, a []float64) sampler {
				if l.unchained() {
					return l.controlled(l.f, a[0], a[1], coupled, l.Seed)
				}
				return l.chainedControl(func() control { return l.meanField(l.f) }, a[0], a[1], coupled, l.Seed)
			})}
	}
	return []family{
		{pattern: "muprop", spelling: "muprop", defaults: once, backward: 1, perStep: true,
			note:  "Taylor expansion at the mean field",
			evals: func(*states, []float64) float64 { return 2 },
			measure: exactly(func(l *lab, _ []float64) moments {
				if l.unchained() {
					return l.muProp()
				}
				return l.chainedMuProp()
			})},
		rebar("rebar_lambda{lambda}_eta{eta}", false, ""),
		rebar("rebar_coupled_lambda{lambda}_eta{eta}", true, "the conditional noise is the noise of the draw"),
		{pattern: "relax_lambda{lambda}", spelling: "relax:lambda={lambda}", defaults: each(0.5), check: positive(0),
			note: "surrogate of the problem file, or the best linear one, not counted",
			measure: settled(func(l *lab, a []float64) sampler {
				switch {
				case l.unchained() && l.surrogate != nil:
					return l.controlled(l.surrogate, a[0], 1, false, l.Seed)
				case l.unchained():
					return l.controlled(l.fitSurrogate(), a[0], 1, false, l.Seed)
				case l.surrogate != nil:
					return l.chainedControl(func() control { return l.meanField(l.surrogate) }, a[0], 1, false, l.Seed)
				}
				return l.chainedControl(l.critic, a[0], 1, false, l.Seed)
			})},
		{pattern: "arsm", spelling: "arsm", defaults: once, note: "at most so many evaluations",
			evals: func(s *states, _ []float64) float64 {
				if s.unchained() {
					return float64(s.K*(s.K-1)/2 + 1)
				}
				return float64(1 + s.T*(s.K-1))
			},
			measure: settled(func(l *lab, _ []float64) sampler {
				if l.unchained() {
					return l.arsm(l.Seed)
				}
				return l.chainedARSM(l.Seed)
			})},
	}
}

func negativeFamilies() []family {
	list := []family{
		{pattern: "NEGATIVE_ema_updated_before_use_beta{beta}", defaults: each(0.9, 0.95), check: fraction,
			note: "the average already holds the current f: mean beta times the gradient",
			measure: exactly(func(l *lab, a []float64) moments {
				return l.movingAverage(a[0]).scaled(a[0])
			})},
		{pattern: "NEGATIVE_batch_mean_baseline_n{n}", defaults: each(4), check: whole(2, 1e9), evals: first,
			note: "batch mean without the factor n/(n-1)",
			measure: exactly(func(l *lab, a []float64) moments {
				return l.leaveOneOut(a[0]).scaled((a[0] - 1) / a[0])
			})},
		{pattern: "NEGATIVE_scrambled_rollouts_m{m}_b{b}", check: all(sequence, whole(1, 1000),
			func(s *states, a []float64) error { return whole(2, 1000)(s, a[1:]) }),
			defaults: func(*states) [][]float64 { return [][]float64{{4, 4}} },
			evals:    func(s *states, a []float64) float64 { return a[0] * a[1] * float64(s.T) },
			note:     "roll-out rewards read in the wrong layout: tokens are paid for other sentences",
			measure: exactly(func(l *lab, a []float64) moments {
				return draw(l.Params(), l.Samples, l.rollouts(int(a[1]), int(a[0]), true, l.Seed))
			})},
		{pattern: "NEGATIVE_hidden_noise", defaults: once,
			check: func(s *states, _ []float64) error {
				if _, ok := s.model.(*rnn); !ok {
					return errors.New("needs structure rnn")
				}
				return nil
			},
			note: "Gumbel noise on the hidden state: the ids are no samples of the model",
			measure: func(l *lab, _ []float64) (o outcome, err error) {
				o.moments, err = l.hiddenNoise(l.Samples, l.Seed)
				return o, err
			}},
		{pattern: "NEGATIVE_gumbel_rao_through_noise_m{m}_tau{tau}", backward: 1,
			check:    all(whole(1, 1e6), positive(1)),
			defaults: func(*states) [][]float64 { return [][]float64{{10, 0.5}} },
			note:     "derivative through the conditional noise: the mean is not that of stgs",
			measure: func(l *lab, a []float64) (o outcome, err error) {
				base, err := relax.Parse[float64]("gumbel-rao")
				o.moments = draw(l.Params(), l.Samples, func() func(uint32, []float64) {
					c := newRelaxedChain(l.Problem, throughNoise{base, int(a[0])}, feedback.Soft, a[1])
					return func(i uint32, out []float64) { c.estimate(out, drawKey(l.Seed, i), nil) }
				})
				return o, err
			}},
	}
	for _, n := range noises {
		if n.exact {
			continue
		}
		list = append(list, family{pattern: "NEGATIVE_" + n.name + "_noise", defaults: once, note: n.note,
			measure: exactly(func(l *lab, _ []float64) moments {
				return l.logitNoise(n.quantile, l.Samples, l.Seed)
			})})
	}
	for i := range list {
		list[i].negative = true
	}
	return list
}
