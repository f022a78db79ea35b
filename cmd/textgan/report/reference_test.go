package report

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/train/rundir"
)

// lines of a small language, n of them from the first on, in the order of a step through it.
func someLines(first, n, step int) (lines []string) {
	for i := range n {
		k := (first + i*step) % 3125
		word := func() string { w := fmt.Sprint("w", k%5); k /= 5; return w }
		lines = append(lines, strings.Join([]string{word(), word(), word(), word(), word()}, " "))
	}
	return lines
}

// A change in BLEU, self-BLEU, valid and NLL has an interval over what the run keeps, and none
// where that is no longer what the numbers came from. Real text is judged like samples.
func TestIntervalsOfARun(t *testing.T) {
	held, train := someLines(0, 60, 7), someLines(3, 400, 11)
	w, err := rundir.Create(filepath.Join(t.TempDir(), "run"), rundir.Content{
		HeldOut: []byte(strings.Join(held, "\n") + "\n"), Manifest: rundir.Manifest{HeldOut: &rundir.Corpus{Lines: 60}},
	}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	words := eval.NewLexicon()
	refs, err := eval.NewReferences(words.Add(held, strings.Fields), 5)
	require.NoError(t, err)
	score := func(lines []string) (bleu, self eval.Score) {
		bleu, err := eval.BLEU(refs, words.Find(lines, strings.Fields), eval.Options{MaxN: 5})
		require.NoError(t, err)
		self, err = eval.SelfBLEU(eval.NewLexicon().Add(lines, strings.Fields), eval.Options{MaxN: 5})
		require.NoError(t, err)
		return bleu, self
	}
	samples := [][]string{someLines(1, 80, 13), someLines(0, 80, 7)} // the second has what is held out in it
	for i, phase := range []string{"likelihood", "adversarial"} {
		bleu, self := score(samples[i])
		require.NoError(t, w.Log(i+1, rundir.Field{Name: "phase", Value: phase}))
		require.NoError(t, w.Log(i+1, rundir.Field{Name: "nll/valid", Value: 2 + .5*float64(i)}, rundir.Field{Name: "bleu/4", Value: bleu.ByOrder[3]},
			rundir.Field{Name: "self_bleu/4", Value: self.ByOrder[3]}, rundir.Field{Name: "valid", Value: .25 + .5*float64(i)}))
		require.NoError(t, w.SaveSamples(i+1, samples[i]))
	}
	require.NoError(t, w.Close())
	o := Options{Train: train, Tokenize: strings.Fields, NLL: func(step int) (nats []float64, tokens []int, err error) {
		for i := range 60 { // one line in two is 1 nat a token worse at step 2
			nats, tokens = append(nats, 12+6*float64((step-1)*(i%2))), append(tokens, 6)
		}
		return nats, tokens, nil
	}}
	html := func() string {
		require.NoError(t, Write(&w.Run, o))
		content, err := os.ReadFile(w.Path(HTMLFile))
		require.NoError(t, err)
		return strings.ReplaceAll(string(content), "&#43;", "+")
	}
	page := html()
	first, _ := score(samples[0])
	second, _ := score(samples[1])
	bleu := columnOf("bleu/4")
	by := second.ByOrder[3] - first.ByOrder[3]
	require.Greater(t, by, .1)
	for _, want := range []string{
		// .5 and 1.96 * sqrt(60/59 * 60 * 3^2) / 360
		"2.5000 against 2.0000 nats a token (+0.5000, 95 % interval +0.3724 to +0.6276), on the same 60 held-out lines.",
		fmt.Sprintf("BLEU-4 went up by %.3f to %.3f (95 %% interval of the change %s)", by, second.ByOrder[3], normal(by, math.Hypot(first.StdErr[3], second.StdErr[3])).between(bleu)),
		"25.0 % after likelihood, 75.0 % after adversarial (+50.0 points, 95 % interval " + proportions(.25, 80, .75, 80).between(columnOf("valid")),
		"more BLEU than real text is a sign of safe sentences",
		`<th scope="row">real text</th>`,
		"Real text: 80 lines of the training text",
		"dotted: real text",
	} {
		require.True(t, strings.Contains(page, want), want)
	}

	o.NLL = func(int) ([]float64, []int, error) { return nil, nil, errors.New("the weights are gone") }
	require.NoError(t, os.WriteFile(filepath.Join(w.Path("samples"), "step-2.txt"), []byte("something else\n"), 0o666))
	page = html()
	require.True(t, strings.Contains(page, "(+0.5000, a single evaluation each)"))
	require.True(t, strings.Contains(page, fmt.Sprintf("to %.3f (a single evaluation each) and self-BLEU-4", second.ByOrder[3])))
}
