package twosample

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// language draws lines of independent words, the length geometric: the exact
// probability of a line is a product.
type language struct {
	p   []float64
	end float64
}

func (l language) draw(r *rand.Rand, n int) (lines [][]int32) {
	for range n {
		var x []int32
		for r.Float64() > l.end {
			u, id := r.Float64(), 0
			for u -= l.p[0]; u > 0 && id < len(l.p)-1; u -= l.p[id] {
				id++
			}
			x = append(x, int32(id))
		}
		lines = append(lines, x)
	}
	return lines
}

func (l language) log(x []int32) float64 {
	s := math.Log(l.end)
	for _, id := range x {
		s += math.Log((1 - l.end) * l.p[id])
	}
	return s
}

// divergence is the Jensen-Shannon divergence in nats and the accuracy of the best
// classifier, over many drawn lines of known probability.
func divergence(a, b language, r *rand.Rand) (nats, accuracy float64) {
	const n = 200000
	for i, l := range []language{a, b} {
		sign := 1 - 2*float64(i)
		for _, x := range l.draw(r, n) {
			s := sign * (a.log(x) - b.log(x))
			nats += (math.Ln2 - math.Log1p(math.Exp(-s))) / 2 / n
			if s > 0 {
				accuracy += 1. / 2 / n
			}
		}
	}
	return nats, accuracy
}

// Two languages of known distance: the estimate is below it and near.
func TestKnownDivergence(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	even, skewed := language{end: .12}, language{end: .15}
	for i := range 20 {
		even.p = append(even.p, 1./20)
		skewed.p = append(skewed.p, (1+.4*float64(1-2*(i%2)))/20)
	}
	nats, accuracy := divergence(even, skewed, r)
	got, err := Test(even.draw(r, 4000), skewed.draw(r, 4000), 1)
	require.NoError(t, err)
	t.Logf("exact %.4f nats, accuracy %.4f; seen %+v", nats, accuracy, got)
	require.Less(t, got.Nats, nats+3*got.NatsErr)
	require.Greater(t, got.Nats, nats-.03)
	require.Less(t, got.Accuracy, accuracy+3*got.AccuracyErr)
	require.Greater(t, got.Accuracy, accuracy-.03)
	require.Equal(t, 4000, got.Lines)
}

// Two texts of one language: the interval of the accuracy holds 1/2 as often as a
// normal one of 95 % should, and no nats are found.
func TestNull(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	l := language{end: .12}
	for i := range 30 {
		l.p = append(l.p, 2*float64(i+1)/30/31)
	}
	runs, outside := 24, 0
	if testing.Short() {
		runs = 6
	}
	for seed := range runs {
		got, err := Test(l.draw(r, 400), l.draw(r, 500), uint64(seed))
		require.NoError(t, err)
		require.Equal(t, 400, got.Lines)
		require.LessOrEqual(t, got.Nats, 4*got.NatsErr)
		if math.Abs(got.Accuracy-.5) > 1.96*got.AccuracyErr {
			outside++
		}
	}
	t.Logf("%d of %d outside", outside, runs)
	require.LessOrEqual(t, outside, 4)
}

func TestSameForEqualSeeds(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	l := language{p: []float64{.5, .3, .2}, end: .2}
	a, b := l.draw(r, 90), l.draw(r, 90)
	b[3] = append(b[3], -1) // a word that the lexicon does not hold
	first, err := Test(a, b, 7)
	require.NoError(t, err)
	again, err := Test(a, b, 7)
	require.NoError(t, err)
	require.Equal(t, first, again)
	_, err = Test(a[:59], b, 7)
	require.ErrorContains(t, err, "at least 60 lines")
}

// A text that is made of lines of the other is none that was drawn beside it: a critic
// would tell even a text from itself. Lines that both have by chance are no copies, however
// many and however unevenly they are spread.
func TestCopiesAreNotJudged(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	l := language{end: .1}
	for range 40 {
		l.p = append(l.p, 1./40)
	}
	a, b := l.draw(r, 300), l.draw(r, 300)
	const want = "needs texts that were drawn apart, and"
	_, err := Test(a, a, 1)
	require.ErrorContains(t, err, want)
	_, err = Test(a, append(append([][]int32{}, a[:150]...), b[:150]...), 1)
	require.ErrorContains(t, err, want)
	_, err = Test(a, append(append([][]int32{}, a...), b...), 1) // 150 of those that are taken
	require.ErrorContains(t, err, want)

	short := language{p: []float64{.3, .2, .2, .1, .1, .05, .03, .02}, end: .4}
	for range 40 {
		x, y := short.draw(r, 200), l.draw(r, 200)
		_, err := drawnApart([2][3][][]int32{{x}, {short.draw(r, 200)}})
		require.NoError(t, err)
		_, err = drawnApart([2][3][][]int32{{append(x, y...)}, {append(short.draw(r, 200), l.draw(r, 200)...)}})
		require.NoError(t, err)
	}
}

// So few copies that they are not refused are no difference between the texts either: the
// interval of the accuracy leaves 1/2 out no more often than between texts without one, and
// no nats are found. They are counted.
func TestFewCopies(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	l := language{end: .06}
	for range 40 {
		l.p = append(l.p, 1./40)
	}
	runs := 60
	if testing.Short() {
		runs = 12
	}
	const n, copies = 120, 24
	outside, found, mean := 0, 0, 0.
	for seed := range runs {
		a, b := l.draw(r, n), l.draw(r, n)
		copy(b, a[:copies])
		got, err := Test(a, b, uint64(seed))
		if err != nil { // lines that are equal by chance came on top
			require.ErrorContains(t, err, "drawn apart")
			continue
		}
		require.GreaterOrEqual(t, got.Shared, copies)
		mean += got.Accuracy / float64(runs)
		if math.Abs(got.Accuracy-.5) > 1.96*got.AccuracyErr {
			outside++
		}
		if got.Nats > 1.96*got.NatsErr {
			found++
		}
	}
	t.Logf("of %d: %d outside, nats found in %d; mean accuracy %.4f", runs, outside, found, mean)
	require.LessOrEqual(t, outside, max(3, runs/10))
	require.LessOrEqual(t, found, max(1, runs/20))
}
