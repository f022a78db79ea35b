package model_test

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

// trained makes a small run, as "textgan train" does, and returns its directory.
func trained(parent string) (string, error) {
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.MLESteps, c.EvalSamples = "mle", 500, 30, 20
	dir := filepath.Join(parent, "run")
	t, w, err := train.Start(c, dir, nil, rundir.Start{})
	if err != nil {
		return "", err
	}
	if err := t.Run(context.Background(), train.Watcher{}); err != nil {
		return "", err
	}
	return dir, w.Close()
}

// A finished run is loaded, tells how likely sentences are, and writes its own:
// what a service does, without the training loop.
func Example() {
	parent, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir, err := trained(parent)
	if err != nil {
		fmt.Println(err)
		return
	}

	m, err := model.Load(dir, rundir.Best)
	if err != nil {
		fmt.Println(err)
		return
	}
	tally, err := m.NLL([]string{"the dog sleeps", "a zyzzyva sleeps"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("tokens:", tally.Tokens, "unknown:", tally.Unk)
	lines, err := m.Sample(10, generator.SampleOptions{TopP: 0.95, NoUnk: true, Prompt: m.Vocab.Encode("the")}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sentences:", len(lines), "beginning with:", lines[0][:3])
	// Output:
	// tokens: 8 unknown: 1
	// sentences: 10 beginning with: the
}
