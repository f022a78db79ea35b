package eval

import (
	"encoding/json"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
)

// A suite says what the metrics say one by one.
func TestSuite(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 5))
	real, train, text := captions(r, 60), captions(r, 80), captions(r, 40)
	lengths := func(lines []string) (*mat.Dense, error) {
		m := mat.NewDense(len(lines), 2, nil)
		for i, line := range lines {
			m.SetRow(i, []float64{float64(len(line)), float64(strings.Count(line, "1"))})
		}
		return m, nil
	}
	s, err := NewSuite(SuiteOptions{Reference: real, Train: train, Tokenize: strings.Fields, MaxN: 3, Features: lengths, Encoder: "lengths", Seed: 2})
	require.NoError(t, err)
	require.NoError(t, s.Learn(text))
	m, err := s.Judge(text)
	require.NoError(t, err)

	x := NewLexicon()
	realIDs, trainIDs, ids := x.Add(real, strings.Fields), x.Add(train, strings.Fields), x.Add(text, strings.Fields)
	refs, err := NewReferences(realIDs, 3)
	require.NoError(t, err)
	bleu, err := BLEU(refs, ids, Options{MaxN: 3})
	require.NoError(t, err)
	require.Equal(t, bleu, m.BLEU)
	self, err := SelfBLEU(ids, Options{MaxN: 3})
	require.NoError(t, err)
	require.Equal(t, self, *m.SelfBLEU)
	of := func(model, text [][]int32) LMScore {
		k, err := NewKneserNey(model, 5, x.Len())
		require.NoError(t, err)
		score, err := k.Score(text)
		require.NoError(t, err)
		return score
	}
	require.Equal(t, of(realIDs, ids), *m.LM)
	require.Equal(t, of(ids, realIDs), *m.ReverseLM)
	likeness, err := Compare(ids, trainIDs, 3)
	require.NoError(t, err)
	require.Equal(t, likeness.Novelty, *m.Novelty)
	require.Equal(t, likeness.Copies, *m.Copies)
	require.Equal(t, MSJaccard(ids, realIDs, 3), m.MSJaccard)
	a, _ := lengths(text)
	var some []string // two of three
	for i := 0; i < 60; i += 3 {
		some = append(some, real[i], real[i+1])
	}
	b, _ := lengths(some)
	frechet, err := Frechet(a, b)
	require.NoError(t, err)
	require.Equal(t, frechet, m.Features.Frechet)
	require.Equal(t, 40, m.Features.Lines)
	longer, err := s.Judge(append(slices.Clone(text), text...))
	require.NoError(t, err)
	require.Equal(t, 60, longer.Features.Lines)
	a, _ = lengths(Every(slices.Concat(text, text), 60))
	b, _ = lengths(real)
	frechet, err = Frechet(a, b)
	require.NoError(t, err)
	require.Equal(t, frechet, longer.Features.Frechet)

	require.Empty(t, m.LeftOut)
	// What cannot be computed of a text is missing by name, the rest is there.
	single, err := s.Judge(text[:1])
	require.NoError(t, err)
	require.Nil(t, single.SelfBLEU)
	require.Nil(t, single.Features)
	require.NotNil(t, single.LM)
	require.Contains(t, single.LeftOut["self-BLEU"], "2")
	require.Contains(t, single.LeftOut["MAUVE"], "at least 2")
	_, err = json.Marshal(single)
	require.NoError(t, err)

	points, err := s.Points(s.Encode(text))
	require.NoError(t, err)
	require.Len(t, points, 4) // BLEU-2, BLEU-3, LM, copies
	require.Equal(t, self.ByOrder[2], points[3].X)
	require.Equal(t, m.Copies.Share, points[3].Y)
	require.Equal(t, m.Copies.ErrShare, points[3].ErrY)
	// The covariance by scoring each line alone.
	var x2, y2 []float64
	for i, line := range ids {
		others, err := NewReferences(append(slices.Clone(ids[:i]), ids[i+1:]...), 3)
		require.NoError(t, err)
		ofLine, err := BLEU(others, [][]int32{line}, Options{MaxN: 3})
		require.NoError(t, err)
		x2 = append(x2, ofLine.ByOrder[2])
		ofLine, err = BLEU(refs, [][]int32{line}, Options{MaxN: 3})
		require.NoError(t, err)
		y2 = append(y2, ofLine.ByOrder[2])
	}
	require.InDelta(t, stat.Covariance(x2, y2, nil)/40, points[1].Cov, 1e-12)
	require.Greater(t, points[1].Cov, 0.0)
	require.Zero(t, points[2].Cov, "lines of the text, and of the reference")
	points[1].Cov = 0
	require.Equal(t, Point{X: self.ByOrder[2], Y: bleu.ByOrder[2], ErrX: self.StdErr[2], ErrY: bleu.StdErr[2], Signatures: [2]string{self.Signature, bleu.Signature}}, points[1])
	require.Equal(t, m.ReverseLM.Nats, points[2].X)
	require.Equal(t, [2]string{m.ReverseLM.Signature, m.LM.Signature}, points[2].Signatures)

	require.ErrorContains(t, s.Learn(text), "cannot learn")
	_, err = NewSuite(SuiteOptions{Tokenize: strings.Fields})
	require.ErrorContains(t, err, "needs reference lines")
	_, err = s.Judge(nil)
	require.Error(t, err)
}

// How many reference lines are learnt is told without another reading of either text.
func TestReferenceLearnt(t *testing.T) {
	var read atomic.Int64 // lines are tokenised in parallel
	tokenize := func(line string) []string {
		read.Add(1)
		return strings.Fields(line)
	}
	reference, learnt := []string{"a b", "c d", "e"}, []string{"c  d", "f", "a b "}
	s, err := NewSuite(SuiteOptions{Reference: reference, Train: learnt, Tokenize: tokenize})
	require.NoError(t, err)
	require.Equal(t, 2, s.ReferenceLearnt())
	require.EqualValues(t, len(reference)+len(learnt), read.Load())
}
