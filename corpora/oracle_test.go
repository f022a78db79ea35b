package corpora

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/rng"
	"textgan/internal/safetensors"
)

// plainOracle is the network written down word for word in float64, from the
// same draws: embedding [V,H], one weight [H,4H] for it and one for the state.
type plainOracle struct {
	v, h                            int
	embedding, toGates, bias, state []float64
	out, outBias                    []float64
}

func newPlainOracle(v, h int, seed uint64) *plainOracle {
	draw := rng.Key{Seed: seed, Stream: rng.Corpus, Step: math.MaxUint32}.Rand()
	normal := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = draw.NormFloat64()
		}
		return w
	}
	return &plainOracle{v: v, h: h, embedding: normal(v * h), toGates: normal(h * 4 * h), bias: normal(4 * h), state: normal(h * 4 * h), out: normal(h * v), outBias: normal(v)}
}

// distributions returns p(word t | words before) [T][V].
func (o *plainOracle) distributions(ids []int) (all [][]float64) {
	hidden, cell := make([]float64, o.h), make([]float64, o.h)
	input := 0
	for _, id := range ids {
		gate := func(k, j int) float64 {
			at := k*o.h + j
			z := o.bias[at]
			for i := range o.h {
				z += o.embedding[input*o.h+i]*o.toGates[i*4*o.h+at] + hidden[i]*o.state[i*4*o.h+at]
			}
			return z
		}
		next := make([]float64, o.h)
		for j := range o.h {
			in, forget, out, candidate := sigmoid(gate(0, j)), sigmoid(gate(1, j)), sigmoid(gate(2, j)), math.Tanh(gate(3, j))
			cell[j] = forget*cell[j] + in*candidate
			next[j] = out * math.Tanh(cell[j])
		}
		hidden = next
		p, sum := make([]float64, o.v), 0.0
		for j := range p {
			z := o.outBias[j]
			for i := range o.h {
				z += hidden[i] * o.out[i*o.v+j]
			}
			p[j] = math.Exp(z)
			sum += p[j]
		}
		for j := range p {
			p[j] /= sum
		}
		all = append(all, p)
		input = id
	}
	return all
}

// float32Logits bounds the error of one word's log probability, in nats.
const float32Logits = 1e-5

func TestOracleAgainstPlain(t *testing.T) {
	const v, h, length, seed = 400, 32, 20, 9
	o, err := newOracle(OracleOptions{Words: v, Units: h, Length: length, Seed: seed})
	require.NoError(t, err)
	plain := newPlainOracle(v, h, seed)
	entropy := 0.0
	const n = 30
	for i, ids := range o.sample(rng.Corpus, 4, 0, n) {
		want := 0.0
		for step, p := range plain.distributions(ids) {
			// The draw is that of the plain distribution.
			u := sentenceKey(rng.Corpus, 4, i).Float64(uint32(step))
			require.Equal(t, pick(p, u), ids[step])
			want += math.Log(p[ids[step]])
			for _, q := range p {
				entropy -= q * math.Log(q) / n
			}
		}
		got, ok := o.LogProb(o.spell(ids))
		require.True(t, ok)
		require.InDelta(t, want, got, length*float32Logits)
	}
	// Both estimate the entropy; n sentences have a standard error of SE
	// times sqrt(entropySamples/n).
	e := o.Entropy()
	require.InDelta(t, e.Sentence, entropy, 5*e.SE*math.Sqrt(entropySamples/n))
}

// The oracle from its seed on, by another program: weights, draws,
// probabilities and, where all sentences can be listed, the entropy.
func TestOracleAgainstGolden(t *testing.T) {
	var cases []struct {
		Words, Units, Length int
		Seed                 uint64
		Sentences            scored
		Drawn                []string
		Entropy              float64
		File                 string // of the weights, in the place of words, units and seed
	}
	golden(t, "oracle.json", &cases)
	for _, c := range cases {
		opt := OracleOptions{Words: c.Words, Units: c.Units, Length: c.Length, Seed: c.Seed}
		if c.File != "" {
			opt = OracleOptions{File: "testdata/" + c.File}
		}
		o, err := newOracle(opt)
		require.NoError(t, err)
		require.Equal(t, [2]int{c.Words, c.Length}, [2]int{o.words, o.length})
		require.Equal(t, c.Drawn, Generate(o, c.Seed, len(c.Drawn)))
		c.Sentences.check(t, o, 1e-6)
		if c.Entropy > 0 {
			e := o.Entropy()
			require.InDelta(t, c.Entropy, e.Sentence, 5*e.SE)
		}
	}
}

// The seed of a corpus is that of its sentences: what is held out, or learnt by
// a run with another seed, is of the same language.
func TestOracleIsOneLanguage(t *testing.T) {
	small := OracleOptions{Words: 50, Units: 8, Length: 5}
	a, err := Open("builtin:oracle", Options{Seed: 1, Lines: 200, Oracle: small})
	require.NoError(t, err)
	b, err := Open("builtin:oracle", Options{Seed: 2, Lines: 200, Oracle: small})
	require.NoError(t, err)
	require.NotEqual(t, a.Lines, b.Lines)
	require.Equal(t, a.Language.Entropy(), b.Language.Entropy())
	own, other := Evaluate(b.Language, b.Lines), Evaluate(a.Language, b.Lines)
	require.Equal(t, own, other)
	require.InDelta(t, a.Language.Entropy().Sentence, own.NLL, 5*own.SE)

	small.Seed = 2
	c, err := Open("builtin:oracle", Options{Seed: 1, Lines: 200, Oracle: small})
	require.NoError(t, err)
	require.NotEqual(t, a.Lines, c.Lines)
}

// The probabilities of all sentences sum to 1.
func TestOracleIsADistribution(t *testing.T) {
	o, err := newOracle(OracleOptions{Words: 12, Units: 5, Length: 3, Seed: 2})
	require.NoError(t, err)
	var all []string
	for i := range 12 * 12 * 12 {
		all = append(all, o.spell([]int{i / 144, i / 12 % 12, i % 12}))
	}
	sum, entropy := 0.0, 0.0
	for _, p := range o.logProbs(all) {
		sum += math.Exp(p)
		entropy -= p * math.Exp(p)
	}
	require.InDelta(t, 1, sum, 3*float32Logits)
	e := o.Entropy()
	require.InDelta(t, entropy, e.Sentence, 5*e.SE)

	for _, s := range []string{"w0 w1", "w0 w1 w12", "w0 w1 w-1", "w0 w1 w01", "w0 w1 2", "w0 w1 w", "w0 w1 ww2", "w0 w1 w+2", "w0  w1 w2"} {
		_, ok := o.LogProb(s)
		require.False(t, ok, s)
	}
}

// Neither the number of threads nor the instruction set changes a corpus.
func TestOracleIsTheSameEverywhere(t *testing.T) {
	o, err := newOracle(OracleOptions{})
	require.NoError(t, err)
	n := 200
	if testing.Short() {
		n = 65
	}
	want := strings.Join(Generate(o, 1, n), "\n")
	isa, threads := kernel.ISA(), kernel.Threads()
	defer func() { kernel.Use(isa); kernel.SetThreads(threads) }()
	kernel.SetThreads(1)
	for _, other := range []string{"avx512", "avx2", "generic"} {
		if kernel.Use(other) {
			require.Equal(t, want, strings.Join(Generate(o, 1, n), "\n"), other)
		}
	}
}

func TestOracleRefuses(t *testing.T) {
	for _, opt := range []OracleOptions{{Words: -1}, {Units: -1}, {Length: -1}, {Words: 1 << 40}, {Units: 1 << 40}, {Length: 5000}} {
		_, err := newOracle(opt)
		require.ErrorContains(t, err, "corpora: builtin:oracle: ")
	}
}

func TestOracleFileRefuses(t *testing.T) {
	good, err := safetensors.Load("testdata/oracle.safetensors")
	require.NoError(t, err)
	save := func(change func(*safetensors.File)) string {
		f := &safetensors.File{Tensors: slices.Clone(good.Tensors), Meta: maps.Clone(good.Meta)}
		change(f)
		path := filepath.Join(t.TempDir(), "o.safetensors")
		w, err := os.Create(path)
		require.NoError(t, err)
		require.NoError(t, safetensors.Write(w, f.Tensors, f.Meta))
		require.NoError(t, w.Close())
		return path
	}
	tensor := func(f *safetensors.File, name string) *safetensors.Tensor {
		return &f.Tensors[slices.IndexFunc(f.Tensors, func(t safetensors.Tensor) bool { return t.Name == name })]
	}
	// The same weights in float64 are the same language.
	wide := save(func(f *safetensors.File) {
		for i := range f.Tensors {
			x := &f.Tensors[i]
			x.Data, err = safetensors.Floats(good, x.Name, x.Shape...)
			require.NoError(t, err)
		}
	})
	a, err := newOracle(OracleOptions{File: wide, Length: 7})
	require.NoError(t, err)
	b, err := newOracle(OracleOptions{File: "testdata/oracle.safetensors", Length: 7})
	require.NoError(t, err)
	require.Equal(t, Generate(b, 1, 20), Generate(a, 1, 20))

	for want, opt := range map[string]OracleOptions{
		"no such file": {File: "none.safetensors"},
		"no oracle: it needs tensors embedding [V,E]": {File: save(func(f *safetensors.File) { tensor(f, "wh").Name = "x" })},
		`no tensor "output.b"`:                        {File: save(func(f *safetensors.File) { tensor(f, "output.b").Name = "x" })},
		`tensor "wx" has shape [20 3], want [3 20]`:   {File: save(func(f *safetensors.File) { tensor(f, "wx").Shape = []int{20, 3} })},
		`value 2 of tensor "b" is NaN`: {File: save(func(f *safetensors.File) {
			x := slices.Clone(tensor(f, "b").Data.([]float32))
			x[2] = float32(math.NaN())
			tensor(f, "b").Data = x
		})},
		`length "long" in the metadata`: {File: save(func(f *safetensors.File) { f.Meta["length"] = "long" })},
		"length -3":                     {File: save(func(f *safetensors.File) { f.Meta["length"] = "-3" })},
		"drop these":                    {File: "testdata/oracle.safetensors", Words: 30},
	} {
		_, err := newOracle(opt)
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "corpora: builtin:oracle: ")
		require.ErrorContains(t, err, opt.File)
	}
}

func BenchmarkOracle(b *testing.B) {
	o, err := newOracle(OracleOptions{})
	require.NoError(b, err)
	for b.Loop() {
		o.generate(1, 128)
	}
	b.ReportMetric(float64(128*o.length*b.N)/b.Elapsed().Seconds(), "tokens/s")
}
