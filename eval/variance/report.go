package variance

import (
	"fmt"
	"io"
	"math"
	"sort"
	"text/tabwriter"
)

// Report is the table of a run, in the JSON shape of the command.
type Report struct {
	Problem    string    `json:"problem"`
	K          int       `json:"K"`
	T          int       `json:"T"`
	States     int       `json:"states"`
	Objective  float64   `json:"objective"` // E f
	Gradient   []float64 `json:"exact_gradient"`
	Seed       uint64    `json:"seed"`
	Budgets    []int     `json:"budgets"`  // evaluations of f
	RLOO       []float64 `json:"rloo_mse"` // of leave-one-out with all of each budget
	Estimators []Result  `json:"estimators"`
}

// Result is one estimator. Vectors are [P]. Standard errors are zero where the
// entry is exact.
type Result struct {
	Name     string  `json:"name"`
	Exact    bool    `json:"exact"`
	Samples  int     `json:"samples,omitempty"`
	Evals    float64 `json:"f_evals"`  // of f, for one estimate
	Backward float64 `json:"backward"` // passes through f, for one estimate
	Note     string  `json:"note,omitempty"`
	Negative bool    `json:"negative_control,omitempty"`

	// Another objective than the problem's, and its gradient; VIMCO only.
	Objective *float64  `json:"objective,omitempty"`
	Gradient  []float64 `json:"exact_gradient,omitempty"`

	// Of an estimator that draws from another law than the model's: the distance
	// of its mean from the gradient under that law.
	BiasTempered *float64 `json:"bias_l2_tempered,omitempty"`

	Mean       []float64 `json:"mean"`
	Variance   []float64 `json:"variance"` // of ONE estimate
	MeanSE     []float64 `json:"mean_se"`
	VarianceSE []float64 `json:"variance_se"`

	Bias    float64    `json:"bias_l2"` // |mean - exact gradient|
	BiasCI  [2]float64 `json:"bias_ci"` // 95 %, with the noise of the mean taken out
	MaxZ    float64    `json:"max_abs_z"`
	Biased  bool       `json:"biased"`
	Trace   float64    `json:"trace_variance"`
	TraceSE float64    `json:"trace_variance_se"`
	MSE     float64    `json:"mse"`
	Cosine  *float64   `json:"cosine"` // of mean and exact gradient; null if one is zero
	SNR     *float64   `json:"snr"`    // |mean| / sqrt(trace variance); null if that is zero

	// MSE of the average of as many estimates as each budget pays for; null
	// where it pays for none.
	EqualBudget []*float64 `json:"equal_budget_mse"`
	// The number of evaluations from which on RLOO has the lower MSE; null if
	// that never comes.
	BreakEven *float64 `json:"break_even"`
}

// biasLevel is the chance that an unbiased drawn estimator is called biased;
// roundingLevel is what an exact one may miss by, beside states.rounding.
const (
	biasLevel     = 1e-4
	roundingLevel = 1e-10
)

func newReport(l *lab) *Report {
	r := &Report{
		Problem: l.ID, K: l.K, T: l.T, States: len(l.fx), Objective: l.meanF, Gradient: l.gradient,
		Seed: l.Seed, Budgets: []int{8, 64, 512}, Estimators: []Result{},
	}
	for _, n := range r.Budgets {
		r.RLOO = append(r.RLOO, l.rlooTrace()(float64(n)))
	}
	return r
}

// rlooTrace returns the total variance of leave-one-out as a function of n.
func (s *states) rlooTrace() func(n float64) float64 {
	var a, g, sq float64
	for _, v := range s.centred() {
		a += v
	}
	for _, v := range s.moment(func(float64) float64 { return 1 }) {
		sq += v
	}
	g = dot(s.gradient, s.gradient)
	return func(n float64) float64 { return (a - (n-2)/(n-1)*g + s.varF*sq/(n-1)) / n }
}

func (r *Report) add(l *lab, c choice, o outcome) {
	target := l.gradient
	if o.gradient != nil {
		target = o.gradient
	}
	evals, backward := c.cost(l.states, c.args)
	x := Result{
		Name: c.name, Exact: o.exact, Samples: o.draws, Evals: evals, Backward: backward,
		Note: c.note, Negative: c.negative, Objective: o.objective, Gradient: o.gradient,
		Mean: o.mean, Variance: o.variance, MeanSE: o.meanSE, VarianceSE: o.varianceSE,
		Bias: between(o.mean, target), Trace: o.trace(), TraceSE: o.traceSE(),
	}
	x.MSE = x.Bias*x.Bias + x.Trace
	if o.tempered != nil {
		x.BiasTempered = new(between(o.mean, o.tempered))
	}
	squared, low, high := o.biasSquared(target)
	x.BiasCI = [2]float64{math.Sqrt(low), math.Sqrt(high)}
	if o.exact {
		scale := math.Sqrt(dot(target, target) + x.Trace)
		x.Biased = x.Bias > roundingLevel*scale+l.rounding()
	} else {
		unseen := l.unseen(float64(o.draws))
		for k, v := range o.mean {
			if o.meanSE[k] > 0 {
				x.MaxZ = max(x.MaxZ, (math.Abs(v-target[k])-unseen[k])/o.meanSE[k])
			}
		}
		// Bonferroni over the components.
		x.Biased = math.Erfc(x.MaxZ/math.Sqrt2)*float64(len(o.mean)) < biasLevel
	}
	norm, exactNorm := math.Sqrt(dot(o.mean, o.mean)), math.Sqrt(dot(target, target))
	if norm > 0 && exactNorm > 0 {
		x.Cosine = new(dot(o.mean, target) / norm / exactNorm)
	}
	if x.Trace > roundingLevel*roundingLevel*dot(target, target) {
		x.SNR = new(norm / math.Sqrt(x.Trace))
	}

	// A bias that may well be noise does not count against an estimator.
	if !x.Biased {
		squared = 0
	}
	squared = max(squared, 0)
	mse := func(n float64) float64 { return squared + x.Trace*x.Evals/n }
	for _, n := range r.Budgets {
		var v *float64
		if float64(n) >= x.Evals {
			v = new(mse(float64(n)))
		}
		x.EqualBudget = append(x.EqualBudget, v)
	}
	if o.gradient == nil {
		x.BreakEven = breakEven(mse, l.rlooTrace(), x.Evals)
	}
	r.Estimators = append(r.Estimators, x)
}

// rounding is how far a mean over the states can be from its exact value by
// rounding alone. A term is a probability times f, less a baseline of f's size,
// times a score, which is a difference of numbers up to 1 and so carries errors
// of that size however small it is: some 32 roundings of max |f| max |s| in all,
// and one more with every term that is added.
func (s *states) rounding() float64 {
	const epsilon = 0x1p-52
	var f, score float64
	for i, v := range s.fx {
		f = max(f, math.Abs(v))
		score = max(score, math.Sqrt(dot(s.scoreOf(i), s.scoreOf(i))))
	}
	return (32 + float64(len(s.fx))) * epsilon * f * score
}

// unseen is the part of every component of the gradient that comes from states
// expected fewer than thirty times in n draws. A standard error that was made
// without them knows nothing of it, so a distance as small says nothing.
func (s *states) unseen(n float64) []float64 {
	const few = 30
	out := make([]float64, s.Params())
	for i, p := range s.prob {
		if p*n < few {
			for k, v := range s.scoreOf(i) {
				out[k] += p * math.Abs((s.fx[i]-s.meanF)*v)
			}
		}
	}
	return out
}

// breakEven is the least budget of at least two evaluations, and of one
// estimate, from which on rloo is below mse. The gap times n only grows with
// n, so there is one crossing, found by bisection.
func breakEven(mse, rloo func(n float64) float64, evals float64) *float64 {
	const never = 1 << 50
	low := max(2, math.Ceil(evals))
	better := func(n float64) bool { return rloo(n) < mse(n)*(1-roundingLevel) }
	if better(low) {
		return &low
	}
	n := sort.Search(never, func(i int) bool { return better(low + float64(i)) })
	if n == never {
		return nil
	}
	return new(low + float64(n))
}

// WriteText prints the table for people.
func (r *Report) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "problem %s: %d choices of %d, %d states, %d parameters, E f = %.6g, |gradient| = %.6g\n\n",
		r.Problem, r.T, r.K, r.States, len(r.Gradient), r.Objective, math.Sqrt(dot(r.Gradient, r.Gradient)))
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "estimator\tf\tback\tbias\t95 % CI\tbiased\ttrace variance\t± SE\tMSE\tcosine\tSNR\t")
	for _, n := range r.Budgets {
		fmt.Fprintf(tab, "MSE at %d f\t", n)
	}
	fmt.Fprint(tab, "RLOO wins from\t\n")
	for _, x := range r.Estimators {
		// Exact entries have no interval.
		ci, se := "exact", "exact"
		if !x.Exact {
			ci = fmt.Sprintf("%.2g to %.2g", x.BiasCI[0], x.BiasCI[1])
			se = fmt.Sprintf("%.1g", x.TraceSE)
		}
		bias, yes := x.Bias, "no"
		if x.Biased {
			yes = "yes"
		} else if x.Exact {
			bias = 0 // what is left is rounding
		}
		fmt.Fprintf(tab, "%s\t%g\t%g\t%.3g\t%s\t%s\t%.4g\t%s\t%.4g\t%s\t%s\t", x.Name, x.Evals, x.Backward,
			bias, ci, yes, x.Trace, se, x.MSE, number(x.Cosine, "%.3f", "-"), number(x.SNR, "%.3g", "-"))
		for _, v := range x.EqualBudget {
			fmt.Fprintf(tab, "%s\t", number(v, "%.3g", "-"))
		}
		even := number(x.BreakEven, "%.0f", "never")
		if x.Gradient != nil {
			even = "-" // of another objective
		}
		fmt.Fprintf(tab, "%s\t\n", even)
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\nRLOO with the whole budget: %s\nbias, variance and MSE are of one estimate; f counts evaluations of f for it, back passes through f.\n", r.reference())
	return err
}

func (r *Report) reference() (text string) {
	for i, n := range r.Budgets {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("MSE %.3g at %d f", r.RLOO[i], n)
	}
	return text
}

func number(v *float64, format, none string) string {
	if v == nil {
		return none
	}
	return fmt.Sprintf(format, *v)
}
