package variance

import (
	"context"
	"fmt"
	"io"
	"math"
	"sort"
	"text/tabwriter"
	"time"

	"gonum.org/v1/gonum/mathext"

	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// noise is what is added to the logits before the argmax, as a function of a
// uniform number.
type noise struct {
	name, note string
	exact      bool // whether the argmax is then a sample of the softmax
	quantile   func(u float64) float64
}

// The other noises have the variance of Gumbel's, so that only their shape is
// wrong.
var noises = []noise{
	{"gumbel", "", true, func(u float64) float64 { return -math.Log(-math.Log(u)) }},
	{"normal", "Gaussian noise on the logits", false, func(u float64) float64 {
		return gumbelSD * math.Sqrt2 * math.Erfinv(2*u-1)
	}},
	{"uniform", "uniform noise on the logits", false, func(u float64) float64 {
		return gumbelSD * math.Sqrt(12) * (u - 0.5)
	}},
	{"logistic", "logistic noise on the logits", false, func(u float64) float64 {
		return gumbelSD * math.Sqrt(3) / math.Pi * math.Log(u/(1-u))
	}},
}

// gumbelEpsilon is -log(-log(u+eps)+eps) with the eps of Texygen. Its error is
// about eps, so only the paired test sees it in a short run.
var gumbelEpsilon = noise{"gumbel-eps=1e-3", "", false, func(u float64) float64 {
	return -math.Log(-math.Log(u+1e-3) + 1e-3)
}}

const gumbelSD = math.Pi / 2.449489742783178 // sqrt(6)

// SamplerOptions of the experiment. The zero value takes the defaults.
type SamplerOptions struct {
	Draws  int     // for the frequencies; default 1,000,000
	Vocabs []int   // sizes that are timed; default 10, 100, 1000, 10000
	Seed   uint64  // of the logits and the draws
	Effort float64 // seconds spent on each timing; default 0.02
}

// SamplerReport says which ways of drawing an id draw from the softmax.
type SamplerReport struct {
	Logits   []float64       `json:"logits"`
	Draws    int             `json:"draws"`
	Vocabs   []int           `json:"vocabs"`
	Samplers []SamplerResult `json:"samplers"`
}

// SamplerResult is one way of drawing.
type SamplerResult struct {
	Name      string    `json:"name"`
	Exact     bool      `json:"exact"` // by theory
	Frequency []float64 `json:"frequency"`
	ChiSquare float64   `json:"chi_square"` // of the frequencies against softmax
	Freedom   int       `json:"degrees_of_freedom"`
	P         float64   `json:"p"`
	// PairedP tests the ids that differ from Gumbel-max on the same uniform
	// numbers, where one id gains what another loses: far sharper than the
	// frequencies alone. Null for samplers that use their numbers otherwise.
	PairedP *float64 `json:"paired_p"`
	// Nanoseconds per draw at each vocabulary: from new logits, as in text
	// generation, and from logits that were prepared once.
	Fresh  []float64 `json:"ns_fresh"`
	Repeat []float64 `json:"ns_repeat"`
}

// drawer returns an id from the numbers of a source.
type drawer func(src *rng.Source) int

// method prepares a drawer for logits, which it may not change.
type method struct {
	name    string
	exact   bool
	noise   *noise
	prepare func(logits []float64) drawer
}

func methods() []method {
	var list []method
	for _, n := range append(noises[:len(noises):len(noises)], gumbelEpsilon) {
		name := "argmax, " + n.name + " noise"
		list = append(list, method{name, n.exact, &n, func(logits []float64) drawer { return perturbed(logits, n) }})
	}
	return append(list,
		method{"Gumbel-max, float32 kernel", true, nil, gumbelKernel},
		method{"inverse CDF, float32 kernel", true, nil, inverseKernel},
		method{"inverse CDF, binary search", true, nil, inverseCDF},
		method{"rejection", true, nil, rejection},
		method{"alias", true, nil, alias},
	)
}

func perturbed(logits []float64, n noise) drawer {
	return func(src *rng.Source) (at int) {
		best := math.Inf(-1)
		for i, l := range logits {
			if z := l + n.quantile(src.Float64()); z > best {
				best, at = z, i
			}
		}
		return at
	}
}

func single(logits []float64) []float32 {
	row := make([]float32, len(logits))
	for i, l := range logits {
		row[i] = float32(l)
	}
	return row
}

func gumbelKernel(logits []float64) drawer {
	row := single(logits)
	return func(src *rng.Source) int {
		w := src.Uint64()
		return kernel.GumbelArgmax(row, rng.Key{Seed: w, Stream: rng.Eval})
	}
}

func inverseKernel(logits []float64) drawer {
	row := single(logits)
	scratch := make([]float32, kernel.SampleScratch(len(row)))
	return func(src *rng.Source) int { return kernel.SampleRow(scratch, row, 1, src.Float64()) }
}

func inverseCDF(logits []float64) drawer {
	sum := make([]float64, len(logits))
	relax.Softmax(sum, logits, 1)
	for i := 1; i < len(sum); i++ {
		sum[i] += sum[i-1]
	}
	total := sum[len(sum)-1]
	return func(src *rng.Source) int {
		u := src.Float64() * total
		return min(sort.Search(len(sum), func(i int) bool { return sum[i] > u }), len(sum)-1)
	}
}

// rejection proposes a uniform id and keeps it with probability p/max p; it
// takes V max p tries on average.
func rejection(logits []float64) drawer {
	ratio := make([]float64, len(logits))
	top := logits[argmax(logits)]
	for i, l := range logits {
		ratio[i] = math.Exp(l - top)
	}
	return func(src *rng.Source) int {
		for {
			id := int(src.Float64() * float64(len(ratio)))
			if src.Float64() < ratio[id] {
				return id
			}
		}
	}
}

// alias is Walker's method with the table of Vose, IEEE Transactions on
// Software Engineering 17, 1991: linear to prepare, constant to draw.
func alias(logits []float64) drawer {
	n := len(logits)
	keep, other := make([]float64, n), make([]int, n)
	relax.Softmax(keep, logits, 1)
	var small, large []int
	for i := range keep {
		keep[i] *= float64(n)
		if keep[i] < 1 {
			small = append(small, i)
		} else {
			large = append(large, i)
		}
	}
	for len(small) > 0 && len(large) > 0 {
		s, l := small[len(small)-1], large[len(large)-1]
		small = small[:len(small)-1]
		other[s] = l
		if keep[l] -= 1 - keep[s]; keep[l] < 1 {
			small, large = append(small, l), large[:len(large)-1]
		}
	}
	// What rounding leaves in either list has its whole cell.
	for _, i := range append(small, large...) {
		keep[i] = 1
	}
	return func(src *rng.Source) int {
		u := src.Float64() * float64(n)
		i := int(u)
		if u-float64(i) < keep[i] {
			return i
		}
		return other[i]
	}
}

// Samplers compares the frequencies of each sampler with the softmax by a
// chi-square test, and times it as the vocabulary grows. All but the timings
// depend on the options alone.
func Samplers(ctx context.Context, opt SamplerOptions) (*SamplerReport, error) {
	if opt.Draws == 0 {
		opt.Draws = 1_000_000
	}
	if opt.Vocabs == nil {
		opt.Vocabs = []int{10, 100, 1000, 10_000}
	}
	if opt.Effort == 0 {
		opt.Effort = 0.02
	}
	if opt.Draws < 1000 {
		return nil, fmt.Errorf("variance: samplers: draws is %d; the test needs at least 1000", opt.Draws)
	}
	for _, v := range opt.Vocabs {
		if v < 1 || v > 1<<24 {
			return nil, fmt.Errorf("variance: samplers: vocabulary of %d; it must be from 1 to %d", v, 1<<24)
		}
	}
	r := &SamplerReport{Logits: []float64{2, 1, 0.5, 0, 0, -0.5, -1, -2}, Draws: opt.Draws, Vocabs: opt.Vocabs}
	for _, m := range methods() {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		x := r.test(m, opt)
		for _, v := range opt.Vocabs {
			fresh, repeat := m.time(v, opt)
			x.Fresh, x.Repeat = append(x.Fresh, fresh), append(x.Repeat, repeat)
		}
		r.Samplers = append(r.Samplers, x)
	}
	return r, nil
}

func (r *SamplerReport) test(m method, opt SamplerOptions) SamplerResult {
	n := len(r.Logits)
	p := make([]float64, n)
	relax.Softmax(p, r.Logits, 1)
	x := SamplerResult{Name: m.name, Exact: m.exact, Frequency: make([]float64, n), Freedom: n - 1}
	key := rng.Key{Seed: opt.Seed, Stream: rng.Eval}
	draw, src := m.prepare(r.Logits), key.Source()
	paired := m.noise != nil && m.noise.name != "gumbel"
	gumbel, same := perturbed(r.Logits, noises[0]), key.Source()
	net, differ := make([]float64, n), make([]float64, n)
	for range opt.Draws {
		id := draw(src)
		x.Frequency[id]++
		if !paired {
			continue
		}
		if right := gumbel(same); right != id {
			net[id]++
			net[right]--
			differ[id]++
			differ[right]++
		}
	}
	N := float64(opt.Draws)
	for i, c := range x.Frequency {
		x.ChiSquare += (c - N*p[i]) * (c - N*p[i]) / (N * p[i])
		x.Frequency[i] = c / N
	}
	x.P = mathext.GammaIncRegComp(float64(x.Freedom)/2, x.ChiSquare/2)
	if paired {
		var z float64
		for i := range net {
			if differ[i] > 0 {
				z = max(z, math.Abs(net[i])/math.Sqrt(differ[i]))
			}
		}
		x.PairedP = new(min(1, float64(n)*math.Erfc(z/math.Sqrt2))) // Bonferroni
	}
	return x
}

// time returns nanoseconds per draw with and without preparation.
func (m method) time(vocab int, opt SamplerOptions) (fresh, repeat float64) {
	logits := make([]float64, vocab)
	r := rng.Key{Seed: opt.Seed, Stream: rng.Eval, Step: 1}.Rand()
	for i := range logits {
		logits[i] = 2 * r.NormFloat64()
	}
	src := rng.Key{Seed: opt.Seed, Stream: rng.Eval, Step: 2}.Source()
	draw := m.prepare(logits)
	limit := time.Duration(opt.Effort * float64(time.Second))
	return clock(limit, func() { m.prepare(logits)(src) }), clock(limit, func() { draw(src) })
}

func clock(limit time.Duration, f func()) float64 {
	f()
	for n := 1; ; n *= 2 {
		start := time.Now()
		for range n {
			f()
		}
		if d := time.Since(start); d >= limit {
			return float64(d.Nanoseconds()) / float64(n)
		}
	}
}

// WriteText prints the table for people.
func (r *SamplerReport) WriteText(w io.Writer) error {
	fmt.Fprintf(w, "%d draws from softmax%v\n\n", r.Draws, r.Logits)
	tab := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(tab, "sampler\texact\tchi-square\tp\tpaired p\t")
	for _, v := range r.Vocabs {
		fmt.Fprintf(tab, "ns V=%d\tprepared\t", v)
	}
	fmt.Fprintln(tab)
	for _, x := range r.Samplers {
		exact := "no"
		if x.Exact {
			exact = "yes"
		}
		fmt.Fprintf(tab, "%s\t%s\t%.1f\t%.2g\t%s\t", x.Name, exact, x.ChiSquare, x.P, number(x.PairedP, "%.2g", "-"))
		for i := range r.Vocabs {
			fmt.Fprintf(tab, "%.0f\t%.0f\t", x.Fresh[i], x.Repeat[i])
		}
		fmt.Fprintln(tab)
	}
	return tab.Flush()
}
