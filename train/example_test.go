package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"textgan/generator"
	"textgan/train"
	"textgan/train/model"
	"textgan/train/rundir"
)

// From nothing to a judged sample: a small language model of a built-in corpus
// is trained and recorded, loaded again, asked how likely sentences are, and
// sampled from.
func Example() {
	dir, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	c := train.Options.Defaults()
	c.Model, c.Corpus, c.CorpusLines = "mle", "builtin:captions", 1000
	c.MLESteps, c.EvalEvery, c.EvalSamples = 120, 40, 20
	t, w, err := train.Start(c, filepath.Join(dir, "run"), nil, rundir.Start{Command: os.Args})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = t.Run(context.Background(), train.Watcher{
		Eval: func(e train.Evaluation) { fmt.Println("evaluated after step", e.Step) },
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	m, err := model.Load(filepath.Join(dir, "run"), rundir.Best)
	if err != nil {
		fmt.Println(err)
		return
	}
	sense, err := m.NLL([]string{"the cats are eating some cakes"})
	if err != nil {
		fmt.Println(err)
		return
	}
	nonsense, err := m.NLL([]string{"some are cakes the eating cats"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("tokens:", sense.Tokens, "sense is likelier:", sense.PerToken() < nonsense.PerToken())

	lines, err := m.Sample(100, generator.SampleOptions{Temperature: 0.7, NoUnk: true}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	different := map[string]bool{}
	for _, line := range lines {
		different[line] = true
	}
	fmt.Println("at least 50 different sentences of 100:", len(different) >= 50)
	// Output:
	// evaluated after step 40
	// evaluated after step 80
	// evaluated after step 120
	// tokens: 7 sense is likelier: true
	// at least 50 different sentences of 100: true
}
