package ratio

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/combin"

	"textgan/internal/rng"
	"textgan/vocab"
)

// toy is a language of a few sentences with known probabilities: a Proposer and
// a LogProber. One that writes backwards has its sentences reversed.
type toy struct {
	sentences [][]int32
	p         []float64
	steps     uint64 // makes the draws of two toys independent
}

func (l toy) MaxLen() int { return 4 }

func (l toy) Draw(ids, lengths []int32, key rng.Key, first int) {
	key.Seed += l.steps
	for i := range lengths {
		u, at := key.At(key.Step, uint32(first+i)).Float64(0), 0
		for ; at < len(l.p)-1; at++ {
			if u -= l.p[at]; u < 0 {
				break
			}
		}
		lengths[i] = int32(copy(ids[i*4:], l.sentences[at]))
	}
}

func (l toy) LogProbs(dst []float64, sentences [][]int32) error {
	for i, x := range sentences {
		dst[i] = math.Log(l.p[l.find(x)])
	}
	return nil
}

func (l toy) find(x []int32) int {
	return slices.IndexFunc(l.sentences, func(y []int32) bool { return slices.Equal(x, y) })
}

var (
	sentences = [][]int32{{5, 6, 7, vocab.Eos}, {5, vocab.Eos}, {6, 6, vocab.Eos}, {7, 5, vocab.Eos}, {vocab.Eos}, {7, 7, 7, 7}}
	left      = toy{sentences, []float64{0.4, 0.25, 0.15, 0.1, 0.06, 0.04}, 0}
	target    = []float64{0.2, 0.25, 0.1, 0.3, 0.1, 0.05}
)

func right() toy {
	r := toy{p: []float64{0.1, 0.3, 0.1, 0.3, 0.1, 0.1}, steps: 99}
	for _, x := range sentences {
		r.sentences = append(r.sentences, Reverse(x))
	}
	return r
}

// another backwards model, of more steps so that it draws other numbers.
func another() toy {
	r := right()
	r.p, r.steps = []float64{0.3, 0.1, 0.2, 0.2, 0.1, 0.1}, 100
	return r
}

// oracle is the feature log target - log p: the score of a critic that knows.
type oracle struct{}

func (oracle) Width() int { return 1 }

func (oracle) Fill(dst [][]float32, x [][]int32) error {
	for i := range x {
		at := left.find(x[i])
		dst[i][0] = float32(math.Log(target[at] / left.p[at]))
	}
	return nil
}

func knowing(t *testing.T) *Critic {
	c, err := New([]Features{oracle{}, LogRatio{[]LogProber{Reversed{right()}, Reversed{another()}}, left}}, []float64{1, 0, 0})
	require.NoError(t, err)
	return c
}

// chiSquare of sentences against probabilities, 5 degrees of freedom.
func chiSquare(drawn [][]int32, want []float64) float64 {
	counts, sum := make([]float64, len(want)), 0.0
	for _, x := range drawn {
		counts[left.find(x)]++
	}
	for i, p := range want {
		want := p * float64(len(drawn))
		sum += (counts[i] - want) * (counts[i] - want) / want
	}
	return sum
}

// chiSquareLimit is the 99.99th percentile with 5 degrees of freedom.
const chiSquareLimit = 25.7

// Every method draws from p exp(s)/Z: rejection for any sample, resampling and
// chains in the limit of many proposals. Plain sampling does not.
func TestSamplersDrawFromTheWeightedDistribution(t *testing.T) {
	const n = 8000
	bound := 0.0
	for i, p := range target {
		bound = max(bound, p/left.p[i])
	}
	for name, c := range map[string]struct {
		o    SampleOptions
		back []Proposer
		ok   bool
	}{
		"plain":           {SampleOptions{K: 1}, nil, false},
		"few":             {SampleOptions{K: 2}, nil, false},
		"resample":        {SampleOptions{K: 192}, nil, true},
		"resample, both":  {SampleOptions{K: 191}, []Proposer{right()}, true},
		"resample, three": {SampleOptions{K: 191}, []Proposer{right(), another()}, true},
		"reject":          {SampleOptions{Method: Reject, Bound: bound}, nil, true},
		"bound too small": {SampleOptions{Method: Reject, Bound: bound / 2}, nil, false},
		"mh":              {SampleOptions{Method: Metropolis, K: 48}, nil, true},
		"mh, both":        {SampleOptions{Method: Metropolis, K: 48}, []Proposer{right()}, true},
		"mh, three":       {SampleOptions{Method: Metropolis, K: 48}, []Proposer{right(), another()}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.o.Key.Seed = 3
			s, err := NewSampler(knowing(t), left, c.o)
			require.NoError(t, err)
			if c.back != nil {
				require.NoError(t, s.AlsoBackwards(1, c.back...))
			}
			drawn, err := s.Draw(n)
			require.NoError(t, err)
			if x := chiSquare(drawn, target); c.ok {
				require.Less(t, x, chiSquareLimit)
			} else {
				require.Greater(t, x, 2*chiSquareLimit)
			}
			switch {
			case name == "reject":
				require.InDelta(t, 1/bound, s.Stats.Acceptance, 0.01)
				require.Zero(t, s.Stats.Violations)
			case name == "bound too small": // two sentences have weights above half of the bound
				require.InDelta(t, left.p[3]+left.p[4], s.Stats.Violations, 0.01)
			case name == "resample":
				w2 := 0.0
				for i, p := range target {
					w2 += p * p / left.p[i]
				}
				require.InDelta(t, 1/w2, s.Stats.Effective/192, 0.02)
			}
		})
	}
}

// resampled is the exact distribution of one of K proposals of the left toy, by weights that are cut at a bound:
// a sum over all sets of K.
func resampled(k int, bound float64) []float64 {
	p := make([]float64, len(target))
	weight := func(i int) float64 { return min(target[i]/left.p[i], bound) }
	for _, set := range combin.Cartesian(slices.Repeat([]int{len(target)}, k)) {
		chance, sum := 1.0, 0.0
		for _, i := range set {
			chance *= left.p[i]
			sum += weight(i)
		}
		for _, i := range set {
			p[i] += chance * weight(i) / sum
		}
	}
	return p
}

// Proposals of one side that cannot win any more are not drawn, and what is drawn is
// distributed as if all were.
func TestResamplingDrawsNoMoreThanItNeeds(t *testing.T) {
	const n = 60000
	largest := 0.0
	for i, p := range target {
		largest = max(largest, p/left.p[i])
	}
	for _, k := range []int{2, 4} {
		effective := 0.0
		for _, c := range []struct{ bound, atLeast, atMost float64 }{
			{0, float64(k), float64(k) + 0.1}, {math.Inf(1), float64(k), float64(k) + 0.1}, // all
			{largest, 1.2, 0.95 * float64(k)}, {largest / 2, 1.1, 0.85 * float64(k)},
		} {
			s, err := NewSampler(knowing(t), left, SampleOptions{K: k, Bound: c.bound, Key: rng.Key{Seed: 11}})
			require.NoError(t, err)
			drawn, err := s.Draw(n)
			require.NoError(t, err)
			bound := c.bound
			if bound == 0 {
				bound = math.Inf(1)
			}
			require.Less(t, chiSquare(drawn, resampled(k, bound)), chiSquareLimit, "K %d, bound %v", k, c.bound)
			if bound < largest { // it is another distribution, and this test would see it
				require.Greater(t, chiSquare(drawn, resampled(k, largest)), chiSquareLimit)
				require.InDelta(t, left.p[3]+left.p[4], s.Stats.Violations, 0.01)
			} else {
				require.Zero(t, s.Stats.Violations)
			}
			each := float64(s.Stats.Proposals) / n
			require.GreaterOrEqual(t, each, c.atLeast)
			require.LessOrEqual(t, each, c.atMost)
			switch {
			case c.bound == 0:
				effective = s.Stats.Effective
			case bound >= largest:
				require.InDelta(t, effective, s.Stats.Effective, 0.02)
			}
			require.Zero(t, s.Stats.Acceptance)
		}
	}
}

// scoring is a toy that tells log p of what it draws, and counts what it is asked to score.
type scoring struct {
	toy
	asked *int
}

func (l scoring) DrawScored(ids, lengths []int32, logProbs []float64, key rng.Key, first int) {
	l.Draw(ids, lengths, key, first)
	for i := range logProbs {
		_ = l.toy.LogProbs(logProbs[i:i+1], [][]int32{ids[i*4:][:lengths[i]]})
	}
}

func (l scoring) LogProbs(dst []float64, sentences [][]int32) error {
	*l.asked += len(sentences)
	return l.toy.LogProbs(dst, sentences)
}

// Who proposes is not asked about it, and the sentences are those of all being asked.
func TestKnownIsNotScored(t *testing.T) {
	const n = 500
	for _, o := range []SampleOptions{{K: 7}, {Method: Metropolis, K: 6}, {Method: Reject, Bound: 3}} {
		draw := func(known bool) (x [][]int32, asked [2]int) {
			l, r := scoring{left, &asked[0]}, scoring{right(), &asked[1]}
			c, err := New([]Features{LogRatio{Models: []LogProber{Reversed{r}}, Generator: l}}, []float64{0.5})
			require.NoError(t, err)
			forward, back := Proposer(l), Proposer(r)
			if !known {
				forward, back = left, right()
			}
			s, err := NewSampler(c, forward, o)
			require.NoError(t, err)
			if o.Method != Reject {
				require.NoError(t, s.AlsoBackwards(0, back))
			}
			x, err = s.Draw(n)
			require.NoError(t, err)
			for i, share := range [2]int{s.Stats.Proposals - s.Stats.Proposals/max(1, o.K)*(o.K/2), s.Stats.Proposals / max(1, o.K) * (o.K / 2)} {
				if !known {
					share = 0
				}
				require.Equal(t, s.Stats.Proposals-share, asked[i])
			}
			return x, asked
		}
		want, all := draw(false)
		got, some := draw(true)
		require.Equal(t, want, got)
		require.Less(t, some[0], all[0])
	}
}

// Each of several backwards models has a log ratio of its own; what is known is of the
// first, and the generator is asked once.
func TestLogRatiosOfSeveralModels(t *testing.T) {
	var asked [3]int
	other := another()
	r := LogRatio{
		Models:    []LogProber{Reversed{scoring{right(), &asked[0]}}, Reversed{scoring{other, &asked[1]}}},
		Generator: scoring{left, &asked[2]},
	}
	require.Equal(t, 2, r.Width())
	rows := make([][]float32, len(sentences))
	for i := range rows {
		rows[i] = make([]float32, r.Width())
	}
	known := make([]float64, len(sentences))
	for i := range known {
		known[i] = math.NaN()
		if i%2 == 0 {
			known[i] = math.Log(right().p[i])
		}
	}
	require.NoError(t, r.FillKnown(rows, sentences, Known{Models: [][]float64{known}}))
	for i, row := range rows {
		require.InDelta(t, math.Log(right().p[i]/left.p[i]), row[0], 1e-6)
		require.InDelta(t, math.Log(other.p[i]/left.p[i]), row[1], 1e-6)
	}
	require.Equal(t, [3]int{3, 6, 6}, asked)
}

// A critic begins with half the mean log ratio of its backwards models, wherever the log ratios
// stand among its features; n-grams and statistics have no say yet.
func TestCompose(t *testing.T) {
	counts := toy{sentences: sentences, p: target}
	s := Sources{Generator: left, Statistics: NewStatistics(8, sentences), Backwards: []LogProber{right(), another()}, Ngram: counts}
	for _, x := range []struct {
		names     []string
		at, width int
	}{
		{[]string{Stat, Ratio, Ngram}, 7, 10},
		{[]string{Ngram, Stat, Ratio}, 0, 10},
		{[]string{Ratio, Stat}, 0, 9},
		{[]string{Stat, Ngram}, 7, 8},
		{[]string{Stat}, -1, 7},
	} {
		c, at, err := Compose(x.names, s)
		require.NoError(t, err)
		require.Equal(t, []int{x.at, x.width}, []int{at, c.Width()}, x.names)
		scores, features, err := c.Scores(sentences)
		require.NoError(t, err)
		for i, p := range left.p {
			a, b, n := math.Log(right().p[i]/p), math.Log(another().p[i]/p), math.Log(target[i]/p)
			want := 0.0
			switch {
			case slices.Contains(x.names, Ratio):
				want = (a + b) / 2 / 2
				require.InDeltaSlice(t, []float64{a, b}, []float64{float64(features[i][at]), float64(features[i][at+1])}, 1e-6)
				if slices.Contains(x.names, Ngram) {
					require.InDelta(t, n, features[i][at+2], 1e-6)
				}
			case slices.Contains(x.names, Ngram):
				require.InDelta(t, n, features[i][at], 1e-6)
			}
			require.InDelta(t, want, scores[i], 1e-6)
		}
	}
	for _, names := range [][]string{{"magic"}, {Stat, "magic"}, {}} {
		_, _, err := Compose(names, s)
		require.Error(t, err)
	}
	for _, name := range FeatureNames {
		_, _, err := Compose([]string{name}, Sources{Generator: left})
		require.ErrorContains(t, err, "the feature "+name+" without a model")
	}
}

// What is drawn depends neither on how calls are cut nor on their sizes.
func TestSamplerGoesOn(t *testing.T) {
	for _, o := range []SampleOptions{{K: 6}, {K: 6, Bound: 3}, {Method: Metropolis, K: 5}, {Method: Reject, Bound: 3}} {
		draw := func(calls ...int) (all [][]int32) {
			s, err := NewSampler(knowing(t), left, o)
			require.NoError(t, err)
			if o.Bound == 0 {
				require.NoError(t, s.AlsoBackwards(1, right()))
			}
			for _, n := range calls {
				x, err := s.Draw(n)
				require.NoError(t, err)
				require.Len(t, x, n)
				all = append(all, x...)
			}
			return all
		}
		require.Equal(t, draw(3000), draw(1, 2, 1500, 1497))
	}
}

// One candidate is the proposal itself, row by row.
func TestOneCandidateIsPlainSampling(t *testing.T) {
	s, err := NewSampler(knowing(t), left, SampleOptions{K: 1, Key: rng.Key{Seed: 8}})
	require.NoError(t, err)
	drawn, err := s.Draw(50)
	require.NoError(t, err)
	ids, lengths := make([]int32, 50*4), make([]int32, 50)
	left.Draw(ids, lengths, rng.Key{Seed: 8, Stream: rng.Sample}, 0)
	for i, x := range drawn {
		require.Equal(t, ids[i*4:][:lengths[i]], x)
	}
}

// drawn are sentences of a toy language of these probabilities.
func drawn(p []float64, n int, seed uint64) [][]int32 {
	l := toy{sentences, p, 0}
	ids, lengths := make([]int32, n*4), make([]int32, n)
	l.Draw(ids, lengths, rng.Key{Seed: seed, Stream: rng.Sample}, 0)
	out := make([][]int32, n)
	for i := range out {
		out[i] = ids[i*4:][:lengths[i]]
	}
	return out
}

// byHeart is a feature of lines that its model has learnt: oracle, and 3 more of what it knows.
type byHeart struct{ learnt map[*int32]bool }

func (byHeart) Width() int { return 1 }

func (f byHeart) Fill(dst [][]float32, x [][]int32) error {
	if err := (oracle{}).Fill(dst, x); err != nil {
		return err
	}
	for i := range x {
		if f.learnt[&x[i][0]] {
			dst[i][0] += 3
		}
	}
	return nil
}

// chance is a feature of twelve numbers that each line has been given.
type chance map[*int32][12]float32

func (chance) Width() int { return 12 }

func (f chance) Fill(dst [][]float32, x [][]int32) error {
	for i := range x {
		row := f[&x[i][0]]
		copy(dst[i], row[:])
	}
	return nil
}

// A feature that knows the training lines by heart spoils a critic that learns from them, and
// not one that learns the held-out lines; that one does not look at the training lines, and is judged
// by critics that have not learnt what they judge.
func TestFitOfHeldOutLines(t *testing.T) {
	real, heldReal := drawn(target, 4000, 1), drawn(target, 500, 3)
	f := byHeart{map[*int32]bool{}}
	for _, x := range real {
		f.learnt[&x[0]] = true
	}
	fit := func(f Features, real [][]int32, folds int) Report {
		c, err := New([]Features{f}, nil)
		require.NoError(t, err)
		r, err := c.Fit(Texts{Real: real, Fake: drawn(left.p, 4000, 2), HeldReal: heldReal, HeldFake: drawn(left.p, 3000, 4)}, FitOptions{Seed: 5, Folds: folds})
		require.NoError(t, err)
		return r
	}
	spoilt, good := fit(f, real, 0), fit(f, nil, 5)
	require.False(t, good.Leak())
	require.Less(t, good.Loss, spoilt.Loss-0.01)
	require.InDelta(t, fit(oracle{}, real, 0).Loss, good.Loss, 0.01)
	require.Equal(t, good, fit(f, nil, 5))

	// Nothing can be learnt of numbers that mean nothing: judged by what has learnt them, they seem to.
	noise := chance{}
	for i, x := range heldReal {
		var row [12]float32
		r := rng.Key{Seed: uint64(i)}.Rand()
		for j := range row {
			row[j] = float32(r.NormFloat64())
		}
		noise[&x[0]] = row
	}
	c, err := New([]Features{noise}, nil)
	require.NoError(t, err)
	r, err := c.Fit(Texts{Fake: heldReal[100:300], HeldReal: heldReal[:100], HeldFake: heldReal[300:]}, FitOptions{Seed: 5, Folds: 5})
	require.NoError(t, err)
	require.Greater(t, r.Loss, math.Ln2-2*r.LossErr-0.01)
	require.Greater(t, r.Loss, r.TrainLoss-0.001)
	for _, folds := range []int{1, 501} {
		c, err := New([]Features{oracle{}}, nil)
		require.NoError(t, err)
		_, err = c.Fit(Texts{Fake: real, HeldReal: heldReal, HeldFake: real}, FitOptions{Folds: folds})
		require.ErrorContains(t, err, "parts")
	}
}

// A critic learns the exact log ratio of the toy languages up to a constant
// that the loss fixes, and its report agrees with the exact sums.
func TestFitLearnsTheRatio(t *testing.T) {
	texts := Texts{Real: drawn(target, 20000, 1), Fake: drawn(left.p, 20000, 2), HeldReal: drawn(target, 8000, 3), HeldFake: drawn(left.p, 8000, 4)}
	fit := func() (*Critic, Report) {
		c, err := New([]Features{NewStatistics(8, texts.Real), oracle{}}, nil)
		require.NoError(t, err)
		r, err := c.Fit(texts, FitOptions{Steps: 1200, Seed: 5})
		require.NoError(t, err)
		return c, r
	}
	c, r := fit()
	kl := 0.0
	for i, p := range target {
		want := math.Log(p / left.p[i])
		kl += p * want
		got, _, err := c.Scores(sentences[i : i+1])
		require.NoError(t, err)
		require.InDelta(t, want, got[0], 0.12, "%v", sentences[i])
	}
	require.InDelta(t, kl, r.Gain, 4*r.GainErr)
	loss, accuracy := 0.0, 0.0
	for i, p := range target {
		loss += p/2*math.Log1p(left.p[i]/p) + left.p[i]/2*math.Log1p(p/left.p[i])
		accuracy += max(p, left.p[i]) / 2
	}
	require.InDelta(t, loss, r.Loss, 4*r.LossErr)
	require.InDelta(t, accuracy, r.Accuracy, 4*r.AccErr+1e-9)
	require.False(t, r.Leak())
	again, _ := fit()
	require.Equal(t, c.Params().Hash(), again.Params().Hash())
}

// The graph that is trained and the plain scorer are the same function.
func TestGraphAgreesWithScore(t *testing.T) {
	c, err := New([]Features{NewStatistics(8, sentences)}, nil)
	require.NoError(t, err)
	f, err := c.Features(sentences)
	require.NoError(t, err)
	c.standardise(f, 1)
	c.outW.Uniform(1, rng.Key{Seed: 2, Stream: rng.Critic})
	c.linW.Uniform(1, rng.Key{Seed: 3, Stream: rng.Critic})
	n := len(sentences)
	g, err := c.graph(n)
	require.NoError(t, err)
	want := 0.0
	for i, x := range f {
		for j, v := range x {
			g.x[i*c.learnt+j] = (v - c.mean[j]) / c.sd[j]
		}
		g.labels[i] = float32(1 - 2*(i%2))
		want += softplus(-float64(g.labels[i])*c.Score(x)) / float64(n)
	}
	got, err := g.Run()
	require.NoError(t, err)
	require.InDelta(t, want, got, 1e-5)
}

func TestStatistics(t *testing.T) {
	s := NewStatistics(8, [][]int32{{5, 5, vocab.Eos}, {6, vocab.Unk, vocab.Eos}})
	lp := func(n float64) float64 { return math.Log((n + 0.5) / 6) }
	dst := make([]float32, 7)
	// 5 5 5 has the token 5 twice again and the pair 5 5 once again
	s.fill(dst, []int32{5, 5, 5, vocab.Unk, 7, vocab.Eos})
	sum := 3*lp(2) + lp(1) + lp(0) + lp(2)
	for i, want := range []float64{6, 36, sum / 6, sum, 4, 0, 1} {
		require.InDelta(t, want, dst[i], 1e-5, "number %d", i)
	}
}

func TestReverse(t *testing.T) {
	require.Equal(t, []int32{7, 6, 5, vocab.Eos}, Reverse([]int32{5, 6, 7, vocab.Eos}))
	require.Equal(t, []int32{7, 6, 5}, Reverse([]int32{5, 6, 7}))
	require.Empty(t, Reverse(nil))
}

// A critic that knows its training lines by heart says so.
func TestLeak(t *testing.T) {
	require.True(t, Report{Loss: 0.585, LossErr: 0.02, TrainLoss: 0.32}.Leak())
	require.False(t, Report{Loss: 0.482, LossErr: 0.02, TrainLoss: 0.449}.Leak())
	require.False(t, Report{Loss: 0.6, LossErr: 0.05, TrainLoss: 0.5}.Leak())
}

func TestRefusals(t *testing.T) {
	_, err := New(nil, nil)
	require.Error(t, err)
	_, err = New([]Features{oracle{}}, []float64{1, 2})
	require.Error(t, err)
	_, err = knowing(t).Fit(Texts{}, FitOptions{})
	require.Error(t, err)
	for _, o := range []SampleOptions{{Method: "magic"}, {K: -1}, {Bound: -1}, {Bound: math.NaN()}, {Method: Reject}, {Method: Reject, Bound: math.Inf(1)}} {
		_, err := NewSampler(knowing(t), left, o)
		require.Error(t, err)
	}
	s, err := NewSampler(knowing(t), left, SampleOptions{Method: Reject, Bound: 1e9})
	require.NoError(t, err)
	require.Error(t, s.AlsoBackwards(1, right()))
	_, err = s.Draw(10)
	require.ErrorContains(t, err, "resample")
	s, err = NewSampler(knowing(t), left, SampleOptions{K: 1})
	require.NoError(t, err)
	require.Error(t, s.AlsoBackwards(1, right()))
}

// Calibrated weights have the means that are wanted, and are the given ones times the
// exponential of a linear function.
func TestCalibrate(t *testing.T) {
	const n = 4000
	r := rng.Key{Seed: 4}.Rand()
	log, f := make([]float64, n), make([][]float32, n)
	for i := range f {
		x := r.NormFloat64()
		f[i] = []float32{float32(9 + 2*x), float32(x*x + 0.1*r.NormFloat64()), 3}
		log[i] = 0.3 * r.NormFloat64()
	}
	given := slices.Clone(log)
	want := []float64{9.8, 1.3, 7} // the last one never varies
	Calibrate(log, f, want)
	sum, mean := 0.0, [2]float64{}
	for i, v := range log {
		w := math.Exp(v)
		sum += w
		for j := range mean {
			mean[j] += w * float64(f[i][j])
		}
	}
	for j := range mean {
		require.InDelta(t, want[j], mean[j]/sum, 0.01)
	}
	// two sentences fix the two slopes that a third one confirms
	slope := func(i, j int) (d [2]float64, change float64) {
		return [2]float64{float64(f[i][0] - f[j][0]), float64(f[i][1] - f[j][1])}, (log[i] - given[i]) - (log[j] - given[j])
	}
	a, p := slope(0, 1)
	b, q := slope(2, 3)
	det := a[0]*b[1] - a[1]*b[0]
	l := [2]float64{(p*b[1] - q*a[1]) / det, (q*a[0] - p*b[0]) / det}
	for i := range 50 {
		d, change := slope(i, i+50)
		require.InDelta(t, l[0]*d[0]+l[1]*d[1], change, 1e-3)
	}
}

// number is a feature of the tests: a hundredth of an id of a sentence.
type number struct{ of int }

func (number) Width() int { return 1 }

func (f number) Fill(dst [][]float32, sentences [][]int32) error {
	for i, x := range sentences {
		dst[i][0] = float32(x[f.of]) / 100
	}
	return nil
}

// A limit keeps the mean of a feature over what is resampled, takes no more off than it needs, and
// leaves the mean weight what it was.
func TestLimit(t *testing.T) {
	const n = 4000
	var texts Texts
	r := rng.Key{Seed: 9}.Rand()
	for _, to := range []*[][]int32{&texts.Real, &texts.HeldReal, &texts.Fake, &texts.HeldFake} {
		for range n {
			x := r.NormFloat64()
			if to == &texts.Real || to == &texts.HeldReal {
				x++
			}
			// the second number goes with the first
			*to = append(*to, []int32{int32(100 * x), int32(100 * (x + r.NormFloat64()))})
		}
	}
	fit := func(more float64, folds int) (*Critic, Report) {
		c, err := New([]Features{number{0}}, nil)
		require.NoError(t, err)
		require.NoError(t, c.Limit(number{1}, more))
		report, err := c.Fit(texts, FitOptions{Steps: 200, Every: 100, Seed: 2, Folds: folds})
		require.NoError(t, err)
		return c, report
	}
	for _, folds := range []int{0, 3} {
		free, learnt := fit(100, folds)
		require.Zero(t, free.limit.Data[0])
		f, err := free.Features(texts.Fake)
		require.NoError(t, err)
		// rise is by how much the mean of the second number over one of four exceeds that over all.
		rise := func(c *Critic) (by float64) {
			scores := c.scoreAll(f)
			for lo := 0; lo < n; lo += 4 {
				sum, part := 0.0, 0.0
				for i := lo; i < lo+4; i++ {
					w := math.Exp(scores[i])
					sum, part, by = sum+w, part+w*float64(f[i][1]), by-float64(f[i][1])/n
				}
				by += part / sum / (n / 4)
			}
			return by
		}
		most := rise(free)
		require.Greater(t, most, 0.5)
		for _, more := range []float64{0, most / 3} {
			c, report := fit(more, folds)
			require.InDelta(t, more, rise(c), 1e-4)
			require.Greater(t, report.Loss, learnt.Loss)
			scores, linear := c.scoreAll(f), slices.Clone(c.limit.Data)
			clear(c.limit.Data)
			require.InDelta(t, floats.LogSumExp(c.scoreAll(f)), floats.LogSumExp(scores), 1e-4)
			for i, x := range f[:20] {
				require.InDelta(t, c.Score(x)+float64(linear[0]*x[1]+linear[1]), scores[i], 1e-5)
			}
		}
	}
	c, err := New([]Features{number{0}}, nil)
	require.NoError(t, err)
	require.Error(t, c.Limit(NewStatistics(8, sentences), 0))
	require.Error(t, c.Limit(number{1}, -1))
	require.Error(t, c.Limit(number{1}, math.NaN()))
	require.NoError(t, c.Limit(number{1}, 0))
	require.Error(t, c.Limit(number{1}, 0), "a second one")
}
