package critic_test

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"

	"textgan/discriminator/ratio"
	"textgan/train"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/train/rundir"
)

// A critic is trained for a finished run, kept in it, and chooses sentences.
func Example() {
	parent, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "run")
	c := train.Options.Defaults()
	c.Model, c.CorpusLines, c.Emb, c.Hidden, c.MLESteps, c.EvalSamples = "mle", 500, 16, 16, 60, 20
	t, w, err := train.Start(c, dir, nil, rundir.Start{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := t.Run(context.Background(), train.Watcher{}); err != nil {
		fmt.Println(err)
		return
	}
	if err := w.Close(); err != nil {
		fmt.Println(err)
		return
	}

	m, err := model.Load(dir, rundir.Last)
	if err != nil {
		fmt.Println(err)
		return
	}
	k, err := critic.Train(m, critic.Options{Sentences: 1000, Fit: ratio.FitOptions{Steps: 100, Seed: 1}})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := k.Save(dir); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("features:", k.Features, "tells more than a guess:", k.Loss < math.Ln2)
	s, err := k.NewSampler(critic.SampleOptions{Candidates: 4, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids, err := s.Draw(5)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sentences:", len(ids))
	// Output:
	// features: [stat] tells more than a guess: true
	// sentences: 5
}
