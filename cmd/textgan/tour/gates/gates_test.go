package gates

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"textgan/generator/relax"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Labels and channels are what the construction says: moments, correlations, and the
// accuracy of the one who knows the weights.
func TestProblem(t *testing.T) {
	p := NewProblem(12, 3, 4)
	const n = 20_000
	x, labels := p.Examples(n, 0, 5)
	part, _ := p.Examples(3, 7, 5)
	require.Equal(t, x[7*12:10*12], part, "example i is a function of its number")
	column := func(c int) []float64 {
		v := make([]float64, n)
		for i := range v {
			v[i] = float64(x[i*12+c])
		}
		return v
	}
	counts := map[Role]int{}
	for c, role := range p.Roles {
		counts[role]++
		require.Equal(t, role == Informative, p.W[c] != 0)
		v := column(c)
		mean, sd := stat.MeanStdDev(v, nil)
		require.InDelta(t, 0, mean, .03)
		require.InDelta(t, 1, sd, .03)
		if role == Copy {
			require.Equal(t, Informative, p.Roles[p.of[c]])
			require.InDelta(t, correlation, stat.Correlation(v, column(p.of[c]), nil), .02)
		}
	}
	require.Equal(t, map[Role]int{Informative: 3, Copy: 3, Noise: 6}, counts)

	knows := &Classifier{w: make([]float32, 12), bias: make([]float32, 1)}
	open := make([]float32, 12)
	for c, w := range p.W {
		knows.w[c], open[c] = float32(w), 1
	}
	require.InDelta(t, p.Best(), knows.Accuracy(x, labels, open), 4*.5/math.Sqrt(n))
}

func small(t *testing.T, o Options) (*Problem, *Trainer) {
	p := NewProblem(6, 2, 1)
	x, labels := p.Examples(5, 0, 1)
	o.Batch = 5
	tr, err := NewTrainer(x, labels, o)
	require.NoError(t, err)
	copy(tr.bx, x)
	copy(tr.blabels, labels)
	for c := range tr.Alpha {
		tr.Alpha[c] = float32(math.Sin(float64(2*c + 1)))
		tr.w[c] = float32(math.Cos(float64(3 * c)))
	}
	tr.bias[0] = .2
	return p, tr
}

// Loss and gradient against a plain reading in float64: binary concrete gates by the
// logistic form, sigmoid((alpha + logistic noise)/tau), where the logistic noise is the
// difference of the two Gumbel draws of the graph.
func TestGradientAgainstPlainReading(t *testing.T) {
	const tau, price = .6, .05
	_, tr := small(t, Options{Relaxation: "gumbel-softmax", Tau: tau, Price: price, Seed: 3})
	loss, err := tr.run(8)
	require.NoError(t, err)
	reading := func() (sum float64, err error) {
		for b := range 5 {
			odds := float64(tr.bias[0])
			for c, a := range tr.Alpha {
				g := make([]float64, 2)
				relax.Gumbel(g, relax.Key{Seed: 3, Stream: rng.Noise, Step: 8, Row: uint32(6*b + c)})
				gate := 1 / (1 + math.Exp(-(float64(a)+g[0]-g[1])/tau))
				odds += float64(tr.w[c]) * gate * float64(tr.bx[b*6+c])
			}
			p := 1 / (1 + math.Exp(-odds))
			if tr.blabels[b] == 0 {
				p = 1 - p
			}
			sum -= math.Log(p) / 5
		}
		for _, a := range tr.Alpha {
			sum += price / (1 + math.Exp(-float64(a)))
		}
		return sum, nil
	}
	want, _ := reading()
	require.InEpsilon(t, want, loss, 1e-6)
	for i, p := range tr.params {
		want, err := gradcheck.Central(reading, p.Data, 1e-3)
		require.NoError(t, err)
		require.Less(t, gradcheck.Distance(tr.Grad(i), want), 1e-4, p.Name)
	}
}

// Against the sum over all patterns of open and shut gates: hard gates have the loss of
// the patterns on average, and the gradient through them is nearer to the exact one
// than its own size. With all gates shut nothing but the price is left.
func TestAgainstAllPatterns(t *testing.T) {
	const price = .05
	_, tr := small(t, Options{Relaxation: "reinmax", Tau: 1, Price: price, Seed: 3})
	exact := func() (sum float64, err error) {
		open := tr.Open()
		for pattern := range 1 << 6 {
			weight := 1.
			for c, p := range open {
				if pattern>>c&1 == 0 {
					p = 1 - p
				}
				weight *= p
			}
			for b := range 5 {
				odds := float64(tr.bias[0])
				for c := range open {
					odds += float64(tr.w[c]) * float64(pattern>>c&1) * float64(tr.bx[b*6+c])
				}
				sum += weight * math.Log1p(math.Exp(odds*(1-2*float64(tr.blabels[b])))) / 5
			}
		}
		for _, p := range open {
			sum += price * p
		}
		return sum, nil
	}
	want, _ := exact()
	draws := 3000
	if testing.Short() {
		draws = 1000
	}
	losses, mean := make([]float64, draws), make([]float64, 6)
	opened := make([]float64, 6)
	for i := range losses {
		var err error
		losses[i], err = tr.run(i)
		require.NoError(t, err)
		for c, d := range tr.Grad(0) {
			mean[c] += float64(d) / float64(draws)
		}
		for k, g := range tr.gates() {
			require.True(t, g == 0 || g == 1)
			opened[k%6] += float64(g) / float64(5*draws)
		}
	}
	got, se := stat.MeanStdDev(losses, nil)
	require.InDelta(t, want, got, 4*se/math.Sqrt(float64(draws)))
	for c, p := range tr.Open() {
		require.InDelta(t, p, opened[c], 4*math.Sqrt(p*(1-p)/float64(5*draws)))
	}
	gradient, err := gradcheck.Central(exact, tr.Alpha, 1e-3)
	require.NoError(t, err)
	require.Less(t, gradcheck.Distance(mean, gradient), .15)
}

// At a fair price the gates that stay open are those of the informative channels, not
// those of copies or noise; at a high one they shut. Drawn gates are open as often as
// their probabilities say, and threads do not matter.
func TestGatesFindChannels(t *testing.T) {
	const C, informative = 24, 4
	seeds := uint64(3)
	if testing.Short() {
		seeds = 1
	}
	for seed := range seeds {
		p := NewProblem(C, informative, seed)
		x, labels := p.Examples(800, 0, seed)
		train := func(price float64, threads int) *Trainer {
			kernel.SetThreads(threads)
			defer kernel.SetThreads(0)
			tr, err := NewTrainer(x, labels, Options{Relaxation: "gumbel-softmax", Tau: .5, Price: price, Batch: 32, Steps: 400, LR: .05, Seed: seed})
			require.NoError(t, err)
			for range tr.Steps {
				require.NoError(t, tr.Step())
			}
			return tr
		}
		tr := train(.01, 1)
		require.Equal(t, tr.Alpha, train(.01, 3).Alpha)
		expected := 0.0
		for c, q := range tr.Open() {
			require.Equal(t, p.Roles[c] == Informative, q > .5, "seed %d, channel %d of role %d: %v", seed, c, p.Roles[c], q)
			expected += q
		}
		const draws = 2000
		counted, variance := 0.0, 0.0
		for i := range draws {
			for _, g := range tr.Draw(9, i) {
				counted += float64(g) / draws
			}
		}
		for _, q := range tr.Open() {
			variance += q * (1 - q) / draws
		}
		require.InDelta(t, expected, counted, 4*math.Sqrt(variance))
		hx, hl := p.Examples(4000, 100_000, seed)
		require.InDelta(t, p.Best(), tr.Accuracy(hx, hl, tr.Draw(1, 1)), .05)
		for _, q := range train(1, 2).Open() {
			require.Less(t, q, .5)
		}
	}
}

func TestRefusals(t *testing.T) {
	_, err := NewTrainer(make([]float32, 4), make([]float32, 2), Options{Relaxation: "rloo", Batch: 2, Tau: 1})
	require.ErrorContains(t, err, "rloo")
}
