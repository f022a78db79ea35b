#!/usr/bin/env bash
# gorgonia.org/tensor 0.9.24: some operations read a view as if its numbers lay together.
# Columns cut out of a matrix (a gate, a head, one direction of two) times the identity
# are other numbers of that matrix, and so is their softmax; their sums are right. A
# matrix turned by T() comes back from .npy with the new shape and the old order: tied
# embeddings saved so are another table of the same size. No error anywhere, and the
# manual has views as tensors; Materialize() and Transpose() make all of it right.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get gorgonia.org/tensor@v0.9.24 go4.org/unsafe/assume-no-moving-gc@v0.0.0-20231121144256-b99613f794b6 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"bytes"
	"fmt"

	"gorgonia.org/tensor"
)

func matrix(rows, cols int, x ...float64) *tensor.Dense {
	return tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(x))
}

func must[T any](x T, err error) T {
	check(err)
	return x
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	x := matrix(3, 4, 0, 1, 2, 3, 10, 11, 12, 14, 20, 21, 22, 25)
	view := must(x.Slice(nil, tensor.S(2, 4)))
	for _, c := range []struct {
		name string
		t    tensor.Tensor
	}{{"view        ", view}, {"materialised", view.Materialize()}} {
		fmt.Printf("columns 2 and 3, %s: sums %v, times identity %v, softmax of rows %.2f\n", c.name, must(tensor.Sum(c.t, 1)).Data(),
			must(tensor.MatMul(c.t, matrix(2, 2, 1, 0, 0, 1))).Data(), must(tensor.SoftMax(c.t, 1)).Data())
	}
	for _, name := range []string{"T()        ", "Transpose()"} {
		w := matrix(2, 3, 1, 2, 3, 4, 5, 6)
		check(w.T())
		if name == "Transpose()" {
			check(w.Transpose())
		}
		row := func(t *tensor.Dense) [2]any { return [2]any{must(t.At(0, 0)), must(t.At(0, 1))} }
		var file bytes.Buffer
		check(w.WriteNpy(&file))
		var again tensor.Dense
		check(again.ReadNpy(&file))
		fmt.Println("after", name, w.Shape(), "begins", row(w), ", of .npy", again.Shape(), "begins", row(&again))
	}
}
GO
go mod tidy >/dev/null 2>&1
go get go4.org/unsafe/assume-no-moving-gc@v0.0.0-20231121144256-b99613f794b6 >/dev/null 2>&1
go list -m gorgonia.org/tensor
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
columns 2 and 3, view        : sums [5 26 47], times identity [2 3 10 11 12 14], softmax of rows [0.27 0.73 0.27 0.73 0.12 0.88]
columns 2 and 3, materialised: sums [5 26 47], times identity [2 3 12 14 22 25], softmax of rows [0.27 0.73 0.12 0.88 0.05 0.95]
after T()         (3, 2) begins [1 4] , of .npy (3, 2) begins [1 2]
after Transpose() (3, 2) begins [1 4] , of .npy (3, 2) begins [1 4]
EXPECTED
