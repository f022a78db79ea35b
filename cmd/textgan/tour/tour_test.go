package tour

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// computed are the results of lessons with seed 1, each computed once for all tests.
var computed sync.Map

func results(t *testing.T, l Lesson) Done {
	if testing.Short() && !quick(l) {
		t.Skip("takes seconds")
	}
	once, _ := computed.LoadOrStore(l.Name, sync.OnceValues(func() ([]Done, error) {
		return Run(context.Background(), []Lesson{l}, Options{Seed: 1, small: true}, nil)
	}))
	done, err := once.(func() ([]Done, error))()
	require.NoError(t, err)
	return done[0]
}

// quick lessons are computed in short tests too.
func quick(l Lesson) bool {
	return slices.Contains([]string{"lost-term", "reparameterise", "rejection", "gumbel-softmax"}, l.Name)
}

// value is a number of a lesson.
func value(t *testing.T, d Done, name string) float64 {
	i := slices.IndexFunc(d.Numbers, func(n Number) bool { return n.Name == name })
	require.GreaterOrEqual(t, i, 0, "lesson %s has no number %s", d.Name, name)
	return d.Numbers[i].Value
}

// numbers is a lesson whose numbers are asked for one by one; at its end every number
// must have been.
type numbers struct {
	*testing.T
	Done
	asked map[string]bool
}

func ask(t *testing.T, l Lesson) *numbers {
	n := &numbers{t, results(t, l), map[string]bool{}}
	t.Cleanup(func() {
		for _, x := range n.Numbers {
			require.True(t, n.asked[x.Name], "%s of lesson %s is held against nothing", x.Name, l.Name)
		}
	})
	return n
}

func (n *numbers) is(name string, want, within float64) {
	n.Helper()
	require.InDelta(n, want, n.value(name), within, name)
}

func (n *numbers) value(name string) float64 {
	n.Helper()
	n.asked[name] = true
	return value(n.T, n.Done, name)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func TestLostTerm(t *testing.T) {
	n := ask(t, lostTerm)
	p := sigmoid(1)
	f0, f1 := .7*.7, .3*.3
	lost := p * (1 - p) * (f1 - f0)
	n.is("loss", p*f1+(1-p)*f0+.025, 1e-12)
	n.is("naive", .05, 1e-12)
	n.is("lost", lost, 1e-12)
	n.is("gradient", lost+.05, 1e-12)
	variance := p*math.Pow(f1*(1-p), 2) + (1-p)*math.Pow(f0*p, 2) - lost*lost
	n.is("score-sd", math.Sqrt(variance), 1e-12)
	se := math.Sqrt(variance / 1000)
	n.is("score", lost+.05, 4*se)
	n.is("score-se", se, .1*se)

	// The least loss is where the derivative is 0, found by bisection.
	low, high := 0., 4.
	for range 60 {
		at := (low + high) / 2
		if sigmoid(at)*(1-sigmoid(at))*(f1-f0)+.05*at < 0 {
			low = at
		} else {
			high = at
		}
	}
	loss := func(x float64) float64 { return sigmoid(x)*f1 + sigmoid(-x)*f0 + .025*x*x }
	n.is("theta-true", low, 1e-3)
	n.is("loss-true", loss(low), 1e-6)
	n.is("theta-naive", -2*math.Pow(.9, 120), 1e-9) // each step takes a tenth away
	n.is("loss-naive", loss(0), 1e-6)
	n.is("theta-score", low, 2)
	n.is("loss-score", loss(n.value("theta-score")), 1e-12)
	require.Less(t, n.value("loss-score"), n.value("loss-naive"))
}

func TestEveryLesson(t *testing.T) {
	names := map[string]bool{}
	for _, l := range Lessons {
		t.Run(l.Name, func(t *testing.T) {
			require.Regexp(t, `^[a-z][a-z-]*$`, l.Name)
			require.False(t, names[l.Name])
			names[l.Name] = true
			require.True(t, 2 <= len(l.Sentences) && len(l.Sentences) <= 3)
			require.NotEmpty(t, l.Formula)
			require.NotEmpty(t, l.Sources)
			require.True(t, strings.HasPrefix(l.Next, "textgan "))
			d := results(t, l)
			require.NotEmpty(t, d.Numbers)
			require.NotEmpty(t, d.Pictures)
			for _, p := range d.Pictures {
				require.NotEmpty(t, p.Title)
				require.Greater(t, len(p.Alt), 40, p.Title)
				n := 1
				for _, c := range p.Controls {
					require.NotEmpty(t, c.Label)
					require.True(t, 0 <= c.Start && c.Start < len(c.Values))
					n *= len(c.Values)
				}
				if len(p.Controls) > 0 {
					require.Len(t, p.Frames, n, p.Title)
				}
			}
		})
	}
}

// The page depends on the seed alone, names no address and is not large.
func TestPage(t *testing.T) {
	var all []Done
	for _, l := range Lessons {
		if !testing.Short() || quick(l) {
			all = append(all, results(t, l))
		}
	}
	var page bytes.Buffer
	require.NoError(t, WritePage(&page, all, Options{Seed: 1, small: true}))
	require.Less(t, page.Len(), 3<<20)
	text := strings.ReplaceAll(page.String(), `xmlns="http://www.w3.org/2000/svg"`, "")
	require.Empty(t, regexp.MustCompile(`(?i)https?:|//[a-z0-9-]+\.[a-z]|@import|\bsrc=|url\(`).FindAllString(text, -1))
	require.NotContains(t, text, "NaN")
	require.NotContains(t, text, "ZgotmplZ")
}

func TestThreadsDoNotMatter(t *testing.T) {
	// The first of these calls the laboratory, which draws in parallel, the second trains.
	lessons := []Lesson{reparameterise, annealing}
	switch {
	case testing.Short():
		t.Skip("takes seconds")
	case os.Getenv("TEXTGAN_SLOW_TESTS") != "":
		lessons = Lessons
	}
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	var first, second bytes.Buffer
	var all []Done
	for _, l := range lessons {
		all = append(all, results(t, l))
	}
	require.NoError(t, WritePage(&first, all, Options{Seed: 1, small: true}))
	runtime.GOMAXPROCS(1 + before%2)
	again, err := Run(context.Background(), lessons, Options{Seed: 1, small: true}, nil)
	require.NoError(t, err)
	require.NoError(t, WritePage(&second, again, Options{Seed: 1, small: true}))
	require.True(t, bytes.Equal(first.Bytes(), second.Bytes()))
}

// integral is that of f from lo to hi by n midpoints.
func integral(lo, hi float64, n int, f func(x float64) float64) (sum float64) {
	h := (hi - lo) / float64(n)
	for i := range n {
		sum += f(lo+h*(float64(i)+.5)) * h
	}
	return sum
}

func TestReparameterise(t *testing.T) {
	n := ask(t, reparameterise)
	const m, s = 1., .8
	// With A = x_1^2 and B the sum of the other D-1 squares, moments of a normal give
	// the variance of (A + B) eps_1 / s; that of 2 x_1 is 4 s^2.
	A1 := m*m + 3*s*s                       // E[A eps^2]
	A2 := m*m*m*m + 18*m*m*s*s + 15*s*s*s*s // E[A^2 eps^2]
	for d := 1; d <= 256; d *= 4 {
		others := float64(d - 1)
		B1 := others * (m*m + s*s)
		B2 := others*(4*m*m*s*s+2*s*s*s*s) + B1*B1
		score := (A2+2*A1*B1+B2)/(s*s) - 4*m*m
		n.is(fmt.Sprintf("along-%d", d), 4*s*s, .05*4*s*s)
		n.is(fmt.Sprintf("score-%d", d), score, .07*score)
	}
	// The families' densities written down anew, the score by a finite difference.
	for name, log := range map[string]func(e float64) float64{
		"gaussian": func(e float64) float64 { return -e*e/2 - math.Log(2*math.Pi)/2 },
		"logistic": func(e float64) float64 { return -e - 2*math.Log(1+math.Exp(-e)) },
		"laplace":  func(e float64) float64 { return -math.Abs(e) - math.Log(2) },
	} {
		mean := func(f func(e float64) float64) float64 {
			return integral(-40, 40, 80000, func(e float64) float64 { return math.Exp(log(e)) * f(e) })
		}
		along := func(e float64) float64 { return 2 * (m + s*e) }
		score := func(e float64) float64 {
			const h = 1e-5
			return -(m + s*e) * (m + s*e) * (log(e+h) - log(e-h)) / (2 * h) / s
		}
		for k, f := range map[string]func(float64) float64{"along": along, "score": score} {
			first := mean(f)
			require.InDelta(t, 2*m, first, 1e-3)
			want := mean(func(e float64) float64 { return f(e) * f(e) }) - first*first
			n.is(name+"-"+k, want, 1e-3*want)
			n.is(name+"-"+k+"-drawn", want, .1*want)
		}
	}
	g := math.Exp(m + s*s/2)
	n.is("log-normal-along-mean", g, .1)
	n.is("log-normal-score-mean", g, .35)
	along := (math.Exp(s*s) - 1) * g * g
	score := math.Exp(2*m+2*s*s)*(1+4*s*s)/(s*s) - g*g
	n.is("log-normal-along", along, .15*along)
	n.is("log-normal-score", score, .3*score)
}

func TestRejection(t *testing.T) {
	n := ask(t, rejection)
	// The area under x^2 (1-x)^4 is 2! 4! / 7!; its greatest value is at 1/3.
	rate := 48. / 5040 / (16. / 729)
	sd := func(p, n float64) float64 { return math.Sqrt(p * (1 - p) / n) }
	n.is("rate", rate, 4*sd(rate, 1e5))
	n.is("mean", 3./8, 4*math.Sqrt(3.*5/(64*9)/43000))
	n.is("chi-square", 19, 4*math.Sqrt(2*19)) // mean and deviation of the law with 19 degrees of freedom
	// The tail of that law by its density.
	tail := integral(n.value("chi-square"), 300, 200000, func(x float64) float64 {
		g, _ := math.Lgamma(9.5)
		return math.Exp(8.5*math.Log(x) - x/2 - 9.5*math.Ln2 - g)
	})
	n.is("p", tail, 1e-6)
	for d := 1; d <= 8; d++ {
		p := math.Pow(rate, float64(d))
		n.is(fmt.Sprintf("rate-%d", d), p, 4*sd(p, 12500))
	}
	n.is("slope-kept", 0, 0)
	mean := func(a float64) float64 {
		f := func(x float64) float64 { return math.Pow(x, a) * math.Pow(1-x, 4) }
		return integral(0, 1, 10000, func(x float64) float64 { return x * f(x) }) / integral(0, 1, 10000, f)
	}
	n.is("slope", (mean(2.001)-mean(1.999))/.002, 1e-5)
}

func TestGumbelMax(t *testing.T) {
	n := ask(t, gumbelMax)
	logits := []float64{2, 1, .5, 0, 0, -.5, -1, -2}
	softmax := func(scale float64) (p []float64) {
		sum := 0.
		for _, l := range logits {
			p = append(p, math.Exp(l/scale))
			sum += p[len(p)-1]
		}
		for i := range p {
			p[i] /= sum
		}
		return p
	}
	// wins is the probability that each word has the largest sum, for noise of a
	// distribution function and its inverse.
	wins := func(cdf, quantile func(float64) float64) (p []float64) {
		for i := range logits {
			p = append(p, integral(0, 1, 20000, func(u float64) float64 {
				product := 1.
				for j := range logits {
					if j != i {
						product *= cdf(quantile(u) + logits[i] - logits[j])
					}
				}
				return product
			}))
		}
		return p
	}
	sd := math.Pi / math.Sqrt(6)
	half, scale := sd*math.Sqrt(3), sd*math.Sqrt(3)/math.Pi
	const draws = 100000
	right := softmax(1)
	for name, p := range map[string][]float64{
		"gumbel":      wins(func(x float64) float64 { return math.Exp(-math.Exp(-x)) }, func(u float64) float64 { return -math.Log(-math.Log(u)) }),
		"normal":      wins(func(x float64) float64 { return math.Erfc(-x/sd/math.Sqrt2) / 2 }, func(u float64) float64 { return sd * math.Sqrt2 * math.Erfinv(2*u-1) }),
		"uniform":     wins(func(x float64) float64 { return min(max((x+half)/(2*half), 0), 1) }, func(u float64) float64 { return half * (2*u - 1) }),
		"logistic":    wins(func(x float64) float64 { return sigmoid(x / scale) }, func(u float64) float64 { return scale * math.Log(u/(1-u)) }),
		"half-gumbel": softmax(.5), "twice-gumbel": softmax(2),
	} {
		n.is(name+"-first", p[0], 4*math.Sqrt(p[0]*(1-p[0])/draws))
		// A chi-square of a wrong law has mean 7 + n d with d the distance of the laws,
		// and a variance of about 2 7 + 4 n d.
		d, excess := 0., 0.
		for i := range p {
			d += (p[i] - right[i]) * (p[i] - right[i]) / right[i]
			excess += (p[i] - right[i]) / right[i] * (1 - p[i])
		}
		want := 7 + draws*d + excess
		n.is(name+"-chi-square", want, 5*math.Sqrt(14+8*draws*d))
		tail := integral(n.value(name+"-chi-square"), n.value(name+"-chi-square")+400, 100000, func(x float64) float64 {
			g, _ := math.Lgamma(3.5)
			return math.Exp(2.5*math.Log(x) - x/2 - 3.5*math.Ln2 - g)
		})
		n.is(name+"-p", tail, 1e-6)
	}
	require.Less(t, n.value("normal-p"), 1e-6)

	// Moments of the highest of n normal numbers by its density.
	for _, size := range []float64{1, 100} {
		moment := func(f func(z float64) float64) float64 {
			return integral(-9, 9, 20000, func(z float64) float64 {
				return f(z) * size * math.Pow(math.Erfc(-z/math.Sqrt2)/2, size-1) * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi)
			})
		}
		mean := moment(func(z float64) float64 { return z })
		sd := math.Sqrt(moment(func(z float64) float64 { return (z - mean) * (z - mean) }))
		skew := moment(func(z float64) float64 { return math.Pow((z-mean)/sd, 3) })
		name := fmt.Sprintf("highest-of-%.0f", size)
		n.is(name+"-mean", 70+10*mean, 4*10*sd/math.Sqrt(20000))
		n.is(name+"-sd", 10*sd, 10*sd*.03)
		n.is(name+"-skewness", skew, .12)
	}
}

func TestGumbelSoftmax(t *testing.T) {
	n := ask(t, gumbelSoftmax)
	// The differences a = g_1 - g_3 and b = g_2 - g_3 of Gumbel noises have the density
	// 2 e^(-a-b) / (1 + e^-a + e^-b)^3: everything is an integral over the plane.
	const lo, hi, steps = -16., 22., 1900
	density := func(a, b float64) float64 {
		return 2 * math.Exp(-a-b) / math.Pow(1+math.Exp(-a)+math.Exp(-b), 3)
	}
	const draws = 20000.
	for _, tau := range []float64{.1, 1, 10} {
		var total, mean, corner, squares, first, firstSquare, fourth, dead float64
		h := (hi - lo) / steps
		for i := range steps {
			a := lo + h*(float64(i)+.5)
			for j := range steps {
				b := lo + h*(float64(j)+.5)
				w := density(a, b) * h * h
				if w < 1e-14 {
					continue
				}
				u, v := math.Exp((a+1.5)/tau), math.Exp((b+.5)/tau)
				y := [3]float64{u / (1 + u + v), v / (1 + u + v), 1 / (1 + u + v)}
				along := y[0] - y[2] // y.c with c = (1, 0, -1)
				g := [3]float64{y[0] * (1 - along) / tau, y[1] * -along / tau, y[2] * (-1 - along) / tau}
				total += w
				mean += w * y[0]
				if max(y[0], y[1], y[2]) > .99 {
					corner += w
				}
				size := g[0]*g[0] + g[1]*g[1] + g[2]*g[2]
				squares += w * size
				fourth += w * size * size
				first += w * g[0]
				firstSquare += w * g[0] * g[0]
				for _, x := range g {
					if math.Abs(x) < 1e-3 {
						dead += w / 3
					}
				}
			}
		}
		require.InDelta(t, 1, total, 1e-4)
		at := fmt.Sprintf("tau-%g-", tau)
		sd := math.Sqrt(firstSquare - first*first)
		n.is(at+"mean", mean, 4*.5/math.Sqrt(draws))
		n.is(at+"corner", corner, 4*.5/math.Sqrt(draws))
		n.is(at+"dead", dead, 4*.5/math.Sqrt(draws))
		n.is(at+"gradient", first, 4*sd/math.Sqrt(draws))
		n.is(at+"size", math.Sqrt(squares), 4*math.Sqrt((fourth-squares*squares)/draws)/(2*math.Sqrt(squares)))
		n.is(at+"sd", sd, 4*math.Sqrt(fourth/draws)/(2*sd))
	}
	sum := math.E + 1 + math.Exp(-.5)
	for i, l := range []float64{1, 0, -.5} {
		n.is(fmt.Sprintf("softmax-%d", i+1), math.Exp(l)/sum, 1e-12)
	}
}

func TestAnnealing(t *testing.T) {
	n := ask(t, annealing)
	n.is("constant-tau", 1, 1e-12)
	n.is("linear-tau", 1-.9*39/40, 1e-12)
	n.is("exponential-tau", math.Pow(10, -39./40), 1e-12)
	n.is("jang-tau", math.Exp(-.06*35), 1e-12) // stairs of five steps
	// A controller that holds its target sees it on average, to the noise of 16 sentences.
	n.is("adaptive-entropy", .5, .05)
	// The words of a model whose softmax has more entropy than the target are sharpened.
	require.Greater(t, n.value("adaptive-tau"), .05)
	require.Less(t, n.value("adaptive-tau"), 1.)

	// Before the first update nothing differs but the schedule, and all begin at tau 1: so
	// do the gradients.
	frames := n.Pictures[1].Frames
	for _, f := range frames {
		first, _, _ := strings.Cut(f.Move[0], "l")
		require.Equal(t, strings.SplitN(frames[0].Move[0], "l", 2)[0], first)
	}
}
