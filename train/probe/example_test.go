package probe_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"textgan/train"
	"textgan/train/probe"
	"textgan/train/rundir"
)

// The gradients of two estimators at the end of a small run, held against the
// mean of many unbiased ones.
func Example() {
	parent, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "run")
	c := train.Options.Defaults()
	c.CorpusLines, c.Emb, c.Hidden, c.DEmb, c.DFilters, c.Batch = 200, 6, 6, 5, 3, 16
	c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples = 10, 5, 2, 8
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

	p, err := probe.Open(dir, rundir.Last, 0, 1, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := p.Measure(context.Background(), probe.Options{Estimators: []string{"st-gumbel", "rloo"}, Feedback: []string{"detached"}, Taus: []float64{0.5}, Samples: 32, Reference: 32}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range r.Estimators {
		fmt.Println(e.Estimator, "unbiased:", e.Unbiased, "variance:", e.Parts[0].Trace > 0)
	}
	// Output:
	// st-gumbel unbiased: false variance: true
	// rloo unbiased: true variance: true
}
