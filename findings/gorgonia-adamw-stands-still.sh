#!/usr/bin/env bash
# Gorgonia 0.9.18: the solver AdamW takes steps and moves no weight. Adam, with the same
# gradient, does.
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

type solver interface{ Step([]G.ValueGrad) error }

func train(name string, s solver) {
	g := G.NewGraph()
	w := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float64{1, 2, 3}))
	x := G.NewVector(g, G.Float64, G.WithName("w"), G.WithShape(3), G.WithValue(w))
	cost := G.Must(G.Sum(G.Must(G.Square(x))))
	if _, err := G.Grad(cost, x); err != nil {
		panic(err)
	}
	vm := G.NewTapeMachine(g, G.BindDualValues(x))
	defer vm.Close()
	for range 50 {
		if err := vm.RunAll(); err != nil {
			panic(err)
		}
		if err := s.Step(G.NodesToValueGrads(G.Nodes{x})); err != nil {
			panic(err)
		}
		vm.Reset()
	}
	fmt.Printf("%s: moved after 50 steps on the sum of squares: %v\n", name, x.Value().Data().([]float64)[0] != 1)
}

func main() {
	train("Adam ", G.NewAdamSolver(G.WithLearnRate(0.01)))
	train("AdamW", G.NewAdamW(G.WithLearnRate(0.01)))
}
GO
go mod tidy >/dev/null 2>&1
go list -m gorgonia.org/gorgonia
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
Adam : moved after 50 steps on the sum of squares: true
AdamW: moved after 50 steps on the sum of squares: false
EXPECTED
