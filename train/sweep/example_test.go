package sweep_test

import (
	"fmt"

	"textgan/train/sweep"
)

// Four runs of one file; a machine of many takes the cell of its index.
func ExampleRead() {
	p, err := sweep.Read("runs/grid.toml", []byte("[base]\nmodel = 'mle'\n[axes]\nseed = [1, 2]\nhidden = [32, 64]\n"), "")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range p.Cells {
		fmt.Println(c.Index, c.Own)
	}
	// Output:
	// 0 [{hidden 32} {seed 1}]
	// 1 [{hidden 32} {seed 2}]
	// 2 [{hidden 64} {seed 1}]
	// 3 [{hidden 64} {seed 2}]
}
