package tour

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The problem of the lesson, written down anew: logits of the first word b[0], of the
// second b[1] + W x_1.
var (
	pairB  = [2][3]float64{{.4, 0, -.6}, {-.3, .5, 0}}
	pairW  = [3][3]float64{{.9, -.7, 0}, {-.4, .6, .8}, {0, -.5, 1.2}}
	pairW1 = [2][6]float64{{1.2, -.8, .3, -1.1, .9, .2}, {-.6, 1.4, -.9, .7, -1.3, .8}}
	pairB1 = [2]float64{.2, -.3}
	pairW2 = [2]float64{1.1, .9}
)

type triple = [3]float64

func pairF(x, y triple) (f float64, dx, dy triple) {
	for h, b := range pairB1 {
		for i := range 3 {
			b += pairW1[h][i]*x[i] + pairW1[h][3+i]*y[i]
		}
		f += pairW2[h] * math.Tanh(b)
		slope := pairW2[h] * (1 - math.Tanh(b)*math.Tanh(b))
		for i := range 3 {
			dx[i] += slope * pairW1[h][i]
			dy[i] += slope * pairW1[h][3+i]
		}
	}
	return f, dx, dy
}

func soft(z triple, tau float64) (p triple) {
	sum := 0.
	for i, v := range z {
		p[i] = math.Exp(v / tau)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

func second(b, x triple, w [3][3]float64) triple {
	for i := range b {
		for j := range x {
			b[i] += w[i][j] * x[j]
		}
	}
	return b
}

func hot(i int) (x triple) { x[i] = 1; return x }

// through is (diag(y) - y y') d.
func through(y, d triple) (g triple) {
	along := y[0]*d[0] + y[1]*d[1] + y[2]*d[2]
	for i := range g {
		g[i] = y[i] * (d[i] - along)
	}
	return g
}

// flat is the gradient in b and W from those in the two rows of logits.
func flat(first, second, x triple) (g [15]float64) {
	for i := range 3 {
		g[i], g[3+i] = first[i], second[i]
		for j := range 3 {
			g[6+3*i+j] = second[i] * x[j]
		}
	}
	return g
}

// pair is one sentence: its probability, f, and the gradient of its log probability.
type pair struct {
	i, j  int
	p, f  float64
	score [15]float64
}

func pairs() (all []pair) {
	p1 := soft(pairB[0], 1)
	for i := range 3 {
		p2 := soft(second(pairB[1], hot(i), pairW), 1)
		for j := range 3 {
			f, _, _ := pairF(hot(i), hot(j))
			var a, b triple
			for k := range 3 {
				a[k], b[k] = hot(i)[k]-p1[k], hot(j)[k]-p2[k]
			}
			all = append(all, pair{i, j, p1[i] * p2[j], f, flat(a, b, hot(i))})
		}
	}
	return all
}

// pairStatistic is the mean of weighted gradients and their total variance.
type pairStatistic struct {
	total, squares float64
	mean           [15]float64
}

func (s *pairStatistic) add(p float64, g [15]float64) {
	s.total += p
	for k, v := range g {
		s.mean[k] += p * v
		s.squares += p * v * v
	}
}

func (s *pairStatistic) moments(truth [15]float64) (bias, variance float64) {
	variance = s.squares / s.total
	for k, v := range s.mean {
		v /= s.total
		variance -= v * v
		bias += (v - truth[k]) * (v - truth[k])
	}
	return math.Sqrt(bias), variance
}

func TestRelatives(t *testing.T) {
	n := ask(t, relatives)
	all := pairs()

	// The gradient by differences of the sum over the nine sentences.
	mean := func(theta [15]float64) (sum float64) {
		var b [2]triple
		var w [3][3]float64
		for i := range 3 {
			b[0][i], b[1][i] = theta[i], theta[3+i]
			for j := range 3 {
				w[i][j] = theta[6+3*i+j]
			}
		}
		p1 := soft(b[0], 1)
		for i := range 3 {
			for j, p := range soft(second(b[1], hot(i), w), 1) {
				f, _, _ := pairF(hot(i), hot(j))
				sum += p1[i] * p * f
			}
		}
		return sum
	}
	theta := flat(pairB[0], pairB[1], triple{})
	for i := range 3 {
		for j := range 3 {
			theta[6+3*i+j] = pairW[i][j]
		}
	}
	n.is("mean", mean(theta), 1e-12)
	var truth [15]float64
	length := 0.
	for k := range truth {
		const h = 1e-5
		up, down := theta, theta
		up[k] += h
		down[k] -= h
		truth[k] = (mean(up) - mean(down)) / (2 * h)
		length += truth[k] * truth[k]
		n.is(fmt.Sprintf("gradient-%d", k+1), truth[k], 1e-9)
	}
	n.is("gradient", math.Sqrt(length), 1e-9)

	// Score functions: sums over sentences, and over four of them.
	scored := func(baseline float64) float64 {
		var s pairStatistic
		for _, x := range all {
			g := x.score
			for k := range g {
				g[k] *= x.f - baseline
			}
			s.add(x.p, g)
		}
		bias, variance := s.moments(truth)
		require.Less(t, bias, 1e-8)
		return variance
	}
	n.is("reinforce-variance", scored(0), 1e-9)
	i := 0 // the greedy sentence: first word 0, then the likeliest
	z := second(pairB[1], hot(0), pairW)
	for j := range z {
		if z[j] > z[i] {
			i = j
		}
	}
	n.is("self-critic-variance", scored(all[i].f), 1e-9)
	leaveOneOut := func(draws int) float64 {
		var s pairStatistic
		at := make([]int, draws)
		for {
			p, sum := 1., 0.
			for _, a := range at {
				p *= all[a].p
				sum += all[a].f
			}
			var g [15]float64
			for _, a := range at {
				advantage := all[a].f - (sum-all[a].f)/float64(draws-1)
				for k, v := range all[a].score {
					g[k] += advantage * v / float64(draws)
				}
			}
			s.add(p, g)
			k := 0
			for ; k < draws; k++ {
				if at[k]++; at[k] < len(all) {
					break
				}
				at[k] = 0
			}
			if k == draws {
				_, variance := s.moments(truth)
				return variance
			}
		}
	}
	n.is("rloo-variance", leaveOneOut(4), 1e-9)

	// For more draws by its formula, which the sums above confirm: with the exact mean
	// for a baseline the variance a/n, and what the others' mean adds.
	var centred, squares, varF, meanF float64
	for _, x := range all {
		meanF += x.p * x.f
	}
	for _, x := range all {
		length := 0.
		for _, v := range x.score {
			length += v * v
		}
		centred += x.p * (x.f - meanF) * (x.f - meanF) * length
		squares += x.p * length
		varF += x.p * (x.f - meanF) * (x.f - meanF)
	}
	rloo := func(draws float64) float64 {
		return (centred - (draws-2)/(draws-1)*length + varF*squares/(draws-1)) / draws
	}
	require.InDelta(t, leaveOneOut(2), rloo(2), 1e-8)
	require.InDelta(t, leaveOneOut(4), rloo(4), 1e-8)

	// Estimators that the drawn words decide: sums over the nine sentences.
	decided := func(back func(logits, d triple, id int) triple) (bias, variance float64) {
		var s pairStatistic
		for _, x := range all {
			z := second(pairB[1], hot(x.i), pairW)
			_, dx, dy := pairF(hot(x.i), hot(x.j))
			late := back(z, dy, x.j)
			for k := range 3 {
				for l := range 3 {
					dx[l] += pairW[k][l] * late[k]
				}
			}
			s.add(x.p, flat(back(pairB[0], dx, x.i), late, hot(x.i)))
		}
		return s.moments(truth)
	}
	for _, tau := range []float64{.5, 1} {
		bias, variance := decided(func(z, d triple, _ int) triple {
			g := through(soft(z, tau), d)
			for k := range g {
				g[k] /= tau
			}
			return g
		})
		n.is(fmt.Sprintf("straight-through-%g-bias", tau), bias, 1e-8)
		n.is(fmt.Sprintf("straight-through-%g-variance", tau), variance, 1e-8)
		overtakes := func(name string) {
			from := 2.
			for rloo(from) >= bias*bias+variance/from {
				from++
			}
			n.is(name+"-overtaken", from, 0)
		}
		if tau == 1 {
			overtakes("straight-through")
		}
		bias, variance = decided(func(z, d triple, id int) triple {
			half := soft(z, tau)
			for k := range half {
				half[k] = (half[k] + hot(id)[k]) / 2
			}
			a, b := through(half, d), through(soft(z, 1), d)
			for k := range a {
				a[k] = 2*a[k] - b[k]/2
			}
			return a
		})
		n.is(fmt.Sprintf("reinmax-%g-bias", tau), bias, 1e-8)
		n.is(fmt.Sprintf("reinmax-%g-variance", tau), variance, 1e-8)
		if tau == 1 {
			overtakes("reinmax")
		}

		// Those with noise of their own, by draws of another generator.
		for name, hard := range map[string]bool{"gumbel-softmax": false, "st-gumbel": true} {
			random := rand.New(rand.NewPCG(1, 2))
			relaxed := func(z triple) (y, seen triple) {
				for k := range z {
					z[k] -= math.Log(random.ExpFloat64())
				}
				y = soft(z, tau)
				if !hard {
					return y, y
				}
				top := 0
				for k := range z {
					if z[k] > z[top] {
						top = k
					}
				}
				return y, hot(top)
			}
			var s pairStatistic
			for range 100000 {
				y1, x1 := relaxed(pairB[0])
				y2, x2 := relaxed(second(pairB[1], x1, pairW))
				_, dx, dy := pairF(x1, x2)
				late := through(y2, dy)
				for k := range 3 {
					late[k] /= tau
				}
				for k := range 3 {
					for l := range 3 {
						dx[l] += pairW[k][l] * late[k]
					}
				}
				first := through(y1, dx)
				for k := range 3 {
					first[k] /= tau
				}
				s.add(1, flat(first, late, x1))
			}
			bias, variance := s.moments(truth)
			n.is(fmt.Sprintf("%s-%g-bias", name, tau), bias, 3*math.Sqrt(variance/20000))
			n.is(fmt.Sprintf("%s-%g-variance", name, tau), variance, .1*variance)
		}
	}
}
