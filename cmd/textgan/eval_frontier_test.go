package main

import (
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/train/model"
	"textgan/train/rundir"
)

// Whatever a tokeniser makes of a sentence must count as equal to itself, or
// self-BLEU comes out too low: the period in the middle stays with its word
// under the Penn Treebank rules, and so is no word of any model.
func TestFrontierKnowsTheWordsOfTheSamples(t *testing.T) {
	suite, err := eval.NewSuite(eval.SuiteOptions{Reference: []string{"other text"}, Tokenize: eval.PTB, Tokenizer: "ptb", Case: "mixed", MaxN: 2})
	require.NoError(t, err)
	text := []string{"a cat sat. it slept", "a cat sat. it slept"}
	planes, err := placeAll(suite, []family{{name: "gan"}}, []samples{{temperature: 1, texts: [][][]string{{text}}}})
	require.NoError(t, err)
	require.Len(t, planes, 2)
	self, err := eval.SelfBLEU(eval.NewLexicon().Add(text, eval.PTB), eval.Options{MaxN: 2, Tokenizer: "ptb", Case: "mixed"})
	require.NoError(t, err)
	require.Equal(t, 1.0, self.ByOrder[1])
	require.Equal(t, self.ByOrder[1], planes[0].Points[0].X)
	require.Equal(t, self.Signature, planes[0].Signatures[0])
	require.Contains(t, planes[1].Signatures[1], "|vocabulary:7|trained:1|lines:2|")
}

// Two seeds that differ by far more than their repeats do have the error of two
// numbers, not of eight.
func TestErrorsAreThoseOfSeeds(t *testing.T) {
	short, long := []string{"a b", "a c"}, []string{"a b c d e f g", "a b c d e f h"}
	suite, err := eval.NewSuite(eval.SuiteOptions{Reference: long, Tokenize: strings.Fields, Tokenizer: "whitespace", Case: "mixed", MaxN: 2})
	require.NoError(t, err)
	repeats := func(text []string) [][]string { return [][]string{text, text, text, text} }
	planes, err := placeAll(suite, []family{{name: "gan"}}, []samples{{temperature: 1, texts: [][][]string{repeats(short), repeats(long)}}})
	require.NoError(t, err)
	single := func(text []string) float64 {
		p, err := suite.Points(suite.Encode(text))
		require.NoError(t, err)
		return p[0].Y
	}
	require.InDelta(t, math.Abs(single(short)-single(long))/2, planes[0].Points[0].ErrY, 1e-12)
}

// Games whose bases differ in their seed alone are seeds of one setting, whatever their own
// seed is; if their bases differ in more, or cannot be looked at, they are not.
func TestSeedsOfBases(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = "textgan train --corpus-lines 60 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --d-emb 8 --d-filters 4 "
	for _, line := range []string{
		"--model mle --mle-steps 4 --eval-every 1 --lr 0.3 --seed 1 --run base1",
		"--model mle --mle-steps 4 --eval-every 1 --lr 0.3 --seed 5 --run base2",
		"--model mle --mle-steps 1 --eval-every 1 --lr 0.3 --seed 3 --run base3",
		"--d-pretrain 0 --estimator reinforce --adv-steps 1 --warm-start base1 --seed 7 --run a",
		"--d-pretrain 0 --estimator reinforce --adv-steps 1 --warm-start base2 --seed 7 --run b",
		"--d-pretrain 0 --estimator reinforce --adv-steps 1 --warm-start base2 --seed 8 --run c",
		"--d-pretrain 0 --estimator reinforce --adv-steps 1 --warm-start base3 --seed 7 --run d",
		"--d-pretrain 0 --estimator reinforce --adv-steps 1 --warm-start base1 --seed 7 --lr 0.2 --run e",
	} {
		var talk strings.Builder
		require.Zero(t, runOut(io.Discard, &talk, small+line), talk.String())
	}
	p := &process{talk: io.Discard}
	families := func(dirs ...string) (names []string) {
		models, err := p.loadAll(dirs, "last", false)
		require.NoError(t, err)
		all, err := familiesOf(models, dirs)
		require.NoError(t, err)
		for _, f := range all {
			names = append(names, f.name)
		}
		return names
	}
	rates := map[float64]bool{}
	for _, dir := range []string{"a", "b"} {
		m, err := model.Load(dir, "last")
		require.NoError(t, err)
		c, err := rundir.Open(dir)
		require.NoError(t, err)
		settings, err := model.Settings(c)
		require.NoError(t, err)
		rate, err := strconv.ParseFloat(settings["lr"].Text, 64)
		require.NoError(t, err)
		rates[rate] = true
		require.Equal(t, []string{"7", map[string]string{"a": "1", "b": "5"}[dir]}, m.Seeds())
	}
	require.Len(t, rates, 2, "the bases have cut their step sizes as often as each other")
	require.Equal(t, []string{"gan a (3 seeds)", "gan d", "gan e"}, families("a", "b", "c", "d", "e"))
	var talk strings.Builder
	require.Equal(t, 2, runOut(io.Discard, &talk, "textgan eval frontier --run a,a"))
	require.Contains(t, talk.String(), "a and a are one model, of seed 7 on 1; a mean over seeds takes each once")

	require.NoError(t, os.Rename("base2", "elsewhere"))
	require.Equal(t, []string{"gan a", "gan b (2 seeds)"}, families("a", "b", "c"))
	require.NoError(t, os.Rename("base1", "elsewhere too"))
	require.Equal(t, []string{"gan a", "gan b (2 seeds)"}, families("a", "b", "c"))
}

// A verdict says by what it is told, and no line ends in spaces.
func TestPrintPlanes(t *testing.T) {
	at := func(name string, v *eval.Verdict) eval.Placed {
		return eval.Placed{Point: eval.Point{Name: name, Temperature: 1}, Verdict: v}
	}
	plane := eval.Plane{X: "x", Y: "y", Curve: []eval.Placed{at("mle m", nil)}, Signatures: [2]string{"y", "x"}, Points: []eval.Placed{
		at("gan a", &eval.Verdict{Place: eval.Outside, Gap: .1, ErrGap: .2, Corner: true}),
		at("gan b", &eval.Verdict{Place: eval.WithinNoise, Gap: .1, ErrGap: .2}),
	}}
	lm := plane
	lm.X, lm.Y = eval.LMAxes().X, eval.LMAxes().Y
	var out strings.Builder
	require.NoError(t, (&process{out: &out}).printPlanes([]eval.Plane{plane, lm}, nil, ""))
	require.Contains(t, out.String(), "gan a  outside (+0.1000 ± 0.2000) corner\n")
	require.Contains(t, out.String(), "gan b  within noise (+0.1000 ± 0.2000)\n")
	require.Equal(t, 1, strings.Count(out.String(), "corner: the gap does not tell"))
	require.NotContains(t, out.String(), " \n")
}

// A point that is outside in a plane of BLEU and copies more than the curve is named under
// the tables; one that does but one of both is not.
func TestOutsideByCopies(t *testing.T) {
	at := func(name string, tau float64, place eval.Place) eval.Placed {
		return eval.Placed{Point: eval.Point{Name: name, Temperature: tau}, Verdict: &eval.Verdict{Place: place}}
	}
	plane := func(axes eval.Axes, points ...eval.Placed) eval.Plane {
		return eval.Plane{X: axes.X, Y: axes.Y, Curve: []eval.Placed{{Point: eval.Point{Name: "mle m"}}}, Points: points, Signatures: [2]string{"x", "y"}}
	}
	planes := []eval.Plane{
		plane(eval.BLEUAxes(2), at("a", 1, eval.WithinNoise), at("a", .8, eval.Outside), at("b", 1, eval.Outside), at("c", 1, eval.Inside)),
		plane(eval.BLEUAxes(3), at("a", 1, eval.Outside), at("a", .8, eval.Outside), at("b", 1, eval.WithinNoise), at("c", 1, eval.WithinNoise)),
		plane(eval.LMAxes(), at("a", 1, eval.Inside), at("a", .8, eval.Outside), at("b", 1, eval.Outside), at("c", 1, eval.Outside)),
		plane(eval.CopyAxes(3), at("a", 1, eval.CopiesMore), at("a", .8, eval.CopiesMore), at("b", 1, eval.CopiesLess), at("c", 1, eval.CopiesMore)),
	}
	print := func() string {
		var out strings.Builder
		require.NoError(t, (&process{out: &out}).printPlanes(planes, nil, ""))
		return out.String()
	}
	require.Contains(t, print(), "\noutside, and copies more: the gain in BLEU of a at 1, a at 0.8 may be copied text.\n")
	planes[3].Points = planes[3].Points[2:]
	require.NotContains(t, print(), "copied text")
}
