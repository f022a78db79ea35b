package main

import (
	"context"
	"fmt"

	"textgan/train"
	"textgan/train/rundir"
)

// loadToCompare loads the model of a run. Without a checkpoint it takes that
// with which a comparison is fair: likelihood training that goes on until
// held-out text is predicted worse is judged, and handed to a game, at its best.
func loadToCompare(dir, checkpoint string) (*train.Model, error) {
	if checkpoint != "" {
		return train.Load(dir, checkpoint)
	}
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	if r.Manifest.Model == "mle" {
		return train.Load(dir, rundir.Best)
	}
	return train.Load(dir, rundir.Last)
}

// encoder is the model of the run dir, or one trained on lines if dir is empty.
func (p *process) encoder(ctx context.Context, dir string, lines []string, seed uint64) (*train.Model, error) {
	if dir != "" {
		m, err := train.Load(dir, rundir.Best)
		if err == nil && m.VAE != nil {
			err = usage("textgan eval all", "--encoder %s: a VAE has no features without a code; take a run of train --model mle", dir)
		}
		return m, err
	}
	fmt.Fprintf(p.talk, "training an encoder on the %d reference lines; --encoder DIR takes that of a run, --features=false does without\n", len(lines))
	return train.Encoder(ctx, lines, seed)
}
