package relax

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

var specs = []string{"gumbel-softmax", "st-gumbel", "straight-through", "gumbel-rao:m=3", "reinmax", "zgr", "gapped-st", "gapped-st:gap=p",
	"reinmax-loo", "reinmax-rao:m=3", "reinmax-cv:m=3", "reinmax-cv:m=2,noise=coupled,eta=-1", "reinmax-cv:m=2,noise=conditional"}

func parse[F Float](t testing.TB, spec string) Relaxed[F] {
	r, err := Parse[F](spec)
	require.NoError(t, err)
	return r
}

// rowOf is a row of Gaussian numbers.
func rowOf[F Float](n int, seed uint64, scale float64) []F {
	r := rng.Key{Seed: seed, Stream: rng.Init}.Rand()
	row := make([]F, n)
	for i := range row {
		row[i] = F(float32(scale * r.NormFloat64()))
	}
	return row
}

func clone[F Float](x []F) []F { return append([]F(nil), x...) }

func estimate[F Float](r Relaxed[F], logits, dy []F, tau F, key rng.Key) (id int, grad []F) {
	row := clone(logits)
	id = r.Forward(row, tau, key)
	grad = make([]F, len(row))
	r.Backward(grad, row, dy, id, tau, key)
	return id, grad
}

// The two precisions see the same noise, so they agree draw by draw.
func TestFloat32IsFloat64(t *testing.T) {
	for _, spec := range specs {
		for _, V := range []int{2, 3, 31, 33, 100} {
			for step := range uint32(20) {
				key := rng.Key{Seed: 3, Stream: rng.Noise, Step: step, Row: uint32(V)}
				logits, dy := rowOf[float64](V, uint64(step), 2), rowOf[float64](V, uint64(step)+100, 1)
				id64, g64 := estimate(parse[float64](t, spec), logits, dy, 0.7, key)
				id32, g32 := estimate(parse[float32](t, spec), rowOf[float32](V, uint64(step), 2), rowOf[float32](V, uint64(step)+100, 1), 0.7, key)
				require.Equal(t, id64, id32, "%s V=%d", spec, V)
				for i := range g64 {
					require.InDelta(t, g64[i], g32[i], 2e-5, "%s V=%d", spec, V)
				}
			}
		}
	}
}

// Whatever the estimator: the gradient sums to zero (softmax ignores a common
// shift), forbidden ids are never drawn and get none, and nothing overflows.
func TestInvariants(t *testing.T) {
	t.Run("float32", invariants[float32])
	t.Run("float64", invariants[float64])
}

func invariants[F Float](t *testing.T) {
	eps := 1e-12
	if _, single := any(F(0)).(float32); single {
		eps = 1e-4
	}
	const V = 37
	for _, spec := range specs {
		r := parse[F](t, spec)
		for step := range uint32(60) {
			key := rng.Key{Seed: 5, Stream: rng.Noise, Step: step}
			logits, dy := rowOf[F](V, uint64(step), []float64{1, 10, 1e4}[step%3]), rowOf[F](V, 77, 1)
			logits[4], logits[V-1] = F(math.Inf(-1)), F(math.Inf(-1))
			tau := []F{0.01, 0.5, 1, 5}[step%4]
			id, grad := estimate(r, logits, dy, tau, key)
			require.True(t, id != 4 && id != V-1)
			var sum float64
			for _, g := range grad {
				require.False(t, math.IsNaN(float64(g)) || math.IsInf(float64(g), 0), "%s tau %v: %v", spec, tau, grad)
				sum += float64(g)
			}
			require.InDelta(t, 0, sum*float64(tau), eps, spec)
			require.Zero(t, grad[4])
			require.Zero(t, grad[V-1])

			// The destination may be either input.
			row, d := clone(logits), clone(dy)
			r.Forward(row, tau, key)
			r.Backward(d, clone(row), d, id, tau, key)
			require.Equal(t, grad, d, spec)
			r.Backward(row, row, dy, id, tau, key)
			require.Equal(t, grad, row, spec)
		}
	}
}

func TestForwardDrawsFromSoftmax(t *testing.T) {
	logits := []float32{0.3, -1, 2, float32(math.Inf(-1)), 0.9}
	p := make([]float64, len(logits))
	softmax64(p, []float64{0.3, -1, 2, math.Inf(-1), 0.9}, 1)
	const n = 20_000
	for s, spec := range specs {
		r := parse[float32](t, spec)
		count := make([]float64, len(p))
		row := make([]float32, len(p))
		for i := range uint32(n) {
			copy(row, logits)
			count[r.Forward(row, 0.5, rng.Key{Seed: uint64(s), Stream: rng.Noise, Step: i})]++
		}
		var chi2 float64
		for i := range p {
			if p[i] > 0 {
				chi2 += (count[i] - n*p[i]) * (count[i] - n*p[i]) / (n * p[i])
			}
		}
		require.Zero(t, count[3])
		require.Less(t, chi2, 21.1, spec) // 3 degrees of freedom, p = 1e-4
	}
}

// J(q) v, written with the matrix.
func jacobian(q, v []float64) []float64 {
	out := make([]float64, len(q))
	for i := range q {
		for j := range q {
			d := -q[i] * q[j]
			if i == j {
				d += q[i]
			}
			out[i] += d * v[j]
		}
	}
	return out
}

// The printed formulas, term by term.
func TestFormulas(t *testing.T) {
	const V, tau = 6, 0.6
	theta, dy := rowOf[float64](V, 1, 1), rowOf[float64](V, 2, 1)
	softmaxOf := func(x []float64, tau float64) []float64 {
		y := make([]float64, V)
		softmax64(y, x, 1/tau)
		return y
	}
	scaled := func(a float64, x []float64) []float64 {
		for i := range x {
			x[i] *= a
		}
		return x
	}
	p := softmaxOf(theta, 1)
	for id := range V {
		gapped := func(gap float64) []float64 {
			top, _ := maxOf(theta)
			w := clone(theta)
			for i := range w {
				if i == id {
					w[i] += top - theta[id]
				} else {
					w[i] -= max(theta[i]-top+gap, 0)
				}
			}
			return scaled(1/tau, jacobian(softmaxOf(w, tau), dy))
		}
		q := softmaxOf(theta, tau)
		q[id]++
		reinmax := scaled(2, jacobian(scaled(0.5, q), dy))
		for i, d := range jacobian(p, dy) {
			reinmax[i] -= d / 2
		}
		half := jacobian(p, dy)
		s := dy[id] - dot(p, dy)
		for i := range half {
			half[i] -= s * p[i]
		}
		half[id] += s
		for spec, want := range map[string][]float64{
			"straight-through": scaled(1/tau, jacobian(softmaxOf(theta, tau), dy)),
			"gapped-st":        gapped(1),
			"gapped-st:gap=p":  gapped(-math.Log(1-p[id]) / p[id]),
			"reinmax":          reinmax,
			"zgr":              scaled(0.5, half),
		} {
			e := parse[float64](t, spec).(Conditional[float64])
			row, grad := clone(theta), make([]float64, V)
			e.Given(row, id, tau)
			e.Backward(grad, row, dy, id, tau, rng.Key{})
			require.InDeltaSlice(t, want, grad, 1e-14, spec)
			if spec == "zgr" {
				e = parse[float64](t, "reinmax").(Conditional[float64])
				row = clone(theta)
				e.Given(row, id, 1)
				e.Backward(row, row, dy, id, 1, rng.Key{})
				require.InDeltaSlice(t, grad, row, 1e-15, "zgr is reinmax at tau 1")
			}
		}
	}
}

// The gradient of Gumbel-Softmax is the derivative of y itself.
func TestGumbelSoftmaxIsADerivative(t *testing.T) {
	const V, tau, h = 5, 0.8, 1e-6
	theta, dy := rowOf[float64](V, 8, 1), rowOf[float64](V, 9, 1)
	r, key := parse[float64](t, "gumbel-softmax"), rng.Key{Seed: 1, Stream: rng.Noise}
	loss := func(x []float64) float64 {
		r.Forward(x, tau, key)
		return dot(x, dy)
	}
	_, grad := estimate(r, theta, dy, tau, key)
	_, hard := estimate(parse[float64](t, "st-gumbel"), theta, dy, tau, key)
	require.Equal(t, grad, hard)
	for i := range theta {
		up, down := clone(theta), clone(theta)
		up[i] += h
		down[i] -= h
		require.InDelta(t, (loss(up)-loss(down))/(2*h), grad[i], 1e-8)
	}
}

// Conditioned on an id drawn from p, the noise must be Gumbel again: the mean
// of z_i is logP_i plus Euler's constant, and the variance pi^2/6.
func TestGumbelGiven(t *testing.T) {
	logP, p := []float64{0.5, -2, 1}, make([]float64, 3)
	softmax64(p, logP, 1)
	LogSoftmax(logP)
	const n = 40_000
	var sum, sq [3]float64
	z := make([]float64, 3)
	for i := range uint32(n) {
		key := rng.Key{Seed: 2, Stream: rng.Noise, Step: i}
		id := gumbelArgmax64(logP, key)
		GumbelGiven(z, p, id, InnerKey(key, 0))
		_, arg := maxOf(z)
		require.Equal(t, id, arg)
		for k := range z {
			d := z[k] - logP[k] - 0.5772156649015329
			sum[k] += d
			sq[k] += d * d
		}
	}
	for k := range z {
		require.InDelta(t, 0, sum[k]/n, 5*math.Sqrt(math.Pi*math.Pi/6/n))
		// The Gumbel's kurtosis is 5.4, so Var(d^2) is 4.4 Var(d)^2.
		require.InDelta(t, math.Pi*math.Pi/6, sq[k]/n, 5*math.Pi*math.Pi/6*math.Sqrt(4.4/n))
	}
}

// underRace is set where the race detector runs, under which a sync.Pool drops some of what it is given.
var underRace bool

func TestNoAllocation(t *testing.T) {
	if underRace {
		t.Skip("pools are emptied at random")
	}
	t.Run("float32", noAllocation[float32])
	t.Run("float64", noAllocation[float64])
}

func noAllocation[F Float](t *testing.T) {
	logits, dy, row, grad := rowOf[F](70, 1, 1), rowOf[F](70, 2, 1), make([]F, 70), make([]F, 70)
	for _, spec := range specs {
		r := parse[F](t, spec)
		n := testing.AllocsPerRun(50, func() {
			copy(row, logits)
			id := r.Forward(row, 1, rng.Key{Stream: rng.Noise})
			r.Backward(grad, row, dy, id, 1, rng.Key{Stream: rng.Noise})
		})
		require.Zero(t, n, spec)
	}
}

func TestManyGoroutines(t *testing.T) {
	r := parse[float32](t, "gumbel-rao")
	logits, dy := rowOf[float32](40, 1, 1), rowOf[float32](40, 2, 1)
	const rows = 32
	var want, got [rows][]float32
	for i := range want {
		_, want[i] = estimate(r, logits, dy, 1, rng.Key{Row: uint32(i)})
	}
	var wg sync.WaitGroup
	for i := range got {
		wg.Go(func() { _, got[i] = estimate(r, logits, dy, 1, rng.Key{Row: uint32(i)}) })
	}
	wg.Wait()
	require.Equal(t, want, got)
}

func TestParse(t *testing.T) {
	for _, i := range relaxedOnes() {
		_, err := Parse[float32](i.Name)
		require.NoError(t, err)
	}
	for spec, say := range map[string]string{
		"gumble":                  "choose one of gumbel-softmax",
		"gumbel-rao:m=0":          "m must be a whole number from 1",
		"gumbel-rao:n=3":          `no option "n"`,
		"gumbel-rao:m":            "not of the form key=value",
		"gumbel-rao:m=1,m=2":      "given twice",
		"gapped-st:gap=x":         "gap must be p or a number",
		"gapped-st:gap=-1":        "gap must be p or a number",
		"reinmax:tau=1":           "give --tau-schedule or --tau",
		"gs_tau0.5":               "give --tau-schedule or --tau",
		"reinmax:n=1":             `no option "n"`,
		"reinmax-cv:noise=old":    "noise must be fresh, coupled or conditional",
		"reinmax-cv:eta=inf":      "eta must be a number",
		"":                        "unknown",
		"gumbel-rao:m=1000000000": "from 1 to 1048576",
	} {
		_, err := Parse[float64](spec)
		require.ErrorContains(t, err, say, spec)
		require.NotContains(t, err.Error(), "\n")
	}
}

func FuzzParse(f *testing.F) {
	for _, i := range Schedules() {
		f.Add(i.Name)
	}
	for _, e := range Estimators() {
		f.Add(e.Spec())
	}
	f.Add("gumbel_rao_m10_tau0.5")
	f.Add("adaptive:max-prob=0.5,start=1e9")
	f.Add("0.5")
	f.Fuzz(func(t *testing.T, spec string) {
		if _, err := Parse[float32](spec); err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "relax: "))
		}
		if _, err := New[float32](spec); err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "relax: "))
		}
		s, err := ParseSchedule(spec, 10)
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "relax: "))
			return
		}
		for step := range 12 {
			tau := s.At(step)
			require.True(t, tau > 0 && !math.IsInf(tau, 0), "%s: tau %v at step %d", spec, tau, step)
		}
	})
}

func Example() {
	estimator, _ := Parse[float64]("reinmax")
	key := rng.Key{Seed: 1, Stream: rng.Noise}

	row := []float64{0.2, 1.1, -0.4} // logits of one choice
	id := estimator.Forward(row, 1, key)
	dy := []float64{0.5, 0.1, 0.3} // gradient of f at the one-hot of id
	estimator.Backward(row, row, dy, id, 1, key)

	fmt.Printf("drew %d, gradient of the logits %.4f\n", id, row)
	// Output: drew 1, gradient of the logits [0.0499 -0.0636 0.0137]
}
