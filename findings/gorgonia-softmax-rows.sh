#!/usr/bin/env bash
# Gorgonia 0.9.18: the softmax of a row depends on the first element of another. The
# maximum that is subtracted starts from element 0 of the whole matrix and passes over
# each row's own first element, so a row beside a large logit is NaN. Logits of that
# size are what a sharp temperature makes.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get gorgonia.org/gorgonia@v0.9.18 gorgonia.org/tensor@v0.9.24 gonum.org/v1/gonum@v0.17.0 go4.org/unsafe/assume-no-moving-gc@v0.0.0-20231121144256-b99613f794b6 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

func softmax(x ...float64) G.Value {
	g := G.NewGraph()
	v := tensor.New(tensor.WithShape(len(x)/3, 3), tensor.WithBacking(x))
	y := G.Must(G.SoftMax(G.NewMatrix(g, G.Float64, G.WithName("x"), G.WithValue(v), G.WithShape(len(x)/3, 3))))
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		panic(err)
	}
	return y.Value()
}

func main() {
	fmt.Printf("alone:            %.4f\n", softmax(0, 1, 2, 0, 1, 2).Data().([]float64)[3:])
	fmt.Printf("beside (1000, 0, 0): %.4f\n", softmax(1000, 0, 0, 0, 1, 2).Data().([]float64)[3:])
}
GO
go mod tidy >/dev/null 2>&1
go list -m gorgonia.org/gorgonia
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
alone:            [0.0900 0.2447 0.6652]
beside (1000, 0, 0): [NaN NaN NaN]
EXPECTED
