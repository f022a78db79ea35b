package rundir_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"textgan/train/rundir"
)

// A run is written by one process and read by any.
func Example() {
	parent, err := os.MkdirTemp("", "runs")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(parent)
	dir := filepath.Join(parent, "001")

	content := rundir.Content{Config: []byte("seed = 1\n"), Manifest: rundir.Manifest{Model: "mle", Seed: 1}}
	w, err := rundir.Create(dir, content, rundir.Start{Command: []string{"textgan", "train"}}, rundir.Options{})
	if err != nil {
		panic(err)
	}
	defer w.Close()
	weights := rundir.File{Name: "weights", Write: func(out io.Writer) error {
		_, err := out.Write([]byte{1, 2, 3})
		return err
	}}
	for step := 10; step <= 20; step += 10 {
		if err := w.Log(step, rundir.Field{Name: "nll", Value: 40 / float64(step)}); err != nil {
			panic(err)
		}
		if err := w.SaveCheckpoint(step, []rundir.File{weights}, true); err != nil {
			panic(err)
		}
	}

	r, err := rundir.Open(dir)
	if err != nil {
		panic(err)
	}
	for rec, err := range r.Metrics() {
		if err != nil {
			panic(err)
		}
		nll, _ := rec.Float("nll")
		fmt.Println("step", rec.Step, "nll", nll)
	}
	best, err := r.LoadCheckpoint(rundir.Best)
	if err != nil {
		panic(err)
	}
	fmt.Println("best: step", best.Step)
	// Output:
	// step 10 nll 4
	// step 20 nll 2
	// best: step 20
}
