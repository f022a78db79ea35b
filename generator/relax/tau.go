package relax

import (
	"fmt"
	"math"
	"strings"
)

// Schedule gives the temperature of a training step. tau divides the logits:
// a small tau is sharp. beta = 1/tau multiplies them.
type Schedule interface {
	// At returns tau > 0 for a step, counted from 0.
	At(step int) float64
}

// Schedules lists what ParseSchedule reads, with the defaults.
func Schedules() []Info {
	return []Info{
		{"constant:tau=1", "the same tau always"},
		{"jang:rate=1e-4,min=0.5,every=1", "max(min, exp(-rate*t)), t the step rounded down to a multiple of every"},
		{"linear:from=1,to=0.5", "tau goes from one value to the other in a straight line over the steps, then stays"},
		{"exponential:from=1,to=0.5", "the same along a geometric path"},
		{"relgan-exp:beta=100", "RelGAN's growth of 1/tau towards beta: no, lin, exp, log, sigmoid, quad or sqrt after the dash"},
		{"adaptive:entropy=1,start=1,min=0.05,max=20,gain=0.1", "steers tau until the mean entropy of y, in nats, holds the target; max-prob=0.8 holds the mean greatest probability instead"},
	}
}

// ParseSchedule reads "name:key=value,...", one of Schedules. A bare number is
// a constant. steps is the length of the run, which schedules with an end use
// unless the option steps says otherwise.
func ParseSchedule(spec string, steps int) (Schedule, error) {
	name, opts, err := splitSpec("tau schedule", spec)
	if err != nil {
		return nil, err
	}
	var failure error
	number := func(key string, otherwise float64) float64 {
		v, err := opts.number(key, otherwise)
		if err != nil && failure == nil {
			failure = fmt.Errorf("relax: tau schedule %q: %w", spec, err)
		}
		return v
	}
	var s Schedule
	shape, relgan := strings.CutPrefix(name, "relgan-")
	switch {
	case name == "constant":
		s = constant(number("tau", 1))
	case name == "jang":
		s = jang{number("rate", 1e-4), number("min", 0.5), number("every", 1)}
	case name == "linear":
		s = linear{number("from", 1), number("to", 0.5), number("steps", float64(max(steps, 1)))}
	case name == "exponential":
		s = exponential{number("from", 1), number("to", 0.5), number("steps", float64(max(steps, 1)))}
	case relgan && relganBeta[shape] != nil:
		s = relGAN{relganBeta[shape], number("beta", 100), max(number("steps", float64(max(steps, 2))), 2)}
	case name == "adaptive":
		a := &Adaptive{
			Min: number("min", 0.05), Max: number("max", 20), Gain: number("gain", 0.1),
			Target: number("entropy", 1),
		}
		if _, given := opts.values["max-prob"]; given {
			if _, both := opts.values["entropy"]; both {
				return nil, fmt.Errorf("relax: tau schedule %q: give entropy or max-prob, not both", spec)
			}
			a.Of, a.Target = MeanMaxProb, number("max-prob", 0.8)
			if failure == nil && a.Target >= 1 {
				failure = fmt.Errorf("relax: tau schedule %q: max-prob must be below 1", spec)
			}
		}
		if a.Restore(number("start", 1)); failure == nil && a.Min > a.Max {
			failure = fmt.Errorf("relax: tau schedule %q: min is above max", spec)
		}
		s = a
	default:
		if v, err := (&options{values: map[string]string{"tau": name}}).number("tau", 1); err == nil {
			s = constant(v)
			break
		}
		return nil, fmt.Errorf("relax: tau schedule %q is unknown; choose a positive number, constant, jang, linear, exponential, adaptive or relgan-{no,lin,exp,log,sigmoid,quad,sqrt}", name)
	}
	if failure != nil {
		return nil, failure
	}
	if err := opts.unused("tau schedule", spec); err != nil {
		return nil, err
	}
	// Every schedule goes from its first tau to its last without turning back.
	reach := []float64{s.At(0), s.At(math.MaxInt32)}
	if a, ok := s.(*Adaptive); ok {
		reach = append(reach, a.Min, a.Max)
	}
	for _, tau := range reach {
		if !(tau >= MinTau && tau <= MaxTau) {
			return nil, fmt.Errorf("relax: tau schedule %q reaches tau = %.3g; it must stay in [%g, %g]", spec, tau, MinTau, MaxTau)
		}
	}
	return s, nil
}

// MinTau and MaxTau bound the temperature of training. Below, 1/tau is so large that
// no gradient is left of any row; RelGAN's largest beta is 1000.
const MinTau, MaxTau = 1e-4, 1e4

type constant float64

func (c constant) At(int) float64 { return float64(c) }

// jang is the annealing of Jang, Gu and Poole, ICLR 2017, section 4.2 and
// appendix A, which updates tau once in 500 or 1000 steps.
type jang struct{ rate, min, every float64 }

func (s jang) At(step int) float64 {
	t := math.Floor(float64(step)/s.every) * s.every
	return max(s.min, math.Exp(-s.rate*t))
}

type linear struct{ from, to, steps float64 }

func (s linear) At(step int) float64 {
	f := min(float64(step)/s.steps, 1)
	return s.from + f*(s.to-s.from)
}

type exponential struct{ from, to, steps float64 }

func (s exponential) At(step int) float64 {
	f := min(float64(step)/s.steps, 1)
	return s.from * math.Pow(s.to/s.from, f)
}

// relGAN is a schedule in beta = 1/tau, of Nie, Narodytska and Patel, "RelGAN",
// ICLR 2019, section 2.2 and appendix. Its public code divides by 5000 steps
// whatever the length of the run; here steps is that length, and beta stays
// where it is afterwards.
type relGAN struct {
	beta     func(i, n, end float64) float64
	end, num float64
}

func (s relGAN) At(step int) float64 {
	return 1 / s.beta(min(float64(step), s.num), s.num, s.end)
}

// relganBeta is beta at step i of n, from about 1 to end.
var relganBeta = map[string]func(i, n, end float64) float64{
	"no":      func(_, _, end float64) float64 { return end },
	"lin":     func(i, n, end float64) float64 { return 1 + i/(n-1)*(end-1) },
	"exp":     func(i, n, end float64) float64 { return math.Pow(end, i/n) },
	"log":     func(i, n, end float64) float64 { return 1 + (end-1)/math.Log(n)*math.Log(i+1) },
	"sigmoid": func(i, n, end float64) float64 { return 1 + (end-1)/(1+math.Exp((n/2-i)*20/n)) },
	"quad":    func(i, n, end float64) float64 { return 1 + (end-1)/((n-1)*(n-1))*i*i },
	"sqrt":    func(i, n, end float64) float64 { return 1 + (end-1)/math.Sqrt(n-1)*math.Sqrt(i) },
}
