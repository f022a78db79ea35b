package images

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat/distuv"

	"textgan/eval/variance"
	"textgan/generator/relax"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/rng"
)

// Digits of one label look alike, and are no two the same: the mean image of every
// label is nearer to fresh images of its label than those of the others are.
func TestDigitsAreTold(t *testing.T) {
	const side, n = 20, 400
	s := Draw(2*n, side, 3)
	require.Equal(t, s, Draw(2*n, side, 3))
	require.Equal(t, s.Part(0, 7), Draw(7, side, 3), "image i depends on the seed and i alone")
	mean := make([][side * side]float64, 10)
	for i := range n {
		for j, p := range s.Image(i) {
			mean[s.Labels[i]][j] += float64(p) / (n / 10)
		}
	}
	right := 0
	for i := n; i < 2*n; i++ {
		best, at := math.Inf(1), 0
		for l := range mean {
			d := 0.0
			for j, p := range s.Image(i) {
				d += (float64(p) - mean[l][j]) * (float64(p) - mean[l][j])
			}
			if d < best {
				best, at = d, l
			}
		}
		if at == int(s.Labels[i]) {
			right++
		}
	}
	require.Greater(t, right, n*7/10)
	require.NotEqual(t, s.Image(0), s.Image(10))
}

// Ink away from all strokes is the noise: its share is what noise says.
func TestNoiseOfDigits(t *testing.T) {
	const side, n = 20, 2000
	s := Draw(n, side, 4)
	corner, of := 0, 0
	for i := range n {
		for _, j := range []int{0, side - 1, side * (side - 1), side*side - 1} {
			corner += int(s.Image(i)[j])
			of++
		}
	}
	require.InDelta(t, noise*float64(of), corner, 4*math.Sqrt(noise*float64(of)))
}

func idx(magic uint32, dims []uint32, content []byte) []byte {
	var b bytes.Buffer
	binary.Write(&b, binary.BigEndian, append([]uint32{magic}, dims...))
	b.Write(content)
	return b.Bytes()
}

func TestReadIDX(t *testing.T) {
	const n, side = 50, 8
	grey := make([]byte, n*side*side)
	for i := range grey {
		grey[i] = []byte{0, 255, 51}[i%3]
	}
	labels := make([]byte, n)
	for i := range labels {
		labels[i] = byte(i % 10)
	}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, content, 0o644))
		return path
	}
	path := write("train-images-idx3-ubyte", idx(0x803, []uint32{n, side, side}, grey))
	var z bytes.Buffer
	w := gzip.NewWriter(&z)
	w.Write(idx(0x803, []uint32{n, side, side}, grey))
	w.Close()
	zipped := write("zipped.gz", z.Bytes())

	s, err := Read(path, 40, 1)
	require.NoError(t, err)
	require.Equal(t, 40, s.Len())
	require.Nil(t, s.Labels)
	ink := 0
	for i, p := range s.Pixels {
		switch i % 3 {
		case 2: // a fifth of full grey
			ink += int(p)
		default:
			require.EqualValues(t, i%3, p)
		}
	}
	of := float64(len(s.Pixels) / 3)
	require.InDelta(t, .2*of, ink, 4*math.Sqrt(of*.2*.8))

	same, err := Read(zipped, 40, 1)
	require.NoError(t, err)
	require.Equal(t, s, same)

	write("train-labels-idx1-ubyte", idx(0x801, []uint32{n}, labels))
	s, err = Read(path, 1000, 1)
	require.NoError(t, err)
	require.Equal(t, labels, s.Labels)

	for want, content := range map[string][]byte{
		"begins with 0x00000801": idx(0x801, []uint32{n}, labels),
		"ends too early":         idx(0x803, []uint32{n, side, side}, grey[1:]),
		"squares from 4":         idx(0x803, []uint32{n, side, 9}, grey),
		"at least 2":             idx(0x803, []uint32{1, side, side}, grey),
	} {
		_, err := Read(write("bad", content), n, 1)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, filepath.Join(dir, "bad"))
	}
	_, err = Read(filepath.Join(dir, "none"), n, 1)
	require.EqualError(t, err, "images: "+filepath.Join(dir, "none")+": no such file or directory")
	write("train-labels-idx1-ubyte", idx(0x801, []uint32{3}, labels[:3]))
	_, err = Read(path, n, 1)
	require.ErrorContains(t, err, "3 labels for 50 images")
	write("train-labels-idx1-ubyte", idx(0x801, []uint32{n}, bytes.Repeat([]byte{77}, n)))
	_, err = Read(path, n, 1)
	require.ErrorContains(t, err, "label 77 of image 0")
}

// plain reads a two-layer network from its weights, in float64.
func plain(ps nn.Params, x []float64) []float64 {
	for l := 0; l < 4; l += 2 {
		w, b := ps[l], ps[l+1]
		y := make([]float64, w.Shape[1])
		for o := range y {
			y[o] = float64(b.Data[o])
			for i, v := range x {
				y[o] += v * float64(w.Data[i*len(y)+o])
			}
			if l == 0 {
				y[o] = max(y[o], 0)
			}
		}
		x = y
	}
	return x
}

func plainRec(x []uint8, logOdds []float64) (nats float64) {
	for j, l := range logOdds {
		p := 1 / (1 + math.Exp(-l))
		if x[j] == 0 {
			p = 1 - p
		}
		nats -= math.Log(p)
	}
	return nats
}

func floats(x []uint8) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

func trained(t *testing.T, c Config, o Options, set *Set) *VAE {
	t.Helper()
	c.Pixels = set.Side * set.Side
	v := NewVAE(c, set.Ink(), 1)
	tr, err := NewTrainer(v, set, o)
	require.NoError(t, err)
	for range o.Steps {
		err := tr.Step()
		require.NoError(t, err)
	}
	return v
}

// The bound of a Gaussian VAE after some training against a plain reading of the same
// weights in float64, with the divergence by Monte Carlo from the densities.
func TestBoundAgainstPlainReading(t *testing.T) {
	set := Draw(60, 10, 2)
	v := trained(t, Config{Hidden: 9, Dim: 2}, Options{Batch: 20, Steps: 40, LR: .01, Seed: 5}, set)
	held := set.Part(0, 6)
	got, err := v.Evaluate(held, 7)
	require.NoError(t, err)

	var want, klByDraws Tally
	var klVariance float64
	eps := make([]float32, 2)
	for i := range held.Len() {
		stats := plain(v.enc, floats(held.Image(i)))
		kernel.Normal(eps, rng.Key{Seed: 7, Stream: rng.Noise, Row: uint32(i)})
		z := make([]float64, 2)
		for d := range z {
			sd := math.Exp(stats[2+d] / 2)
			z[d] = stats[d] + sd*float64(eps[d])
			want.KL += (stats[d]*stats[d] + sd*sd - 1 - stats[2+d]) / 2 / 6
			q := distuv.Normal{Mu: stats[d], Sigma: sd, Src: rng.Key{Seed: 9, Row: uint32(2*i + d)}.Source()}
			const draws = 4000
			sum, square := 0.0, 0.0
			for range draws {
				x := q.Rand()
				r := q.LogProb(x) - distuv.UnitNormal.LogProb(x)
				sum, square = sum+r, square+r*r
			}
			klByDraws.KL += sum / draws / 6
			klVariance += (square/draws - sum*sum/draws/draws) / draws / 36
		}
		want.Rec += plainRec(held.Image(i), plain(v.dec, z)) / 6
	}
	require.InEpsilon(t, want.Rec, got.Rec, 1e-5)
	require.InEpsilon(t, want.KL, got.KL, 1e-5)
	require.InDelta(t, klByDraws.KL, got.KL, 4*math.Sqrt(klVariance))
}

// The gradient of the bound against differences of a plain reading of it in float64,
// with the same noise.
func TestGradientOfTheBound(t *testing.T) {
	const B, tau = 8, .75
	set := Draw(B, 6, 2)
	for name, c := range map[string]Config{"gaussian": {Hidden: 5, Dim: 2}, "categorical": {Hidden: 5, Dim: 2, Categories: 3}} {
		c.Pixels = 36
		v := NewVAE(c, set.Ink(), 3)
		tr, err := NewTrainer(v, set, Options{Batch: B, Steps: 1, LR: .01, Estimator: "gumbel-softmax", Tau: "0.75", Seed: 5})
		require.NoError(t, err, name)
		tr.which = upTo(B)
		loss, err := tr.gradient(0)
		require.NoError(t, err)
		reading := func() (sum float64, err error) {
			for b := range B {
				stats := plain(v.enc, floats(set.Image(b)))
				z := make([]float64, v.width())
				if v.categorical() {
					for d := range 2 {
						g, kl, logits := make([]float64, 3), 0.0, stats[3*d:3*d+3]
						relax.Gumbel(g, relax.Key{Seed: 5, Stream: rng.Noise, Row: uint32(2*b + d)})
						norm, normQ := 0.0, 0.0
						for k := range g {
							norm += math.Exp((logits[k] + g[k]) / tau)
							normQ += math.Exp(logits[k])
						}
						for k := range g {
							z[3*d+k] = math.Exp((logits[k]+g[k])/tau) / norm
							q := math.Exp(logits[k]) / normQ
							kl += q * math.Log(3*q)
						}
						sum += kl / B
					}
				} else {
					eps := make([]float32, 2)
					kernel.Normal(eps, rng.Key{Seed: 5, Stream: rng.Noise, Row: uint32(b)})
					for d := range 2 {
						sd := math.Exp(stats[2+d] / 2)
						z[d] = stats[d] + sd*float64(eps[d])
						sum += (stats[d]*stats[d] + sd*sd - 1 - stats[2+d]) / 2 / B
					}
				}
				sum += plainRec(set.Image(b), plain(v.dec, z)) / B
			}
			return sum, nil
		}
		want, _ := reading()
		require.InEpsilon(t, want, loss, 1e-6)
		for i, p := range v.Params() {
			want, err := gradcheck.Central(reading, p.Data, 1e-4)
			require.NoError(t, err)
			require.Less(t, gradcheck.Distance(tr.grads.Grad(i), want), 1e-4, "%s %s", name, p.Name)
		}
	}
}

// Sums over all codes against a plain reading of the weights; the bound is above
// -log p(x) by the divergence of q(z|x) from p(z|x).
func TestExactAgainstPlainReading(t *testing.T) {
	set := Draw(40, 8, 2)
	v := trained(t, Config{Hidden: 8, Dim: 2, Categories: 3}, Options{Batch: 20, Steps: 40, LR: .01, Estimator: "gumbel-softmax", Tau: "1", Seed: 5}, set)
	held := set.Part(0, 5)
	got, err := v.Exact(held)
	require.NoError(t, err)
	var want Exact
	gap := 0.0
	for i := range held.Len() {
		stats := plain(v.enc, floats(held.Image(i)))
		q, joint, evidence := make([]float64, 9), make([]float64, 9), 0.0
		for c := range 9 {
			z := make([]float64, 6)
			z[c/3], z[3+c%3] = 1, 1
			norm := func(l []float64) float64 { return math.Exp(l[0]) + math.Exp(l[1]) + math.Exp(l[2]) }
			q[c] = math.Exp(stats[c/3]) / norm(stats[:3]) * math.Exp(stats[3+c%3]) / norm(stats[3:])
			rec := plainRec(held.Image(i), plain(v.dec, z))
			want.Rec += q[c] * rec / 5
			want.KL += q[c] * math.Log(9*q[c]) / 5
			joint[c] = math.Exp(-rec) / 9
			evidence += joint[c]
		}
		want.NLL -= math.Log(evidence) / 5
		for c := range q {
			gap += q[c] * math.Log(q[c]*evidence/joint[c]) / 5
		}
	}
	require.InEpsilon(t, want.Rec, got.Rec, 1e-5)
	require.InEpsilon(t, want.KL, got.KL, 1e-5)
	require.InEpsilon(t, want.NLL, got.NLL, 1e-5)
	require.InDelta(t, gap, got.Bound()-got.NLL, 1e-3)
}

// The exact gradient is the derivative of the exact bound, and what score functions
// estimate has no bias; a relaxation has one, and a smaller variance.
func TestEstimatorsAgainstEnumeration(t *testing.T) {
	set := Draw(40, 8, 2)
	v := trained(t, Config{Hidden: 8, Dim: 2, Categories: 3}, Options{Batch: 20, Steps: 60, LR: .02, Estimator: "gumbel-softmax", Tau: "1", Seed: 5}, set)
	exact, err := v.exactGradient(set, upTo(40))
	require.NoError(t, err)
	differences, err := gradcheck.Central(func() (float64, error) { e, err := v.Exact(set); return e.Bound(), err }, v.enc[3].Data, 3e-2)
	require.NoError(t, err)
	require.Less(t, gradcheck.Distance(exact, differences), 1e-2)

	draws := 1500
	if testing.Short() {
		draws = 400
	}
	quality := map[string]variance.Quality{}
	for spec, n := range map[string]int{"reinforce": 1, "rloo": 4, "gumbel-softmax": 1, "reinforce-moving-average": 1} {
		tr, err := NewTrainer(v, set, Options{Batch: 40, Steps: 1, Estimator: spec, Tau: "1", Draws: n, Seed: 5})
		require.NoError(t, err)
		q, err := tr.Quality(draws)
		require.NoError(t, err)
		quality[spec] = q
		if spec != "gumbel-softmax" {
			require.Less(t, q.Bias, 3*q.Error, spec)
		}
	}
	require.Greater(t, quality["gumbel-softmax"].Bias, 3*quality["gumbel-softmax"].Error)
	require.Less(t, quality["gumbel-softmax"].Variance, quality["reinforce-moving-average"].Variance)
	require.Less(t, quality["reinforce-moving-average"].Variance, quality["reinforce"].Variance)
}

// Training finds what can be found: with one choice among ten for images that are ten
// shapes, the bound falls below what images cost pixel by pixel.
func TestCodesAreUsed(t *testing.T) {
	const side = 16
	set := Draw(500, side, 2)
	alone := 0.0 // nats of an image of independent pixels
	for j, ink := range set.Ink() {
		for i := range set.Len() {
			p := ink
			if set.Image(i)[j] == 0 {
				p = 1 - ink
			}
			alone -= math.Log(p) / float64(set.Len())
		}
	}
	for spec, draws := range map[string]int{"gumbel-softmax": 1, "rloo": 2} {
		v := trained(t, Config{Hidden: 32, Dim: 1, Categories: 10}, Options{Batch: 40, Steps: 400, LR: .003, Estimator: spec, Tau: "0.7", Draws: draws, Seed: 5}, set)
		e, err := v.Exact(set)
		require.NoError(t, err)
		require.Less(t, e.Bound(), .9*alone, spec)
		require.Greater(t, e.KL, 1., spec)
		require.LessOrEqual(t, e.NLL, e.Bound())
	}
}

func TestTrainerRefuses(t *testing.T) {
	set := Draw(10, 8, 1)
	v := NewVAE(Config{Pixels: 64, Hidden: 4, Dim: 1, Categories: 3}, set.Ink(), 1)
	for want, o := range map[string]Options{
		"10 images for batches of 20": {Batch: 20},
		`"seqgan" needs more`:         {Batch: 10, Estimator: "seqgan", Tau: "1"},
		`"self-critic" needs more`:    {Batch: 10, Estimator: "self-critic", Tau: "1"},
		"is unknown":                  {Batch: 10, Estimator: "nonsense", Tau: "1"},
		"tau schedule":                {Batch: 10, Estimator: "rloo", Tau: "nonsense"},
	} {
		_, err := NewTrainer(v, set, o)
		require.ErrorContains(t, err, want)
	}
}

// One thread or several, the same weights.
func TestThreads(t *testing.T) {
	set := Draw(60, 12, 2)
	hash := func(threads int) string {
		kernel.SetThreads(threads)
		defer kernel.SetThreads(0)
		return trained(t, Config{Hidden: 16, Dim: 2}, Options{Batch: 30, Steps: 5, LR: .01, Seed: 5}, set).Params().Hash()
	}
	require.Equal(t, hash(1), hash(3))
}
