package train_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	G "gorgonia.org/gorgonia"

	"textgan/network"
	"textgan/train"
	"textgan/train/rundir"
)

// wasserstein is the loss of Arjovsky et al. 2017: the discriminator's mean score of real
// sentences against that of generated ones. It wants a discriminator without steep slopes.
var wasserstein = train.Loss{
	Name: "wasserstein",
	Discriminator: func(g *network.Graph, real, fake *G.Node, smooth float64) (*G.Node, error) {
		if smooth != 0 {
			return nil, fmt.Errorf("wasserstein: there are no labels to smooth")
		}
		r, err := G.Mean(real)
		if err != nil {
			return nil, err
		}
		f, err := G.Mean(fake)
		if err != nil {
			return nil, err
		}
		return G.Sub(f, r)
	},
	Generator: func(g *network.Graph, _, fake *G.Node) (*G.Node, error) {
		f, err := G.Mean(fake)
		if err != nil {
			return nil, err
		}
		return G.Neg(f)
	},
	Reward: func(_, fake float64) float64 { return fake },
}

// A program adds an objective once, before it reads a configuration.
var registerWasserstein = sync.OnceFunc(func() { train.RegisterObjective(wasserstein) })

// An objective of a program's own trains a GAN by name, through relaxed words and by score
// functions.
func ExampleRegisterObjective() {
	registerWasserstein()
	dir, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for _, estimator := range []string{"st-gumbel", "rloo"} {
		c := train.Options.Defaults()
		c.Corpus, c.CorpusLines, c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples, c.Batch = "builtin:captions", 300, 5, 5, 5, 10, 16
		c.Objective, c.Estimator, c.SpectralNorm = "wasserstein", estimator, true
		t, w, err := train.Start(c, filepath.Join(dir, estimator), nil, rundir.Start{})
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
		if t, err = train.Open(w.Dir, "last", nil); err != nil { // by its name in config.toml
			fmt.Println(err)
			return
		}
		fmt.Println(t.Config.Objective, "with", estimator, t.Phase())
	}
	// Output:
	// wasserstein with st-gumbel done
	// wasserstein with rloo done
}
