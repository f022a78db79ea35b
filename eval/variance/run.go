package variance

import (
	"context"
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"textgan/internal/config"
)

// Options of a run. The zero value measures every estimator that applies.
type Options struct {
	Estimators []string  // names, or shell patterns over Names; none for all
	Taus       []float64 // temperatures instead of each family's own
	// Samples is how many draws to take where no finite sum is known; 0 means
	// DefaultSamples. Up to 16 times as many are taken while the variance of
	// some component has a standard error above 5 %.
	Samples int
	Seed    uint64 // of the draws
}

// DefaultSamples is the number of draws of a Monte-Carlo entry.
const DefaultSamples = 100_000

// MinSamples is the least number of draws that gives standard errors.
const MinSamples = 1000

// maxSamples leaves a 32-bit number for every draw.
const maxSamples = math.MaxUint32 / patience

// Names returns the estimators that apply to a problem, as Run measures them
// by default.
func Names(p *Problem, opt Options) ([]string, error) {
	opt.Estimators = nil
	chosen, err := choose(enumerate(p), opt)
	var names []string
	for _, c := range chosen {
		names = append(names, c.name)
	}
	return names, err
}

// choice is one estimator of a run.
type choice struct {
	family
	args []float64
	name string
}

func choose(s *states, opt Options) ([]choice, error) {
	for _, tau := range opt.Taus {
		if !(tau > 0) || math.IsInf(tau, 0) {
			return nil, fmt.Errorf("variance: tau is %g; it must be positive", tau)
		}
	}
	list := families(opt.Taus)
	var standard []choice
	for _, f := range list {
		for _, a := range f.defaults(s) {
			if f.check == nil || f.check(s, a) == nil {
				standard = append(standard, choice{f, a, f.name(a)})
			}
		}
	}
	if len(opt.Estimators) == 0 {
		return standard, nil
	}
	var chosen []choice
	seen := map[string]bool{}
	add := func(c choice) {
		if !seen[c.name] {
			seen[c.name] = true
			chosen = append(chosen, c)
		}
	}
	for _, want := range opt.Estimators {
		want = strings.TrimSpace(want)
		found := false
		for _, c := range standard {
			ok, err := path.Match(want, c.name)
			if err != nil {
				return nil, fmt.Errorf("variance: estimator pattern %q: %w", want, err)
			}
			if !ok && c.spelling != "" && strings.ContainsAny(want, "*?[") {
				ok, _ = path.Match(want, c.spell(c.args))
			}
			if ok {
				found = true
				add(c)
			}
		}
		// The name in the form of relax's table: the answer bears it too, unless it
		// means several.
		for i := 0; i < len(list) && !found; i++ {
			f := list[i]
			members := f.respell(want, s)
			for _, a := range members {
				if f.check != nil {
					if err := f.check(s, a); err != nil {
						return nil, fmt.Errorf("variance: estimator %s on problem %s: %w", want, s.ID, err)
					}
				}
				found = true
				name := f.spell(a)
				if len(members) == 1 {
					name = want
				}
				add(choice{f, a, name})
			}
		}
		for i := 0; i < len(list) && !found; i++ {
			f := list[i]
			a, ok := f.match(want)
			if !ok {
				continue
			}
			if f.check != nil {
				if err := f.check(s, a); err != nil {
					return nil, fmt.Errorf("variance: estimator %s on problem %s: %w", want, s.ID, err)
				}
			}
			found = true
			add(choice{f, a, want})
		}
		if !found {
			return nil, unknown(want, list)
		}
	}
	return chosen, nil
}

// unknown is the error of a name that no estimator has. The numbers in names do
// not count for what is near.
func unknown(want string, list []family) error {
	var names []string
	pattern := map[string]string{}
	for _, f := range list {
		for _, p := range []string{f.pattern, f.spelling} {
			if p != "" {
				name, _, _ := strings.Cut(p, "{")
				names = append(names, name)
				pattern[name] = p
			}
		}
	}
	hint := "docs/estimators.md lists them"
	var near []string
	for _, n := range config.Near(strings.TrimRight(want, "0123456789."), names) {
		near = append(near, strconv.Quote(pattern[n]))
	}
	if len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return &config.Error{Msg: fmt.Sprintf("variance: no estimator is called %q; %s", want, hint)}
}

// Run measures the chosen estimators on a problem. progress, if not nil, is
// called with each name before it is measured.
func Run(ctx context.Context, p *Problem, opt Options, progress func(name string)) (*Report, error) {
	if opt.Samples == 0 {
		opt.Samples = DefaultSamples
	}
	if opt.Samples < MinSamples || opt.Samples > maxSamples {
		return nil, fmt.Errorf("variance: samples is %d; it must be from %d to %d", opt.Samples, MinSamples, maxSamples)
	}
	l := &lab{enumerate(p), opt}
	chosen, err := choose(l.states, opt)
	if err != nil {
		return nil, err
	}
	if size := dot(l.gradient, l.gradient) + l.varF + l.meanF; math.IsNaN(size) || math.IsInf(size, 0) {
		return nil, fmt.Errorf("variance: problem %s: f or its gradient is not finite; scale the parameters down", p.ID)
	}
	report := newReport(l)
	for _, c := range chosen {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if progress != nil {
			progress(c.name)
		}
		o, err := c.measure(l, c.args)
		if err != nil {
			return nil, err
		}
		report.add(l, c, o)
	}
	return report, nil
}
