package main

import (
	"bytes"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/train"
	"textgan/train/rundir"
)

// A saturated discriminator and collapsed samples are pointed out, once; a game
// that goes well is not.
func TestSigns(t *testing.T) {
	norms := []rundir.Field{{Name: "norm/d", Value: .2}, {Name: "norm/g", Value: .1}}
	play := func(phase string, accuracy float64) (said []string) {
		var s signs
		for range 3 * window {
			p := train.Progress{Phase: phase, Fields: append(norms, rundir.Field{Name: "accuracy/d", Value: accuracy})}
			if w := s.step(p); w != "" {
				said = append(said, w)
			}
		}
		return said
	}
	require.Len(t, play(train.Adversarial, .996), 1)
	require.Contains(t, play(train.Adversarial, .996)[0], "tells 99.6 % of the pairs")
	require.Contains(t, play(train.Adversarial, .996)[0], "(gradient norm 0.2)")
	require.Empty(t, play(train.Adversarial, .9))
	require.Empty(t, play(train.Discriminator, 1))

	norms[0].Value = 1000.
	require.Len(t, play(train.Adversarial, .9), 1)
	require.Contains(t, play(train.Adversarial, .9)[0], "the gradient of the discriminator has norm 1e+03")
	require.Len(t, play(train.Adversarial, .996), 2, "both are said")
	norms[1].Value = 2000.
	require.Len(t, play(train.Adversarial, .996), 2)
	norms[0].Value = .2
	require.Len(t, play(train.Adversarial, .996), 1, "against a discriminator that tells all the generator's need not be said")
	require.Contains(t, play(train.Adversarial, .996)[0], "tells 99.6 % of the pairs")
	require.Contains(t, play(train.Adversarial, .9)[0], "the gradient of the generator has norm 2e+03 on average over the last 50 steps: the loss is too steep to follow; try a smaller --g-lr")

	var s signs
	e := train.Evaluation{Phase: train.Adversarial, SelfBLEU: eval.ByOrder{1, 1, 1, .99}, Different: .05}
	require.Empty(t, s.eval(e, .3), "real lines repeat too")
	require.Contains(t, s.eval(e, .98), "5.0 % different lines, self-BLEU-4 0.990 (real lines: 98.0 % different)")
	require.Empty(t, s.eval(e, .98), "said already")
	s = signs{}
	e.Different = .6
	require.Empty(t, s.eval(e, .98))
}

// A run that has come to nonsense by finite numbers says so at its end, and which step size
// was too large; one that merely has learnt nothing yet does not.
func TestSignsAtTheEnd(t *testing.T) {
	rows := func(nll ...float64) (rows []train.Evaluation) {
		for i, x := range nll {
			rows = append(rows, train.Evaluation{Phase: []string{train.Likelihood, train.Adversarial}[i], NLL: x})
		}
		return rows
	}
	chance := math.Log(100)
	for _, c := range []struct {
		rows        []train.Evaluation
		phase, name string
		size        float64
		want        string
	}{
		{nil, train.Likelihood, "g.output.w", 3, ""},
		{rows(1.01*chance, 1.5*chance), train.Likelihood, "g.output.w", 3, ""},
		{rows(1e30, chance), train.Likelihood, "g.output.w", 3, ""},
		{rows(1e30), train.Likelihood, "g.output.w", 1e30, "this run has diverged: NLL 1e+30 nats per held-out token after likelihood, where equal chances for all tokens give 4.605; try a smaller --lr"},
		{rows(1e30, 1e30), train.Likelihood, "g.output.w", 1e30, "after likelihood, where equal chances for all tokens give 4.605; try a smaller --lr"},
		{rows(2, 3*chance), train.Likelihood, "g.output.w", 3, "after adversarial, where equal chances for all tokens give 4.605; try a smaller --g-lr"},
		{rows(2), train.Likelihood, "g.output.w", 1e10, "a weight of g.output.w has come to 1e+10; try a smaller --lr"},
		{rows(2, 2), train.Likelihood, "g.output.w", 1e10, "a weight of g.output.w has come to 1e+10; try a smaller --lr or --g-lr"},
		{rows(2, 2), train.Discriminator, "d.score.w", 2e9, "a weight of d.score.w has come to 2e+09; try a smaller --d-lr"},
		{rows(2), train.Likelihood, "g.output.b", 1e9, ""},
		{rows(2), train.BackwardsPhase, "backwards.g.output.b", 8e10, "try a smaller --back-lr"},
		{rows(2, 2), train.Discriminator, "d.score.w", math.NaN(), "a weight of d.score.w has come to NaN"},
	} {
		if got := ended(c.rows, 100, math.Inf(1), c.phase, c.name, c.size); c.want == "" {
			require.Empty(t, got)
		} else {
			require.Contains(t, got, c.want)
		}
	}
}

func TestDivergedRunSaysSo(t *testing.T) {
	t.Chdir(t.TempDir())
	// Of few lines, each of other words, the held-out ones are no more likely than nonsense.
	require.NoError(t, os.WriteFile("words.txt", []byte("a b c d\ne f g h\ni j k l\nm n o p\n"), 0o600))
	var few bytes.Buffer
	require.Zero(t, runOut(io.Discard, &few, "textgan train --model mle --corpus words.txt --mle-steps 150 --lr 0.05 --dropout 0 --eval-every 0 --eval-samples 2 --hidden 8 --emb 8 --run few"))
	require.Contains(t, few.String(), "textgan: the text is learnt by heart: NLL ")
	require.NotContains(t, few.String(), "diverged")
	const small = "textgan train --model mle --mle-steps 20 --eval-every 10 --eval-samples 2 --hidden 8 --emb 8 --corpus-lines 100 --run "
	for run, want := range map[string]int{"wild --lr 1e30": 1, "tame": 0} {
		var talk bytes.Buffer
		require.Zero(t, runOut(io.Discard, &talk, small+run))
		require.Equal(t, want, strings.Count(talk.String(), "diverged"), talk.String())
	}
}
