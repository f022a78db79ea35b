package main

import (
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
	require.Contains(t, play(train.Adversarial, .9)[0], "the gradient of the generator has norm 2e+03 on average over the last 50 steps: the loss is too steep to follow; try a smaller --g-lr")

	var s signs
	e := train.Evaluation{Phase: train.Adversarial, SelfBLEU: eval.ByOrder{1, 1, 1, .99}, Different: .05}
	require.Empty(t, s.eval(e, .3), "real lines repeat too")
	require.Contains(t, s.eval(e, .98), "5.0 % different lines, self-BLEU-4 0.990 (real lines: 98.0 % different)")
	require.Empty(t, s.eval(e, .98), "said already")
	s = signs{}
	e.Different = .6
	require.Empty(t, s.eval(e, .98))
	require.InDelta(t, 2./3, differentShare(strings.Fields("a b a")), 1e-9)
}
